#include "event/props.h"

#include "base/hash.h"
#include "base/json_write.h"

#define SMALL 8 /* rows that are searched one after the other */
#define ROWS_MIN 8
#define PROBES_MAX 64 /* of an index under the cheap hash */

void
props_init(struct props *p, struct arena *a)
{
	*p = (struct props){.arena = a};
}

/*
 * The length, both ends and the middle: enough to tell names apart, and cheap.
 * Names made to collide are met by PROBES_MAX: then the map takes a keyed hash.
 */
static uint32_t
mark_of(struct slice key)
{
	uint64_t head = 0, mid = 0, tail = 0;

	if (key.len >= 8) {
		memcpy(&head, key.p, 8);
		memcpy(&mid, key.p + key.len / 2 - 4, 8);
		memcpy(&tail, key.p + key.len - 8, 8);
	} else {
		memcpy(&head, key.p, key.len);
	}
	head = (head + key.len) * UINT64_C(0x9e3779b97f4a7c15) ^
	       tail * UINT64_C(0xc2b2ae3d27d4eb4f) ^
	       (mid >> 3) * UINT64_C(0x165667b19e3779f9);
	return (uint32_t)(head >> 32);
}

static uint32_t
hash_of(const struct props *p, struct slice key)
{
	return p->is_keyed ? (uint32_t)hash_key(key.p, key.len) : mark_of(key);
}

/* False: too many rows on the way. */
static bool
index_put(struct props *p, uint32_t row)
{
	uint32_t at = p->rows[row].hash & p->mask;

	for (uint32_t n = 0; p->index[at] != 0; n++) {
		if (n > PROBES_MAX && !p->is_keyed)
			return false;
		at = (at + 1) & p->mask;
	}
	p->index[at] = row + 1;
	return true;
}

static bool
index_rows(struct props *p)
{
	for (uint32_t i = 0; i < p->n; i++) {
		if (p->rows[i].key.p != NULL && !index_put(p, i))
			return false;
	}
	return true;
}

/* All rows again under the keyed hash. */
static void
index_by_key(struct props *p)
{
	p->is_keyed = true;
	memset(p->index, 0, ((size_t)p->mask + 1) * sizeof(*p->index));
	for (uint32_t i = 0; i < p->n; i++) {
		if (p->rows[i].key.p != NULL)
			p->rows[i].hash = hash_of(p, p->rows[i].key);
	}
	index_rows(p);
}

/* An index of at least twice the rows there is room for. */
static bool
index_build(struct props *p)
{
	uint32_t size = 64;

	while (size < p->cap * 2)
		size *= 2;
	p->index = arena_zalloc(p->arena, size, sizeof(*p->index));
	if (p->index == NULL) {
		p->failed = true;
		return false;
	}
	p->mask = size - 1;
	if (!index_rows(p))
		index_by_key(p);
	return true;
}

static bool
reserve(struct props *p, uint32_t more)
{
	uint32_t cap = p->cap < ROWS_MIN ? ROWS_MIN : p->cap;
	struct prop *rows;

	if (p->failed || more > UINT32_MAX / 8 - p->n) {
		p->failed = true;
		return false;
	}
	if (p->cap - p->n >= more)
		return true;
	while (cap - p->n < more)
		cap *= 2;
	rows = arena_alloc(p->arena, (size_t)cap * sizeof(*rows));
	if (rows == NULL) {
		p->failed = true;
		return false;
	}
	if (p->n > 0)
		memcpy(rows, p->rows, p->n * sizeof(*rows));
	p->rows = rows;
	p->cap = cap;
	return p->index == NULL || index_build(p);
}

void
props_reserve(struct props *p, uint32_t n)
{
	if (reserve(p, n) && p->index == NULL && p->n + n > SMALL)
		index_build(p);
}

static bool
key_eq(struct slice a, struct slice b)
{
	return a.len == b.len && memcmp(a.p, b.p, a.len) == 0;
}

static struct prop *
find(const struct props *p, struct slice key, uint32_t hash)
{
	if (p->index == NULL) {
		for (uint32_t i = 0; i < p->n; i++) {
			const struct prop *r = &p->rows[i];

			if (r->hash == hash && r->key.p != NULL &&
				key_eq(r->key, key))
				return &p->rows[i];
		}
		return NULL;
	}
	for (uint32_t at = hash & p->mask; p->index[at] != 0;
		at = (at + 1) & p->mask) {
		struct prop *r = &p->rows[p->index[at] - 1];

		if (r->hash == hash && r->key.p != NULL && key_eq(r->key, key))
			return r;
	}
	return NULL;
}

struct prop *
props_get(const struct props *p, struct slice key)
{
	return find(p, key, hash_of(p, key));
}

bool
props_has(const struct props *p, struct slice key)
{
	return props_get(p, key) != NULL;
}

void
props_set(struct props *p, struct slice key, struct slice value)
{
	uint32_t hash;
	struct prop *r;

	if (p->failed || key.p == NULL || value.p == NULL) {
		p->failed = true;
		return;
	}
	if (p->index == NULL && p->n >= SMALL && !index_build(p))
		return;
	hash = hash_of(p, key);
	r = find(p, key, hash);
	if (r != NULL) {
		r->value = value;
		return;
	}
	if (!reserve(p, 1))
		return;
	p->rows[p->n] = (struct prop){key, value, hash};
	p->n++;
	p->n_live++;
	if (p->index != NULL && !index_put(p, p->n - 1))
		index_by_key(p);
}

bool
props_unset(struct props *p, struct slice key)
{
	struct prop *r = props_get(p, key);

	if (r == NULL || p->failed)
		return false;
	/* The index keeps leading to the hole; the hole matches no key. */
	r->key = SLICE_NONE;
	r->value = SLICE_NONE;
	p->n_live--;
	return true;
}

void
props_clear(struct props *p)
{
	p->n = 0;
	p->n_live = 0;
	p->index = NULL;
	p->is_keyed = false;
}

void
props_copy(struct props *dst, const struct props *src, struct arena *a)
{
	props_init(dst, a);
	dst->failed = src->failed;
	if (!reserve(dst, src->n_live + 4))
		return;
	for (const struct prop *r = props_first(src); r != NULL;
		r = props_next(src, r))
		dst->rows[dst->n++] = *r;
	dst->n_live = dst->n;
	dst->is_keyed = src->is_keyed; /* so that the hashes stay right */
	if (dst->n > SMALL)
		index_build(dst);
}

struct prop *
props_next(const struct props *p, const struct prop *r)
{
	uint32_t i = r == NULL ? 0 : (uint32_t)(r - p->rows) + 1;

	for (; i < p->n; i++) {
		if (p->rows[i].key.p != NULL)
			return &p->rows[i];
	}
	return NULL;
}

struct slice
props_key(const struct json_doc *d, uint32_t node, struct props_work *w)
{
	struct slice s = json_string(d, node, w->arena);

	if (s.p == NULL || (d->nodes[node].flags & JSON_NUL) == 0)
		return s;
	buf_reset(w->scratch);
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] == '\0')
			buf_append_lit(w->scratch, "\xef\xbf\xbd");
		else
			buf_append_char(w->scratch, s.p[i]);
	}
	return w->scratch->failed
		       ? SLICE_NONE
		       : arena_dup_slice(w->arena, buf_slice(w->scratch));
}

/* event-1 */
struct slice
props_value(const struct json_doc *d, uint32_t node, struct props_work *w)
{
	const struct json_node *n = &d->nodes[node];

	if ((n->flags & JSON_PLAIN) != 0 && n->depth <= w->max_depth)
		return json_raw(d, node);
	buf_reset(w->scratch);
	json_put_value(w->scratch, d, node, w->max_depth, &w->cut);
	return w->scratch->failed
		       ? SLICE_NONE
		       : arena_dup_slice(w->arena, buf_slice(w->scratch));
}

void
props_add_object(struct props *p, const struct json_doc *d, uint32_t object,
	struct props_work *w)
{
	const struct json_node *o = &d->nodes[object];

	if (o->type != JSON_OBJECT)
		return;
	props_reserve(p, o->n);
	for (uint32_t i = json_first(d, object); i < o->next;
		i = d->nodes[i + 1].next)
		props_set(p, props_key(d, i, w), props_value(d, i + 1, w));
}

bool
props_add_text(struct props *p, struct slice text, struct arena *a)
{
	static const struct json_limits limits = {128, 1u << 20};
	struct json_doc d;
	struct err e;

	if (text.len == 2 && memcmp(text.p, "{}", 2) == 0)
		return true;
	if (json_parse(a, text, &limits, &d, &e) != 0) {
		if (e.code == ERR_NO_MEMORY)
			p->failed = true;
		return false;
	}
	if (d.nodes[0].type != JSON_OBJECT)
		return false;
	props_reserve(p, d.nodes[0].n);
	for (uint32_t i = json_first(&d, 0); i < d.nodes[0].next;
		i = d.nodes[i + 1].next)
		props_set(p, json_string(&d, i, a), json_raw(&d, i + 1));
	return true;
}
