#include "capture/capture_int.h"

#include "base/json_write.h"

/* Session recordings: one message for the request (spec capture 3.9). */
static void
put_nested_text(struct buf *b, const char *literal, struct slice text)
{
	struct buf q;

	buf_append_str(b, literal);
	buf_init(&q, text.len * 6 + 16);
	json_put_string(&q, text);
	json_put_nested(b, buf_slice(&q));
	buf_fini(&q);
}

static struct slice
library(struct capture_ctx *x, const struct capture_event *ev)
{
	struct slice agent = capture_header_text(x, "User-Agent");
	const char *slash;

	if (capture_raw_is_string(ev->p_lib))
		return capture_raw_text(x->a, ev->p_lib);
	if (agent.len == 0)
		return SLICE_LIT("unknown");
	slash = memchr(agent.p, '/', agent.len);
	if (slash != NULL)
		agent.len = (size_t)(slash - agent.p);
	if (agent.len > 0 && memmem(agent.p, agent.len, "posthog", 7) != NULL)
		return agent;
	return SLICE_LIT("web");
}

static void
put_items(struct capture_ctx *x, struct buf *b)
{
	bool first = true;

	buf_append_lit(b, ",\\\"$snapshot_items\\\":[");
	for (uint32_t i = 0; i < x->body.n; i++) {
		struct slice raw = x->body.events[i].p_snapshot;
		size_t before = b->len;

		if (raw.p[0] == '[')
			raw = slice_trim(slice_of(raw.p + 1, raw.len - 2));
		if (raw.len == 0)
			continue;
		if (!first) {
			buf_append_char(b, ',');
			before++;
		}
		capture_put_raw(b, raw, true);
		first = first && b->len == before;
	}
	buf_append_lit(b, "]");
}

/* The data member; shape of $snapshot_items. */
static void
put_data(struct capture_ctx *x, const struct capture_event *ev,
	struct slice session, struct buf *b)
{
	struct slice window = capture_raw_is_string(ev->p_window_id)
				      ? capture_raw_text(x->a, ev->p_window_id)
				      : session;
	struct slice source = capture_raw_is_string(ev->p_source)
				      ? capture_raw_text(x->a, ev->p_source)
				      : SLICE_LIT("web");

	buf_append_lit(b, "{\\\"event\\\":\\\"$snapshot_items\\\","
			  "\\\"properties\\\":{");
	put_nested_text(b, "\\\"distinct_id\\\":", ev->id);
	put_nested_text(b, ",\\\"$session_id\\\":", session);
	put_nested_text(b, ",\\\"$window_id\\\":", window);
	put_nested_text(b, ",\\\"$snapshot_source\\\":", source);
	put_items(x, b);
	put_nested_text(b, ",\\\"$lib\\\":", library(x, ev));
	buf_append_lit(b, "}}");
}

/* Of topics that a restriction names only one is for recordings too. */
static struct store_part *
route(const struct capture *c, const struct capture_event *ev)
{
	if ((ev->rules & RULE_DLQ) != 0)
		return c->recordings_dlq;
	if ((ev->rules & RULE_TOPIC) != 0 &&
		ev->topic == TOPIC_INGESTION_REDIRECTED)
		return c->redirected;
	return (ev->rules & RULE_OVERFLOW) != 0 ? c->recordings_overflow
						: c->recordings;
}

int
capture_write_recording(struct capture_ctx *x)
{
	struct capture_event ev = x->body.events[0];
	struct slice session =
		slice_of(ev.p_session_id.p + 1, ev.p_session_id.len - 2);
	struct capture_out *o = capture_out(x, route(x->c, &ev));
	struct capture_message m = {
		.no_person = (ev.rules & RULE_NO_PERSON) != 0};
	char at[CLOCK_TEXT_MAX];
	struct capture_headers h;
	size_t raw = 0, len, max = x->conf->max_recording_bytes;
	uint32_t n;

	for (uint32_t i = 0; i < x->body.n; i++)
		raw += x->body.events[i].p_snapshot.len;
	if (raw > 2 * max)
		return capture_too_large(x, raw, max);
	ev.event = SLICE_LIT("\"$snapshot_items\"");
	capture_out_begin(x, o, LIMIT_BATCH_BYTES);
	batch_value_begin(&o->w, session.len);
	capture_put_message_around(x, &ev, &m, session, &o->batches, put_data);
	len = batch_value_len(&o->w);
	if (len > max || o->batches.failed) {
		batch_value_cancel(&o->w);
		return capture_too_large(x, len, max);
	}
	n = capture_event_headers(x, &ev, &m, &h);
	h.kv[n++] = (struct batch_header_kv){SLICE_LIT("session_id"), session};
	if (o->part == x->c->recordings_dlq)
		n = capture_letter_headers(x, &m, &h, n, at);
	batch_value_end(&o->w, x->now_us / 1000, session, h.kv, n);
	o->n++;
	return 0;
}
