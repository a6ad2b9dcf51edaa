#include "persondb/pg_int.h"

/*
 * Persons that are no more: what depends on them goes to the survivor of the
 * merge, or goes as well; then their rows; a tombstone stays (persondb-3).
 */
struct gone {
	struct person **list; /* all */
	uint32_t n;
	uint32_t n_rows; /* that have a row */
	uint32_t n_merged; /* of those: merged into another */
};

static const struct person *
survivor_of(const struct person *p)
{
	while (p->merged_into != NULL)
		p = p->merged_into;
	return p;
}

static bool
has_survivor(const struct person *p)
{
	return p->merged_into != NULL && !survivor_of(p)->is_deleted;
}

static int
list_gone(struct pg_save *v, struct gone *g, struct err *e)
{
	size_t n = 1;

	for (struct person *p = v->s->persons_changed; p != NULL;
		p = p->next_changed)
		n += p->is_deleted;
	g->list = arena_alloc(v->s->arena, n * sizeof(struct person *));
	if (g->list == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory to save persons");
	for (struct person *p = v->s->persons_changed; p != NULL;
		p = p->next_changed) {
		if (!p->is_deleted)
			continue;
		g->list[g->n++] = p;
		g->n_rows += p->row_id != 0;
		g->n_merged += p->row_id != 0 && has_survivor(p);
	}
	return 0;
}

/* Columns: i32[0], i64[0], i64[1] and i64[2]: project, row, survivor's row and
 * version of those merged; only_merged false: of all. */
static struct persondb_pg_cols *
fill(struct pg_save *v, const struct gone *g, bool only_merged)
{
	struct persondb_pg_cols *k = persondb_pg_cols(v->d);

	for (uint32_t i = 0; i < g->n; i++) {
		const struct person *p = g->list[i];

		if (p->row_id == 0 || (only_merged && !has_survivor(p)))
			continue;
		pg_array_int(&k->i32[0], p->team_id);
		pg_array_int(&k->i64[0], p->row_id);
		pg_array_int(&k->i64[1], survivor_of(p)->row_id);
		pg_array_int(&k->i64[2], p->stored_version);
	}
	return k;
}

static int
move_dependents(struct pg_save *v, const struct gone *g, struct err *e)
{
	struct persondb_pg_cols *k = fill(v, g, true);
	struct pg_stmt *st = persondb_pg_get(v->d, PG_COHORT_DEDUPE, 0);

	pg_bind_array(st, 1, &k->i64[0]);
	pg_bind_array(st, 2, &k->i64[1]);
	if (persondb_pg_send(v, st, PG_COHORT_DEDUPE, -1, e) != 0)
		return -(int)e->code;
	st = persondb_pg_get(v->d, PG_COHORT_MOVE, 0);
	pg_bind_array(st, 1, &k->i64[0]);
	pg_bind_array(st, 2, &k->i64[1]);
	if (persondb_pg_send(v, st, PG_COHORT_MOVE, -1, e) != 0)
		return -(int)e->code;
	if (v->d->schema.id_is_deleted) {
		st = persondb_pg_get(v->d, PG_SOFT_IDS_MOVE, 0);
		pg_bind_array(st, 1, &k->i64[0]);
		pg_bind_array(st, 2, &k->i64[1]);
		if (persondb_pg_send(v, st, PG_SOFT_IDS_MOVE, -1, e) != 0)
			return -(int)e->code;
	}
	st = persondb_pg_get(v->d, PG_OVERRIDE_COPY, 0);
	pg_bind_array(st, 1, &k->i32[0]);
	pg_bind_array(st, 2, &k->i64[0]);
	pg_bind_array(st, 3, &k->i64[1]);
	return persondb_pg_send(v, st, PG_OVERRIDE_COPY, -1, e);
}

static int
delete_rows(struct pg_save *v, const struct gone *g, struct err *e)
{
	struct persondb_pg_cols *k = fill(v, g, false);
	struct pg_stmt *st;

	if (v->d->schema.id_is_deleted) {
		st = persondb_pg_get(v->d, PG_SOFT_IDS_DELETE, 0);
		pg_bind_array(st, 1, &k->i64[0]);
		if (persondb_pg_send(v, st, PG_SOFT_IDS_DELETE, -1, e) != 0)
			return -(int)e->code;
	}
	if (g->n_merged < g->n_rows) {
		st = persondb_pg_get(v->d, PG_COHORT_DELETE, 0);
		pg_bind_array(st, 1, &k->i64[0]);
		if (persondb_pg_send(v, st, PG_COHORT_DELETE, -1, e) != 0)
			return -(int)e->code;
	}
	st = persondb_pg_get(v->d, PG_IDS_LEFT, 0);
	pg_bind_array(st, 1, &k->i64[0]);
	if (persondb_pg_send(v, st, PG_IDS_LEFT, 0, e) != 0)
		return -(int)e->code;
	st = persondb_pg_get(v->d, PG_OVERRIDE_DELETE, 0);
	pg_bind_array(st, 1, &k->i32[0]);
	pg_bind_array(st, 2, &k->i64[0]);
	if (persondb_pg_send(v, st, PG_OVERRIDE_DELETE, -1, e) != 0)
		return -(int)e->code;
	st = persondb_pg_get(v->d, PG_PERSON_DELETE, 0);
	pg_bind_array(st, 1, &k->i32[0]);
	pg_bind_array(st, 2, &k->i64[0]);
	pg_bind_array(st, 3, &k->i64[2]);
	return persondb_pg_send(v, st, PG_PERSON_DELETE, g->n_rows, e);
}

static int
put_tombstones(struct pg_save *v, const struct gone *g, struct err *e)
{
	struct persondb_pg_cols *k = persondb_pg_cols(v->d);
	struct pg_stmt *st;

	for (uint32_t i = 0; i < g->n; i++) {
		pg_array_int(&k->i32[0], g->list[i]->team_id);
		pg_array_uuid(&k->uuid, &g->list[i]->uuid);
		pg_array_int(&k->i64[0], g->list[i]->version);
	}
	st = persondb_pg_get(v->d, PG_PERSON_TOMBSTONE, 0);
	pg_bind_array(st, 1, &k->i32[0]);
	pg_bind_array(st, 2, &k->uuid);
	pg_bind_array(st, 3, &k->i64[0]);
	return persondb_pg_send(v, st, PG_PERSON_TOMBSTONE, g->n, e);
}

int
persondb_pg_save_gone(struct pg_save *v, struct err *e)
{
	struct gone g = {0};

	if (list_gone(v, &g, e) != 0)
		return -(int)e->code;
	if (g.n_merged > 0 && move_dependents(v, &g, e) != 0)
		return -(int)e->code;
	if (g.n_rows > 0 && delete_rows(v, &g, e) != 0)
		return -(int)e->code;
	return g.n > 0 ? put_tombstones(v, &g, e) : 0;
}
