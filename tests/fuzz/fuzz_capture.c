#include <string.h>

#include "base/json_read.h"
#include "capture/v1.h"
#include "capture_other.h"
#include "http/http_int.h"
#include "team/team_int.h"
#include "tests/fuzz/fuzz.h"

/*
 * Requests of every endpoint through its steps, with the settings and the team
 * in place of the project step. Of the input the first byte chooses endpoint,
 * the second query and content type, the third the encoding header, what the
 * project does with addresses, and rules; with its top bit, one more byte says
 * how many bytes come that all other headers have as their value. The rest is
 * the body. Whatever is accepted must give records whose value is JSON with
 * data that is JSON, and without an address where none is wanted.
 */
#define HEAD_BYTES 3
#define TOKEN "t"

static struct slice header_value;
static struct slice given_type, given_encoding;

/* Linked in place of the server's. */
struct slice __wrap_http_header(const struct http_request *r, const char *name);
struct slice
__wrap_http_header(const struct http_request *r, const char *name)
{
	(void)r;
	if (strcmp(name, "Content-Type") == 0)
		return given_type;
	if (strcmp(name, "Content-Encoding") == 0)
		return given_encoding;
	return header_value;
}

static const struct endpoint {
	const struct capture_step *steps;
	unsigned flags;
} endpoints[] = {
	{capture_v0_steps, 0},
	{capture_v0_steps, PATH_LEGACY},
	{capture_v0_steps, PATH_LEGACY | PATH_ENGAGE},
	{capture_v0_steps, PATH_AI},
	{capture_v0_steps, PATH_RECORDING},
	{capture_v1_steps, 0},
	{capture_v1_steps, PATH_AI},
	{capture_csp_steps, PATH_CSP},
};

static const char *const queries[] = {"", "compression=gzip",
	"compression=lz64", "compression=base64&_=1720000000000",
	"token=" TOKEN "&distinct_id=d&sample_rate=1", "beacon=1&token=" TOKEN};
static const char *const types[] = {"application/json",
	"application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
	"text/plain"};
static const char *const encodings[] = {
	"", "gzip", "lz64", "base64", "deflate", "br", "zstd", "x"};
static const char rules_text[] =
	"[{\"restriction_type\":\"redirect_to_dlq\",\"event_names\":[\"d\"]},"
	"{\"restriction_type\":\"drop_event_from_ingestion\","
	"\"distinct_ids\":[\"gone\"]},"
	"{\"restriction_type\":\"redirect_to_topic\",\"event_names\":[\"r\"],"
	"\"args\":{\"topic\":\"events_plugin_ingestion_redirected\"}},"
	"{\"restriction_type\":\"force_overflow_from_ingestion\","
	"\"session_ids\":[\"s\"]}]";

static void
must_be_json(struct arena *a, struct slice text, struct json_doc *d)
{
	struct json_limits lim = {LIMIT_JSON_DEPTH + 8, 4000000};
	struct err e;

	FUZZ_CHECK(json_parse(a, text, &lim, d, &e) == 0);
}

/* The message 5.1. */
static void
check_message(struct capture_ctx *x, struct slice text)
{
	struct json_doc d, data;
	uint32_t n;

	must_be_json(x->a, text, &d);
	n = json_member(&d, 0, SLICE_LIT("data"));
	FUZZ_CHECK(n != 0 && d.nodes[n].type == JSON_STRING);
	must_be_json(x->a, json_string(&d, n, x->a), &data);
	n = json_member(&data, 0, SLICE_LIT("properties"));
	FUZZ_CHECK(n != 0 && data.nodes[n].type == JSON_OBJECT);
	if (x->anonymize == TEAM_IP_DROP) /* capture-4 */
		FUZZ_CHECK(json_member(&data, n, SLICE_LIT("$ip")) == 0);
}

static void
check_letter(struct capture_ctx *x, struct slice text)
{
	struct json_doc d, properties;
	uint32_t n;

	must_be_json(x->a, text, &d);
	n = json_member(&d, 0, SLICE_LIT("properties"));
	FUZZ_CHECK(n != 0 && d.nodes[n].type == JSON_STRING);
	must_be_json(x->a, json_string(&d, n, x->a), &properties);
	FUZZ_CHECK(json_member(&properties, 0, SLICE_LIT("$ip")) == 0);
	n = json_member(&d, 0, SLICE_LIT("raw_payload"));
	FUZZ_CHECK(n != 0 && d.nodes[n].type == JSON_STRING);
	check_message(x, json_string(&d, n, x->a));
}

static void
check_records(struct capture_ctx *x, const struct capture_out *o)
{
	struct slice rest = buf_slice(&o->batches);
	struct batch_record_view v;
	struct batch_reader r;
	struct err e;
	int more;

	while (rest.len > 0) {
		struct batch_info info;

		FUZZ_CHECK(batch_peek(rest, &info, &e) == 0);
		FUZZ_CHECK(batch_reader_init(&r, slice_of(rest.p, info.bytes),
				   NULL, &e) == 0);
		while ((more = batch_next(&r, &v, &e)) == 1) {
			if (o->part == x->c->letters)
				check_letter(x, v.value);
			else
				check_message(x, v.value);
		}
		FUZZ_CHECK(more == 0);
		rest = slice_of(rest.p + info.bytes, rest.len - info.bytes);
	}
}

/* capture-5: also against another reader, event by event. */
static void
check_events(struct capture_ctx *x)
{
	struct buf b;

	if (x->steps != capture_v0_steps ||
		(x->path_flags & PATH_RECORDING) != 0)
		return;
	buf_init(&b, (size_t)1 << 28);
	for (uint32_t i = 0; i < x->body.n; i++) {
		struct capture_message m = {0};

		buf_reset(&b);
		capture_put_message(x, &x->body.events[i], &m, &b);
		FUZZ_CHECK(!b.failed);
		check_message(x, buf_slice(&b));
		other_check_message(x, i, buf_slice(&b));
	}
	buf_fini(&b);
}

static int
run_step(struct capture_ctx *x, const struct capture_step *st)
{
	int r;

	if (strcmp(st->name, "project") == 0)
		return 0;
	r = st->run(x);
	if (x->is_heavy)
		return -1;
	if (strcmp(st->name, "parse") == 0 && x->steps == capture_v0_steps)
		other_after_parse(x, r != 0);
	/* Filtered events would no longer be at their places. */
	if (strcmp(st->name, "filter") == 0 && r == 0)
		x->is_done |= x->body.n == 0;
	return r;
}

static bool
has_filtered(const struct capture_ctx *x)
{
	return x->text.len > 0 &&
	       memmem(x->text.p, x->text.len, "erformance_event", 16) != NULL;
}

static void
run(struct capture_ctx *x)
{
	for (const struct capture_step *st = x->steps; st->run != NULL; st++) {
		if (strcmp(st->name, "rules") == 0 && !has_filtered(x) &&
			!x->is_unknown)
			check_events(x);
		if (run_step(x, st) != 0) {
			FUZZ_CHECK(x->no.status >= 400 || x->is_heavy);
			return;
		}
		if (x->is_done)
			return;
	}
	for (struct capture_job *j = x->job; j != NULL; j = j->next_portion)
		for (int i = 0; i < j->n_outs; i++)
			check_records(x, &j->outs[i]);
	if (x->v1 != NULL) {
		struct json_doc d;

		must_be_json(x->a, buf_slice(&x->job->answer), &d);
	}
}

/* Once, with its pools. Parts are told apart by their address alone. */
static void
make_capture(struct capture *c)
{
	static char parts[8];
	struct store_part **all[] = {&c->main, &c->historical, &c->recordings,
		&c->letters, &c->overflow, &c->redirected,
		&c->recordings_overflow, &c->recordings_dlq};

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		*all[i] = (struct store_part *)(void *)&parts[i];
	lock_init(&c->lock);
	share_init(&c->shares, (int64_t)1 << 40);
	c->overflow_rate = buckets_new();
	c->global = buckets_new();
	FUZZ_CHECK(c->overflow_rate != NULL && c->global != NULL);
}

static struct slice
take_headers(struct slice in, uint8_t options)
{
	size_t n;

	header_value = SLICE_NONE;
	if ((options & 0x80) == 0 || in.len == 0)
		return in;
	n = (uint8_t)in.p[0];
	if (n > in.len - 1)
		n = in.len - 1;
	header_value = slice_of(in.p + 1, n);
	return slice_of(in.p + 1 + n, in.len - 1 - n);
}

static void
one(struct capture_ctx *x, struct capture *c, const uint8_t *p, struct slice in)
{
	const struct endpoint *to = &endpoints[p[0] % ARRAY_LEN(endpoints)];
	struct team_row row = {.t = {.id = 1, .token = TOKEN}};
	struct err e;

	in = take_headers(in, p[2]);
	given_type = slice_str(types[(p[1] >> 3) % ARRAY_LEN(types)]);
	given_encoding = slice_str(encodings[p[2] & 7]);
	x->c = c;
	x->steps = to->steps;
	x->path_flags = to->flags;
	x->query_text = slice_str(queries[(p[1] & 7) % ARRAY_LEN(queries)]);
	x->content_type = given_type;
	x->content_encoding = given_encoding;
	x->raw = in;
	x->anonymize = (enum team_anonymize)((p[2] >> 3 & 3) % 3);
	x->is_unknown = (p[2] & 0x20) != 0;
	x->token = SLICE_LIT(TOKEN);
	if (x->is_unknown)
		x->anonymize = TEAM_IP_DROP;
	else
		x->team = &row.t;
	if ((p[2] & 0x40) != 0)
		FUZZ_CHECK(team_rules_read(
				   x->a, rules_text, &row.t.rules, &e) == 0);
	if (to->steps == capture_v1_steps)
		x->v1 = arena_new(x->a, struct capture_v1);
	run(x);
	if (x->job != NULL)
		capture_job_put(x->job);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct capture_conf conf = {.max_decoded_bytes = 1 << 20,
		.max_event_bytes = 1000000,
		.max_recording_bytes = 1 << 20,
		.n_proxies = 1};
	struct http_request r = {.received_at_us = 1720000000000000};
	static struct capture c;
	struct capture_scratch s;
	struct arena a;

	if (n < HEAD_BYTES)
		return 0;
	buf_init(&s.a, LIMIT_V1_TEXT_BYTES);
	buf_init(&s.b, 1 << 22);
	buf_init(&s.events, 1 << 26);
	arena_init(&a, (size_t)1 << 28);
	if (c.main == NULL)
		make_capture(&c);
	FUZZ_CHECK(net_cidr_parse(SLICE_LIT("0.0.0.0/0"), &conf.proxies[0]) &&
		   net_addr_parse(SLICE_LIT("192.0.2.1"), &r.peer));
	struct capture_ctx x = {
		.conf = &conf,
		.r = &r,
		.a = &a,
		.s = &s,
		.on_heavy = true,
		.max_decoded = conf.max_decoded_bytes,
		.now_us = r.received_at_us,
	};
	x.now_len = (size_t)clock_format(x.now_us, CLOCK_RFC3339, x.now);
	one(&x, &c, p, slice_of((const char *)p + HEAD_BYTES, n - HEAD_BYTES));
	arena_fini(&a);
	buf_fini(&s.a);
	buf_fini(&s.b);
	buf_fini(&s.events);
	return 0;
}
