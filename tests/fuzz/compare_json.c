#include "compare_json.h"

#include "fuzz.h"

/* What jansson refuses and we take: see json_read.h. */
bool
compare_may_be_refused(const struct json_doc *d)
{
	for (uint32_t i = 0; i < d->n_nodes; i++) {
		const struct json_node *n = &d->nodes[i];
		int64_t v;

		if (n->type == JSON_STRING &&
			(n->flags & (JSON_LONE | JSON_NUL)) != 0)
			return true;
		if (n->type == JSON_NUMBER && (n->flags & JSON_FLOAT) == 0 &&
			!json_i64(d, i, &v))
			return true;
	}
	return false;
}

static void
compare_scalar(const struct json_doc *d, uint32_t i, const struct other_json *o,
	struct arena *a)
{
	struct slice s, t;
	int64_t v;

	switch (other_kind_of(o)) {
	case OTHER_NULL:
		FUZZ_CHECK(d->nodes[i].type == JSON_NULL);
		return;
	case OTHER_FALSE:
		FUZZ_CHECK(d->nodes[i].type == JSON_FALSE);
		return;
	case OTHER_TRUE:
		FUZZ_CHECK(d->nodes[i].type == JSON_TRUE);
		return;
	case OTHER_INTEGER:
		FUZZ_CHECK(json_i64(d, i, &v));
		FUZZ_CHECK(v == other_integer(o));
		return;
	case OTHER_REAL:
		FUZZ_CHECK(d->nodes[i].type == JSON_NUMBER);
		FUZZ_CHECK(json_double(d, i) == other_real(o));
		return;
	case OTHER_STRING:
		FUZZ_CHECK(d->nodes[i].type == JSON_STRING);
		s = json_string(d, i, a);
		FUZZ_CHECK(s.p != NULL);
		t.p = other_string(o, &t.len);
		FUZZ_CHECK(slice_eq(s, t));
		return;
	case OTHER_ARRAY:
	case OTHER_OBJECT:
		FUZZ_CHECK(false);
	}
}

/* Recursion ends at the depth that the reader allows. */
void
compare_json(const struct json_doc *d, uint32_t i, const struct other_json *o,
	struct arena *a)
{
	const struct json_node *n = &d->nodes[i];

	if (n->type == JSON_ARRAY) {
		size_t k = 0;

		FUZZ_CHECK(other_kind_of(o) == OTHER_ARRAY);
		FUZZ_CHECK(n->n == other_size(o));
		for (uint32_t c = i + 1; c < n->next; c = d->nodes[c].next)
			compare_json(d, c, other_at(o, k++), a);
	} else if (n->type == JSON_OBJECT) {
		FUZZ_CHECK(other_kind_of(o) == OTHER_OBJECT);
		for (uint32_t c = i + 1; c < n->next;
			c = d->nodes[c + 1].next) {
			struct slice key = json_string(d, c, a);
			const struct other_json *v =
				other_member(o, key.p, key.len);

			FUZZ_CHECK(v != NULL);
			compare_json(d, json_member(d, i, key), v, a);
		}
	} else {
		compare_scalar(d, i, o, a);
	}
}
