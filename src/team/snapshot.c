#include "team/team_int.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/mem.h"

#define ARENA_MAX_BYTES ((size_t)256 * 1024 * 1024)

/*
 * A snapshot holds all projects as they were at one moment and never changes
 * (team-1). Readers keep the one they got by a reference.
 */
static void
snapshot_free(struct team_snapshot *s)
{
	arena_fini(&s->arena);
	mem_free(s);
}

void
team_snapshot_unref(const struct team_snapshot *s)
{
	/* The count is the one thing in it that changes. */
	struct team_snapshot *m = (struct team_snapshot *)(uintptr_t)s;

	if (m != NULL && atomic_fetch_sub(&m->refs, 1) == 1)
		snapshot_free(m);
}

static int
read_row(struct team_snapshot *s, struct store_stmt *st, struct team_row *row,
	struct err *e)
{
	struct team *t = &row->t;
	struct slice uuid = sql_col_text(st, 1);

	t->id = sql_col_i64(st, 0);
	t->project_id = sql_col_i64(st, 6);
	if (uuid.len != sizeof(t->uuid) - 1)
		return err_set(e, ERR_CORRUPT, "project %lld has no uuid",
			(long long)t->id);
	memcpy(t->uuid, uuid.p, uuid.len);
	t->name = arena_strndup(&s->arena, sql_col_text(st, 2));
	t->token = arena_strndup(&s->arena, sql_col_text(st, 3));
	t->settings_json = arena_strndup(&s->arena, sql_col_text(st, 4));
	t->created_at_us = sql_col_i64(st, 5);
	if (t->name == NULL || t->token == NULL || t->settings_json == NULL)
		return err_set(e, ERR_NO_MEMORY, "projects");
	/* Sluice's own first: a column of PostHog has the last word. */
	if (team_settings_read(
		    &s->arena, sql_col_text(st, 7), row->values, e) != 0 ||
		team_settings_read(&s->arena, slice_str(t->settings_json),
			row->values, e) != 0)
		return err_prefix(e, "project %lld", (long long)t->id);
	team_settings_apply(&s->arena, row);
	return 0;
}

static int
read_rows(struct team_snapshot *s, struct store_conn *c, enum team_sql list,
	struct err *e)
{
	struct store_stmt *st;
	int cap = 0, err;

	err = sql_get(c, &team_sql, (int)list, &st, e);
	while (err == 0 && (err = sql_step(st, e)) == 1) {
		if (s->n == cap) {
			struct team_row *more;

			if (s->n >= TEAM_MAX_PROJECTS) {
				err = err_set(e, ERR_TOO_BIG,
					"more than %d projects",
					TEAM_MAX_PROJECTS);
				break;
			}
			cap = cap == 0 ? 16 : cap * 2;
			more = arena_zalloc(
				&s->arena, (size_t)cap, sizeof(*more));
			if (more == NULL) {
				err = err_set(e, ERR_NO_MEMORY, "projects");
				break;
			}
			if (s->n > 0)
				memcpy(more, s->rows,
					(size_t)s->n * sizeof(*more));
			s->rows = more;
		}
		err = read_row(s, st, &s->rows[s->n], e);
		s->n += err == 0;
	}
	if (err < 0)
		return err;
	return 0;
}

static struct team_token *
find_token(const struct team_snapshot *s, struct slice token)
{
	unsigned i = (unsigned)hash_key(token.p, token.len) & s->mask;

	while (s->tokens[i].text != NULL &&
		!slice_eq_str(token, s->tokens[i].text))
		i = (i + 1) & s->mask;
	return &s->tokens[i];
}

/* Tokens that were replaced and go on for a while. */
struct old_tokens {
	struct team_token *v;
	unsigned n, cap;
};

static int
add_old(struct team_snapshot *s, struct old_tokens *o, struct err *e)
{
	struct team_token *more;

	if (o->n < o->cap)
		return 0;
	o->cap = o->cap == 0 ? 16 : o->cap * 2;
	more = arena_zalloc(&s->arena, o->cap, sizeof(*more));
	if (more == NULL)
		return err_set(e, ERR_NO_MEMORY, "projects");
	if (o->n > 0)
		memcpy(more, o->v, o->n * sizeof(*more));
	o->v = more;
	return 0;
}

static int
read_old_tokens(struct team_snapshot *s, struct store_conn *c,
	enum team_sql list, struct old_tokens *o, struct err *e)
{
	struct store_stmt *st;
	int err = sql_get(c, &team_sql, (int)list, &st, e);

	if (err != 0)
		return err;
	sql_bind_i64(st, 1, clock_now_us());
	/* Those that go on for longest come first. */
	while ((err = sql_step(st, e)) == 1) {
		const struct team *t = team_by_id(s, sql_col_i64(st, 1));

		if (t == NULL || o->n == TEAM_MAX_OLD_TOKENS)
			continue;
		err = add_old(s, o, e);
		if (err != 0)
			return err;
		o->v[o->n++] = (struct team_token){
			arena_strndup(&s->arena, sql_col_text(st, 0)), t,
			sql_col_i64(st, 2)};
		if (o->v[o->n - 1].text == NULL)
			return err_set(e, ERR_NO_MEMORY, "projects");
	}
	return err < 0 ? err : 0;
}

/* A table of which at most a half is in use (team-8). */
static int
index_tokens(struct team_snapshot *s, struct store_conn *c, enum team_sql list,
	struct err *e)
{
	struct old_tokens old = {0};
	unsigned size = 64;
	int err = read_old_tokens(s, c, list, &old, e);

	if (err != 0)
		return err;
	while (size < ((unsigned)s->n + old.n) * 2)
		size *= 2;
	s->mask = size - 1;
	s->tokens = arena_zalloc(&s->arena, size, sizeof(*s->tokens));
	if (s->tokens == NULL)
		return err_set(e, ERR_NO_MEMORY, "projects");
	for (int i = 0; i < s->n; i++) {
		const struct team *t = &s->rows[i].t;

		*find_token(s, slice_str(t->token)) =
			(struct team_token){t->token, t, INT64_MAX};
	}
	for (unsigned i = 0; i < old.n; i++) {
		struct team_token *slot =
			find_token(s, slice_str(old.v[i].text));

		if (slot->text == NULL)
			*slot = old.v[i];
	}
	return 0;
}

int
team_snapshot_load(struct store_conn *c, bool in_postgres,
	struct team_snapshot **out, struct err *e)
{
	struct team_snapshot *s = mem_new(struct team_snapshot);
	int err;

	if (s == NULL)
		return err_set(e, ERR_NO_MEMORY, "projects");
	atomic_store(&s->refs, 1);
	arena_init(&s->arena, ARENA_MAX_BYTES);
	err = read_rows(
		s, c, in_postgres ? TEAM_SQL_PG_LIST : TEAM_SQL_LIST, e);
	if (err == 0)
		err = index_tokens(s, c,
			in_postgres ? TEAM_SQL_PG_LIST_OLD : TEAM_SQL_LIST_OLD,
			e);
	if (err != 0) {
		snapshot_free(s);
		return err;
	}
	*out = s;
	return 0;
}

const struct team *
team_by_token(const struct team_snapshot *s, struct slice token)
{
	const struct team_token *t = find_token(s, token);

	if (t->text == NULL || (t->expires_at_us != INT64_MAX &&
				       t->expires_at_us <= clock_now_us()))
		return NULL;
	return t->t;
}

const struct team *
team_by_id(const struct team_snapshot *s, int64_t id)
{
	int lo = 0, hi = s->n;

	while (lo < hi) {
		int mid = lo + (hi - lo) / 2;

		if (s->rows[mid].t.id < id)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < s->n && s->rows[lo].t.id == id ? &s->rows[lo].t : NULL;
}

int
team_count(const struct team_snapshot *s)
{
	return s->n;
}

const struct team *
team_at(const struct team_snapshot *s, int i)
{
	return &s->rows[i].t;
}
