#include "audit/audit.h"

#include "audit/sql.h"

static int
add(struct store_conn *c, enum audit_sql how, const struct audit_entry *x,
	struct err *e)
{
	struct store_stmt *st;
	int r = sql_get(c, &audit_sql, (int)how, &st, e);

	if (r != 0)
		return r;
	sql_bind_i64(st, 1, x->minute);
	sql_bind_i64(st, 2, audit_hops[x->hop].number);
	sql_bind_i64(st, 3, x->team_id);
	sql_bind_i64(st, 4, (int64_t)x->sum.count);
	sql_bind_i64(st, 5, (int64_t)x->sum.bits);
	return sql_run(st, e);
}

static int
save(struct audit_acc *a, struct store_conn *c, enum audit_sql how,
	struct err *e)
{
	int r = 0;

	for (int i = 0; r == 0 && i < a->n_used; i++)
		r = add(c, how, &a->slots[a->used[i]], e);
	audit_acc_reset(a);
	return r;
}

int
audit_save_one(const struct audit_entry *x, struct store_conn *c, struct err *e)
{
	return add(c, AUDIT_SQL_ADD, x, e);
}

int
audit_save(struct audit_acc *a, struct store_conn *c, struct err *e)
{
	return save(a, c, AUDIT_SQL_ADD, e);
}

int
audit_save_prepared(struct audit_acc *a, struct store_conn *c, struct err *e)
{
	return save(a, c, AUDIT_SQL_ADD_PREPARED, e);
}

static int
run(struct store_conn *c, enum audit_sql what, struct err *e)
{
	struct store_stmt *st;
	int r = sql_get(c, &audit_sql, (int)what, &st, e);

	return r != 0 ? r : sql_run(st, e);
}

int
audit_publish(struct store_conn *c, struct err *e)
{
	int r = run(c, AUDIT_SQL_PUBLISH, e);

	return r != 0 ? r : run(c, AUDIT_SQL_DISCARD, e);
}

int
audit_discard(struct store_conn *c, struct err *e)
{
	return run(c, AUDIT_SQL_DISCARD, e);
}

int
audit_forget(struct store_conn *c, int64_t now_minute, struct err *e)
{
	struct store_stmt *st;
	int r = sql_get(c, &audit_sql, AUDIT_SQL_FORGET, &st, e);

	if (r != 0)
		return r;
	sql_bind_i64(st, 1, now_minute - AUDIT_KEEP_MINUTES);
	return sql_run(st, e);
}

int
audit_position(struct store_conn *c, const char *topic, int partition,
	int64_t *next, struct err *e)
{
	struct store_stmt *st;
	int r = sql_get(c, &audit_sql, AUDIT_SQL_POSITION, &st, e);

	if (r != 0)
		return r;
	sql_bind_text(st, 1, slice_str(topic));
	sql_bind_i64(st, 2, partition);
	r = sql_step(st, e);
	*next = r == 1 ? sql_col_i64(st, 0) : 0;
	sql_reset(st);
	return r < 0 ? r : 0;
}
