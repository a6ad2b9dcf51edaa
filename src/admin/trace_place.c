#include <string.h>

#include "admin/records.h"
#include "admin/trace.h"
#include "base/clock.h"
#include "base/json_write.h"
#include "base/utf8.h"
#include "base/uuid.h"
#include "dlq/mark.h"
#include "store/store.h"
#include "team/team.h"
#include "topic/topic.h"

/* One place of a trace, and what became of the event between two of them. */
#define TEXT_MAX 200

static struct slice
text_of(struct admin_call *c, const struct json_doc *d, uint32_t object,
	const char *name)
{
	uint32_t node = json_member(d, object, slice_str(name));

	if (node == 0)
		return SLICE_NONE;
	return d->nodes[node].type == JSON_STRING
		       ? json_string(d, node, c->arena)
		       : json_raw(d, node);
}

static bool
parse(struct admin_call *c, struct slice text, struct json_doc *d)
{
	const struct json_limits lim = {JSON_DEPTH_MAX, 1000000};
	struct err e;

	return text.p != NULL && json_parse(c->arena, text, &lim, d, &e) == 0 &&
	       d->nodes[0].type == JSON_OBJECT;
}

static void
put(struct admin_call *c, const char *name, struct slice text)
{
	buf_append_char(&c->out, ',');
	records_put_text(&c->out, name, text);
}

static void
put_member(struct admin_call *c, const struct json_doc *d, const char *name)
{
	uint32_t node = json_member(d, 0, slice_str(name));

	if (node != 0 && d->nodes[node].type != JSON_STRING) {
		buf_printf(&c->out, ",\"%s\":", name);
		buf_append_slice(&c->out, json_raw(d, node));
		return;
	}
	put(c, name, text_of(c, d, 0, name));
}

static void
put_capture(struct admin_call *c, const struct batch_record_view *v)
{
	static const char *const headers[] = {"event", "distinct_id", "now"};
	const struct team_snapshot *snap;
	const struct team *team = NULL;
	struct slice text;

	if (batch_header_find(v, "token", &text)) {
		snap = team_snapshot_get(c->a->o.teams);
		team = team_by_token(snap, text);
		if (team != NULL)
			buf_printf(&c->out, ",\"project_id\":%lld",
				(long long)team->id);
		team_snapshot_unref(snap);
	}
	if (team == NULL)
		buf_append_lit(&c->out, ",\"project_id\":null");
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		if (batch_header_find(v, headers[i], &text))
			put(c, headers[i], text);
}

static void
put_letter(struct admin_call *c, int partition,
	const struct batch_record_view *v, const struct json_doc *d)
{
	struct store *file = partition == 0 ? c->a->o.spool : c->a->o.state;
	struct slice text;
	struct store_conn *conn;
	char at[CLOCK_TEXT_MAX];
	struct dlq_mark mark = {0};
	struct err e;

	put_member(c, d, "id");
	if (batch_header_find(v, "dlq_reason", &text))
		put(c, "reason", text);
	if (batch_header_find(v, "dlq_step", &text))
		put(c, "step", text);
	put_member(c, d, "error");
	if (store_reader_open(file, &conn, &e) == 0) {
		if (dlq_mark_get(conn, v->offset, &mark, &e) < 0)
			mark.replayed_at_us = 0;
		store_reader_close(conn);
	}
	clock_format(mark.replayed_at_us, CLOCK_ISO_MS, at);
	put(c, "replayed_at",
		mark.replayed_at_us == 0 ? SLICE_NONE : slice_str(at));
}

static void
put_members(struct admin_call *c, const struct json_doc *d,
	const char *const *names)
{
	for (; *names != NULL; names++)
		put_member(c, d, *names);
}

static const char *const kind_names[] = {
	[TRACE_CAPTURE] = "capture",
	[TRACE_OUTPUT] = "output",
	[TRACE_LETTER] = "letter",
	[TRACE_WARNING] = "warning",
	[TRACE_PERSON] = "person",
	[TRACE_HEATMAP] = "heatmap",
};

static bool
is_about(struct admin_call *c, enum trace_kind kind, const struct json_doc *d,
	const char *uuid)
{
	struct slice details, id;
	struct json_doc inner;

	switch (kind) {
	case TRACE_CAPTURE:
		id = text_of(c, d, 0, "uuid");
		/* Another producer may have it inside only. */
		if (id.p == NULL && parse(c, text_of(c, d, 0, "data"), &inner))
			id = text_of(c, &inner, 0, "uuid");
		break;
	case TRACE_OUTPUT:
		id = text_of(c, d, 0, "uuid");
		break;
	case TRACE_LETTER:
		id = text_of(c, d, 0, "event_uuid");
		break;
	case TRACE_WARNING:
		details = text_of(c, d, 0, "details");
		if (!parse(c, details, &inner))
			return false;
		id = text_of(c, &inner, 0, "eventUuid");
		break;
	case TRACE_PERSON:
		details = text_of(c, d, 0, "properties");
		if (!parse(c, details, &inner))
			return false;
		id = text_of(c, &inner, 0, "$creator_event_uuid");
		break;
	case TRACE_HEATMAP:
		return true;
	}
	return slice_eq(id, slice_of(uuid, UUID_TEXT));
}

bool
trace_put_place(struct admin_call *c, enum trace_kind kind, const char *topic,
	int partition, const struct batch_record_view *v, const char *uuid,
	bool with_comma)
{
	static const char *const of_output[] = {"team_id", "event",
		"distinct_id", "timestamp", "person_id", "person_mode", NULL};
	static const char *const of_warning[] = {
		"team_id", "type", "source", "details", NULL};
	static const char *const of_person[] = {
		"team_id", "id", "version", "is_deleted", NULL};
	static const char *const of_heatmap[] = {
		"team_id", "type", "current_url", NULL};
	struct json_doc d;

	if (!parse(c, v->value, &d) || !is_about(c, kind, &d, uuid))
		return false;
	buf_printf(&c->out,
		"%s{\"kind\":\"%s\",\"topic\":\"%s\",\"partition\":%d,"
		"\"offset\":%lld,\"timestamp_ms\":%lld",
		with_comma ? "," : "", kind_names[kind], topic, partition,
		(long long)v->offset, (long long)v->ts_ms);
	put(c, "key", v->key);
	switch (kind) {
	case TRACE_CAPTURE:
		put_capture(c, v);
		break;
	case TRACE_OUTPUT:
		put_members(c, &d, of_output);
		break;
	case TRACE_LETTER:
		put_letter(c, partition, v, &d);
		break;
	case TRACE_WARNING:
		put_members(c, &d, of_warning);
		break;
	case TRACE_PERSON:
		put_members(c, &d, of_person);
		break;
	case TRACE_HEATMAP:
		put_members(c, &d, of_heatmap);
		break;
	}
	buf_append_char(&c->out, '}');
	return true;
}

/* A record's value, copied; NOT_FOUND when it is gone. */
static int
read_value(struct admin_call *c, const char *topic, int64_t partition,
	int64_t offset, struct slice *out, struct err *e)
{
	const struct records_options o = {
		.topic = topic, .partition = (int)partition, .from = offset};
	struct batch_record_view v;
	struct records *r;
	int p;
	int rc = records_open(c->a, &o, &r, e);

	if (rc < 0)
		return rc;
	rc = records_next(r, &p, &v, e);
	if (rc == 1 && v.offset == offset && v.value.p != NULL) {
		*out = arena_dup_slice(c->arena, v.value);
		rc = out->p == NULL ? err_set(e, ERR_NO_MEMORY, "no memory")
				    : 0;
	} else if (rc >= 0) {
		rc = err_set(e, ERR_NOT_FOUND, "the record is gone");
	}
	records_close(r);
	return rc;
}

static void
put_cut(struct admin_call *c, const char *name, struct slice raw)
{
	bool is_long = raw.len > TEXT_MAX;
	struct buf b;

	buf_init(&b, 8 * TEXT_MAX);
	utf8_append_lossy(&b, slice_of(raw.p, is_long ? TEXT_MAX : raw.len));
	if (is_long)
		buf_append_lit(&b, " …");
	put(c, name, buf_slice(&b));
	buf_fini(&b);
}

struct diff {
	struct admin_call *c;
	bool is_first;
};

static void
put_change(struct diff *x, const char *step, const char *prefix,
	struct slice name, struct slice from, struct slice to)
{
	const char *change = from.p == NULL ? "added"
			     : to.p == NULL ? "removed"
					    : "changed";
	struct buf member;

	buf_init(&member, 4096);
	buf_append_str(&member, prefix);
	utf8_append_lossy(
		&member, slice_of(name.p, name.len < 400 ? name.len : 400));
	buf_printf(&x->c->out, "%s{\"step\":\"%s\",\"change\":\"%s\"",
		x->is_first ? "" : ",", step, change);
	x->is_first = false;
	put(x->c, "member", buf_slice(&member));
	if (from.p != NULL)
		put_cut(x->c, "from", from);
	if (to.p != NULL)
		put_cut(x->c, "to", to);
	buf_append_char(&x->c->out, '}');
	buf_fini(&member);
}

/* Groups are given their columns where persons are; all else in properties is
 * the normal form's. */
static const char *
step_of(struct slice name)
{
	return name.len == 8 && memcmp(name.p, "$group_", 7) == 0 ? "persons"
								  : "normalise";
}

static void
diff_properties(struct diff *x, const struct json_doc *a, uint32_t pa,
	const struct json_doc *b)
{
	struct arena *m = x->c->arena;

	for (uint32_t i = json_first(b, 0); i < b->nodes[0].next;
		i = b->nodes[i + 1].next) {
		struct slice name = json_string(b, i, m);
		uint32_t was = pa == 0 ? 0 : json_member(a, pa, name);

		if (was == 0)
			put_change(x, step_of(name), "properties.", name,
				SLICE_NONE, json_raw(b, i + 1));
		else if (!json_equal(a, was, b, i + 1))
			put_change(x, step_of(name), "properties.", name,
				json_raw(a, was), json_raw(b, i + 1));
	}
	if (pa == 0)
		return;
	for (uint32_t i = json_first(a, pa); i < a->nodes[pa].next;
		i = a->nodes[i + 1].next) {
		struct slice name = json_string(a, i, m);

		if (json_member(b, 0, name) == 0)
			put_change(x, step_of(name), "properties.", name,
				json_raw(a, i + 1), SLICE_NONE);
	}
}

static void
diff_text(struct diff *x, const char *step, const char *name, struct slice a,
	struct slice b)
{
	if (a.p != NULL && b.p != NULL && !slice_eq(a, b))
		put_change(x, step, "", slice_str(name), a, b);
	else if (a.p == NULL && b.len > 0)
		put_change(x, step, "", slice_str(name), a, b);
}

static int
diff_records(struct admin_call *c, struct slice front, struct slice output,
	struct err *e)
{
	struct diff x = {c, true};
	struct json_doc message, event, row, properties;
	uint32_t captured;

	if (!parse(c, front, &message) || !parse(c, output, &row) ||
		!parse(c, text_of(c, &row, 0, "properties"), &properties))
		return err_set(e, ERR_INVALID, "the record is no event");
	if (!parse(c, text_of(c, &message, 0, "data"), &event))
		event = message;
	captured = json_member(&event, 0, SLICE_LIT("properties"));
	if (captured != 0 && event.nodes[captured].type != JSON_OBJECT)
		captured = 0;
	diff_text(&x, "normalise", "event", text_of(c, &event, 0, "event"),
		text_of(c, &row, 0, "event"));
	diff_text(&x, "normalise", "distinct_id",
		text_of(c, &message, 0, "distinct_id"),
		text_of(c, &row, 0, "distinct_id"));
	diff_text(&x, "normalise", "elements_chain", SLICE_NONE,
		text_of(c, &row, 0, "elements_chain"));
	diff_properties(&x, &event, captured, &properties);
	diff_text(&x, "persons", "person_id", SLICE_NONE,
		text_of(c, &row, 0, "person_id"));
	diff_text(&x, "persons", "person_mode", SLICE_NONE,
		text_of(c, &row, 0, "person_mode"));
	diff_text(&x, "persons", "person_properties", SLICE_NONE,
		text_of(c, &row, 0, "person_properties"));
	return 0;
}

/* What the steps changed: the captured message beside the output row. */
int
admin_trace_changes(struct admin_call *c, struct err *e)
{
	struct slice topic = admin_query(c, "topic");
	enum topic_id id = topic_by_name(topic);
	int64_t partition = 0, front = 0, output = 0;
	struct slice a = SLICE_NONE, b = SLICE_NONE;
	int rc = admin_query_i64(c, "partition", 0, 1023, &partition, e);

	if (rc == 0)
		rc = admin_query_i64(c, "front", 0, INT64_MAX, &front, e);
	if (rc == 0)
		rc = admin_query_i64(c, "output", 0, INT64_MAX, &output, e);
	if (rc == 0 && id == TOPIC_N)
		rc = admin_invalid(c, e, "topic", "topic: one of Sluice's");
	if (rc == 0)
		rc = read_value(
			c, topic_defs[id].name, partition, front, &a, e);
	if (rc == 0)
		rc = read_value(
			c, topic_defs[TOPIC_EVENTS].name, 0, output, &b, e);
	buf_append_lit(&c->out, "{\"items\":[");
	if (rc == 0)
		rc = diff_records(c, a, b, e);
	buf_append_lit(&c->out, "],\"next\":null}\n");
	return rc;
}
