#include "person/person_int.h"

/* person-3: a thing is in its list once. */
void
person_changed(struct person_set *s, struct person *p)
{
	if (p->is_changed)
		return;
	p->is_changed = true;
	*s->persons_changed_tail = p;
	s->persons_changed_tail = &p->next_changed;
}

void
person_id_changed(struct person_set *s, struct person_id *d)
{
	if (d->is_changed)
		return;
	d->is_changed = true;
	*s->ids_changed_tail = d;
	s->ids_changed_tail = &d->next_changed;
}

void
person_personless_changed(struct person_set *s, struct person_id *d)
{
	if (d->personless_changed)
		return;
	d->personless_changed = true;
	*s->personless_changed_tail = d;
	s->personless_changed_tail = &d->next_personless;
}

void
person_group_changed(struct person_set *s, struct person_group *g)
{
	if (g->is_changed)
		return;
	g->is_changed = true;
	*s->groups_changed_tail = g;
	s->groups_changed_tail = &g->next_changed;
}

struct props *
person_props(struct person_set *s, struct person *p)
{
	if (!p->is_parsed) {
		if (!props_add_text(&p->props, p->text, s->arena) ||
			p->props.failed)
			s->failed = true;
		p->is_parsed = true;
	}
	return &p->props;
}

void
person_props_changed(struct person *p)
{
	p->text_valid = false;
}

struct slice
person_text(struct person_set *s, struct person *p)
{
	if (!p->text_valid) {
		p->text = props_text(&p->props, s->scratch, s->arena);
		p->text_valid = p->text.p != NULL;
		if (!p->text_valid)
			s->failed = true;
	}
	return p->text;
}

struct person *
person_make(struct person_set *s, int64_t team_id, struct slice primary_id)
{
	struct uuid u;
	struct person *p;

	person_uuid(team_id, primary_id, &u);
	p = person_put(s, team_id, &u);
	if (p == NULL)
		return NULL;
	/* A live one would own an id of this uuid; primary_id is nobody's. */
	INVARIANT(p->ids == NULL || p->is_deleted, "person-5");
	if (p->is_deleted) { /* comes back over its tombstone (5.13) */
		p->is_deleted = p->deleted_by_admin = false;
		p->version += PERSON_REVIVE_VERSION_STEP;
		p->is_identified = p->has_last_seen = false;
		p->merged_into = NULL;
		p->ids = p->ids_tail = NULL;
	}
	props_init(&p->props, s->arena);
	p->is_parsed = true;
	p->text_valid = false;
	p->ids_loaded = true;
	return p;
}

void
person_give_id(struct person_set *s, struct person *p, struct person_id *d,
	bool version_1)
{
	if (d->is_tombstone || d->is_deleted)
		d->version += PERSON_REVIVE_VERSION_STEP;
	else
		d->version = version_1 ? 1 : 0;
	d->is_tombstone = d->is_deleted = false;
	person_attach_loaded(p, d);
	person_id_changed(s, d);
}

void
person_adopt(struct person_set *s, struct person *p, struct person_id *d)
{
	person_give_id(s, p, d, false);
}

void
person_note_merged(struct person_set *s, struct person_id *d)
{
	if (d->personless && d->personless_merged)
		return;
	d->personless = d->personless_merged = true;
	person_personless_changed(s, d);
}

/* person-4 */
int64_t
person_message_version(const struct person *p)
{
	return p->version + (p->is_deleted ? PERSON_DELETE_VERSION_STEP : 0);
}

int64_t
person_id_message_version(const struct person_id *d)
{
	return d->version + (d->is_deleted ? PERSON_DELETE_VERSION_STEP : 0);
}

struct slice
person_message_properties(const struct person *p)
{
	return p->deleted_by_admin ? SLICE_LIT("{}") : p->text;
}

struct slice
person_group_properties(const struct person_group *g)
{
	return g->text;
}

int
person_delete(
	struct person_set *s, int64_t team_id, struct slice id, struct err *e)
{
	struct person_id *d = person_find_id(s, team_id, id);
	struct person *p = d == NULL ? NULL : d->person;

	if (p == NULL || d->is_deleted)
		return err_set(e, ERR_NOT_FOUND, "no such person");
	p->is_deleted = p->deleted_by_admin = true;
	person_changed(s, p);
	for (d = p->ids; d != NULL; d = d->next_of_person) {
		d->is_deleted = true;
		person_id_changed(s, d);
	}
	return 0;
}
