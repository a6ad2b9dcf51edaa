#include "flag/flag_int.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/json_write.h"
#include "base/uuid.h"

#define TEXT_PLAIN "text/plain; charset=utf-8"
#define JSON "application/json"
#define ANSWER_BYTES ((size_t)4 * 1024 * 1024)

/* Formats of the answer: spec flags 1.5. */
enum format { FLAGS_V1, FLAGS_V2, DECIDE_V1, DECIDE_V2 };

static bool
is_true(struct slice v)
{
	return slice_eq_nocase(v, SLICE_LIT("true")) || slice_eq_str(v, "1");
}

/* Text that is no number counts as 1. */
static int
version(struct slice v)
{
	long n = 0;

	for (size_t i = 0; i < v.len; i++) {
		if (v.p[i] < '0' || v.p[i] > '9')
			return 1;
		if (n < 1000)
			n = n * 10 + (v.p[i] - '0');
	}
	return n == 0 ? -1 : (int)n; /* below 1, but given */
}

static void
read_query(struct http_request *r, struct flag_query *q)
{
	struct slice rest = http_query(r);
	struct http_pair p;
	bool has_config = false;

	*q = (struct flag_query){
		.is_decide = slice_starts(http_path(r), SLICE_LIT("/decide"))};
	while (http_pair_next(http_arena(r), &rest, &p)) {
		if ((slice_eq_str(p.name, "v") ||
			    slice_eq_str(p.name, "version")) &&
			p.value.len > 0) {
			q->version = version(p.value);
		} else if (slice_eq_str(p.name, "config")) {
			has_config = true;
			q->config = is_true(p.value);
		} else if (slice_eq_str(p.name, "compression")) {
			q->gzip = slice_eq_str(p.value, "gzip") ||
				  slice_eq_str(p.value, "gzip-js");
			q->base64 = slice_eq_str(p.value, "base64");
			q->bad_compression =
				p.value.len > 0 && !q->gzip && !q->base64;
		}
	}
	if (q->is_decide && !has_config) {
		has_config = true;
		q->config = true;
	}
	if (q->version == 0 && !has_config) {
		q->version = 2;
		q->config = true;
	}
}

static enum format
format_of(const struct flag_query *q)
{
	if (!q->is_decide)
		return q->version >= 2 ? FLAGS_V2 : FLAGS_V1;
	if (q->version >= 4)
		return FLAGS_V2;
	if (q->version == 3)
		return FLAGS_V1;
	return q->version == 2 ? DECIDE_V2 : DECIDE_V1;
}

static void
put_flags(struct buf *b, enum format f)
{
	switch (f) {
	case FLAGS_V1:
		buf_append_lit(b,
			"\"errorsWhileComputingFlags\":false,"
			"\"featureFlags\":{},\"featureFlagPayloads\":{}");
		break;
	case FLAGS_V2:
		buf_append_lit(
			b, "\"errorsWhileComputingFlags\":false,\"flags\":{}");
		break;
	case DECIDE_V1:
		buf_append_lit(b, "\"featureFlags\":[]");
		break;
	case DECIDE_V2:
		buf_append_lit(b, "\"featureFlags\":{}");
		break;
	}
}

static void
put_ids(struct http_request *r, struct buf *b)
{
	struct uuid u;
	char text[UUID_TEXT];

	if (!uuid_parse(http_header(r, "X-Request-Id"), &u))
		uuid_v4(&u);
	uuid_format(&u, text);
	buf_append_lit(b, ",\"requestId\":\"");
	buf_append(b, text, sizeof(text));
	buf_append_lit(b, "\",\"evaluatedAt\":");
	buf_append_i64(b, clock_now_us() / 1000);
}

static void
answer_json(struct http_request *r, int status, struct buf *b)
{
	if (b->failed)
		http_answer(r, 503, TEXT_PLAIN,
			SLICE_LIT("The request timed out. This could be due "
				  "to high load or network issues. Please try "
				  "again later."));
	else
		http_answer(r, status, JSON, buf_slice(b));
	buf_fini(b);
}

static void
unauthorised(struct http_request *r, bool has_token)
{
	http_answer(r, 401, JSON,
		has_token
			? SLICE_LIT("{\"type\":\"authentication_error\","
				    "\"code\":\"authentication_failed\","
				    "\"detail\":\"The provided API key is "
				    "invalid or has expired. Please check your "
				    "API key and try again.\",\"attr\":null}")
			: SLICE_LIT("{\"type\":\"authentication_error\","
				    "\"code\":\"not_authenticated\","
				    "\"detail\":\"No API token provided. "
				    "Please include a valid API token in your "
				    "request.\",\"attr\":null}"));
}

/* flag-1: the token is looked at first. */
static void
evaluate(struct http_request *r, const struct flag_query *q,
	const struct flag_body *body)
{
	struct flag_app *app = http_app(r);
	const struct team_snapshot *s;
	const struct team *t;
	struct buf b;

	if (body->token.len == 0) {
		unauthorised(r, false);
		return;
	}
	s = team_snapshot_get(app->teams);
	t = team_by_token(s, body->token);
	if (t == NULL) {
		unauthorised(r, true);
	} else if (!body->has_distinct_id && !body->disable_flags) {
		http_answer(r, 400, TEXT_PLAIN,
			SLICE_LIT("The distinct_id field is missing from the "
				  "request. Please include a valid "
				  "identifier."));
	} else {
		buf_init(&b, ANSWER_BYTES);
		buf_append_char(&b, '{');
		put_flags(&b, format_of(q));
		put_ids(r, &b);
		if (q->config) {
			buf_append_char(&b, ',');
			flag_config_write(r, t,
				FLAG_CONFIG_SITE_APPS | FLAG_CONFIG_FLAGS_ONLY,
				&b);
		}
		buf_append_char(&b, '}');
		answer_json(r, 200, &b);
	}
	team_snapshot_unref(s);
}

static void
on_post(struct http_request *r)
{
	struct flag_query q;
	struct flag_refusal no;
	struct flag_body body;
	struct buf text;

	read_query(r, &q);
	buf_init(&text, FLAG_TEXT_BYTES);
	if (flag_decode(r, &q, &text, &no) != 0)
		http_answer(r, no.status, TEXT_PLAIN, slice_str(no.text));
	else if (!flag_read_body(http_arena(r), buf_slice(&text), &body))
		http_answer(r, 400, TEXT_PLAIN,
			SLICE_LIT("Failed to decode request: invalid JSON "
				  "structure. Please check your request "
				  "format and try again."));
	else
		evaluate(r, &q, &body);
	buf_fini(&text);
}

static void
on_get(struct http_request *r)
{
	struct flag_query q;
	struct buf b;

	read_query(r, &q);
	buf_init(&b, ANSWER_BYTES);
	buf_append_char(&b, '{');
	put_flags(&b, q.version >= 2 ? FLAGS_V2 : FLAGS_V1);
	put_ids(r, &b);
	buf_append_lit(&b, ",\"supportedCompression\":[\"gzip\",\"gzip-js\"],"
			   "\"config\":{\"enable_collect_everything\":true},"
			   "\"toolbarParams\":{},\"isAuthenticated\":false,"
			   "\"sessionRecording\":false}");
	answer_json(r, 200, &b);
}

static void
on_options(struct http_request *r)
{
	if (http_header(r, "Access-Control-Request-Method").p != NULL) {
		http_answer(r, 200, NULL, SLICE_NONE);
		return;
	}
	http_set_header(r, "Allow", "GET, POST, OPTIONS, HEAD");
	http_answer(r, 204, NULL, SLICE_NONE);
}

static int64_t
body_bound(void *app)
{
	(void)app;
	return FLAG_BODY_BYTES;
}

#define ROUTES(path)                                                           \
	{HTTP_POST, path, body_bound, on_post},                                \
		{HTTP_GET, path, body_bound, on_get},                          \
	{                                                                      \
		HTTP_OPTIONS, path, body_bound, on_options                     \
	}
const struct http_route flag_routes[] = {
	ROUTES("/flags"),
	ROUTES("/flags/"),
	ROUTES("/decide"),
	ROUTES("/decide/"),
	{0, NULL, NULL, NULL},
};
