#ifndef SLUICE_PIPELINE_POOL_H
#define SLUICE_PIPELINE_POOL_H

#include "base/err.h"

/*
 * Helper threads that share out the pieces of one piece of work. The caller
 * works too, so a pool of one thread has no helper and pool_run is a loop.
 */
struct pool;

/* n_threads counts the caller. Blocks until all helpers run. */
MUST_CHECK int pool_new(int n_threads, struct pool **out, struct err *e);
/* No pool_run may be under way. NULL allowed. */
void pool_free(struct pool *p);
/* Calls fn(cookie, i) for each i in 0 … n - 1, in any order and on any of the
 * threads; returns when all calls have returned. Several callers at once share
 * the helpers. @thread pipeline, store */
void pool_run(
	struct pool *p, int n, void (*fn)(void *cookie, int i), void *cookie);

#endif
