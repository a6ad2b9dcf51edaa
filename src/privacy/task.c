#include "privacy/privacy_int.h"

/* The recorded deletions: rows of the table erasure in state.db. */

/* Done deletions are reported for so long. */
#define KEEP_US (INT64_C(90) * 24 * 3600 * 1000000)

/* NUL-terminated, which numbers are read with. */
static struct slice
keep(struct arena *a, struct slice s, bool *ok)
{
	const char *copy = arena_strndup(a, s);

	*ok = *ok && copy != NULL;
	return slice_of(copy, copy == NULL ? 0 : s.len);
}

int
erasure_get(struct store_conn *c, enum privacy_sql which, int64_t team_id,
	struct slice key, int64_t id, struct arena *a, struct erasure *out,
	struct err *e)
{
	struct store_stmt *st;
	bool ok = true;
	int rc;

	if (sql_get(c, &privacy_sql, which, &st, e) != 0)
		return -(int)e->code;
	sql_bind_i64(st, 1, team_id);
	sql_bind_text(st, 2, key);
	sql_bind_i64(st, 3, id);
	rc = sql_step(st, e);
	if (rc > 0) {
		*out = (struct erasure){
			.id = sql_col_i64(st, 0),
			.team_id = sql_col_i64(st, 1),
			.asked_for = keep(a, sql_col_text(st, 2), &ok),
			.uuid = keep(a, sql_col_text(st, 3), &ok),
			.version = sql_col_i64(st, 4),
			.distinct_ids = keep(a, sql_col_text(st, 5), &ok),
			.with_events = sql_col_i64(st, 6) != 0,
			.asked_at_us = sql_col_i64(st, 7),
			.front = keep(a, sql_col_text(st, 8), &ok),
			.cut_at_us = sql_col_i64(st, 9),
			.step = sql_col_i64(st, 10),
			.n_rows = sql_col_i64(st, 11),
			.done_at_us = sql_col_i64(st, 12),
		};
		if (!ok)
			rc = err_set(e, ERR_NO_MEMORY, "no memory");
	} else if (rc == 0) {
		rc = err_set(e, ERR_NOT_FOUND, "no such deletion");
	}
	sql_reset(st);
	return rc < 0 ? rc : 0;
}

int
erasure_insert(struct store_conn *c, struct erasure *x, struct err *e)
{
	struct store_stmt *st;

	if (sql_get(c, &privacy_sql, PRIVACY_SQL_FORGET, &st, e) != 0)
		return -(int)e->code;
	sql_bind_i64(st, 1, x->asked_at_us - KEEP_US);
	if (sql_run(st, e) != 0 ||
		sql_get(c, &privacy_sql, PRIVACY_SQL_INSERT, &st, e) != 0)
		return -(int)e->code;
	sql_bind_i64(st, 1, x->team_id);
	sql_bind_text(st, 2, x->asked_for);
	sql_bind_text(st, 3, x->uuid);
	sql_bind_i64(st, 4, x->version);
	sql_bind_text(st, 5, x->distinct_ids);
	sql_bind_i64(st, 6, x->with_events);
	sql_bind_i64(st, 7, x->asked_at_us);
	sql_bind_text(st, 8, x->front);
	sql_bind_i64(st, 9, x->cut_at_us);
	sql_bind_i64(st, 10, x->done_at_us);
	if (sql_run(st, e) != 0)
		return -(int)e->code;
	x->id = sql_last_rowid(c);
	return 0;
}

struct writing {
	struct store_job job;
	struct erasure *x;
};

static int
run_add(struct store_job *j, struct store_conn *c, struct err *e)
{
	struct writing *w = (struct writing *)(void *)j;

	return erasure_insert(c, w->x, e);
}

int
erasure_add(struct privacy *p, struct erasure *x, struct err *e)
{
	struct writing w = {.job = {.run = run_add, .bytes = 4096}, .x = x};

	return store_call(p->o.state, &w.job, e);
}

static int
run_save(struct store_job *j, struct store_conn *c, struct err *e)
{
	const struct erasure *x = ((struct writing *)(void *)j)->x;
	struct store_stmt *st;

	if (sql_get(c, &privacy_sql, PRIVACY_SQL_SAVE, &st, e) != 0)
		return -(int)e->code;
	sql_bind_i64(st, 1, x->id);
	sql_bind_i64(st, 2, x->cut_at_us);
	sql_bind_i64(st, 3, x->step);
	sql_bind_i64(st, 4, x->n_rows);
	sql_bind_i64(st, 5, x->done_at_us);
	return sql_run(st, e);
}

int
erasure_save(struct privacy *p, const struct erasure *x, struct err *e)
{
	struct erasure copy = *x;
	struct writing w = {
		.job = {.run = run_save, .bytes = 4096}, .x = &copy};

	return store_call(p->o.state, &w.job, e);
}
