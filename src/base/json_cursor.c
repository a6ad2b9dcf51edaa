#include "base/json_parse.h"
#include "base/json_read.h"

void
json_cursor_init(struct json_cursor *c, struct slice text, uint32_t max_depth)
{
	c->start = c->at = text.p;
	c->end = text.p + text.len;
	c->max_depth = max_depth;
}

/* A parser that lays nothing out, at the cursor's place. */
static void
borrow(const struct json_cursor *c, struct json_parser *ps)
{
	ps->base = c->start;
	ps->p = c->at;
	ps->end = c->end;
	ps->arena = NULL;
	ps->nodes = NULL;
	ps->n = ps->cap = ps->first_cap = ps->max_nodes = 0;
	ps->depth = 0;
	ps->max_depth =
		c->max_depth < JSON_STACK_MAX ? c->max_depth : JSON_STACK_MAX;
}

static enum json_type
type_of(char c)
{
	switch (c) {
	case '{':
		return JSON_OBJECT;
	case '[':
		return JSON_ARRAY;
	case '"':
		return JSON_STRING;
	case 't':
		return JSON_TRUE;
	case 'f':
		return JSON_FALSE;
	case 'n':
		return JSON_NULL;
	default:
		return JSON_NUMBER;
	}
}

int
json_cursor_skip(struct json_cursor *c, enum json_type *type, struct slice *raw,
	struct err *e)
{
	struct json_parser ps;
	const char *from;

	borrow(c, &ps);
	json_parser_space(&ps);
	from = ps.p;
	if (json_parser_value(&ps, e) != 0)
		return -(int)e->code;
	*type = type_of(*from);
	*raw = slice_of(from, (size_t)(ps.p - from));
	c->at = ps.p;
	return 0;
}

int
json_cursor_enter(struct json_cursor *c, enum json_type *type, struct err *e)
{
	struct json_parser ps;

	borrow(c, &ps);
	json_parser_space(&ps);
	if (ps.p == ps.end || (*ps.p != '{' && *ps.p != '['))
		return json_parser_fail(
			&ps, "expected an array or an object", e);
	if (c->max_depth == 0)
		return json_parser_fail(&ps, "recursion limit exceeded", e);
	c->max_depth--;
	*type = *ps.p == '{' ? JSON_OBJECT : JSON_ARRAY;
	c->at = ps.p + 1;
	return 0;
}

int
json_cursor_next(struct json_cursor *c, bool is_object, bool first, bool *more,
	struct slice *key, struct err *e)
{
	struct json_parser ps;
	const char *from;

	borrow(c, &ps);
	json_parser_space(&ps);
	if (ps.p == ps.end)
		return json_parser_fail(&ps, "EOF while parsing a value", e);
	if (*ps.p == (is_object ? '}' : ']')) {
		c->at = ps.p + 1;
		c->max_depth++;
		*more = false;
		return 0;
	}
	if (!first) {
		if (*ps.p != ',')
			return json_parser_fail(&ps, "expected `,`", e);
		ps.p++;
	}
	*more = true;
	if (is_object) {
		json_parser_space(&ps);
		from = ps.p + 1;
		if (json_parser_key(&ps, e) != 0)
			return -(int)e->code;
		/* Back over the colon and white space to the closing quote. */
		const char *to = ps.p - 1;

		while (*to != '"')
			to--;
		*key = slice_of(from, (size_t)(to - from));
	}
	c->at = ps.p;
	return 0;
}

int
json_cursor_end(struct json_cursor *c, struct err *e)
{
	struct json_parser ps;

	borrow(c, &ps);
	return json_parser_end(&ps, e);
}
