#ifndef SLUICE_BASE_RAND_H
#define SLUICE_BASE_RAND_H

#include <stddef.h>
#include <stdint.h>

/* Random bytes from the kernel, or, when SLUICE_TEST_SEED is set, a per-process
 * deterministic stream. @thread any (thread-local state, no lock) */
void rand_bytes(void *p, size_t n);
uint64_t rand_u64(void);

/* A small seeded generator for tests and benches (xoshiro256**). */
struct rand_state {
	uint64_t s[4];
};
void rand_seed(struct rand_state *r, uint64_t seed);
uint64_t rand_next(struct rand_state *r);
/* 0 .. n-1, n > 0 */
uint64_t rand_below(struct rand_state *r, uint64_t n);

#endif
