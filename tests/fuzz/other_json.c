#include "other_json.h"

#include <jansson.h>

static const json_t *
inside(const struct other_json *v)
{
	return (const json_t *)(const void *)v;
}

static const struct other_json *
outside(const json_t *j)
{
	return (const struct other_json *)(const void *)j;
}

struct other_json *
other_load(const char *p, size_t len)
{
	json_error_t error;

	return (struct other_json *)(void *)json_loadb(
		p, len, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
}

void
other_free(struct other_json *root)
{
	json_decref((json_t *)(void *)root);
}

enum other_kind
other_kind_of(const struct other_json *v)
{
	switch (json_typeof(inside(v))) {
	case JSON_NULL:
		return OTHER_NULL;
	case JSON_FALSE:
		return OTHER_FALSE;
	case JSON_TRUE:
		return OTHER_TRUE;
	case JSON_INTEGER:
		return OTHER_INTEGER;
	case JSON_REAL:
		return OTHER_REAL;
	case JSON_STRING:
		return OTHER_STRING;
	case JSON_ARRAY:
		return OTHER_ARRAY;
	case JSON_OBJECT:
		return OTHER_OBJECT;
	}
	return OTHER_NULL;
}

int64_t
other_integer(const struct other_json *v)
{
	return json_integer_value(inside(v));
}

double
other_real(const struct other_json *v)
{
	return json_real_value(inside(v));
}

const char *
other_string(const struct other_json *v, size_t *len)
{
	*len = json_string_length(inside(v));
	return json_string_value(inside(v));
}

size_t
other_size(const struct other_json *v)
{
	return json_is_array(inside(v)) ? json_array_size(inside(v))
					: json_object_size(inside(v));
}

const struct other_json *
other_at(const struct other_json *v, size_t i)
{
	return outside(json_array_get(inside(v), i));
}

const struct other_json *
other_member(const struct other_json *v, const char *key, size_t len)
{
	return outside(json_object_getn(inside(v), key, len));
}
