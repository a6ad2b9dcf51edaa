#include "explore/console.h"

#include <string.h>

#include "admin/admin_int.h"
#include "admin/person_store.h"
#include "base/json_write.h"
#include "base/utf8.h"
#include "clickhouse/clickhouse.h"

/*
 * The SQL console. Who may use it may read the rows of all projects: roles are
 * not per project.
 */
#define DETAIL_MAX_BYTES 8192
#define NAMES_MAX 1000 /* of events, and of properties */
#define SCHEMA_MAX_BYTES ((size_t)4 * 1024 * 1024)

static struct console_limits
limits_of(const struct conf *conf)
{
	int64_t memory = conf->console_memory_max_bytes;

	if (memory == 0)
		memory = conf->clickhouse_memory_max_bytes / 5 * 2;
	return (struct console_limits){
		.time_s = conf->console_time_s,
		.memory_bytes = memory,
		.rows_read = conf->console_max_rows_read,
		.result_rows = conf->console_max_rows,
	};
}

/* Where in the query, and ClickHouse's own words. */
static void
keep_trouble(struct admin_call *c, const struct console_trouble *t)
{
	struct slice detail = buf_slice(&t->detail);
	struct buf b, text;

	buf_init(&b, (size_t)DETAIL_MAX_BYTES * 7);
	buf_init(&text, (size_t)DETAIL_MAX_BYTES * 4);
	if (t->line > 0)
		buf_printf(
			&b, ",\"line\":%d,\"column\":%d", t->line, t->column);
	if (detail.len > DETAIL_MAX_BYTES)
		detail.len = DETAIL_MAX_BYTES;
	buf_append_lit(&b, ",\"detail\":");
	utf8_append_lossy(&text, detail);
	json_put_string(&b, buf_slice(&text));
	c->error_more = arena_strndup(c->arena, buf_slice(&b));
	buf_fini(&b);
	buf_fini(&text);
}

static struct slice
id_of_body(struct admin_call *c)
{
	uint32_t node = c->json.n_nodes == 0
				? 0
				: json_member(&c->json, 0, SLICE_LIT("id"));

	return node == 0 ? SLICE_NONE : json_string(&c->json, node, c->arena);
}

/* admin-3 */
static int
run_counted(struct admin_call *c, const struct console_query *q,
	struct console_trouble *t, struct err *e)
{
	struct admin *a = c->a;
	int rc;

	if (a->o.clickhouse == NULL)
		return err_set(e, ERR_UNAVAILABLE,
			"ClickHouse is off: set clickhouse.mode and the role "
			"clickhouse");
	if (__atomic_fetch_add(&a->n_queries, 1, __ATOMIC_RELAXED) >=
		ADMIN_QUERIES_MAX)
		rc = err_set(e, ERR_BUSY, "%d queries run already: try again",
			ADMIN_QUERIES_MAX);
	else
		rc = console_run(a->console, a->o.clickhouse, c->arena, q,
			&c->out, t, e);
	__atomic_fetch_sub(&a->n_queries, 1, __ATOMIC_RELAXED);
	return rc;
}

int
admin_ask_console(struct admin_call *c, const char *query,
	const struct clickhouse_pair *params, size_t n_params,
	struct slice more, struct err *e)
{
	struct console_trouble t = {0};
	struct console_query q = {
		.id = id_of_body(c),
		.owner = c->who.user_id,
		.text = query,
		.params = params,
		.n_params = n_params,
		.limits = limits_of(admin_conf(c->a)),
	};
	int rc;

	c->is_no_change = true;
	buf_init(&t.detail, 65536);
	buf_append_char(&c->out, '{');
	rc = run_counted(c, &q, &t, e);
	if (rc == 0) {
		buf_append_slice(&c->out, more);
		buf_append_lit(&c->out, "}\n");
	} else if (t.code != 0) {
		keep_trouble(c, &t);
	}
	buf_fini(&t.detail);
	return rc;
}

int
admin_console_run(struct admin_call *c, struct err *e)
{
	const char *query;
	int rc = admin_need_body(c, e);

	c->is_no_change = true;
	if (rc == 0)
		rc = admin_body_string(c, "query", &query, e);
	if (rc < 0)
		return rc;
	if (query == NULL)
		return admin_invalid(c, e, "query", "query: one is wanted");
	return admin_ask_console(c, query, NULL, 0, SLICE_LIT(""), e);
}

int
admin_console_cancel(struct admin_call *c, struct err *e)
{
	int rc;

	c->is_no_change = true;
	if (c->a->o.clickhouse == NULL)
		return err_set(e, ERR_NOT_FOUND, "no such query runs");
	rc = console_cancel(c->a->console, c->a->o.clickhouse, c->param[0],
		c->who.user_id, c->who.role == AUTH_ADMIN, e);
	c->is_no_change = true;
	if (rc == 0)
		buf_append_lit(&c->out, "{\"cancelled\":true}\n");
	return rc;
}

/* What ClickHouse has, as lines of JSON that go out as they are. */
static int
put_lines(struct admin_call *c, const char *query, struct err *e)
{
	struct buf rows;
	int rc;

	if (c->a->o.clickhouse == NULL)
		return 0;
	buf_init(&rows, SCHEMA_MAX_BYTES);
	rc = admin_ask_clickhouse(c->a, query, "JSONEachRow", &rows, e);
	for (size_t i = 0; rc == 0 && i + 1 < rows.len; i++)
		buf_append_char(&c->out, rows.p[i] == '\n' ? ',' : rows.p[i]);
	buf_fini(&rows);
	return rc;
}

static int
put_functions(struct admin_call *c, struct err *e)
{
	struct buf rows;
	int rc;

	if (c->a->o.clickhouse == NULL) {
		buf_append_lit(&c->out, "[]");
		return 0;
	}
	buf_init(&rows, SCHEMA_MAX_BYTES);
	rc = admin_ask_clickhouse(c->a,
		"SELECT groupArray(name) FROM (SELECT name FROM "
		"system.functions WHERE name NOT LIKE '\\\\_%' ORDER BY name)",
		"JSONCompactEachRow", &rows, e);
	if (rc == 0) {
		struct slice s = slice_trim(buf_slice(&rows));

		/* One row of one column: its brackets go. */
		if (s.len >= 2)
			buf_append(&c->out, s.p + 1, s.len - 2);
	}
	buf_fini(&rows);
	return rc;
}

/* The member name of each line of a list. */
static int
put_names(struct admin_call *c, struct admin_persons *p, enum admin_list what,
	int64_t team_id, struct err *e)
{
	const struct json_limits lim = {8, 100000};
	struct buf lines;
	struct slice left;
	int64_t cursor = 0;
	bool is_first = true;
	int rc;

	buf_init(&lines, SCHEMA_MAX_BYTES);
	rc = admin_persons_page(
		p, what, team_id, &cursor, NAMES_MAX, &lines, e);
	left = buf_slice(&lines);
	while (rc == 0 && left.len > 0) {
		const char *end = memchr(left.p, '\n', left.len);
		size_t n = end == NULL ? left.len : (size_t)(end - left.p);
		struct json_doc d;
		uint32_t name;

		rc = json_parse(c->arena, slice_of(left.p, n), &lim, &d, e);
		name = rc < 0 ? 0 : json_member(&d, 0, SLICE_LIT("name"));
		if (name != 0) {
			if (!is_first)
				buf_append_char(&c->out, ',');
			is_first = false;
			buf_append_slice(&c->out, json_raw(&d, name));
		}
		n += end != NULL;
		left = slice_of(left.p + n, left.len - n);
	}
	buf_fini(&lines);
	return rc;
}

static int
put_project(struct admin_call *c, int64_t team_id, struct err *e)
{
	struct admin_persons p;
	int rc = admin_persons_open(c->a, &p, e);

	if (rc < 0)
		return rc;
	buf_append_lit(&c->out, ",\"events\":[");
	rc = put_names(c, &p, ADMIN_LIST_EVENTS, team_id, e);
	buf_append_lit(&c->out, "],\"properties\":[");
	if (rc == 0)
		rc = put_names(c, &p, ADMIN_LIST_PROPERTIES, team_id, e);
	admin_persons_close(&p);
	buf_append_lit(&c->out, "]}\n");
	return rc;
}

int
admin_sql_schema(struct admin_call *c, struct err *e)
{
	int64_t team_id = 0;
	int rc = admin_query_i64(
		c, "project", 1, INT64_C(9007199254740991), &team_id, e);

	if (rc < 0)
		return rc;
	buf_append_lit(&c->out, "{\"tables\":[");
	rc = put_lines(c,
		"SELECT t AS name, groupArray(CAST((n, type), "
		"'Tuple(name String, type String)')) AS columns FROM ("
		"SELECT table AS t, name AS n, type FROM system.columns "
		"WHERE database = 'posthog' AND NOT match(table, "
		"'^(kafka_|sharded_|\\.inner|writable_)|_mv$') "
		"ORDER BY table, position) GROUP BY t ORDER BY t "
		"SETTINGS output_format_json_named_tuples_as_objects = 1",
		e);
	buf_append_lit(&c->out, "],\"functions\":");
	if (rc == 0)
		rc = put_functions(c, e);
	if (rc < 0)
		return rc;
	if (team_id != 0)
		return put_project(c, team_id, e);
	buf_append_lit(&c->out, ",\"events\":[],\"properties\":[]}\n");
	return 0;
}
