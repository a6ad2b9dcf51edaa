#include "capture/v1.h"

#include <stdio.h>

#include "base/json_write.h"
#include "base/utf8.h"
#include "base/uuid.h"
#include "base/zip.h"
#include "event/time.h"
#include "stats/stats.h"

/*
 * POST /i/v1/analytics/events (spec capture 12): its headers, decoding and
 * token. The strict counterpart of the older endpoints.
 */
void
capture_word_v1(
	struct capture_refusal *no, const char *tag, const char *description)
{
	no->is_v1 = true;
	no->content_type = "application/json";
	(void)snprintf(no->text, sizeof(no->text),
		"{\"error\":\"%s\",\"error_description\":\"%s\","
		"\"error_uri\":\"https://posthog.com/docs/api\"}",
		tag, description);
}

int
capture_refuse_v1(struct capture_ctx *x, int status, const char *tag,
	const char *description)
{
	enum capture_error error = status == 401   ? CAPTURE_INVALID_TOKEN
				   : status == 429 ? CAPTURE_RATE_LIMITED
				   : status == 413 ? CAPTURE_OVERSIZE_EVENT
						   : CAPTURE_REQ_PARSING;
	int err = capture_refuse(x, status, error, "%s", tag);

	capture_word_v1(&x->no, tag, description);
	return err;
}

int
capture_shed_v1(struct capture_ctx *x, enum refusal why)
{
	stats_add(STATS_HTTP_REFUSED, (int)why, 1);
	return capture_refuse_v1(x, 503, "service_unavailable", "please retry");
}

static int
read_token(struct capture_ctx *x)
{
	struct slice v = slice_trim(http_header(x->r, "Authorization"));
	const char *fault;

	if (v.len < 7 ||
		!slice_eq_nocase(slice_of(v.p, 7), SLICE_LIT("bearer ")))
		return capture_refuse_v1(x, 401, "missing_authorization",
			"the header Authorization: Bearer is required");
	x->token = slice_trim(slice_of(v.p + 7, v.len - 7));
	fault = team_token_fault(x->token);
	if (fault != NULL)
		return capture_refuse_v1(x, 401, "invalid_api_token", fault);
	return 0;
}

static int
read_lib(struct capture_ctx *x, struct slice v)
{
	size_t at = v.len;

	while (at > 0 && v.p[at - 1] != '/')
		at--;
	if (at <= 1 || at == v.len)
		return capture_refuse_v1(x, 400, "invalid_header_value",
			"PostHog-Sdk-Info is lib/version");
	if (v.len > 200 || !utf8_valid(v))
		return 0; /* then it is not put into events */
	x->v1->lib = slice_of(v.p, at - 1);
	x->v1->lib_version = slice_of(v.p + at, v.len - at);
	return 0;
}

static bool
is_count(struct slice v)
{
	bool positive = false;

	for (size_t i = 0; i < v.len; i++) {
		if (v.p[i] < '0' || v.p[i] > '9')
			return false;
		positive |= v.p[i] != '0';
	}
	return positive && v.len <= 10;
}

static int
read_times(struct capture_ctx *x, struct slice v)
{
	char text[CLOCK_TEXT_MAX];
	int64_t at_us;
	int n;

	if (!event_time_parse(v, &at_us))
		return capture_refuse_v1(x, 400, "invalid_header_value",
			"PostHog-Request-Timestamp is no RFC 3339 time");
	n = clock_format(at_us, CLOCK_RFC3339, text);
	x->sent_at = arena_dup_slice(x->a, slice_of(text, (size_t)n));
	return 0;
}

static int
read_headers(struct capture_ctx *x)
{
	static const char *const names[] = {"PostHog-Sdk-Info",
		"PostHog-Attempt", "PostHog-Request-Id",
		"PostHog-Request-Timestamp", "User-Agent"};
	struct slice v[ARRAY_LEN(names)];
	struct uuid id;

	x->v1 = arena_new(x->a, struct capture_v1);
	if (x->v1 == NULL)
		return capture_shed_v1(x, REFUSAL_NO_MEMORY);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		v[i] = slice_trim(http_header(x->r, names[i]));
		if (v[i].len == 0)
			return capture_refuse_v1(
				x, 400, "missing_required_headers", names[i]);
	}
	if (!capture_media_type_is(x->content_type, "application/json"))
		return capture_refuse_v1(x, 415, "unsupported_content_type",
			"the content type is application/json");
	if (!is_count(v[1]))
		return capture_refuse_v1(x, 400, "invalid_header_value",
			"PostHog-Attempt is an integer from 1");
	if (!uuid_parse(v[2], &id))
		return capture_refuse_v1(x, 400, "invalid_header_value",
			"PostHog-Request-Id is a UUID");
	if (read_lib(x, v[0]) != 0)
		return -1;
	return read_times(x, v[3]);
}

static int
decode_error(struct capture_ctx *x, int err)
{
	if (err == -ERR_TOO_BIG && x->max_decoded < LIMIT_V1_TEXT_BYTES) {
		x->is_heavy = true;
		return -1;
	}
	if (err == -ERR_TOO_BIG)
		return capture_refuse_v1(x, 413, "payload_too_large",
			"the body is too large when decompressed");
	if (err == -ERR_NO_MEMORY)
		return capture_shed_v1(x, REFUSAL_NO_MEMORY);
	return capture_refuse_v1(x, 400, "request_decoding_error",
		"the body cannot be decompressed");
}

static int
read_body(struct capture_ctx *x)
{
	struct slice how = slice_trim(x->content_encoding);
	struct buf *b = &x->s->a;
	struct err e;
	int err = 0;

	if (x->raw.len == 0)
		return capture_refuse_v1(x, 400, "empty_body", "no body");
	x->max_decoded =
		x->on_heavy ? LIMIT_V1_TEXT_BYTES : CAPTURE_LIGHT_BYTES;
	buf_reset(b);
	b->max_bytes = x->max_decoded;
	if (how.len == 0 || slice_eq_nocase(how, SLICE_LIT("identity")))
		buf_append_slice(b, x->raw);
	else if (slice_eq_nocase(how, SLICE_LIT("gzip")))
		err = zip_gunzip(x->raw, b, &e);
	else if (slice_eq_nocase(how, SLICE_LIT("zstd")))
		err = zip_zstd_decode(x->raw, b, &e);
	else if (slice_eq_nocase(how, SLICE_LIT("br")))
		err = zip_brotli_decode(x->raw, b, &e);
	else if (slice_eq_nocase(how, SLICE_LIT("deflate")))
		err = zip_inflate(x->raw, b, &e);
	else
		return capture_refuse_v1(x, 415, "unsupported_encoding",
			"encodings served here: gzip, deflate, br, zstd");
	if (b->failed)
		err = -ERR_TOO_BIG;
	if (err != 0)
		return decode_error(x, err);
	x->text = buf_slice(b);
	if (!utf8_valid(x->text))
		return capture_refuse_v1(x, 400, "request_decoding_error",
			"the body is not UTF-8");
	return 0;
}

static int
find_project(struct capture_ctx *x)
{
	switch (capture_find_key(x)) {
	case CAPTURE_KEY_KNOWN:
	case CAPTURE_KEY_KEPT:
		return 0;
	case CAPTURE_KEY_WAITS:
		return -1;
	case CAPTURE_KEY_AWAY:
		return capture_refuse_v1(
			x, 503, "service_unavailable", "please retry");
	case CAPTURE_KEY_NOBODYS:
		break;
	}
	return capture_refuse_v1(
		x, 401, "invalid_api_token", "no project has this API key");
}

int
capture_v1_rules(struct capture_ctx *x)
{
	if (!capture_has_rules(x))
		return 0;
	for (uint32_t i = 0; i < x->body.n; i++) {
		struct v1_event *v = &x->v1->events[i];
		struct capture_event *ev = &x->body.events[i];
		enum capture_drop why;

		if (v->drop != NULL)
			continue;
		why = capture_rule_event(x, ev);
		if (why != DROP_NONE) {
			stats_dropped(
				x->team == NULL ? 0 : x->team->id, (int)why, 1);
			v->drop = "event_restriction_drop";
		}
		v->is_limited = (ev->rules & RULE_LIMITED) != 0;
	}
	return 0;
}

const struct capture_step capture_v1_steps[] = {
	{"token", read_token},
	{"headers", read_headers},
	{"body", read_body},
	{"parse", capture_v1_parse},
	{"check", capture_v1_check},
	{"project", find_project},
	{"rate", capture_check_rate},
	{"quota", capture_v1_check_quota},
	{"address", capture_find_address},
	{"rules", capture_v1_rules},
	{"records", capture_v1_write},
	{NULL, NULL},
};
