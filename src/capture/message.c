#include "capture/capture_int.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json_read.h"
#include "base/json_write.h"
#include "base/utf8.h"
#include "base/uuid.h"
#include "event/time.h"
#include "stats/stats.h"

/* What is put on the topic: spec capture 5. */
#define RECORD_OVERHEAD_BYTES 2048
#define NAME_FREE_BYTES 4096

static void
take_uuid(struct capture_ctx *x, const struct capture_event *ev, char out[36])
{
	struct uuid u;

	if (ev->has_uuid) {
		uuid_format(&ev->client_uuid, out);
		return;
	}
	uuid_v7(&u, x->now_us);
	uuid_format(&u, out);
}

static double
number_of(struct slice raw)
{
	char text[64];
	size_t n = raw.len < sizeof(text) - 1 ? raw.len : sizeof(text) - 1;

	memcpy(text, raw.p, n);
	text[n] = '\0';
	return strtod(text, NULL);
}

static int64_t
event_time(struct capture_ctx *x, const struct capture_event *ev)
{
	struct event_time_in in = {
		.now_us = x->now_us,
		.sent_at = x->sent_at,
		.ignore_sent_at = capture_raw_is(ev->p_ignore_sent_at, "true"),
	};
	struct event_time out;

	if (capture_raw_is_string(ev->timestamp)) {
		in.timestamp = capture_raw_text(x->a, ev->timestamp);
	} else if (ev->timestamp.p != NULL && ev->timestamp.p[0] != 'n') {
		in.timestamp = ev->timestamp;
		in.timestamp_is_number = true;
	}
	if (ev->offset.p != NULL && ev->offset.p[0] != 'n') {
		in.has_offset = true;
		in.offset_ms = trunc(number_of(ev->offset));
	}
	event_time_compute(&in, &out);
	return out.at_us;
}

static void
put_member(struct buf *b, const char *literal, struct slice raw)
{
	if (raw.p == NULL || raw.p[0] == 'n')
		return;
	buf_append_str(b, literal);
	capture_put_raw(b, raw, true);
}

static void
put_properties(
	struct capture_ctx *x, const struct capture_event *ev, struct buf *b)
{
	struct slice instead = SLICE_NONE;
	char text[NET_ADDR_TEXT + 2];

	if (ev->properties.p == NULL || ev->properties.p[0] != '{') {
		buf_append_lit(b, "{}");
		return;
	}
	if (!ev->has_ip || x->anonymize == TEAM_IP_KEEP) {
		capture_put_raw(b, ev->properties, true);
		return;
	}
	if (x->anonymize == TEAM_IP_TRUNCATE) {
		struct json_limits lim = {LIMIT_JSON_DEPTH, LIMIT_EVENT_NODES};
		struct json_doc d;
		struct err e;
		struct net_addr a;
		uint32_t v;

		/* Only an address can be shortened; all else goes. */
		if (json_parse(x->a, ev->properties, &lim, &d, &e) == 0 &&
			(v = json_member(&d, 0, SLICE_LIT("$ip"))) != 0 &&
			d.nodes[v].type == JSON_STRING &&
			net_addr_parse(json_string(&d, v, x->a), &a)) {
			net_addr_mask(&a, 24, 48);
			text[0] = '"';
			instead.len = 2 + (size_t)net_addr_format(&a, text + 1);
			text[instead.len - 1] = '"';
			instead.p = text;
		}
	}
	capture_put_without_ip(b, ev->properties, true, instead);
}

/* The text of the event as JSON in JSON. */
static void
put_event_text(struct capture_ctx *x, const struct capture_event *ev,
	const char *uuid, struct buf *b)
{
	struct slice id = ev->distinct_id[0].p != NULL ? ev->distinct_id[0]
						       : ev->distinct_id[1];
	struct slice token = SLICE_NONE;

	for (size_t i = 0; i < ARRAY_LEN(ev->token) && token.p == NULL; i++)
		if (capture_raw_is_string(ev->token[i]))
			token = ev->token[i];
	buf_append_char(b, '{');
	if (token.p != NULL) {
		put_member(b, "\\\"token\\\":", token);
		buf_append_char(b, ',');
	}
	if (id.p != NULL && id.p[0] != 'n') {
		put_member(b, "\\\"distinct_id\\\":", id);
		buf_append_char(b, ',');
	}
	buf_append_lit(b, "\\\"uuid\\\":");
	if (ev->has_uuid) {
		buf_append_lit(b, "\\\"");
		buf_append(b, uuid, 36);
		buf_append_lit(b, "\\\"");
	} else {
		buf_append_lit(b, "null");
	}
	put_member(b, ",\\\"event\\\":", ev->event);
	buf_append_lit(b, ",\\\"properties\\\":");
	put_properties(x, ev, b);
	put_member(b, ",\\\"timestamp\\\":", ev->timestamp);
	put_member(b, ",\\\"offset\\\":", ev->offset);
	put_member(b, ",\\\"$set\\\":", ev->set);
	put_member(b, ",\\\"$set_once\\\":", ev->set_once);
	/* Anything else is no list of names (ingestion spec 3.3). */
	if (ev->unset.len > 0 && (*ev->unset.p == '[' || *ev->unset.p == '{'))
		put_member(b, ",\\\"$unset\\\":", ev->unset);
	buf_append_char(b, '}');
}

static const char *
message_ip(const struct capture_ctx *x, const struct capture_event *ev)
{
	if (ev->is_internal && x->anonymize != TEAM_IP_DROP)
		return "127.0.0.1";
	return x->ip;
}

static void
put_event_data(struct capture_ctx *x, const struct capture_event *ev,
	struct slice uuid, struct buf *b)
{
	put_event_text(x, ev, uuid.p, b);
}

void
capture_put_message(struct capture_ctx *x, const struct capture_event *ev,
	struct capture_message *m, struct buf *b)
{
	capture_put_message_around(x, ev, m, slice_of(m->uuid, sizeof(m->uuid)),
		b, put_event_data);
}

void
capture_put_message_around(struct capture_ctx *x,
	const struct capture_event *ev, struct capture_message *m,
	struct slice arg, struct buf *b, capture_put_data *put)
{
	char at[CLOCK_TEXT_MAX];
	int n;

	if (!m->has_at)
		m->at_us = event_time(x, ev);
	take_uuid(x, ev, m->uuid);
	buf_append_lit(b, "{\"uuid\":\"");
	buf_append(b, m->uuid, sizeof(m->uuid));
	buf_append_lit(b, "\",\"distinct_id\":");
	json_put_string(b, ev->id);
	buf_append_lit(b, ",\"ip\":\"");
	buf_append_str(b, message_ip(x, ev));
	buf_append_lit(b, "\",\"data\":\"");
	put(x, ev, arg, b);
	buf_append_lit(b, "\",\"now\":\"");
	buf_append(b, x->now, x->now_len);
	if (x->sent_at.p != NULL) {
		buf_append_lit(b, "\",\"sent_at\":\"");
		buf_append_slice(b, x->sent_at);
	}
	buf_append_lit(b, "\",\"token\":");
	json_put_string(b, x->token);
	buf_append_lit(b, ",\"event\":");
	capture_put_raw(b, ev->event, false);
	n = clock_format(m->at_us, CLOCK_RFC3339, at);
	buf_append_lit(b, ",\"timestamp\":\"");
	buf_append(b, at, (size_t)n);
	buf_append_char(b, '"');
	if (ev->is_cookieless)
		buf_append_lit(b, ",\"is_cookieless_mode\":true");
	if (m->is_historical)
		buf_append_lit(b, ",\"historical_migration\":true");
	buf_append_char(b, '}');
}

bool
capture_keeps_own_topic(const struct capture_event *ev)
{
	return slice_eq_str(ev->event, "\"$exception\"") ||
	       slice_eq_str(ev->event, "\"$$heatmap\"") ||
	       slice_eq_str(ev->event, "\"$$client_ingestion_warning\"");
}

struct slice
capture_event_key(struct capture_ctx *x, const struct capture_event *ev)
{
	struct slice tail =
		ev->is_cookieless ? slice_str(message_ip(x, ev)) : ev->id;
	size_t len = x->token.len + 1 + tail.len;
	char *p = arena_alloc(x->a, len);

	if (p == NULL)
		return SLICE_NONE;
	memcpy(p, x->token.p, x->token.len);
	p[x->token.len] = ':';
	memcpy(p + x->token.len + 1, tail.p, tail.len);
	return slice_of(p, len);
}

/* In decimal; returns the length. */
static size_t
put_i64(char out[24], int64_t v)
{
	uint64_t left = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
	char text[24];
	size_t i = sizeof(text);

	do {
		text[--i] = (char)('0' + left % 10);
		left /= 10;
	} while (left > 0);
	if (v < 0)
		text[--i] = '-';
	memcpy(out, text + i, sizeof(text) - i);
	return sizeof(text) - i;
}

uint32_t
capture_event_headers(struct capture_ctx *x, const struct capture_event *ev,
	const struct capture_message *m, struct capture_headers *h)
{
	struct batch_header_kv *kv = h->kv;
	size_t len = put_i64(h->ms, m->at_us / 1000);
	uint32_t n = 0;

	kv[n++] = (struct batch_header_kv){SLICE_LIT("token"), x->token};
	kv[n++] = (struct batch_header_kv){SLICE_LIT("distinct_id"), ev->id};
	kv[n++] = (struct batch_header_kv){
		SLICE_LIT("timestamp"), slice_of(h->ms, len)};
	kv[n++] = (struct batch_header_kv){
		SLICE_LIT("event"), capture_raw_text(x->a, ev->event)};
	kv[n++] = (struct batch_header_kv){
		SLICE_LIT("uuid"), slice_of(m->uuid, sizeof(m->uuid))};
	kv[n++] = (struct batch_header_kv){
		SLICE_LIT("now"), slice_of(x->now, x->now_len)};
	if (m->is_historical)
		kv[n++] = (struct batch_header_kv){
			SLICE_LIT("historical_migration"), SLICE_LIT("true")};
	if (m->no_person)
		kv[n++] = (struct batch_header_kv){
			SLICE_LIT("force_disable_person_processing"),
			SLICE_LIT("true")};
	if (x->sent_at_invalid.p != NULL)
		kv[n++] = (struct batch_header_kv){
			SLICE_LIT("sent_at_invalid"), x->sent_at_invalid};
	return n;
}

int
capture_too_large(struct capture_ctx *x, size_t len, size_t max)
{
	stats_add(STATS_CAPTURE_SIZE_EXCEEDED, CAPTURE_SIZE_MESSAGE, 1);
	stats_add(STATS_CAPTURE_DROPPED, DROP_TOO_BIG, 1);
	return capture_refuse(x, 413, CAPTURE_OVERSIZE_EVENT,
		"maximum event size exceeded: an event takes %zu bytes as a "
		"message, the limit is %zu",
		len, max);
}

/* By capture.historical_rerouting_h; those on the main topic alone. */
static void
find_age(struct capture_ctx *x, const struct capture_event *ev,
	struct capture_message *m)
{
	int64_t old_us = x->conf->rules.historical_us;

	if (old_us == 0 || m->is_historical || capture_keeps_own_topic(ev))
		return;
	if (!m->has_at)
		m->at_us = event_time(x, ev);
	m->has_at = true;
	m->is_old = m->at_us < x->now_us - old_us;
}

int
capture_write_record(struct capture_ctx *x, const struct capture_event *ev,
	struct capture_message *m)
{
	m->is_historical =
		x->body.is_historical && !capture_keeps_own_topic(ev);
	m->no_person |= (ev->rules & RULE_NO_PERSON) != 0;
	find_age(x, ev, m);
	struct capture_out *o = capture_out(x, capture_route(x, ev, m));
	size_t raw = ev->properties.len + ev->event.len * 3 + ev->set.len +
		     ev->set_once.len + ev->unset.len + ev->timestamp.len +
		     ev->id.len * 3;
	size_t max = x->conf->max_event_bytes, len;
	struct slice key = capture_event_key(x, ev);
	struct capture_headers h;
	uint32_t n;

	if (key.p == NULL)
		return capture_shed(x, CAPTURE_OVERLOAD, REFUSAL_NO_MEMORY);
	/* White space may vanish, but not that much of it is honest. */
	if (raw > 4 * max || ev->event.len > max)
		return capture_too_large(x, raw, max);
	capture_out_begin(x, o, raw * 2 + RECORD_OVERHEAD_BYTES);
	batch_value_begin(&o->w, key.len);
	capture_put_message(x, ev, m, &o->batches);
	len = batch_value_len(&o->w);
	/* The name stands in a header again. */
	if (ev->event.len > NAME_FREE_BYTES)
		len += ev->event.len;
	if (len > max) {
		batch_value_cancel(&o->w);
		return capture_too_large(x, len, max);
	}
	n = capture_event_headers(x, ev, m, &h);
	batch_value_end(&o->w, x->now_us / 1000, key, h.kv, n);
	if (x->is_remembered && ev->has_uuid)
		capture_note_print(x, ev, o, capture_raw_text(x->a, ev->event));
	o->n++;
	if (o->part == x->c->redirected)
		return 0; /* the app server does not read it */
	x->portion->tally.sum.count++;
	x->portion->tally.sum.bits ^=
		audit_uuid_hash(slice_of(m->uuid, sizeof(m->uuid)));
	return 0;
}

/* As it goes into messages. */
static void
set_sent_at(struct capture_ctx *x, int64_t at_us)
{
	char out[CLOCK_TEXT_MAX];
	int n = clock_format(at_us, CLOCK_RFC3339, out);

	x->sent_at = arena_dup_slice(x->a, slice_of(out, (size_t)n));
	stats_observe(STATS_CAPTURE_CLOCK_SKEW, 0,
		fabs((double)(at_us - x->now_us) / 1e6));
}

/* The request's send time, once for all its events. */
void
capture_take_sent_at(struct capture_ctx *x)
{
	struct slice text = x->body.sent_at;
	int64_t at_us;

	/* The query's goes before that of an event. */
	if (text.len == 0 && !x->q.has_sent_at && x->body.n > 0 &&
		capture_raw_is_string(x->body.events[0].sent_at))
		text = capture_raw_text(x->a, x->body.events[0].sent_at);
	if (text.len > 0 && event_time_parse(text, &at_us)) {
		set_sent_at(x, at_us);
		return;
	}
	if (text.len > 0)
		x->sent_at_invalid = utf8_cut_scalars(text, 100);
	if (x->q.has_sent_at)
		set_sent_at(x, x->q.sent_at_ms * 1000);
}

/* The disk or a log: who watches them has counted it. */
static int
refuse_full(struct capture_ctx *x)
{
	x->no.retry_s = CAPTURE_FULL_RETRY_S;
	return capture_refuse(x, 503, CAPTURE_RETRYABLE_SINK,
		"transient error, please retry");
}

/* capture-6: before the records are built, so that what is refused costs
 * little. They are about as long as the text. */
static int
take_share(struct capture_ctx *x)
{
	struct capture_job *j = x->job;
	size_t bytes = x->text.len > x->raw.len ? x->text.len : x->raw.len;
	enum refusal why;

	x->share = share_slot(x->team == NULL ? 0 : x->team->id);
	j->share = x->share;
	if (share_take(&x->c->shares, j->share, bytes, &j->share_cost, &why))
		return 0;
	j->share_cost = 0;
	return capture_shed(x, CAPTURE_RETRYABLE_SINK, why);
}

int
capture_begin_records(struct capture_ctx *x)
{
	bool is_recording = (x->path_flags & PATH_RECORDING) != 0;

	if (x->c->may_accept != NULL &&
		!x->c->may_accept(x->c->cookie, is_recording))
		return refuse_full(x);
	x->job = capture_job_get(x->c);
	if (x->job == NULL)
		return capture_shed(x, CAPTURE_OVERLOAD, REFUSAL_NO_MEMORY);
	x->portion = x->job;
	if (take_share(x) != 0)
		return -1;
	stats_observe(STATS_CAPTURE_BATCH_SIZE, 0, x->body.n);
	x->job->n_events = x->body.n;
	x->job->quota_team = 0;
	if (x->team != NULL && x->team->quotas != NULL) {
		x->job->quota_team = x->team->id;
		memcpy(x->job->used, x->used, sizeof(x->used));
	}
	x->is_remembered = x->c->dedupe != NULL && x->team != NULL &&
			   x->team->dedupe_uuids && dedupe_is_on(x->c->dedupe);
	x->job->tally = (struct audit_tally){
		.hop = AUDIT_CAPTURE,
		.minute = audit_minute(x->now_us / 1000),
		.team_id = x->team == NULL ? 0 : x->team->id,
	};
	return 0;
}

int
capture_write_event(struct capture_ctx *x, const struct capture_event *ev,
	struct capture_message *m)
{
	if (capture_portion_is_full(x) && capture_portion_next(x) != 0)
		return -1;
	if (x->is_unknown || (ev->rules & RULE_DLQ) != 0)
		return capture_write_letter(x, ev, m);
	return capture_write_record(x, ev, m);
}

int
capture_write_records(struct capture_ctx *x)
{
	bool is_recording = (x->path_flags & PATH_RECORDING) != 0;
	int err = capture_begin_records(x);

	if (err != 0)
		return err;
	capture_take_sent_at(x);
	if (is_recording)
		err = capture_write_recording(x);
	for (uint32_t i = 0; i < x->body.n && err == 0 && !is_recording; i++) {
		struct capture_message m = {0};

		err = capture_write_event(x, &x->body.events[i], &m);
	}
	return err != 0 ? err : capture_outs_end(x);
}
