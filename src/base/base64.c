#include "base/base64.h"

static const char standard[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* 0 to 63, or over 63 for a character outside the alphabet. */
static unsigned
value_of(char c, char c62, char c63)
{
	if (c >= 'A' && c <= 'Z')
		return (unsigned)(c - 'A');
	if (c >= 'a' && c <= 'z')
		return (unsigned)(c - 'a') + 26;
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0') + 52;
	if (c == c62)
		return 62;
	return c == c63 ? 63 : 64;
}

struct alphabet {
	unsigned char value[256];
};

static void
fill_alphabet(struct alphabet *a, char c62, char c63)
{
	for (unsigned i = 0; i < 256; i++)
		a->value[i] = (unsigned char)value_of((char)i, c62, c63);
}

/* The text without its padding. Bits that no byte uses must be 0. */
static bool
decode(struct slice in, const struct alphabet *a, struct buf *out)
{
	size_t tail = in.len % 4,
	       n = in.len / 4 * 3 + (tail > 0 ? tail - 1 : 0);
	const unsigned char *p = (const unsigned char *)in.p;
	unsigned v = 0, bad = 0;
	size_t i, start = out->len;
	char *o;

	if (tail == 1 || out->failed || n > out->max_bytes - out->len)
		return false;
	o = buf_reserve(out, n);
	if (o == NULL)
		return false;
	for (i = 0; i + 4 <= in.len; i += 4) {
		unsigned c0 = a->value[p[i]], c1 = a->value[p[i + 1]];
		unsigned c2 = a->value[p[i + 2]], c3 = a->value[p[i + 3]];

		bad |= c0 | c1 | c2 | c3;
		v = c0 << 18 | c1 << 12 | c2 << 6 | c3;
		*o++ = (char)(v >> 16);
		*o++ = (char)(v >> 8);
		*o++ = (char)v;
	}
	if (tail >= 2) {
		unsigned c2 = tail == 3 ? a->value[p[i + 2]] : 0;

		bad |= a->value[p[i]] | a->value[p[i + 1]] | c2;
		v = (unsigned)a->value[p[i]] << 18 |
		    (unsigned)a->value[p[i + 1]] << 12 | c2 << 6;
		*o++ = (char)(v >> 16);
		if (tail == 3)
			*o = (char)(v >> 8);
		if ((v & (tail == 3 ? 0xffu : 0xffffu)) != 0)
			return false;
	}
	if (bad > 63)
		return false;
	out->len = start + n;
	return true;
}

bool
base64_decode(struct slice in, struct buf *out)
{
	struct alphabet a;

	if (in.len % 4 != 0)
		return false;
	for (int i = 0; i < 2 && in.len > 0 && in.p[in.len - 1] == '='; i++)
		in.len--;
	fill_alphabet(&a, '+', '/');
	return decode(in, &a, out);
}

bool
base64url_decode(struct slice in, struct buf *out)
{
	size_t padded = in.len;
	struct alphabet a;

	for (int i = 0; i < 2 && in.len > 0 && in.p[in.len - 1] == '='; i++)
		in.len--;
	if (padded != in.len && padded % 4 != 0)
		return false;
	fill_alphabet(&a, '-', '_');
	return decode(in, &a, out);
}

void
base64_encode(struct slice in, struct buf *out)
{
	const unsigned char *p = (const unsigned char *)in.p;
	size_t left = in.len;

	for (; left > 0; p += 3, left -= left < 3 ? left : 3) {
		unsigned v = (unsigned)p[0] << 16;
		char q[4];

		if (left > 1)
			v |= (unsigned)p[1] << 8;
		if (left > 2)
			v |= p[2];
		q[0] = standard[v >> 18];
		q[1] = standard[v >> 12 & 63];
		q[2] = left > 1 ? standard[v >> 6 & 63] : '=';
		q[3] = left > 2 ? standard[v & 63] : '=';
		buf_append(out, q, sizeof(q));
	}
}
