#include "persondb/cache.h"
#include "persondb/persondb.h"
#include "persondb/sql.h"

static enum persondb_sql
statement_of(const struct person *p)
{
	if (p->row_id == 0)
		return PERSONDB_PERSON_INSERT;
	return p->is_deleted == p->is_stored_deleted ? PERSONDB_PERSON_UPDATE
						     : PERSONDB_PERSON_BURY;
}

static int
save_person(struct store_conn *c, struct person *p, struct err *e)
{
	enum persondb_sql which = statement_of(p);
	struct store_stmt *st;
	int at = 1;

	if (sql_get(c, &persondb_sql, (int)which, &st, e) != 0)
		return -(int)e->code;
	if (which == PERSONDB_PERSON_INSERT) {
		sql_bind_i64(st, at++, p->team_id);
		sql_bind_blob(st, at++,
			slice_of((const char *)p->uuid.b, sizeof(p->uuid.b)));
	} else {
		sql_bind_i64(st, at++, p->row_id);
	}
	sql_bind_i64(st, at++, p->created_at_us);
	sql_bind_i64(st, at++, p->version);
	sql_bind_i64(st, at++, p->is_identified);
	sql_bind_text(st, at++,
		p->is_deleted ? SLICE_LIT("{}") : person_message_properties(p));
	if (p->has_last_seen && !p->is_deleted)
		sql_bind_i64(st, at++, p->last_seen_at_us);
	else
		sql_bind_null(st, at++);
	if (which != PERSONDB_PERSON_UPDATE)
		sql_bind_i64(st, at, p->is_deleted);
	if (sql_run(st, e) != 0)
		return -(int)e->code;
	if (which == PERSONDB_PERSON_INSERT)
		p->row_id = sql_last_rowid(c);
	p->is_stored_deleted = p->is_deleted;
	return 0;
}

static int
save_id(struct store_conn *c, struct person_id *d, int64_t seq, struct err *e)
{
	struct store_stmt *st;

	if (sql_get(c, &persondb_sql, PERSONDB_ID_PUT, &st, e) != 0)
		return -(int)e->code;
	d->seq = seq;
	sql_bind_i64(st, 1, d->team_id);
	sql_bind_text(st, 2, d->id);
	sql_bind_i64(st, 3,
		d->is_deleted || d->person == NULL ? 0 : d->person->row_id);
	sql_bind_i64(st, 4, seq);
	sql_bind_i64(st, 5, d->version);
	if (sql_run(st, e) != 0)
		return -(int)e->code;
	d->is_changed = false;
	return 0;
}

/*
 * Ids are only ever added at the end of a person's, so those that changed are
 * numbered on from the one before (persondb-2). A person whose ids changed has
 * all of them loaded.
 */
static int
save_ids_of(struct store_conn *c, struct person *p, struct err *e)
{
	int64_t seq = 0;

	for (struct person_id *d = p->ids; d != NULL; d = d->next_of_person) {
		if (!d->is_changed)
			seq = d->seq;
		else if (save_id(c, d, ++seq, e) != 0)
			return -(int)e->code;
	}
	return 0;
}

static int
save_ids(struct store_conn *c, struct person_set *s, struct err *e)
{
	for (struct person_id *d = s->ids_changed; d != NULL;
		d = d->next_changed) {
		if (d->is_changed && !d->is_deleted && d->person != NULL &&
			save_ids_of(c, d->person, e) != 0)
			return -(int)e->code;
		if (d->is_changed && save_id(c, d, 0, e) != 0)
			return -(int)e->code;
	}
	return 0;
}

static int
save_personless(struct store_conn *c, struct person_id *d, struct err *e)
{
	struct store_stmt *st;

	if (sql_get(c, &persondb_sql, PERSONDB_PERSONLESS_PUT, &st, e) != 0)
		return -(int)e->code;
	sql_bind_i64(st, 1, d->team_id);
	sql_bind_text(st, 2, d->id);
	sql_bind_i64(st, 3, d->personless_merged);
	return sql_run(st, e);
}

static int
save_types(struct store_conn *c, struct person_types *y, struct err *e)
{
	struct store_stmt *st;

	for (; y->n_stored < y->n; y->n_stored++) {
		if (sql_get(c, &persondb_sql, PERSONDB_TYPE_INSERT, &st, e) !=
			0)
			return -(int)e->code;
		sql_bind_i64(st, 1, y->owner_id);
		sql_bind_i64(st, 2, y->list[y->n_stored].index);
		sql_bind_text(st, 3, y->list[y->n_stored].name);
		sql_bind_i64(st, 4, y->list[y->n_stored].created_at_us);
		if (sql_run(st, e) != 0)
			return -(int)e->code;
	}
	return 0;
}

static int
save_group(struct store_conn *c, struct person_group *g, struct err *e)
{
	struct store_stmt *st;

	if (sql_get(c, &persondb_sql, PERSONDB_GROUP_PUT, &st, e) != 0)
		return -(int)e->code;
	sql_bind_i64(st, 1, g->team_id);
	sql_bind_i64(st, 2, g->type_index);
	sql_bind_text(st, 3, g->key);
	sql_bind_i64(st, 4, g->created_at_us);
	sql_bind_i64(st, 5, g->version);
	sql_bind_text(st, 6, person_group_properties(g));
	return sql_run(st, e);
}

int
persondb_save(struct store_conn *c, struct person_set *s, struct err *e)
{
	struct persondb_cache *cache = persondb_cache_of(c);

	if (cache != NULL)
		persondb_cache_forget(cache, s);
	if (person_write_all(s, e) != 0)
		return -(int)e->code;
	for (struct person *p = s->persons_changed; p != NULL;
		p = p->next_changed)
		if (save_person(c, p, e) != 0)
			return -(int)e->code;
	if (save_ids(c, s, e) != 0)
		return -(int)e->code;
	for (struct person_id *d = s->personless_changed; d != NULL;
		d = d->next_personless)
		if (save_personless(c, d, e) != 0)
			return -(int)e->code;
	for (struct person_types *y = s->types; y != NULL; y = y->next)
		if (save_types(c, y, e) != 0)
			return -(int)e->code;
	for (struct person_group *g = s->groups_changed; g != NULL;
		g = g->next_changed)
		if (save_group(c, g, e) != 0)
			return -(int)e->code;
	return 0;
}

int
persondb_delete(struct store_conn *c, struct person_set *s, int64_t team_id,
	struct slice distinct_id, struct slice uuid, struct err *e)
{
	struct store_stmt *st;
	struct uuid u;
	int rc;

	if (distinct_id.p == NULL) {
		if (!uuid_parse(uuid, &u))
			return err_set(e, ERR_INVALID, "not a person's uuid");
		if (sql_get(c, &persondb_sql, PERSONDB_ANY_ID, &st, e) != 0)
			return -(int)e->code;
		sql_bind_i64(st, 1, team_id);
		sql_bind_blob(st, 2, slice_of((const char *)u.b, sizeof(u.b)));
		rc = sql_step(st, e);
		if (rc > 0)
			distinct_id =
				arena_dup_slice(s->arena, sql_col_text(st, 0));
		sql_reset(st);
		if (rc < 0)
			return rc;
		if (rc == 0)
			return err_set(e, ERR_NOT_FOUND, "no such person");
	}
	if (person_want_id(s, team_id, distinct_id, true, e) != 0 ||
		persondb_load(c, s, e) != 0)
		return -(int)e->code;
	return person_delete(s, team_id, distinct_id, e);
}
