#include "base/hash.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>

/* Eight bytes, or one, by the processor's instruction. */
#if defined(__x86_64__)
#define HAVE_STEP
#define STEP_TARGET __attribute__((target("sse4.2")))
#define STEP_8(crc, v) __builtin_ia32_crc32di(crc, v)
#define STEP_1(crc, c) __builtin_ia32_crc32qi((uint32_t)(crc), c)
#define HAS_STEP() (__builtin_cpu_supports("sse4.2") != 0)
#elif defined(__aarch64__)
#include <sys/auxv.h>
#define HAVE_STEP
#define STEP_TARGET __attribute__((target("+crc")))
#define STEP_8(crc, v) __builtin_aarch64_crc32cx((uint32_t)(crc), v)
#define STEP_1(crc, c) __builtin_aarch64_crc32cb((uint32_t)(crc), c)
#define HAS_STEP() ((getauxval(AT_HWCAP) & 1 << 7) != 0) /* HWCAP_CRC32 */
#endif

#define POLYNOMIAL 0x82f63b78u /* Castagnoli, bits reversed */

static pthread_once_t once = PTHREAD_ONCE_INIT;
#ifdef HAVE_STEP
static bool has_step;
#endif
static uint32_t table[4][256];

/* Three lanes at once, as each instruction waits for the one before it. What
 * stands before n bytes is what it would be before n zeros: a linear map of the
 * register, kept by bytes. */
#define LANE_BYTES 512
static uint32_t lane_shift[4][256];

static uint32_t crc_by_table(uint32_t crc, const unsigned char *p, size_t n);

static void
init_lanes(void)
{
	static const unsigned char zeros[LANE_BYTES];
	uint32_t bits[32];

	for (int i = 0; i < 32; i++)
		bits[i] = crc_by_table(UINT32_C(1) << i, zeros, LANE_BYTES);
	for (int i = 0; i < 4 * 256; i++) {
		uint32_t c = 0;

		for (int bit = 0; bit < 8; bit++)
			c ^= (i >> bit & 1) != 0 ? bits[i / 256 * 8 + bit] : 0;
		lane_shift[i / 256][i % 256] = c;
	}
}

static void
init_once(void)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t c = i;

		for (int bit = 0; bit < 8; bit++)
			c = (c >> 1) ^ ((c & 1) != 0 ? POLYNOMIAL : 0);
		table[0][i] = c;
	}
	for (uint32_t i = 0; i < 256; i++) {
		for (int k = 1; k < 4; k++)
			table[k][i] = (table[k - 1][i] >> 8) ^
				      table[0][table[k - 1][i] & 0xff];
	}
	init_lanes();
#ifdef HAVE_STEP
	has_step = HAS_STEP();
#endif
}

static uint32_t
crc_by_table(uint32_t crc, const unsigned char *p, size_t n)
{
	for (; n >= 4; p += 4, n -= 4) {
		uint32_t c = crc ^ ((uint32_t)p[0] | (uint32_t)p[1] << 8 |
					   (uint32_t)p[2] << 16 |
					   (uint32_t)p[3] << 24);

		crc = table[3][c & 0xff] ^ table[2][(c >> 8) & 0xff] ^
		      table[1][(c >> 16) & 0xff] ^ table[0][c >> 24];
	}
	for (; n > 0; p++, n--)
		crc = (crc >> 8) ^ table[0][(crc ^ *p) & 0xff];
	return crc;
}

#ifdef HAVE_STEP
static uint64_t
shift_lane(uint64_t crc)
{
	return lane_shift[0][crc & 0xff] ^ lane_shift[1][crc >> 8 & 0xff] ^
	       lane_shift[2][crc >> 16 & 0xff] ^ lane_shift[3][crc >> 24];
}

static uint64_t
load64(const unsigned char *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

STEP_TARGET static uint64_t
crc_of_lanes(uint64_t crc, const unsigned char *p)
{
	uint64_t second = 0, third = 0;

	for (size_t i = 0; i < LANE_BYTES; i += 8) {
		crc = STEP_8(crc, load64(p + i));
		second = STEP_8(second, load64(p + LANE_BYTES + i));
		third = STEP_8(third, load64(p + 2 * LANE_BYTES + i));
	}
	return shift_lane(shift_lane(crc) ^ second) ^ third;
}

STEP_TARGET static uint32_t
crc_by_instruction(uint32_t crc, const unsigned char *p, size_t n)
{
	uint64_t c = crc;

	for (; n >= 3 * LANE_BYTES; p += 3 * LANE_BYTES, n -= 3 * LANE_BYTES)
		c = crc_of_lanes(c, p);
	for (; n >= 8; p += 8, n -= 8)
		c = STEP_8(c, load64(p));
	for (; n > 0; p++, n--)
		c = STEP_1(c, *p);
	return (uint32_t)c;
}
#endif

uint32_t
hash_crc32c_portable(uint32_t crc, const void *p, size_t n)
{
	pthread_once(&once, init_once);
	return ~crc_by_table(~crc, p, n);
}

uint32_t
hash_crc32c(uint32_t crc, const void *p, size_t n)
{
	pthread_once(&once, init_once);
#ifdef HAVE_STEP
	if (has_step)
		return ~crc_by_instruction(~crc, p, n);
#endif
	return ~crc_by_table(~crc, p, n);
}
