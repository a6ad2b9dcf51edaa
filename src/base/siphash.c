#include <string.h>

#include "base/hash.h"

/* SipHash-2-4 as its authors published it (Aumasson and Bernstein, 2012). */
static uint64_t
rotl(uint64_t v, int n)
{
	return (v << n) | (v >> (64 - n));
}

static void
rounds(uint64_t v[4], int n)
{
	for (; n > 0; n--) {
		v[0] += v[1];
		v[2] += v[3];
		v[1] = rotl(v[1], 13) ^ v[0];
		v[3] = rotl(v[3], 16) ^ v[2];
		v[0] = rotl(v[0], 32);
		v[2] += v[1];
		v[0] += v[3];
		v[1] = rotl(v[1], 17) ^ v[2];
		v[3] = rotl(v[3], 21) ^ v[0];
		v[2] = rotl(v[2], 32);
	}
}

static void
take(uint64_t v[4], uint64_t word)
{
	v[3] ^= word;
	rounds(v, 2);
	v[0] ^= word;
}

static uint64_t
load(const unsigned char *p)
{
	uint64_t w;

	memcpy(&w, p, sizeof(w));
	return __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? __builtin_bswap64(w)
						      : w;
}

void
hash_sip_init(struct hash_sip *s, const uint64_t key[2])
{
	*s = (struct hash_sip){.v = {key[0] ^ UINT64_C(0x736f6d6570736575),
				       key[1] ^ UINT64_C(0x646f72616e646f6d),
				       key[0] ^ UINT64_C(0x6c7967656e657261),
				       key[1] ^ UINT64_C(0x7465646279746573)}};
}

void
hash_sip_add(struct hash_sip *s, const void *data, size_t n)
{
	const unsigned char *p = data;
	unsigned had = (unsigned)s->n & 7;

	s->n += n;
	for (; had != 0 && n > 0; p++, n--) {
		s->tail |= (uint64_t)*p << (8 * had);
		had = (had + 1) & 7;
		if (had == 0) {
			take(s->v, s->tail);
			s->tail = 0;
		}
	}
	for (; n >= 8; p += 8, n -= 8)
		take(s->v, load(p));
	for (; n > 0; p++, n--)
		s->tail |= (uint64_t)*p << (8 * had++);
}

uint64_t
hash_sip_end(struct hash_sip *s)
{
	take(s->v, s->n << 56 | s->tail);
	s->v[2] ^= 0xff;
	rounds(s->v, 4);
	return s->v[0] ^ s->v[1] ^ s->v[2] ^ s->v[3];
}
