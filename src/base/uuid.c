#include "base/uuid.h"

#include "base/hash.h"
#include "base/rand.h"

static void
set_version(struct uuid *u, unsigned version)
{
	u->b[6] = (uint8_t)((u->b[6] & 0x0f) | version << 4);
	u->b[8] = (uint8_t)((u->b[8] & 0x3f) | 0x80);
}

void
uuid_v4(struct uuid *u)
{
	rand_bytes(u->b, sizeof(u->b));
	set_version(u, 4);
}

void
uuid_v7(struct uuid *u, int64_t at_us)
{
	uint64_t ms = at_us < 0 ? 0 : (uint64_t)at_us / 1000;

	rand_bytes(u->b + 6, 10);
	for (int i = 0; i < 6; i++)
		u->b[i] = (uint8_t)(ms >> (40 - 8 * i));
	set_version(u, 7);
}

void
uuid_v5(struct uuid *u, const struct uuid *ns, struct slice name)
{
	struct hash_sha1_state s;
	uint8_t digest[20];

	hash_sha1_init(&s);
	hash_sha1_add(&s, ns->b, sizeof(ns->b));
	hash_sha1_add(&s, name.p, name.len);
	hash_sha1_end(&s, digest);
	memcpy(u->b, digest, sizeof(u->b));
	set_version(u, 5);
}

/* Where the digits of a byte stand in the text with hyphens. */
static const uint8_t places[16] = {
	0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34};

void
uuid_format(const struct uuid *u, char out[UUID_TEXT])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < 16; i++) {
		out[places[i]] = digits[u->b[i] >> 4];
		out[places[i] + 1] = digits[u->b[i] & 15];
	}
	out[8] = out[13] = out[18] = out[23] = '-';
}

/* Values of hexadecimal digits plus 1; 0: none. */
static const uint8_t hex_values[256] = {['0'] = 1,
	['1'] = 2,
	['2'] = 3,
	['3'] = 4,
	['4'] = 5,
	['5'] = 6,
	['6'] = 7,
	['7'] = 8,
	['8'] = 9,
	['9'] = 10,
	['a'] = 11,
	['b'] = 12,
	['c'] = 13,
	['d'] = 14,
	['e'] = 15,
	['f'] = 16,
	['A'] = 11,
	['B'] = 12,
	['C'] = 13,
	['D'] = 14,
	['E'] = 15,
	['F'] = 16};

static bool
parse_digits(const char *p, bool has_hyphens, struct uuid *u)
{
	struct uuid v;
	bool ok = true;

	if (has_hyphens &&
		(p[8] != '-' || p[13] != '-' || p[18] != '-' || p[23] != '-'))
		return false;
	for (size_t i = 0; i < 16; i++) {
		const char *at = p + (has_hyphens ? places[i] : 2 * i);
		unsigned high = hex_values[(unsigned char)at[0]];
		unsigned low = hex_values[(unsigned char)at[1]];

		ok &= high != 0 && low != 0;
		v.b[i] = (uint8_t)((high - 1) << 4 | ((low - 1) & 15));
	}
	if (ok)
		*u = v;
	return ok;
}

bool
uuid_parse(struct slice text, struct uuid *u)
{
	return text.len == UUID_TEXT && parse_digits(text.p, true, u);
}

bool
uuid_parse_any(struct slice text, struct uuid *u)
{
	if (text.len == 32)
		return parse_digits(text.p, false, u);
	if (text.len == UUID_TEXT + 2 && text.p[0] == '{' &&
		text.p[UUID_TEXT + 1] == '}')
		return parse_digits(text.p + 1, true, u);
	if (text.len == UUID_TEXT + 9 &&
		slice_eq_nocase(slice_of(text.p, 9), SLICE_LIT("urn:uuid:")))
		return parse_digits(text.p + 9, true, u);
	return uuid_parse(text, u);
}
