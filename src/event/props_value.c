#include "event/props.h"

#include <stdlib.h>

#include "base/json_write.h"

static const struct json_limits limits = {JSON_DEPTH_MAX, 1u << 20};

static bool
is_number(struct slice v)
{
	return v.len > 0 && (v.p[0] == '-' || (v.p[0] >= '0' && v.p[0] <= '9'));
}

bool
props_value_is_string(struct slice v)
{
	return v.len > 0 && v.p[0] == '"';
}

bool
props_value_is_object(struct slice v)
{
	return v.len > 0 && v.p[0] == '{';
}

/* The double of a number's text; a slice is not NUL-terminated. */
static double
number_of(struct slice v)
{
	char text[64];

	if (v.len >= sizeof(text))
		return 0;
	memcpy(text, v.p, v.len);
	text[v.len] = '\0';
	return strtod(text, NULL);
}

static bool
has_backslash(struct slice v)
{
	return memchr(v.p, '\\', v.len) != NULL;
}

bool
props_value_equal(struct slice v1, struct slice v2, struct arena *a)
{
	struct json_doc d1, d2;
	struct err e;

	if (slice_eq(v1, v2))
		return true;
	if (v1.len == 0 || v2.len == 0)
		return false;
	if (is_number(v1) != is_number(v2) ||
		(!is_number(v1) && v1.p[0] != v2.p[0]))
		return false;
	if (props_value_is_string(v1) && !has_backslash(v1) &&
		!has_backslash(v2))
		return false;
	if (v1.p[0] == 't' || v1.p[0] == 'f' || v1.p[0] == 'n')
		return true;
	return json_parse(a, v1, &limits, &d1, &e) == 0 &&
	       json_parse(a, v2, &limits, &d2, &e) == 0 &&
	       json_equal(&d1, 0, &d2, 0);
}

bool
props_value_falsy(struct slice v)
{
	if (v.len == 0 || v.p[0] == 'n' || v.p[0] == 'f')
		return true;
	if (v.p[0] == '"')
		return v.len == 2;
	return is_number(v) && number_of(v) == 0;
}

struct slice
props_value_string(struct slice v, struct arena *a)
{
	struct json_doc d;
	struct err e;

	if (v.len < 2 || v.p[0] != '"')
		return SLICE_NONE;
	if (!has_backslash(v))
		return slice_of(v.p + 1, v.len - 2);
	if (json_parse(a, v, &limits, &d, &e) != 0)
		return SLICE_NONE;
	return json_string(&d, 0, a);
}

#define JS_DEPTH 64

static void
put_js_text(
	struct buf *b, const struct json_doc *d, uint32_t node, uint32_t depth)
{
	const struct json_node *n = &d->nodes[node];

	switch ((enum json_type)n->type) {
	case JSON_STRING:
		json_unescape(json_inner(d, node), b);
		break;
	case JSON_NUMBER:
		json_put_double(b, json_double(d, node), false);
		break;
	case JSON_OBJECT:
		buf_append_lit(b, "[object Object]");
		break;
	case JSON_ARRAY:
		for (uint32_t i = json_first(d, node); i < n->next;
			i = d->nodes[i].next) {
			if (i != node + 1)
				buf_append_char(b, ',');
			/* null inside an array is no text. */
			if (d->nodes[i].type != JSON_NULL && depth < JS_DEPTH)
				put_js_text(b, d, i, depth + 1);
		}
		break;
	case JSON_NULL:
	case JSON_FALSE:
	case JSON_TRUE:
		buf_append_slice(b, json_raw(d, node));
		break;
	}
}

struct slice
props_value_js_text(struct slice v, struct arena *a)
{
	struct slice out = SLICE_NONE;
	struct json_doc d;
	struct err e;
	struct buf b;

	if (v.len >= 2 && v.p[0] == '"')
		return props_value_string(v, a);
	if (json_parse(a, v, &limits, &d, &e) != 0)
		return SLICE_NONE;
	buf_init(&b, v.len * 4 + 64);
	put_js_text(&b, &d, 0, 0);
	if (!b.failed)
		out = arena_dup_slice(a, buf_slice(&b));
	buf_fini(&b);
	return out;
}
