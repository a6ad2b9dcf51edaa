#include "base/hash.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include "base/rand.h"

static uint64_t
load64(const unsigned char *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? __builtin_bswap64(v)
						      : v;
}

static uint32_t
load32(const unsigned char *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? __builtin_bswap32(v)
						      : v;
}

static uint64_t
rotl64(uint64_t v, int n)
{
	return (v << n) | (v >> (64 - n));
}

/* xxHash64: the constants and the order of steps are its published ones. */
#define XX_P1 UINT64_C(0x9e3779b185ebca87)
#define XX_P2 UINT64_C(0xc2b2ae3d27d4eb4f)
#define XX_P3 UINT64_C(0x165667b19e3779f9)
#define XX_P4 UINT64_C(0x85ebca77c2b2ae63)
#define XX_P5 UINT64_C(0x27d4eb2f165667c5)

static uint64_t
xx_round(uint64_t acc, uint64_t lane)
{
	return rotl64(acc + lane * XX_P2, 31) * XX_P1;
}

static uint64_t
xx_tail(uint64_t h, const unsigned char *p, size_t n)
{
	for (; n >= 8; p += 8, n -= 8)
		h = rotl64(h ^ xx_round(0, load64(p)), 27) * XX_P1 + XX_P4;
	if (n >= 4) {
		h = rotl64(h ^ (load32(p) * XX_P1), 23) * XX_P2 + XX_P3;
		p += 4;
		n -= 4;
	}
	for (; n > 0; p++, n--)
		h = rotl64(h ^ (*p * XX_P5), 11) * XX_P1;
	h = (h ^ (h >> 33)) * XX_P2;
	h = (h ^ (h >> 29)) * XX_P3;
	return h ^ (h >> 32);
}

uint64_t
hash_xx64(const void *data, size_t n)
{
	const unsigned char *p = data;
	size_t left = n;
	uint64_t acc[4] = {XX_P1 + XX_P2, XX_P2, 0, 0 - XX_P1};
	uint64_t h;

	if (n < 32)
		return xx_tail(XX_P5 + n, p, n);
	for (; left >= 32; p += 32, left -= 32) {
		for (int i = 0; i < 4; i++)
			acc[i] = xx_round(acc[i], load64(p + 8 * i));
	}
	h = rotl64(acc[0], 1) + rotl64(acc[1], 7) + rotl64(acc[2], 12) +
	    rotl64(acc[3], 18);
	for (int i = 0; i < 4; i++)
		h = (h ^ xx_round(0, acc[i])) * XX_P1 + XX_P4;
	return xx_tail(h + n, p, left);
}

/*
 * Under random keys, so that nobody outside can choose collisions: 16 bytes a
 * step go into one multiplication of 64 by 64 bits, whose halves are folded.
 * Keys of hash tables are short, so what counts is the cost of the last step.
 */
static pthread_once_t key_once = PTHREAD_ONCE_INIT;
static uint64_t key[3];

static void
make_key(void)
{
	rand_bytes(key, sizeof(key));
}

static uint64_t
fold(uint64_t a, uint64_t b)
{
#ifdef __SIZEOF_INT128__
	unsigned __int128 m = (unsigned __int128)a * b;

	return (uint64_t)m ^ (uint64_t)(m >> 64);
#else
	uint64_t low = (a & UINT32_MAX) * (b & UINT32_MAX);
	uint64_t mid1 = (a >> 32) * (b & UINT32_MAX);
	uint64_t mid2 = (a & UINT32_MAX) * (b >> 32);
	uint64_t mid = (low >> 32) + (mid1 & UINT32_MAX) + mid2;

	return ((mid << 32) | (low & UINT32_MAX)) ^
	       ((a >> 32) * (b >> 32) + (mid1 >> 32) + (mid >> 32));
#endif
}

uint64_t
hash_key(const void *data, size_t n)
{
	const unsigned char *p = data;
	uint64_t a = 0, b = 0, h;
	size_t left = n;

	pthread_once(&key_once, make_key);
	h = key[0];
	for (; left > 16; p += 16, left -= 16)
		h = fold(load64(p) ^ key[1], load64(p + 8) ^ h);
	if (left >= 8) {
		a = load64(p);
		b = load64(p + left - 8);
	} else if (left >= 4) {
		a = load32(p);
		b = load32(p + left - 4);
	} else if (left > 0) {
		a = (uint64_t)p[0] << 16 | (uint64_t)p[left / 2] << 8 |
		    p[left - 1];
	}
	h = fold(a ^ key[1], b ^ h);
	return fold(h ^ key[2], n ^ key[1]);
}

uint32_t
hash_murmur2(const void *data, size_t n)
{
	const uint32_t m = 0x5bd1e995;
	const unsigned char *p = data;
	uint32_t h = 0x9747b28c ^ (uint32_t)n;

	for (; n >= 4; p += 4, n -= 4) {
		uint32_t k = load32(p) * m;

		h = h * m ^ (k ^ (k >> 24)) * m;
	}
	if (n == 3)
		h ^= (uint32_t)p[2] << 16;
	if (n >= 2)
		h ^= (uint32_t)p[1] << 8;
	if (n >= 1)
		h = (h ^ p[0]) * m;
	h = (h ^ (h >> 13)) * m;
	return h ^ (h >> 15);
}
