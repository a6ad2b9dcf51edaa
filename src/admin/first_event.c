#include <stdio.h>
#include <string.h>

#include "admin/admin_int.h"
#include "admin/records.h"
#include "base/clock.h"
#include "base/json_write.h"
#include "base/uuid.h"
#include "clickhouse/clickhouse.h"
#include "pipeline/pipeline.h"
#include "stats/stats.h"
#include "team/team.h"
#include "topic/topic.h"

/*
 * The first event of a project since some time, and how far it has come: what
 * somebody looks at who has just put a snippet into a page. Asked again and
 * again, so each look is bounded; the next goes on where this one ended.
 */
#define BUDGET_NS INT64_C(150000000)
#define LOOK_EVERY 256 /* records between looks at the clock */
#define SHOWN_MAX_BYTES 65536
#define POSITIONS_MAX 64
#define WRITTEN_EARLIER_MS 1000 /* of the output log, by the order of commits */

struct look {
	struct admin_call *c;
	int64_t team_id;
	int64_t deadline_ns;
	int64_t looked_to_ms; /* all before it was looked at */
	/* The event. */
	char uuid[UUID_TEXT + 1]; /* "" : none yet */
	const char *topic;
	int partition;
	int64_t offset, at_ms;
	bool is_written, is_letter;
};

/* Whether a record is what is looked for; may keep what it needs of it. */
typedef bool match_fn(struct look *l, const struct batch_record_view *v);

static bool
is_late(const struct look *l)
{
	return clock_mono_ns() >= l->deadline_ns;
}

/* true in *found when one matched. */
static int
scan(struct look *l, enum topic_id topic, int partition, int64_t from_ms,
	match_fn *match, bool *found, struct err *e)
{
	struct records_options o = {
		.topic = topic_defs[topic].name, .partition = partition};
	struct batch_record_view v;
	struct records *r;
	int p;
	int n = 0;
	int rc = records_offset_at(
		l->c->a, o.topic, partition, from_ms, &o.from, e);

	*found = false;
	if (rc < 0)
		return rc == -ERR_NOT_FOUND ? 0 : rc;
	rc = records_open(l->c->a, &o, &r, e);
	if (rc < 0)
		return rc;
	while (!*found && (rc = records_next(r, &p, &v, e)) == 1) {
		*found = match(l, &v);
		if (++n % LOOK_EVERY == 0 && is_late(l)) {
			if (v.ts_ms < l->looked_to_ms)
				l->looked_to_ms = v.ts_ms;
			break;
		}
	}
	records_close(r);
	return rc < 0 ? rc : 0;
}

static bool
is_of_team(struct look *l, const struct batch_record_view *v)
{
	const struct team_snapshot *snap;
	const struct team *t;
	struct slice token;
	bool is_it;

	if (!batch_header_find(v, "token", &token))
		return false;
	snap = team_snapshot_get(l->c->a->o.teams);
	t = team_by_token(snap, token);
	is_it = t != NULL && t->id == l->team_id;
	team_snapshot_unref(snap);
	return is_it;
}

static void
put_header(struct look *l, const struct batch_record_view *v, const char *name)
{
	struct slice text = SLICE_NONE;

	buf_append_char(&l->c->out, ',');
	if (!batch_header_find(v, name, &text))
		text = SLICE_NONE;
	records_put_text(&l->c->out, name, text);
}

static struct slice
member_text(struct look *l, const struct json_doc *d, const char *name)
{
	uint32_t node = json_member(d, 0, slice_str(name));

	return node != 0 && d->nodes[node].type == JSON_STRING
		       ? json_string(d, node, l->c->arena)
		       : SLICE_NONE;
}

/* The event as the client sent it: the member data of the message. */
static bool
keep_event(struct look *l, const struct batch_record_view *v)
{
	const struct json_limits lim = {JSON_DEPTH_MAX, 1000000};
	struct json_doc d;
	struct slice uuid, data;
	struct uuid u;
	struct err e;

	if (!is_of_team(l, v) || v->value.p == NULL ||
		json_parse(l->c->arena, v->value, &lim, &d, &e) < 0 ||
		d.nodes[0].type != JSON_OBJECT)
		return false;
	uuid = member_text(l, &d, "uuid");
	if (uuid.p == NULL || !uuid_parse_any(uuid, &u))
		return false;
	uuid_format(&u, l->uuid);
	l->offset = v->offset;
	l->at_ms = v->ts_ms;
	data = member_text(l, &d, "data");
	buf_printf(&l->c->out, "{\"uuid\":\"%s\",\"at_ms\":%lld", l->uuid,
		(long long)v->ts_ms);
	put_header(l, v, "event");
	put_header(l, v, "distinct_id");
	buf_append_char(&l->c->out, ',');
	records_put_text(&l->c->out, "data",
		data.len > SHOWN_MAX_BYTES ? SLICE_NONE : data);
	return true;
}

static int
find_event(struct look *l, int64_t from_ms, struct err *e)
{
	static const struct {
		enum topic_id topic;
		int partition;
	} logs[] = {
		{TOPIC_INGESTION, 0},
		{TOPIC_INGESTION_OVERFLOW, 0},
		{TOPIC_INGESTION_HISTORICAL, 0},
	};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < ARRAY_LEN(logs); i++) {
		bool found;

		rc = scan(l, logs[i].topic, logs[i].partition, from_ms,
			keep_event, &found, e);
		if (rc < 0 || !found)
			continue;
		l->topic = topic_defs[logs[i].topic].name;
		l->partition = logs[i].partition;
		buf_printf(&l->c->out,
			",\"topic\":\"%s\",\"partition\":%d,\"offset\":%lld}",
			l->topic, l->partition, (long long)l->offset);
		return 0;
	}
	if (rc == 0)
		buf_append_lit(&l->c->out, "null");
	return rc;
}

static bool
names_it(struct look *l, const struct batch_record_view *v)
{
	return v->value.p != NULL &&
	       memmem(v->value.p, v->value.len, l->uuid, UUID_TEXT) != NULL;
}

static void
put_hop(struct look *l, const char *id, const char *state, const char *text)
{
	bool first = l->c->out.p[l->c->out.len - 1] == '[';

	buf_printf(&l->c->out,
		"%s{\"id\":\"%s\",\"state\":\"%s\",\"text\":", first ? "" : ",",
		id, state);
	json_put_string(&l->c->out, slice_str(text));
	buf_append_char(&l->c->out, '}');
}

/* Whether the app server has been through it, as committed. */
static bool
is_passed(const struct look *l)
{
	struct pipeline_position pos[POSITIONS_MAX];
	int n = pipeline_positions(l->c->a->o.pipeline, pos, POSITIONS_MAX);

	for (int i = 0; i < n; i++)
		if (pos[i].partition == l->partition &&
			strcmp(pos[i].topic, l->topic) == 0)
			return pos[i].position > l->offset;
	return false;
}

/* Position and output are of one transaction: what has passed and is not in the
 * output log by then became something else. */
static int
put_ingest(struct look *l, struct err *e)
{
	bool found = false;
	bool passed;
	char text[240] = "";
	int rc = 0;

	if (l->c->a->o.pipeline == NULL) {
		put_hop(l, "ingest", "off",
			"The role ingest is off on this machine.");
		return 0;
	}
	passed = is_passed(l);
	if (passed)
		rc = scan(l, TOPIC_EVENTS, 0, l->at_ms - WRITTEN_EARLIER_MS,
			names_it, &l->is_written, e);
	for (int p = 0; rc == 0 && passed && !l->is_written && p < 2; p++) {
		rc = scan(l, TOPIC_DEAD_LETTERS, p,
			l->at_ms - WRITTEN_EARLIER_MS, names_it, &found, e);
		l->is_letter = l->is_letter || found;
	}
	if (rc < 0)
		return rc;
	pipeline_trouble(l->c->a->o.pipeline, text, sizeof(text));
	if (l->is_letter)
		put_hop(l, "ingest", "letter", "It became a dead letter.");
	else if (passed && !l->is_written && !is_late(l))
		put_hop(l, "ingest", "dropped",
			"A rule of the project dropped it.");
	else
		put_hop(l, "ingest", passed ? "done" : "waiting", text);
	return 0;
}

static void
put_clickhouse(struct look *l)
{
	struct clickhouse_status st = {.state = CLICKHOUSE_OFF};
	char query[200];
	struct buf answer;
	struct err e;
	int64_t n = 0;

	if (l->c->a->o.clickhouse != NULL)
		clickhouse_status(l->c->a->o.clickhouse, &st);
	if (st.state == CLICKHOUSE_OFF || st.state == CLICKHOUSE_NO_LIBRARY) {
		put_hop(l, "clickhouse", "off",
			st.text[0] == '\0' ? "ClickHouse is off here."
					   : st.text);
		return;
	}
	if (!l->is_written) {
		put_hop(l, "clickhouse", "waiting", st.text);
		return;
	}
	snprintf(query, sizeof(query),
		"SELECT count() FROM posthog.events WHERE team_id = %lld AND "
		"uuid = '%s'",
		(long long)l->team_id, l->uuid);
	buf_init(&answer, 4096);
	if (admin_ask_clickhouse(l->c->a, query, "TabSeparated", &answer, &e) <
		0)
		put_hop(l, "clickhouse", "waiting", e.text);
	else if (slice_i64(slice_trim(buf_slice(&answer)), &n) && n > 0)
		put_hop(l, "clickhouse", "done", "");
	else
		put_hop(l, "clickhouse", "waiting", "");
	buf_fini(&answer);
}

static int
put_hops(struct look *l, struct err *e)
{
	const struct conf *conf = admin_conf(l->c->a);
	bool is_there = l->uuid[0] != '\0';
	const char *written;
	int rc;

	buf_append_lit(&l->c->out, ",\"hops\":[");
	put_hop(l, "capture", is_there ? "done" : "waiting", "");
	put_hop(l, "front_log", is_there ? "done" : "waiting", "");
	if (is_there) {
		rc = put_ingest(l, e);
		if (rc < 0)
			return rc;
	} else {
		put_hop(l, "ingest", "waiting", "");
	}
	written = l->is_written ? "done" : "waiting";
	put_hop(l, "output", written, "");
	if (strcmp(conf->kafka_listen, "off") == 0)
		put_hop(l, "broker", "off", "kafka.listen is off.");
	else
		put_hop(l, "broker", written, "");
	put_clickhouse(l);
	buf_append_char(&l->c->out, ']');
	return 0;
}

/* Requests refused since the start, as far as a wrong key is the reason. */
static void
put_refused(struct buf *b)
{
	uint64_t unknown = 0, others = 0;
	const char *label;

	for (int i = 0; (label = stats_label(STATS_CAPTURE_ERRORS, i)) != NULL;
		i++) {
		uint64_t n = stats_counter(STATS_CAPTURE_ERRORS, i);

		if (strncmp(label, "unknown_token", 13) == 0 ||
			strncmp(label, "invalid_token", 13) == 0 ||
			strncmp(label, "no_token", 8) == 0)
			unknown += n;
		else
			others += n;
	}
	buf_printf(b, ",\"refused\":{\"key\":%llu,\"other\":%llu}",
		(unsigned long long)unknown, (unsigned long long)others);
}

int
admin_first_event(struct admin_call *c, struct err *e)
{
	struct look l = {
		.c = c,
		.deadline_ns = clock_mono_ns() + BUDGET_NS,
		.looked_to_ms = clock_now_us() / 1000,
	};
	const struct team_snapshot *snap;
	const struct team *team;
	int64_t from_ms = 0;
	int rc =
		admin_query_i64(c, "from_ms", 0, INT64_MAX / 1000, &from_ms, e);

	if (rc == 0 && c->a->o.broker == NULL)
		rc = err_set(e, ERR_UNAVAILABLE,
			"events are waited for by the running daemon");
	if (rc == 0)
		rc = admin_project(c, &snap, &team, e);
	if (rc < 0)
		return rc;
	l.team_id = team->id;
	team_snapshot_unref(snap);
	buf_append_lit(&c->out, "{\"event\":");
	rc = find_event(&l, from_ms, e);
	if (rc == 0)
		rc = put_hops(&l, e);
	if (rc < 0)
		return rc;
	put_refused(&c->out);
	lock_take(&c->a->lock);
	buf_printf(&c->out, ",\"ports\":%s",
		c->a->ports == NULL ? "{}" : c->a->ports);
	lock_release(&c->a->lock);
	buf_printf(&c->out, ",\"looked_to_ms\":%lld}\n",
		(long long)l.looked_to_ms);
	return 0;
}
