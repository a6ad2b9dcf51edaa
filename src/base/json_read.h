#ifndef SLUICE_BASE_JSON_READ_H
#define SLUICE_BASE_JSON_READ_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

/*
 * Zero-copy JSON reader. json_parse checks the whole text strictly (RFC 8259,
 * UTF-8, no control characters in strings, numbers within a double, depth) and
 * lays the values out as an array of nodes in document order in the arena;
 * nodes point into the text, which must outlive them. An object's members are
 * pairs: a string node (the key), then the value's nodes. Values are found by
 * walking; json_node.next leads over a whole subtree.
 *
 * A lone surrogate escape in a string is accepted (flag JSON_LONE); it becomes
 * U+FFFD in the decoded text.
 */
#define JSON_DEPTH_MAX 1024

enum json_type {
	JSON_NULL,
	JSON_FALSE,
	JSON_TRUE,
	JSON_NUMBER,
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT,
};

enum json_flag {
	JSON_ESCAPED = 1, /* string has a backslash */
	JSON_NUL = 2, /* string has \u0000 */
	JSON_LONE = 4, /* string has a lone surrogate escape */
	JSON_FLOAT = 8, /* number has a fraction or an exponent */
	JSON_DEEP_NUL = 16, /* array/object: some string below is NUL or LONE */
	JSON_PLAIN = 32, /* json_put_value writes the raw text: base-7 */
};

struct json_node {
	uint32_t pos; /* of the value in the text; strings: after the quote */
	uint32_t len; /* raw bytes; strings: between the quotes */
	uint32_t next; /* index of the node after this subtree */
	uint32_t n; /* array: elements; object: members */
	uint8_t type; /* enum json_type */
	uint8_t flags;
	uint16_t depth; /* array/object: levels below it, itself 1; else 0 */
};

struct json_doc {
	const char *text;
	const struct json_node *nodes; /* nodes[0] is the root */
	uint32_t n_nodes;
};

struct json_limits {
	/* Arrays and objects; INVALID over it, or over JSON_DEPTH_MAX. */
	uint32_t max_depth;
	uint32_t max_nodes; /* TOO_BIG over it */
};

/* INVALID with a text that names what and the byte; TOO_BIG; NO_MEMORY.
 * One value with optional white space around it. */
MUST_CHECK int json_parse(struct arena *a, struct slice text,
	const struct json_limits *lim, struct json_doc *out, struct err *e);

/* The raw text of a node, strings with their quotes. */
struct slice json_raw(const struct json_doc *d, uint32_t node);
/* Of strings: the text between the quotes, still escaped. */
struct slice json_inner(const struct json_doc *d, uint32_t node);
/* Decoded text of a string node: a view if it has no escapes, else a copy in
 * the arena (.p NULL: no memory). NUL stays NUL, lone surrogates U+FFFD. */
struct slice json_string(
	const struct json_doc *d, uint32_t node, struct arena *a);
/* True if the string node's decoded text equals s. */
bool json_string_eq(const struct json_doc *d, uint32_t node, struct slice s);
/* The value node of the LAST member with this key, or 0 if none (0 is the
 * root, so never a member). */
uint32_t json_member(
	const struct json_doc *d, uint32_t object, struct slice key);
/* Numbers. as_i64 is false if not an integer that fits. */
double json_double(const struct json_doc *d, uint32_t node);
bool json_i64(const struct json_doc *d, uint32_t node, int64_t *out);
/* First child (key of the first member), or node.next if empty. Iterate:
 * for (i = json_first(d, o); i < d->nodes[o].next; i = d->nodes[i + 1].next)
 * visits members with key i and value i + 1. */
static inline uint32_t
json_first(const struct json_doc *d, uint32_t node)
{
	(void)d;
	return node + 1;
}

/*
 * A cursor that walks a text without nodes, for bodies too large to lay out:
 * json_cursor_* check as they go with the same strictness as json_parse.
 */
struct json_cursor {
	const char *at, *end, *start;
	uint32_t max_depth;
	bool key_is_escaped; /* the key that json_cursor_next read */
};
void json_cursor_init(
	struct json_cursor *c, struct slice text, uint32_t max_depth);
/* Skips one whole value, checking it; *raw is its text (strings with quotes).
 * White space before it is skipped. */
MUST_CHECK int json_cursor_skip(struct json_cursor *c, enum json_type *type,
	struct slice *raw, struct err *e);
/* Enters an array or object whose bracket is next. */
MUST_CHECK int json_cursor_enter(
	struct json_cursor *c, enum json_type *type, struct err *e);
/* Inside: *more false when the closing bracket was read. For objects *key is
 * the raw inner text of the key, and its colon has been read. first must be
 * true at the first call after enter. */
MUST_CHECK int json_cursor_next(struct json_cursor *c, bool is_object,
	bool first, bool *more, struct slice *key, struct err *e);
/* Only white space may be left. */
MUST_CHECK int json_cursor_end(struct json_cursor *c, struct err *e);

/* Decodes inner (between quotes) string text; appends to out. */
void json_unescape(struct slice inner, struct buf *out);

#endif
