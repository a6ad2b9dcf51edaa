#include "base/json_write.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_parse.h"
#include "base/json_scan.h"

static void
put_escape(struct buf *b, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";
	char text[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};

	switch (c) {
	case '"':
		buf_append_lit(b, "\\\"");
		return;
	case '\\':
		buf_append_lit(b, "\\\\");
		return;
	case '\n':
		buf_append_lit(b, "\\n");
		return;
	case '\r':
		buf_append_lit(b, "\\r");
		return;
	case '\t':
		buf_append_lit(b, "\\t");
		return;
	case '\b':
		buf_append_lit(b, "\\b");
		return;
	case '\f':
		buf_append_lit(b, "\\f");
		return;
	default:
		buf_append(b, text, sizeof(text));
	}
}

void
json_put_escaped(struct buf *b, struct slice s)
{
	const char *p = s.p;
	const char *end = s.p + s.len;

	while (p < end) {
		const char *special = json_scan_plain(p, end, false);

		buf_append(b, p, (size_t)(special - p));
		if (special == end)
			return;
		put_escape(b, (unsigned char)*special);
		p = special + 1;
	}
}

void
json_put_string(struct buf *b, struct slice s)
{
	buf_append_char(b, '"');
	json_put_escaped(b, s);
	buf_append_char(b, '"');
}

void
json_put_double(struct buf *b, double v, bool with_point)
{
	char text[40];
	int n = 0;

	for (int digits = 15; digits <= 17; digits++) {
		n = snprintf(text, sizeof(text), "%.*g", digits, v);
		if (strtod(text, NULL) == v)
			break;
	}
	buf_append(b, text, (size_t)n);
	if (with_point && memchr(text, '.', (size_t)n) == NULL &&
		memchr(text, 'e', (size_t)n) == NULL)
		buf_append_lit(b, ".0");
}

static bool
is_all_digits(struct slice s, size_t max)
{
	return s.len <= max && s.len > 0;
}

/* An integer of up to 64 bits, signed or unsigned, is kept as written. */
static bool
integer_fits(struct slice s)
{
	static const char max_u64[] = "18446744073709551615";
	static const char min_i64[] = "9223372036854775808";
	struct slice d = s;

	if (s.len == 2 && s.p[0] == '-' && s.p[1] == '0')
		return false;
	if (s.p[0] == '-') {
		d.p++;
		d.len--;
		return is_all_digits(d, 18) ||
		       (d.len == 19 && memcmp(d.p, min_i64, 19) <= 0);
	}
	return is_all_digits(d, 19) ||
	       (d.len == 20 && memcmp(d.p, max_u64, 20) <= 0);
}

/* A fraction that is already in its shortest form: no exponent, at most 15
 * digits, no zero at its end (but ".0"). */
static bool
fraction_is_short(struct slice s)
{
	const char *dot = memchr(s.p, '.', s.len);

	if (dot == NULL || s.len > 16 || memchr(s.p, 'e', s.len) != NULL ||
		memchr(s.p, 'E', s.len) != NULL)
		return false;
	if (s.p[s.len - 1] != '0')
		return true;
	return dot == s.p + s.len - 2;
}

static void
put_number(struct buf *b, const struct json_doc *d, uint32_t node)
{
	struct slice s = json_inner(d, node);

	if ((d->nodes[node].flags & JSON_FLOAT) == 0 ? integer_fits(s)
						     : fraction_is_short(s))
		buf_append_slice(b, s);
	else
		json_put_double(b, json_double(d, node), true);
}

/* String text with NUL and lone surrogates replaced; still escaped. */
static void
put_mended(struct buf *b, struct slice in)
{
	const char *p = in.p;
	const char *end = in.p + in.len;

	while (p < end) {
		const char *slash = memchr(p, '\\', (size_t)(end - p));
		const char *from;
		char text[4];
		size_t n;

		if (slash == NULL)
			slash = end;
		buf_append(b, p, (size_t)(slash - p));
		if (slash == end)
			return;
		from = p = slash;
		n = json_scan_escape(&p, end, text);
		if (n == 1 && text[0] == '\0')
			buf_append_lit(b, "\xef\xbf\xbd");
		else if (from[1] == 'u' && n == 3 &&
			 memcmp(text, "\xef\xbf\xbd", 3) == 0)
			buf_append(b, text, 3);
		else
			buf_append(b, from, (size_t)(p - from));
	}
}

static void
put_string_node(struct buf *b, const struct json_doc *d, uint32_t node)
{
	if ((d->nodes[node].flags & (JSON_NUL | JSON_LONE)) == 0) {
		buf_append_slice(b, json_raw(d, node));
		return;
	}
	buf_append_char(b, '"');
	put_mended(b, json_inner(d, node));
	buf_append_char(b, '"');
}

static void
put_scalar(struct buf *b, const struct json_doc *d, uint32_t node)
{
	if (d->nodes[node].type == JSON_STRING)
		put_string_node(b, d, node);
	else if (d->nodes[node].type == JSON_NUMBER)
		put_number(b, d, node);
	else
		buf_append_slice(b, json_inner(d, node));
}

struct open_level {
	uint32_t end;
	bool is_object;
	bool wants_value; /* after a key */
	bool has_some;
};

/* What stands before the next node of the container on top. */
static void
put_separator(struct buf *b, struct open_level *top)
{
	if (top->is_object && top->wants_value) {
		buf_append_char(b, ':');
		top->wants_value = false;
		return;
	}
	if (top->has_some)
		buf_append_char(b, ',');
	top->has_some = true;
	top->wants_value = top->is_object;
}

void
json_put_value(struct buf *b, const struct json_doc *d, uint32_t node,
	uint32_t max_depth, bool *cut)
{
	struct open_level stack[JSON_STACK_MAX];
	uint32_t depth = 0;
	uint32_t end = d->nodes[node].next;

	for (uint32_t i = node; i < end;) {
		const struct json_node *at = &d->nodes[i];

		if (depth > 0)
			put_separator(b, &stack[depth - 1]);
		if (at->type != JSON_ARRAY && at->type != JSON_OBJECT) {
			put_scalar(b, d, i++);
		} else if (depth >= max_depth || depth >= JSON_STACK_MAX) {
			buf_append_lit(b, "null");
			if (cut != NULL)
				*cut = true;
			i = at->next;
		} else {
			bool is_object = at->type == JSON_OBJECT;

			buf_append_char(b, is_object ? '{' : '[');
			stack[depth++] = (struct open_level){
				.end = at->next, .is_object = is_object};
			i++;
		}
		while (depth > 0 && i == stack[depth - 1].end) {
			depth--;
			buf_append_char(b, stack[depth].is_object ? '}' : ']');
		}
	}
}
