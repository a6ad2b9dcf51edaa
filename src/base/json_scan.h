#ifndef SLUICE_BASE_JSON_SCAN_H
#define SLUICE_BASE_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/*
 * What reader and writer of JSON share: finding the next byte of a string that
 * is not plain. Inside base/ only.
 */

/* First byte at or after p that is a quote, a backslash, a control character
 * or (if high) not ASCII; end if there is none. */
static inline const char *
json_scan_plain(const char *p, const char *end, bool high)
{
#ifdef __SSE2__
	const __m128i quote = _mm_set1_epi8('"');
	const __m128i slash = _mm_set1_epi8('\\');
	const __m128i ctl = _mm_set1_epi8(0x1f);

	while (end - p >= 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
		__m128i m = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(v, quote),
						 _mm_cmpeq_epi8(v, slash)),
			_mm_cmpeq_epi8(_mm_max_epu8(v, ctl), ctl));
		unsigned bits = (unsigned)_mm_movemask_epi8(m);

		if (high)
			bits |= (unsigned)_mm_movemask_epi8(v);
		if (bits != 0)
			return p + __builtin_ctz(bits);
		p += 16;
	}
#endif
	for (; p < end; p++) {
		unsigned char c = (unsigned char)*p;

		if (c == '"' || c == '\\' || c < 0x20 || (high && c >= 0x80))
			break;
	}
	return p;
}

/* Value of a hex digit, or -1. */
static inline int
json_scan_hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* The four digits at p, or -1; p has at least 4 bytes before end. */
static inline int
json_scan_u4(const char *p, const char *end)
{
	int v = 0;

	if (end - p < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		int d = json_scan_hex(p[i]);

		if (d < 0)
			return -1;
		v = v << 4 | d;
	}
	return v;
}

/*
 * Decodes the escape at p (a backslash) of a string that has been checked:
 * writes up to 4 bytes, returns how many, moves *p behind it. A lone surrogate
 * gives U+FFFD.
 */
size_t json_scan_escape(const char **p, const char *end, char out[4]);

#endif
