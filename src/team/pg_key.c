#include "base/clock.h"
#include "team/team_pg.h"

/* Names and keys of projects in Postgres. */
static int64_t
grace_us(struct team_cache *c, int64_t id, int64_t grace_h)
{
	const struct team_snapshot *s = team_snapshot_get(c);
	const struct team *t = team_by_id(s, id);
	int64_t us = t == NULL ? 0 : team_grace_us(t, grace_h);

	team_snapshot_unref(s);
	return us;
}

static int
send_token(struct team_cache *c, int64_t id, const char *token, int64_t us,
	struct err *e)
{
	struct pg_conn *conn = c->pg->conn;
	struct pg_stmt *st;
	int rc = pg_begin(conn, e);

	if (rc == 0)
		rc = pg_queue(pg_get(conn, &team_pg_sql, TEAM_PG_PURGE), e);
	if (rc == 0) {
		st = pg_get(conn, &team_pg_sql, TEAM_PG_OLD_TOKEN);
		pg_bind_i32(st, 1, (int32_t)id);
		pg_bind_time(st, 2, clock_now_us() + us);
		rc = pg_queue(st, e);
	}
	if (rc == 0) {
		st = pg_get(conn, &team_pg_sql, TEAM_PG_TOKEN);
		pg_bind_i32(st, 1, (int32_t)id);
		pg_bind_text(st, 2, slice_str(token));
		rc = pg_queue(st, e);
	}
	if (rc == 0)
		rc = pg_finish(conn, e);
	return rc == 0 ? pg_commit(conn, e) : rc;
}

int
team_pg_rotate(struct team_cache *c, int64_t id, const char *token,
	int64_t grace_h, struct err *e)
{
	int rc;

	lock_take(&c->pg->use);
	rc = team_pg_exists(c, id, e);
	if (rc == 0)
		rc = team_pg_must_be_ours(c, "rotate tokens", e);
	if (rc == 0) {
		rc = send_token(c, id, token, grace_us(c, id, grace_h), e);
		rc = team_pg_end_change(c, rc, e);
	}
	lock_release(&c->pg->use);
	return rc;
}

static int
send_one(struct team_cache *c, enum team_pg_sql which, int64_t id,
	const char *text, struct err *e)
{
	struct pg_stmt *st = pg_get(c->pg->conn, &team_pg_sql, (int)which);

	pg_bind_i32(st, 1, (int32_t)id);
	if (text != NULL)
		pg_bind_text(st, 2, slice_str(text));
	return pg_run(st, e);
}

int
team_pg_revoke(
	struct team_cache *c, int64_t id, const char *token, struct err *e)
{
	int rc;

	lock_take(&c->pg->use);
	rc = team_pg_exists(c, id, e);
	if (rc == 0)
		rc = team_pg_must_be_ours(c, "revoke keys", e);
	if (rc == 0) {
		rc = send_one(c,
			token != NULL ? TEAM_PG_REVOKE : TEAM_PG_DELETE_OLD, id,
			token, e);
		if (rc == 0 && token != NULL && pg_n_changed(c->pg->conn) == 0)
			rc = err_set(e, ERR_NOT_FOUND,
				"the project has no such old key, or it has "
				"ended");
		rc = team_pg_end_change(c, rc, e);
	}
	lock_release(&c->pg->use);
	return rc;
}

int
team_pg_rename(
	struct team_cache *c, int64_t id, const char *name, struct err *e)
{
	int rc;

	lock_take(&c->pg->use);
	rc = team_pg_exists(c, id, e);
	if (rc == 0)
		rc = team_pg_must_be_ours(c, "rename projects", e);
	if (rc == 0) {
		rc = send_one(c, TEAM_PG_NAME, id, name, e);
		rc = team_pg_end_change(c, rc, e);
	}
	lock_release(&c->pg->use);
	return rc;
}
