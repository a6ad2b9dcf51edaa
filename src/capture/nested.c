#include "capture/capture_int.h"

#include "base/block.h"
#include "base/err.h"
#include "base/json_read.h"

/*
 * Copying JSON text that has been checked (capture-5): white space between
 * tokens is left out, lone surrogate escapes become U+FFFD. Nested text stands
 * inside a JSON string, so its quotes and backslashes are escaped once more.
 */
static int
hex4(const char *p)
{
	int v = 0;

	for (int i = 0; i < 4; i++) {
		char c = p[i];
		int d = c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;

		v = v * 16 + d;
	}
	return v;
}

/*
 * Length of the escape at p (a backslash) and whether it is a lone surrogate.
 * A pair is one escape of twelve bytes.
 */
static size_t
escape_len(const char *p, const char *end, bool *lone)
{
	int v;

	*lone = false;
	if (end - p < 6 || p[1] != 'u')
		return 2;
	v = hex4(p + 2);
	if (v < 0xd800 || v > 0xdfff)
		return 6;
	if (v < 0xdc00 && end - p >= 12 && p[6] == '\\' && p[7] == 'u') {
		int low = hex4(p + 8);

		if (low >= 0xdc00 && low <= 0xdfff)
			return 12;
	}
	*lone = true;
	return 6;
}

/* Room for the worst case is there: every byte doubled. */
static char *
put_escape(char *o, const char **at, const char *end, bool nested)
{
	bool lone;
	const char *p = *at;
	size_t n = escape_len(p, end, &lone);

	*at = p + n;
	if (lone) {
		memcpy(o, "\xef\xbf\xbd", 3);
		return o + 3;
	}
	for (size_t i = 0; i < n; i++) {
		if (nested && (p[i] == '\\' || p[i] == '"'))
			*o++ = '\\';
		*o++ = p[i];
	}
	return o;
}

/*
 * Copies bytes up to the next quote or backslash. May write up to 15 bytes
 * more, which what follows overwrites: the room of put_raw allows it.
 */
static inline char *
put_plain(char *o, const char **at, const char *end)
{
	const char *p = *at;
	unsigned n = BLOCK_BYTES;

	while (n == BLOCK_BYTES && end - p >= BLOCK_BYTES) {
		block v = block_load(p);

		n = block_first(block_json_nested(v));
		block_store(o, v);
		p += n;
		o += n;
	}
	while (n == BLOCK_BYTES && p < end && *p != '"' && *p != '\\')
		*o++ = *p++;
	*at = p;
	return o;
}

static inline char *
put_quote(char *o, bool nested)
{
	if (nested)
		*o++ = '\\';
	*o++ = '"';
	return o;
}

/* From a string's opening quote to behind its closing one, and over all strings
 * that follow with nothing but a colon or a comma between. */
static char *
put_strings(char *o, const char **at, const char *end, bool nested)
{
	const char *p = *at + 1;

	o = put_quote(o, nested);
	for (;;) {
		o = put_plain(o, &p, end);
		if (p == end)
			break;
		if (*p != '"') {
			o = put_escape(o, &p, end, nested);
			continue;
		}
		if (end - p < 3 || p[2] != '"' || (p[1] != ':' && p[1] != ','))
			break;
		o = put_quote(o, nested);
		*o++ = p[1];
		o = put_quote(o, nested);
		p += 3;
	}
	*at = p + 1;
	return put_quote(o, nested);
}

void
capture_put_raw(struct buf *b, struct slice raw, bool nested)
{
	char *start, *o;
	const char *p = raw.p, *end = raw.p + raw.len;

	start = buf_reserve(b, raw.len * 2 + 32);
	if (start == NULL)
		return;
	o = start;
	while (p < end) {
		if (*p == '"') {
			o = put_strings(o, &p, end, nested);
			continue;
		}
		if (*p > ' ')
			*o++ = *p;
		p++;
	}
	b->len += (size_t)(o - start);
}

static bool
is_ip(struct slice key)
{
	struct buf b;
	bool is;

	if (key.len == 0 || memchr(key.p, '\\', key.len) == NULL)
		return slice_eq_str(key, "$ip");
	buf_init(&b, key.len * 2 + 16);
	json_unescape(key, &b);
	is = !b.failed && slice_eq_str(buf_slice(&b), "$ip");
	buf_fini(&b);
	return is;
}

void
capture_put_without_ip(
	struct buf *b, struct slice raw, bool nested, struct slice instead)
{
	struct json_cursor c;
	enum json_type type;
	struct slice key, value;
	struct err e;
	bool more, first = true, empty = true;

	json_cursor_init(&c, raw, LIMIT_JSON_DEPTH);
	buf_append_char(b, '{');
	if (json_cursor_enter(&c, &type, &e) != 0)
		return; /* the text has been checked: cannot be */
	for (;; first = false) {
		bool ip;

		if (json_cursor_next(&c, true, first, &more, &key, &e) != 0 ||
			!more || json_cursor_skip(&c, &type, &value, &e) != 0)
			break;
		ip = is_ip(key);
		if (ip && instead.len == 0)
			continue;
		if (!empty)
			buf_append_char(b, ',');
		empty = false;
		capture_put_raw(b, slice_of(key.p - 1, key.len + 2), nested);
		buf_append_char(b, ':');
		capture_put_raw(b, ip ? instead : value, nested);
	}
	buf_append_char(b, '}');
}
