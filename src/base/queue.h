#ifndef SLUICE_BASE_QUEUE_H
#define SLUICE_BASE_QUEUE_H

#include <stddef.h>
#include <stdint.h>

#include "base/thread.h"

/* Intrusive node: embed it, get the owner back with QUEUE_OWNER. */
struct queue_node {
	struct queue_node *next;
};
#define QUEUE_OWNER(node, type, member)                                        \
	((type *)(void *)((char *)(node)-offsetof(type, member)))

/*
 * A bounded queue of owned messages between threads, bounded both by count and
 * by bytes. Many producers, one or more consumers.
 */
struct queue {
	struct lock lock;
	struct cond nonempty;
	struct queue_node *head, **tail;
	size_t n, bytes, max_n, max_bytes;
	bool closed;
};
void queue_init(struct queue *q, size_t max_n, size_t max_bytes);
void queue_fini(struct queue *q); /* must be empty */
/* 0, -ERR_BUSY (full, nothing done) or -ERR_STOPPING (closed). A queue that is
 * empty takes one message however large. */
MUST_CHECK int queue_put(struct queue *q, struct queue_node *n, size_t bytes);
/* As queue_put, whatever waits: for producers that wait for the outcome, so
 * that there is at most one message per thread. STOPPING only. */
MUST_CHECK int queue_put_always(
	struct queue *q, struct queue_node *n, size_t bytes);
/* Takes everything there is as a list in order; waits until there is some, the
 * deadline (clock_mono_ns, 0: do not wait, INT64_MAX: for ever) or close. NULL
 * when nothing came. The bytes stay counted until queue_done. */
struct queue_node *queue_take_all(struct queue *q, int64_t deadline_ns);
/* Gives back the room of n messages of so many bytes that were taken. */
void queue_done(struct queue *q, size_t n, size_t bytes);
void queue_close(struct queue *q); /* producers get STOPPING, consumers drain */

#endif
