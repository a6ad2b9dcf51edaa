#include "audit/erase.h"
#include "clickhouse/clickhouse.h"
#include "privacy/privacy_int.h"

/*
 * The event rows that go are counted in the audit as erased, before they go
 * (docs/audit.md). Each uuid once: that is how the audit counts what is there.
 */
#define SUMS_MAX_BYTES ((size_t)64 * 1024 * 1024)

struct erased {
	struct store_job job;
	int64_t task, step;
	struct audit_list list;
};

static int
run(struct store_job *j, struct store_conn *c, struct err *e)
{
	struct erased *x = (struct erased *)(void *)j;

	return audit_erase_once(c, x->task, x->step, &x->list, e);
}

static int
ask(struct privacy *p, struct buf *where, struct buf *query, struct erased *x,
	struct err *e)
{
	struct buf sums;
	const char *text;
	int rc;

	buf_reset(query);
	buf_printf(query,
		"SELECT m, team_id, count(), groupBitXor(h) FROM (SELECT "
		"DISTINCT intDiv(toInt64(toUnixTimestamp(_timestamp)), 60) "
		"AS m, team_id, xxHash64(toString(uuid)) AS h "
		"FROM posthog.sharded_events WHERE %.*s) GROUP BY m, team_id",
		SLICE_FMT(buf_slice(where)));
	text = buf_cstr(query);
	if (text == NULL)
		return err_set(e, ERR_TOO_BIG, "the query is too long");
	buf_init(&sums, SUMS_MAX_BYTES);
	rc = clickhouse_query(p->o.clickhouse, text, "TSV", &sums, e);
	if (rc == 0 && buf_cstr(&sums) == NULL)
		rc = err_set(e, ERR_NO_MEMORY, "no memory");
	if (rc == 0)
		rc = audit_list_read(&x->list, AUDIT_ERASED, sums.p, e);
	buf_fini(&sums);
	return rc;
}

int
erasure_count_events(struct privacy *p, const struct erasure *task,
	struct buf *where, struct buf *query, struct err *e)
{
	struct erased x = {
		.job = {.run = run, .bytes = 4096},
		.task = task->id,
		.step = task->step,
	};
	int rc = ask(p, where, query, &x, e);

	if (rc == 0)
		rc = store_call(p->o.state, &x.job, e);
	audit_list_fini(&x.list);
	return rc;
}
