#include <string.h>

#include "base/hash.h"
#include "dlq/dlq_int.h"
#include "dlq/sql.h"

/* A letter whose reason was found out later is counted under that one
 * (dlq-2). */
static int
read_row(struct store_conn *c, int64_t offset, struct dlq_kind *k,
	int64_t *group, struct err *e)
{
	struct store_stmt *st;
	int r = sql_get(c, &dlq_sql, DLQ_SQL_ROW_GET, &st, e);

	*group = 0;
	if (r != 0)
		return r;
	sql_bind_i64(st, 1, offset);
	r = sql_step(st, e);
	if (r <= 0)
		return r;
	*group = sql_col_i64(st, 0);
	k->n[sql_col_i64(st, 1) % DLQ_N_STATES] = 1;
	k->first_ms = k->last_ms = sql_col_i64(st, 2);
	sql_reset(st);
	return 0;
}

/* What stays of its group. */
static int
read_group(struct store_conn *c, int64_t group, struct dlq_kind *k,
	struct arena *a, struct err *e)
{
	struct store_stmt *st;
	int r = sql_get(c, &dlq_sql, DLQ_SQL_GROUP_GET, &st, e);

	if (r != 0)
		return r;
	sql_bind_i64(st, 1, group);
	r = sql_step(st, e);
	if (r < 0)
		return r;
	k->team_id = r == 1 ? sql_col_i64(st, 0) : 0;
	k->step = SLICE_LIT("");
	if (r == 1 && sql_col_text(st, 1).len > 0)
		k->step = arena_dup_slice(a, sql_col_text(st, 1));
	sql_reset(st);
	return k->step.p != NULL ? 0 : err_set(e, ERR_NO_MEMORY, "a letter");
}

static int
move(struct store_conn *c, int64_t offset, int64_t from,
	const struct dlq_kind *k, struct err *e)
{
	int64_t less[DLQ_N_STATES];
	struct store_stmt *st;
	int r = sql_get(c, &dlq_sql, DLQ_SQL_ROW_GROUP, &st, e);

	if (r != 0)
		return r;
	sql_bind_i64(st, 1, offset);
	sql_bind_i64(st, 2, k->id);
	r = sql_run(st, e);
	for (int i = 0; i < DLQ_N_STATES; i++)
		less[i] = -k->n[i];
	if (r == 0)
		r = dlq_group_count(c, from, less, e);
	if (r == 0)
		r = dlq_group_count(c, k->id, k->n, e);
	return r == 0 ? dlq_group_seen(c, k, e) : r;
}

int
dlq_regroup(struct store_conn *c, int64_t offset, const char *reason,
	const char *error, struct dlq_position *at, struct err *e)
{
	struct dlq_kind k = {
		.reason = slice_str(reason),
		.error = slice_str(error),
		.newest = offset,
	};
	struct arena a;
	int64_t group;
	int r = read_row(c, offset, &k, &group, e);

	if (r != 0 || group == 0)
		return r;
	arena_init(&a, 65536);
	r = read_group(c, group, &k, &a, e);
	if (r == 0)
		r = dlq_group_enter(c, &k, at, e);
	if (r == 0 && k.id != group)
		r = move(c, offset, group, &k, e);
	arena_fini(&a);
	return r;
}

int
dlq_regroup_marked(struct store_conn *c, int64_t offset, const char *reason,
	const char *error, struct err *e)
{
	struct dlq_position at;
	int r = dlq_position_get(c, &at, e);

	if (r == 0)
		r = dlq_regroup(c, offset, reason, error, &at, e);
	/* The number of changes goes up with it. */
	return r == 0 ? dlq_position_put(c, &at, e) : r;
}
