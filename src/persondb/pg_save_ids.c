#include <stdlib.h>

#include "persondb/pg_int.h"

static int
by_name(const void *x, const void *y)
{
	const struct person_id *a = *(struct person_id *const *)x;
	const struct person_id *b = *(struct person_id *const *)y;

	if (a->team_id != b->team_id)
		return a->team_id < b->team_id ? -1 : 1;
	return slice_cmp(a->id, b->id);
}

static int
insert_ids(
	struct pg_save *v, struct person_id **list, uint32_t n, struct err *e)
{
	struct persondb_pg_cols *k = persondb_pg_cols(v->d);
	struct pg_stmt *st;

	if (n == 0)
		return 0;
	qsort(list, n, sizeof(struct person_id *), by_name);
	for (uint32_t i = 0; i < n; i++) {
		const struct person_id *d = list[i];

		pg_array_int(&k->i64[0], d->seq);
		pg_array_int(&k->i32[0], d->team_id);
		pg_array_text(&k->text[0], d->id);
		pg_array_int(&k->i64[1], d->person->row_id);
		pg_array_int(&k->i64[2], d->version);
	}
	st = persondb_pg_get(v->d, PG_ID_INSERT, 0);
	pg_bind_array(st, 1, &k->i64[0]);
	pg_bind_array(st, 2, &k->i32[0]);
	pg_bind_array(st, 3, &k->text[0]);
	pg_bind_array(st, 4, &k->i64[1]);
	pg_bind_array(st, 5, &k->i64[2]);
	return persondb_pg_send(v, st, PG_ID_INSERT, n, e);
}

static int
move_ids(struct pg_save *v, struct person_id **list, uint32_t n, struct err *e)
{
	struct persondb_pg_cols *k = persondb_pg_cols(v->d);
	struct pg_stmt *st;

	if (n == 0)
		return 0;
	for (uint32_t i = 0; i < n; i++) {
		const struct person_id *d = list[i];

		pg_array_int(&k->i64[0], d->seq);
		pg_array_int(&k->i64[1], d->stored_owner);
		pg_array_int(&k->i64[2], d->person->row_id);
		pg_array_int(&k->i64[3], d->version);
	}
	st = persondb_pg_get(
		v->d, PG_ID_UPDATE, PG_FORM(v->d->schema.id_is_deleted, 0));
	for (int i = 0; i < 4; i++)
		pg_bind_array(st, i + 1, &k->i64[i]);
	return persondb_pg_send(v, st, PG_ID_UPDATE, n, e);
}

static int
delete_ids(
	struct pg_save *v, struct person_id **list, uint32_t n, struct err *e)
{
	struct persondb_pg_cols *k = persondb_pg_cols(v->d);
	struct pg_stmt *st;
	int64_t n_rows = 0;

	if (n == 0)
		return 0;
	qsort(list, n, sizeof(struct person_id *), by_name);
	for (uint32_t i = 0; i < n; i++) {
		const struct person_id *d = list[i];

		pg_array_int(&k->i32[0], d->team_id);
		pg_array_text(&k->text[0], d->id);
		pg_array_int(&k->i64[0], d->version);
		if (d->seq == 0)
			continue;
		pg_array_int(&k->i64[1], d->seq);
		pg_array_int(&k->i64[2], d->stored_owner);
		n_rows++;
	}
	st = persondb_pg_get(v->d, PG_ID_TOMBSTONE, 0);
	pg_bind_array(st, 1, &k->i32[0]);
	pg_bind_array(st, 2, &k->text[0]);
	pg_bind_array(st, 3, &k->i64[0]);
	if (persondb_pg_send(v, st, PG_ID_TOMBSTONE, n, e) != 0)
		return -(int)e->code;
	st = persondb_pg_get(v->d, PG_ID_DELETE, 0);
	pg_bind_array(st, 1, &k->i64[1]);
	pg_bind_array(st, 2, &k->i64[2]);
	return persondb_pg_send(v, st, PG_ID_DELETE, n_rows, e);
}

/* The changed ids, by what is to be done with them. */
struct split {
	struct person_id **fresh, **moved, **gone;
	uint32_t n_fresh, n_moved, n_gone;
};

static int
split_ids(struct pg_save *v, struct split *x, struct err *e)
{
	struct arena *a = v->s->arena;
	size_t n = 1;

	for (struct person_id *d = v->s->ids_changed; d != NULL;
		d = d->next_changed)
		n++;
	x->fresh = arena_alloc(a, n * sizeof(struct person_id *));
	x->moved = arena_alloc(a, n * sizeof(struct person_id *));
	x->gone = arena_alloc(a, n * sizeof(struct person_id *));
	if (x->fresh == NULL || x->moved == NULL || x->gone == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory to save ids");
	for (struct person_id *d = v->s->ids_changed; d != NULL;
		d = d->next_changed) {
		if (d->is_deleted || d->person == NULL) {
			x->gone[x->n_gone++] = d;
		} else if (d->seq != 0) {
			x->moved[x->n_moved++] = d;
		} else {
			/* By attachment, as far as a number can say it. */
			d->seq = persondb_pg_take_id(&v->d->ids);
			x->fresh[x->n_fresh++] = d;
		}
	}
	return 0;
}

int
persondb_pg_save_ids(struct pg_save *v, struct err *e)
{
	struct split x = {0};

	if (split_ids(v, &x, e) != 0 ||
		insert_ids(v, x.fresh, x.n_fresh, e) != 0 ||
		move_ids(v, x.moved, x.n_moved, e) != 0)
		return -(int)e->code;
	return delete_ids(v, x.gone, x.n_gone, e);
}

static int
insert_personless(
	struct pg_save *v, struct person_id **list, uint32_t n, struct err *e)
{
	struct persondb_pg_cols *k = persondb_pg_cols(v->d);
	struct pg_stmt *st;

	if (n == 0)
		return 0;
	qsort(list, n, sizeof(struct person_id *), by_name);
	for (uint32_t i = 0; i < n; i++) {
		pg_array_int(&k->i32[0], list[i]->team_id);
		pg_array_text(&k->text[0], list[i]->id);
		pg_array_bool(&k->flag, list[i]->personless_merged);
	}
	st = persondb_pg_get(v->d, PG_PERSONLESS_INSERT, 0);
	pg_bind_array(st, 1, &k->i32[0]);
	pg_bind_array(st, 2, &k->text[0]);
	pg_bind_array(st, 3, &k->flag);
	return persondb_pg_send(v, st, PG_PERSONLESS_INSERT, n, e);
}

static int
update_personless(
	struct pg_save *v, struct person_id **list, uint32_t n, struct err *e)
{
	struct persondb_pg_cols *k = persondb_pg_cols(v->d);
	struct pg_stmt *st;

	if (n == 0)
		return 0;
	qsort(list, n, sizeof(struct person_id *), by_name);
	for (uint32_t i = 0; i < n; i++) {
		pg_array_int(&k->i32[0], list[i]->team_id);
		pg_array_text(&k->text[0], list[i]->id);
	}
	st = persondb_pg_get(v->d, PG_PERSONLESS_MERGED, 0);
	pg_bind_array(st, 1, &k->i32[0]);
	pg_bind_array(st, 2, &k->text[0]);
	return persondb_pg_send(v, st, PG_PERSONLESS_MERGED, n, e);
}

int
persondb_pg_save_personless(struct pg_save *v, struct err *e)
{
	struct person_id **fresh, **old;
	uint32_t n_fresh = 0, n_old = 0;
	size_t n = 1;

	if (!v->d->schema.personless)
		return 0;
	for (struct person_id *d = v->s->personless_changed; d != NULL;
		d = d->next_personless)
		n++;
	fresh = arena_alloc(v->s->arena, n * sizeof(struct person_id *));
	old = arena_alloc(v->s->arena, n * sizeof(struct person_id *));
	if (fresh == NULL || old == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory to save ids");
	for (struct person_id *d = v->s->personless_changed; d != NULL;
		d = d->next_personless) {
		if (!d->personless_stored)
			fresh[n_fresh++] = d;
		else if (d->personless_merged)
			old[n_old++] = d;
	}
	if (insert_personless(v, fresh, n_fresh, e) != 0)
		return -(int)e->code;
	return update_personless(v, old, n_old, e);
}
