#ifndef SLUICE_BASE_JSON_PARSE_H
#define SLUICE_BASE_JSON_PARSE_H

#include "base/json_read.h"

/*
 * The one JSON grammar, behind json_parse and the cursor. Inside base/ only.
 * Without an arena it checks and lays out nothing.
 */
#define JSON_STACK_MAX 256

struct json_level {
	uint32_t node;
	uint32_t n;
	uint16_t below; /* levels below this one */
	bool is_object;
	bool has_nul;
};

struct json_parser {
	const char *base, *p, *end;
	struct arena *arena;
	struct json_node *nodes;
	uint32_t n, cap, first_cap, max_nodes;
	uint32_t depth, max_depth; /* max_depth at most JSON_STACK_MAX */
	struct json_level stack[JSON_STACK_MAX];
};

/* Reads one value; p ends behind it. */
MUST_CHECK int json_parser_value(struct json_parser *ps, struct err *e);
MUST_CHECK int json_parser_end(struct json_parser *ps, struct err *e);
/* A string that is a key, and its colon. */
MUST_CHECK int json_parser_key(struct json_parser *ps, struct err *e);
void json_parser_space(struct json_parser *ps);
MUST_CHECK int json_parser_fail(
	struct json_parser *ps, const char *what, struct err *e);

#endif
