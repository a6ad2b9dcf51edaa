#include "base/thread.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>

static void *
run_thread(void *cookie)
{
	struct thread *t = cookie;

	pthread_setname_np(pthread_self(), t->name);
	t->fn(t->cookie);
	return NULL;
}

int
thread_start(struct thread *t, const char *name, void (*fn)(void *cookie),
	void *cookie, struct err *e)
{
	sigset_t all, old;
	int r;

	t->running = false;
	t->fn = fn;
	t->cookie = cookie;
	snprintf(t->name, sizeof(t->name), "%s", name);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	r = pthread_create(&t->id, NULL, run_thread, t);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (r != 0) {
		errno = r;
		return err_sys(
			e, ERR_NO_MEMORY, "cannot start thread %s", name);
	}
	t->running = true;
	return 0;
}

void
thread_join(struct thread *t)
{
	if (!t->running)
		return;
	INVARIANT(pthread_join(t->id, NULL) == 0, "base-4");
	t->running = false;
}

void
lock_init(struct lock *l)
{
	INVARIANT(pthread_mutex_init(&l->m, NULL) == 0, "base-4");
}

void
lock_fini(struct lock *l)
{
	INVARIANT(pthread_mutex_destroy(&l->m) == 0, "base-4");
}

void
lock_take(struct lock *l)
{
	INVARIANT(pthread_mutex_lock(&l->m) == 0, "base-4");
}

void
lock_release(struct lock *l)
{
	INVARIANT(pthread_mutex_unlock(&l->m) == 0, "base-4");
}

void
cond_init(struct cond *c)
{
	pthread_condattr_t attr;

	INVARIANT(pthread_condattr_init(&attr) == 0, "base-4");
	INVARIANT(pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0,
		"base-4");
	INVARIANT(pthread_cond_init(&c->c, &attr) == 0, "base-4");
	pthread_condattr_destroy(&attr);
}

void
cond_fini(struct cond *c)
{
	INVARIANT(pthread_cond_destroy(&c->c) == 0, "base-4");
}

void
cond_wait(struct cond *c, struct lock *l)
{
	INVARIANT(pthread_cond_wait(&c->c, &l->m) == 0, "base-4");
}

bool
cond_wait_until(struct cond *c, struct lock *l, int64_t deadline_ns)
{
	struct timespec ts;
	int r;

	if (deadline_ns == INT64_MAX) {
		cond_wait(c, l);
		return true;
	}
	if (deadline_ns < 0)
		deadline_ns = 0;
	ts.tv_sec = (time_t)(deadline_ns / INT64_C(1000000000));
	ts.tv_nsec = (long)(deadline_ns % INT64_C(1000000000));
	r = pthread_cond_timedwait(&c->c, &l->m, &ts);
	INVARIANT(r == 0 || r == ETIMEDOUT, "base-4");
	return r == 0;
}

void
cond_signal(struct cond *c)
{
	INVARIANT(pthread_cond_signal(&c->c) == 0, "base-4");
}

void
cond_broadcast(struct cond *c)
{
	INVARIANT(pthread_cond_broadcast(&c->c) == 0, "base-4");
}

void
thread_step_back(void)
{
	/* On Linux of the calling thread alone; where it is refused nothing
	 * is lost but the order. */
	(void)setpriority(PRIO_PROCESS, 0, 5);
}

int
thread_n_cpus(void)
{
	cpu_set_t set;
	int n;

	if (sched_getaffinity(0, sizeof(set), &set) != 0)
		return 1;
	n = CPU_COUNT(&set);
	return n < 1 ? 1 : n;
}
