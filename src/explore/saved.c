#include "explore/saved.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/json_read.h"
#include "base/json_write.h"
#include "base/utf8.h"
#include "explore/console.h"
#include "explore/sql.h"
#include "store/store.h"

/* One change, run on the writer's thread of config.db. */
struct change {
	struct store_job job;
	enum { CREATE, CHANGE, DELETE } what;
	const struct saved_who *who;
	const struct saved_query *q;
	int64_t id, now_us;
};

static void
put_time(struct buf *out, const char *name, int64_t at_us)
{
	char text[CLOCK_TEXT_MAX];

	clock_format(at_us, CLOCK_ISO_MS, text);
	buf_printf(out, ",\"%s\":\"%s\"", name, text);
}

/* st stands on the columns of the table. */
static void
put_row(struct store_stmt *st, const struct saved_who *who, struct buf *out)
{
	int64_t owner = sql_col_i64(st, 4);

	buf_printf(
		out, "{\"id\":%lld,\"name\":", (long long)sql_col_i64(st, 0));
	json_put_string(out, sql_col_text(st, 1));
	buf_append_lit(out, ",\"query\":");
	json_put_string(out, sql_col_text(st, 2));
	buf_append_lit(out, ",\"chart\":");
	buf_append_slice(out, sql_col_text(st, 3));
	buf_append_lit(out, ",\"owner\":");
	json_put_string(out, sql_col_text(st, 5));
	buf_printf(out, ",\"is_own\":%s,\"may_change\":%s,\"is_shared\":%s",
		owner == who->id ? "true" : "false",
		owner == who->id || who->is_admin ? "true" : "false",
		sql_col_i64(st, 6) != 0 ? "true" : "false");
	put_time(out, "created_at", sql_col_i64(st, 7));
	put_time(out, "changed_at", sql_col_i64(st, 8));
	buf_append_char(out, '}');
}

static int
list_rows(struct store_conn *c, const struct saved_who *who, struct buf *out,
	struct err *e)
{
	struct store_stmt *st;
	int n = 0;
	int r = sql_get(c, &explore_sql, EXPLORE_SQL_LIST, &st, e);

	if (r != 0)
		return r;
	sql_bind_i64(st, 1, who->id);
	buf_append_lit(out, "{\"items\":[");
	while ((r = sql_step(st, e)) > 0) {
		if (n++ > 0)
			buf_append_char(out, ',');
		put_row(st, who, out);
	}
	sql_reset(st);
	buf_append_lit(out, "],\"next\":null}\n");
	return r;
}

int
saved_list(struct store *config, const struct saved_who *who, struct buf *out,
	struct err *e)
{
	struct store_conn *c;
	int r = store_reader_open(config, &c, e);

	if (r != 0)
		return r;
	r = list_rows(c, who, out, e);
	store_reader_close(c);
	return r;
}

/* 0: *owner is who owns it. What who may not see is not there (explore-2). */
static int
look(struct store_conn *c, const struct saved_who *who, int64_t id,
	int64_t *owner, struct buf *out, struct err *e)
{
	struct store_stmt *st;
	int r = sql_get(c, &explore_sql, EXPLORE_SQL_SHOW, &st, e);

	if (r != 0)
		return r;
	sql_bind_i64(st, 1, id);
	r = sql_step(st, e);
	if (r > 0) {
		*owner = sql_col_i64(st, 4);
		if (*owner != who->id && sql_col_i64(st, 6) == 0 &&
			!who->is_admin)
			r = 0;
		else if (out != NULL)
			put_row(st, who, out);
	}
	sql_reset(st);
	if (r == 0)
		return err_set(e, ERR_NOT_FOUND, "no such query is kept");
	return r < 0 ? r : 0;
}

int
saved_show(struct store *config, const struct saved_who *who, int64_t id,
	struct buf *out, struct err *e)
{
	struct store_conn *c;
	int64_t owner;
	int r = store_reader_open(config, &c, e);

	if (r != 0)
		return r;
	r = look(c, who, id, &owner, out, e);
	store_reader_close(c);
	return r;
}

/* explore-4 */
static int
check_room(struct store_conn *c, const struct saved_who *who, struct err *e)
{
	struct store_stmt *st;
	int64_t own, all;
	int r = sql_get(c, &explore_sql, EXPLORE_SQL_COUNT, &st, e);

	if (r != 0)
		return r;
	sql_bind_i64(st, 1, who->id);
	r = sql_step(st, e);
	if (r <= 0)
		return r < 0 ? r : err_set(e, ERR_BUG, "a count without a row");
	own = sql_col_i64(st, 0);
	all = sql_col_i64(st, 1);
	sql_reset(st);
	if (own >= SAVED_PER_OWNER)
		return err_set(e, ERR_TOO_BIG,
			"you keep %d queries already: delete one first",
			SAVED_PER_OWNER);
	if (all >= SAVED_ALL)
		return err_set(e, ERR_TOO_BIG,
			"%d queries are kept already: some must be deleted "
			"first",
			SAVED_ALL);
	return 0;
}

static int
run_create(struct change *ch, struct store_conn *c, struct err *e)
{
	struct store_stmt *st;
	int r = check_room(c, ch->who, e);

	if (r == 0)
		r = sql_get(c, &explore_sql, EXPLORE_SQL_CREATE, &st, e);
	if (r != 0)
		return r;
	sql_bind_text(st, 1, ch->q->name);
	sql_bind_text(st, 2, ch->q->query);
	sql_bind_text(st, 3, ch->q->chart);
	sql_bind_i64(st, 4, ch->who->id);
	sql_bind_text(st, 5, slice_str(ch->who->name));
	sql_bind_i64(st, 6, ch->q->is_shared ? 1 : 0);
	sql_bind_i64(st, 7, ch->now_us);
	r = sql_run(st, e);
	if (r == 0)
		ch->id = sql_last_rowid(c);
	return r;
}

static int
check_owner(struct change *ch, struct store_conn *c, struct err *e)
{
	int64_t owner;
	int r = look(c, ch->who, ch->id, &owner, NULL, e);

	if (r == 0 && owner != ch->who->id && !ch->who->is_admin)
		r = err_set(e, ERR_DENIED,
			"this query is another's: save it under a name of "
			"your own");
	return r;
}

static int
run_change(struct change *ch, struct store_conn *c, struct err *e)
{
	struct store_stmt *st;
	int r = check_owner(ch, c, e);

	if (r == 0)
		r = sql_get(c, &explore_sql, EXPLORE_SQL_CHANGE, &st, e);
	if (r != 0)
		return r;
	sql_bind_i64(st, 1, ch->id);
	sql_bind_text(st, 2, ch->q->name);
	sql_bind_text(st, 3, ch->q->query);
	sql_bind_text(st, 4, ch->q->chart);
	sql_bind_i64(st, 5, ch->q->is_shared ? 1 : 0);
	sql_bind_i64(st, 6, ch->now_us);
	return sql_run(st, e);
}

static int
run_delete(struct change *ch, struct store_conn *c, struct err *e)
{
	struct store_stmt *st;
	int r = check_owner(ch, c, e);

	if (r == 0)
		r = sql_get(c, &explore_sql, EXPLORE_SQL_DELETE, &st, e);
	if (r != 0)
		return r;
	sql_bind_i64(st, 1, ch->id);
	return sql_run(st, e);
}

static int
run(struct store_job *j, struct store_conn *c, struct err *e)
{
	struct change *ch = (struct change *)(void *)j;

	switch (ch->what) {
	case CREATE:
		return run_create(ch, c, e);
	case CHANGE:
		return run_change(ch, c, e);
	case DELETE:
		return run_delete(ch, c, e);
	}
	return err_set(e, ERR_BUG, "no such change");
}

static int
check_query(const struct saved_query *q, struct err *e)
{
	const struct json_limits lim = {8, 1000};
	struct json_doc d;
	struct arena a;
	bool ok;

	if (q->name.len == 0 || q->name.len > SAVED_NAME_BYTES)
		return err_set(e, ERR_INVALID, "name: 1 to %d bytes",
			SAVED_NAME_BYTES);
	if (q->query.len == 0 || q->query.len > CONSOLE_QUERY_BYTES)
		return err_set(e, ERR_INVALID, "query: 1 to %d bytes",
			CONSOLE_QUERY_BYTES);
	if (!utf8_valid(q->name) || !utf8_valid(q->query))
		return err_set(e, ERR_INVALID, "text in UTF-8 is wanted");
	if (q->chart.len > SAVED_CHART_BYTES)
		return err_set(e, ERR_INVALID, "chart: at most %d bytes",
			SAVED_CHART_BYTES);
	arena_init(&a, 1024 * 1024);
	ok = json_parse(&a, q->chart, &lim, &d, e) == 0 &&
	     d.nodes[0].type == JSON_OBJECT;
	arena_fini(&a);
	return ok ? 0 : err_set(e, ERR_INVALID, "chart: an object is wanted");
}

static int
call(struct store *config, struct change *ch, struct err *e)
{
	ch->job.run = run;
	ch->job.bytes = sizeof(*ch);
	ch->now_us = clock_now_us();
	return store_call(config, &ch->job, e);
}

int
saved_create(struct store *config, const struct saved_who *who,
	const struct saved_query *q, struct buf *out, struct err *e)
{
	struct change ch = {.what = CREATE, .who = who, .q = q};
	int r = check_query(q, e);

	if (r == 0)
		r = call(config, &ch, e);
	return r != 0 ? r : saved_show(config, who, ch.id, out, e);
}

int
saved_change(struct store *config, const struct saved_who *who, int64_t id,
	const struct saved_query *q, struct buf *out, struct err *e)
{
	struct change ch = {.what = CHANGE, .who = who, .q = q, .id = id};
	int r = check_query(q, e);

	if (r == 0)
		r = call(config, &ch, e);
	return r != 0 ? r : saved_show(config, who, id, out, e);
}

int
saved_delete(struct store *config, const struct saved_who *who, int64_t id,
	struct err *e)
{
	struct change ch = {.what = DELETE, .who = who, .id = id};

	return call(config, &ch, e);
}
