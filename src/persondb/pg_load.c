#include <stdlib.h>

#include "persondb/pg_int.h"

/*
 * Loading in one round trip. Persons are locked in the order of their ids; then
 * the ids are looked up again, under the locks: with a person's lock held no
 * node attaches ids to it or moves them away, so what is seen now stays
 * (persondb-4). Where an id moved to a person that is not locked yet, that one
 * is locked too and all is looked up again.
 */
#define ROUNDS_MAX 8

static int
no_memory(struct err *e)
{
	return err_set(e, ERR_NO_MEMORY, "no memory to load persons");
}

static int
by_row_id(const void *x, const void *y)
{
	const struct pg_person_row *a = x;
	const struct pg_person_row *b = y;

	return (a->id > b->id) - (a->id < b->id);
}

bool
persondb_pg_read_row(struct persondb_pg *d, struct arena *a, int row,
	struct pg_person_row *r)
{
	struct pg_conn *c = d->c;

	r->id = pg_col_i64(c, row, 0);
	r->team_id = pg_col_i64(c, row, 1);
	pg_col_uuid(c, row, 2, &r->uuid);
	r->created_at_us = pg_col_time(c, row, 3);
	r->version = pg_col_i64(c, row, 4);
	r->is_identified = pg_col_bool(c, row, 5);
	r->text = persondb_pg_json(&d->scratch, a, pg_col_text(c, row, 6));
	r->is_deleted = pg_col_bool(c, row, 7);
	r->has_last_seen = !pg_col_is_null(c, row, 8);
	r->last_seen_at_us = pg_col_time(c, row, 8);
	return r->text.p != NULL;
}

struct pg_person_row *
persondb_pg_find_row(const struct pg_lookup *l, int64_t id)
{
	struct pg_person_row key = {.id = id};

	return l->n_rows == 0 ? NULL
			      : bsearch(&key, l->rows, l->n_rows,
					sizeof(*l->rows), by_row_id);
}

static bool
is_wanted(const struct person_id *d)
{
	return !d->is_loaded || (d->want_person_ids && d->person != NULL &&
					!d->person->ids_loaded);
}

/* The ids to look up, and the parameters that say so. */
static int
list_ids(struct pg_lookup *l, struct err *e)
{
	struct persondb_pg *d = l->d;
	struct arena *a = l->s->arena;

	pg_array_reset(&d->want.team);
	pg_array_reset(&d->want.id);
	pg_array_reset(&d->want.uuid);
	pg_array_reset(&d->want.personless);
	pg_array_reset(&d->want.whole_team);
	pg_array_reset(&d->want.whole_id);
	pg_array_reset(&d->want.whole_twin);
	l->todo =
		arena_alloc(a, (l->s->n_ids + 1) * sizeof(struct person_id *));
	if (l->todo == NULL)
		return no_memory(e);
	for (struct person_id *p = l->s->ids; p != NULL; p = p->next) {
		struct uuid u;

		if (!is_wanted(p))
			continue;
		l->todo[l->n_todo++] = p;
		person_uuid(p->team_id, p->id, &u);
		pg_array_int(&d->want.team, p->team_id);
		pg_array_text(&d->want.id, p->id);
		pg_array_uuid(&d->want.uuid, &u);
		pg_array_bool(&d->want.personless, p->want_personless);
		if (!p->want_person_ids)
			continue;
		pg_array_int(&d->want.whole_team, p->team_id);
		pg_array_text(&d->want.whole_id, p->id);
	}
	l->found = arena_zalloc(a, l->n_todo + 1, sizeof(*l->found));
	return l->found == NULL ? no_memory(e) : 0;
}

static int
queue_lock(struct pg_lookup *l, bool is_first, struct err *e)
{
	struct persondb_pg *d = l->d;
	int form = persondb_pg_person_form(d);
	struct pg_stmt *st = persondb_pg_get(
		d, is_first ? PG_LOCK_BY_IDS : PG_LOCK_ROWS, form);

	/* Rows to lock were put in the columns by note_missing. */
	pg_bind_array(st, 1, is_first ? &d->want.team : &d->cols.i32[0]);
	pg_bind_array(st, 2, is_first ? &d->want.id : &d->cols.i64[0]);
	return pg_queue(st, e);
}

static int
queue_map(struct pg_lookup *l, struct err *e)
{
	struct persondb_pg *d = l->d;
	struct pg_stmt *st = persondb_pg_get(d, PG_MAP,
		PG_FORM(d->schema.id_is_deleted, d->schema.personless));

	pg_bind_array(st, 1, &d->want.team);
	pg_bind_array(st, 2, &d->want.id);
	pg_bind_array(st, 3, &d->want.uuid);
	pg_bind_array(st, 4, &d->want.personless);
	if (pg_queue(st, e) != 0)
		return -(int)e->code;
	if (d->want.whole_id.n == 0)
		return 0;
	st = persondb_pg_get(d, PG_WHOLE, PG_FORM(d->schema.id_is_deleted, 0));
	pg_bind_array(st, 1, &d->want.whole_team);
	pg_bind_array(st, 2, &d->want.whole_id);
	pg_bind_array(st, 3, &d->want.whole_twin);
	return pg_queue(st, e);
}

/* Rows locked in this round are added to those of the rounds before. */
static int
read_rows(struct pg_lookup *l, struct err *e)
{
	struct pg_conn *c = l->d->c;
	struct pg_person_row *r;
	uint32_t n;

	if (pg_next(c, e) != 0)
		return -(int)e->code;
	n = (uint32_t)pg_n_rows(c);
	r = arena_zalloc(l->s->arena, l->n_rows + n + 1, sizeof(*r));
	if (r == NULL)
		return no_memory(e);
	if (l->n_rows > 0)
		memcpy(r, l->rows, l->n_rows * sizeof(*r));
	l->rows = r;
	for (uint32_t i = 0; i < n; i++)
		if (!persondb_pg_read_row(
			    l->d, l->s->arena, (int)i, &r[l->n_rows + i]))
			return no_memory(e);
	l->n_rows += n;
	qsort(l->rows, l->n_rows, sizeof(*l->rows), by_row_id);
	return 0;
}

/* A person that has to be locked in the next round. */
static void
note_missing(struct pg_lookup *l, int64_t team_id, int64_t person_id)
{
	if (person_id == 0 || persondb_pg_find_row(l, person_id) != NULL)
		return;
	pg_array_int(&l->d->cols.i32[0], team_id);
	pg_array_int(&l->d->cols.i64[0], person_id);
	l->is_open = true;
}

/* Persons found by their uuid; those whose ids are all wanted are asked for
 * them in one more round. */
static void
note_twins(struct pg_lookup *l)
{
	struct pg_array *twins = &l->d->want.whole_twin;
	int32_t n_before = twins->n;

	pg_array_reset(twins);
	for (uint32_t i = 0; i < l->n_todo; i++) {
		int64_t id = l->found[i].twin_id;

		note_missing(l, l->todo[i]->team_id, id);
		if (id != 0 && l->todo[i]->want_person_ids)
			pg_array_int(twins, id);
	}
	if (twins->n != n_before)
		l->is_open = true;
}

static int
read_map(struct pg_lookup *l, struct err *e)
{
	struct pg_conn *c = l->d->c;

	if (pg_next(c, e) != 0)
		return -(int)e->code;
	memset(l->found, 0, l->n_todo * sizeof(*l->found));
	for (int i = 0; i < pg_n_rows(c); i++) {
		int64_t ord = pg_col_i64(c, i, 0);
		struct pg_id_row *f;

		if (ord < 1 || ord > l->n_todo)
			return err_set(e, ERR_CORRUPT, "an id out of range");
		f = &l->found[ord - 1];
		f->row_id = pg_col_i64(c, i, 1);
		f->person_id = pg_col_i64(c, i, 2);
		f->version = pg_col_i64(c, i, 3);
		f->is_deleted = pg_col_bool(c, i, 4);
		f->personless = !pg_col_is_null(c, i, 5);
		f->personless_merged = pg_col_bool(c, i, 5);
		f->id_tombstone =
			pg_col_is_null(c, i, 6) ? -1 : pg_col_i64(c, i, 6);
		f->person_tombstone =
			pg_col_is_null(c, i, 7) ? -1 : pg_col_i64(c, i, 7);
		if (f->twin_id == 0 || pg_col_i64(c, i, 8) < f->twin_id)
			f->twin_id = pg_col_i64(c, i, 8);
		if (!f->is_deleted)
			note_missing(
				l, l->todo[ord - 1]->team_id, f->person_id);
	}
	note_twins(l);
	return 0;
}

static int
read_whole(struct pg_lookup *l, struct err *e)
{
	struct pg_conn *c = l->d->c;

	if (l->d->want.whole_id.n == 0)
		return 0;
	if (pg_next(c, e) != 0)
		return -(int)e->code;
	l->n_whole = (uint32_t)pg_n_rows(c);
	l->whole = arena_zalloc(l->s->arena, l->n_whole + 1, sizeof(*l->whole));
	if (l->whole == NULL)
		return no_memory(e);
	for (int i = 0; i < (int)l->n_whole; i++) {
		struct pg_whole_row *w = &l->whole[i];

		w->person_id = pg_col_i64(c, i, 0);
		w->row_id = pg_col_i64(c, i, 1);
		w->id = arena_dup_slice(l->s->arena, pg_col_text(c, i, 2));
		w->version = pg_col_i64(c, i, 3);
		if (w->id.p == NULL)
			return no_memory(e);
	}
	return 0;
}

/* What is asked for once in a load rides with the first round. */
static int
queue_rest(struct pg_lookup *l, struct err *e)
{
	struct persondb_pg *d = l->d;

	if (persondb_pg_queue_ids(d, &d->persons, l->n_todo, e) != 0 ||
		persondb_pg_queue_ids(d, &d->ids, l->n_todo, e) != 0)
		return -(int)e->code;
	return persondb_pg_queue_groups(d, l->s, e);
}

static int
read_rest(struct pg_lookup *l, struct err *e)
{
	struct persondb_pg *d = l->d;

	if (persondb_pg_read_ids(d, &d->persons, e) != 0 ||
		persondb_pg_read_ids(d, &d->ids, e) != 0)
		return -(int)e->code;
	return persondb_pg_read_groups(d, l->s, e);
}

static int
run_round(struct pg_lookup *l, bool is_first, struct err *e)
{
	if (queue_lock(l, is_first, e) != 0 || queue_map(l, e) != 0)
		return -(int)e->code;
	if (is_first && queue_rest(l, e) != 0)
		return -(int)e->code;
	if (pg_sync(l->d->c, e) != 0 || read_rows(l, e) != 0)
		return -(int)e->code;
	persondb_pg_cols(l->d);
	l->is_open = false;
	if (read_map(l, e) != 0 || read_whole(l, e) != 0)
		return -(int)e->code;
	return is_first ? read_rest(l, e) : 0;
}

int
persondb_pg_load(struct persondb_pg *d, struct person_set *s, struct err *e)
{
	struct pg_lookup l = {.d = d, .s = s};
	int r = list_ids(&l, e);

	s->keeps_origins = true;
	for (int i = 0; r == 0; i++) {
		r = run_round(&l, i == 0, e);
		if (r == 0 && !l.is_open)
			break;
		if (r == 0 && i + 1 == ROUNDS_MAX)
			r = err_set(e, ERR_BUSY,
				"distinct ids move faster than they are read");
	}
	if (r == 0)
		r = persondb_pg_enter(&l, e);
	if (r == 0 && s->failed)
		r = no_memory(e);
	if (r != 0) {
		pg_cancel_group(d->c);
		return persondb_pg_narrow(e);
	}
	return 0;
}
