#include "base/json_write.h"

#include "base/json_scan.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

/* A string whose escapes of NUL and of lone surrogates must go; the others
 * stay as they were written. */
static void
put_mended(struct buf *b, struct slice inner)
{
	const char *p = inner.p, *end = inner.p + inner.len;

	buf_append_char(b, '"');
	while (p < end) {
		const char *escape = memchr(p, '\\', (size_t)(end - p));
		const char *next;
		bool is_lone = false;
		char text[4];
		size_t n;

		if (escape == NULL)
			escape = end;
		buf_append(b, p, (size_t)(escape - p));
		if (escape == end)
			break;
		next = json_decode_escape(escape, end, text, &n, &is_lone);
		if (is_lone || text[0] == '\0')
			buf_append_lit(b, REPLACEMENT);
		else
			buf_append(b, escape, (size_t)(next - escape));
		p = next;
	}
	buf_append_char(b, '"');
}

/* Anything but an array or object that has members. */
static void
put_scalar(struct buf *b, const struct json_doc *d, uint32_t node)
{
	const struct json_node *n = &d->nodes[node];

	if ((n->flags & JSON_PLAIN) != 0)
		buf_append_slice(b, json_raw(d, node));
	else if (n->type == JSON_STRING)
		put_mended(b, json_inner(d, node));
	else
		json_put_double(b, json_double(d, node), true);
}

static bool
is_container(const struct json_node *n)
{
	return n->type == JSON_ARRAY || n->type == JSON_OBJECT;
}

/* Arrays and objects whose end is still to be written. */
struct open_nodes {
	uint32_t node[JSON_DEPTH_MAX];
	uint32_t n;
};

/* Writes the value, or its bracket only; returns the node behind that. */
static uint32_t
put_start(struct buf *b, const struct json_doc *d, uint32_t i,
	uint32_t max_depth, struct open_nodes *open, bool *cut)
{
	const struct json_node *n = &d->nodes[i];

	if (!is_container(n)) {
		put_scalar(b, d, i);
		return i + 1;
	}
	if (open->n >= max_depth) {
		buf_append_lit(b, "null");
		if (cut != NULL)
			*cut = true;
		return n->next;
	}
	if ((n->flags & JSON_PLAIN) != 0 && n->depth <= max_depth - open->n) {
		buf_append_slice(b, json_raw(d, i));
		return n->next;
	}
	buf_append_char(b, n->type == JSON_OBJECT ? '{' : '[');
	open->node[open->n++] = i;
	return i + 1;
}

void
json_put_value(struct buf *b, const struct json_doc *d, uint32_t node,
	uint32_t max_depth, bool *cut)
{
	struct open_nodes open;
	uint32_t i;

	open.n = 0;
	i = put_start(b, d, node, max_depth, &open, cut);
	while (open.n > 0) {
		uint32_t outer = open.node[open.n - 1];
		bool is_object = d->nodes[outer].type == JSON_OBJECT;

		if (i == d->nodes[outer].next) {
			buf_append_char(b, is_object ? '}' : ']');
			open.n--;
			continue;
		}
		if (i != outer + 1)
			buf_append_char(b, ',');
		if (is_object) {
			put_scalar(b, d, i++);
			buf_append_char(b, ':');
		}
		i = put_start(b, d, i, max_depth, &open, cut);
	}
}

/* One level of json_put_sorted: the keys in order and how far we are. */
struct sorted_level {
	uint32_t node;
	uint32_t n, at; /* of keys (objects) or elements */
	uint32_t next; /* arrays: the next element */
	uint32_t *keys; /* NULL for an array */
};

static bool
open_sorted(struct buf *b, const struct json_doc *d, uint32_t node,
	struct arena *a, struct sorted_level *l)
{
	const struct json_node *n = &d->nodes[node];

	*l = (struct sorted_level){
		.node = node,
		.n = n->n,
		.next = node + 1,
	};
	if (n->type == JSON_OBJECT) {
		l->keys = arena_alloc(a, (size_t)n->n * sizeof(*l->keys));
		if (l->keys == NULL)
			return false;
		l->n = json_sort_keys(d, node, l->keys);
	}
	buf_append_char(b, l->keys != NULL ? '{' : '[');
	return true;
}

/* The comma, the key and the node of the next value of a level. */
static uint32_t
next_sorted(struct buf *b, const struct json_doc *d, struct sorted_level *l)
{
	uint32_t value;

	if (l->at > 0)
		buf_append_char(b, ',');
	if (l->keys != NULL) {
		put_scalar(b, d, l->keys[l->at]);
		buf_append_char(b, ':');
		value = l->keys[l->at] + 1;
	} else {
		value = l->next;
		l->next = d->nodes[value].next;
	}
	l->at++;
	return value;
}

void
json_put_sorted(
	struct buf *b, const struct json_doc *d, uint32_t node, struct arena *a)
{
	uint32_t depth = d->nodes[node].depth, n = 0, i = node;
	struct sorted_level *levels;

	if (depth == 0) {
		put_scalar(b, d, node);
		return;
	}
	levels = arena_alloc(a, depth * sizeof(*levels));
	if (levels == NULL || !open_sorted(b, d, i, a, &levels[n++])) {
		buf_fail(b);
		return;
	}
	while (n > 0) {
		struct sorted_level *l = &levels[n - 1];

		if (l->at == l->n) {
			buf_append_char(b, l->keys != NULL ? '}' : ']');
			n--;
			continue;
		}
		i = next_sorted(b, d, l);
		if (!is_container(&d->nodes[i])) {
			put_scalar(b, d, i);
		} else if (!open_sorted(b, d, i, a, &levels[n++])) {
			buf_fail(b);
			return;
		}
	}
}
