#include <string.h>

#include "base/json_write.h"
#include "team/team_pg.h"

#define ARENA_MAX_BYTES (8 * TEAM_SETTINGS_MAX_BYTES)
#define ELSEWHERE                                                              \
	"this Postgres database is PostHog's: %s in PostHog, it is seen here " \
	"within %d seconds"

/* A change under way: what is named, and where it belongs. */
struct edit {
	struct team_cache *c;
	struct arena arena;
	const char *values[TEAM_N_SETTINGS];
	bool is_named[TEAM_N_SETTINGS];
	int n_columns, n_own; /* of those named */
};

/* The settings of Sluice alone of one project, into config.db. */
struct own_job {
	struct store_job job;
	int64_t id;
	struct slice settings; /* .p NULL: forget them */
};

static bool
is_column(const struct team_pg *t, int i)
{
	return team_columns[i] != NULL && (!t->is_known || t->has_column[i]);
}

static int
edit_init(struct edit *ed, struct team_cache *c, const char *const *settings,
	struct err *e)
{
	*ed = (struct edit){.c = c};
	arena_init(&ed->arena, ARENA_MAX_BYTES);
	return team_settings_merge(
		&ed->arena, settings, ed->values, ed->is_named, e);
}

/* After the table is known, or as far as it is. */
static void
sort_out(struct edit *ed)
{
	ed->n_columns = ed->n_own = 0;
	for (int i = 0; i < TEAM_N_SETTINGS; i++) {
		ed->n_columns += ed->is_named[i] && is_column(ed->c->pg, i);
		ed->n_own += ed->is_named[i] && !is_column(ed->c->pg, i);
	}
}

static bool
needs_postgres(const struct edit *ed)
{
	for (int i = 0; i < TEAM_N_SETTINGS; i++)
		if (ed->is_named[i] && team_columns[i] != NULL)
			return true;
	return false;
}

/* team-5 */
int
team_pg_must_be_ours(struct team_cache *c, const char *what, struct err *e)
{
	int rc = team_pg_connect(c->pg, e);

	if (rc == 0 && !c->pg->made_by_sluice)
		rc = err_set(e, ERR_DENIED, ELSEWHERE, what, TEAM_PG_POLL_S);
	return rc;
}

/* The columns of what is named, as jsonb_populate_record wants them. */
static void
write_columns(const struct edit *ed, struct buf *b)
{
	bool first = true;

	buf_append_char(b, '{');
	for (int i = 0; i < TEAM_N_SETTINGS; i++) {
		const char *json = ed->values[i];

		if (!ed->is_named[i] || !is_column(ed->c->pg, i))
			continue;
		if (!first)
			buf_append_char(b, ',');
		first = false;
		json_put_string(b, slice_str(team_columns[i]));
		buf_append_char(b, ':');
		if (json == NULL)
			buf_append_lit(b, "null");
		else if (i == TEAM_SET_DROP_OLDER_THAN)
			buf_printf(b, "\"%s seconds\"", json);
		else if (i == TEAM_SET_RECORDER_SCRIPT)
			buf_printf(b, "{\"recorder_script\":%s}", json);
		else
			buf_append_str(b, json);
	}
	buf_append_char(b, '}');
}

static int
send_columns(struct edit *ed, int64_t id, struct err *e)
{
	struct pg_conn *conn = ed->c->pg->conn;
	struct pg_stmt *st;
	struct buf b;
	int rc;

	buf_init(&b, TEAM_SETTINGS_MAX_BYTES);
	write_columns(ed, &b);
	st = pg_get(conn, &team_pg_sql, TEAM_PG_SETTINGS);
	pg_bind_i32(st, 1, (int32_t)id);
	pg_bind_text(st, 2, buf_slice(&b));
	rc = b.failed ? err_set(e, ERR_TOO_BIG,
				"settings of a project take at most %zu bytes",
				TEAM_SETTINGS_MAX_BYTES)
		      : pg_run(st, e);
	if (rc == 0 && pg_n_changed(conn) == 0)
		rc = err_set(
			e, ERR_NOT_FOUND, "no project %lld", (long long)id);
	buf_fini(&b);
	return rc;
}

static int
put_own(struct store_job *j, struct store_conn *c, struct err *e)
{
	struct own_job *o = (struct own_job *)(void *)j;
	struct store_stmt *st;
	int rc = sql_get(c, &team_sql,
		o->settings.p != NULL ? TEAM_SQL_PG_SETTING
				      : TEAM_SQL_PG_FORGET,
		&st, e);

	if (rc != 0)
		return rc;
	sql_bind_i64(st, 1, o->id);
	if (o->settings.p != NULL)
		sql_bind_text(st, 2, o->settings);
	return sql_run(st, e);
}

static int
call_own(struct team_cache *c, struct own_job *o, struct err *e)
{
	int rc;

	o->job.run = put_own;
	o->job.bytes = sizeof(*o) + o->settings.len;
	lock_take(&c->change);
	rc = store_call(c->config, &o->job, e);
	if (rc == 0)
		rc = team_cache_reload(c, e);
	lock_release(&c->change);
	return rc;
}

/* Those that the project had, with what is named on top. */
static int
save_own(struct edit *ed, int64_t id, struct err *e)
{
	const struct team_snapshot *s = team_snapshot_get(ed->c);
	const struct team_row *row =
		(const struct team_row *)(const void *)team_by_id(s, id);
	const char *all[TEAM_N_SETTINGS] = {NULL};
	struct own_job o = {.id = id};
	struct buf b;
	int rc;

	for (int i = 0; i < TEAM_N_SETTINGS; i++) {
		if (is_column(ed->c->pg, i))
			continue;
		all[i] = ed->is_named[i] ? ed->values[i]
			 : row != NULL   ? row->values[i]
					 : NULL;
	}
	buf_init(&b, TEAM_SETTINGS_MAX_BYTES);
	team_settings_write(all, &b);
	o.settings = buf_slice(&b);
	rc = b.failed ? err_set(e, ERR_TOO_BIG,
				"settings of a project take at most %zu bytes",
				TEAM_SETTINGS_MAX_BYTES)
		      : call_own(ed->c, &o, e);
	buf_fini(&b);
	team_snapshot_unref(s);
	return rc;
}

int
team_pg_exists(struct team_cache *c, int64_t id, struct err *e)
{
	const struct team_snapshot *s = team_snapshot_get(c);
	bool found = team_by_id(s, id) != NULL;

	team_snapshot_unref(s);
	return found ? 0
		     : err_set(e, ERR_NOT_FOUND, "no project %lld",
			       (long long)id);
}

static int
insert(struct edit *ed, const char *name, const char *token, int64_t *id,
	struct err *e)
{
	struct pg_conn *conn = ed->c->pg->conn;
	struct pg_stmt *st;
	struct uuid u;
	int rc = pg_begin(conn, e);

	if (rc != 0)
		return rc;
	uuid_v4(&u);
	st = pg_get(conn, &team_pg_sql, TEAM_PG_INSERT);
	pg_bind_uuid(st, 1, &u);
	pg_bind_text(st, 2, slice_str(name));
	pg_bind_text(st, 3, slice_str(token));
	rc = pg_run(st, e);
	if (rc == 0) {
		*id = pg_col_i64(conn, 0, 0);
		rc = ed->n_columns > 0 ? send_columns(ed, *id, e) : 0;
	}
	return rc == 0 ? pg_commit(conn, e) : rc;
}

/* What was changed is seen before it is answered (team-2). */
int
team_pg_end_change(struct team_cache *c, int rc, struct err *e)
{
	pg_rollback(c->pg->conn);
	return rc == 0 ? team_pg_refresh(c, true, e) : rc;
}

int
team_pg_create(struct team_cache *c, const char *name, const char *token,
	const char *const *settings, int64_t *id, struct err *e)
{
	const struct team_snapshot *s;
	struct edit ed;
	int rc = edit_init(&ed, c, settings, e);
	int64_t made = 0;

	lock_take(&c->pg->use);
	s = team_snapshot_get(c);
	if (rc == 0)
		rc = team_check_new(s, name, slice_str(token), e);
	team_snapshot_unref(s);
	if (rc == 0)
		rc = team_pg_must_be_ours(c, "create projects", e);
	if (rc == 0) {
		sort_out(&ed);
		rc = insert(&ed, name, token, &made, e);
		rc = team_pg_end_change(c, rc, e);
	}
	if (rc == -ERR_EXISTS)
		rc = err_set(
			e, ERR_EXISTS, "another project has or had this token");
	if (rc == 0 && ed.n_own > 0)
		rc = save_own(&ed, made, e);
	lock_release(&c->pg->use);
	arena_fini(&ed.arena);
	if (rc == 0)
		*id = made;
	return rc;
}

int
team_pg_set(struct team_cache *c, int64_t id, const char *const *settings,
	struct err *e)
{
	struct edit ed;
	int rc = edit_init(&ed, c, settings, e);

	lock_take(&c->pg->use);
	if (rc == 0)
		rc = team_pg_exists(c, id, e);
	if (rc == 0 && needs_postgres(&ed))
		rc = team_pg_connect(c->pg, e);
	if (rc == 0)
		sort_out(&ed);
	if (rc == 0 && ed.n_columns > 0) {
		rc = team_pg_must_be_ours(c, "change this setting", e);
		if (rc == 0)
			rc = team_pg_end_change(c, send_columns(&ed, id, e), e);
	}
	if (rc == 0 && ed.n_own > 0)
		rc = save_own(&ed, id, e);
	lock_release(&c->pg->use);
	arena_fini(&ed.arena);
	return rc;
}

static int
send_delete(struct team_cache *c, int64_t id, struct err *e)
{
	static const enum team_pg_sql both[] = {
		TEAM_PG_DELETE_OLD, TEAM_PG_DELETE};
	struct pg_conn *conn = c->pg->conn;
	int rc = pg_begin(conn, e);

	for (size_t i = 0; i < ARRAY_LEN(both) && rc == 0; i++) {
		struct pg_stmt *st = pg_get(conn, &team_pg_sql, (int)both[i]);

		pg_bind_i32(st, 1, (int32_t)id);
		rc = pg_queue(st, e);
	}
	if (rc == 0)
		rc = pg_finish(conn, e);
	return rc == 0 ? pg_commit(conn, e) : rc;
}

int
team_pg_delete(struct team_cache *c, int64_t id, struct err *e)
{
	struct own_job o = {.id = id, .settings = SLICE_NONE};
	int rc;

	lock_take(&c->pg->use);
	rc = team_pg_exists(c, id, e);
	if (rc == 0)
		rc = team_pg_must_be_ours(c, "delete projects", e);
	if (rc == 0)
		rc = team_pg_end_change(c, send_delete(c, id, e), e);
	if (rc == 0)
		rc = call_own(c, &o, e);
	lock_release(&c->pg->use);
	return rc;
}
