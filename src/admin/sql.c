#include "admin/admin_int.h"
#include "clickhouse/clickhouse.h"

int
admin_ask_clickhouse(struct admin *a, const char *query, const char *format,
	struct buf *out, struct err *e)
{
	int rc;

	if (a->o.clickhouse == NULL)
		return err_set(e, ERR_UNAVAILABLE,
			"ClickHouse is off: set clickhouse.mode and the role "
			"clickhouse");
	/* admin-3 */
	if (__atomic_fetch_add(&a->n_queries, 1, __ATOMIC_RELAXED) >=
		ADMIN_QUERIES_MAX)
		rc = err_set(e, ERR_BUSY, "%d queries run already: try again",
			ADMIN_QUERIES_MAX);
	else
		rc = clickhouse_query(a->o.clickhouse, query, format, out, e);
	__atomic_fetch_sub(&a->n_queries, 1, __ATOMIC_RELAXED);
	return rc;
}

int
admin_sql(struct admin_call *c, struct err *e)
{
	const char *query, *format;
	int rc = admin_need_body(c, e);

	if (rc == 0)
		rc = admin_body_string(c, "query", &query, e);
	if (rc == 0)
		rc = admin_body_string(c, "format", &format, e);
	if (rc < 0)
		return rc;
	if (query == NULL)
		return admin_invalid(c, e, "query", "query: one is wanted");
	c->content_type = "text/plain; charset=utf-8";
	return admin_ask_clickhouse(
		c->a, query, format == NULL ? "TSV" : format, &c->out, e);
}
