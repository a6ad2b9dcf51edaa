#ifndef TEST_FAULT_CRASH_WORK_H
#define TEST_FAULT_CRASH_WORK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/thread.h"
#include "store/store.h"

/* What a workload was answered, told from the child to the checker. */
#define ACKS_MAX 4096
struct ack {
	int part;
	uint32_t n;
	int64_t first; /* number in the first record */
	int64_t base;
};
struct shared {
	_Atomic int n_acks;
	struct ack acks[ACKS_MAX];
	_Atomic int64_t position; /* of the last answered job */
	char error[256];
};
extern struct shared *shared;

struct crash_work {
	const char *name;
	/* In the child: exit status, 0 or, with shared->error, 1. */
	int (*run)(const char *dir);
	/* In the parent, with the real VFS. */
	bool (*check)(const char *dir);
};
extern const struct crash_work crash_spool, crash_state, crash_prepare,
	crash_memory;

int work_failed(const char *what, const struct err *e);

/* Holds the writer so that what is submitted meanwhile becomes one group. */
struct gate {
	struct store_job job;
	struct lock lock;
	struct cond cond;
	bool is_open;
	int n_left;
};
int gate_close(struct gate *g, struct store *s, struct err *e);
/* Opens it and waits until n jobs have called gate_count. */
void gate_open_and_wait(struct gate *g);
void gate_count(struct gate *g);

#endif
