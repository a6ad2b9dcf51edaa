#include <string.h>

#include "admin/person_store.h"
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
#define QUERY_MAX_BYTES ((size_t)250 * 1024)
#define IDS_MAX_BYTES ((size_t)100 * 1024)
#define EVENTS_PER_PAGE 500

/* Whom the request is about. */
struct whom {
	int64_t team_id;
	struct buf person; /* JSON; empty: there is none */
	char uuid[UUID_TEXT + 1];
	struct buf ids; /* its distinct ids as SQL literals; failed: too many */
};

static void
put_literal(struct buf *b, struct slice s)
{
	buf_append_char(b, '\'');
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] == '\'' || s.p[i] == '\\')
			buf_append_char(b, '\\');
		buf_append_char(b, s.p[i]);
	}
	buf_append_char(b, '\'');
}

static int
read_person(struct admin_call *c, struct whom *w, struct err *e)
{
	const struct json_limits lim = {JSON_DEPTH_MAX, 50000000};
	struct json_doc d;
	uint32_t uuid, ids;

	if (json_parse(c->arena, buf_slice(&w->person), &lim, &d, e) < 0)
		return -(int)e->code;
	uuid = json_member(&d, 0, SLICE_LIT("uuid"));
	ids = json_member(&d, 0, SLICE_LIT("distinct_ids"));
	if (uuid == 0 || ids == 0 || d.nodes[uuid].len != UUID_TEXT)
		return err_set(e, ERR_BUG, "a person without uuid or ids");
	memcpy(w->uuid, json_inner(&d, uuid).p, UUID_TEXT);
	for (uint32_t i = json_first(&d, ids); i < d.nodes[ids].next;
		i = d.nodes[i].next) {
		if (w->ids.len > 0)
			buf_append_char(&w->ids, ',');
		put_literal(&w->ids, json_string(&d, i, c->arena));
	}
	return 0;
}

/* An id without a person may have events all the same. */
static int
find_whom(struct admin_call *c, struct whom *w, struct err *e)
{
	bool by_uuid = admin_query_flag(c, "by_uuid");
	struct slice id = c->param[1];
	struct uuid u;
	int rc;

	memset(w, 0, sizeof(*w));
	buf_init(&w->person, ADMIN_ANSWER_MAX_BYTES);
	buf_init(&w->ids, IDS_MAX_BYTES);
	rc = admin_person_text(c, by_uuid ? SLICE_NONE : id,
		by_uuid ? id : SLICE_NONE, &w->team_id, &w->person, e);
	if (rc == 0)
		return read_person(c, w, e);
	if (rc != -ERR_NOT_FOUND || by_uuid || w->team_id == 0)
		return rc;
	person_uuid(w->team_id, id, &u);
	uuid_format(&u, w->uuid);
	put_literal(&w->ids, id);
	return 0;
}

static void
free_whom(struct whom *w)
{
	buf_fini(&w->person);
	buf_fini(&w->ids);
}

/* Rows of events that are the person's: written with it, or with one of the
 * ids that are its own by now (spec clickhouse 5). */
static void
put_condition(struct buf *q, const struct whom *w)
{
	buf_printf(q, "team_id = %lld AND (person_id = '%s' OR distinct_id IN ",
		(long long)w->team_id, w->uuid);
	if (!w->ids.failed)
		buf_printf(q, "(%.*s))", SLICE_FMT(buf_slice(&w->ids)));
	else
		buf_printf(q,
			"(SELECT distinct_id FROM posthog.person_distinct_id2 "
			"WHERE team_id = %lld GROUP BY distinct_id HAVING "
			"argMax(person_id, version) = '%s' AND "
			"argMax(is_deleted, version) = 0))",
			(long long)w->team_id, w->uuid);
}

static int
put_groups(struct admin_call *c, const struct whom *w, struct err *e)
{
	struct buf q, rows;
	int rc;

	buf_init(&q, QUERY_MAX_BYTES);
	buf_init(&rows, PAGE_MAX_BYTES);
	buf_append_lit(&q,
		"SELECT DISTINCT toUInt8(g.1) AS group_type_index, g.2 AS "
		"group_key FROM posthog.events ARRAY JOIN [(0, `$group_0`), "
		"(1, `$group_1`), (2, `$group_2`), (3, `$group_3`), (4, "
		"`$group_4`)] AS g WHERE g.2 != '' AND ");
	put_condition(&q, w);
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
	int rc = find_whom(c, &w, e);

	if (rc == 0)
		rc = put_export(c, &w, e);
	free_whom(&w);
	return rc;
}

/* The order of pages is that of the rows, so a page begins behind the last row
 * of the one before; copies of an event that are not merged yet fall into one.
 */
static int
put_query(struct admin_call *c, const struct whom *w, int64_t limit,
	struct buf *q, struct err *e)
{
	struct slice cursor = admin_query(c, "cursor");
	struct slice at = cursor, uuid = SLICE_NONE;
	struct uuid u;
	int64_t us;

	buf_reset(q);
	buf_append_lit(q,
		"SELECT uuid, event, timestamp, distinct_id, person_id, "
		"toString(person_mode) AS person_mode, properties, "
		"person_properties, elements_chain, created_at, "
		"toInt64(toUnixTimestamp64Micro(timestamp)) AS at_us "
		"FROM posthog.events WHERE ");
	put_condition(q, w);
	for (size_t i = 0; i < cursor.len && uuid.p == NULL; i++)
		if (cursor.p[i] == ',') {
			at = slice_of(cursor.p, i);
			uuid = slice_of(cursor.p + i + 1, cursor.len - i - 1);
		}
	if (cursor.p != NULL && (!slice_i64(at, &us) || !uuid_parse(uuid, &u)))
		return admin_invalid(c, e, "cursor",
			"cursor: that of an earlier page is wanted");
	if (cursor.p != NULL)
		buf_printf(q,
			" AND (timestamp, uuid) > (fromUnixTimestamp64Micro("
			"toInt64(%lld), 'UTC'), toUUID('%.*s'))",
			(long long)us, SLICE_FMT(uuid));
	buf_printf(q,
		" ORDER BY timestamp, uuid LIMIT 1 BY timestamp, uuid "
		"LIMIT %lld SETTINGS output_format_json_quote_64bit_integers=0",
		(long long)limit);
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
	int rc = -ERR_TOO_BIG;

	buf_init(&q, QUERY_MAX_BYTES);
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
	int rc = find_whom(c, &w, e);

	if (rc == 0)
		rc = ask_page(c, &w, e);
	free_whom(&w);
	return rc;
}
