#include "base/json_read.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_parse.h"
#include "base/json_scan.h"
#include "base/utf8.h"

int
json_parse(struct arena *a, struct slice text, const struct json_limits *lim,
	struct json_doc *out, struct err *e)
{
	struct json_parser ps;
	size_t guess = text.len / 10 + 16;

	if (text.len >= UINT32_MAX)
		return err_set(
			e, ERR_TOO_BIG, "JSON text of %zu bytes", text.len);
	ps.base = ps.p = text.p;
	ps.end = text.p + text.len;
	ps.arena = a;
	ps.nodes = NULL;
	ps.n = ps.cap = 0;
	ps.first_cap = (uint32_t)(guess > 65536 ? 65536 : guess);
	ps.max_nodes = lim->max_nodes;
	ps.depth = 0;
	ps.max_depth = lim->max_depth < JSON_STACK_MAX ? lim->max_depth
						       : JSON_STACK_MAX;
	if (json_parser_value(&ps, e) != 0 || json_parser_end(&ps, e) != 0)
		return -(int)e->code;
	out->text = text.p;
	out->nodes = ps.nodes;
	out->n_nodes = ps.n;
	return 0;
}

struct slice
json_inner(const struct json_doc *d, uint32_t node)
{
	return slice_of(d->text + d->nodes[node].pos, d->nodes[node].len);
}

struct slice
json_raw(const struct json_doc *d, uint32_t node)
{
	struct slice s = json_inner(d, node);

	if (d->nodes[node].type == JSON_STRING) {
		s.p--;
		s.len += 2;
	}
	return s;
}

size_t
json_scan_escape(const char **p, const char *end, char out[4])
{
	const char *at = *p + 1;
	int v, low;

	*p += 2;
	switch (*at) {
	case 'b':
		out[0] = '\b';
		return 1;
	case 'f':
		out[0] = '\f';
		return 1;
	case 'n':
		out[0] = '\n';
		return 1;
	case 'r':
		out[0] = '\r';
		return 1;
	case 't':
		out[0] = '\t';
		return 1;
	case 'u':
		break;
	default:
		out[0] = *at;
		return 1;
	}
	v = json_scan_u4(at + 1, end);
	*p += 4;
	if (v >= 0xd800 && v <= 0xdfff) {
		low = v < 0xdc00 && end - *p >= 6 && (*p)[0] == '\\' &&
				      (*p)[1] == 'u'
			      ? json_scan_u4(*p + 2, end)
			      : -1;
		if (low >= 0xdc00 && low <= 0xdfff) {
			*p += 6;
			v = 0x10000 + ((v - 0xd800) << 10) + (low - 0xdc00);
		} else {
			v = 0xfffd;
		}
	}
	return utf8_encode((uint32_t)v, out);
}

/* Decodes into out, which has room for in.len bytes (escapes only shrink). */
static size_t
unescape_into(struct slice in, char *out)
{
	const char *p = in.p;
	const char *end = in.p + in.len;
	char *o = out;

	while (p < end) {
		const char *slash = memchr(p, '\\', (size_t)(end - p));
		size_t run = (size_t)((slash != NULL ? slash : end) - p);
		char text[4];
		size_t n;

		memcpy(o, p, run);
		o += run;
		p += run;
		if (slash == NULL)
			break;
		n = json_scan_escape(&p, end, text);
		memcpy(o, text, n);
		o += n;
	}
	return (size_t)(o - out);
}

struct slice
json_string(const struct json_doc *d, uint32_t node, struct arena *a)
{
	struct slice in = json_inner(d, node);
	char *out;

	if ((d->nodes[node].flags & JSON_ESCAPED) == 0)
		return in;
	out = arena_alloc(a, in.len);
	if (out == NULL)
		return SLICE_NONE;
	return slice_of(out, unescape_into(in, out));
}

void
json_unescape(struct slice inner, struct buf *out)
{
	char *at = buf_reserve(out, inner.len);

	if (at != NULL)
		out->len += unescape_into(inner, at);
}

bool
json_string_eq(const struct json_doc *d, uint32_t node, struct slice s)
{
	struct slice in = json_inner(d, node);
	const char *p = in.p;
	const char *end = in.p + in.len;
	size_t at = 0;

	if ((d->nodes[node].flags & JSON_ESCAPED) == 0)
		return slice_eq(in, s);
	while (p < end) {
		char text[4];
		size_t n = 1;

		if (*p == '\\')
			n = json_scan_escape(&p, end, text);
		else
			text[0] = *p++;
		if (s.len - at < n || memcmp(s.p + at, text, n) != 0)
			return false;
		at += n;
	}
	return at == s.len;
}

uint32_t
json_member(const struct json_doc *d, uint32_t object, struct slice key)
{
	uint32_t end = d->nodes[object].next;
	uint32_t found = 0;

	if (d->nodes[object].type != JSON_OBJECT)
		return 0;
	for (uint32_t i = object + 1; i < end; i = d->nodes[i + 1].next) {
		const struct json_node *k = &d->nodes[i];

		if ((k->flags & JSON_ESCAPED) != 0
				? json_string_eq(d, i, key)
				: k->len == key.len &&
					  memcmp(d->text + k->pos, key.p,
						  key.len) == 0)
			found = i + 1;
	}
	return found;
}

double
json_double(const struct json_doc *d, uint32_t node)
{
	struct slice in = json_inner(d, node);
	char text[1025];
	size_t n = in.len < sizeof(text) - 1 ? in.len : sizeof(text) - 1;

	memcpy(text, in.p, n);
	text[n] = '\0';
	return strtod(text, NULL);
}

bool
json_i64(const struct json_doc *d, uint32_t node, int64_t *out)
{
	struct slice in = json_inner(d, node);
	char text[32];
	char *end;
	long long v;

	if (d->nodes[node].type != JSON_NUMBER ||
		(d->nodes[node].flags & JSON_FLOAT) != 0 || in.len > 20)
		return false;
	memcpy(text, in.p, in.len);
	text[in.len] = '\0';
	errno = 0;
	v = strtoll(text, &end, 10);
	if (errno != 0 || *end != '\0')
		return false;
	*out = v;
	return true;
}
