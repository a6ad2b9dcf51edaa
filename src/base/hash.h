#ifndef SLUICE_BASE_HASH_H
#define SLUICE_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

/* CRC-32C (Castagnoli) as in Kafka; SSE4.2 where there. crc is 0 at first. */
uint32_t hash_crc32c(uint32_t crc, const void *p, size_t n);
/* The same without the instruction; for tests. */
uint32_t hash_crc32c_portable(uint32_t crc, const void *p, size_t n);
/* xxHash64 with seed 0: equal to ClickHouse's xxHash64(text). */
uint64_t hash_xx64(const void *p, size_t n);
/* Seeded per process; for hash tables over input from outside. */
uint64_t hash_key(const void *p, size_t n);
/* SipHash-2-4 under a key of the caller's, in pieces: init, any number of adds,
 * end. The key must not be known to who chooses the input. */
struct hash_sip {
	uint64_t v[4];
	uint64_t tail; /* the last n % 8 bytes */
	uint64_t n;
};
void hash_sip_init(struct hash_sip *s, const uint64_t key[2]);
void hash_sip_add(struct hash_sip *s, const void *p, size_t n);
uint64_t hash_sip_end(struct hash_sip *s);
/* Kafka's murmur2 (seed 0x9747b28c), not yet masked. */
uint32_t hash_murmur2(const void *p, size_t n);
void hash_sha1(const void *p, size_t n, uint8_t out[20]);
/* In pieces: init, any number of adds, end. */
struct hash_sha1_state {
	uint32_t h[5];
	uint64_t n_bytes;
	unsigned char block[64];
};
void hash_sha1_init(struct hash_sha1_state *s);
void hash_sha1_add(struct hash_sha1_state *s, const void *p, size_t n);
void hash_sha1_end(struct hash_sha1_state *s, uint8_t out[20]);

#endif
