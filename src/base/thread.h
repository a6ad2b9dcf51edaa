#ifndef SLUICE_BASE_THREAD_H
#define SLUICE_BASE_THREAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"

/* A named thread (name at most 15 bytes, shown by ps -T). All signals are
 * blocked in it. */
struct thread {
	pthread_t id;
	bool running;
	char name[16];
	void (*fn)(void *);
	void *cookie;
};
MUST_CHECK int thread_start(struct thread *t, const char *name,
	void (*fn)(void *cookie), void *cookie, struct err *e);
void thread_join(struct thread *t); /* nothing if it never started */

/* A mutex. Misuse that pthreads reports ends the process. */
struct lock {
	pthread_mutex_t m;
};
void lock_init(struct lock *l);
void lock_fini(struct lock *l);
void lock_take(struct lock *l);
void lock_release(struct lock *l);

/* A condition on CLOCK_MONOTONIC. */
struct cond {
	pthread_cond_t c;
};
void cond_init(struct cond *c);
void cond_fini(struct cond *c);
void cond_wait(struct cond *c, struct lock *l);
/* false when deadline_ns (clock_mono_ns) passed. */
bool cond_wait_until(struct cond *c, struct lock *l, int64_t deadline_ns);
void cond_signal(struct cond *c);
void cond_broadcast(struct cond *c);

/* The calling thread lets others go first when processors are short. */
void thread_step_back(void);

/* Number of processors this process may use, at least 1. */
int thread_n_cpus(void);

#endif
