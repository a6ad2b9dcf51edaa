#ifndef SLUICE_BASE_ARENA_H
#define SLUICE_BASE_ARENA_H

#include <stddef.h>

#include "base/attr.h"
#include "base/slice.h"

/*
 * Bump allocation with one lifetime. Chunks of 8 KiB, doubling to 256 KiB
 * (larger for one large object); a hard maximum. Not thread-safe: owned by one
 * thread at a time. arena_alloc returns NULL over the maximum or without
 * memory; memory is aligned to 16 and not cleared.
 */
struct arena_chunk;
struct arena {
	struct arena_chunk *head;
	char *at;
	char *end;
	size_t total; /* bytes taken from the heap, the spare ones apart */
	struct arena_chunk *spare; /* chunks kept for use again */
	size_t spare_bytes;
	size_t max_bytes;
	struct arena_cleanup *cleanups;
};

void arena_init(struct arena *a, size_t max_bytes);
/* Runs the clean-ups, last first, and frees everything; a may be used again. */
void arena_fini(struct arena *a);
/* As fini, but keeps the largest chunk for the next use. */
void arena_reset(struct arena *a);
/* As fini, but keeps chunks of up to keep_bytes for the next use: the same work
 * done again takes nothing from the heap. */
void arena_rewind(struct arena *a, size_t keep_bytes);
MUST_CHECK void *arena_alloc_slow(struct arena *a, size_t size);
static inline void *
arena_alloc(struct arena *a, size_t size)
{
	size_t n = (size + 15) & ~(size_t)15;

	/* n is 0 for no bytes and for a size that overflowed: both are slow. */
	if (LIKELY(n - 1 < (size_t)(a->end - a->at))) {
		char *p = a->at;

		a->at += n;
		return p;
	}
	return arena_alloc_slow(a, size);
}
/* Gives back the end of p when p was the last thing allocated. */
void arena_shrink(struct arena *a, void *p, size_t old_size, size_t new_size);
MUST_CHECK void *arena_zalloc(struct arena *a, size_t n, size_t size);
#define arena_new(a, type) ((type *)arena_zalloc(a, 1, sizeof(type)))
/* A copy that lives as long as the arena; .p is NULL when it failed. */
struct slice arena_dup_slice(struct arena *a, struct slice s);
/* NUL-terminated copy, or NULL. */
char *arena_strndup(struct arena *a, struct slice s);
/* Calls fn(cookie) when the arena ends (for things that are not memory). */
MUST_CHECK int arena_on_free(struct arena *a, void (*fn)(void *), void *cookie);

#endif
