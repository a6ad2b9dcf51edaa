#include "base/hash.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#define POLYNOMIAL 0x82f63b78u /* Castagnoli, bits reversed */

static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool has_instruction;
static uint32_t table[4][256];

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
#ifdef __x86_64__
	has_instruction = __builtin_cpu_supports("sse4.2") != 0;
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

#ifdef __x86_64__
__attribute__((target("sse4.2"))) static uint32_t
crc_by_instruction(uint32_t crc, const unsigned char *p, size_t n)
{
	uint64_t c = crc;

	for (; n >= 8; p += 8, n -= 8) {
		uint64_t v;

		memcpy(&v, p, sizeof(v));
		c = __builtin_ia32_crc32di(c, v);
	}
	crc = (uint32_t)c;
	for (; n > 0; p++, n--)
		crc = __builtin_ia32_crc32qi(crc, *p);
	return crc;
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
#ifdef __x86_64__
	if (has_instruction)
		return ~crc_by_instruction(~crc, p, n);
#endif
	return ~crc_by_table(~crc, p, n);
}
