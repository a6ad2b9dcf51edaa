#include "base/json_write.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json_scan.h"

static bool
needs_escape(char c)
{
	return (unsigned char)c < ' ' || c == '"' || c == '\\';
}

/* The escape of one character that needs one, at most 6 bytes. */
static size_t
escape_char(char c, char out[8])
{
	static const char from[] = "\b\f\n\r\t", to[] = "bfnrt";
	static const char hex[] = "0123456789abcdef";
	const char *at;

	out[0] = '\\';
	if (c == '"' || c == '\\') {
		out[1] = c;
		return 2;
	}
	at = c == '\0' ? NULL : strchr(from, c);
	if (at != NULL) {
		out[1] = to[at - from];
		return 2;
	}
	memcpy(out + 1, "u00", 3);
	out[4] = hex[(unsigned char)c >> 4];
	out[5] = hex[c & 15];
	return 6;
}

/* The last few bytes, and texts that come near the buffer's maximum. */
static void
put_escaped_slowly(struct buf *b, const char *p, const char *end)
{
	while (p < end) {
		const char *run = p;
		char escape[8];

		while (p < end && !needs_escape(*p))
			p++;
		buf_append(b, run, (size_t)(p - run));
		if (p < end)
			buf_append(b, escape, escape_char(*p++, escape));
	}
}

/* High bits of the bytes of v that need an escape, and of no byte if none. */
static uint64_t
escapes_in(uint64_t v)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	const uint64_t high = UINT64_C(0x8080808080808080);
	uint64_t quote = v ^ (ones * '"'), backslash = v ^ (ones * '\\');

	return (((quote - ones) & ~quote) | ((backslash - ones) & ~backslash) |
		       ((v - ones * ' ') & ~v)) &
	       high;
}

/* Fewer than 16 bytes: property names, mostly. */
static void
put_escaped_short(struct buf *b, const char *p, size_t n)
{
	uint64_t first = 0, last = 0;
	char *o;

	if (n >= 8) {
		memcpy(&first, p, 8);
		memcpy(&last, p + n - 8, 8);
	} else if (n >= 4) {
		uint32_t v[2];

		memcpy(&v[0], p, 4);
		memcpy(&v[1], p + n - 4, 4);
		first = last = (uint64_t)v[0] << 32 | v[1];
	}
	if (n == 0)
		return;
	if (n < 4 || (escapes_in(first) | escapes_in(last)) != 0 ||
		b->cap - b->len < 16) {
		put_escaped_slowly(b, p, p + n);
		return;
	}
	o = b->p + b->len;
	if (n >= 8) {
		memcpy(o, &first, 8);
		memcpy(o + n - 8, &last, 8);
	} else {
		memcpy(o, p, 4);
		memcpy(o + n - 4, p + n - 4, 4);
	}
	b->len += n;
}

/* Copies 16 bytes at a time and goes back to the first that needs an escape:
 * runs are too short for a memcpy of each to pay. */
static const char *
put_escaped_blocks(struct buf *b, const char *p, const char *end)
{
	char *o = b->p + b->len, *o_end = b->p + b->cap - 24;

	while (end - p >= BLOCK_BYTES && o <= o_end) {
		block v = block_load(p);
		unsigned n = block_first(block_json_escape(v));

		block_store(o, v);
		p += n;
		o += n;
		if (n == BLOCK_BYTES)
			continue;
		if (*p == '"' || *p == '\\') {
			*o++ = '\\';
			*o++ = *p++;
		} else {
			o += escape_char(*p++, o);
		}
	}
	b->len = (size_t)(o - b->p);
	return p;
}

void
json_put_escaped(struct buf *b, struct slice s)
{
	const char *p = s.p, *end = slice_end(s);

	while (end - p >= BLOCK_BYTES && !b->failed) {
		size_t want = (size_t)(end - p) + (size_t)(end - p) / 8 + 64;

		if (b->cap - b->len < 40) {
			if (b->max_bytes - b->len < want)
				break;
			if (!buf_grow(b, want))
				return;
		}
		p = put_escaped_blocks(b, p, end);
	}
	if (end - p < BLOCK_BYTES)
		put_escaped_short(b, p, (size_t)(end - p));
	else
		put_escaped_slowly(b, p, end);
}

void
json_put_string(struct buf *b, struct slice s)
{
	buf_append_char(b, '"');
	json_put_escaped(b, s);
	buf_append_char(b, '"');
}

/* Significant digits without trailing zeros, and the power of ten of the first
 * one: v = d.ddd * 10^exponent. v is finite and over 0. */
static int
shortest_digits(double v, char digits[20], int *exponent)
{
	char text[40];
	int n = 0;

	/* Subnormal numbers have fewer digits. */
	for (int precision = v < DBL_MIN ? 0 : 14; precision <= 16;
		precision++) {
		snprintf(text, sizeof(text), "%.*e", precision, v);
		if (strtod(text, NULL) == v)
			break;
	}
	*exponent = (int)strtol(strchr(text, 'e') + 1, NULL, 10);
	for (const char *p = text; *p != 'e'; p++) {
		/* The point has another form in some locales. */
		if (*p >= '0' && *p <= '9')
			digits[n++] = *p;
	}
	while (n > 1 && digits[n - 1] == '0')
		n--;
	return n;
}

static void
put_zeros(struct buf *b, int n)
{
	while (n-- > 0)
		buf_append_char(b, '0');
}

static void
put_exponential(struct buf *b, const char *digits, int n, int exponent)
{
	buf_append_char(b, digits[0]);
	if (n > 1) {
		buf_append_char(b, '.');
		buf_append(b, digits + 1, (size_t)n - 1);
	}
	buf_append_char(b, 'e');
	if (exponent > 0)
		buf_append_char(b, '+');
	buf_append_i64(b, exponent);
}

void
json_put_double(struct buf *b, double v, bool with_point)
{
	char digits[20];
	int n, exponent;

	if (!isfinite(v)) {
		buf_append_lit(b, "null");
		return;
	}
	if (signbit(v)) {
		if (v != 0 || with_point)
			buf_append_char(b, '-');
		v = -v;
	}
	if (v < 9007199254740992.0 && v == (double)(uint64_t)v) {
		buf_append_u64(b, (uint64_t)v);
		if (with_point)
			buf_append_lit(b, ".0");
		return;
	}
	n = shortest_digits(v, digits, &exponent);
	if (exponent >= 21 || exponent < -6) {
		put_exponential(b, digits, n, exponent);
	} else if (exponent < 0) {
		buf_append_lit(b, "0.");
		put_zeros(b, -exponent - 1);
		buf_append(b, digits, (size_t)n);
	} else if (n <= exponent + 1) {
		buf_append(b, digits, (size_t)n);
		put_zeros(b, exponent + 1 - n);
		if (with_point)
			buf_append_lit(b, ".0");
	} else {
		buf_append(b, digits, (size_t)exponent + 1);
		buf_append_char(b, '.');
		buf_append(
			b, digits + exponent + 1, (size_t)(n - exponent - 1));
	}
}
