#include "capture/capture_int.h"

#include <stdio.h>

#include "base/json_write.h"
#include "base/uuid.h"
#include "stats/stats.h"

/*
 * Dead letters from capture: message and headers of spec ingestion 1.4, fields
 * of spec capture 9. The project is not known, so no address is written.
 */
#define UNABLE "Unable to fetch team from Postgres. Error: "
#define BEHIND UNABLE "earlier events of this key wait to be put back"
#define NO_ANSWER UNABLE "Postgres did not answer in time"

static void
put_text(struct buf *b, const char *literal, struct slice text)
{
	buf_append_str(b, literal);
	json_put_string(b, text);
}

static void
put_site(struct capture_ctx *x, struct buf *b)
{
	struct slice host = capture_header_text(x, "Host");
	struct slice proto = http_header(x->r, "X-Forwarded-Proto");
	char text[300];
	int n = 0;

	if (host.len > 0 && host.len < 256)
		n = snprintf(text, sizeof(text), "%s://%.*s",
			slice_eq_nocase(proto, SLICE_LIT("https")) ? "https"
								   : "http",
			SLICE_FMT(host));
	put_text(b, ",\"site_url\":", slice_of(text, n < 0 ? 0 : (size_t)n));
}

static struct slice
error_text(struct capture_ctx *x, char *room, size_t size)
{
	char why[240];

	if (!x->is_unknown)
		return SLICE_LIT("Redirected by event restriction");
	if (!x->is_unasked)
		return SLICE_LIT("Unknown API key");
	if (x->is_behind)
		return SLICE_LIT(BEHIND);
	team_cache_trouble(x->c->teams, why, sizeof(why));
	if (why[0] == '\0')
		return SLICE_LIT(NO_ANSWER);
	snprintf(room, size, UNABLE "%s", why);
	return slice_str(room);
}

static void
put_letter(struct capture_ctx *x, const struct capture_event *ev,
	const struct capture_message *m, struct slice payload, struct buf *b)
{
	char id[UUID_TEXT], now[CLOCK_TEXT_MAX], text[300];
	struct uuid u;
	size_t n = (size_t)clock_format(x->now_us, CLOCK_SECOND, now);

	uuid_v7(&u, x->now_us);
	uuid_format(&u, id);
	put_text(b, "{\"id\":", slice_of(id, UUID_TEXT));
	put_text(b, ",\"event_uuid\":", slice_of(m->uuid, UUID_TEXT));
	buf_append_lit(b, ",\"event\":");
	capture_put_raw(b, ev->event, false);
	buf_append_lit(b, ",\"properties\":\"");
	if (ev->properties.p != NULL && ev->properties.p[0] == '{')
		capture_put_without_ip(b, ev->properties, true, SLICE_NONE);
	else
		buf_append_lit(b, "{}");
	put_text(b, "\",\"distinct_id\":", ev->id);
	buf_printf(b, ",\"team_id\":%lld,\"elements_chain\":\"\"",
		x->team == NULL ? 0LL : (long long)x->team->id);
	put_text(b, ",\"created_at\":", slice_of(now, n));
	buf_append_lit(b, ",\"ip\":\"\"");
	put_site(x, b);
	put_text(b, ",\"now\":", slice_of(now, n));
	put_text(b, ",\"raw_payload\":", payload);
	put_text(b, ",\"error_timestamp\":", slice_of(now, n));
	buf_append_lit(b, ",\"error_location\":\"capture_endpoint\"");
	put_text(b, ",\"error\":", error_text(x, text, sizeof(text)));
	buf_append_lit(b, ",\"tags\":[\"capture\"]");
	put_text(b, ",\"token\":", x->token);
	buf_append_char(b, '}');
}

uint32_t
capture_letter_headers(struct capture_ctx *x, const struct capture_message *m,
	struct capture_headers *h, uint32_t n, char at[CLOCK_TEXT_MAX])
{
	enum topic_id topic =
		m->is_historical ? TOPIC_INGESTION_HISTORICAL : TOPIC_INGESTION;

	if ((x->path_flags & PATH_RECORDING) != 0)
		topic = TOPIC_RECORDINGS;
	h->kv[n++] = (struct batch_header_kv){SLICE_LIT("dlq_reason"),
		!x->is_unknown  ? SLICE_LIT("event_restriction")
		: x->is_unasked ? SLICE_LIT("team_lookup_failed")
				: SLICE_LIT("unknown_token")};
	if (x->is_unasked)
		h->kv[n++] = (struct batch_header_kv){SLICE_LIT("dlq_cause"),
			x->is_behind ? SLICE_LIT("behind_others")
				     : SLICE_LIT("postgres_unavailable")};
	h->kv[n++] = (struct batch_header_kv){
		SLICE_LIT("dlq_step"), SLICE_LIT("capture")};
	h->kv[n++] = (struct batch_header_kv){SLICE_LIT("dlq_timestamp"),
		slice_of(
			at, (size_t)clock_format(x->now_us, CLOCK_ISO_MS, at))};
	h->kv[n++] = (struct batch_header_kv){
		SLICE_LIT("dlq_topic"), slice_str(topic_defs[topic].name)};
	return n;
}

int
capture_write_letter(struct capture_ctx *x, const struct capture_event *ev,
	struct capture_message *m)
{
	struct capture_out *o = capture_out(x, x->c->letters);
	struct capture_headers h;
	char at[CLOCK_TEXT_MAX];
	struct buf payload;
	size_t len, max = x->conf->max_event_bytes;
	uint32_t n;

	m->is_historical = x->body.is_historical;
	m->no_person |= (ev->rules & RULE_NO_PERSON) != 0;
	if (ev->properties.len > 4 * max || ev->event.len > max)
		return capture_too_large(x, ev->properties.len, max);
	buf_init(&payload, LIMIT_DEAD_LETTER_BYTES);
	capture_put_message(x, ev, m, &payload);
	len = payload.failed ? max + 1 : payload.len;
	if (len > max) {
		buf_fini(&payload);
		return capture_too_large(x, len, max);
	}
	capture_out_begin(x, o, len * 4);
	batch_value_begin(&o->w, UUID_TEXT);
	put_letter(x, ev, m, buf_slice(&payload), &o->batches);
	buf_fini(&payload);
	if (x->is_unasked) {
		x->job->letters.n++;
		x->job->letters.bytes += (int64_t)batch_value_len(&o->w);
	}
	n = capture_event_headers(x, ev, m, &h);
	n = capture_letter_headers(x, m, &h, n, at);
	batch_value_end(
		&o->w, x->now_us / 1000, slice_of(m->uuid, UUID_TEXT), h.kv, n);
	o->n++;
	stats_add(STATS_DEAD_LETTERS, 0, 1);
	return 0;
}
