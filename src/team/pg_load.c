#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "pg/schema.h"
#include "team/team_pg.h"

#define ARENA_MAX_BYTES ((size_t)256 * 1024 * 1024)
#define NAMES_MAX_BYTES 8192

/* What was read, to be written to config.db. */
struct seen_project {
	int64_t id, project_id, created_at_us;
	char uuid[UUID_TEXT];
	struct slice name, token, settings;
};
struct seen_token {
	struct slice text;
	int64_t id, expires_at_us;
};
struct load {
	struct store_job job;
	struct arena arena;
	struct seen_project *projects;
	struct seen_token *tokens;
	int n, n_tokens;
};

int
team_pg_connect(struct team_pg *t, struct err *e)
{
	struct pg_schema schema;
	int rc;

	if (pg_is_alive(t->conn) && t->is_known)
		return 0;
	t->is_known = false;
	rc = pg_connect(t->conn, e);
	if (rc == 0)
		rc = pg_schema_prepare(t->conn, &schema, e);
	if (rc == 0)
		rc = pg_run(pg_get(t->conn, &team_pg_sql, TEAM_PG_COLUMNS), e);
	if (rc != 0)
		return rc;
	memset(t->has_column, 0, sizeof(t->has_column));
	for (int r = 0; r < pg_n_rows(t->conn); r++)
		for (int i = 0; i < TEAM_N_SETTINGS; i++)
			if (team_columns[i] != NULL &&
				slice_eq_str(pg_col_text(t->conn, r, 0),
					team_columns[i]))
				t->has_column[i] = true;
	t->made_by_sluice = schema.made_by_sluice;
	t->is_known = true;
	return 0;
}

static void
bind_names(struct pg_stmt *st, struct pg_array *names)
{
	pg_array_reset(names);
	for (int i = 0; i < TEAM_N_SETTINGS; i++)
		if (team_columns[i] != NULL &&
			strcmp(team_columns[i], team_setting_name(i)) == 0)
			pg_array_text(names, slice_str(team_columns[i]));
	pg_bind_array(st, 1, names);
}

static int
read_old_tokens(struct pg_conn *c, struct load *l, struct err *e)
{
	l->n_tokens = pg_n_rows(c);
	l->tokens = arena_zalloc(
		&l->arena, (size_t)l->n_tokens + 1, sizeof(*l->tokens));
	for (int r = 0; l->tokens != NULL && r < l->n_tokens; r++) {
		struct seen_token *t = &l->tokens[r];

		t->text = arena_dup_slice(&l->arena, pg_col_text(c, r, 0));
		t->id = pg_col_i64(c, r, 1);
		t->expires_at_us = pg_col_time(c, r, 2);
		if (t->text.p == NULL)
			l->tokens = NULL;
	}
	return l->tokens != NULL ? 0 : err_set(e, ERR_NO_MEMORY, "projects");
}

/* Sums of all that a snapshot is made of. */
static int
read_sums(struct team_pg *t, struct load *l, struct pg_array *names,
	char out[160], struct err *e)
{
	struct pg_stmt *st = pg_get(t->conn, &team_pg_sql, TEAM_PG_CHECKSUM);
	int64_t n, times = 0;
	char sum[64];
	int rc;

	bind_names(st, names);
	rc = pg_queue(st, e);
	if (rc == 0)
		rc = pg_queue(
			pg_get(t->conn, &team_pg_sql, TEAM_PG_OLD_TOKENS), e);
	if (rc == 0)
		rc = pg_next(t->conn, e);
	if (rc != 0)
		return rc;
	n = pg_col_i64(t->conn, 0, 0);
	snprintf(sum, sizeof(sum), "%.*s",
		SLICE_FMT(pg_col_text(t->conn, 0, 1)));
	rc = pg_next(t->conn, e);
	if (rc == 0)
		rc = read_old_tokens(t->conn, l, e);
	if (rc != 0)
		return rc;
	for (int i = 0; i < l->n_tokens; i++)
		times = times * 31 + l->tokens[i].expires_at_us +
			l->tokens[i].id;
	snprintf(out, 160, "%lld %s %d %lld", (long long)n, sum, l->n_tokens,
		(long long)times);
	return 0;
}

static int
read_project(struct pg_conn *c, int r, struct load *l, struct err *e)
{
	struct seen_project *p = &l->projects[l->n];
	struct uuid u;

	p->id = pg_col_i64(c, r, 0);
	pg_col_uuid(c, r, 1, &u);
	uuid_format(&u, p->uuid);
	p->name = arena_dup_slice(&l->arena, pg_col_text(c, r, 2));
	p->token = arena_dup_slice(&l->arena, pg_col_text(c, r, 3));
	p->settings = arena_dup_slice(&l->arena, pg_col_text(c, r, 4));
	p->created_at_us = pg_col_time(c, r, 5);
	p->project_id = pg_col_i64(c, r, 6);
	if (p->name.p == NULL || p->token.p == NULL || p->settings.p == NULL)
		return err_set(e, ERR_NO_MEMORY, "projects");
	l->n++;
	return 0;
}

static int
read_projects(struct team_pg *t, struct load *l, struct pg_array *names,
	struct err *e)
{
	struct pg_stmt *st = pg_get(t->conn, &team_pg_sql, TEAM_PG_LIST);
	int rc, n;

	bind_names(st, names);
	rc = pg_run(st, e);
	if (rc != 0)
		return rc;
	n = pg_n_rows(t->conn);
	if (n > TEAM_MAX_PROJECTS)
		return err_set(e, ERR_TOO_BIG, "more than %d projects",
			TEAM_MAX_PROJECTS);
	l->projects =
		arena_zalloc(&l->arena, (size_t)n + 1, sizeof(*l->projects));
	if (l->projects == NULL)
		return err_set(e, ERR_NO_MEMORY, "projects");
	for (int r = 0; r < n && rc == 0; r++)
		rc = read_project(t->conn, r, l, e);
	return rc;
}

static int
put_project(struct store_conn *c, const struct seen_project *p, struct err *e)
{
	struct store_stmt *st;
	int rc = sql_get(c, &team_sql, TEAM_SQL_PG_PUT, &st, e);

	if (rc != 0)
		return rc;
	sql_bind_i64(st, 1, p->id);
	sql_bind_text(st, 2, slice_of(p->uuid, UUID_TEXT));
	sql_bind_text(st, 3, p->name);
	sql_bind_text(st, 4, p->token);
	sql_bind_text(st, 5, p->settings);
	sql_bind_i64(st, 6, p->created_at_us);
	sql_bind_i64(st, 7, p->project_id);
	return sql_run(st, e);
}

static int
put_token(struct store_conn *c, const struct seen_token *t, struct err *e)
{
	struct store_stmt *st;
	int rc = sql_get(c, &team_sql, TEAM_SQL_PG_PUT_OLD, &st, e);

	if (rc != 0)
		return rc;
	sql_bind_text(st, 1, t->text);
	sql_bind_i64(st, 2, t->id);
	sql_bind_i64(st, 3, t->expires_at_us);
	return sql_run(st, e);
}

static int
clear(struct store_conn *c, enum team_sql what, struct err *e)
{
	struct store_stmt *st;
	int rc = sql_get(c, &team_sql, (int)what, &st, e);

	return rc != 0 ? rc : sql_run(st, e);
}

static int
write_all(struct store_job *j, struct store_conn *c, struct err *e)
{
	struct load *l = (struct load *)(void *)j;
	int rc = clear(c, TEAM_SQL_PG_CLEAR, e);

	if (rc == 0)
		rc = clear(c, TEAM_SQL_PG_CLEAR_OLD, e);
	for (int i = 0; i < l->n && rc == 0; i++)
		rc = put_project(c, &l->projects[i], e);
	for (int i = 0; i < l->n_tokens && rc == 0; i++)
		rc = put_token(c, &l->tokens[i], e);
	return rc;
}

/* team-4 */
static int
keep(struct team_cache *c, struct load *l, struct err *e)
{
	int rc;

	l->job.run = write_all;
	l->job.bytes = sizeof(*l) + l->arena.total;
	lock_take(&c->change);
	rc = store_call(c->config, &l->job, e);
	if (rc == 0)
		rc = team_cache_reload(c, e);
	lock_release(&c->change);
	return rc;
}

int
team_pg_refresh(struct team_cache *c, bool always, struct err *e)
{
	struct team_pg *t = c->pg;
	struct load l = {.n = 0};
	struct pg_array names;
	int64_t begin_ns = clock_mono_ns();
	char seen[160];
	int rc;

	arena_init(&l.arena, ARENA_MAX_BYTES);
	pg_array_init(&names, PG_TEXT, NAMES_MAX_BYTES);
	rc = team_pg_connect(t, e);
	if (rc == 0)
		rc = read_sums(t, &l, &names, seen, e);
	/* The sums are older than the list: a change in between is seen next
	 * time. */
	if (rc == 0 && (always || strcmp(seen, t->seen) != 0)) {
		rc = read_projects(t, &l, &names, e);
		if (rc == 0)
			rc = keep(c, &l, e);
		if (rc == 0)
			memcpy(t->seen, seen, sizeof(seen));
	}
	if (rc == 0)
		atomic_store(&t->seen_since_ns, begin_ns);
	else
		pg_cancel_group(t->conn);
	pg_array_fini(&names);
	arena_fini(&l.arena);
	return rc;
}
