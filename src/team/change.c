#include "team/team_int.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "base/uuid.h"
#include "team/team_pg.h"

/* One change, run on the writer's thread of config.db. */
struct change {
	struct store_job job;
	enum { CREATE, SET, ROTATE, REVOKE, RENAME, DELETE } what;
	int64_t id; /* out for CREATE */
	char uuid[UUID_TEXT];
	struct slice name, token, settings, old_token;
	int64_t now_us, old_expires_at_us;
};

static int
run_update(struct store_conn *c, enum team_sql which, int64_t id,
	struct slice text, struct err *e)
{
	struct store_stmt *st;
	int err = sql_get(c, &team_sql, (int)which, &st, e);

	if (err != 0)
		return err;
	sql_bind_i64(st, 1, id);
	if (text.p != NULL)
		sql_bind_text(st, 2, text);
	return sql_run(st, e);
}

static int
run_create(struct change *ch, struct store_conn *c, struct err *e)
{
	struct store_stmt *st;
	int err = sql_get(c, &team_sql, TEAM_SQL_INSERT, &st, e);

	if (err != 0)
		return err;
	sql_bind_text(st, 1, slice_of(ch->uuid, UUID_TEXT));
	sql_bind_text(st, 2, ch->name);
	sql_bind_text(st, 3, ch->token);
	sql_bind_text(st, 4, ch->settings);
	sql_bind_i64(st, 5, ch->now_us);
	err = sql_run(st, e);
	if (err == 0)
		ch->id = sql_last_rowid(c);
	return err;
}

static int
run_rotate(struct change *ch, struct store_conn *c, struct err *e)
{
	struct store_stmt *st;
	int err = run_update(c, TEAM_SQL_PURGE_OLD, ch->now_us, SLICE_NONE, e);

	if (err == 0)
		err = sql_get(c, &team_sql, TEAM_SQL_OLD_TOKEN, &st, e);
	if (err != 0)
		return err;
	sql_bind_text(st, 1, ch->old_token);
	sql_bind_i64(st, 2, ch->id);
	sql_bind_i64(st, 3, ch->old_expires_at_us);
	err = sql_run(st, e);
	if (err == 0)
		err = run_update(c, TEAM_SQL_TOKEN, ch->id, ch->token, e);
	return err;
}

/* One old key, or all of the project. */
static int
run_revoke(struct change *ch, struct store_conn *c, struct err *e)
{
	int err;

	if (ch->old_token.p == NULL)
		return run_update(
			c, TEAM_SQL_DELETE_OLD, ch->id, SLICE_NONE, e);
	err = run_update(c, TEAM_SQL_REVOKE, ch->id, ch->old_token, e);
	if (err == 0 && sql_changes(c) == 0)
		err = err_set(e, ERR_NOT_FOUND,
			"the project has no such old key, or it has ended");
	return err;
}

static int
run_change(struct store_job *j, struct store_conn *c, struct err *e)
{
	struct change *ch = (struct change *)(void *)j;
	int err = 0;

	switch (ch->what) {
	case CREATE:
		return run_create(ch, c, e);
	case SET:
		return run_update(
			c, TEAM_SQL_SETTINGS, ch->id, ch->settings, e);
	case ROTATE:
		return run_rotate(ch, c, e);
	case REVOKE:
		return run_revoke(ch, c, e);
	case RENAME:
		return run_update(c, TEAM_SQL_NAME, ch->id, ch->name, e);
	case DELETE:
		err = run_update(c, TEAM_SQL_DELETE_OLD, ch->id, SLICE_NONE, e);
		if (err == 0)
			err = run_update(
				c, TEAM_SQL_DELETE, ch->id, SLICE_NONE, e);
		return err;
	}
	return err;
}

/* team-2: the snapshot is swapped before the change is answered. */
static int
commit(struct team_cache *c, struct change *ch, struct err *e)
{
	int err;

	ch->job.run = run_change;
	ch->job.bytes = sizeof(*ch) + ch->settings.len;
	ch->now_us = clock_now_us();
	err = store_call(c->config, &ch->job, e);
	return err != 0 ? err : team_cache_reload(c, e);
}

int
team_settings_merge(struct arena *a, const char *const *settings,
	const char **values, bool *is_named, struct err *e)
{
	int err = 0, i;

	for (; settings != NULL && *settings != NULL && err == 0; settings++) {
		const char *json;

		err = team_setting_parse(a, *settings, &i, &json, e);
		if (err != 0)
			return err;
		values[i] = json;
		is_named[i] = true;
	}
	return 0;
}

/* Values of t with the new ones on top, as JSON text in the arena. */
static int
merge_settings(struct arena *a, const struct team *t,
	const char *const *settings, struct slice *out, struct err *e)
{
	const struct team_row *row = (const struct team_row *)(const void *)t;
	const char *values[TEAM_N_SETTINGS] = {0};
	bool is_named[TEAM_N_SETTINGS] = {false};
	struct buf b;
	int err;

	if (t != NULL)
		memcpy(values, row->values, sizeof(values));
	err = team_settings_merge(a, settings, values, is_named, e);
	if (err != 0)
		return err;
	buf_init(&b, TEAM_SETTINGS_MAX_BYTES);
	team_settings_write(values, &b);
	*out = b.failed ? SLICE_NONE : arena_dup_slice(a, buf_slice(&b));
	buf_fini(&b);
	if (out->p == NULL)
		return err_set(e, ERR_TOO_BIG,
			"settings of a project take at most %zu bytes",
			TEAM_SETTINGS_MAX_BYTES);
	return 0;
}

int
team_check_new(const struct team_snapshot *s, const char *name,
	struct slice token, struct err *e)
{
	const char *fault = team_token_fault(token);

	if (team_check_name(name, e) != 0)
		return -(int)e->code;
	if (fault != NULL || slice_trim(token).len != token.len)
		return err_set(e, ERR_INVALID, "the token is not valid: %s",
			fault != NULL ? fault : "white space around it");
	if (team_by_token(s, token) != NULL)
		return err_set(
			e, ERR_EXISTS, "another project has or had this token");
	return 0;
}

int
team_create(struct team_cache *c, const char *name, const char *token,
	const char *const *settings, int64_t *id, struct err *e)
{
	char made[TEAM_TOKEN_RANDOM + 5];
	struct change ch = {.what = CREATE, .name = slice_str(name)};
	struct uuid u;
	struct arena a;
	int err;

	if (token == NULL) {
		team_token_make(made);
		token = made;
	}
	if (c->pg != NULL)
		return team_pg_create(c, name, token, settings, id, e);
	ch.token = slice_str(token);
	uuid_v4(&u);
	uuid_format(&u, ch.uuid);
	arena_init(&a, 8 * TEAM_SETTINGS_MAX_BYTES);
	lock_take(&c->change);
	err = team_check_new(c->current, name, ch.token, e);
	if (err == 0)
		err = merge_settings(&a, NULL, settings, &ch.settings, e);
	if (err == 0)
		err = commit(c, &ch, e);
	lock_release(&c->change);
	arena_fini(&a);
	if (err == 0)
		*id = ch.id;
	return err;
}

static int
find(const struct team_cache *c, int64_t id, const struct team **t,
	struct err *e)
{
	*t = team_by_id(c->current, id);
	if (*t == NULL)
		return err_set(
			e, ERR_NOT_FOUND, "no project %lld", (long long)id);
	return 0;
}

int
team_set(struct team_cache *c, int64_t id, const char *const *settings,
	struct err *e)
{
	struct change ch = {.what = SET, .id = id};
	const struct team *t;
	struct arena a;
	int err;

	if (c->pg != NULL)
		return team_pg_set(c, id, settings, e);
	arena_init(&a, 8 * TEAM_SETTINGS_MAX_BYTES);
	lock_take(&c->change);
	err = find(c, id, &t, e);
	if (err == 0)
		err = merge_settings(&a, t, settings, &ch.settings, e);
	if (err == 0)
		err = commit(c, &ch, e);
	lock_release(&c->change);
	arena_fini(&a);
	return err;
}

int64_t
team_grace_us(const struct team *t, int64_t grace_h)
{
	if (grace_h < 0)
		grace_h = strtoll(
			team_setting_json(t, "old_token_grace_h"), NULL, 10);
	return grace_h * 3600 * 1000000;
}

/* Looks the project up and commits, with what of it the change needs. */
static int
change_of(
	struct team_cache *c, struct change *ch, int64_t grace_h, struct err *e)
{
	const struct team *t;
	int err;

	lock_take(&c->change);
	err = find(c, ch->id, &t, e);
	if (err == 0 && ch->what == ROTATE) {
		ch->old_token = slice_str(t->token);
		ch->old_expires_at_us =
			clock_now_us() + team_grace_us(t, grace_h);
	}
	if (err == 0)
		err = commit(c, ch, e);
	lock_release(&c->change);
	return err;
}

int
team_rotate_token(
	struct team_cache *c, int64_t id, int64_t grace_h, struct err *e)
{
	char made[TEAM_TOKEN_RANDOM + 5];
	struct change ch = {.what = ROTATE, .id = id};

	team_token_make(made);
	if (c->pg != NULL)
		return team_pg_rotate(c, id, made, grace_h, e);
	ch.token = slice_str(made);
	return change_of(c, &ch, grace_h, e);
}

int
team_revoke_old(
	struct team_cache *c, int64_t id, const char *token, struct err *e)
{
	struct change ch = {.what = REVOKE, .id = id};

	if (c->pg != NULL)
		return team_pg_revoke(c, id, token, e);
	if (token != NULL)
		ch.old_token = slice_str(token);
	return change_of(c, &ch, 0, e);
}

int
team_check_name(const char *name, struct err *e)
{
	size_t len = strlen(name);

	if (len == 0 || len > TEAM_NAME_MAX_BYTES ||
		!utf8_valid(slice_str(name)))
		return err_set(e, ERR_INVALID,
			"a project's name has 1 to %d bytes of UTF-8",
			TEAM_NAME_MAX_BYTES);
	return 0;
}

int
team_rename(struct team_cache *c, int64_t id, const char *name, struct err *e)
{
	struct change ch = {.what = RENAME, .id = id, .name = slice_str(name)};
	int err = team_check_name(name, e);

	if (err != 0)
		return err;
	if (c->pg != NULL)
		return team_pg_rename(c, id, name, e);
	return change_of(c, &ch, 0, e);
}

int
team_delete(struct team_cache *c, int64_t id, struct err *e)
{
	struct change ch = {.what = DELETE, .id = id};

	if (c->pg != NULL)
		return team_pg_delete(c, id, e);
	return change_of(c, &ch, 0, e);
}
