#include "base/json_read.h"
#include "capture/capture_int.h"
#include "tests/fuzz/fuzz.h"

/*
 * Bodies of the event endpoints: the first byte chooses path, query and content
 * type, the rest is the body. Whatever is accepted must give a message that is
 * JSON, with data that is JSON, and without an address where none is wanted.
 */
static const char *const queries[] = {"", "compression=gzip",
	"compression=lz64", "compression=base64&_=1720000000000"};
static const char *const types[] = {"application/json",
	"application/x-www-form-urlencoded", "multipart/form-data; boundary=x"};

static void
must_be_json(struct arena *a, struct slice text, struct json_doc *d)
{
	struct json_limits lim = {LIMIT_JSON_DEPTH + 8, 4000000};
	struct err e;

	INVARIANT(json_parse(a, text, &lim, d, &e) == 0, "capture-5");
}

static void
check_message(struct capture_ctx *x, const struct capture_event *ev)
{
	struct capture_message m = {0};
	struct json_doc d, data;
	struct buf b;
	uint32_t n;

	buf_init(&b, (size_t)1 << 28);
	capture_put_message(x, ev, &m, &b);
	INVARIANT(!b.failed, "capture-5");
	must_be_json(x->a, buf_slice(&b), &d);
	n = json_member(&d, 0, SLICE_LIT("data"));
	INVARIANT(n != 0 && d.nodes[n].type == JSON_STRING, "capture-5");
	must_be_json(x->a, json_string(&d, n, x->a), &data);
	n = json_member(&data, 0, SLICE_LIT("properties"));
	INVARIANT(n != 0 && data.nodes[n].type == JSON_OBJECT, "capture-5");
	if (x->anonymize == TEAM_IP_DROP)
		INVARIANT(json_member(&data, n, SLICE_LIT("$ip")) == 0,
			"capture-4");
	buf_fini(&b);
}

static void
run(struct capture_ctx *x)
{
	if (capture_read_query(x) != 0 || capture_decode(x) != 0 ||
		capture_parse(x) != 0 || capture_drop_filtered(x) != 0 ||
		capture_check_token(x) != 0 || capture_check_events(x) != 0) {
		INVARIANT(x->no.status >= 400 || x->is_heavy, "capture-1");
		return;
	}
	if ((x->path_flags & PATH_RECORDING) != 0)
		return;
	capture_take_sent_at(x);
	for (uint32_t i = 0; i < x->body.n; i++)
		check_message(x, &x->body.events[i]);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct capture_conf conf = {.max_decoded_bytes = 1 << 20};
	struct capture_scratch s;
	struct arena a;

	if (n == 0)
		return 0;
	buf_init(&s.a, 1 << 22);
	buf_init(&s.b, 1 << 22);
	buf_init(&s.events, 1 << 26);
	arena_init(&a, (size_t)1 << 28);
	struct capture_ctx x = {
		.conf = &conf,
		.a = &a,
		.s = &s,
		.path_flags = p[0] & 7,
		.query_text = slice_str(queries[p[0] >> 3 & 3]),
		.content_type = slice_str(types[(p[0] >> 5 & 3) % 3]),
		.anonymize =
			(p[0] & 0x80) != 0 ? TEAM_IP_DROP : TEAM_IP_TRUNCATE,
		.raw = slice_of((const char *)p + 1, n - 1),
		.max_decoded = conf.max_decoded_bytes,
		.now_us = 1720000000000000,
		.token = SLICE_LIT("t"),
	};
	run(&x);
	arena_fini(&a);
	buf_fini(&s.a);
	buf_fini(&s.b);
	buf_fini(&s.events);
	return 0;
}
