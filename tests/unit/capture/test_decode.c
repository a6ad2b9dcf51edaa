#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/base64.h"
#include "base/zip.h"
#include "capture/capture_int.h"
#include "tests/unit/capture/suites.h"

/* The steps up to the token, without server or store. */
struct one {
	struct capture_conf conf;
	struct capture_scratch s;
	struct arena a;
	struct capture_ctx x;
};

static void
set_up(struct one *o, const char *query, struct slice body)
{
	*o = (struct one){.conf = {.max_decoded_bytes = 100000}};
	buf_init(&o->s.a, 1 << 24);
	buf_init(&o->s.b, 1 << 24);
	buf_init(&o->s.events, 1 << 24);
	arena_init(&o->a, 1 << 26);
	o->x = (struct capture_ctx){.conf = &o->conf,
		.a = &o->a,
		.s = &o->s,
		.query_text = slice_str(query),
		.raw = body,
		.path_flags = PATH_LEGACY,
		.max_decoded = o->conf.max_decoded_bytes};
}

static void
tear_down(struct one *o)
{
	buf_fini(&o->s.a);
	buf_fini(&o->s.b);
	buf_fini(&o->s.events);
	arena_fini(&o->a);
}

static int
run(struct one *o)
{
	struct capture_ctx *x = &o->x;

	return capture_read_query(x) != 0 || capture_decode(x) != 0 ||
			       capture_parse(x) != 0 ||
			       capture_check_token(x) != 0 ||
			       capture_check_events(x) != 0
		       ? -1
		       : 0;
}

static const struct {
	const char *body;
	unsigned flags;
	int status; /* 0: accepted */
	const char *text;
	unsigned n;
} shapes[] = {
#define E "{\"event\":\"e\",\"distinct_id\":\"d\",\"token\":\"t\"}"
	{E, 0, 0, "", 1},
	{" [" E "," E "] ", 0, 0, "", 2},
	{"{\"api_key\":\"t\",\"batch\":[" E "," E "]}", 0, 0, "", 2},
	{"{\"batch\":[" E "," E "]}", 0, 0, "", 2},
	{"{\"batch\":[{\"event\":\"e\",\"distinct_id\":1}]}", 0, 400,
		"failed to hydrate", 0},
	{"{\"api_key\":\"x\",\"batch\":{}}", 0, 400, "failed to hydrate", 0},
	{"{\"api_key\":\"t\",\"batch\":[" E ",{\"distinct_id\":1}]}", 0, 400,
		"failed to hydrate", 0},
	{"{\"api_key\":\"t\",\"uuid\":\"bad\",\"batch\":[5]}", 0, 400,
		"failed to parse request: data did not match", 0},
	{"{\"api_key\":\"t\",\"historical_migration\":1,\"batch\":[" E "]}", 0,
		400, "failed to hydrate", 0},
	{"[" E ",3]", 0, 400, "failed to parse request: data did not match", 0},
	{"[" E ",3", 0, 400, "failed to parse request: ", 0},
	{E "x", 0, 400, "failed to parse request: ", 0},
	{"\"text\"", 0, 400, "failed to parse request: data did not match", 0},
	{" null", 0, 400, "failed to parse request: data did not match", 0},
	{"\xef\xbb\xbf" E, 0, 400, "failed to parse request: ", 0},
	{"[]", 0, 400, "request holds no event", 0},
	{"{\"token\":\"t\",\"$distinct_id\":\"d\",\"$set\":{}}", PATH_ENGAGE, 0,
		"", 1},
	{"{\"token\":\"t\",\"$distinct_id\":\"d\",\"$set\":[]}", PATH_ENGAGE,
		400, "failed to parse request: data did not match", 0},
	{"{\"api_key\":\"t\",\"data\":[" E "]}", 0, 0, "", 1},
	{"{\"api_key\":\"t\",\"data\":{\"event\":\"a\","
	 "\"distinct_id\":1}}",
		0, 0, "", 1},
	{"{\"api_key\":\"t\",\"data\":\"[]\"}", 0, 400,
		"request holds no event", 0},
	{"{\"data\":{\"data\":{}}}", 0, 400, "failed to hydrate", 0},
	{"{\"event\":\"e\",\"distinct_id\":\"d\",\"token\":\"t\","
	 "\"timestamp\":1704067200,\"offset\":1.5,"
	 "\"properties\":null}",
		0, 0, "", 1},
	{"{\"event\":\"e\",\"distinct_id\":\"d\",\"token\":\"t\","
	 "\"properties\":[]}",
		0, 400, "failed to parse request: data did not match", 0},
	{"{\"event\":null,\"distinct_id\":\"d\",\"token\":\"t\"}", 0, 400,
		"failed to hydrate", 0},
	{"{\"\\u0065vent\":\"e\",\"distinct_id\":\"d\","
	 "\"token\":\"t\"}",
		0, 0, "", 1},
	{"{\"event\":\"e\",\"distinct_id\":\"\\u2003\","
	 "\"token\":\"t\"}",
		0, 400, "event submitted without a distinct_id", 0},
	{"{\"event\":\"e\",\"distinct_id\":\"d\",\"token\":\"t\","
	 "\"properties\":{\"x\":1e999}}",
		0, 400, "failed to parse request: ", 0},
#undef E
};

static void
bodies_have_the_shapes_of_the_spec(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(shapes); i++) {
		struct one o;
		int err;

		set_up(&o, "", slice_str(shapes[i].body));
		o.x.path_flags |= shapes[i].flags;
		err = run(&o);
		if (shapes[i].status == 0 && err != 0)
			print_message("%s: %s\n", shapes[i].body, o.x.no.text);
		assert_int_equal(err != 0, shapes[i].status != 0);
		assert_int_equal(o.x.no.status, shapes[i].status);
		if (strncmp(o.x.no.text, shapes[i].text,
			    strlen(shapes[i].text)) != 0)
			print_message("%s\n", shapes[i].body);
		assert_memory_equal(
			o.x.no.text, shapes[i].text, strlen(shapes[i].text));
		if (err == 0)
			assert_int_equal(o.x.body.n, shapes[i].n);
		tear_down(&o);
	}
}

static void
nesting_has_a_bound(void **state)
{
	static char body[2000];
	struct one o;

	(void)state;
	for (int depth = 127; depth <= 129; depth++) {
		/* properties is the second level. */
		int n = snprintf(body, sizeof(body),
			"{\"event\":\"e\",\"distinct_id\":\"d\","
			"\"token\":\"t\",\"properties\":{\"x\":");

		memset(body + n, '[', (size_t)depth - 2);
		n += depth - 2;
		memset(body + n, ']', (size_t)depth - 2);
		n += depth - 2;
		n += snprintf(body + n, sizeof(body) - (size_t)n, "}}");
		set_up(&o, "", slice_of(body, (size_t)n));
		assert_int_equal(run(&o) == 0, depth <= 128);
		tear_down(&o);
	}
}

#define EVENT "{\"event\":\"e\",\"distinct_id\":\"d\",\"token\":\"t\"}"

static void
expect(const char *query, const char *type, struct slice body, int status,
	const char *text)
{
	struct one o;

	set_up(&o, query, body);
	o.x.content_type = slice_str(type);
	assert_int_equal(run(&o) == 0, status == 0);
	assert_int_equal(o.x.no.status, status);
	assert_memory_equal(o.x.no.text, text, strlen(text));
	if (status == 0)
		assert_int_equal(o.x.body.n, 1);
	tear_down(&o);
}

static void
encodings_are_undone(void **state)
{
	struct buf z, b, u, f;
	struct err e;

	(void)state;
	buf_init(&z, 100000);
	buf_init(&b, 100000);
	buf_init(&u, 100000);
	buf_init(&f, 100000);
	assert_int_equal(zip_gzip(SLICE_LIT(EVENT), 6, &z, &e), 0);
	expect("", "text/plain", buf_slice(&z), 0, "");
	expect("compression=lz64", "", buf_slice(&z), 0, "");
	base64_encode(buf_slice(&z), &b);
	expect("", "", buf_slice(&b), 0, "");
	base64_encode(SLICE_LIT(EVENT), &u);
	expect("", "", buf_slice(&u), 0, "");
	buf_append_lit(&f, "compression=gzip&data=");
	for (size_t i = 0; i < z.len; i++)
		buf_printf(&f, "%%%02x", (unsigned char)z.p[i]);
	/* A form is text: gzip bytes do not survive it. */
	expect("", "application/x-www-form-urlencoded", buf_slice(&f), 400,
		"failed to decode request: invalid GZIP data");
	expect("compression=gzip", "", SLICE_LIT(EVENT), 400,
		"failed to decode request: invalid GZIP data");
	expect("", "application/json", SLICE_LIT("data=" EVENT), 400,
		"failed to parse request");
	expect("", "APPLICATION/x-www-form-urlencoded; charset=UTF-8",
		SLICE_LIT("data=" EVENT), 0, "");
	expect("", "application/x-www-form-urlencoded", SLICE_LIT(EVENT), 0,
		"");
	expect("", "", SLICE_LIT("\xff\xfe"), 400,
		"failed to decode request: invalid UTF8");
	expect("beacon=x", "", SLICE_LIT(EVENT), 400,
		"Failed to deserialize query string");
	expect("_=1&sent_at=1", "", SLICE_LIT(EVENT), 400,
		"Failed to deserialize query string");
	expect("data=%7B%22event%22%3A%22a%22%2C%22distinct_id%22%3A1%2C%22"
	       "token%22%3A%22t%22%7D",
		"", SLICE_LIT("ignored"), 0, "");
	buf_fini(&z);
	buf_fini(&b);
	buf_fini(&u);
	buf_fini(&f);
}

/* capture-3 */
static void
what_is_too_large_for_a_thread_is_told_apart(void **state)
{
	struct buf big, z;
	struct err e;
	struct one o;

	(void)state;
	buf_init(&big, 1 << 20);
	buf_init(&z, 1 << 20);
	while (big.len < 100001)
		buf_append_char(&big, ' ');
	assert_int_equal(zip_gzip(buf_slice(&big), 6, &z, &e), 0);
	set_up(&o, "", buf_slice(&z));
	assert_int_equal(run(&o), -1);
	assert_int_equal(o.x.no.status, 413);
	assert_string_equal(o.x.no.text,
		"maximum event size exceeded: Decompressed payload would "
		"exceed 100000 bytes (got 100001 bytes)");
	tear_down(&o);
	set_up(&o, "", buf_slice(&z));
	o.x.max_decoded = 5000;
	assert_int_equal(run(&o), -1);
	assert_int_equal(o.x.no.status, 0);
	assert_true(o.x.is_heavy);
	tear_down(&o);
	set_up(&o, "", buf_slice(&big));
	assert_int_equal(run(&o), -1);
	assert_int_equal(o.x.no.status, 413);
	tear_down(&o);
	buf_fini(&big);
	buf_fini(&z);
}

static void
tokens_are_found_in_their_order(void **state)
{
	static const struct {
		const char *query, *body, *token;
	} cases[] = {
		{"token=q", "{\"event\":\"e\",\"distinct_id\":1}", "q"},
		{"token=q",
			"{\"event\":\"e\",\"distinct_id\":1,"
			"\"api_key\":\"a\",\"token\":\"t\"}",
			"t"},
		{"",
			"{\"event\":\"e\",\"distinct_id\":1,"
			"\"properties\":{\"token\":\" p \"}}",
			"p"},
		{"",
			"{\"token\":\"t\",\"batch\":[{\"event\":\"e\","
			"\"distinct_id\":1,\"token\":\"other\"}]}",
			"t"},
		{"",
			"{\"api_key\":\"o\",\"data\":{\"event\":\"e\","
			"\"distinct_id\":1}}",
			"o"},
		{"",
			"{\"event\":\"e\",\"distinct_id\":1,"
			"\"token\":\"\\u0061b\"}",
			"ab"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct one o;

		set_up(&o, cases[i].query, slice_str(cases[i].body));
		assert_int_equal(run(&o), 0);
		assert_true(slice_eq_str(o.x.token, cases[i].token));
		tear_down(&o);
	}
}

static void
distinct_ids_become_text(void **state)
{
	static const struct {
		const char *json, *id;
	} cases[] = {
		{"23", "23"},
		{"23.4", "23.4"},
		{"true", "true"},
		{"0", "0"},
		{"[1, \"a\"]", "[1,\"a\"]"},
		{"{\"b\": 1, \"a\":2}", "{\"a\":2,\"b\":1}"},
		{"\" x \"", " x "},
		{"\"\\ud83d\"", "\xef\xbf\xbd"},
		{"\"\\ud83d\\ude00\"", "\xf0\x9f\x98\x80"},
		{"\"a\\u0000\"", "a\xef\xbf\xbd"},
	};
	char body[200];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct one o;

		snprintf(body, sizeof(body),
			"{\"event\":\"e\",\"token\":\"t\","
			"\"distinct_id\":%s}",
			cases[i].json);
		set_up(&o, "", slice_str(body));
		assert_int_equal(run(&o), 0);
		assert_true(slice_eq_str(o.x.body.events[0].id, cases[i].id));
		tear_down(&o);
	}
}

static void
put(const char *in, bool nested, const char *want)
{
	struct buf b;

	buf_init(&b, 10000);
	capture_put_raw(&b, slice_str(in), nested);
	assert_string_equal(buf_cstr(&b), want);
	buf_fini(&b);
}

static void
json_is_copied_compactly(void **state)
{
	(void)state;
	put("{ \"a b\" :\t1 ,\n\"c\":[ ] }", false, "{\"a b\":1,\"c\":[]}");
	put("{\"a\":\"x\\\"\\n\\\\\"}", true,
		"{\\\"a\\\":\\\"x\\\\\\\"\\\\n\\\\\\\\\\\"}");
	put("\"\\ud83d\\ude00\"", false, "\"\\ud83d\\ude00\"");
	put("\"\\ud83dx\\ude00\"", false, "\"\xef\xbf\xbdx\xef\xbf\xbd\"");
	put("\"\\uD83D\\u0041\"", true, "\\\"\xef\xbf\xbd\\\\u0041\\\"");
	put("\"\\ud83d\"", false, "\"\xef\xbf\xbd\"");
	put("\"\\u0000\"", false, "\"\\u0000\"");
}

/* capture-4 */
static void
addresses_are_taken_out(void **state)
{
	static const struct {
		const char *in, *instead, *want;
	} cases[] = {
		{"{\"$ip\":\"1.2.3.4\"}", "", "{}"},
		{"{\"a\":1,\"$ip\":\"1.2.3.4\",\"b\":2}", "",
			"{\"a\":1,\"b\":2}"},
		{"{\"\\u0024ip\":{\"x\":[1]},\"b\":2}", "", "{\"b\":2}"},
		{"{\"$ip\":1,\"$ip\":2}", "", "{}"},
		{"{\"a\":{\"$ip\":1}}", "", "{\"a\":{\"$ip\":1}}"},
		{"{\"$ip\":1,\"a\":2}", "\"9\"", "{\"$ip\":\"9\",\"a\":2}"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf b;

		buf_init(&b, 10000);
		capture_put_without_ip(&b, slice_str(cases[i].in), false,
			slice_str(cases[i].instead));
		assert_string_equal(buf_cstr(&b), cases[i].want);
		buf_fini(&b);
	}
}

const struct CMUnitTest capture_decode_tests[] = {
	cmocka_unit_test(bodies_have_the_shapes_of_the_spec),
	cmocka_unit_test(nesting_has_a_bound),
	cmocka_unit_test(encodings_are_undone),
	cmocka_unit_test(what_is_too_large_for_a_thread_is_told_apart),
	cmocka_unit_test(tokens_are_found_in_their_order),
	cmocka_unit_test(distinct_ids_become_text),
	cmocka_unit_test(json_is_copied_compactly),
	cmocka_unit_test(addresses_are_taken_out),
};
const size_t capture_n_decode_tests = ARRAY_LEN(capture_decode_tests);
