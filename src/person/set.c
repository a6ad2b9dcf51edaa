#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "person/person_int.h"

#define FIRST_BUCKETS 1024

int
person_set_init(struct person_set *s, struct arena *a, struct buf *scratch,
	struct err *e)
{
	memset(s, 0, sizeof(*s));
	s->arena = a;
	s->scratch = scratch;
	s->ids_tail = &s->ids;
	s->groups_tail = &s->groups;
	s->persons_changed_tail = &s->persons_changed;
	s->ids_changed_tail = &s->ids_changed;
	s->personless_changed_tail = &s->personless_changed;
	s->groups_changed_tail = &s->groups_changed;
	s->id_table = arena_zalloc(a, FIRST_BUCKETS, sizeof(*s->id_table));
	s->group_table =
		arena_zalloc(a, FIRST_BUCKETS, sizeof(*s->group_table));
	s->uuid_table = arena_zalloc(a, FIRST_BUCKETS, sizeof(*s->uuid_table));
	if (s->id_table == NULL || s->group_table == NULL ||
		s->uuid_table == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory for persons");
	s->id_mask = s->group_mask = s->uuid_mask = FIRST_BUCKETS - 1;
	return 0;
}

static uint64_t
hash_of(int64_t team_id, struct slice s)
{
	return hash_key(s.p, s.len) ^
	       (uint64_t)team_id * UINT64_C(0x9e3779b97f4a7c15);
}

struct person_id *
person_find_id(const struct person_set *s, int64_t team_id, struct slice id)
{
	uint64_t hash = hash_of(team_id, id);

	for (struct person_id *d = s->id_table[hash & s->id_mask]; d != NULL;
		d = d->next_hash)
		if (d->hash == hash && d->team_id == team_id &&
			slice_eq(d->id, id))
			return d;
	return NULL;
}

static void
grow_ids(struct person_set *s)
{
	uint32_t n = (s->id_mask + 1) * 4;
	struct person_id **table = arena_zalloc(s->arena, n, sizeof(*table));

	if (table == NULL)
		return; /* chains grow longer, nothing else */
	s->id_table = table;
	s->id_mask = n - 1;
	for (struct person_id *d = s->ids; d != NULL; d = d->next) {
		d->next_hash = table[d->hash & s->id_mask];
		table[d->hash & s->id_mask] = d;
	}
}

struct person_id *
person_put_id(struct person_set *s, int64_t team_id, struct slice id)
{
	struct person_id *d = person_find_id(s, team_id, id);

	if (d != NULL)
		return d;
	if (s->n_ids > s->id_mask)
		grow_ids(s);
	d = arena_new(s->arena, struct person_id);
	if (d == NULL) {
		s->failed = true;
		return NULL;
	}
	d->team_id = team_id;
	d->id = id;
	d->hash = hash_of(team_id, id);
	d->next_hash = s->id_table[d->hash & s->id_mask];
	s->id_table[d->hash & s->id_mask] = d;
	*s->ids_tail = d;
	s->ids_tail = &d->next;
	s->n_ids++;
	return d;
}

static uint32_t
uuid_bucket(const struct person_set *s, const struct uuid *u)
{
	uint32_t h;

	memcpy(&h, u->b, sizeof(h)); /* a SHA-1's bytes are spread enough */
	return h & s->uuid_mask;
}

struct person *
person_find_uuid(
	const struct person_set *s, int64_t team_id, const struct uuid *u)
{
	for (struct person *p = s->uuid_table[uuid_bucket(s, u)]; p != NULL;
		p = p->next_by_uuid)
		if (p->team_id == team_id &&
			memcmp(p->uuid.b, u->b, sizeof(u->b)) == 0)
			return p;
	return NULL;
}

static void
grow_uuids(struct person_set *s)
{
	uint32_t old = s->uuid_mask + 1;
	struct person **from = s->uuid_table;
	struct person **table =
		arena_zalloc(s->arena, (size_t)old * 4, sizeof(*table));

	if (table == NULL)
		return;
	s->uuid_table = table;
	s->uuid_mask = old * 4 - 1;
	for (uint32_t i = 0; i < old; i++) {
		while (from[i] != NULL) {
			struct person *p = from[i];
			uint32_t b = uuid_bucket(s, &p->uuid);

			from[i] = p->next_by_uuid;
			p->next_by_uuid = table[b];
			table[b] = p;
		}
	}
}

struct person *
person_put(struct person_set *s, int64_t team_id, const struct uuid *u)
{
	struct person *p = person_find_uuid(s, team_id, u);
	uint32_t b;

	if (p != NULL)
		return p;
	if (s->n_persons > s->uuid_mask)
		grow_uuids(s);
	p = arena_new(s->arena, struct person);
	if (p == NULL) {
		s->failed = true;
		return NULL;
	}
	p->team_id = team_id;
	p->uuid = *u;
	uuid_format(u, p->uuid_text);
	props_init(&p->props, s->arena);
	b = uuid_bucket(s, u);
	p->next_by_uuid = s->uuid_table[b];
	s->uuid_table[b] = p;
	s->n_persons++;
	return p;
}

void
person_attach_loaded(struct person *p, struct person_id *d)
{
	d->person = p;
	d->next_of_person = NULL;
	if (p->ids_tail == NULL)
		p->ids = d;
	else
		p->ids_tail->next_of_person = d;
	p->ids_tail = d;
}

struct person_group *
person_find_group(const struct person_set *s, int64_t team_id,
	struct slice type, struct slice key)
{
	uint64_t hash = hash_of(team_id, key);

	for (struct person_group *g = s->group_table[hash & s->group_mask];
		g != NULL; g = g->next_hash)
		if (g->hash == hash && g->team_id == team_id &&
			slice_eq(g->type, type) && slice_eq(g->key, key))
			return g;
	return NULL;
}

struct person_group *
person_put_group(struct person_set *s, int64_t team_id, struct slice type,
	struct slice key)
{
	struct person_group *g = arena_new(s->arena, struct person_group);

	if (g == NULL) {
		s->failed = true;
		return NULL;
	}
	g->team_id = team_id;
	g->type = type;
	g->key = key;
	g->type_index = -1;
	g->hash = hash_of(team_id, key);
	props_init(&g->props, s->arena);
	g->next_hash = s->group_table[g->hash & s->group_mask];
	s->group_table[g->hash & s->group_mask] = g;
	*s->groups_tail = g;
	s->groups_tail = &g->next;
	s->n_groups++;
	return g;
}

struct person_team *
person_find_team(const struct person_set *s, int64_t team_id)
{
	for (struct person_team *t = s->teams; t != NULL; t = t->next)
		if (t->team_id == team_id)
			return t;
	return NULL;
}

int
person_group_type_index(
	const struct person_set *s, int64_t team_id, struct slice type)
{
	const struct person_team *t = person_find_team(s, team_id);
	const struct person_types *y = t == NULL ? NULL : t->types;

	for (int i = 0; y != NULL && i < y->n; i++)
		if (slice_eq(y->list[i].name, type))
			return y->list[i].index;
	return -1;
}

struct person_team *
person_put_team(struct person_set *s, int64_t team_id, int64_t project_id)
{
	struct person_team *t = person_find_team(s, team_id);

	if (t != NULL)
		return t;
	t = arena_new(s->arena, struct person_team);
	if (t == NULL) {
		s->failed = true;
		return NULL;
	}
	t->team_id = team_id;
	t->project_id = project_id;
	t->next = s->teams;
	s->teams = t;
	return t;
}

/* person-6 */
struct person_types *
person_put_types(struct person_set *s, struct person_team *t, int64_t owner_id)
{
	struct person_types *y = s->types;

	if (t->types != NULL)
		return t->types;
	while (y != NULL && y->owner_id != owner_id)
		y = y->next;
	if (y == NULL) {
		y = arena_new(s->arena, struct person_types);
		if (y == NULL) {
			s->failed = true;
			return NULL;
		}
		y->owner_id = owner_id;
		y->next = s->types;
		s->types = y;
	}
	t->types = y;
	return y;
}

void
person_uuid(int64_t team_id, struct slice distinct_id, struct uuid *out)
{
	static const struct uuid space = {{0x93, 0x29, 0x79, 0xb4, 0x65, 0xc3,
		0x44, 0x24, 0x84, 0x67, 0x0b, 0x66, 0xec, 0x27, 0xbc, 0x22}};
	char text[4096];
	int n = snprintf(text, sizeof(text), "%lld:%.*s", (long long)team_id,
		SLICE_FMT(distinct_id));

	if (n > (int)sizeof(text) - 1)
		n = (int)sizeof(text) - 1;
	uuid_v5(out, &space, slice_of(text, (size_t)n));
}
