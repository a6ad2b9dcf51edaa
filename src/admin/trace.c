#include <stdio.h>
#include <string.h>

#include "admin/admin_int.h"
#include "admin/records.h"
#include "admin/trace.h"
#include "base/clock.h"
#include "base/json_write.h"
#include "base/uuid.h"
#include "store/store.h"
#include "topic/topic.h"

/*
 * Where an event was seen. First what ClickHouse has of it and in which window
 * of time it came; then the logs, in pieces of a quarter of a second, so that
 * no request holds a worker.
 */
#define BUDGET_NS INT64_C(250000000)
#define LOOK_EVERY 256 /* records between looks at the clock */
#define CHUNK_RECORDS 4096
/* Clocks and the order of commits differ by less. */
#define MARGIN_MS INT64_C(60000)
/* A client may make the uuid of an event long before it sends it, but seldom
 * after: its clock may be wrong by this. */
#define CLIENT_CLOCK_MS INT64_C(600000)

/* What is searched, in this order. */
static const struct target {
	enum topic_id topic;
	int partition;
	enum trace_kind kind;
	bool is_one; /* an event is there once */
} targets[] = {
	{TOPIC_EVENTS, 0, TRACE_OUTPUT, true},
	{TOPIC_INGESTION, 0, TRACE_CAPTURE, true},
	{TOPIC_INGESTION, 1, TRACE_CAPTURE, false},
	{TOPIC_INGESTION_OVERFLOW, 0, TRACE_CAPTURE, true},
	{TOPIC_INGESTION_HISTORICAL, 0, TRACE_CAPTURE, true},
	{TOPIC_DEAD_LETTERS, 0, TRACE_LETTER, false},
	{TOPIC_DEAD_LETTERS, 1, TRACE_LETTER, false},
	{TOPIC_WARNINGS, 0, TRACE_WARNING, false},
	{TOPIC_WARNINGS, 1, TRACE_WARNING, false},
	{TOPIC_PERSON, 0, TRACE_PERSON, false},
	{TOPIC_HEATMAPS, 0, TRACE_HEATMAP, false},
};
#define N_TARGETS ((int64_t)(sizeof(targets) / sizeof(targets[0])))

struct scan {
	struct admin_call *c;
	char uuid[UUID_TEXT];
	int64_t from_ms, to_ms; /* -1: open */
	bool is_full;
	int64_t target; /* N_TARGETS: done */
	int64_t at; /* forward: next offset; else the end of what is left; -1:
		       not begun */
	int64_t n_records, n_bytes;
	int64_t deadline_ns;
	int n_items;
};

static int
param_uuid(struct admin_call *c, char out[UUID_TEXT], struct err *e)
{
	struct uuid u;

	if (!uuid_parse_any(c->param[0], &u))
		return admin_invalid(c, e, "uuid", "uuid: %.*s is none",
			SLICE_FMT(c->param[0]));
	uuid_format(&u, out);
	return 0;
}

/* The time in a uuid of version 7; -1: it has none. */
static int64_t
time_in_uuid(const char uuid[UUID_TEXT])
{
	struct uuid u;
	int64_t ms = 0;

	if (!uuid_parse(slice_of(uuid, UUID_TEXT), &u) || u.b[6] >> 4 != 7)
		return -1;
	for (int i = 0; i < 6; i++)
		ms = ms << 8 | u.b[i];
	return ms;
}

/* Rows of the event: how many, since when, received when. */
static int
ask_rows(struct admin_call *c, const char *uuid, struct buf *row, struct err *e)
{
	char query[700];

	snprintf(query, sizeof(query),
		"SELECT count() AS n_rows, toUnixTimestamp(min(_timestamp)) AS "
		"first_s, toUnixTimestamp(max(_timestamp)) AS last_s, "
		"toString(min(inserted_at)) AS since, any(toString(person_id)) "
		"AS person_id, toString(any(person_mode)) AS person_mode FROM "
		"posthog.events WHERE uuid = '%.36s' SETTINGS "
		"max_execution_time = 60, "
		"output_format_json_quote_64bit_integers = 0",
		uuid);
	return admin_ask_clickhouse(c->a, query, "JSONEachRow", row, e);
}

static int64_t
number(const struct json_doc *d, const char *name)
{
	uint32_t node = json_member(d, 0, slice_str(name));
	int64_t v = 0;

	return node != 0 && json_i64(d, node, &v) ? v : 0;
}

static void
put_text_of(struct buf *b, const struct json_doc *d, const char *name)
{
	uint32_t node = json_member(d, 0, slice_str(name));

	buf_printf(b, ",\"%s\":", name);
	if (node == 0)
		buf_append_lit(b, "null");
	else
		buf_append_slice(b, json_raw(d, node));
}

/* The answer of ClickHouse, or why there is none. */
static void
put_clickhouse(struct admin_call *c, const char *uuid, int64_t *from_ms,
	int64_t *to_ms)
{
	const struct json_limits lim = {2, 100};
	struct json_doc d;
	struct buf row;
	struct err e;
	int64_t n;

	buf_init(&row, 65536);
	if (ask_rows(c, uuid, &row, &e) < 0 ||
		json_parse(c->arena, buf_slice(&row), &lim, &d, &e) < 0) {
		buf_append_lit(&c->out, "{\"rows\":null,\"error\":");
		json_put_string(&c->out, slice_str(e.text));
		buf_append_char(&c->out, '}');
		buf_fini(&row);
		return;
	}
	n = number(&d, "n_rows");
	buf_printf(&c->out, "{\"rows\":%lld", (long long)n);
	if (n > 0) {
		put_text_of(&c->out, &d, "since");
		put_text_of(&c->out, &d, "person_id");
		put_text_of(&c->out, &d, "person_mode");
		/* The time of receipt travels with the event. */
		*from_ms = number(&d, "first_s") * 1000;
		*to_ms = number(&d, "last_s") * 1000 + 1000;
	}
	buf_append_char(&c->out, '}');
	buf_fini(&row);
}

int
admin_trace(struct admin_call *c, struct err *e)
{
	char uuid[UUID_TEXT];
	int64_t from_ms = -1, to_ms = -1;
	int rc = param_uuid(c, uuid, e);

	if (rc < 0)
		return rc;
	if (c->a->o.broker == NULL)
		return err_set(
			e, ERR_UNAVAILABLE, "a trace needs the running daemon");
	buf_printf(&c->out, "{\"uuid\":\"%.36s\",\"clickhouse\":", uuid);
	put_clickhouse(c, uuid, &from_ms, &to_ms);
	if (from_ms < 0 && time_in_uuid(uuid) >= 0) {
		from_ms = time_in_uuid(uuid) - CLIENT_CLOCK_MS;
		if (from_ms > clock_now_us() / 1000 || from_ms < 0)
			from_ms = -1;
	}
	if (from_ms < 0)
		buf_append_lit(&c->out, ",\"from_ms\":null");
	else
		buf_printf(&c->out, ",\"from_ms\":%lld", (long long)from_ms);
	if (to_ms < 0)
		buf_append_lit(&c->out, ",\"to_ms\":null}\n");
	else
		buf_printf(&c->out, ",\"to_ms\":%lld}\n", (long long)to_ms);
	return 0;
}

/* The offsets of the target that may have it. */
static int
bounds(struct scan *s, const struct target *t, int64_t *lo, int64_t *hi,
	struct err *e)
{
	struct store_part_state st;
	struct store_part *part;
	struct store *file;
	int rc = records_find_part(s->c->a, topic_defs[t->topic].name,
		t->partition, &file, &part, e);

	*lo = *hi = 0;
	if (rc < 0)
		return rc == -ERR_NOT_FOUND ? 0 : rc;
	store_part_state(part, &st);
	*lo = st.log_start;
	*hi = st.high_watermark;
	if (s->from_ms >= 0)
		rc = records_offset_at(s->c->a, topic_defs[t->topic].name,
			t->partition, s->from_ms - MARGIN_MS, lo, e);
	/* What is written by the app server may be later by any time. */
	if (rc == 0 && s->to_ms >= 0 && t->kind == TRACE_CAPTURE)
		rc = records_offset_at(s->c->a, topic_defs[t->topic].name,
			t->partition, s->to_ms + MARGIN_MS, hi, e);
	return rc;
}

static bool
is_it(const struct scan *s, const struct batch_record_view *v)
{
	return (v->value.p != NULL && memmem(v->value.p, v->value.len, s->uuid,
					      UUID_TEXT) != NULL) ||
	       (v->key.p != NULL && v->key.len == UUID_TEXT &&
		       memcmp(v->key.p, s->uuid, UUID_TEXT) == 0);
}

/* Looks at [from, to). *next: where it stopped, to if it did not; *found: an
 * item was given. */
static int
look(struct scan *s, const struct target *t, int64_t from, int64_t to,
	int64_t *next, bool *found, struct err *e)
{
	const struct records_options o = {.topic = topic_defs[t->topic].name,
		.partition = t->partition,
		.from = from};
	struct batch_record_view v;
	struct records *r;
	int partition;
	int rc = records_open(s->c->a, &o, &r, e);

	*next = to;
	if (rc < 0)
		return rc;
	while ((rc = records_next(r, &partition, &v, e)) == 1 &&
		v.offset < to) {
		s->n_records++;
		s->n_bytes += (int64_t)v.value.len;
		if (is_it(s, &v) &&
			trace_put_place(s->c, t->kind,
				topic_defs[t->topic].name, partition, &v,
				s->uuid, s->n_items > 0)) {
			s->n_items++;
			*found = true;
		}
		if ((*found && t->is_one && !s->is_full) ||
			(s->n_records % LOOK_EVERY == 0 &&
				clock_mono_ns() >= s->deadline_ns)) {
			*next = v.offset + 1;
			break;
		}
	}
	records_close(r);
	return rc < 0 ? rc : 0;
}

static void
next_target(struct scan *s)
{
	s->target++;
	s->at = -1;
}

/* Oldest first, from a time that is known. */
static int
scan_forward(struct scan *s, const struct target *t, int64_t lo, int64_t hi,
	struct err *e)
{
	bool found = false;
	int rc = 0;

	if (s->at < lo)
		s->at = lo;
	if (s->at < hi)
		rc = look(s, t, s->at, hi, &s->at, &found, e);
	if (s->at >= hi || (found && t->is_one && !s->is_full))
		next_target(s);
	return rc;
}

/* Newest first, in chunks; a chunk that was not finished is done again. */
static int
scan_backward(struct scan *s, const struct target *t, int64_t lo, int64_t hi,
	struct err *e)
{
	bool found = false;
	int rc = 0;

	if (s->at < 0 || s->at > hi)
		s->at = hi;
	while (rc == 0 && s->at > lo && clock_mono_ns() < s->deadline_ns) {
		int64_t from =
			s->at - CHUNK_RECORDS < lo ? lo : s->at - CHUNK_RECORDS;
		int64_t next;
		int64_t deadline_ns = s->deadline_ns;

		s->deadline_ns = INT64_MAX;
		rc = look(s, t, from, s->at, &next, &found, e);
		s->deadline_ns = deadline_ns;
		s->at = from;
		if (found && t->is_one && !s->is_full)
			s->at = lo;
	}
	if (s->at <= lo)
		next_target(s);
	return rc;
}

static int
read_cursor(struct admin_call *c, struct scan *s, struct err *e)
{
	struct slice cursor = admin_query(c, "cursor");
	const char *colon;

	s->at = -1;
	if (cursor.p == NULL)
		return 0;
	colon = memchr(cursor.p, ':', cursor.len);
	if (colon == NULL ||
		!slice_i64(slice_of(cursor.p, (size_t)(colon - cursor.p)),
			&s->target) ||
		!slice_i64(slice_of(colon + 1,
				   cursor.len - (size_t)(colon + 1 - cursor.p)),
			&s->at) ||
		s->target < 0 || s->target >= N_TARGETS)
		return admin_invalid(c, e, "cursor",
			"cursor: that of an earlier page is wanted");
	return 0;
}

static int
scan_some(struct scan *s, struct err *e)
{
	int rc = 0;

	while (rc == 0 && s->target < N_TARGETS &&
		clock_mono_ns() < s->deadline_ns) {
		const struct target *t = &targets[s->target];
		int64_t lo, hi;

		rc = bounds(s, t, &lo, &hi, e);
		if (rc == 0 && s->from_ms >= 0)
			rc = scan_forward(s, t, lo, hi, e);
		else if (rc == 0)
			rc = scan_backward(s, t, lo, hi, e);
	}
	return rc;
}

int
admin_trace_places(struct admin_call *c, struct err *e)
{
	struct scan s = {
		.c = c,
		.from_ms = -1,
		.to_ms = -1,
		.is_full = admin_query_flag(c, "full"),
		.deadline_ns = clock_mono_ns() + BUDGET_NS,
	};
	int rc = param_uuid(c, s.uuid, e);

	if (rc == 0)
		rc = admin_query_i64(
			c, "from_ms", 0, INT64_MAX / 1000, &s.from_ms, e);
	if (rc == 0)
		rc = admin_query_i64(
			c, "to_ms", 0, INT64_MAX / 1000, &s.to_ms, e);
	if (rc == 0)
		rc = read_cursor(c, &s, e);
	if (rc == 0 && c->a->o.broker == NULL)
		rc = err_set(
			e, ERR_UNAVAILABLE, "a trace needs the running daemon");
	buf_append_lit(&c->out, "{\"items\":[");
	if (rc == 0)
		rc = scan_some(&s, e);
	if (rc < 0)
		return rc;
	buf_printf(&c->out, "],\"records\":%lld,\"bytes\":%lld,\"topic\":",
		(long long)s.n_records, (long long)s.n_bytes);
	if (s.target == N_TARGETS)
		buf_append_lit(&c->out, "null,\"next\":null}\n");
	else
		buf_printf(&c->out, "\"%s\",\"next\":\"%lld:%lld\"}\n",
			topic_defs[targets[s.target].topic].name,
			(long long)s.target, (long long)s.at);
	return 0;
}
