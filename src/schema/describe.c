#include "schema/schema_int.h"

/* Texts for people: what a schema wants. */
static void
put_range(struct buf *b, struct schema_at s, const char *min, const char *max,
	const char *unit)
{
	uint32_t low = schema_key(s, min), high = schema_key(s, max);

	if (low != 0 && high != 0)
		buf_printf(b, "%.*s to %.*s", SLICE_FMT(json_raw(s.d, low)),
			SLICE_FMT(json_raw(s.d, high)));
	else if (low != 0)
		buf_printf(b, "%.*s or more", SLICE_FMT(json_raw(s.d, low)));
	else if (high != 0)
		buf_printf(b, "%.*s or less", SLICE_FMT(json_raw(s.d, high)));
	buf_append_str(b, unit);
}

static void
put_enum(struct buf *b, struct schema_at s, uint32_t list)
{
	uint32_t end = s.d->nodes[list].next, n = s.d->nodes[list].n, at = 0;

	for (uint32_t i = json_first(s.d, list); i < end;
		i = s.d->nodes[i].next, at++) {
		if (at > 0)
			buf_append_str(b, at + 1 == n ? " or " : ", ");
		buf_append_slice(b, s.d->nodes[i].type == JSON_STRING
					    ? json_inner(s.d, i)
					    : json_raw(s.d, i));
	}
}

static bool
has(struct schema_at s, const char *keyword)
{
	return schema_key(s, keyword) != 0;
}

static void
put_string(struct buf *b, struct schema_at s)
{
	bool limited = has(s, "minLength") || has(s, "maxLength");

	buf_append_lit(b, "a string");
	if (limited) {
		buf_append_lit(b, " of ");
		put_range(b, s, "minLength", "maxLength", " characters");
	}
}

static void
put_number(struct buf *b, struct schema_at s, const char *what)
{
	buf_append_str(b, what);
	if (has(s, "minimum") || has(s, "maximum")) {
		buf_append_str(b, has(s, "minimum") ? " from " : " of ");
		put_range(b, s, "minimum", "maximum", "");
	}
}

static void
put_array(struct buf *b, struct schema_at s)
{
	buf_append_lit(b, "an array");
	if (has(s, "minItems") || has(s, "maxItems")) {
		buf_append_lit(b, " of ");
		put_range(b, s, "minItems", "maxItems", " items");
	}
}

static void
put_type(struct buf *b, struct schema_at s, struct slice type)
{
	if (slice_eq_str(type, "string"))
		put_string(b, s);
	else if (slice_eq_str(type, "integer"))
		put_number(b, s, "a whole number");
	else if (slice_eq_str(type, "number"))
		put_number(b, s, "a number");
	else if (slice_eq_str(type, "array"))
		put_array(b, s);
	else if (slice_eq_str(type, "boolean"))
		buf_append_lit(b, "true or false");
	else if (slice_eq_str(type, "object"))
		buf_append_lit(b, "an object");
	else
		buf_append_slice(b, type);
}

void
schema_describe(const struct schema_set *set, struct schema_at s, struct buf *b)
{
	uint32_t list, type, at = 0;

	if (!schema_follow(set, &s) || s.d->nodes[s.node].type != JSON_OBJECT) {
		buf_append_lit(b, "something else");
		return;
	}
	list = schema_key(s, "enum");
	type = schema_key(s, "type");
	if (list != 0) {
		put_enum(b, s, list);
	} else if (type == 0) {
		buf_append_lit(b, "another form");
	} else if (s.d->nodes[type].type == JSON_STRING) {
		put_type(b, s, json_inner(s.d, type));
	} else {
		for (uint32_t i = json_first(s.d, type);
			i < s.d->nodes[type].next; i = s.d->nodes[i].next) {
			if (at++ > 0)
				buf_append_lit(b, " or ");
			put_type(b, s, json_inner(s.d, i));
		}
	}
}
