#include "audit/activity.h"

#include "audit/audit.h"
#include "audit/sql.h"

int
audit_activity(struct store_conn *c, int64_t from_minute, int64_t recent_minute,
	void (*fn)(void *cookie, const struct audit_activity *a), void *cookie,
	struct err *e)
{
	struct store_stmt *st;
	int rc = sql_get(c, &audit_sql, AUDIT_SQL_ACTIVITY, &st, e);

	if (rc != 0)
		return rc;
	sql_bind_i64(st, 1, from_minute);
	sql_bind_i64(st, 2, recent_minute);
	sql_bind_i64(st, 3, audit_hops[AUDIT_CAPTURE].number);
	while ((rc = sql_step(st, e)) == 1) {
		const struct audit_activity a = {
			.team_id = sql_col_i64(st, 0),
			.recent = sql_col_i64(st, 1),
			.all = sql_col_i64(st, 2),
			.last_minute = sql_col_i64(st, 3),
		};

		fn(cookie, &a);
	}
	sql_reset(st);
	return rc;
}
