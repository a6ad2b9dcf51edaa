#include <stdlib.h>

#include "base/json_parse.h"
#include "base/json_write.h"

/* Recursion below is bounded by the depth that the reader accepted. */

static bool
strings_equal(const struct json_doc *d1, uint32_t n1, const struct json_doc *d2,
	uint32_t n2)
{
	struct arena a;
	bool same;

	if ((d1->nodes[n1].flags & JSON_ESCAPED) == 0)
		return json_string_eq(d2, n2, json_inner(d1, n1));
	if ((d2->nodes[n2].flags & JSON_ESCAPED) == 0)
		return json_string_eq(d1, n1, json_inner(d2, n2));
	if (slice_eq(json_inner(d1, n1), json_inner(d2, n2)))
		return true;
	arena_init(&a, (size_t)d1->nodes[n1].len + 65536);
	same = json_string_eq(d2, n2, json_string(d1, n1, &a));
	arena_fini(&a);
	return same;
}

static bool
numbers_equal(const struct json_doc *d1, uint32_t n1, const struct json_doc *d2,
	uint32_t n2)
{
	int64_t v1, v2;

	if (slice_eq(json_inner(d1, n1), json_inner(d2, n2)))
		return true;
	if (json_i64(d1, n1, &v1) && json_i64(d2, n2, &v2))
		return v1 == v2;
	return json_double(d1, n1) == json_double(d2, n2);
}

static bool
arrays_equal(const struct json_doc *d1, uint32_t n1, const struct json_doc *d2,
	uint32_t n2)
{
	uint32_t j = n2 + 1;

	for (uint32_t i = n1 + 1; i < d1->nodes[n1].next;
		i = d1->nodes[i].next) {
		if (!json_equal(d1, i, d2, j))
			return false;
		j = d2->nodes[j].next;
	}
	return true;
}

/* Node of the member of object o whose key is the string node key of d1. */
static uint32_t
find_member(const struct json_doc *d1, uint32_t key, const struct json_doc *d,
	uint32_t o)
{
	for (uint32_t i = o + 1; i < d->nodes[o].next; i = d->nodes[i + 1].next)
		if (strings_equal(d1, key, d, i))
			return i + 1;
	return 0;
}

static bool
objects_equal(const struct json_doc *d1, uint32_t n1, const struct json_doc *d2,
	uint32_t n2)
{
	for (uint32_t i = n1 + 1; i < d1->nodes[n1].next;
		i = d1->nodes[i + 1].next) {
		uint32_t other = find_member(d1, i, d2, n2);

		if (other == 0 || !json_equal(d1, i + 1, d2, other))
			return false;
	}
	return true;
}

bool
json_equal(const struct json_doc *d1, uint32_t n1, const struct json_doc *d2,
	uint32_t n2)
{
	if (d1->nodes[n1].type != d2->nodes[n2].type)
		return false;
	switch ((enum json_type)d1->nodes[n1].type) {
	case JSON_NULL:
	case JSON_FALSE:
	case JSON_TRUE:
		return true;
	case JSON_NUMBER:
		return numbers_equal(d1, n1, d2, n2);
	case JSON_STRING:
		return strings_equal(d1, n1, d2, n2);
	case JSON_ARRAY:
		return d1->nodes[n1].n == d2->nodes[n2].n &&
		       arrays_equal(d1, n1, d2, n2);
	case JSON_OBJECT:
		return d1->nodes[n1].n == d2->nodes[n2].n &&
		       objects_equal(d1, n1, d2, n2);
	}
	return false;
}

struct sorted_member {
	struct slice key;
	uint32_t value;
};

static int
by_key(const void *a, const void *b)
{
	const struct sorted_member *x = a;
	const struct sorted_member *y = b;

	return slice_cmp(x->key, y->key);
}

static void
put_sorted_object(
	struct buf *b, const struct json_doc *d, uint32_t node, struct arena *a)
{
	uint32_t n = 0;
	struct sorted_member *members =
		arena_zalloc(a, d->nodes[node].n + 1, sizeof(*members));

	if (members == NULL) {
		b->failed = true;
		return;
	}
	for (uint32_t i = node + 1; i < d->nodes[node].next;
		i = d->nodes[i + 1].next)
		members[n++] =
			(struct sorted_member){json_string(d, i, a), i + 1};
	qsort(members, n, sizeof(*members), by_key);
	buf_append_char(b, '{');
	for (uint32_t i = 0; i < n; i++) {
		if (i > 0)
			buf_append_char(b, ',');
		json_put_string(b, members[i].key);
		buf_append_char(b, ':');
		json_put_sorted(b, d, members[i].value, a);
	}
	buf_append_char(b, '}');
}

void
json_put_sorted(
	struct buf *b, const struct json_doc *d, uint32_t node, struct arena *a)
{
	if (d->nodes[node].type == JSON_OBJECT) {
		put_sorted_object(b, d, node, a);
	} else if (d->nodes[node].type == JSON_ARRAY) {
		buf_append_char(b, '[');
		for (uint32_t i = node + 1; i < d->nodes[node].next;
			i = d->nodes[i].next) {
			if (i > node + 1)
				buf_append_char(b, ',');
			json_put_sorted(b, d, i, a);
		}
		buf_append_char(b, ']');
	} else {
		json_put_value(b, d, node, 1, NULL);
	}
}
