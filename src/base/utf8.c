#include "base/utf8.h"

#include "base/block.h"
#include "base/utf8_ascii.h"

/*
 * Bytes of the character at p if it is valid; else 0, and *bad is how many
 * bytes belong to the broken one (the longest start of some valid character,
 * at least 1). n is at least 1.
 */
static size_t
check_one(const unsigned char *p, size_t n, size_t *bad)
{
	unsigned char low = 0x80, high = 0xbf;
	size_t len;

	*bad = 1;
	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	len = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (p[0] == 0xe0)
		low = 0xa0;
	else if (p[0] == 0xed)
		high = 0x9f;
	else if (p[0] == 0xf0)
		low = 0x90;
	else if (p[0] == 0xf4)
		high = 0x8f;
	for (size_t i = 1; i < len; i++) {
		if (i >= n || p[i] < low || p[i] > high)
			return 0;
		*bad = i + 1;
		low = 0x80;
		high = 0xbf;
	}
	return len;
}

/* Length of the run of ASCII bytes at p. */
static size_t
ascii_run(const unsigned char *bytes, size_t n)
{
	const char *p = (const char *)bytes, *from = p, *end = p + n;

	while (end - p >= BLOCK_BYTES) {
		unsigned at = block_first(block_high(block_load(p)));

		p += at;
		if (at < BLOCK_BYTES)
			return (size_t)(p - from);
		if (p - from == UTF8_SHORT_BYTES)
			p += utf8_ascii_blocks(p, (size_t)(end - p));
	}
	while (p < end && (signed char)*p >= 0)
		p++;
	return (size_t)(p - from);
}

bool
utf8_valid(struct slice s)
{
	const unsigned char *p = (const unsigned char *)s.p;
	size_t i = 0, bad;

	for (;;) {
		if (i < s.len)
			i += ascii_run(p + i, s.len - i);
		while (i < s.len && p[i] >= 0x80) {
			size_t n = check_one(p + i, s.len - i, &bad);

			if (n == 0)
				return false;
			i += n;
		}
		if (i >= s.len)
			return true;
	}
}

size_t
utf8_run(const char *text, size_t len)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t i = 0, bad;

	while (i < len && p[i] >= 0x80) {
		size_t n;

		/* The common two and three byte characters without a call. */
		if (p[i] >= 0xc2 && p[i] < 0xe0 && i + 1 < len &&
			(p[i + 1] & 0xc0) == 0x80) {
			i += 2;
			continue;
		}
		if (p[i] > 0xe0 && p[i] < 0xed && i + 2 < len &&
			(p[i + 1] & 0xc0) == 0x80 &&
			(p[i + 2] & 0xc0) == 0x80) {
			i += 3;
			continue;
		}
		n = check_one(p + i, len - i, &bad);
		if (n == 0)
			break;
		i += n;
	}
	return i;
}

size_t
utf8_decode(const char *text, size_t len, uint32_t *cp)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t n;

	if (len == 0) {
		*cp = 0;
		return 0;
	}
	n = p[0] < 0x80 ? 1 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (n > len) {
		*cp = 0xfffd;
		return len;
	}
	*cp = n == 1 ? p[0] : p[0] & (0x7fu >> n);
	for (size_t i = 1; i < n; i++)
		*cp = *cp << 6 | (p[i] & 0x3f);
	return n;
}

size_t
utf8_encode(uint32_t cp, char out[4])
{
	if (cp < 0x80) {
		out[0] = (char)cp;
		return 1;
	}
	if (cp < 0x800) {
		out[0] = (char)(0xc0 | cp >> 6);
		out[1] = (char)(0x80 | (cp & 0x3f));
		return 2;
	}
	if (cp < 0x10000) {
		out[0] = (char)(0xe0 | cp >> 12);
		out[1] = (char)(0x80 | (cp >> 6 & 0x3f));
		out[2] = (char)(0x80 | (cp & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | cp >> 18);
	out[1] = (char)(0x80 | (cp >> 12 & 0x3f));
	out[2] = (char)(0x80 | (cp >> 6 & 0x3f));
	out[3] = (char)(0x80 | (cp & 0x3f));
	return 4;
}

static bool
starts_character(char c)
{
	return ((unsigned char)c & 0xc0) != 0x80;
}

/* UTF-16 units of the character that starts with c. */
static size_t
units_of(char c)
{
	return (unsigned char)c >= 0xf0 ? 2 : 1;
}

size_t
utf8_scalars(struct slice s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++)
		n += starts_character(s.p[i]);
	return n;
}

size_t
utf8_units16(struct slice s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++) {
		if (starts_character(s.p[i]))
			n += units_of(s.p[i]);
	}
	return n;
}

struct slice
utf8_cut_scalars(struct slice s, size_t n)
{
	if (s.len <= n)
		return s;
	for (size_t i = 0; i < s.len; i++) {
		if (starts_character(s.p[i]) && n-- == 0)
			return slice_of(s.p, i);
	}
	return s;
}

struct slice
utf8_cut_units16(struct slice s, size_t n)
{
	if (s.len <= n)
		return s;
	for (size_t i = 0; i < s.len; i++) {
		if (!starts_character(s.p[i]))
			continue;
		if (n < units_of(s.p[i]))
			return slice_of(s.p, i);
		n -= units_of(s.p[i]);
	}
	return s;
}

void
utf8_append_lossy(struct buf *out, struct slice s)
{
	const unsigned char *p = (const unsigned char *)s.p;
	size_t i = 0, run = 0;

	while (i < s.len) {
		size_t bad, n = check_one(p + i, s.len - i, &bad);

		if (n > 0) {
			i += n;
			continue;
		}
		buf_append(out, s.p + run, i - run);
		buf_append_lit(out, "\xef\xbf\xbd");
		i += bad;
		run = i;
	}
	if (i > run)
		buf_append(out, s.p + run, i - run);
}
