#include "persondb/pg_int.h"

/*
 * Group types and groups of a load. Two nodes that give one name or one number
 * to the same project at once meet at the unique constraints, and the second
 * begins anew (BUSY); a group that was changed meanwhile has another version.
 */

static int
no_memory(struct err *e)
{
	return err_set(e, ERR_NO_MEMORY, "no memory to load groups");
}

static int64_t
owner_of(const struct persondb_pg *d, const struct person_team *t)
{
	return d->schema.group_type_by_project ? t->project_id : t->team_id;
}

static int
queue_types(struct persondb_pg *d, struct person_set *s, struct err *e)
{
	struct persondb_pg_cols *k = persondb_pg_cols(d);
	struct pg_stmt *st;

	for (struct person_team *t = s->teams; t != NULL; t = t->next)
		if (t->want_types &&
			person_put_types(s, t, owner_of(d, t)) == NULL)
			return no_memory(e);
	for (struct person_types *y = s->types; y != NULL; y = y->next)
		if (!y->is_loaded)
			pg_array_int(&k->i64[0], y->owner_id);
	if (k->i64[0].n == 0)
		return 0;
	st = persondb_pg_get(
		d, PG_TYPES, PG_FORM(d->schema.group_type_by_project, 0));
	pg_bind_array(st, 1, &k->i64[0]);
	return pg_queue(st, e);
}

static int
queue_rows(struct persondb_pg *d, struct person_set *s, struct err *e)
{
	struct persondb_pg_cols *k = persondb_pg_cols(d);
	struct pg_stmt *st;

	for (struct person_group *g = s->groups; g != NULL; g = g->next) {
		if (g->is_loaded)
			continue;
		pg_array_int(&k->i32[0], g->team_id);
		pg_array_int(&k->i64[0],
			person_find_team(s, g->team_id)->types->owner_id);
		pg_array_text(&k->text[0], g->type);
		pg_array_text(&k->text[1], g->key);
	}
	if (k->i32[0].n == 0)
		return 0;
	st = persondb_pg_get(
		d, PG_GROUPS, PG_FORM(d->schema.group_type_by_project, 0));
	pg_bind_array(st, 1, &k->i32[0]);
	pg_bind_array(st, 2, &k->i64[0]);
	pg_bind_array(st, 3, &k->text[0]);
	pg_bind_array(st, 4, &k->text[1]);
	return pg_queue(st, e);
}

static int64_t *
team_slot(struct persondb_pg *d, int64_t team_id)
{
	return &d->teams[(uint64_t)team_id & (PERSONDB_PG_TEAMS - 1)];
}

bool
persondb_pg_team_known(const struct persondb_pg *d, int64_t team_id)
{
	return d->teams[(uint64_t)team_id & (PERSONDB_PG_TEAMS - 1)] == team_id;
}

static int
queue_teams(struct persondb_pg *d, struct person_set *s, struct err *e)
{
	struct persondb_pg_cols *k = persondb_pg_cols(d);
	struct pg_stmt *st;

	for (struct person_team *t = s->teams; t != NULL; t = t->next)
		if (!persondb_pg_team_known(d, t->team_id))
			pg_array_int(&k->i32[0], t->team_id);
	d->n_teams_asked = k->i32[0].n;
	if (d->n_teams_asked == 0)
		return 0;
	st = persondb_pg_get(d, PG_TEAMS_INGESTED, 0);
	pg_bind_array(st, 1, &k->i32[0]);
	return pg_queue(st, e);
}

int
persondb_pg_queue_groups(
	struct persondb_pg *d, struct person_set *s, struct err *e)
{
	if (queue_teams(d, s, e) != 0 || queue_types(d, s, e) != 0)
		return -(int)e->code;
	return queue_rows(d, s, e);
}

static int
read_teams(struct persondb_pg *d, struct err *e)
{
	if (d->n_teams_asked == 0)
		return 0;
	if (pg_next(d->c, e) != 0)
		return -(int)e->code;
	for (int i = 0; i < pg_n_rows(d->c); i++) {
		int64_t team_id = pg_col_i64(d->c, i, 0);

		*team_slot(d, team_id) = team_id;
	}
	return 0;
}

static int
enter_types(struct persondb_pg *d, struct person_set *s, struct person_types *y,
	struct err *e)
{
	for (int i = 0; i < pg_n_rows(d->c); i++) {
		struct slice name;

		if (pg_col_i64(d->c, i, 0) != y->owner_id ||
			y->n == LIMIT_GROUP_TYPES)
			continue;
		name = arena_dup_slice(s->arena, pg_col_text(d->c, i, 2));
		if (name.p == NULL)
			return no_memory(e);
		y->list[y->n].index = (int)pg_col_i64(d->c, i, 1);
		y->list[y->n].name = name;
		y->n++;
	}
	y->n_stored = y->n;
	y->is_loaded = true;
	return 0;
}

static int
read_types(struct persondb_pg *d, struct person_set *s, struct err *e)
{
	bool has_result = false;

	for (struct person_types *y = s->types; y != NULL; y = y->next) {
		if (y->is_loaded)
			continue;
		if (!has_result && pg_next(d->c, e) != 0)
			return -(int)e->code;
		has_result = true;
		if (enter_types(d, s, y, e) != 0)
			return -(int)e->code;
	}
	return 0;
}

static int
enter_group(struct persondb_pg *d, struct person_set *s, struct person_group *g,
	int row, struct err *e)
{
	g->row_id = pg_col_i64(d->c, row, 1);
	g->version = g->stored_version = pg_col_i64(d->c, row, 2);
	g->created_at_us = pg_col_time(d->c, row, 3);
	g->text = persondb_pg_json(
		&d->scratch, s->arena, pg_col_text(d->c, row, 4));
	return g->text.p == NULL ? no_memory(e) : 0;
}

static int
read_rows(struct persondb_pg *d, struct person_set *s, struct err *e)
{
	struct person_group **asked = arena_alloc(
		s->arena, (s->n_groups + 1) * sizeof(struct person_group *));
	int64_t n = 0;

	if (asked == NULL)
		return no_memory(e);
	for (struct person_group *g = s->groups; g != NULL; g = g->next) {
		if (g->is_loaded)
			continue;
		asked[n++] = g;
		g->type_index = person_group_type_index(s, g->team_id, g->type);
		g->is_loaded = true;
	}
	if (n == 0)
		return 0;
	if (pg_next(d->c, e) != 0)
		return -(int)e->code;
	for (int i = 0; i < pg_n_rows(d->c); i++) {
		int64_t ord = pg_col_i64(d->c, i, 0);

		if (ord < 1 || ord > n)
			return err_set(e, ERR_CORRUPT, "a group out of range");
		if (enter_group(d, s, asked[ord - 1], i, e) != 0)
			return -(int)e->code;
	}
	return 0;
}

int
persondb_pg_read_groups(
	struct persondb_pg *d, struct person_set *s, struct err *e)
{
	if (read_teams(d, e) != 0 || read_types(d, s, e) != 0)
		return -(int)e->code;
	return read_rows(d, s, e);
}
