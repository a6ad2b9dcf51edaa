#include "capture/v1.h"

#include "base/json_write.h"
#include "event/time.h"
#include "stats/stats.h"

/* Records and results of the v1 endpoint. */
static void
begin_member(struct buf *b, const char *name)
{
	if (b->len > 1)
		buf_append_char(b, ',');
	buf_append_char(b, '"');
	buf_append_str(b, name);
	buf_append_lit(b, "\":");
}

static void
put_raw(struct buf *b, const char *name, struct slice raw)
{
	if (raw.p == NULL || raw.p[0] == 'n')
		return;
	begin_member(b, name);
	buf_append_slice(b, raw);
}

static void
put_text(struct buf *b, const char *name, struct slice text)
{
	if (text.len == 0)
		return;
	begin_member(b, name);
	json_put_string(b, text);
}

/* What options and headers say is put last, so that it wins. */
static void
put_properties(struct capture_ctx *x, const struct capture_event *ev,
	const struct v1_event *v, struct buf *b)
{
	if (ev->properties.p != NULL && ev->properties.p[0] == '{') {
		buf_append(b, ev->properties.p, ev->properties.len - 1);
		b->len = slice_trim(buf_slice(b)).len;
	} else {
		buf_append_char(b, '{');
	}
	put_raw(b, "$session_id", v->session_id);
	put_raw(b, "$window_id", v->window_id);
	if (ev->is_cookieless)
		put_raw(b, "$cookieless_mode", SLICE_LIT("true"));
	if (v->skew_off)
		put_raw(b, "$ignore_sent_at", SLICE_LIT("true"));
	put_raw(b, "$product_tour_id", v->product_tour_id);
	if (v->has_profile)
		put_raw(b, "$process_person_profile",
			slice_str(v->profile ? "true" : "false"));
	put_text(b, "$lib", x->v1->lib);
	put_text(b, "$lib_version", x->v1->lib_version);
	buf_append_char(b, '}');
}

static int
write_event(struct capture_ctx *x, const struct capture_event *from,
	const struct v1_event *v)
{
	struct capture_event ev = *from;
	struct capture_message m = {.no_person = v->no_person};
	struct buf b;

	for (size_t i = 0; i < ARRAY_LEN(ev.token); i++)
		ev.token[i] = SLICE_NONE;
	ev.offset = ev.set = ev.set_once = ev.unset = SLICE_NONE;
	buf_init(&b, LIMIT_V1_TEXT_BYTES);
	put_properties(x, from, v, &b);
	ev.properties =
		b.failed ? SLICE_NONE : arena_dup_slice(x->a, buf_slice(&b));
	buf_fini(&b);
	if (ev.properties.p == NULL)
		return capture_shed_v1(x, REFUSAL_NO_MEMORY);
	/* Without correction the time is the client's own, not even clamped. */
	if (v->skew_off)
		m.has_at = event_time_parse(
			capture_raw_text(x->a, ev.timestamp), &m.at_us);
	if (capture_write_event(x, &ev, &m) != 0)
		return x->no.status == 413
			       ? capture_refuse_v1(x, 413, "payload_too_large",
					 "an event is too large as a message")
			       : capture_refuse_v1(x, 503,
					 "service_unavailable", "please retry");
	return 0;
}

static void
put_result(struct buf *b, const struct v1_event *v)
{
	if (b->len > sizeof("{\"results\":{") - 1)
		buf_append_char(b, ',');
	json_put_string(b, slice_of(v->uuid, sizeof(v->uuid)));
	buf_append_lit(b, ":{\"result\":");
	if (v->drop != NULL) {
		buf_append_lit(b, "\"drop\",\"details\":\"");
		buf_append_str(b, v->drop);
		buf_append_lit(b, "\"}");
	} else if (v->is_limited) {
		buf_append_lit(b, "\"warning\",\"details\":\"person_"
				  "processing_disabled\"}");
	} else if (v->no_person) {
		buf_append_lit(b,
			"\"ok\",\"details\":\"person_processing_disabled\"}");
	} else {
		buf_append_lit(b, "\"ok\"}");
	}
}

int
capture_v1_write(struct capture_ctx *x)
{
	struct buf *answer;
	uint32_t stored = 0;

	if (capture_begin_records(x) != 0)
		return capture_refuse_v1(
			x, 503, "service_unavailable", "please retry");
	answer = &x->job->answer;
	buf_append_lit(answer, "{\"results\":{");
	for (uint32_t i = 0; i < x->body.n; i++) {
		const struct v1_event *v = &x->v1->events[i];

		put_result(answer, v);
		if (v->drop != NULL) {
			if (v->cause != DROP_NONE)
				stats_dropped(x->team == NULL ? 0 : x->team->id,
					(int)v->cause, 1);
			continue;
		}
		if (write_event(x, &x->body.events[i], v) != 0)
			return -1;
		stored++;
	}
	buf_append_lit(answer, "}}");
	x->job->n_events = stored;
	return capture_outs_end(x);
}
