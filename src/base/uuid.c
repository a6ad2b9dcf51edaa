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

static bool
hyphen_before(size_t byte)
{
	return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

void
uuid_format(const struct uuid *u, char out[UUID_TEXT])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < 16; i++) {
		if (hyphen_before(i))
			*out++ = '-';
		*out++ = digits[u->b[i] >> 4];
		*out++ = digits[u->b[i] & 15];
	}
}

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static bool
parse_digits(const char *p, bool has_hyphens, struct uuid *u)
{
	struct uuid v;

	for (size_t i = 0; i < 16; i++) {
		int high, low;

		if (has_hyphens && hyphen_before(i) && *p++ != '-')
			return false;
		high = hex_value(*p++);
		if (high < 0)
			return false;
		low = hex_value(*p++);
		if (low < 0)
			return false;
		v.b[i] = (uint8_t)(high << 4 | low);
	}
	*u = v;
	return true;
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
