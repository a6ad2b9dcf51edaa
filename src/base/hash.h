#ifndef SLUICE_BASE_HASH_H
#define SLUICE_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

/* CRC-32C (Castagnoli) as in Kafka; SSE4.2 where there. crc is 0 at first. */
uint32_t hash_crc32c(uint32_t crc, const void *p, size_t n);
/* xxHash64 with seed 0: equal to ClickHouse's xxHash64(text). */
uint64_t hash_xx64(const void *p, size_t n);
/* Seeded per process; for hash tables over input from outside. */
uint64_t hash_key(const void *p, size_t n);
/* Kafka's murmur2 (seed 0x9747b28c), not yet masked. */
uint32_t hash_murmur2(const void *p, size_t n);
void hash_sha1(const void *p, size_t n, uint8_t out[20]);

#endif
