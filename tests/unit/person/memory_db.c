#include "memory_db.h"

void
memory_db_init(struct memory_db *db)
{
	*db = (struct memory_db){0};
	arena_init(&db->arena, SIZE_MAX / 2);
}

void
memory_db_fini(struct memory_db *db)
{
	arena_fini(&db->arena);
}

static struct memory_id *
find_id(struct memory_db *db, int64_t team_id, struct slice id)
{
	struct memory_id *m = db->ids;

	while (m != NULL && (m->team_id != team_id || !slice_eq(m->id, id)))
		m = m->next;
	return m;
}

static struct memory_person *
find_person(struct memory_db *db, int64_t team_id, const struct uuid *u)
{
	struct memory_person *m = db->persons;

	while (m != NULL &&
		(m->team_id != team_id || memcmp(&m->uuid, u, sizeof(*u)) != 0))
		m = m->next;
	return m;
}

static struct person *
load_person(struct person_set *s, const struct memory_person *m)
{
	struct person *p = person_put(s, m->team_id, &m->uuid);

	if (p == NULL || p->row_id != 0)
		return p;
	p->row_id = m->row_id;
	p->created_at_us = m->created_at_us;
	p->version = m->version;
	p->is_identified = m->is_identified;
	p->is_deleted = m->is_deleted;
	p->has_last_seen = m->has_last_seen;
	p->last_seen_at_us = m->last_seen_at_us;
	p->text = arena_dup_slice(s->arena, m->text);
	p->text_valid = true;
	return p;
}

static void
load_ids_of(struct memory_db *db, struct person_set *s, struct person *p)
{
	if (p->ids_loaded)
		return;
	p->ids_loaded = true;
	p->ids = p->ids_tail = NULL;
	for (struct memory_id *m = db->ids; m != NULL; m = m->next) {
		struct person_id *d;

		if (m->person == NULL || m->person->row_id != p->row_id)
			continue;
		d = person_put_id(
			s, m->team_id, arena_dup_slice(s->arena, m->id));
		d->version = m->version;
		person_attach_loaded(p, d);
	}
}

static void
load_id(struct memory_db *db, struct person_set *s, struct person_id *d)
{
	struct memory_id *m = find_id(db, d->team_id, d->id);
	struct memory_person *dead;
	struct uuid u;

	if (m != NULL) {
		d->version = m->version;
		d->is_tombstone = m->person == NULL;
	}
	if (m != NULL && m->person != NULL) {
		struct person *p = load_person(s, m->person);

		if (d->person == NULL)
			person_attach_loaded(p, d);
		if (d->want_person_ids)
			load_ids_of(db, s, p);
	} else {
		person_uuid(d->team_id, d->id, &u);
		dead = find_person(db, d->team_id, &u);
		if (dead != NULL && dead->is_deleted)
			d->stored_tombstone = load_person(s, dead);
	}
	for (struct memory_personless *x = db->personless; x != NULL;
		x = x->next) {
		if (d->want_personless && x->team_id == d->team_id &&
			slice_eq(x->id, d->id)) {
			d->personless = true;
			d->personless_merged = x->is_merged;
		}
	}
	d->is_loaded = true;
}

static void
load_types(struct memory_db *db, struct person_types *y)
{
	for (struct memory_type *m = db->types; m != NULL; m = m->next) {
		if (m->project_id != y->owner_id)
			continue;
		y->list[y->n].name = m->name;
		y->list[y->n].index = m->index;
		y->list[y->n].created_at_us = m->created_at_us;
		y->n++;
	}
	y->n_stored = y->n;
	y->is_loaded = true;
}

static struct memory_group *
find_group(struct memory_db *db, const struct person_group *g)
{
	struct memory_group *m = db->groups;

	while (m != NULL &&
		(m->team_id != g->team_id || !slice_eq(m->type, g->type) ||
			!slice_eq(m->key, g->key)))
		m = m->next;
	return m;
}

int
memory_db_load(struct memory_db *db, struct person_set *s, struct err *e)
{
	for (struct person_id *d = s->ids; d != NULL; d = d->next) {
		if (!d->is_loaded)
			load_id(db, s, d);
		else if (d->want_person_ids && d->person != NULL)
			load_ids_of(db, s, d->person);
	}
	for (struct person_team *t = s->teams; t != NULL; t = t->next) {
		if (t->want_types)
			person_put_types(s, t, t->project_id);
	}
	for (struct person_types *y = s->types; y != NULL; y = y->next) {
		if (!y->is_loaded)
			load_types(db, y);
	}
	for (struct person_group *g = s->groups; g != NULL; g = g->next) {
		struct memory_group *m = find_group(db, g);

		g->is_loaded = true;
		if (m == NULL)
			continue;
		g->type_index = m->type_index;
		g->version = m->version;
		g->created_at_us = m->created_at_us;
		g->text = arena_dup_slice(s->arena, m->text);
	}
	return s->failed ? err_set(e, ERR_NO_MEMORY, "no memory") : 0;
}

static void
save_person(struct memory_db *db, struct person *p)
{
	struct memory_person *m = find_person(db, p->team_id, &p->uuid);
	int64_t version = person_message_version(p);

	if (m == NULL) {
		m = arena_new(&db->arena, struct memory_person);
		m->team_id = p->team_id;
		m->uuid = p->uuid;
		m->row_id = ++db->last_row_id;
		m->next = db->persons;
		db->persons = m;
	}
	m->created_at_us = p->created_at_us;
	m->version = p->version;
	m->is_identified = p->is_identified;
	m->is_deleted = p->is_deleted;
	m->has_last_seen = p->has_last_seen;
	m->last_seen_at_us = p->last_seen_at_us;
	m->text = arena_dup_slice(
		&db->arena, p->is_deleted ? SLICE_LIT("{}") : p->text);
	if (m->has_message && version <= m->message_version)
		db->went_back = true;
	m->has_message = true;
	m->message_version = version;
	m->message_deleted = p->is_deleted;
	m->message_text =
		arena_dup_slice(&db->arena, person_message_properties(p));
	db->n_person_messages++;
	p->row_id = m->row_id;
}

static void
unlink_id(struct memory_db *db, struct memory_id *gone)
{
	struct memory_id **at = &db->ids;

	while (*at != gone)
		at = &(*at)->next;
	*at = gone->next;
	gone->next = NULL;
}

static void
save_id(struct memory_db *db, struct person_id *d)
{
	struct memory_id *m = find_id(db, d->team_id, d->id);
	int64_t version = person_id_message_version(d);
	struct memory_id **end = &db->ids;

	if (m != NULL && version <= m->message_version)
		db->went_back = true;
	if (m != NULL) {
		unlink_id(db, m);
	} else {
		m = arena_new(&db->arena, struct memory_id);
		m->team_id = d->team_id;
		m->id = arena_dup_slice(&db->arena, d->id);
	}
	while (*end != NULL)
		end = &(*end)->next;
	*end = m;
	m->row_id = ++db->last_row_id;
	m->version = d->version;
	m->person = d->is_deleted || d->person == NULL
			    ? NULL
			    : find_person(db, d->team_id, &d->person->uuid);
	m->message_version = version;
	m->message_deleted = d->is_deleted;
	if (d->person != NULL)
		m->message_uuid = d->person->uuid;
	d->is_changed = false;
}

/* The ids of one person in the order in which it has them. */
static void
save_ids(struct memory_db *db, struct person_set *s)
{
	for (struct person_id *d = s->ids_changed; d != NULL;
		d = d->next_changed) {
		struct person_id *x = d->person != NULL && !d->is_deleted
					      ? d->person->ids
					      : NULL;

		for (; x != NULL; x = x->next_of_person) {
			if (x->is_changed)
				save_id(db, x);
		}
		if (d->is_changed)
			save_id(db, d);
	}
}

static void
save_personless(struct memory_db *db, const struct person_id *d)
{
	struct memory_personless *m = db->personless;

	while (m != NULL &&
		(m->team_id != d->team_id || !slice_eq(m->id, d->id)))
		m = m->next;
	if (m == NULL) {
		m = arena_new(&db->arena, struct memory_personless);
		m->team_id = d->team_id;
		m->id = arena_dup_slice(&db->arena, d->id);
		m->next = db->personless;
		db->personless = m;
	}
	m->is_merged = d->personless_merged;
}

static void
save_types(struct memory_db *db, struct person_types *y)
{
	struct memory_type **end = &db->types;

	while (*end != NULL)
		end = &(*end)->next;
	for (; y->n_stored < y->n; y->n_stored++) {
		struct memory_type *m =
			arena_new(&db->arena, struct memory_type);

		m->project_id = y->owner_id;
		m->team_id = y->list[y->n_stored].team_id;
		m->index = y->list[y->n_stored].index;
		m->created_at_us = y->list[y->n_stored].created_at_us;
		m->name =
			arena_dup_slice(&db->arena, y->list[y->n_stored].name);
		*end = m;
		end = &m->next;
	}
}

static void
save_group(struct memory_db *db, const struct person_group *g)
{
	struct memory_group *m = find_group(db, g);

	if (m == NULL) {
		m = arena_new(&db->arena, struct memory_group);
		m->team_id = g->team_id;
		m->type = arena_dup_slice(&db->arena, g->type);
		m->key = arena_dup_slice(&db->arena, g->key);
		m->next = db->groups;
		db->groups = m;
	} else if (g->version <= m->version) {
		db->went_back = true;
	}
	m->type_index = g->type_index;
	m->version = g->version;
	m->created_at_us = g->created_at_us;
	m->text = arena_dup_slice(&db->arena, person_group_properties(g));
}

int
memory_db_save(struct memory_db *db, struct person_set *s, struct err *e)
{
	if (person_write_all(s, e) != 0)
		return -(int)e->code;
	for (struct person *p = s->persons_changed; p != NULL;
		p = p->next_changed)
		save_person(db, p);
	save_ids(db, s);
	for (struct person_id *d = s->personless_changed; d != NULL;
		d = d->next_personless)
		save_personless(db, d);
	for (struct person_types *y = s->types; y != NULL; y = y->next)
		save_types(db, y);
	for (struct person_group *g = s->groups_changed; g != NULL;
		g = g->next_changed)
		save_group(db, g);
	return s->failed ? err_set(e, ERR_NO_MEMORY, "no memory") : 0;
}
