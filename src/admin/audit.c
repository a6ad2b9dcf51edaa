#include <stdio.h>
#include <stdlib.h>

#include "admin/admin_int.h"
#include "audit/report.h"
#include "base/clock.h"
#include "broker/broker.h"
#include "clickhouse/clickhouse.h"
#include "team/team.h"
#include "topic/topic.h"

/* GET /api/v1/audit: the comparison of all hops (src/audit, docs/audit.md). */
#define CLICKHOUSE_SECONDS_MAX ((int64_t)UINT32_MAX) /* of its DateTime */
#define QUERY_MAX_BYTES 2048

struct asked {
	struct admin *a;
	struct audit_clickhouse c;
	char why_not[300];
};

#define MINUTE "intDiv(toInt64(toUnixTimestamp(_timestamp)), 60) AS m"
#define HASH "xxHash64(toString(uuid))"

/* The text before the condition of rows and after it. */
enum { QUERY_ALL, QUERY_ALL_END, QUERY_ONCE, QUERY_ONCE_END, N_QUERIES };
static const char *const queries[N_QUERIES] = {
	[QUERY_ALL] = "SELECT " MINUTE ", team_id, count(), "
		      "groupBitXor(" HASH ") FROM posthog.sharded_events",
	[QUERY_ALL_END] = " GROUP BY m, team_id",
	[QUERY_ONCE] = "SELECT m, team_id, count(), groupBitXor(h) FROM "
		       "(SELECT DISTINCT " MINUTE ", team_id, " HASH " AS h "
		       "FROM posthog.sharded_events",
	[QUERY_ONCE_END] = ") GROUP BY m, team_id",
};

static int
run_query(struct asked *x, const char *query, struct buf *out, struct err *e)
{
	int rc = clickhouse_query(x->a->o.clickhouse, query, "TSV", out, e);

	if (rc == 0 && buf_cstr(out) == NULL)
		rc = err_set(e, ERR_TOO_BIG, "ClickHouse's sums are too large");
	return rc;
}

static int64_t
seconds(int64_t minute)
{
	if (minute <= 0)
		return 0;
	return minute > CLICKHOUSE_SECONDS_MAX / 60 ? CLICKHOUSE_SECONDS_MAX
						    : minute * 60;
}

static int
ask(void *cookie, int64_t from, int64_t to, int64_t below, bool distinct,
	struct audit_list *out, struct err *e)
{
	struct asked *x = cookie;
	struct buf query, answer;
	int rc;

	buf_init(&query, QUERY_MAX_BYTES);
	buf_init(&answer, ADMIN_ANSWER_MAX_BYTES);
	buf_append_str(&query, queries[distinct ? QUERY_ONCE : QUERY_ALL]);
	buf_printf(&query,
		" WHERE _offset < %lld AND _timestamp >= toDateTime(%lld, "
		"'UTC') AND _timestamp < toDateTime(%lld, 'UTC')",
		(long long)below, (long long)seconds(from),
		(long long)seconds(to));
	buf_append_str(
		&query, queries[distinct ? QUERY_ONCE_END : QUERY_ALL_END]);
	rc = buf_cstr(&query) == NULL ? err_set(e, ERR_BUG, "a long query")
				      : run_query(x, query.p, &answer, e);
	if (rc == 0)
		rc = audit_list_read(out, AUDIT_CLICKHOUSE, answer.p, e);
	buf_fini(&query);
	buf_fini(&answer);
	return rc;
}

static void
choose_clickhouse(struct asked *x)
{
	const struct topic_def *t = &topic_defs[TOPIC_EVENTS];
	struct clickhouse_status st;

	x->c.cookie = x;
	x->c.why_not = x->why_not;
	if (x->a->o.clickhouse == NULL || x->a->o.broker == NULL) {
		snprintf(x->why_not, sizeof(x->why_not), "%s",
			x->a->o.broker == NULL ? "not asked: no daemon runs"
					       : "off");
		return;
	}
	clickhouse_status(x->a->o.clickhouse, &st);
	if (st.state != CLICKHOUSE_READY) {
		snprintf(x->why_not, sizeof(x->why_not), "away: %.200s",
			st.text[0] == '\0' ? "not ready" : st.text);
		return;
	}
	x->c.offset =
		broker_group_offset(x->a->o.broker, t->groups, t->name, 0);
	if (x->c.offset < 0)
		x->c.offset = 0;
	x->c.ask = ask;
}

static int64_t
team_of(void *cookie, struct slice token)
{
	const struct team *t = team_by_record_token(cookie, token);

	return t == NULL ? 0 : t->id;
}

/* A time, or seconds since 1970. */
static int
read_time(
	struct admin_call *c, const char *name, int64_t *minute, struct err *e)
{
	struct slice s = admin_query(c, name);
	int64_t number;

	if (s.len == 0)
		return 0;
	if (slice_i64(s, &number)) {
		*minute = number / 60;
		return 0;
	}
	if (!admin_read_time(s, &number))
		return admin_invalid(c, e, name,
			"%s: a time is wanted, as 2026-01-31T10:20 (UTC) or "
			"seconds since 1970",
			name);
	*minute = audit_minute(number / 1000);
	return 0;
}

static int
report(struct admin_call *c, const struct audit_options *o, struct err *e)
{
	const struct team_snapshot *teams = team_snapshot_get(c->a->o.teams);
	struct asked x = {.a = c->a};
	struct audit_sources s = {
		.spool = c->a->o.spool,
		.state = c->a->o.state,
		/* It is only read. */
		.teams = {team_of, (void *)(uintptr_t)teams},
	};
	int rc;

	choose_clickhouse(&x);
	s.clickhouse = x.c;
	rc = audit_report(&s, o, &c->out, e);
	if (rc < 0 && s.clickhouse.ask != NULL) {
		snprintf(x.why_not, sizeof(x.why_not), "away: %.200s", e->text);
		s.clickhouse.ask = NULL;
		buf_reset(&c->out);
		rc = audit_report(&s, o, &c->out, e);
	}
	team_snapshot_unref(teams);
	return rc;
}

int
admin_audit(struct admin_call *c, struct err *e)
{
	struct audit_options o = {
		.from = 0,
		.to = INT64_MAX,
		.recount = admin_query_flag(c, "recount"),
		.with_lines = admin_query_flag(c, "lines"),
	};
	int rc = read_time(c, "from", &o.from, e);

	if (rc == 0)
		rc = read_time(c, "to", &o.to, e);
	if (rc < 0)
		return rc;
	if (c->a->o.spool == NULL || c->a->o.state == NULL)
		return err_set(e, ERR_UNAVAILABLE,
			"there are no event logs to compare");
	return report(c, &o, e);
}
