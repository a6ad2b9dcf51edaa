#include <stdlib.h>
#include <string.h>

#include "persondb/pg_int.h"

/* What a load has read, entered into the set. */

/* Columns of PG_MAP. */
enum {
	MAP_ORD,
	MAP_ROW,
	MAP_PERSON,
	MAP_VERSION,
	MAP_IS_DELETED,
	MAP_PERSONLESS,
	MAP_ID_TOMBSTONE,
	MAP_PERSON_TOMBSTONE,
	MAP_PERSON_ROW /* from here on: the person */
};

static int
no_memory(struct err *e)
{
	return err_set(e, ERR_NO_MEMORY, "no memory to load persons");
}

bool
persondb_pg_read_row(struct persondb_pg *d, struct arena *a, int row, int col,
	struct pg_person_row *r)
{
	struct pg_conn *c = d->c;

	r->id = pg_col_i64(c, row, col);
	r->team_id = pg_col_i64(c, row, col + 1);
	pg_col_uuid(c, row, col + 2, &r->uuid);
	r->created_at_us = pg_col_time(c, row, col + 3);
	r->version = pg_col_i64(c, row, col + 4);
	r->is_identified = pg_col_bool(c, row, col + 5);
	r->text =
		persondb_pg_json(&d->scratch, a, pg_col_text(c, row, col + 6));
	r->is_deleted = pg_col_bool(c, row, col + 7);
	r->has_last_seen = !pg_col_is_null(c, row, col + 8);
	r->last_seen_at_us = pg_col_time(c, row, col + 8);
	return r->text.p != NULL;
}

/* The person in a row of the map; NULL: no memory. */
static struct person *
enter_person(struct pg_lookup *l, int row)
{
	struct pg_conn *c = l->d->c;
	struct pg_person_row r;
	struct person *p;
	struct uuid u;

	pg_col_uuid(c, row, MAP_PERSON_ROW + 2, &u);
	p = person_put(l->s, pg_col_i64(c, row, MAP_PERSON_ROW + 1), &u);
	if (p == NULL || p->row_id != 0)
		return p;
	if (!persondb_pg_read_row(l->d, l->s->arena, row, MAP_PERSON_ROW, &r))
		return NULL;
	p->row_id = r.id;
	p->created_at_us = r.created_at_us;
	p->version = p->stored_version = r.version;
	p->is_identified = r.is_identified;
	p->is_deleted = r.is_deleted;
	p->has_last_seen = r.has_last_seen;
	p->last_seen_at_us = r.last_seen_at_us;
	p->text = r.is_deleted ? SLICE_LIT("{}") : r.text;
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
 * Nobody's id; p: a person that has the uuid of this id without owning it (its
 * row of the id was removed by somebody), or NULL. It takes the id: a second
 * person of the uuid cannot be.
 */
static int
enter_nobodys(struct pg_lookup *l, struct person_id *d, struct person *p,
	int row, struct err *e)
{
	struct pg_conn *c = l->d->c;
	bool is_person_gone = !pg_col_is_null(c, row, MAP_PERSON_TOMBSTONE);
	int64_t gone_version = pg_col_i64(c, row, MAP_PERSON_TOMBSTONE);
	int64_t id_version = pg_col_i64(c, row, MAP_ID_TOMBSTONE);

	d->is_tombstone = !pg_col_is_null(c, row, MAP_ROW) ||
			  !pg_col_is_null(c, row, MAP_ID_TOMBSTONE);
	d->version = pg_col_i64(c, row, MAP_VERSION);
	if (id_version > d->version)
		d->version = id_version;
	d->seq = pg_col_i64(c, row, MAP_ROW);
	d->stored_owner = pg_col_i64(c, row, MAP_PERSON);
	if (p == NULL)
		return is_person_gone ? enter_tombstone(l, d, gone_version, e)
				      : 0;
	if (p->is_deleted) {
		if (gone_version > p->version)
			p->version = gone_version;
	}
	d->stored_tombstone = p; /* a live one: adopt_ids */
	return 0;
}

static int
enter_id(struct pg_lookup *l, struct person_id *d, int row, struct err *e)
{
	struct pg_conn *c = l->d->c;
	bool is_owned = !pg_col_is_null(c, row, MAP_ROW) &&
			!pg_col_bool(c, row, MAP_IS_DELETED);
	struct person *p = NULL;

	d->personless = d->personless_stored =
		!pg_col_is_null(c, row, MAP_PERSONLESS);
	d->personless_merged = pg_col_bool(c, row, MAP_PERSONLESS);
	if (!pg_col_is_null(c, row, MAP_PERSON_ROW)) {
		p = enter_person(l, row);
		if (p == NULL)
			return no_memory(e);
	}
	if (is_owned && p == NULL)
		return err_set(e, ERR_BUSY, "a person vanished");
	d->is_loaded = true;
	/* A softly deleted person has no ids, whatever their rows say. */
	if (!is_owned || p->is_deleted) {
		struct uuid u;

		person_uuid(d->team_id, d->id, &u);
		if (p != NULL && memcmp(p->uuid.b, u.b, sizeof(u.b)) != 0)
			p = NULL;
		return enter_nobodys(l, d, p, row, e);
	}
	if (d->person == NULL) {
		d->seq = pg_col_i64(c, row, MAP_ROW);
		d->version = pg_col_i64(c, row, MAP_VERSION);
		d->stored_owner = p->row_id;
		person_attach_loaded(p, d);
	}
	return 0;
}

int
persondb_pg_enter_map(struct pg_lookup *l, struct err *e)
{
	int n = pg_n_rows(l->d->c);

	if (n != (int)l->n_todo)
		return err_set(e, ERR_CORRUPT, "%d rows for %u ids", n,
			(unsigned)l->n_todo);
	for (int i = 0; i < n; i++) {
		int64_t ord = pg_col_i64(l->d->c, i, MAP_ORD);

		if (ord < 1 || ord > l->n_todo)
			return err_set(e, ERR_CORRUPT, "an id out of range");
		if (enter_id(l, l->todo[ord - 1], i, e) != 0)
			return -(int)e->code;
	}
	return 0;
}

static int
by_row_id(const void *x, const void *y)
{
	const struct person *a = *(struct person *const *)x;
	const struct person *b = *(struct person *const *)y;

	return (a->row_id > b->row_id) - (a->row_id < b->row_id);
}

/* The persons that are wanted with all their ids, by row id; NULL: no memory.
 * One may be there more than once. */
static struct person **
list_whole(const struct pg_lookup *l, uint32_t *n)
{
	struct person **list = arena_alloc(
		l->s->arena, (l->n_todo + 1) * sizeof(struct person *));

	*n = 0;
	for (uint32_t i = 0; list != NULL && i < l->n_todo; i++) {
		const struct person_id *d = l->todo[i];
		struct person *p =
			d->person != NULL ? d->person : d->stored_tombstone;

		if (d->want_person_ids && p != NULL && !p->is_deleted)
			list[(*n)++] = p;
	}
	if (list != NULL)
		qsort(list, *n, sizeof(struct person *), by_row_id);
	return list;
}

static int
enter_one_of(struct pg_lookup *l, struct person *p, int row, struct err *e)
{
	struct pg_conn *c = l->d->c;
	struct slice id = pg_col_text(c, row, 2);
	struct person_id *d = person_find_id(l->s, p->team_id, id);

	if (d == NULL) {
		id = arena_dup_slice(l->s->arena, id);
		d = id.p == NULL ? NULL : person_put_id(l->s, p->team_id, id);
	}
	if (d == NULL)
		return no_memory(e);
	if (d->person != NULL && d->person != p)
		return err_set(e, ERR_BUSY, "a distinct id moved");
	if (!p->ids_loaded) {
		p->ids = p->ids_tail = NULL;
		p->ids_loaded = true;
	}
	d->seq = pg_col_i64(c, row, 1);
	d->version = pg_col_i64(c, row, 3);
	d->stored_owner = p->row_id;
	person_attach_loaded(p, d);
	/* This was its row; what else may be wanted is personless. */
	d->is_loaded |= !d->want_personless;
	return 0;
}

/*
 * All ids of the persons of ids that are to be merged, in the order of their
 * rows, by persons. They are read after the map, so a change in between shows:
 * an id that came or went is another's doing, and the batch begins anew at the
 * latest when it is saved.
 */
int
persondb_pg_enter_whole(struct pg_lookup *l, struct err *e)
{
	struct pg_conn *c = l->d->c;
	uint32_t n, at = 0;
	struct person **list = list_whole(l, &n);

	if (list == NULL)
		return no_memory(e);
	for (int i = 0; i < pg_n_rows(c); i++) {
		int64_t row_id = pg_col_i64(c, i, 0);

		while (at < n && list[at]->row_id < row_id)
			at++;
		if (at < n && list[at]->row_id == row_id &&
			enter_one_of(l, list[at], i, e) != 0)
			return -(int)e->code;
	}
	return 0;
}

/* After all else: nobody's ids whose person lives. */
void
persondb_pg_adopt(struct pg_lookup *l)
{
	for (uint32_t i = 0; i < l->n_todo; i++) {
		struct person_id *d = l->todo[i];
		struct person *p = d->stored_tombstone;

		if (d->person == NULL && p != NULL && !p->is_deleted)
			person_adopt(l->s, p, d);
	}
}
