#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/schema_int.h"

#define NUMBER_MAX 32
#define TEXT_MAX 400

/* Text of a query, read as its parameter's type wants. */
static bool
number_text_fits(struct schema_at s, struct slice v, bool is_whole)
{
	char text[NUMBER_MAX];
	const char *allowed = is_whole ? "-0123456789" : "-+.eE0123456789";
	char *end;
	double d;

	if (v.len == 0 || v.len >= sizeof(text))
		return false;
	memcpy(text, v.p, v.len);
	text[v.len] = '\0';
	if (strspn(text, allowed) != v.len)
		return false;
	d = strtod(text, &end);
	/* Every whole number of 64 bits; rounding at its edges is refused by
	 * the handler, who reads it exactly. */
	return *end == '\0' && schema_number_fits(s, d);
}

static bool
boolean_text_fits(struct slice v)
{
	return slice_eq_str(v, "true") || slice_eq_str(v, "false") ||
	       slice_eq_str(v, "1") || slice_eq_str(v, "0");
}

static bool
text_fits(const struct schema_set *set, struct schema_at s, struct slice v,
	int depth)
{
	uint32_t items, any;

	if (depth > SCHEMA_DEPTH_MAX || !schema_follow(set, &s))
		return false;
	if (s.d->nodes[s.node].type != JSON_OBJECT)
		return true;
	items = schema_key(s, "items");
	any = schema_key(s, "anyOf");
	if (any != 0) {
		for (uint32_t i = json_first(s.d, any);
			i < s.d->nodes[any].next; i = s.d->nodes[i].next)
			if (text_fits(set, (struct schema_at){s.d, i}, v,
				    depth + 1))
				return true;
		return false;
	}
	if (items != 0)
		return text_fits(
			set, (struct schema_at){s.d, items}, v, depth + 1);
	if (schema_has_type(s, "string"))
		return schema_enum_has_text(s, v) && schema_length_fits(s, v);
	if (schema_has_type(s, "boolean"))
		return boolean_text_fits(v);
	return number_text_fits(s, v, !schema_has_type(s, "number"));
}

bool
schema_check_text(const struct schema_set *set, const char *name,
	struct slice field, struct slice value, struct schema_fault *f)
{
	struct schema_at s = {schema_find(set, slice_str(name)), 0};
	struct buf b;

	INVARIANT(s.d != NULL, "schema-1");
	if (text_fits(set, s, value, 0))
		return true;
	buf_init(&b, TEXT_MAX);
	schema_describe(set, s, &b);
	snprintf(f->field, sizeof(f->field), "%.*s", SLICE_FMT(field));
	snprintf(f->text, sizeof(f->text), "%s: %s is wanted", f->field,
		b.failed || buf_cstr(&b) == NULL ? "another form" : b.p);
	buf_fini(&b);
	return false;
}
