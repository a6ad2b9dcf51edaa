#include "auth/auth_int.h"

#define TRIM_EVERY 50 /* rows added, of which up to 200 go at once */
#define KEPT_ROWS 200000
#define KEPT_US (91 * AUTH_DAY_US) /* a day more than the table's trigger */

struct trail_change {
	struct auth_change ch;
	const struct auth_trail_row *row;
};

static void
bind_text(struct store_stmt *st, int i, struct slice text, size_t max)
{
	struct slice s;

	auth_cut(text, max, &s);
	sql_bind_text(st, i, s.p == NULL ? SLICE_LIT("") : s);
}

/* auth-6: by the rule of the table's own trigger. */
static int
trim(struct store_conn *c, int64_t last_id, int64_t now_us, struct err *e)
{
	if (last_id <= KEPT_ROWS || last_id % TRIM_EVERY != 0)
		return 0;
	return auth_tx_run2(
		c, AUTH_SQL_TRAIL_TRIM, last_id, now_us - KEPT_US, e);
}

static int
run_add(struct auth_change *ch, struct store_conn *c, struct err *e)
{
	const struct trail_change *t = (struct trail_change *)(void *)ch;
	const struct auth_trail_row *row = t->row;
	struct store_stmt *st;
	int rc = sql_get(c, &auth_sql, AUTH_SQL_TRAIL_INSERT, &st, e);

	if (rc < 0)
		return rc;
	sql_bind_i64(st, 1, ch->now_us);
	sql_bind_i64(st, 2, row->user_id);
	sql_bind_i64(st, 3, row->key_id);
	bind_text(st, 4, row->who, LIMIT_AUTH_TRAIL_TEXT_BYTES);
	bind_text(st, 5, row->how, LIMIT_AUTH_TRAIL_TEXT_BYTES);
	bind_text(st, 6, row->address, LIMIT_AUTH_TRAIL_TEXT_BYTES);
	bind_text(st, 7, row->action, LIMIT_AUTH_TRAIL_TEXT_BYTES);
	bind_text(st, 8, row->target, LIMIT_AUTH_TRAIL_TEXT_BYTES);
	sql_bind_text(st, 9,
		row->detail.len > AUTH_TRAIL_DETAIL_MAX || row->detail.p == NULL
			? SLICE_LIT("{}")
			: row->detail);
	rc = sql_run(st, e);
	return rc < 0 ? rc : trim(c, sql_last_rowid(c), ch->now_us, e);
}

int
auth_trail_add(struct auth *a, const struct auth_trail_row *row, struct err *e)
{
	struct trail_change t = {.ch = {.fn = run_add}, .row = row};

	return auth_commit(a, &t.ch, e);
}

static void
bind_filter(struct store_stmt *st, const struct auth_trail_filter *f)
{
	sql_bind_i64(st, 1, f->before_id == 0 ? INT64_MAX : f->before_id);
	sql_bind_i64(st, 2, f->from_us);
	sql_bind_i64(st, 3, f->to_us == 0 ? INT64_MAX : f->to_us);
	sql_bind_text(st, 4, f->who);
	sql_bind_text(st, 5, f->how);
	sql_bind_text(st, 6, f->action);
	sql_bind_text(st, 7, f->target);
	sql_bind_i64(st, 8, f->limit);
}

int
auth_trail_list(struct auth *a, const struct auth_trail_filter *f,
	auth_trail_fn *fn, void *cookie, struct err *e)
{
	struct store_stmt *st;
	int rc = auth_read(a, AUTH_SQL_TRAIL_LIST, &st, e);

	if (rc < 0)
		return rc;
	bind_filter(st, f);
	while ((rc = sql_step(st, e)) == 1)
		fn(cookie, &(struct auth_trail_row){
				   .id = sql_col_i64(st, 0),
				   .at_us = sql_col_i64(st, 1),
				   .user_id = sql_col_i64(st, 2),
				   .key_id = sql_col_i64(st, 3),
				   .who = sql_col_text(st, 4),
				   .how = sql_col_text(st, 5),
				   .address = sql_col_text(st, 6),
				   .action = sql_col_text(st, 7),
				   .target = sql_col_text(st, 8),
				   .detail = sql_col_text(st, 9),
			   });
	auth_read_end(a, st);
	return rc;
}
