#include <string.h>

#include "persondb/cache.h"
#include "persondb/persondb.h"
#include "persondb/sql.h"

static int
no_memory(struct err *e)
{
	return err_set(e, ERR_NO_MEMORY, "no memory to load persons");
}

/* Columns first.. of a person's row into p, unless it was read before. */
static int
fill_person(struct person_set *s, struct person *p, struct store_stmt *st,
	int64_t row_id, int first, struct err *e)
{
	if (p->row_id != 0)
		return 0;
	p->row_id = row_id;
	p->created_at_us = sql_col_i64(st, first);
	p->version = sql_col_i64(st, first + 1);
	p->is_identified = sql_col_i64(st, first + 2) != 0;
	p->text = arena_dup_slice(s->arena, sql_col_text(st, first + 3));
	p->has_last_seen = !sql_col_is_null(st, first + 4);
	if (p->has_last_seen)
		p->last_seen_at_us = sql_col_i64(st, first + 4);
	p->text_valid = true;
	return p->text.p == NULL ? no_memory(e) : 0;
}

static int
read_uuid(struct slice blob, struct uuid *out, struct err *e)
{
	if (blob.len != sizeof(out->b))
		return err_set(e, ERR_CORRUPT, "a person's uuid has %zu bytes",
			blob.len);
	memcpy(out->b, blob.p, sizeof(out->b));
	return 0;
}

/* All ids of the person, in the order of attachment (persondb-2). */
static int
load_ids_of(struct store_conn *c, struct person_set *s, struct person *p,
	struct err *e)
{
	struct store_stmt *st;
	int rc;

	if (p->ids_loaded)
		return 0;
	if (sql_get(c, &persondb_sql, PERSONDB_IDS_OF_PERSON, &st, e) != 0)
		return -(int)e->code;
	sql_bind_i64(st, 1, p->row_id);
	p->ids = p->ids_tail = NULL;
	while ((rc = sql_step(st, e)) > 0) {
		struct slice text =
			arena_dup_slice(s->arena, sql_col_text(st, 1));
		struct person_id *d =
			text.p == NULL ? NULL
				       : person_put_id(s, p->team_id, text);

		if (d == NULL) {
			sql_reset(st);
			return no_memory(e);
		}
		d->seq = sql_col_i64(st, 0);
		d->version = sql_col_i64(st, 2);
		person_attach_loaded(p, d);
		/* This was its row; what else may be wanted is personless. */
		d->is_loaded |= !d->want_personless;
	}
	p->ids_loaded = rc == 0;
	return rc;
}

/* A deleted person that has the uuid which this id would give a new one. */
static int
load_tombstone(struct store_conn *c, struct person_set *s, struct person_id *d,
	struct err *e)
{
	struct store_stmt *st;
	struct uuid u;
	int rc;

	person_uuid(d->team_id, d->id, &u);
	if (sql_get(c, &persondb_sql, PERSONDB_TOMBSTONE_GET, &st, e) != 0)
		return -(int)e->code;
	sql_bind_i64(st, 1, d->team_id);
	sql_bind_blob(st, 2, slice_of((const char *)u.b, sizeof(u.b)));
	rc = sql_step(st, e);
	if (rc > 0 && sql_col_i64(st, 4) != 0) {
		struct person *p = person_put(s, d->team_id, &u);

		if (p == NULL) {
			sql_reset(st);
			return no_memory(e);
		}
		if (p->row_id == 0) {
			p->row_id = sql_col_i64(st, 0);
			p->created_at_us = sql_col_i64(st, 1);
			p->version = sql_col_i64(st, 2);
			p->is_identified = sql_col_i64(st, 3) != 0;
			p->is_deleted = p->is_stored_deleted = true;
			p->text = SLICE_LIT("{}");
			p->text_valid = true;
		}
		d->stored_tombstone = p;
	}
	sql_reset(st);
	return rc < 0 ? rc : 0;
}

/* The id's row on st, and its person. */
static int
read_id(struct store_conn *c, struct person_set *s, struct person_id *d,
	struct store_stmt *st, struct err *e)
{
	int64_t person_id = sql_col_i64(st, 2);
	struct person *p;
	struct uuid u;

	d->seq = sql_col_i64(st, 0);
	d->version = sql_col_i64(st, 1);
	if (person_id == 0) { /* persondb-3 */
		d->is_tombstone = true;
		return 0;
	}
	if (read_uuid(sql_col_blob(st, 3), &u, e) != 0)
		return -(int)e->code;
	p = person_put(s, d->team_id, &u);
	if (p == NULL)
		return no_memory(e);
	if (fill_person(s, p, st, person_id, 4, e) != 0)
		return -(int)e->code;
	if (d->person == NULL)
		person_attach_loaded(p, d);
	sql_reset(st);
	return d->want_person_ids ? load_ids_of(c, s, p, e) : 0;
}

static int
load_personless(struct store_conn *c, struct person_id *d, struct err *e)
{
	struct store_stmt *st;
	int rc;

	if (sql_get(c, &persondb_sql, PERSONDB_PERSONLESS_GET, &st, e) != 0)
		return -(int)e->code;
	sql_bind_i64(st, 1, d->team_id);
	sql_bind_text(st, 2, d->id);
	rc = sql_step(st, e);
	if (rc > 0) {
		d->personless = true;
		d->personless_merged = sql_col_i64(st, 0) != 0;
	}
	sql_reset(st);
	return rc < 0 ? rc : 0;
}

/* From its row, and its person's. */
static int
look_up_id(struct store_conn *c, struct person_set *s, struct person_id *d,
	struct err *e)
{
	struct store_stmt *st;
	int rc;

	if (sql_get(c, &persondb_sql, PERSONDB_ID_GET, &st, e) != 0)
		return -(int)e->code;
	sql_bind_i64(st, 1, d->team_id);
	sql_bind_text(st, 2, d->id);
	rc = sql_step(st, e);
	if (rc > 0)
		rc = read_id(c, s, d, st, e);
	sql_reset(st);
	if (rc == 0 && d->person == NULL)
		rc = load_tombstone(c, s, d, e);
	return rc;
}

static int
load_id(struct store_conn *c, struct person_set *s, struct person_id *d,
	struct persondb_cache *cache, struct err *e)
{
	int rc = cache == NULL ? 0 : persondb_cache_find(cache, s, d, e);

	if (rc == 0)
		rc = look_up_id(c, s, d, e);
	else if (rc > 0)
		rc = d->want_person_ids ? load_ids_of(c, s, d->person, e) : 0;
	if (rc == 0 && d->want_personless)
		rc = load_personless(c, d, e);
	d->is_loaded = rc == 0;
	return rc;
}

static int
load_types(struct store_conn *c, struct person_set *s, struct person_types *y,
	struct err *e)
{
	struct store_stmt *st;
	int rc;

	if (sql_get(c, &persondb_sql, PERSONDB_TYPES_GET, &st, e) != 0)
		return -(int)e->code;
	sql_bind_i64(st, 1, y->owner_id);
	while ((rc = sql_step(st, e)) > 0 && y->n < LIMIT_GROUP_TYPES) {
		struct slice name =
			arena_dup_slice(s->arena, sql_col_text(st, 1));

		if (name.p == NULL) {
			sql_reset(st);
			return no_memory(e);
		}
		y->list[y->n].index = (int)sql_col_i64(st, 0);
		y->list[y->n].name = name;
		y->list[y->n].created_at_us = sql_col_i64(st, 2);
		y->n++;
	}
	sql_reset(st);
	y->n_stored = y->n;
	y->is_loaded = rc >= 0;
	return rc < 0 ? rc : 0;
}

static int
load_all_types(struct store_conn *c, struct person_set *s, struct err *e)
{
	for (struct person_team *t = s->teams; t != NULL; t = t->next)
		if (t->want_types &&
			person_put_types(s, t, t->project_id) == NULL)
			return no_memory(e);
	for (struct person_types *y = s->types; y != NULL; y = y->next)
		if (!y->is_loaded && load_types(c, s, y, e) != 0)
			return -(int)e->code;
	return 0;
}

static int
load_group(struct store_conn *c, struct person_set *s, struct person_group *g,
	struct err *e)
{
	struct store_stmt *st;
	int rc;

	g->type_index = person_group_type_index(s, g->team_id, g->type);
	g->is_loaded = true;
	if (g->type_index < 0)
		return 0; /* no group can have a type that does not exist */
	if (sql_get(c, &persondb_sql, PERSONDB_GROUP_GET, &st, e) != 0)
		return -(int)e->code;
	sql_bind_i64(st, 1, g->team_id);
	sql_bind_i64(st, 2, g->type_index);
	sql_bind_text(st, 3, g->key);
	rc = sql_step(st, e);
	if (rc > 0) {
		g->version = sql_col_i64(st, 0);
		g->created_at_us = sql_col_i64(st, 1);
		g->text = arena_dup_slice(s->arena, sql_col_text(st, 2));
		if (g->text.p == NULL)
			rc = no_memory(e);
	}
	sql_reset(st);
	return rc < 0 ? rc : 0;
}

/* persondb-1 */
int
persondb_load(struct store_conn *c, struct person_set *s, struct err *e)
{
	struct persondb_cache *cache = persondb_cache_of(c);

	/* Ids found on the way are put at the end and come up in turn. */
	for (struct person_id *d = s->ids; d != NULL; d = d->next) {
		if (!d->is_loaded) {
			if (load_id(c, s, d, cache, e) != 0)
				return -(int)e->code;
		} else if (d->want_person_ids && d->person != NULL &&
			   d->person->row_id != 0 &&
			   load_ids_of(c, s, d->person, e) != 0) {
			return -(int)e->code;
		}
	}
	if (load_all_types(c, s, e) != 0)
		return -(int)e->code;
	for (struct person_group *g = s->groups; g != NULL; g = g->next)
		if (!g->is_loaded && load_group(c, s, g, e) != 0)
			return -(int)e->code;
	if (s->failed)
		return no_memory(e);
	return 0;
}
