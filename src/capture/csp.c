#include "capture/capture_int.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/json_read.h"
#include "base/json_write.h"
#include "base/uuid.h"
#include "stats/stats.h"

/*
 * Reports that browsers send by themselves (spec capture 3.10). They become
 * events, and go on through the ordinary steps; the answer is 204.
 */
struct csp_query {
	struct slice distinct_id, session_id, version;
	double sample_rate;
};

/* One report: its node and the object that holds the fields. */
struct report {
	uint32_t top, fields;
	bool is_crash, is_dashed;
};

static int
bad_report(struct capture_ctx *x, const char *detail)
{
	x->no.content_type = "application/json";
	return capture_refuse(x, 400, CAPTURE_REQ_PARSING,
		"{\"type\":\"validation_error\",\"code\":"
		"\"invalid_csp_payload\",\"detail\":\"%s\",\"attr\":null}",
		detail);
}

static struct slice
new_id(struct capture_ctx *x)
{
	struct uuid u;
	char text[UUID_TEXT];

	uuid_v7(&u, x->now_us);
	uuid_format(&u, text);
	return arena_dup_slice(x->a, slice_of(text, sizeof(text)));
}

static void
read_query(struct capture_ctx *x, struct csp_query *q)
{
	struct slice rest = x->query_text;
	struct http_pair p;
	char text[32];

	*q = (struct csp_query){
		.version = SLICE_LIT("unknown"), .sample_rate = 1};
	while (http_pair_next(x->a, &rest, &p)) {
		if (p.value.len == 0)
			continue;
		if (slice_eq_str(p.name, "token"))
			x->body.token = p.value;
		else if (slice_eq_str(p.name, "distinct_id"))
			q->distinct_id = p.value;
		else if (slice_eq_str(p.name, "session_id"))
			q->session_id = p.value;
		else if (slice_eq_str(p.name, "v"))
			q->version = p.value;
		else if (slice_eq_str(p.name, "sample_rate") &&
			 p.value.len < sizeof(text)) {
			memcpy(text, p.value.p, p.value.len);
			text[p.value.len] = '\0';
			q->sample_rate = strtod(text, NULL);
		}
	}
	x->body.is_batch = true; /* the token is the request's own */
	if (q->distinct_id.p == NULL)
		q->distinct_id = new_id(x);
	if (q->session_id.p == NULL)
		q->session_id = new_id(x);
}

static bool
is_type(const struct json_doc *d, uint32_t object, const char *type)
{
	uint32_t n = json_member(d, object, SLICE_LIT("type"));

	return n != 0 && d->nodes[n].type == JSON_STRING &&
	       json_string_eq(d, n, slice_str(type));
}

/* false: an object that is no report. */
static bool
find_report(const struct json_doc *d, uint32_t object, struct report *out)
{
	uint32_t n = json_member(d, object, SLICE_LIT("csp-report"));

	*out = (struct report){.top = object};
	if (n != 0 && d->nodes[n].type == JSON_OBJECT) {
		out->fields = n;
		out->is_dashed = true;
		return true;
	}
	out->is_crash = is_type(d, object, "crash");
	if (!out->is_crash && !is_type(d, object, "csp-violation"))
		return false;
	out->fields = json_member(d, object, SLICE_LIT("body"));
	return out->fields != 0 && d->nodes[out->fields].type == JSON_OBJECT;
}

/* Of the fields under either name; 0 if there is none. */
static uint32_t
field(const struct json_doc *d, const struct report *r, const char *dashed,
	const char *camel)
{
	uint32_t n;

	if (camel == NULL || r->is_dashed)
		n = json_member(d, r->fields, slice_str(dashed));
	else
		n = json_member(d, r->fields, slice_str(camel));
	return n != 0 && d->nodes[n].type != JSON_NULL ? n : 0;
}

static void
put_text(struct buf *b, const char *literal, struct slice text)
{
	buf_append_str(b, literal);
	json_put_string(b, text);
}

static void
put_html(struct buf *b, struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		switch (s.p[i]) {
		case '&':
			buf_append_lit(b, "&amp;");
			break;
		case '<':
			buf_append_lit(b, "&lt;");
			break;
		case '>':
			buf_append_lit(b, "&gt;");
			break;
		case '"':
			buf_append_lit(b, "&quot;");
			break;
		case '\'':
			buf_append_lit(b, "&#x27;");
			break;
		default:
			buf_append_char(b, s.p[i]);
		}
	}
}

static const struct {
	const char *property, *dashed, *camel;
} fields[] = {
	{"$csp_referrer", "referrer", "referrer"},
	{"$csp_violated_directive", "violated-directive", "effectiveDirective"},
	{"$csp_effective_directive", "effective-directive",
		"effectiveDirective"},
	{"$csp_original_policy", "original-policy", "originalPolicy"},
	{"$csp_disposition", "disposition", "disposition"},
	{"$csp_blocked_url", "blocked-uri", "blockedURL"},
	{"$csp_line_number", "line-number", "lineNumber"},
	{"$csp_column_number", "column-number", "columnNumber"},
	{"$csp_source_file", "source-file", "sourceFile"},
	{"$csp_status_code", "status-code", "statusCode"},
};

static struct slice
document_url(
	struct capture_ctx *x, const struct json_doc *d, const struct report *r)
{
	uint32_t n =
		r->is_crash ? 0 : field(d, r, "document-uri", "documentURL");

	if (n == 0)
		n = json_member(d, r->top, SLICE_LIT("url"));
	if (n == 0 || d->nodes[n].type != JSON_STRING)
		return slice_of("", 0);
	return json_string(d, n, x->a);
}

static void
put_violation(struct capture_ctx *x, const struct json_doc *d,
	const struct report *r, struct buf *b)
{
	uint32_t n = field(d, r, "script-sample", "sample");
	struct buf html;

	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		uint32_t v = field(d, r, fields[i].dashed, fields[i].camel);

		if (v == 0)
			continue;
		buf_printf(b, ",\"%s\":", fields[i].property);
		capture_put_raw(b, json_raw(d, v), false);
	}
	if (n == 0 || d->nodes[n].type != JSON_STRING)
		return;
	buf_init(&html, LIMIT_CSP_BODY_BYTES * 8);
	put_html(&html, json_string(d, n, x->a));
	put_text(b, ",\"$csp_script_sample\":", buf_slice(&html));
	buf_fini(&html);
}

/* $browser_crash_NAME for each field of the report. */
static void
put_crash(struct capture_ctx *x, const struct json_doc *d,
	const struct report *r, struct buf *b)
{
	for (uint32_t k = json_first(d, r->fields);
		k < d->nodes[r->fields].next; k = d->nodes[k + 1].next) {
		struct buf name;

		buf_init(&name, LIMIT_CSP_BODY_BYTES);
		buf_append_lit(&name, "$browser_crash_");
		buf_append_slice(&name, json_string(d, k, x->a));
		put_text(b, ",", buf_slice(&name));
		buf_fini(&name);
		buf_append_char(b, ':');
		capture_put_raw(b, json_raw(d, k + 1), false);
	}
}

static void
put_agent(struct capture_ctx *x, const struct json_doc *d,
	const struct report *r, struct buf *b)
{
	struct slice agent = capture_header_text(x, "User-Agent");
	uint32_t n = json_member(d, r->top, SLICE_LIT("user_agent"));

	put_text(b, ",\"$raw_user_agent\":", agent);
	if (n != 0 && d->nodes[n].type == JSON_STRING)
		agent = json_string(d, n, x->a);
	if (!r->is_crash)
		put_text(b, ",\"$csp_user_agent\":", agent);
}

static struct slice
properties(struct capture_ctx *x, const struct csp_query *q,
	const struct json_doc *d, const struct report *r, struct slice url)
{
	struct slice out = SLICE_NONE;
	struct buf b;

	buf_init(&b, LIMIT_CSP_BODY_BYTES * 8);
	put_text(&b, "{\"$current_url\":", url);
	if (r->is_crash) {
		put_crash(x, d, r, &b);
	} else {
		put_text(&b, ",\"$csp_document_url\":", url);
		put_violation(x, d, r, &b);
		put_text(&b, ",\"$csp_version\":", q->version);
		buf_append_lit(&b, ",\"$csp_report_type\":\"csp-violation\"");
		buf_append_lit(&b, ",\"$csp_raw_report\":");
		capture_put_raw(&b, json_raw(d, r->top), false);
	}
	put_agent(x, d, r, &b);
	put_text(&b, ",\"$session_id\":", q->session_id);
	buf_append_lit(&b, ",\"$process_person_profile\":false}");
	if (!b.failed)
		out = arena_dup_slice(x->a, buf_slice(&b));
	buf_fini(&b);
	return out;
}

/* The same for one document within one minute. */
static bool
is_sampled(struct capture_ctx *x, const struct csp_query *q, struct slice url)
{
	uint64_t minute = (uint64_t)(x->now_us / 60000000);
	uint64_t h = hash_xx64(url.p, url.len) ^ hash_xx64(&minute, 8);

	return (double)(h >> 11) / 9007199254740992.0 < q->sample_rate;
}

static int
add_report(struct capture_ctx *x, const struct csp_query *q,
	const struct json_doc *d, const struct report *r)
{
	struct slice url = document_url(x, d, r), text = SLICE_NONE;
	struct capture_event *ev = &x->body.events[x->body.n];
	struct buf b;

	if (!is_sampled(x, q, url))
		return 0;
	buf_init(&b, LIMIT_CSP_BODY_BYTES);
	json_put_string(&b, q->distinct_id);
	if (!b.failed)
		text = arena_dup_slice(x->a, buf_slice(&b));
	buf_fini(&b);
	*ev = (struct capture_event){
		.event = r->is_crash ? SLICE_LIT("\"$browser_crash_report\"")
				     : SLICE_LIT("\"$csp_violation\""),
		.distinct_id = {text},
		.properties = properties(x, q, d, r, url)};
	if (ev->properties.p == NULL || text.p == NULL)
		return bad_report(x, "Invalid CSP report properties provided");
	x->body.n++;
	return 0;
}

int
capture_csp_read(struct capture_ctx *x)
{
	struct json_limits lim = {LIMIT_JSON_DEPTH, LIMIT_CSP_BODY_BYTES};
	struct json_doc d;
	struct csp_query q;
	struct report r;
	struct err e;

	x->q.beacon = true;
	read_query(x, &q);
	x->body.events =
		arena_zalloc(x->a, LIMIT_CSP_REPORTS, sizeof(*x->body.events));
	if (x->body.events == NULL ||
		json_parse(x->a, x->raw, &lim, &d, &e) != 0)
		return bad_report(x, "Invalid CSP report format");
	if (d.nodes[0].type == JSON_OBJECT) {
		if (!find_report(&d, 0, &r))
			return bad_report(
				x, "Invalid CSP report properties provided");
		if (add_report(x, &q, &d, &r) != 0)
			return -1;
	} else if (d.nodes[0].type == JSON_ARRAY) {
		for (uint32_t i = json_first(&d, 0);
			i < d.nodes[0].next && x->body.n < LIMIT_CSP_REPORTS;
			i = d.nodes[i].next)
			if (d.nodes[i].type == JSON_OBJECT &&
				find_report(&d, i, &r) &&
				add_report(x, &q, &d, &r) != 0)
				return -1;
	} else {
		return bad_report(x, "Invalid CSP report format");
	}
	x->is_done = x->body.n == 0;
	if (x->answer == TEAM_ASK)
		stats_add(STATS_CAPTURE_RECEIVED, 0, x->body.n);
	return 0;
}
