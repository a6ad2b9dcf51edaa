#include "dlq/mark.h"

#include <stdio.h>

#include "base/utf8.h"
#include "dlq/dlq_int.h"
#include "dlq/sql.h"

const char *const dlq_state_names[DLQ_N_STATES] = {
	[DLQ_PENDING] = "pending",
	[DLQ_REPLAYED] = "replayed",
	[DLQ_DISCARDED] = "discarded",
};

enum dlq_state
dlq_mark_state(const struct dlq_mark *m)
{
	return m->discarded_at_us != 0  ? DLQ_DISCARDED
	       : m->replayed_at_us != 0 ? DLQ_REPLAYED
					: DLQ_PENDING;
}

void
dlq_mark_read(struct store_stmt *st, int col, struct dlq_mark *out)
{
	struct slice who = sql_col_text(st, col + 4);

	out->replayed_at_us = sql_col_i64(st, col);
	out->discarded_at_us = sql_col_i64(st, col + 1);
	out->replays = sql_col_i64(st, col + 2);
	out->edits = sql_col_i64(st, col + 3);
	snprintf(out->who, sizeof(out->who), "%.*s", SLICE_FMT(who));
	snprintf(out->reason, sizeof(out->reason), "%.*s",
		SLICE_FMT(sql_col_text(st, col + 5)));
	snprintf(out->error, sizeof(out->error), "%.*s",
		SLICE_FMT(sql_col_text(st, col + 6)));
}

int
dlq_mark_get(struct store_conn *c, int64_t offset, struct dlq_mark *out,
	struct err *e)
{
	struct store_stmt *st;
	int r = sql_get(c, &dlq_sql, DLQ_SQL_MARK_GET, &st, e);

	*out = (struct dlq_mark){0};
	if (r != 0)
		return r;
	sql_bind_i64(st, 1, offset);
	r = sql_step(st, e);
	if (r <= 0)
		return r;
	dlq_mark_read(st, 0, out);
	sql_reset(st);
	return 0;
}

int
dlq_mark_may_replay(
	struct store_conn *c, int64_t offset, bool again, struct err *e)
{
	struct dlq_mark m;
	int r = dlq_mark_get(c, offset, &m, e);

	if (r != 0 || again)
		return r;
	switch (dlq_mark_state(&m)) {
	case DLQ_PENDING:
		return 0;
	case DLQ_REPLAYED:
		return err_set(e, ERR_EXISTS,
			"it was replayed before: --again does it once more");
	case DLQ_DISCARDED:
		return err_set(e, ERR_EXISTS,
			"it was discarded: --again replays it nevertheless");
	}
	return 0;
}

/* The index has a row of the letter once it was read there. */
static int
move_row(struct store_conn *c, int64_t offset, enum dlq_state to, struct err *e)
{
	struct store_stmt *st;
	int64_t n[DLQ_N_STATES] = {0};
	int64_t grp;
	int r = sql_get(c, &dlq_sql, DLQ_SQL_ROW_GET, &st, e);

	if (r != 0)
		return r;
	sql_bind_i64(st, 1, offset);
	r = sql_step(st, e);
	if (r <= 0)
		return r;
	grp = sql_col_i64(st, 0);
	n[sql_col_i64(st, 1) % DLQ_N_STATES]--;
	n[to]++;
	sql_reset(st);
	r = sql_get(c, &dlq_sql, DLQ_SQL_ROW_STATE, &st, e);
	if (r != 0)
		return r;
	sql_bind_i64(st, 1, offset);
	sql_bind_i64(st, 2, (int64_t)to);
	r = sql_run(st, e);
	return r != 0 ? r : dlq_group_count(c, grp, n, e);
}

static int
after_mark(
	struct store_conn *c, int64_t offset, enum dlq_state to, struct err *e)
{
	struct store_stmt *st;
	int r = move_row(c, offset, to, e);

	if (r == 0)
		r = sql_get(c, &dlq_sql, DLQ_SQL_CHANGED, &st, e);
	return r == 0 ? sql_run(st, e) : r;
}

static struct slice
cut_who(struct slice who)
{
	if (!utf8_valid(who))
		return SLICE_LIT("");
	/* Four bytes are the longest scalar. */
	return utf8_cut_scalars(who, (DLQ_WHO_MAX - 1) / 4);
}

int
dlq_mark_replayed(struct store_conn *c, int64_t offset, int64_t now_us,
	bool is_edited, struct slice who, struct err *e)
{
	struct store_stmt *st;
	int r = sql_get(c, &dlq_sql, DLQ_SQL_MARK_REPLAYED, &st, e);

	if (r != 0)
		return r;
	sql_bind_i64(st, 1, offset);
	sql_bind_i64(st, 2, now_us);
	sql_bind_i64(st, 3, is_edited);
	sql_bind_text(st, 4, cut_who(who));
	r = sql_run(st, e);
	return r != 0 ? r : after_mark(c, offset, DLQ_REPLAYED, e);
}

int
dlq_mark_discarded(struct store_conn *c, int64_t offset, int64_t now_us,
	struct slice who, struct err *e)
{
	struct store_stmt *st;
	struct dlq_mark m;
	int r = dlq_mark_get(c, offset, &m, e);

	if (r != 0)
		return r;
	if (dlq_mark_state(&m) != DLQ_PENDING)
		return err_set(e, ERR_EXISTS, "it was %s before",
			dlq_state_names[dlq_mark_state(&m)]);
	r = sql_get(c, &dlq_sql, DLQ_SQL_MARK_DISCARDED, &st, e);
	if (r != 0)
		return r;
	sql_bind_i64(st, 1, offset);
	sql_bind_i64(st, 2, now_us);
	sql_bind_text(st, 3, cut_who(who));
	r = sql_run(st, e);
	return r != 0 ? r : after_mark(c, offset, DLQ_DISCARDED, e);
}

int
dlq_mark_reason(struct store_conn *c, int64_t offset, const char *reason,
	const char *error, struct err *e)
{
	struct store_stmt *st;
	int r = sql_get(c, &dlq_sql, DLQ_SQL_MARK_REASON, &st, e);

	if (r != 0)
		return r;
	sql_bind_i64(st, 1, offset);
	sql_bind_text(st, 2, slice_str(reason));
	sql_bind_text(st, 3, slice_str(error));
	r = sql_run(st, e);
	return r != 0 ? r : dlq_regroup_marked(c, offset, reason, error, e);
}
