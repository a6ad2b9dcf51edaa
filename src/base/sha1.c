#include "base/hash.h"

#include <string.h>

static uint32_t
rotl32(uint32_t v, int n)
{
	return (v << n) | (v >> (32 - n));
}

/* One block of 64 bytes (FIPS 180-4, 6.1.2). */
static void
add_block(uint32_t h[5], const unsigned char *p)
{
	uint32_t w[80], v[5];

	for (int i = 0; i < 16; i++, p += 4)
		w[i] = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
		       (uint32_t)p[2] << 8 | p[3];
	for (int i = 16; i < 80; i++)
		w[i] = rotl32(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
	memcpy(v, h, sizeof(v));
	for (int i = 0; i < 80; i++) {
		uint32_t f, t;

		if (i < 20)
			f = ((v[1] & v[2]) | (~v[1] & v[3])) + 0x5a827999;
		else if (i < 40)
			f = (v[1] ^ v[2] ^ v[3]) + 0x6ed9eba1;
		else if (i < 60)
			f = ((v[1] & v[2]) | (v[1] & v[3]) | (v[2] & v[3])) +
			    0x8f1bbcdc;
		else
			f = (v[1] ^ v[2] ^ v[3]) + 0xca62c1d6;
		t = rotl32(v[0], 5) + f + v[4] + w[i];
		v[4] = v[3];
		v[3] = v[2];
		v[2] = rotl32(v[1], 30);
		v[1] = v[0];
		v[0] = t;
	}
	for (int i = 0; i < 5; i++)
		h[i] += v[i];
}

void
hash_sha1_init(struct hash_sha1_state *s)
{
	*s = (struct hash_sha1_state){
		.h = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476,
			0xc3d2e1f0},
	};
}

void
hash_sha1_add(struct hash_sha1_state *s, const void *data, size_t n)
{
	const unsigned char *p = data;
	size_t have = s->n_bytes % 64;

	if (n == 0)
		return;
	s->n_bytes += n;
	if (have > 0) {
		size_t take = n < 64 - have ? n : 64 - have;

		memcpy(s->block + have, p, take);
		p += take;
		n -= take;
		if (have + take < 64)
			return;
		add_block(s->h, s->block);
	}
	for (; n >= 64; p += 64, n -= 64)
		add_block(s->h, p);
	if (n > 0)
		memcpy(s->block, p, n);
}

void
hash_sha1_end(struct hash_sha1_state *s, uint8_t out[20])
{
	static const unsigned char padding[64] = {0x80};
	uint64_t n_bits = s->n_bytes * 8;
	size_t have = s->n_bytes % 64;
	unsigned char length[8];

	for (int i = 0; i < 8; i++)
		length[i] = (unsigned char)(n_bits >> (56 - 8 * i));
	hash_sha1_add(s, padding, have < 56 ? 56 - have : 120 - have);
	hash_sha1_add(s, length, sizeof(length));
	for (int i = 0; i < 20; i++)
		out[i] = (uint8_t)(s->h[i / 4] >> (24 - 8 * (i % 4)));
}

void
hash_sha1(const void *p, size_t n, uint8_t out[20])
{
	struct hash_sha1_state s;

	hash_sha1_init(&s);
	hash_sha1_add(&s, p, n);
	hash_sha1_end(&s, out);
}
