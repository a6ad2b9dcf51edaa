#include "persondb/pg_int.h"

/* What a load has read, entered into the set. */

static int
no_memory(struct err *e)
{
	return err_set(e, ERR_NO_MEMORY, "no memory to load persons");
}

static struct person *
enter_person(struct pg_lookup *l, const struct pg_person_row *r)
{
	struct person *p = person_put(l->s, r->team_id, &r->uuid);

	if (p == NULL || p->row_id != 0)
		return p;
	p->row_id = r->id;
	p->created_at_us = r->created_at_us;
	p->version = p->stored_version = r->version;
	p->is_identified = r->is_identified;
	p->is_deleted = r->is_deleted;
	p->has_last_seen = r->has_last_seen;
	p->last_seen_at_us = r->last_seen_at_us;
	p->text = r->is_deleted ? SLICE_LIT("{}") : r->text;
	p->text_valid = true;
	return p;
}

/* A deleted person of the uuid that this id would give a new one. */
static int
enter_tombstone(struct pg_lookup *l, struct person_id *d, int64_t version,
	struct err *e)
{
	struct person *p;
	struct uuid u;

	person_uuid(d->team_id, d->id, &u);
	p = person_put(l->s, d->team_id, &u);
	if (p == NULL)
		return no_memory(e);
	if (p->row_id == 0 && !p->is_deleted) {
		p->is_deleted = true;
		p->version = version;
		p->text = SLICE_LIT("{}");
		p->text_valid = true;
	}
	d->stored_tombstone = p;
	return 0;
}

/*
 * Nobody's id. A person that has the uuid of this id without owning it (its row
 * of the id was removed by somebody) takes the id: a second one of the uuid
 * cannot be.
 */
static int
enter_nobodys(struct pg_lookup *l, struct person_id *d,
	const struct pg_id_row *f, struct err *e)
{
	const struct pg_person_row *r = persondb_pg_find_row(l, f->twin_id);
	struct person *p;

	d->is_tombstone = f->is_deleted || f->id_tombstone >= 0;
	d->version = f->is_deleted ? f->version : 0;
	if (f->id_tombstone > d->version)
		d->version = f->id_tombstone;
	d->seq = f->row_id;
	d->stored_owner = f->person_id;
	if (r == NULL)
		return f->person_tombstone < 0
			       ? 0
			       : enter_tombstone(l, d, f->person_tombstone, e);
	p = enter_person(l, r);
	if (p == NULL)
		return no_memory(e);
	if (p->is_deleted) {
		if (f->person_tombstone > p->version)
			p->version = f->person_tombstone;
		d->stored_tombstone = p;
	} else {
		person_adopt(l->s, p, d);
	}
	return 0;
}

static int
enter_id(struct pg_lookup *l, struct person_id *d, struct pg_id_row *f,
	struct err *e)
{
	const struct pg_person_row *r = persondb_pg_find_row(l, f->person_id);

	d->personless = d->personless_stored = f->personless;
	d->personless_merged = f->personless_merged;
	d->is_loaded = true;
	/* A softly deleted person has no ids, whatever their rows say. */
	f->is_deleted |= r != NULL && r->is_deleted;
	if (f->person_id == 0 || f->is_deleted)
		return enter_nobodys(l, d, f, e);
	if (r == NULL)
		return err_set(e, ERR_BUSY, "a person vanished");
	if (d->person == NULL) {
		struct person *p = enter_person(l, r);

		if (p == NULL)
			return no_memory(e);
		d->seq = f->row_id;
		d->version = f->version;
		d->stored_owner = f->person_id;
		person_attach_loaded(p, d);
	}
	return 0;
}

/* The ids of one person, from the n-th on; returns where the next one's begin
 * or a negative code. */
static int64_t
enter_whole(struct pg_lookup *l, uint32_t n, struct err *e)
{
	int64_t person_id = l->whole[n].person_id;
	const struct pg_person_row *r = persondb_pg_find_row(l, person_id);
	struct person *p;

	if (r == NULL)
		return err_set(e, ERR_BUSY, "a person vanished");
	if (r->is_deleted) {
		while (n < l->n_whole && l->whole[n].person_id == person_id)
			n++;
		return n;
	}
	p = enter_person(l, r);
	if (p == NULL)
		return no_memory(e);
	p->ids = p->ids_tail = NULL;
	for (; n < l->n_whole && l->whole[n].person_id == person_id; n++) {
		const struct pg_whole_row *w = &l->whole[n];
		struct person_id *d = person_put_id(l->s, p->team_id, w->id);

		if (d == NULL)
			return no_memory(e);
		if (d->person != NULL && d->person != p)
			return err_set(e, ERR_BUSY, "a distinct id moved");
		d->seq = w->row_id;
		d->version = w->version;
		d->stored_owner = person_id;
		person_attach_loaded(p, d);
		/* This was its row; what else may be wanted is personless. */
		d->is_loaded |= !d->want_personless;
	}
	p->ids_loaded = true;
	return n;
}

int
persondb_pg_enter(struct pg_lookup *l, struct err *e)
{
	for (int64_t n = 0; n < l->n_whole;) {
		n = enter_whole(l, (uint32_t)n, e);
		if (n < 0)
			return (int)n;
	}
	for (uint32_t i = 0; i < l->n_todo; i++)
		if (enter_id(l, l->todo[i], &l->found[i], e) != 0)
			return -(int)e->code;
	return 0;
}
