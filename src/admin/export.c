#include <string.h>

#include "admin/person_store.h"
#include "admin/whom.h"
#include "base/clock.h"
#include "base/json_write.h"
#include "base/uuid.h"
#include "person/person.h"

/*
 * All that is known of one person: what the store has (export), and its events
 * from ClickHouse, page by page (events), so that neither side holds more than
 * a page.
 */
#define PAGE_MAX_BYTES ((size_t)64 * 1024 * 1024)
#define EVENTS_PER_PAGE 500 /* also the most */

static int
put_groups(struct admin_call *c, const struct whom *w, struct err *e)
{
	struct buf q, rows;
	int rc;

	buf_init(&q, WHOM_QUERY_BYTES);
	buf_init(&rows, PAGE_MAX_BYTES);
	buf_append_lit(&q,
		"SELECT DISTINCT toUInt8(g.1) AS group_type_index, g.2 AS "
		"group_key FROM posthog.events ARRAY JOIN [(0, `$group_0`), "
		"(1, `$group_1`), (2, `$group_2`), (3, `$group_3`), (4, "
		"`$group_4`)] AS g WHERE g.2 != '' AND ");
	whom_put_condition(&q, w);
	buf_append_lit(&q, " ORDER BY 1, 2 LIMIT 100000");
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
put_group_types(struct admin_call *c, int64_t team_id, struct err *e)
{
	struct admin_persons p;
	struct buf lines;
	int rc = admin_persons_open(c->a, &p, e);

	if (rc < 0)
		return rc;
	buf_init(&lines, 1024 * 1024);
	rc = admin_persons_types(&p, team_id, &lines, e);
	admin_persons_close(&p);
	for (size_t i = 0; rc == 0 && i + 1 < lines.len; i++)
		buf_append_char(&c->out, lines.p[i] == '\n' ? ',' : lines.p[i]);
	buf_fini(&lines);
	return rc;
}

static int
put_export(struct admin_call *c, const struct whom *w, struct err *e)
{
	char now[CLOCK_TEXT_MAX];
	int rc;

	clock_format(clock_now_us(), CLOCK_ISO_MS, now);
	buf_printf(&c->out,
		"{\"project_id\":%lld,\"exported_at\":\"%s\",\"uuid\":\"%s\","
		"\"person\":",
		(long long)w->team_id, now, w->uuid);
	if (w->person.len == 0)
		buf_append_lit(&c->out, "null");
	else
		buf_append_slice(&c->out, buf_slice(&w->person));
	buf_append_lit(&c->out, ",\"group_types\":[");
	rc = put_group_types(c, w->team_id, e);
	buf_append_lit(&c->out, "],\"groups\":[");
	if (rc == 0 && c->a->o.clickhouse != NULL)
		rc = put_groups(c, w, e);
	buf_printf(&c->out, "],\"has_clickhouse\":%s}\n",
		c->a->o.clickhouse == NULL ? "false" : "true");
	return rc;
}

int
admin_person_export(struct admin_call *c, struct err *e)
{
	struct whom w;
	int rc = whom_find(c, &w, e);

	if (rc == 0)
		rc = put_export(c, &w, e);
	whom_free(&w);
	return rc;
}

static int
put_cursor(struct admin_call *c, bool newest, struct buf *q, struct err *e)
{
	struct slice cursor = admin_query(c, "cursor");
	struct slice at = cursor, uuid = SLICE_NONE;
	struct uuid u;
	int64_t us;

	if (cursor.p == NULL)
		return 0;
	for (size_t i = 0; i < cursor.len && uuid.p == NULL; i++)
		if (cursor.p[i] == ',') {
			at = slice_of(cursor.p, i);
			uuid = slice_of(cursor.p + i + 1, cursor.len - i - 1);
		}
	if (!slice_i64(at, &us) || !uuid_parse(uuid, &u))
		return admin_invalid(c, e, "cursor",
			"cursor: that of an earlier page is wanted");
	buf_printf(q,
		" AND (timestamp, uuid) %s (fromUnixTimestamp64Micro("
		"toInt64(%lld), 'UTC'), toUUID('%.*s'))",
		newest ? "<" : ">", (long long)us, SLICE_FMT(uuid));
	return 0;
}

/* The order of pages is that of the rows, so a page begins behind the last row
 * of the one before; copies of an event that are not merged yet fall into one.
 */
static int
put_query(struct admin_call *c, const struct whom *w, int64_t limit,
	struct buf *q, struct err *e)
{
	bool newest = admin_query_flag(c, "newest");
	const char *order = newest ? " DESC" : "";
	int rc;

	buf_reset(q);
	buf_append_lit(q,
		"SELECT uuid, event, timestamp, distinct_id, person_id, "
		"toString(person_mode) AS person_mode, properties, "
		"person_properties, elements_chain, created_at, "
		"toInt64(toUnixTimestamp64Micro(timestamp)) AS at_us "
		"FROM posthog.events WHERE ");
	whom_put_condition(q, w);
	rc = put_cursor(c, newest, q, e);
	if (rc < 0)
		return rc;
	buf_printf(q,
		" ORDER BY timestamp%s, uuid%s LIMIT 1 BY timestamp, uuid "
		"LIMIT %lld SETTINGS output_format_json_quote_64bit_integers=0",
		order, order, (long long)limit);
	return buf_cstr(q) == NULL
		       ? err_set(e, ERR_TOO_BIG, "the query is too long")
		       : 0;
}

/* Text that is JSON stands as such, so that the export can be read at once. */
static void
put_nested(struct admin_call *c, const struct json_doc *row, const char *name)
{
	const struct json_limits lim = {JSON_DEPTH_MAX, 10000000};
	uint32_t node = json_member(row, 0, slice_str(name));
	struct slice text =
		node == 0 ? SLICE_NONE : json_string(row, node, c->arena);
	struct json_doc inner;
	struct err e;

	buf_printf(&c->out, ",\"%s\":", name);
	if (text.p == NULL)
		buf_append_lit(&c->out, "null");
	else if (json_parse(c->arena, text, &lim, &inner, &e) == 0)
		buf_append_slice(&c->out, text);
	else
		json_put_string(&c->out, text);
}

static int
put_event(struct admin_call *c, struct slice line, struct buf *next,
	struct err *e)
{
	static const char *const plain[] = {"uuid", "event", "timestamp",
		"distinct_id", "person_id", "person_mode", "elements_chain",
		"created_at"};
	const struct json_limits lim = {4, 1000};
	struct json_doc row;
	uint32_t at;

	if (json_parse(c->arena, line, &lim, &row, e) < 0)
		return -(int)e->code;
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
		uint32_t node = json_member(&row, 0, slice_str(plain[i]));

		if (node == 0)
			return err_set(
				e, ERR_BUG, "a row without %s", plain[i]);
		buf_printf(&c->out, "%s\"%s\":", i == 0 ? "{" : ",", plain[i]);
		buf_append_slice(&c->out, json_raw(&row, node));
	}
	put_nested(c, &row, "properties");
	put_nested(c, &row, "person_properties");
	buf_append_char(&c->out, '}');
	at = json_member(&row, 0, SLICE_LIT("at_us"));
	buf_reset(next);
	buf_append_slice(next, json_raw(&row, at));
	buf_append_char(next, ',');
	buf_append_slice(next,
		json_inner(&row, json_member(&row, 0, SLICE_LIT("uuid"))));
	return 0;
}

static int
put_events(struct admin_call *c, const struct buf *rows, int64_t limit,
	struct err *e)
{
	struct slice left = buf_slice(rows);
	struct buf next;
	int64_t n = 0;
	int rc = 0;

	buf_init(&next, 128);
	buf_append_lit(&c->out, "{\"items\":[");
	while (rc == 0 && left.len > 0) {
		const char *end = memchr(left.p, '\n', left.len);
		size_t len = end == NULL ? left.len : (size_t)(end - left.p);

		if (n++ > 0)
			buf_append_char(&c->out, ',');
		rc = put_event(c, slice_of(left.p, len), &next, e);
		len += end != NULL;
		left = slice_of(left.p + len, left.len - len);
	}
	if (n < limit)
		buf_append_lit(&c->out, "],\"next\":null}\n");
	else
		buf_printf(&c->out, "],\"next\":\"%.*s\"}\n",
			SLICE_FMT(buf_slice(&next)));
	buf_fini(&next);
	return rc;
}

/* A page of large events is asked for anew in a smaller size. */
static int
ask_page(struct admin_call *c, const struct whom *w, struct err *e)
{
	int64_t limit = EVENTS_PER_PAGE;
	struct buf q, rows;
	int rc = admin_query_i64(c, "limit", 1, EVENTS_PER_PAGE, &limit, e);

	if (rc < 0)
		return rc;
	rc = -ERR_TOO_BIG;

	buf_init(&q, WHOM_QUERY_BYTES);
	buf_init(&rows, PAGE_MAX_BYTES);
	for (; rc == -ERR_TOO_BIG && limit > 0; limit /= 5) {
		buf_reset(&rows);
		rc = put_query(c, w, limit, &q, e);
		if (rc == 0)
			rc = admin_ask_clickhouse(
				c->a, q.p, "JSONEachRow", &rows, e);
		if (rc == 0)
			rc = put_events(c, &rows, limit, e);
	}
	buf_fini(&q);
	buf_fini(&rows);
	return rc;
}

int
admin_person_events(struct admin_call *c, struct err *e)
{
	struct whom w;
	int rc = whom_find(c, &w, e);

	if (rc == 0)
		rc = ask_page(c, &w, e);
	whom_free(&w);
	return rc;
}

int
admin_group_events(struct admin_call *c, struct err *e)
{
	struct whom w;
	int rc = whom_find_group(c, &w, e);

	if (rc == 0)
		rc = ask_page(c, &w, e);
	whom_free(&w);
	return rc;
}
