#include <stdlib.h>

#include "persondb/pg_int.h"

static int
insert_types(struct pg_save *v, struct err *e)
{
	const struct pg_schema *schema = &v->d->schema;
	struct persondb_pg_cols *k = persondb_pg_cols(v->d);
	struct pg_stmt *st;

	for (struct person_types *y = v->s->types; y != NULL; y = y->next) {
		for (int i = y->n_stored; i < y->n; i++) {
			pg_array_int(&k->i32[0], y->list[i].team_id);
			/* Unused where the owner is the team. */
			pg_array_int(&k->i64[0], y->owner_id);
			pg_array_text(&k->text[0], y->list[i].name);
			pg_array_int(&k->i32[1], y->list[i].index);
			pg_array_time(&k->time[0],
				persondb_pg_time(y->list[i].created_at_us));
		}
	}
	if (k->i32[0].n == 0)
		return 0;
	st = persondb_pg_get(v->d, PG_TYPE_INSERT,
		PG_FORM(schema->group_type_by_project,
			schema->group_type_created_at));
	pg_bind_array(st, 1, &k->i32[0]);
	pg_bind_array(st, 2, &k->i64[0]);
	pg_bind_array(st, 3, &k->text[0]);
	pg_bind_array(st, 4, &k->i32[1]);
	pg_bind_array(st, 5, &k->time[0]);
	return persondb_pg_send(v, st, PG_TYPE_INSERT, k->i32[0].n, e);
}

/* Whether its type came with this batch. */
static bool
is_of_new_type(const struct pg_save *v, const struct person_group *g)
{
	const struct person_types *y =
		person_find_team(v->s, g->team_id)->types;

	for (int i = y->n_stored; i < y->n; i++)
		if (y->list[i].index == g->type_index)
			return true;
	return false;
}

static int
insert_groups(struct pg_save *v, bool of_new_types, struct err *e)
{
	enum persondb_pg_sql sql =
		of_new_types ? PG_GROUP_PUT : PG_GROUP_INSERT;
	struct persondb_pg_cols *k = persondb_pg_cols(v->d);
	struct pg_stmt *st;

	for (struct person_group *g = v->s->groups_changed; g != NULL;
		g = g->next_changed) {
		if (g->row_id != 0 || is_of_new_type(v, g) != of_new_types)
			continue;
		pg_array_int(&k->i32[0], g->team_id);
		pg_array_int(&k->i32[1], g->type_index);
		pg_array_text(&k->text[0], g->key);
		pg_array_time(&k->time[0], persondb_pg_time(g->created_at_us));
		pg_array_int(&k->i64[0], g->version);
		pg_array_text(&k->text[1], person_group_properties(g));
	}
	if (k->i32[0].n == 0)
		return 0;
	st = persondb_pg_get(v->d, sql, 0);
	pg_bind_array(st, 1, &k->i32[0]);
	pg_bind_array(st, 2, &k->i32[1]);
	pg_bind_array(st, 3, &k->text[0]);
	pg_bind_array(st, 4, &k->time[0]);
	pg_bind_array(st, 5, &k->i64[0]);
	pg_bind_array(st, 6, &k->text[1]);
	return persondb_pg_send(v, st, sql, k->i32[0].n, e);
}

static int
by_row_id(const void *x, const void *y)
{
	const struct person_group *a = *(struct person_group *const *)x;
	const struct person_group *b = *(struct person_group *const *)y;

	return (a->row_id > b->row_id) - (a->row_id < b->row_id);
}

/* Groups that have a row, in the order of all nodes; NULL: no memory. */
static struct person_group **
list_old(struct person_set *s, uint32_t *n)
{
	struct person_group **list = arena_alloc(
		s->arena, (s->n_groups + 1) * sizeof(struct person_group *));

	*n = 0;
	for (struct person_group *g = s->groups_changed;
		list != NULL && g != NULL; g = g->next_changed)
		if (g->row_id != 0)
			list[(*n)++] = g;
	if (list != NULL)
		qsort(list, *n, sizeof(struct person_group *), by_row_id);
	return list;
}

static int
update_groups(struct pg_save *v, struct err *e)
{
	struct persondb_pg_cols *k = persondb_pg_cols(v->d);
	uint32_t n;
	struct person_group **list = list_old(v->s, &n);
	struct pg_stmt *st;

	if (list == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory to save groups");
	for (uint32_t i = 0; i < n; i++) {
		const struct person_group *g = list[i];

		pg_array_int(&k->i64[0], g->row_id);
		pg_array_int(&k->i64[1], g->stored_version);
		pg_array_time(&k->time[0], persondb_pg_time(g->created_at_us));
		pg_array_int(&k->i64[2], g->version);
		pg_array_text(&k->text[0], person_group_properties(g));
	}
	if (k->i64[0].n == 0)
		return 0;
	st = persondb_pg_get(v->d, PG_GROUP_UPDATE, 0);
	pg_bind_array(st, 1, &k->i64[0]);
	pg_bind_array(st, 2, &k->i64[1]);
	pg_bind_array(st, 3, &k->time[0]);
	pg_bind_array(st, 4, &k->i64[2]);
	pg_bind_array(st, 5, &k->text[0]);
	return persondb_pg_send(v, st, PG_GROUP_UPDATE, k->i64[0].n, e);
}

int
persondb_pg_save_groups(struct pg_save *v, struct err *e)
{
	if (insert_types(v, e) != 0 || insert_groups(v, false, e) != 0 ||
		insert_groups(v, true, e) != 0)
		return -(int)e->code;
	return update_groups(v, e);
}
