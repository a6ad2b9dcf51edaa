#include "base/json_read.h"

#include "base/json_scan.h"

#define NO_NODE UINT32_MAX

/*
 * The reader keeps no stack: the next of an open array or object holds the
 * node it stands in, until its own end is known.
 */
struct parser {
	const char *start, *at, *end;
	struct json_node *nodes;
	uint32_t n, cap;
	uint32_t open; /* innermost open array or object, or NO_NODE */
	uint32_t level; /* how many are open */
	uint32_t max_depth, max_nodes;
	struct arena *arena;
	struct json_fault fault;
};

enum parse_result { PARSE_OK, PARSE_INVALID, PARSE_TOO_BIG, PARSE_NO_MEMORY };

static enum parse_result
invalid(struct parser *ps, const char *what, const char *at)
{
	json_fault_set(&ps->fault, what, at);
	return PARSE_INVALID;
}

static enum parse_result
grow(struct parser *ps)
{
	size_t cap = (size_t)ps->cap * 2;
	struct json_node *nodes;

	if (ps->n >= ps->max_nodes)
		return PARSE_TOO_BIG;
	if (cap > ps->max_nodes)
		cap = ps->max_nodes;
	nodes = arena_alloc(ps->arena, cap * sizeof(*nodes));
	if (nodes == NULL)
		return PARSE_NO_MEMORY;
	memcpy(nodes, ps->nodes, ps->n * sizeof(*nodes));
	ps->nodes = nodes;
	ps->cap = (uint32_t)cap;
	return PARSE_OK;
}

/* Fills the node for a value without nodes below it and counts it. */
static inline void
add_node(struct parser *ps, uint8_t type, uint8_t flags, const char *from,
	const char *to)
{
	struct json_node *n = &ps->nodes[ps->n++];

	n->pos = (uint32_t)(from - ps->start);
	n->len = (uint32_t)(to - from);
	n->next = ps->n;
	n->n = 0;
	n->type = type;
	n->flags = flags;
	n->depth = 0;
}

/* What a value's flags mean for the array or object it stands in. */
static inline void
pass_up(struct parser *ps, uint8_t flags)
{
	struct json_node *n;

	if (ps->open == NO_NODE)
		return;
	n = &ps->nodes[ps->open];
	if ((flags & JSON_PLAIN) == 0)
		n->flags &= (uint8_t)~JSON_PLAIN;
	if ((flags & (JSON_NUL | JSON_LONE | JSON_DEEP_NUL)) != 0)
		n->flags |= JSON_DEEP_NUL;
}

static inline void
skip_blank(struct parser *ps)
{
	if (ps->at < ps->end && UNLIKELY(json_is_blank(*ps->at))) {
		ps->at = json_skip_blank(ps->at, ps->end);
		pass_up(ps, 0);
	}
}

/* The quote is next. */
static inline enum parse_result
read_string(struct parser *ps)
{
	const char *from = ps->at + 1, *to;
	uint8_t flags = 0;

	to = json_scan_string(from, ps->end, &flags, &ps->fault);
	if (to == NULL)
		return PARSE_INVALID;
	if ((flags & (JSON_NUL | JSON_LONE)) == 0)
		flags |= JSON_PLAIN;
	add_node(ps, JSON_STRING, flags, from, to);
	pass_up(ps, flags);
	ps->at = to + 1;
	return PARSE_OK;
}

static enum parse_result
read_number(struct parser *ps)
{
	uint8_t flags = 0;
	const char *to = json_scan_number(ps->at, ps->end, &flags, &ps->fault);

	if (to == NULL)
		return PARSE_INVALID;
	add_node(ps, JSON_NUMBER, flags, ps->at, to);
	pass_up(ps, flags);
	ps->at = to;
	return PARSE_OK;
}

static enum parse_result
read_literal(struct parser *ps)
{
	uint8_t type;
	const char *to = json_scan_literal(ps->at, ps->end, &type, &ps->fault);

	if (to == NULL)
		return PARSE_INVALID;
	add_node(ps, type, JSON_PLAIN, ps->at, to);
	ps->at = to;
	return PARSE_OK;
}

static enum parse_result
open_container(struct parser *ps)
{
	uint8_t type = *ps->at == '{' ? JSON_OBJECT : JSON_ARRAY;
	uint32_t i = ps->n;

	if (ps->level >= ps->max_depth)
		return invalid(ps, "too many levels", ps->at);
	add_node(ps, type, JSON_PLAIN, ps->at, ps->at);
	ps->nodes[i].next = ps->open;
	ps->nodes[i].depth = 1;
	ps->open = i;
	ps->level++;
	ps->at++;
	return PARSE_OK;
}

/* The bracket is behind us. */
static void
close_container(struct parser *ps)
{
	struct json_node *n = &ps->nodes[ps->open];

	ps->open = n->next;
	n->next = ps->n;
	n->len = (uint32_t)(ps->at - ps->start) - n->pos;
	ps->level--;
	if (ps->open != NO_NODE) {
		struct json_node *parent = &ps->nodes[ps->open];

		if (parent->depth <= n->depth)
			parent->depth = (uint16_t)(n->depth + 1);
		pass_up(ps, n->flags);
	}
}

/* A value starts here; of an array or object only its bracket is read. */
static inline enum parse_result
read_value(struct parser *ps)
{
	if (ps->at == ps->end)
		return invalid(ps, "a value is missing", ps->at);
	if (UNLIKELY(ps->n == ps->cap)) {
		enum parse_result r = grow(ps);

		if (r != PARSE_OK)
			return r;
	}
	switch (*ps->at) {
	case '"':
		return read_string(ps);
	case '{':
	case '[':
		return open_container(ps);
	case '-':
	case '0' ... '9':
		return read_number(ps);
	default:
		return read_literal(ps);
	}
}

static inline enum parse_result
read_key(struct parser *ps)
{
	enum parse_result r;

	if (ps->at == ps->end || *ps->at != '"')
		return invalid(ps, "a key is missing", ps->at);
	if (UNLIKELY(ps->n == ps->cap) && (r = grow(ps)) != PARSE_OK)
		return r;
	r = read_string(ps);
	if (r != PARSE_OK)
		return r;
	skip_blank(ps);
	if (ps->at == ps->end || *ps->at != ':')
		return invalid(ps, "a colon is missing", ps->at);
	ps->at++;
	skip_blank(ps);
	return PARSE_OK;
}

/* Behind a value: closes what ends here. *more when another member follows,
 * its comma read. */
static inline enum parse_result
read_end(struct parser *ps, bool *more)
{
	while (ps->open != NO_NODE) {
		struct json_node *n = &ps->nodes[ps->open];
		char bracket = n->type == JSON_OBJECT ? '}' : ']';

		n->n++;
		skip_blank(ps);
		if (ps->at == ps->end)
			return invalid(ps, "a bracket is not closed", ps->at);
		if (*ps->at == ',') {
			ps->at++;
			skip_blank(ps);
			*more = true;
			return PARSE_OK;
		}
		if (*ps->at != bracket)
			return invalid(ps, "a comma is missing", ps->at);
		ps->at++;
		close_container(ps);
	}
	*more = false;
	return PARSE_OK;
}

/* Behind an opening bracket: closes it when it is empty. */
static inline bool
is_empty(struct parser *ps)
{
	char bracket = ps->nodes[ps->open].type == JSON_OBJECT ? '}' : ']';

	skip_blank(ps);
	if (ps->at == ps->end || *ps->at != bracket)
		return false;
	ps->at++;
	close_container(ps);
	return true;
}

static enum parse_result
parse(struct parser *ps)
{
	enum parse_result r;
	bool more = true;

	while (more) {
		uint32_t i;

		if (ps->open != NO_NODE &&
			ps->nodes[ps->open].type == JSON_OBJECT &&
			(r = read_key(ps)) != PARSE_OK)
			return r;
		i = ps->n;
		r = read_value(ps);
		if (r != PARSE_OK)
			return r;
		if (ps->open == i && !is_empty(ps))
			continue;
		r = read_end(ps, &more);
		if (r != PARSE_OK)
			return r;
	}
	ps->at = json_skip_blank(ps->at, ps->end);
	if (ps->at != ps->end)
		return invalid(ps, "text behind the value", ps->at);
	return PARSE_OK;
}

static uint32_t
first_cap(size_t text_len, uint32_t max_nodes)
{
	size_t n = text_len / 12 + 16;

	return n > max_nodes ? max_nodes : (uint32_t)n;
}

int
json_parse(struct arena *a, struct slice text, const struct json_limits *lim,
	struct json_doc *out, struct err *e)
{
	struct parser ps = {
		.start = text.p,
		.end = slice_end(text),
		.open = NO_NODE,
		.max_depth = lim->max_depth < JSON_DEPTH_MAX ? lim->max_depth
							     : JSON_DEPTH_MAX,
		.max_nodes = lim->max_nodes,
		.arena = a,
	};

	if (text.len >= UINT32_MAX)
		return err_set(e, ERR_TOO_BIG, "the JSON text is over 4 GiB");
	ps.cap = first_cap(text.len, ps.max_nodes);
	ps.nodes = arena_alloc(a, ps.cap * sizeof(*ps.nodes));
	if (ps.nodes == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory to read JSON");
	ps.at = json_skip_blank(ps.start, ps.end);
	switch (parse(&ps)) {
	case PARSE_OK:
		break;
	case PARSE_INVALID:
		return json_fault_err(&ps.fault, ps.start, e);
	case PARSE_TOO_BIG:
		return err_set(
			e, ERR_TOO_BIG, "over %u JSON values", ps.max_nodes);
	case PARSE_NO_MEMORY:
		return err_set(e, ERR_NO_MEMORY, "no memory to read JSON");
	}
	arena_shrink(a, ps.nodes, ps.cap * sizeof(*ps.nodes),
		ps.n * sizeof(*ps.nodes));
	out->text = text.p;
	out->nodes = ps.nodes;
	out->n_nodes = ps.n;
	return 0;
}
