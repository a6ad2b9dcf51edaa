#include <stdlib.h>

#include "persondb/pg_int.h"

/*
 * Saving in one round trip: a handful of statements, each over columns of all
 * the batch's rows of its kind; their results are read when all are sent. Every
 * statement says how many rows it has to change: one less means that a row is
 * not as it was loaded (persondb-6). The first locks all persons that change or
 * get ids, in the order of all nodes.
 */

int
persondb_pg_send(struct pg_save *v, struct pg_stmt *st,
	enum persondb_pg_sql sql, int64_t n_rows, struct err *e)
{
	INVARIANT(v->n_sent < PG_SAVE_STATEMENTS, "persondb-6");
	v->sent[v->n_sent].sql = sql;
	v->sent[v->n_sent].n_rows = n_rows;
	v->n_sent++;
	return pg_queue(st, e);
}

/* The order of all nodes, so that two that insert the same wait for each other
 * in one direction only. */
static int
by_uuid(const void *x, const void *y)
{
	const struct person *a = *(struct person *const *)x;
	const struct person *b = *(struct person *const *)y;

	if (a->team_id != b->team_id)
		return a->team_id < b->team_id ? -1 : 1;
	return memcmp(a->uuid.b, b->uuid.b, sizeof(a->uuid.b));
}

static int
by_row_id(const void *x, const void *y)
{
	const struct person *a = *(struct person *const *)x;
	const struct person *b = *(struct person *const *)y;

	return (a->row_id > b->row_id) - (a->row_id < b->row_id);
}

/* Stored persons that this save changes, deletes or gives ids to; NULL: no
 * memory. One may be there more than once. */
static struct person **
list_touched(struct person_set *s, uint32_t *n)
{
	uint32_t max = 1;
	struct person **list;

	for (struct person *p = s->persons_changed; p != NULL;
		p = p->next_changed)
		max++;
	for (struct person_id *d = s->ids_changed; d != NULL;
		d = d->next_changed)
		max++;
	list = arena_alloc(s->arena, max * sizeof(struct person *));
	*n = 0;
	for (struct person *p = s->persons_changed; list != NULL && p != NULL;
		p = p->next_changed)
		if (p->row_id != 0)
			list[(*n)++] = p;
	for (struct person_id *d = s->ids_changed; list != NULL && d != NULL;
		d = d->next_changed)
		if (d->person != NULL && d->person->row_id != 0)
			list[(*n)++] = d->person;
	if (list != NULL)
		qsort(list, *n, sizeof(struct person *), by_row_id);
	return list;
}

static int
lock_persons(struct pg_save *v, struct err *e)
{
	struct persondb_pg_cols *k = persondb_pg_cols(v->d);
	uint32_t n;
	struct person **list = list_touched(v->s, &n);
	struct pg_stmt *st;

	if (list == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory to save persons");
	for (uint32_t i = 0; i < n; i++) {
		if (i > 0 && list[i] == list[i - 1])
			continue;
		pg_array_int(&k->i32[0], list[i]->team_id);
		pg_array_int(&k->i64[0], list[i]->row_id);
	}
	if (k->i32[0].n == 0)
		return 0;
	st = persondb_pg_get(v->d, PG_LOCK_ROWS, 0);
	pg_bind_array(st, 1, &k->i32[0]);
	pg_bind_array(st, 2, &k->i64[0]);
	return persondb_pg_send(v, st, PG_LOCK_ROWS, k->i32[0].n, e);
}

static void
add_seen(struct pg_array *a, const struct person *p)
{
	if (p->has_last_seen)
		pg_array_time(a, persondb_pg_time(p->last_seen_at_us));
	else
		pg_array_null(a);
}

static int
insert_persons(
	struct pg_save *v, struct person **list, uint32_t n, struct err *e)
{
	struct persondb_pg *d = v->d;
	struct persondb_pg_cols *k = persondb_pg_cols(d);
	struct pg_stmt *st;

	if (n == 0)
		return 0;
	qsort(list, n, sizeof(struct person *), by_uuid);
	for (uint32_t i = 0; i < n; i++) {
		const struct person *p = list[i];

		pg_array_int(&k->i64[0], p->row_id);
		pg_array_int(&k->i32[0], p->team_id);
		pg_array_uuid(&k->uuid, &p->uuid);
		pg_array_time(&k->time[0], persondb_pg_time(p->created_at_us));
		pg_array_int(&k->i64[1], p->version);
		pg_array_bool(&k->flag, p->is_identified);
		pg_array_text(&k->text[0], person_message_properties(p));
		pg_array_text(&k->text[1], p->origin_times);
		pg_array_text(&k->text[2], p->origin_operations);
		add_seen(&k->time[1], p);
	}
	st = persondb_pg_get(
		d, PG_PERSON_INSERT, PG_FORM(d->schema.person_last_seen_at, 0));
	pg_bind_array(st, 1, &k->i64[0]);
	pg_bind_array(st, 2, &k->i32[0]);
	pg_bind_array(st, 3, &k->uuid);
	pg_bind_array(st, 4, &k->time[0]);
	pg_bind_array(st, 5, &k->i64[1]);
	pg_bind_array(st, 6, &k->flag);
	pg_bind_array(st, 7, &k->text[0]);
	pg_bind_array(st, 8, &k->text[1]);
	pg_bind_array(st, 9, &k->text[2]);
	pg_bind_array(st, 10, &k->time[1]);
	return persondb_pg_send(v, st, PG_PERSON_INSERT, n, e);
}

static int
update_persons(
	struct pg_save *v, struct person **list, uint32_t n, struct err *e)
{
	struct persondb_pg *d = v->d;
	struct persondb_pg_cols *k = persondb_pg_cols(d);
	struct pg_stmt *st;

	if (n == 0)
		return 0;
	for (uint32_t i = 0; i < n; i++) {
		const struct person *p = list[i];

		pg_array_int(&k->i32[0], p->team_id);
		pg_array_int(&k->i64[0], p->row_id);
		pg_array_int(&k->i64[1], p->stored_version);
		pg_array_time(&k->time[0], persondb_pg_time(p->created_at_us));
		pg_array_int(&k->i64[2], p->version);
		pg_array_bool(&k->flag, p->is_identified);
		pg_array_text(&k->text[0], person_message_properties(p));
		add_seen(&k->time[1], p);
	}
	st = persondb_pg_get(d, PG_PERSON_UPDATE, persondb_pg_person_form(d));
	pg_bind_array(st, 1, &k->i32[0]);
	pg_bind_array(st, 2, &k->i64[0]);
	pg_bind_array(st, 3, &k->i64[1]);
	pg_bind_array(st, 4, &k->time[0]);
	pg_bind_array(st, 5, &k->i64[2]);
	pg_bind_array(st, 6, &k->flag);
	pg_bind_array(st, 7, &k->text[0]);
	pg_bind_array(st, 8, &k->time[1]);
	return persondb_pg_send(v, st, PG_PERSON_UPDATE, n, e);
}

/* Live persons, new and changed; new ones get their row ids here, in the order
 * in which they were made. */
static int
save_persons(struct pg_save *v, struct err *e)
{
	struct arena *a = v->s->arena;
	uint32_t n = 0, n_new = 0, n_old = 0;
	struct person **fresh, **old;

	for (struct person *p = v->s->persons_changed; p != NULL;
		p = p->next_changed)
		n++;
	fresh = arena_alloc(a, (n + 1) * sizeof(struct person *));
	old = arena_alloc(a, (n + 1) * sizeof(struct person *));
	if (fresh == NULL || old == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory to save persons");
	for (struct person *p = v->s->persons_changed; p != NULL;
		p = p->next_changed) {
		if (p->is_deleted)
			continue;
		if (p->row_id != 0) {
			old[n_old++] = p;
			continue;
		}
		p->row_id = persondb_pg_take_id(&v->d->persons);
		fresh[n_new++] = p;
	}
	if (insert_persons(v, fresh, n_new, e) != 0)
		return -(int)e->code;
	return update_persons(v, old, n_old, e);
}

static int
save_teams(struct pg_save *v, struct err *e)
{
	struct persondb_pg_cols *k = persondb_pg_cols(v->d);
	struct pg_stmt *st;

	for (struct person_team *t = v->s->teams; t != NULL; t = t->next)
		if (!persondb_pg_team_known(v->d, t->team_id))
			pg_array_int(&k->i32[0], t->team_id);
	if (k->i32[0].n == 0)
		return 0;
	st = persondb_pg_get(v->d, PG_TEAM_INGESTED, 0);
	pg_bind_array(st, 1, &k->i32[0]);
	return persondb_pg_send(v, st, PG_TEAM_INGESTED, -1, e);
}

/* Foreign keys of PostHog's are looked at when the transaction commits; here
 * that is now, as what fails has to fail before the output is written. */
static int
queue_all(struct pg_save *v, struct err *e)
{
	if (lock_persons(v, e) != 0 || save_persons(v, e) != 0 ||
		persondb_pg_save_ids(v, e) != 0 ||
		persondb_pg_save_gone(v, e) != 0 ||
		persondb_pg_save_personless(v, e) != 0 ||
		persondb_pg_save_groups(v, e) != 0 || save_teams(v, e) != 0)
		return -(int)e->code;
	if (v->n_sent == 0)
		return 0;
	return persondb_pg_send(
		v, persondb_pg_get(v->d, PG_CHECK_NOW, 0), PG_CHECK_NOW, -1, e);
}

static int
read_all(struct pg_save *v, struct err *e)
{
	if (v->n_sent == 0)
		return 0;
	if (pg_sync(v->d->c, e) != 0)
		return -(int)e->code;
	for (int i = 0; i < v->n_sent; i++) {
		enum persondb_pg_sql sql = v->sent[i].sql;
		bool finds = sql == PG_LOCK_ROWS || sql == PG_IDS_LEFT;
		int64_t n;

		if (pg_next(v->d->c, e) != 0)
			return -(int)e->code;
		n = finds ? pg_n_rows(v->d->c) : pg_n_changed(v->d->c);
		if (v->sent[i].n_rows >= 0 && v->sent[i].n_rows != n)
			return err_set(e, ERR_BUSY,
				"%lld of %lld rows are as they were read "
				"(statement %d)",
				(long long)n, (long long)v->sent[i].n_rows,
				(int)sql);
	}
	return 0;
}

static bool
is_of_size(struct persondb_pg *d)
{
	return strcmp(pg_sqlstate(d->c), "23514") == 0 &&
	       strcmp(pg_constraint(d->c), "check_properties_size") == 0;
}

int
persondb_pg_save(struct persondb_pg *d, struct person_set *s, struct err *e)
{
	struct pg_save v = {.d = d, .s = s};
	int r = person_write_all(s, e);

	if (r == 0)
		r = queue_all(&v, e);
	if (r == 0)
		r = read_all(&v, e);
	if (r == 0) {
		d->n_locking -= d->n_locking > 0;
		return 0;
	}
	if (e->code != ERR_BUSY && e->code != ERR_NO_MEMORY &&
		pg_is_connected(d->c) && is_of_size(d))
		return persondb_pg_find_large(d, s, e);
	pg_cancel_group(d->c);
	return persondb_pg_narrow(d, e);
}
