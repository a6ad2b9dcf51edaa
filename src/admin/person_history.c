#include "admin/whom.h"

/*
 * What the events tell of a person's past: which ids were made one, and when
 * each property was set first and last. From ClickHouse, so within what it has.
 */
#define HISTORY_MAX_BYTES ((size_t)4 * 1024 * 1024)
#define LIMITS                                                                 \
	" SETTINGS output_format_json_quote_64bit_integers = 0, "              \
	"max_execution_time = 20, max_memory_usage = 500000000"

static int
put_rows(struct admin_call *c, const struct whom *w, const char *begin,
	const char *end, struct err *e)
{
	struct buf q, rows;
	int rc;

	buf_init(&q, WHOM_QUERY_BYTES);
	buf_init(&rows, HISTORY_MAX_BYTES);
	buf_append_str(&q, begin);
	whom_put_condition(&q, w);
	buf_append_str(&q, end);
	rc = buf_cstr(&q) == NULL
		     ? err_set(e, ERR_TOO_BIG, "the query is too long")
		     : admin_ask_clickhouse(c->a, q.p, "JSONEachRow", &rows, e);
	for (size_t i = 0; rc == 0 && i + 1 < rows.len; i++)
		buf_append_char(&c->out, rows.p[i] == '\n' ? ',' : rows.p[i]);
	buf_fini(&q);
	buf_fini(&rows);
	return rc;
}

static int
put_history(struct admin_call *c, const struct whom *w, struct err *e)
{
	int rc;

	buf_append_lit(&c->out, "{\"merges\":[");
	rc = put_rows(c, w,
		"SELECT timestamp AS at, event, distinct_id, "
		"if(event = '$identify', JSONExtractString(properties, "
		"'$anon_distinct_id'), JSONExtractString(properties, "
		"'alias')) AS other FROM posthog.events WHERE event IN "
		"('$identify', '$create_alias', '$merge_dangerously') "
		"AND other NOT IN ('', distinct_id) AND ",
		" ORDER BY timestamp, uuid LIMIT 1 BY timestamp, uuid "
		"LIMIT 200" LIMITS,
		e);
	buf_append_lit(&c->out, "],\"properties\":[");
	if (rc == 0)
		rc = put_rows(c, w,
			"SELECT name, min(timestamp) AS first_at, "
			"max(timestamp) AS last_at, count() AS events "
			"FROM posthog.events ARRAY JOIN arrayDistinct("
			"arrayConcat(JSONExtractKeys(properties, '$set'), "
			"JSONExtractKeys(properties, '$set_once'))) AS name "
			"WHERE ",
			" GROUP BY name ORDER BY name LIMIT 1000" LIMITS, e);
	buf_append_lit(&c->out, "]}\n");
	return rc;
}

int
admin_person_history(struct admin_call *c, struct err *e)
{
	struct whom w;
	int rc = whom_find(c, &w, e);

	if (rc == 0)
		rc = put_history(c, &w, e);
	whom_free(&w);
	return rc;
}
