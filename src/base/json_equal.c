#include "base/json_write.h"

#include "base/json_scan.h"
#include "base/mem.h"

static bool
numbers_equal(const struct json_doc *d1, uint32_t n1, const struct json_doc *d2,
	uint32_t n2)
{
	/* Integers that a double would round are told apart. */
	uint8_t kind = (uint8_t)(d1->nodes[n1].flags & d2->nodes[n2].flags);

	if (slice_eq(json_inner(d1, n1), json_inner(d2, n2)))
		return true;
	if ((kind & JSON_PLAIN) != 0 &&
		((d1->nodes[n1].flags | d2->nodes[n2].flags) & JSON_FLOAT) == 0)
		return false;
	return json_double(d1, n1) == json_double(d2, n2);
}

static bool
scalars_equal(const struct json_doc *d1, uint32_t n1, const struct json_doc *d2,
	uint32_t n2)
{
	if (d1->nodes[n1].type == JSON_NUMBER)
		return numbers_equal(d1, n1, d2, n2);
	if (d1->nodes[n1].type == JSON_STRING)
		return json_key_cmp(d1, n1, d2, n2) == 0;
	return true;
}

/* Pairs of nodes still to be compared, as a list in the heap: depth comes from
 * outside, so no recursion. */
struct pair {
	uint32_t n1, n2;
};
struct work {
	struct pair *pairs;
	size_t n, cap;
};

static bool
push(struct work *w, uint32_t n1, uint32_t n2)
{
	if (w->n == w->cap) {
		size_t cap = w->cap == 0 ? 64 : 2 * w->cap;
		struct pair *p = mem_realloc(w->pairs, cap * sizeof(*p));

		if (p == NULL)
			return false;
		w->pairs = p;
		w->cap = cap;
	}
	w->pairs[w->n++] = (struct pair){n1, n2};
	return true;
}

static bool
compare_arrays(struct work *w, const struct json_doc *d1, uint32_t n1,
	const struct json_doc *d2, uint32_t n2)
{
	uint32_t i = n1 + 1, k = n2 + 1;

	if (d1->nodes[n1].n != d2->nodes[n2].n)
		return false;
	while (i < d1->nodes[n1].next) {
		if (!push(w, i, k))
			return false;
		i = d1->nodes[i].next;
		k = d2->nodes[k].next;
	}
	return true;
}

static bool
compare_objects(struct work *w, const struct json_doc *d1, uint32_t n1,
	const struct json_doc *d2, uint32_t n2)
{
	size_t m1 = d1->nodes[n1].n, m2 = d2->nodes[n2].n;
	uint32_t *keys1, *keys2, u1, u2;
	bool is_equal = false;

	keys1 = mem_alloc((m1 + m2) * sizeof(*keys1));
	if (keys1 == NULL)
		return false;
	keys2 = keys1 + m1;
	u1 = json_sort_keys(d1, n1, keys1);
	u2 = json_sort_keys(d2, n2, keys2);
	if (u1 != u2)
		goto free_keys;
	for (uint32_t i = 0; i < u1; i++) {
		if (json_key_cmp(d1, keys1[i], d2, keys2[i]) != 0 ||
			!push(w, keys1[i] + 1, keys2[i] + 1))
			goto free_keys;
	}
	is_equal = true;
free_keys:
	mem_free(keys1);
	return is_equal;
}

bool
json_equal(const struct json_doc *d1, uint32_t n1, const struct json_doc *d2,
	uint32_t n2)
{
	struct work w = {NULL, 0, 0};
	bool is_equal = true;

	for (;;) {
		uint8_t type = d1->nodes[n1].type;

		if (type != d2->nodes[n2].type)
			is_equal = false;
		else if (slice_eq(json_raw(d1, n1), json_raw(d2, n2)))
			is_equal = true;
		else if (type == JSON_ARRAY)
			is_equal = compare_arrays(&w, d1, n1, d2, n2);
		else if (type == JSON_OBJECT)
			is_equal = compare_objects(&w, d1, n1, d2, n2);
		else
			is_equal = scalars_equal(d1, n1, d2, n2);
		if (!is_equal || w.n == 0)
			break;
		w.n--;
		n1 = w.pairs[w.n].n1;
		n2 = w.pairs[w.n].n2;
	}
	mem_free(w.pairs);
	return is_equal;
}
