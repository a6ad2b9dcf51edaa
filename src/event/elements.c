#include "event/elements.h"

#include <stdlib.h>

#include "base/attr.h"
#include "base/json_read.h"
#include "base/utf8.h"
#include "event/props.h"

#define TEXT_UNITS 400
#define HREF_UNITS 2048

static const struct json_limits limits = {JSON_DEPTH_MAX, 1u << 20};

struct attr {
	struct slice name;
	struct slice value;
};

struct chain {
	struct arena *arena;
	struct buf *out;
	bool failed;
};

/* Place of a character in the order of names: punctuation, digits, letters
 * (both cases alike), then all others by code point. */
static uint32_t
weight(unsigned char c)
{
	static const char order[] =
		" _-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$0123456789";
	const char *at;

	if (c >= 'A' && c <= 'Z')
		return 100u + (c - 'A');
	if (c >= 'a' && c <= 'z')
		return 100u + (c - 'a');
	at = c == '\0' ? NULL : strchr(order, c);
	return at == NULL ? (c < ' ' ? 0u : 200u + c)
			  : 1u + (uint32_t)(at - order);
}

int
event_elements_compare(struct slice a, struct slice b)
{
	size_t n = a.len < b.len ? a.len : b.len;

	for (size_t i = 0; i < n; i++) {
		uint32_t wa = weight((unsigned char)a.p[i]);
		uint32_t wb = weight((unsigned char)b.p[i]);

		if (wa != wb)
			return wa < wb ? -1 : 1;
	}
	if (a.len != b.len)
		return a.len < b.len ? -1 : 1;
	/* Only the case differs: lower first. */
	return -slice_cmp(a, b);
}

static int
compare_attr(const void *x, const void *y)
{
	const struct attr *a = x, *b = y;

	return event_elements_compare(a->name, b->name);
}

/* By UTF-16 units: characters beyond U+FFFF come before U+E000. */
static int
compare_class(const void *x, const void *y)
{
	const struct slice *a = x, *b = y;
	size_t n = a->len < b->len ? a->len : b->len;

	for (size_t i = 0; i < n; i++) {
		unsigned char ca = (unsigned char)a->p[i];
		unsigned char cb = (unsigned char)b->p[i];

		if (ca == cb)
			continue;
		if (ca >= 0xee && cb >= 0xee && (ca >= 0xf0) != (cb >= 0xf0))
			return ca >= 0xf0 ? -1 : 1;
		return ca < cb ? -1 : 1;
	}
	return (a->len > b->len) - (a->len < b->len);
}

static void
put_without_quotes(struct buf *b, struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] != '"')
			buf_append_char(b, s.p[i]);
	}
}

static void
put_attr(struct buf *b, struct slice name, struct slice value)
{
	struct slice parts[2] = {name, value};

	for (int k = 0; k < 2; k++) {
		for (size_t i = 0; i < parts[k].len; i++) {
			if (parts[k].p[i] == '"')
				buf_append_char(b, '\\');
			buf_append_char(b, parts[k].p[i]);
		}
		if (k == 0)
			buf_append_lit(b, "=\"");
	}
	buf_append_char(b, '"');
}

/* JavaScript's text of a node. */
static struct slice
text_of(struct chain *c, const struct json_doc *d, uint32_t node)
{
	struct slice s = props_value_js_text(json_raw(d, node), c->arena);

	if (s.p == NULL) {
		c->failed = true;
		return SLICE_LIT("");
	}
	return s;
}

static bool
is_truthy(const struct json_doc *d, uint32_t node)
{
	return node != 0 && !props_value_falsy(json_raw(d, node));
}

/* The classes of an element, sorted: *n of them. */
static struct slice *
classes_of(
	struct chain *c, const struct json_doc *d, uint32_t node, uint32_t *n)
{
	const struct json_node *v = &d->nodes[node];
	struct slice text = SLICE_LIT("");
	struct slice *out;
	size_t max = 1;

	*n = 0;
	if (node == 0 || (v->type != JSON_ARRAY && v->type != JSON_STRING))
		return NULL;
	if (v->type == JSON_ARRAY) {
		max = v->n;
	} else {
		text = text_of(c, d, node);
		for (size_t i = 0; i < text.len; i++)
			max += text.p[i] == ' ';
		if (text.len == 0)
			return NULL;
	}
	out = arena_alloc(c->arena, (max + 1) * sizeof(*out));
	if (out == NULL) {
		c->failed = true;
		return NULL;
	}
	if (v->type == JSON_ARRAY) {
		for (uint32_t i = json_first(d, node); i < v->next;
			i = d->nodes[i].next)
			out[(*n)++] = d->nodes[i].type == JSON_NULL
					      ? SLICE_LIT("")
					      : text_of(c, d, i);
	} else {
		const char *from = text.p, *end = text.p + text.len;

		for (const char *p = from; p <= end; p++) {
			if (p < end && *p != ' ')
				continue;
			out[(*n)++] = slice_of(from, (size_t)(p - from));
			from = p + 1;
		}
	}
	qsort(out, *n, sizeof(*out), compare_class);
	return out;
}

/* An array class shows its members in their sorted order. */
static struct slice
joined(struct chain *c, const struct slice *parts, uint32_t n)
{
	size_t len = 1;
	char *p, *at;

	for (uint32_t i = 0; i < n; i++)
		len += parts[i].len + 1;
	at = p = arena_alloc(c->arena, len);
	if (p == NULL) {
		c->failed = true;
		return SLICE_LIT("");
	}
	for (uint32_t i = 0; i < n; i++) {
		if (i > 0)
			*at++ = ',';
		memcpy(at, parts[i].p, parts[i].len);
		at += parts[i].len;
	}
	return slice_of(p, (size_t)(at - p));
}

static void
add_text(struct chain *c, struct attr *attrs, uint32_t *n, const char *name,
	const struct json_doc *d, uint32_t node, size_t max_units)
{
	struct slice s;

	if (!is_truthy(d, node))
		return;
	s = text_of(c, d, node);
	attrs[(*n)++] =
		(struct attr){slice_str(name), utf8_cut_units16(s, max_units)};
}

static void
put_element(struct chain *c, const struct json_doc *d, uint32_t e)
{
	uint32_t tag = json_member(d, e, SLICE_LIT("tag_name"));
	uint32_t class = json_member(d, e, SLICE_LIT("attr__class"));
	uint32_t child = json_member(d, e, SLICE_LIT("nth_child"));
	uint32_t of_type = json_member(d, e, SLICE_LIT("nth_of_type"));
	uint32_t n_classes, n = 0;
	struct slice *classes = classes_of(c, d, class, &n_classes);
	struct attr *attrs = arena_alloc(
		c->arena, ((size_t)d->nodes[e].n + 5) * sizeof(*attrs));

	if (attrs == NULL) {
		c->failed = true;
		return;
	}
	if (is_truthy(d, tag))
		buf_append_slice(c->out, text_of(c, d, tag));
	for (uint32_t i = 0; i < n_classes; i++) {
		buf_append_char(c->out, '.');
		put_without_quotes(c->out, classes[i]);
	}
	buf_append_char(c->out, ':');
	add_text(c, attrs, &n, "text", d,
		json_member(d, e, SLICE_LIT("$el_text")), TEXT_UNITS);
	attrs[n++] = (struct attr){SLICE_LIT("nth-child"),
		is_truthy(d, child) ? text_of(c, d, child) : SLICE_LIT("0")};
	attrs[n++] = (struct attr){SLICE_LIT("nth-of-type"),
		is_truthy(d, of_type) ? text_of(c, d, of_type)
				      : SLICE_LIT("0")};
	add_text(c, attrs, &n, "href", d,
		json_member(d, e, SLICE_LIT("attr__href")), HREF_UNITS);
	add_text(c, attrs, &n, "attr_id", d,
		json_member(d, e, SLICE_LIT("attr__id")), SIZE_MAX);
	for (uint32_t i = json_first(d, e); i < d->nodes[e].next;
		i = d->nodes[i + 1].next) {
		struct slice name = json_string(d, i, c->arena);

		if (!slice_starts(name, SLICE_LIT("attr__")) ||
			d->nodes[i + 1].type == JSON_NULL ||
			json_member(d, e, name) != i + 1)
			continue;
		attrs[n++] = (struct attr){name,
			i + 1 == class && d->nodes[class].type == JSON_ARRAY
				? joined(c, classes, n_classes)
				: text_of(c, d, i + 1)};
	}
	qsort(attrs, n, sizeof(*attrs), compare_attr);
	for (uint32_t i = 0; i < n; i++)
		put_attr(c->out, attrs[i].name, attrs[i].value);
}

struct slice
event_elements_chain(
	struct slice elements, struct buf *scratch, struct arena *a)
{
	struct chain c = {a, scratch, false};
	struct json_doc d;
	struct err e;

	if (elements.len < 2 || elements.p[0] != '[')
		return SLICE_LIT("");
	if (json_parse(a, elements, &limits, &d, &e) != 0)
		return e.code == ERR_NO_MEMORY ? SLICE_NONE : SLICE_LIT("");
	for (uint32_t i = json_first(&d, 0); i < d.nodes[0].next;
		i = d.nodes[i].next) {
		if (d.nodes[i].type != JSON_OBJECT)
			return SLICE_LIT("");
	}
	buf_reset(scratch);
	for (uint32_t i = json_first(&d, 0); i < d.nodes[0].next;
		i = d.nodes[i].next) {
		if (i != 1)
			buf_append_char(scratch, ';');
		put_element(&c, &d, i);
	}
	if (c.failed || scratch->failed)
		return SLICE_NONE;
	return arena_dup_slice(a, buf_slice(scratch));
}
