#ifndef SLUICE_CAPTURE_SHARE_H
#define SLUICE_CAPTURE_SHARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/thread.h"
#include "stats/refusal.h"

/*
 * What each project has waiting for the front log, so that one that sends more
 * than can be written leaves room for the others (capture-6). A fixed table:
 * two projects whose ids are the same modulo its size share a slot and so their
 * part.
 */
#define SHARE_SLOTS 1024
/* A request counts its records and so much for itself. */
#define SHARE_REQUEST_BYTES 1024

struct share_table {
	struct lock lock; /* guards the rest */
	int64_t max_bytes; /* of all: spool.queue_bytes */
	int64_t bytes;
	int n_waiting; /* slots that have something */
	int64_t slots[SHARE_SLOTS];
};

void share_init(struct share_table *t, int64_t max_bytes);
void share_fini(struct share_table *t);
uint32_t share_slot(int64_t team_id);
/* Counts a request of about so many bytes of records; *cost is to be given
 * back. false, nothing done: the project has its part, or all is full. */
bool share_take(struct share_table *t, uint32_t slot, size_t bytes,
	int64_t *cost, enum refusal *why);
void share_give(struct share_table *t, uint32_t slot, int64_t cost);

#endif
