#include "event/time.h"

#include <math.h>

#include "base/clock.h"
#include "base/limits.h"

#define YEAR_0_US (INT64_C(-62167219200) * 1000000)
#define YEAR_10000_US (INT64_C(253402300800) * 1000000)
#define US_PER_YEAR (INT64_C(31556952) * 1000000)

static void
read_timestamp(const struct json_doc *d, uint32_t node, struct arena *a,
	struct event_time_in *in)
{
	switch ((enum json_type)d->nodes[node].type) {
	case JSON_NULL:
		return;
	case JSON_STRING:
		in->timestamp = json_string(d, node, a);
		return;
	case JSON_NUMBER:
		in->timestamp = json_inner(d, node);
		in->timestamp_is_number = true;
		return;
	case JSON_FALSE:
	case JSON_TRUE:
	case JSON_ARRAY:
	case JSON_OBJECT:
		in->timestamp = json_raw(d, node);
		in->timestamp_is_other = true;
		return;
	}
}

void
event_time_read(const struct json_doc *d, uint32_t object, struct arena *a,
	struct event_time_in *in)
{
	uint32_t node = json_member(d, object, SLICE_LIT("timestamp"));

	in->timestamp = SLICE_NONE;
	in->timestamp_is_number = in->timestamp_is_other = false;
	in->has_offset = in->ignore_sent_at = false;
	if (node != 0)
		read_timestamp(d, node, a, in);
	node = json_member(d, object, SLICE_LIT("offset"));
	if (node != 0 && d->nodes[node].type == JSON_NUMBER) {
		in->has_offset = true;
		in->offset_ms = json_double(d, node);
	}
	node = json_member(d, object, SLICE_LIT("properties"));
	if (node == 0 || d->nodes[node].type != JSON_OBJECT)
		return;
	node = json_member(d, node, SLICE_LIT("$ignore_sent_at"));
	in->ignore_sent_at = node != 0 && d->nodes[node].type == JSON_TRUE;
}

static bool
parse_timestamp(const struct event_time_in *in, int64_t *at_us)
{
	struct json_doc d;
	struct json_node n = {.len = (uint32_t)in->timestamp.len};

	if (in->timestamp_is_other)
		return false;
	if (!in->timestamp_is_number)
		return event_time_parse(in->timestamp, at_us);
	d.text = in->timestamp.p;
	d.nodes = &n;
	d.n_nodes = 1;
	return event_time_parse_number(json_double(&d, 0), at_us);
}

/* now - offset, cut to ms; out of every range where it cannot be counted. */
static int64_t
minus_offset(int64_t now_us, double offset_ms)
{
	double at = (double)(now_us / 1000) - trunc(offset_ms);

	if (!(fabs(at) < 9e15))
		return at < 0 ? INT64_MIN : INT64_MAX;
	return (int64_t)at * 1000;
}

/* The client's clock error taken out: now + (timestamp - sent_at). */
static int64_t
without_skew(int64_t now_us, int64_t at_us, int64_t sent_us)
{
	int64_t skew;
	int64_t t;

	if (__builtin_sub_overflow(at_us, sent_us, &skew) ||
		__builtin_add_overflow(now_us, skew, &t))
		return at_us < sent_us ? INT64_MIN : INT64_MAX;
	return t;
}

static int64_t
floor_ms(int64_t us)
{
	int64_t rest = us % 1000;

	return us - (rest < 0 ? rest + 1000 : rest);
}

static void
limit(const struct event_time_in *in, struct event_time *out)
{
	int64_t now = floor_ms(in->now_us);

	out->unclamped_us = out->at_us;
	if (out->at_us > now &&
		out->at_us - now > LIMIT_FUTURE_CLAMP_S * INT64_C(1000000)) {
		out->in_future = true;
		out->at_us = now;
	}
	if (out->at_us < YEAR_0_US || out->at_us >= YEAR_10000_US) {
		out->out_of_range = true;
		out->parsed_year = (int)(1970 + out->at_us / US_PER_YEAR);
		out->at_us = now;
	}
}

void
event_time_compute(const struct event_time_in *in, struct event_time *out)
{
	int64_t ts = 0, sent = 0;
	bool has_ts = in->timestamp.p != NULL && parse_timestamp(in, &ts);
	bool wants_sent = !in->ignore_sent_at && in->sent_at.p != NULL &&
			  in->sent_at.len > 0;
	bool has_sent = wants_sent && event_time_parse(in->sent_at, &sent);

	*out = (struct event_time){.parsed_us = ts};
	out->timestamp_invalid = in->timestamp.p != NULL && !has_ts;
	out->sent_at_invalid = wants_sent && !has_sent;
	out->at_us = floor_ms(in->now_us);
	if (has_ts && has_sent)
		out->at_us = floor_ms(without_skew(in->now_us, ts, sent));
	else if (has_ts)
		out->at_us = ts;
	if (in->has_offset)
		out->at_us = minus_offset(in->now_us, in->offset_ms);
	limit(in, out);
}
