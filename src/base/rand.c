#include "base/rand.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/err.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool is_seeded; /* written once, under once */
static uint64_t test_seed;
static _Atomic uint64_t n_threads;

static _Thread_local struct {
	unsigned char bytes[256];
	size_t left; /* unused bytes, at the end */
	bool has_state;
	struct rand_state state;
} local;

/* A child must not give out what its parent gives out. */
static void
forget_in_child(void)
{
	local.left = 0;
	local.has_state = false;
}

static void
init_once(void)
{
	const char *seed = getenv("SLUICE_TEST_SEED");

	if (seed != NULL && *seed != '\0') {
		is_seeded = true;
		test_seed = strtoull(seed, NULL, 10);
	}
	pthread_atfork(NULL, NULL, forget_in_child);
}

static void
refill_seeded(void)
{
	if (!local.has_state) {
		rand_seed(&local.state,
			test_seed + (atomic_fetch_add(&n_threads, 1) << 32));
		local.has_state = true;
	}
	for (size_t i = 0; i < sizeof(local.bytes); i += 8) {
		uint64_t v = rand_next(&local.state);

		memcpy(local.bytes + i, &v, 8);
	}
}

static void
refill(void)
{
	size_t n = 0;

	pthread_once(&once, init_once);
	if (is_seeded) {
		refill_seeded();
	} else {
		while (n < sizeof(local.bytes)) {
			ssize_t r = getrandom(
				local.bytes + n, sizeof(local.bytes) - n, 0);

			INVARIANT(r > 0 || errno == EINTR, "base-3");
			n += r > 0 ? (size_t)r : 0;
		}
	}
	local.left = sizeof(local.bytes);
}

void
rand_bytes(void *p, size_t n)
{
	unsigned char *out = p;

	while (n > 0) {
		size_t take;
		unsigned char *from;

		if (local.left == 0)
			refill();
		take = n < local.left ? n : local.left;
		from = local.bytes + sizeof(local.bytes) - local.left;
		memcpy(out, from, take);
		memset(from, 0, take);
		local.left -= take;
		out += take;
		n -= take;
	}
}

uint64_t
rand_u64(void)
{
	uint64_t v;

	rand_bytes(&v, sizeof(v));
	return v;
}

void
rand_seed(struct rand_state *r, uint64_t seed)
{
	/* splitmix64, as the authors of xoshiro advise. */
	for (int i = 0; i < 4; i++) {
		uint64_t z = seed += UINT64_C(0x9e3779b97f4a7c15);

		z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
		z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
		r->s[i] = z ^ (z >> 31);
	}
}

static uint64_t
rotl(uint64_t v, int n)
{
	return (v << n) | (v >> (64 - n));
}

uint64_t
rand_next(struct rand_state *r)
{
	uint64_t result = rotl(r->s[1] * 5, 7) * 9;
	uint64_t t = r->s[1] << 17;

	r->s[2] ^= r->s[0];
	r->s[3] ^= r->s[1];
	r->s[1] ^= r->s[2];
	r->s[0] ^= r->s[3];
	r->s[2] ^= t;
	r->s[3] = rotl(r->s[3], 45);
	return result;
}

uint64_t
rand_below(struct rand_state *r, uint64_t n)
{
	/* Refuses the uneven rest, so that no value is likelier. */
	uint64_t limit = UINT64_MAX - UINT64_MAX % n;
	uint64_t v;

	do
		v = rand_next(r);
	while (v >= limit);
	return v % n;
}
