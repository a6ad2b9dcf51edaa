#include "persondb/pg_int.h"

/*
 * Loading in one round trip, without locks: seven of ten events change nothing,
 * and a lock is a write. Ids and persons are read in one snapshot; what the
 * batch then changes is locked by the save, in the order of row ids, and must
 * be as it was read (persondb-4). After a save that found it changed, loads
 * lock what they look at for a while.
 */

static int
no_memory(struct err *e)
{
	return err_set(e, ERR_NO_MEMORY, "no memory to load persons");
}

static bool
is_wanted(const struct person_id *d)
{
	return !d->is_loaded || (d->want_person_ids && d->person != NULL &&
					!d->person->ids_loaded);
}

static void
want(struct pg_lookup *l, struct person_id *p)
{
	struct persondb_pg *d = l->d;
	struct uuid u;

	l->todo[l->n_todo++] = p;
	person_uuid(p->team_id, p->id, &u);
	pg_array_int(&d->want.team, p->team_id);
	pg_array_text(&d->want.id, p->id);
	pg_array_uuid(&d->want.uuid, &u);
	pg_array_bool(&d->want.personless, p->want_personless);
	if (!p->want_person_ids)
		return;
	pg_array_int(&d->want.whole_team, p->team_id);
	pg_array_text(&d->want.whole_id, p->id);
	pg_array_uuid(&d->want.whole_uuid, &u);
}

/* The ids to look up, and the parameters that say so. */
static int
list_ids(struct pg_lookup *l, struct err *e)
{
	struct persondb_pg *d = l->d;

	pg_array_reset(&d->want.team);
	pg_array_reset(&d->want.id);
	pg_array_reset(&d->want.uuid);
	pg_array_reset(&d->want.personless);
	pg_array_reset(&d->want.whole_team);
	pg_array_reset(&d->want.whole_id);
	pg_array_reset(&d->want.whole_uuid);
	l->todo = arena_alloc(
		l->s->arena, (l->s->n_ids + 1) * sizeof(struct person_id *));
	if (l->todo == NULL)
		return no_memory(e);
	for (struct person_id *p = l->s->ids; p != NULL; p = p->next)
		if (is_wanted(p))
			want(l, p);
	return 0;
}

static int
queue_lock(struct persondb_pg *d, struct err *e)
{
	struct pg_stmt *st = persondb_pg_get(d, PG_LOCK_IDS, 0);

	pg_bind_array(st, 1, &d->want.team);
	pg_bind_array(st, 2, &d->want.id);
	return pg_queue(st, e);
}

static int
queue_map(struct persondb_pg *d, struct err *e)
{
	struct pg_stmt *st = persondb_pg_get(d, PG_MAP,
		persondb_pg_person_form(d) +
			4 * PG_FORM(d->schema.id_is_deleted,
				    d->schema.personless));

	pg_bind_array(st, 1, &d->want.team);
	pg_bind_array(st, 2, &d->want.id);
	pg_bind_array(st, 3, &d->want.uuid);
	pg_bind_array(st, 4, &d->want.personless);
	return pg_queue(st, e);
}

static int
queue_whole(struct persondb_pg *d, struct err *e)
{
	struct pg_stmt *st = persondb_pg_get(
		d, PG_WHOLE, PG_FORM(d->schema.id_is_deleted, 0));

	pg_bind_array(st, 1, &d->want.whole_team);
	pg_bind_array(st, 2, &d->want.whole_id);
	pg_bind_array(st, 3, &d->want.whole_uuid);
	return pg_queue(st, e);
}

static int
queue_all(struct pg_lookup *l, bool locks, struct err *e)
{
	struct persondb_pg *d = l->d;
	int r = locks ? queue_lock(d, e) : 0;

	if (r == 0)
		r = queue_map(d, e);
	if (r == 0 && d->want.whole_id.n > 0)
		r = queue_whole(d, e);
	if (r == 0)
		r = persondb_pg_queue_ids(d, &d->persons, l->n_todo, e);
	if (r == 0)
		r = persondb_pg_queue_ids(d, &d->ids, l->n_todo, e);
	if (r == 0)
		r = persondb_pg_queue_groups(d, l->s, e);
	return r;
}

static int
read_all(struct pg_lookup *l, bool locks, struct err *e)
{
	struct persondb_pg *d = l->d;
	int r = pg_sync(d->c, e);

	if (r == 0 && locks)
		r = pg_next(d->c, e);
	if (r == 0)
		r = pg_next(d->c, e);
	if (r == 0)
		r = persondb_pg_enter_map(l, e);
	if (r == 0 && d->want.whole_id.n > 0) {
		r = pg_next(d->c, e);
		if (r == 0)
			r = persondb_pg_enter_whole(l, e);
	}
	if (r == 0)
		r = persondb_pg_read_ids(d, &d->persons, e);
	if (r == 0)
		r = persondb_pg_read_ids(d, &d->ids, e);
	if (r == 0)
		r = persondb_pg_read_groups(d, l->s, e);
	return r;
}

int
persondb_pg_load(struct persondb_pg *d, struct person_set *s, struct err *e)
{
	struct pg_lookup l = {.d = d, .s = s};
	bool locks = d->n_locking > 0;
	int r = list_ids(&l, e);

	s->keeps_origins = true;
	if (r == 0)
		r = queue_all(&l, locks, e);
	if (r == 0)
		r = read_all(&l, locks, e);
	if (r == 0)
		persondb_pg_adopt(&l);
	if (r == 0 && s->failed)
		r = no_memory(e);
	if (r != 0) {
		pg_cancel_group(d->c);
		return persondb_pg_narrow(d, e);
	}
	return 0;
}
