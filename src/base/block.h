#ifndef SLUICE_BASE_BLOCK_H
#define SLUICE_BASE_BLOCK_H

/*
 * Sixteen bytes at once: SSE2, NEON, or two words where there is neither (or
 * BLOCK_PORTABLE is defined, as tests do). Comparisons give a block whose hits
 * block_first tells.
 */

#include <stdint.h>
#include <string.h>

#define BLOCK_BYTES 16

#if defined(__SSE2__) && !defined(BLOCK_PORTABLE)

#include <emmintrin.h>

typedef __m128i block;

static inline block
block_load(const char *p)
{
	return _mm_loadu_si128((const __m128i *)(const void *)p);
}

static inline void
block_store(char *p, block b)
{
	_mm_storeu_si128((__m128i *)(void *)p, b);
}

static inline block
block_or(block a, block b)
{
	return _mm_or_si128(a, b);
}

static inline block
block_eq(block b, char c)
{
	return _mm_cmpeq_epi8(b, _mm_set1_epi8(c));
}

/* Control characters: below ' '. */
static inline block
block_control(block b)
{
	return _mm_cmpeq_epi8(_mm_min_epu8(b, _mm_set1_epi8(0x1f)), b);
}

/* Control characters and bytes from 0x80, which are negative. */
static inline block
block_control_or_high(block b)
{
	return _mm_cmplt_epi8(b, _mm_set1_epi8(' '));
}

/* Bytes from 0x80. */
static inline block
block_high(block b)
{
	return b; /* only the highest bit of each byte is looked at */
}

/* Number of the first byte that is hit; BLOCK_BYTES: none. */
static inline unsigned
block_first(block hits)
{
	unsigned bits = (unsigned)_mm_movemask_epi8(hits);

	return (unsigned)__builtin_ctz(bits | 1u << BLOCK_BYTES);
}

#elif defined(__aarch64__) && defined(__ARM_NEON) && !defined(BLOCK_PORTABLE)

#include <arm_neon.h>

typedef uint8x16_t block;

static inline block
block_load(const char *p)
{
	return vld1q_u8((const uint8_t *)p);
}

static inline void
block_store(char *p, block b)
{
	vst1q_u8((uint8_t *)p, b);
}

static inline block
block_or(block a, block b)
{
	return vorrq_u8(a, b);
}

static inline block
block_eq(block b, char c)
{
	return vceqq_u8(b, vdupq_n_u8((uint8_t)c));
}

static inline block
block_control(block b)
{
	return vcltq_u8(b, vdupq_n_u8(' '));
}

static inline block
block_control_or_high(block b)
{
	return vcltq_s8(vreinterpretq_s8_u8(b), vdupq_n_s8(' '));
}

static inline block
block_high(block b)
{
	return vcltzq_s8(vreinterpretq_s8_u8(b));
}

/* Four bits a byte are what narrowing leaves. */
static inline unsigned
block_first(block hits)
{
	uint8x8_t four = vshrn_n_u16(vreinterpretq_u16_u8(hits), 4);
	uint64_t bits = vget_lane_u64(vreinterpret_u64_u8(four), 0);

	return bits == 0 ? BLOCK_BYTES : (unsigned)__builtin_ctzll(bits) / 4;
}

#else

/* The highest bit of each byte tells a hit; all sums stay within their byte. */
typedef struct {
	uint64_t w[2];
} block;

#define BLOCK_ONES UINT64_C(0x0101010101010101)
#define BLOCK_HIGH UINT64_C(0x8080808080808080)

static inline block
block_load(const char *p)
{
	block b;

	memcpy(b.w, p, sizeof(b.w));
	return b;
}

static inline void
block_store(char *p, block b)
{
	memcpy(p, b.w, sizeof(b.w));
}

static inline block
block_or(block a, block b)
{
	return (block){{a.w[0] | b.w[0], a.w[1] | b.w[1]}};
}

static inline uint64_t
block_word_zero(uint64_t w)
{
	return ~(((w & ~BLOCK_HIGH) + ~BLOCK_HIGH) | w) & BLOCK_HIGH;
}

static inline uint64_t
block_word_control(uint64_t w)
{
	return ~(((w & ~BLOCK_HIGH) + BLOCK_ONES * (0x80 - ' ')) | w) &
	       BLOCK_HIGH;
}

static inline block
block_eq(block b, char c)
{
	uint64_t all = BLOCK_ONES * (unsigned char)c;

	return (block){
		{block_word_zero(b.w[0] ^ all), block_word_zero(b.w[1] ^ all)}};
}

static inline block
block_control(block b)
{
	return (block){
		{block_word_control(b.w[0]), block_word_control(b.w[1])}};
}

static inline block
block_high(block b)
{
	return b; /* only the highest bit of each byte is looked at */
}

static inline block
block_control_or_high(block b)
{
	return block_or(block_control(b), block_high(b));
}

static inline unsigned
block_word_first(uint64_t hits)
{
	if (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)
		return (unsigned)__builtin_clzll(hits) / 8;
	return (unsigned)__builtin_ctzll(hits) / 8;
}

static inline unsigned
block_first(block hits)
{
	uint64_t first = hits.w[0] & BLOCK_HIGH;
	uint64_t second = hits.w[1] & BLOCK_HIGH;

	if (first != 0)
		return block_word_first(first);
	return second != 0 ? 8 + block_word_first(second) : BLOCK_BYTES;
}

#endif

/* What ends the ordinary part of a JSON string. */
static inline block
block_json_stop(block b)
{
	return block_or(block_or(block_eq(b, '"'), block_eq(b, '\\')),
		block_control_or_high(b));
}

/* What is written with an escape in a JSON string. */
static inline block
block_json_escape(block b)
{
	return block_or(block_or(block_eq(b, '"'), block_eq(b, '\\')),
		block_control(b));
}

/* What a text that is JSON already has escaped inside a string. */
static inline block
block_json_nested(block b)
{
	return block_or(block_eq(b, '"'), block_eq(b, '\\'));
}

#endif
