#include "capture/capture_int.h"

#include "base/json_read.h"
#include "base/json_write.h"
#include "base/utf8.h"
#include "stats/stats.h"

/*
 * What a request must satisfy before anything is written (spec capture 3.3 to
 * 3.8 and the order of checks in 4.2). All or nothing: the first event that
 * fails decides the answer.
 */
int
capture_drop_filtered(struct capture_ctx *x)
{
	struct capture_body *b = &x->body;
	uint32_t kept = 0;

	/* Not again when it waited for an answer about its key. */
	if (x->answer == TEAM_ASK)
		stats_add(STATS_CAPTURE_RECEIVED, 0, b->n);
	if ((x->path_flags & PATH_RECORDING) != 0)
		return 0;
	for (uint32_t i = 0; i < b->n; i++) {
		if (slice_eq_str(b->events[i].event, "\"$performance_event\""))
			continue;
		if (kept != i)
			b->events[kept] = b->events[i];
		kept++;
	}
	if (kept != b->n)
		stats_add(STATS_CAPTURE_DROPPED, DROP_PERFORMANCE_EVENT,
			b->n - kept);
	b->n = kept;
	x->is_done = kept == 0;
	if (x->is_done)
		stats_add(STATS_CAPTURE_ERRORS, CAPTURE_EMPTY_FILTERED, 1);
	return 0;
}

static struct slice
token_of(const struct capture_event *ev)
{
	for (size_t i = 0; i < ARRAY_LEN(ev->token); i++)
		if (capture_raw_is_string(ev->token[i]))
			return ev->token[i];
	return capture_raw_is_string(ev->p_token) ? ev->p_token : SLICE_NONE;
}

/* One token over all events that have one. */
static int
agree(struct capture_ctx *x, struct slice *token)
{
	struct slice first = SLICE_NONE;

	*token = SLICE_NONE;
	for (uint32_t i = 0; i < x->body.n; i++) {
		struct slice raw = token_of(&x->body.events[i]);
		struct slice text;

		if (raw.p == NULL || slice_eq(raw, first))
			continue;
		text = capture_raw_text(x->a, raw);
		if (text.p == NULL)
			return capture_shed(
				x, CAPTURE_OVERLOAD, REFUSAL_NO_MEMORY);
		if (token->p != NULL && !slice_eq(text, *token))
			return capture_refuse(x, 401, CAPTURE_MULTIPLE_TOKENS,
				"batch submitted with inconsistent api_key "
				"values");
		first = raw;
		*token = text;
	}
	return 0;
}

int
capture_check_token(struct capture_ctx *x)
{
	struct slice t = x->body.token;
	const char *fault;

	if (!x->body.is_batch && agree(x, &t) != 0)
		return -1;
	if (t.p == NULL)
		t = x->body.fallback_token;
	if (t.p == NULL && x->form_token.len > 0)
		t = x->form_token;
	if (t.p == NULL && x->q.token.len > 0)
		t = x->q.token;
	if (t.p == NULL)
		return capture_refuse(x, 401, CAPTURE_NO_TOKEN,
			"event submitted without an api_key");
	x->token = slice_trim(t);
	fault = team_token_fault(x->token);
	if (fault != NULL)
		return capture_refuse(x, 401, CAPTURE_INVALID_TOKEN,
			"API key is not valid: %s", fault);
	return 0;
}

static bool
is_white(uint32_t c)
{
	return (c >= 9 && c <= 13) || c == ' ' || c == 0x85 || c == 0xa0 ||
	       c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 ||
	       c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

static bool
is_blank(struct slice s)
{
	while (s.len > 0) {
		uint32_t c;
		size_t n = utf8_decode(s.p, s.len, &c);

		if (!is_white(c))
			return false;
		s.p += n;
		s.len -= n;
	}
	return true;
}

/* Values other than text: their compact JSON, object keys sorted. */
static struct slice
json_id(struct capture_ctx *x, struct slice raw)
{
	struct json_limits lim = {LIMIT_JSON_DEPTH, 10000};
	struct json_doc d;
	struct err e;
	struct buf b;
	struct slice out = SLICE_NONE;

	if (json_parse(x->a, raw, &lim, &d, &e) != 0)
		return out;
	buf_init(&b, LIMIT_BATCH_BYTES);
	json_put_sorted(&b, &d, 0, x->a);
	if (!b.failed)
		out = arena_dup_slice(x->a, buf_slice(&b));
	buf_fini(&b);
	return out;
}

static struct slice
replace_nul(struct capture_ctx *x, struct slice s)
{
	struct buf b;

	if (s.len == 0 || memchr(s.p, '\0', s.len) == NULL)
		return s;
	buf_init(&b, s.len * 3 + 16);
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] == '\0')
			buf_append_lit(&b, "\xef\xbf\xbd");
		else
			buf_append_char(&b, s.p[i]);
	}
	s = b.failed ? SLICE_NONE : arena_dup_slice(x->a, buf_slice(&b));
	buf_fini(&b);
	return s;
}

static bool
is_given(struct slice raw)
{
	return raw.p != NULL && !capture_raw_is(raw, "null");
}

static struct slice
distinct_id(struct capture_ctx *x, const struct capture_event *ev)
{
	struct slice raw = is_given(ev->distinct_id[0])   ? ev->distinct_id[0]
			   : is_given(ev->distinct_id[1]) ? ev->distinct_id[1]
							  : ev->p_distinct_id;
	struct slice id;

	if (!is_given(raw))
		return SLICE_NONE;
	id = capture_raw_is_string(raw) ? capture_raw_text(x->a, raw)
					: json_id(x, raw);
	id = replace_nul(x, id);
	if (is_blank(id))
		return SLICE_NONE;
	if (id.len > LIMIT_DISTINCT_ID_SCALARS)
		id = utf8_cut_scalars(id, LIMIT_DISTINCT_ID_SCALARS);
	return id;
}

/* The whole request goes for one of its events. */
static void
count_refused(struct capture_ctx *x, enum capture_drop why)
{
	stats_add(STATS_CAPTURE_DROPPED, (int)why, x->body.n);
}

static int
check_event(struct capture_ctx *x, struct capture_event *ev)
{
	if (ev->event.len == 2) {
		count_refused(x, DROP_NO_NAME);
		return capture_refuse(x, 400, CAPTURE_NO_EVENT_NAME,
			"event submitted with an empty event name");
	}
	ev->id = distinct_id(x, ev);
	if (ev->id.p == NULL) {
		count_refused(x, DROP_NO_DISTINCT_ID);
		return capture_refuse(x, 400, CAPTURE_NO_DISTINCT_ID,
			"event submitted without a distinct_id");
	}
	ev->is_cookieless = capture_raw_is(ev->p_cookieless, "true");
	if (ev->p_cookieless.p != NULL && !ev->is_cookieless &&
		!capture_raw_is(ev->p_cookieless, "false"))
		return capture_refuse(x, 400, CAPTURE_INVALID_COOKIELESS,
			"event submitted with invalid cookieless mode");
	return 0;
}

static bool
session_id_valid(struct slice raw)
{
	if (!capture_raw_is_string(raw) || raw.len == 2 ||
		raw.len - 2 > LIMIT_SESSION_ID_BYTES)
		return false;
	for (size_t i = 1; i < raw.len - 1; i++) {
		char c = raw.p[i];

		if ((c < 'A' || c > 'Z') && (c < 'a' || c > 'z') &&
			(c < '0' || c > '9') && c != '-')
			return false;
	}
	return true;
}

static int
check_recording(struct capture_ctx *x)
{
	struct capture_event *ev = x->body.events;

	if (ev->p_session_id.p == NULL)
		return capture_refuse(x, 400, CAPTURE_NO_SESSION_ID,
			"replay event submitted without session id");
	if (!session_id_valid(ev->p_session_id))
		return capture_refuse(x, 400, CAPTURE_INVALID_SESSION,
			"replay event has invalid session id");
	if (check_event(x, ev) != 0)
		return -1;
	for (uint32_t i = 0; i < x->body.n; i++) {
		struct slice raw = x->body.events[i].p_snapshot;

		if (raw.p == NULL || (raw.p[0] != '[' && raw.p[0] != '{'))
			return capture_refuse(x, 400, CAPTURE_NO_SNAPSHOT,
				"replay event submitted without snapshot data");
	}
	return 0;
}

int
capture_check_events(struct capture_ctx *x)
{
	if ((x->path_flags & PATH_RECORDING) != 0)
		return check_recording(x);
	for (uint32_t i = 0; i < x->body.n; i++)
		if (check_event(x, &x->body.events[i]) != 0)
			return -1;
	return 0;
}
