#include "base/utf8.h"
#include "schema/schema_int.h"

bool
schema_has_type(struct schema_at s, const char *type)
{
	uint32_t t = schema_key(s, "type");

	if (t == 0)
		return true;
	if (s.d->nodes[t].type == JSON_STRING)
		return slice_eq_str(json_inner(s.d, t), type);
	for (uint32_t i = json_first(s.d, t); i < s.d->nodes[t].next;
		i = s.d->nodes[i].next)
		if (slice_eq_str(json_inner(s.d, i), type))
			return true;
	return false;
}

bool
schema_number_fits(struct schema_at s, double v)
{
	uint32_t low = schema_key(s, "minimum");
	uint32_t high = schema_key(s, "maximum");

	return (low == 0 || v >= json_double(s.d, low)) &&
	       (high == 0 || v <= json_double(s.d, high));
}

/* Lengths are in code points, as JSON Schema counts them. */
static int64_t
n_scalars(struct slice s)
{
	int64_t n = 0;

	for (size_t i = 0; i < s.len; i++)
		n += ((unsigned char)s.p[i] & 0xc0) != 0x80;
	return n;
}

static bool
count_fits(struct schema_at s, const char *min, const char *max, int64_t n)
{
	uint32_t low = schema_key(s, min), high = schema_key(s, max);
	int64_t v;

	if (low != 0 && json_i64(s.d, low, &v) && n < v)
		return false;
	return high == 0 || !json_i64(s.d, high, &v) || n <= v;
}

bool
schema_length_fits(struct schema_at s, struct slice decoded)
{
	return count_fits(s, "minLength", "maxLength", n_scalars(decoded));
}

bool
schema_enum_has_text(struct schema_at s, struct slice decoded)
{
	uint32_t list = schema_key(s, "enum");

	if (list == 0)
		return true;
	for (uint32_t i = json_first(s.d, list); i < s.d->nodes[list].next;
		i = s.d->nodes[i].next)
		if (s.d->nodes[i].type == JSON_STRING &&
			json_string_eq(s.d, i, decoded))
			return true;
	return false;
}
