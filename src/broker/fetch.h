#ifndef SLUICE_BROKER_FETCH_H
#define SLUICE_BROKER_FETCH_H

#include "broker/int.h"

/*
 * START -> READING [dispatch] when some partition has records
 * START, READING -> PARKED [park] when there is too little and time is left
 * PARKED -> READING [broker_fetch_wake], PARKED -> ANSWERED [on_deadline]
 * READING -> ANSWERED [on_read]
 * What was read stays in the items, so each wake reads only what is new.
 */

struct fetch_item {
	struct bpart *part;
	int64_t next; /* offset to read from */
	size_t max_bytes;
	bool is_full; /* the next batch does not fit any more */
	struct buf records;
	struct err result;
	struct fetch_part_resp *out;
	struct store_part_state state;
	struct wait wait;
};

struct fetch {
	struct pool_job job; /* first */
	struct broker *b;
	struct request *r;
	struct fetch_resp resp;
	struct fetch_item *items; /* the pool's while is_reading */
	uint32_t n_items;
	size_t total, min_bytes, max_bytes;
	size_t reserved; /* of the memory budget, while is_reading */
	int64_t deadline_ns;
	bool has_error, is_reading, is_parked;
};

/* The items and their rows are there: reads, waits or answers. */
void broker_fetch_begin(struct broker *b, struct fetch *f);
/* For arena_on_free: what was read. */
void broker_fetch_free(void *cookie);
/* A partition grew: parked fetches that wait for it go on. */
void broker_fetch_wake(struct broker *b, struct store_part *p);
void broker_fetch_wake_all(struct broker *b);
/* Answers all parked fetches with what they have. */
void broker_fetch_stop(struct broker *b);

#endif
