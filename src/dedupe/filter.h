#ifndef SLUICE_DEDUPE_FILTER_H
#define SLUICE_DEDUPE_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Where a fingerprint may stand: its hash leads to the numbers of at most
 * FILTER_HITS_MAX entries that may be it. 8 bytes for each entry, in 256 parts
 * that grow one by one, each a cuckoo table with buckets of a cache line and
 * two buckets for each hash.
 *
 * An entry of a slot: bits 24..63 the hash's low 40 (never 0), bits 0..23 the
 * number modulo 2^24. 0: free. An entry is live if its number is at least
 * oldest; others are overwritten. The window is so much smaller than 2^24 that
 * the sweep (a bucket for each entry added) frees what is not live before its
 * number could be taken for a newer one.
 */
#define FILTER_PARTS 256
#define FILTER_HITS_MAX 16
#define FILTER_ENTRIES_MAX 12000000

struct filter_part {
	void *memory;
	uint64_t *slots; /* in memory, at a cache line */
	uint32_t n_buckets;
};
struct filter {
	struct filter_part parts[FILTER_PARTS];
	int64_t oldest, next; /* numbers: the least live one, the next */
	int64_t limit;
	uint32_t max_buckets; /* of a part, by limit */
	uint32_t sweep_part, sweep_bucket;
	uint64_t random;
	size_t bytes;
	int64_t forgotten;
};

void filter_init(struct filter *f);
void filter_fini(struct filter *f);
/* At most so many live entries. */
void filter_set_limit(struct filter *f, int64_t limit);
/* Entries before this number are no longer live. */
void filter_forget(struct filter *f, int64_t oldest);
/* Room for so many at once; without it the parts grow as they are filled. */
void filter_reserve(struct filter *f, int64_t n);
/* The entry becomes number next. If memory is short one is forgotten. */
void filter_add(struct filter *f, uint64_t hash);
/* Takes back the newest, whose hash this is. */
void filter_take_back(struct filter *f, uint64_t hash);
int filter_find(const struct filter *f, uint64_t hash,
	int64_t numbers[FILTER_HITS_MAX]);
void filter_prefetch(const struct filter *f, uint64_t hash);

#endif
