#include "audit/erase.h"

#include "audit/sql.h"
#include "base/clock.h"
#include "store/store.h"
#include "topic/topic.h"

static int
mark(struct store_conn *c, int64_t task, int64_t step, bool *is_new,
	struct err *e)
{
	int64_t now = audit_minute(clock_now_us() / 1000);
	struct store_stmt *st;
	int r = sql_get(c, &audit_sql, AUDIT_SQL_ERASED_FORGET, &st, e);

	if (r != 0)
		return r;
	sql_bind_i64(st, 1, now - AUDIT_KEEP_MINUTES);
	r = sql_run(st, e);
	if (r == 0)
		r = sql_get(c, &audit_sql, AUDIT_SQL_ERASED_ADD, &st, e);
	if (r != 0)
		return r;
	sql_bind_i64(st, 1, task);
	sql_bind_i64(st, 2, step);
	sql_bind_i64(st, 3, now);
	r = sql_run(st, e);
	*is_new = r == 0 && sql_changes(c) == 1;
	return r;
}

int
audit_erase_once(struct store_conn *c, int64_t task, int64_t step,
	const struct audit_list *l, struct err *e)
{
	bool is_new = false;
	int r = mark(c, task, step, &is_new, e);

	for (size_t i = 0; r == 0 && is_new && i < l->n; i++)
		r = audit_save_one(&l->v[i], c, e);
	return r;
}

static int
begins(struct store_job *j, struct store_conn *c, struct err *e)
{
	struct store_stmt *st;
	int r = sql_get(c, &audit_sql, AUDIT_SQL_CLICKHOUSE_BEGINS, &st, e);

	(void)j;
	if (r != 0)
		return r;
	sql_bind_text(st, 1, slice_str(topic_defs[TOPIC_EVENTS].name));
	sql_bind_i64(st, 2, audit_minute(clock_now_us() / 1000) + 1);
	return sql_run(st, e);
}

int
audit_clickhouse_begins(struct store *state, struct err *e)
{
	struct store_job j = {.run = begins};

	return store_call(state, &j, e);
}
