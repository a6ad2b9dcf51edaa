#include "base/json_scan.h"

void
json_cursor_init(struct json_cursor *c, struct slice text, uint32_t max_depth)
{
	c->start = text.p;
	c->at = text.p;
	c->end = slice_end(text);
	c->max_depth = max_depth < JSON_DEPTH_MAX ? max_depth : JSON_DEPTH_MAX;
	c->key_is_escaped = false;
}

static int
invalid(const struct json_cursor *c, const char *what, struct err *e)
{
	struct json_fault f = {what, c->at};

	return json_fault_err(&f, c->start, e);
}

/* A value without values in it. */
static const char *
scan_scalar(const char *p, const char *end, uint8_t *type, struct json_fault *f)
{
	uint8_t flags = 0;

	if (*p == '"') {
		*type = JSON_STRING;
		p = json_scan_string(p + 1, end, &flags, f);
		return p == NULL ? NULL : p + 1;
	}
	if (*p == '-' || (*p >= '0' && *p <= '9')) {
		*type = JSON_NUMBER;
		return json_scan_number(p, end, &flags, f);
	}
	return json_scan_literal(p, end, type, f);
}

/* Which of the open brackets are braces, one bit each. */
struct levels {
	uint64_t is_object[JSON_DEPTH_MAX / 64];
	uint32_t n;
};

static void
push(struct levels *l, bool is_object)
{
	uint64_t bit = UINT64_C(1) << (l->n % 64);

	if (is_object)
		l->is_object[l->n / 64] |= bit;
	else
		l->is_object[l->n / 64] &= ~bit;
	l->n++;
}

static bool
in_object(const struct levels *l)
{
	return (l->is_object[(l->n - 1) / 64] >> ((l->n - 1) % 64) & 1) != 0;
}

/* From the quote of a key to the first byte of its value. */
static const char *
scan_key(const char *p, const char *end, struct slice *key, uint8_t *flags,
	struct json_fault *f)
{
	const char *from = p + 1;

	*flags = 0;
	if (p == end || *p != '"')
		return json_fault_set(f, "a key is missing", p);
	p = json_scan_string(from, end, flags, f);
	if (p == NULL)
		return NULL;
	*key = slice_of(from, (size_t)(p - from));
	p = json_skip_blank(p + 1, end);
	if (p == end || *p != ':')
		return json_fault_set(f, "a colon is missing", p);
	return json_skip_blank(p + 1, end);
}

/* Behind a value: closes what ends here and goes over a comma. */
static const char *
scan_end(const char *p, const char *end, struct levels *l, struct json_fault *f)
{
	while (l->n > 0) {
		p = json_skip_blank(p, end);
		if (p == end)
			return json_fault_set(f, "a bracket is not closed", p);
		if (*p == ',')
			return json_skip_blank(p + 1, end);
		if (*p != (in_object(l) ? '}' : ']'))
			return json_fault_set(f, "a comma is missing", p);
		p++;
		l->n--;
	}
	return p;
}

/* Goes over one value that starts at p. */
static const char *
scan_value(const char *p, const char *end, uint32_t max_depth,
	struct json_fault *f)
{
	struct levels l;
	struct slice key;
	uint8_t type, flags;

	l.n = 0;
	do {
		if (l.n > 0 && in_object(&l)) {
			p = scan_key(p, end, &key, &flags, f);
			if (p == NULL)
				return NULL;
		}
		if (p == end)
			return json_fault_set(f, "a value is missing", p);
		if (*p == '{' || *p == '[') {
			bool is_object = *p == '{';

			if (l.n >= max_depth)
				return json_fault_set(f, "too many levels", p);
			push(&l, is_object);
			p = json_skip_blank(p + 1, end);
			if (p == end || *p != (is_object ? '}' : ']'))
				continue;
			p++;
			l.n--;
		} else {
			p = scan_scalar(p, end, &type, f);
			if (p == NULL)
				return NULL;
		}
		p = scan_end(p, end, &l, f);
		if (p == NULL)
			return NULL;
	} while (l.n > 0);
	return p;
}

int
json_cursor_skip(struct json_cursor *c, enum json_type *type, struct slice *raw,
	struct err *e)
{
	struct json_fault f;
	const char *from, *to;
	uint8_t scalar = JSON_NULL;

	from = json_skip_blank(c->at, c->end);
	c->at = from;
	if (from == c->end)
		return invalid(c, "a value is missing", e);
	if (*from == '{' || *from == '[') {
		scalar = *from == '{' ? JSON_OBJECT : JSON_ARRAY;
		to = scan_value(from, c->end, c->max_depth, &f);
	} else {
		to = scan_scalar(from, c->end, &scalar, &f);
	}
	if (to == NULL)
		return json_fault_err(&f, c->start, e);
	c->at = to;
	*type = (enum json_type)scalar;
	*raw = slice_of(from, (size_t)(to - from));
	return 0;
}

int
json_cursor_enter(struct json_cursor *c, enum json_type *type, struct err *e)
{
	c->at = json_skip_blank(c->at, c->end);
	if (c->at == c->end || (*c->at != '{' && *c->at != '['))
		return invalid(c, "an array or object is missing", e);
	if (c->max_depth == 0)
		return invalid(c, "too many levels", e);
	c->max_depth--;
	*type = *c->at == '{' ? JSON_OBJECT : JSON_ARRAY;
	c->at++;
	return 0;
}

int
json_cursor_next(struct json_cursor *c, bool is_object, bool first, bool *more,
	struct slice *key, struct err *e)
{
	struct json_fault f;
	const char *p;
	uint8_t flags;

	c->at = json_skip_blank(c->at, c->end);
	if (c->at == c->end)
		return invalid(c, "a bracket is not closed", e);
	if (*c->at == (is_object ? '}' : ']')) {
		c->at++;
		c->max_depth++;
		*more = false;
		return 0;
	}
	if (!first) {
		if (*c->at != ',')
			return invalid(c, "a comma is missing", e);
		c->at = json_skip_blank(c->at + 1, c->end);
	}
	if (is_object) {
		p = scan_key(c->at, c->end, key, &flags, &f);
		if (p == NULL)
			return json_fault_err(&f, c->start, e);
		c->key_is_escaped = (flags & JSON_ESCAPED) != 0;
		c->at = p;
	} else if (c->at < c->end && *c->at == ']') {
		return invalid(c, "a value is missing", e);
	}
	*more = true;
	return 0;
}

int
json_cursor_end(struct json_cursor *c, struct err *e)
{
	c->at = json_skip_blank(c->at, c->end);
	if (c->at != c->end)
		return invalid(c, "text behind the value", e);
	return 0;
}
