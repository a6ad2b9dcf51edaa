#include "base/json_parse.h"

#include <stdlib.h>
#include <string.h>

#include "base/json_scan.h"

#define NUMBER_MAX 1024

static int
fail(struct json_parser *ps, const char *what, struct err *e)
{
	return err_set(e, ERR_INVALID, "%s at byte %zu", what,
		(size_t)(ps->p - ps->base));
}

static inline void
skip_space(struct json_parser *ps)
{
	while (ps->p < ps->end && (*ps->p == ' ' || *ps->p == '\n' ||
					  *ps->p == '\r' || *ps->p == '\t'))
		ps->p++;
}

static int
grow_nodes(struct json_parser *ps, struct err *e)
{
	uint32_t cap = ps->cap == 0 ? ps->first_cap : ps->cap * 2;
	struct json_node *nodes;

	if (ps->n >= ps->max_nodes)
		return err_set(e, ERR_TOO_BIG, "more than %u JSON values",
			ps->max_nodes);
	if (cap > ps->max_nodes)
		cap = ps->max_nodes;
	nodes = arena_alloc(ps->arena, sizeof(*nodes) * (size_t)cap);
	if (nodes == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory for JSON values");
	if (ps->n > 0)
		memcpy(nodes, ps->nodes, sizeof(*nodes) * (size_t)ps->n);
	ps->nodes = nodes;
	ps->cap = cap;
	return 0;
}

/* Adds a node for the text pos..pos+len; without an arena it only counts. */
static inline int
add_node(struct json_parser *ps, enum json_type type, const char *at,
	size_t len, uint8_t flags, struct err *e)
{
	struct json_node *node;

	if (ps->arena == NULL)
		return 0;
	if (UNLIKELY(ps->n == ps->cap) && grow_nodes(ps, e) != 0)
		return -(int)e->code;
	node = &ps->nodes[ps->n++];
	node->pos = (uint32_t)(at - ps->base);
	node->len = (uint32_t)len;
	node->next = ps->n;
	node->n = 0;
	node->type = (uint8_t)type;
	node->flags = flags;
	node->depth = 0;
	return 0;
}

/* Length of the UTF-8 sequence at p, or 0 if it is not a legal one. */
static inline size_t
utf8_sequence(const unsigned char *p, const unsigned char *end)
{
	size_t left = (size_t)(end - p);

	if (p[0] >= 0xc2 && p[0] <= 0xdf)
		return left >= 2 && (p[1] & 0xc0) == 0x80 ? 2 : 0;
	if (p[0] >= 0xe0 && p[0] <= 0xef) {
		if (left < 3 || (p[1] & 0xc0) != 0x80 || (p[2] & 0xc0) != 0x80)
			return 0;
		if ((p[0] == 0xe0 && p[1] < 0xa0) ||
			(p[0] == 0xed && p[1] > 0x9f))
			return 0;
		return 3;
	}
	if (p[0] >= 0xf0 && p[0] <= 0xf4) {
		if (left < 4 || (p[1] & 0xc0) != 0x80 ||
			(p[2] & 0xc0) != 0x80 || (p[3] & 0xc0) != 0x80)
			return 0;
		if ((p[0] == 0xf0 && p[1] < 0x90) ||
			(p[0] == 0xf4 && p[1] > 0x8f))
			return 0;
		return 4;
	}
	return 0;
}

/* At the u of an escape; false if malformed. Moves p behind it. */
static bool
check_unicode_escape(const char **p, const char *end, uint8_t *flags)
{
	int v = json_scan_u4(*p + 1, end);
	int low;

	if (v < 0)
		return false;
	*p += 5;
	if (v == 0)
		*flags |= JSON_NUL;
	if (v < 0xd800 || v > 0xdfff)
		return true;
	if (v >= 0xdc00 || end - *p < 2 || (*p)[0] != '\\' || (*p)[1] != 'u') {
		*flags |= JSON_LONE;
		return true;
	}
	low = json_scan_u4(*p + 2, end);
	if (low >= 0xdc00 && low <= 0xdfff)
		*p += 6;
	else
		*flags |= JSON_LONE; /* what follows is checked on its own */
	return true;
}

/* p behind the opening quote; on success behind the closing one. */
static int
scan_string(struct json_parser *ps, uint8_t *flags, struct err *e)
{
	const char *p = ps->p;

	for (;;) {
		unsigned char c;

		p = json_scan_plain(p, ps->end, true);
		ps->p = p;
		if (UNLIKELY(p == ps->end))
			return fail(ps, "EOF while parsing a string", e);
		c = (unsigned char)*p;
		if (c == '"') {
			ps->p = p + 1;
			return 0;
		}
		if (c >= 0x80) {
			size_t n = utf8_sequence((const unsigned char *)p,
				(const unsigned char *)ps->end);

			if (n == 0)
				return fail(ps, "invalid UTF-8", e);
			p += n;
			continue;
		}
		if (c != '\\')
			return fail(ps, "control character in a string", e);
		*flags |= JSON_ESCAPED;
		if (++p == ps->end)
			return fail(ps, "EOF while parsing a string", e);
		if (*p == 'u') {
			if (!check_unicode_escape(&p, ps->end, flags))
				return fail(ps, "invalid escape", e);
		} else if (memchr("\"\\/bfnrt", *p, 8) != NULL) {
			p++;
		} else {
			return fail(ps, "invalid escape", e);
		}
	}
}

static inline const char *
skip_digits(const char *p, const char *end)
{
	while (p < end && *p >= '0' && *p <= '9')
		p++;
	return p;
}

static int
check_range(struct json_parser *ps, const char *at, size_t len, struct err *e)
{
	char text[NUMBER_MAX + 1];
	double v;

	if (len > NUMBER_MAX)
		return fail(ps, "number out of range", e);
	memcpy(text, at, len);
	text[len] = '\0';
	v = strtod(text, NULL);
	if (v > 1.7976931348623157e308 || v < -1.7976931348623157e308)
		return fail(ps, "number out of range", e);
	return 0;
}

static int
parse_number(struct json_parser *ps, struct err *e)
{
	const char *at = ps->p;
	const char *p = at;
	const char *digits;
	bool has_exponent = false;
	uint8_t flags = 0;

	if (*p == '-')
		p++;
	digits = p;
	p = skip_digits(p, ps->end);
	if (p == digits || (*digits == '0' && p - digits > 1))
		return fail(ps, "invalid number", e);
	if (p < ps->end && *p == '.') {
		digits = ++p;
		p = skip_digits(p, ps->end);
		if (p == digits)
			return fail(ps, "invalid number", e);
		flags = JSON_FLOAT;
	}
	if (p < ps->end && (*p == 'e' || *p == 'E')) {
		p++;
		if (p < ps->end && (*p == '+' || *p == '-'))
			p++;
		digits = p;
		p = skip_digits(p, ps->end);
		if (p == digits)
			return fail(ps, "invalid number", e);
		flags = JSON_FLOAT;
		has_exponent = true;
	}
	if ((has_exponent || p - at > 300) &&
		check_range(ps, at, (size_t)(p - at), e) != 0)
		return -(int)e->code;
	ps->p = p;
	return add_node(ps, JSON_NUMBER, at, (size_t)(p - at), flags, e);
}

static int
parse_word(struct json_parser *ps, const char *word, size_t len,
	enum json_type type, struct err *e)
{
	const char *at = ps->p;

	if ((size_t)(ps->end - at) < len || memcmp(at, word, len) != 0)
		return fail(ps, "expected value", e);
	ps->p += len;
	return add_node(ps, type, at, len, 0, e);
}

static int
parse_string(struct json_parser *ps, struct err *e)
{
	const char *at = ++ps->p;
	uint8_t flags = 0;

	if (scan_string(ps, &flags, e) != 0)
		return -(int)e->code;
	if ((flags & (JSON_NUL | JSON_LONE)) != 0 && ps->depth > 0)
		ps->stack[ps->depth - 1].has_nul = true;
	return add_node(
		ps, JSON_STRING, at, (size_t)(ps->p - 1 - at), flags, e);
}

static int
open_container(struct json_parser *ps, bool is_object, struct err *e)
{
	struct json_level *level;

	if (ps->depth >= ps->max_depth)
		return fail(ps, "recursion limit exceeded", e);
	level = &ps->stack[ps->depth++];
	level->node = ps->n;
	level->n = 0;
	level->below = 0;
	level->is_object = is_object;
	level->has_nul = false;
	return add_node(
		ps, is_object ? JSON_OBJECT : JSON_ARRAY, ps->p++, 0, 0, e);
}

static void
close_container(struct json_parser *ps)
{
	struct json_level *level = &ps->stack[--ps->depth];
	uint16_t levels = (uint16_t)(level->below + 1);

	ps->p++;
	if (ps->arena != NULL) {
		struct json_node *node = &ps->nodes[level->node];

		node->len = (uint32_t)(ps->p - ps->base) - node->pos;
		node->next = ps->n;
		node->n = level->n;
		node->depth = levels;
		node->flags = level->has_nul ? JSON_DEEP_NUL : 0;
	}
	if (ps->depth > 0) {
		struct json_level *parent = &ps->stack[ps->depth - 1];

		parent->has_nul |= level->has_nul;
		if (levels > parent->below)
			parent->below = levels;
	}
}

/* A member's key and its colon; p at the quote. */
static int
parse_key(struct json_parser *ps, struct err *e)
{
	skip_space(ps);
	if (ps->p == ps->end || *ps->p != '"')
		return fail(ps, "key must be a string", e);
	if (parse_string(ps, e) != 0)
		return -(int)e->code;
	skip_space(ps);
	if (ps->p == ps->end || *ps->p != ':')
		return fail(ps, "expected `:`", e);
	ps->p++;
	return 0;
}

/* Scalars; containers are opened and stay open. */
static int
parse_value(struct json_parser *ps, bool *opened, struct err *e)
{
	*opened = false;
	skip_space(ps);
	if (ps->p == ps->end)
		return fail(ps, "EOF while parsing a value", e);
	switch (*ps->p) {
	case '{':
	case '[':
		*opened = true;
		return open_container(ps, *ps->p == '{', e);
	case '"':
		return parse_string(ps, e);
	case 't':
		return parse_word(ps, "true", 4, JSON_TRUE, e);
	case 'f':
		return parse_word(ps, "false", 5, JSON_FALSE, e);
	case 'n':
		return parse_word(ps, "null", 4, JSON_NULL, e);
	default:
		if (*ps->p == '-' || (*ps->p >= '0' && *ps->p <= '9'))
			return parse_number(ps, e);
		return fail(ps, "expected value", e);
	}
}

/* In the container on top: steps to its next value. 1: a value follows; 0: it
 * was closed. first: nothing was read in it yet. */
static int
next_in_container(struct json_parser *ps, bool first, struct err *e)
{
	struct json_level *level = &ps->stack[ps->depth - 1];
	char close = level->is_object ? '}' : ']';

	skip_space(ps);
	if (ps->p == ps->end)
		return fail(ps,
			level->is_object ? "EOF while parsing an object"
					 : "EOF while parsing a list",
			e);
	if (*ps->p == close) {
		close_container(ps);
		return 0;
	}
	if (!first) {
		if (*ps->p != ',')
			return fail(ps,
				level->is_object ? "expected `,` or `}`"
						 : "expected `,` or `]`",
				e);
		ps->p++;
	}
	level->n++;
	if (level->is_object && parse_key(ps, e) != 0)
		return -(int)e->code;
	return 1;
}

int
json_parser_value(struct json_parser *ps, struct err *e)
{
	bool opened;
	int rc;

	if (parse_value(ps, &opened, e) != 0)
		return -(int)e->code;
	while (ps->depth > 0) {
		rc = next_in_container(ps, opened, e);
		if (rc < 0)
			return rc;
		opened = false;
		if (rc > 0 && parse_value(ps, &opened, e) != 0)
			return -(int)e->code;
	}
	return 0;
}

int
json_parser_end(struct json_parser *ps, struct err *e)
{
	skip_space(ps);
	if (ps->p != ps->end)
		return fail(ps, "trailing characters", e);
	return 0;
}

void
json_parser_space(struct json_parser *ps)
{
	skip_space(ps);
}

int
json_parser_fail(struct json_parser *ps, const char *what, struct err *e)
{
	return fail(ps, what, e);
}

int
json_parser_key(struct json_parser *ps, struct err *e)
{
	return parse_key(ps, e);
}
