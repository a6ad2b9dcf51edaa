#include "persondb/cache.h"

#include <string.h>

#include "base/mem.h"
#include "persondb/ring.h"
#include "stats/stats.h"
#include "store/store.h"

struct persondb_cache {
	struct ring ring;
	uint64_t n_saves;
};

enum kind { KIND_ID = 1, KIND_PERSON };

struct id_entry {
	struct ring_entry head;
	int64_t team_id, row_id; /* of its person */
	int64_t seq, version;
	size_t len;
	char id[];
};

struct person_entry {
	struct ring_entry head;
	int64_t team_id, row_id;
	struct uuid uuid;
	int64_t created_at_us, version, last_seen_at_us;
	bool has_last_seen, is_identified;
	size_t len;
	char text[];
};

int
persondb_cache_new(size_t max_bytes, struct persondb_cache **out, struct err *e)
{
	struct persondb_cache *c = mem_new(struct persondb_cache);

	if (c == NULL || !ring_init(&c->ring, max_bytes)) {
		mem_free(c);
		return err_set(e, ERR_NO_MEMORY,
			"no memory for a cache of %zu bytes", max_bytes);
	}
	*out = c;
	return 0;
}

void
persondb_cache_free(struct persondb_cache *c)
{
	if (c == NULL)
		return;
	ring_fini(&c->ring);
	mem_free(c);
}

void
persondb_cache_attach(struct store *state, struct persondb_cache *c)
{
	store_attach(state, c);
}

struct persondb_cache *
persondb_cache_of(struct store_conn *c)
{
	return store_conn_attached(c);
}

static uint64_t
hash_of_row(int64_t row_id)
{
	uint64_t h = (uint64_t)row_id * UINT64_C(0x9e3779b97f4a7c15);

	return h ^ h >> 32;
}

static struct id_entry *
find_id(struct persondb_cache *c, const struct person_id *d)
{
	struct ring_entry *x = ring_first(&c->ring, d->hash);

	for (; x != NULL; x = ring_next(&c->ring, x)) {
		struct id_entry *i = (struct id_entry *)(void *)x;

		if (x->kind == KIND_ID && x->hash == d->hash &&
			i->team_id == d->team_id &&
			slice_eq(slice_of(i->id, i->len), d->id))
			return i;
	}
	return NULL;
}

static struct person_entry *
find_person(struct persondb_cache *c, int64_t row_id)
{
	uint64_t hash = hash_of_row(row_id);
	struct ring_entry *x = ring_first(&c->ring, hash);

	for (; x != NULL; x = ring_next(&c->ring, x)) {
		struct person_entry *p = (struct person_entry *)(void *)x;

		if (x->kind == KIND_PERSON && x->hash == hash &&
			p->row_id == row_id)
			return p;
	}
	return NULL;
}

static bool
read_person(
	struct person_set *s, struct person *p, const struct person_entry *x)
{
	if (p->row_id != 0)
		return true;
	p->text = arena_dup_slice(s->arena, slice_of(x->text, x->len));
	if (p->text.p == NULL)
		return false;
	p->row_id = x->row_id;
	p->created_at_us = x->created_at_us;
	p->version = x->version;
	p->last_seen_at_us = x->last_seen_at_us;
	p->has_last_seen = x->has_last_seen;
	p->is_identified = x->is_identified;
	p->text_valid = p->is_cached = true;
	return true;
}

int
persondb_cache_find(struct persondb_cache *c, struct person_set *s,
	struct person_id *d, struct err *e)
{
	struct id_entry *i = find_id(c, d);
	struct person_entry *x = i == NULL ? NULL : find_person(c, i->row_id);
	struct person *p;

	stats_add(
		x == NULL ? STATS_PERSON_CACHE_MISSES : STATS_PERSON_CACHE_HITS,
		0, 1);
	if (x == NULL)
		return 0;
	i->head.is_used = x->head.is_used = true;
	p = person_put(s, d->team_id, &x->uuid);
	if (p == NULL || !read_person(s, p, x))
		return err_set(e, ERR_NO_MEMORY, "no memory to load persons");
	d->seq = i->seq;
	d->version = i->version;
	d->is_cached = true;
	if (d->person == NULL)
		person_attach_loaded(p, d);
	return 1;
}

void
persondb_cache_forget(struct persondb_cache *c, struct person_set *s)
{
	s->saved_as = ++c->n_saves;
	for (struct person *p = s->persons_changed; p != NULL;
		p = p->next_changed) {
		struct person_entry *x =
			p->row_id == 0 ? NULL : find_person(c, p->row_id);

		p->is_cached = false;
		if (x != NULL)
			ring_drop(&c->ring, &x->head);
	}
	for (struct person_id *d = s->ids_changed; d != NULL;
		d = d->next_changed) {
		struct id_entry *x = find_id(c, d);

		d->is_cached = false;
		if (x != NULL)
			ring_drop(&c->ring, &x->head);
	}
}

static void
put_person(struct persondb_cache *c, struct person *p)
{
	struct person_entry *x = find_person(c, p->row_id);

	p->is_cached = x != NULL;
	if (x != NULL)
		return; /* by another of its ids */
	x = ring_add(&c->ring, sizeof(*x) + p->text.len, KIND_PERSON,
		hash_of_row(p->row_id));
	if (x == NULL)
		return; /* too large */
	x->team_id = p->team_id;
	x->row_id = p->row_id;
	x->uuid = p->uuid;
	x->created_at_us = p->created_at_us;
	x->version = p->version;
	x->last_seen_at_us = p->last_seen_at_us;
	x->has_last_seen = p->has_last_seen;
	x->is_identified = p->is_identified;
	x->len = p->text.len;
	memcpy(x->text, p->text.p, p->text.len);
	p->is_cached = true;
}

static void
put_id(struct persondb_cache *c, struct person_id *d)
{
	struct id_entry *x = find_id(c, d);

	if (x != NULL)
		return; /* its person was not there any more */
	x = ring_add(&c->ring, sizeof(*x) + d->id.len, KIND_ID, d->hash);
	if (x == NULL)
		return;
	x->team_id = d->team_id;
	x->row_id = d->person->row_id;
	x->seq = d->seq;
	x->version = d->version;
	x->len = d->id.len;
	memcpy(x->id, d->id.p, d->id.len);
}

void
persondb_cache_committed(struct store *state, struct person_set *s)
{
	struct persondb_cache *c = store_attached(state);

	/* Another save of the same commit may have changed the same. */
	if (c == NULL || s->saved_as != c->n_saves)
		return;
	for (struct person_id *d = s->ids; d != NULL; d = d->next) {
		struct person *p = d->person;

		if (p == NULL || p->is_deleted || d->is_deleted ||
			p->row_id == 0 || !p->text_valid)
			continue;
		if (!p->is_cached)
			put_person(c, p);
		if (!d->is_cached && p->is_cached)
			put_id(c, d);
	}
	stats_set(STATS_PERSON_CACHE_BYTES, 0, (double)ring_bytes(&c->ring));
}
