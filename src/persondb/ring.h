#ifndef SLUICE_PERSONDB_RING_H
#define SLUICE_PERSONDB_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Entries of any size in one piece of memory, found by hash, the oldest pushed
 * out by the newest; one that was used since it came is kept for another round.
 * Adding and dropping allocate nothing. Inside persondb/ only. Not thread-safe.
 */
struct ring_entry {
	uint32_t size; /* with this head, in RING_UNIT */
	uint32_t next; /* in its chain: place + 1, in RING_UNIT; 0: the end */
	uint64_t hash;
	unsigned char kind; /* the user's, from 1; 0: nothing is here */
	bool is_used; /* set by the user */
};

struct ring {
	char *bytes;
	size_t cap; /* in RING_UNIT, as all below */
	uint64_t head, tail; /* ever written, ever freed */
	uint32_t *chains;
	uint32_t mask;
};

#define RING_UNIT 32

/* False: no memory. */
bool ring_init(struct ring *r, size_t max_bytes);
void ring_fini(struct ring *r);
/* An entry of size bytes, its head filled, the rest as it may be; NULL: too
 * large. May push out any other. */
void *ring_add(struct ring *r, size_t size, unsigned char kind, uint64_t hash);
/* Its bytes are overwritten: what it held may have been deleted for good. */
void ring_drop(struct ring *r, struct ring_entry *x);
/* Those whose hash may be this; compare kind and hash. */
struct ring_entry *ring_first(const struct ring *r, uint64_t hash);
struct ring_entry *ring_next(const struct ring *r, const struct ring_entry *x);
size_t ring_bytes(const struct ring *r);

#endif
