#ifndef SLUICE_TOPIC_WIRE_H
#define SLUICE_TOPIC_WIRE_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Big-endian integers at any address, and Kafka's zigzag varints. */
static inline uint16_t
wire_get_u16(const char *p)
{
	uint16_t v;

	memcpy(&v, p, 2);
	return be16toh(v);
}

static inline uint32_t
wire_get_u32(const char *p)
{
	uint32_t v;

	memcpy(&v, p, 4);
	return be32toh(v);
}

static inline uint64_t
wire_get_u64(const char *p)
{
	uint64_t v;

	memcpy(&v, p, 8);
	return be64toh(v);
}

static inline void
wire_put_u16(char *p, uint16_t v)
{
	v = htobe16(v);
	memcpy(p, &v, 2);
}

static inline void
wire_put_u32(char *p, uint32_t v)
{
	v = htobe32(v);
	memcpy(p, &v, 4);
}

static inline void
wire_put_u64(char *p, uint64_t v)
{
	v = htobe64(v);
	memcpy(p, &v, 8);
}

static inline uint64_t
wire_zigzag(int64_t v)
{
	return ((uint64_t)v << 1) ^ (v < 0 ? ~(uint64_t)0 : 0);
}

static inline size_t
wire_varint_len(int64_t v)
{
	uint64_t u = wire_zigzag(v) | 1;

	return ((size_t)(63 - __builtin_clzll(u)) + 7) / 7;
}

/* Writes at most 10 bytes and returns the end. */
static inline char *
wire_put_varint(char *p, int64_t v)
{
	uint64_t u = wire_zigzag(v);

	while (u >= 0x80) {
		*p++ = (char)(u | 0x80);
		u >>= 7;
	}
	*p++ = (char)u;
	return p;
}

/* false: cut short, or over 10 bytes. *p moves only on success. */
static inline bool
wire_get_varint(const char **p, const char *end, int64_t *out)
{
	uint64_t u = 0;
	const char *at = *p;

	for (unsigned shift = 0; shift < 70 && at < end; shift += 7) {
		unsigned char c = (unsigned char)*at++;

		if (shift == 63 && c > 1)
			return false;
		u |= (uint64_t)(c & 0x7f) << shift;
		if (c < 0x80) {
			*out = (int64_t)((u >> 1) ^ (~(u & 1) + 1));
			*p = at;
			return true;
		}
	}
	return false;
}

#endif
