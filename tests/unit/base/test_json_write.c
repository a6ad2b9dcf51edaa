#include "tests.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "base/json_write.h"
#include "base/mem.h"
#include "base/rand.h"

static const struct json_limits limits = {64, 10000};
static struct arena arena;
static struct buf out;

static int
set_up(void **state)
{
	(void)state;
	arena_init(&arena, 1 << 22);
	buf_init(&out, 1 << 20);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	arena_fini(&arena);
	buf_fini(&out);
	return 0;
}

static struct json_doc
read(struct slice text)
{
	struct json_doc d;
	struct err e;

	assert_int_equal(json_parse(&arena, text, &limits, &d, &e), 0);
	return d;
}

struct row {
	const char *text, *result;
};

static void
values_are_written_compactly_and_mended(void **state)
{
	static const struct row rows[] = {{" 1 ", "1"},
		{"[ 1 , { \"a\" : [ ] , \"b\" : { } } ]",
			"[1,{\"a\":[],\"b\":{}}]"},
		{"\"a\\u0000b\"", "\"a\xef\xbf\xbd"
				  "b\""},
		{"{\"\\ud800\":\"\\ude00\\n\\/\"}",
			"{\"\xef\xbf\xbd\":\"\xef\xbf\xbd\\n\\/\"}"},
		{"[\"\\ud83d\\ude00\",\"\\u0041\"]",
			"[\"\\ud83d\\ude00\",\"\\u0041\"]"},
		{"-0", "-0.0"}, {"0", "0"}, {"-0.0", "-0.0"}, {"1.0", "1.0"},
		{"1.50", "1.5"}, {"10.00", "10.0"}, {"1e2", "100.0"},
		{"1E+2", "100.0"}, {"0.1e1", "1.0"}, {"1e21", "1e+21"},
		{"1e-7", "1e-7"}, {"0.0000001", "1e-7"},
		{"0.000001", "0.000001"}, {"1e-6", "0.000001"},
		{"18446744073709551615", "18446744073709551615"},
		{"18446744073709551616", "18446744073709552000.0"},
		{"-9223372036854775808", "-9223372036854775808"},
		{"-9223372036854775809", "-9223372036854776000.0"},
		{"123456789012345678901234567890", "1.2345678901234568e+29"},
		{"0.30000000000000004", "0.30000000000000004"},
		{"3.141592653589793238", "3.141592653589793"}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct json_doc d = read(slice_str(rows[i].text));

		buf_reset(&out);
		json_put_value(&out, &d, 0, 64, NULL);
		assert_string_equal(buf_cstr(&out), rows[i].result);
	}
}

/* base-7: what is marked plain comes out as it is, whatever the way it is
 * written. */
static void
plain_values_are_their_own_text(void **state)
{
	static const char *const texts[] = {"1", "-1", "0", "1.5", "-0.25",
		"1.0", "0.001", "123456.789012345", "9223372036854775807",
		"{\"a\":[1,2,{\"b\":null}],\"c\":\"\\u00eb\"}"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct json_doc d = read(slice_str(texts[i]));

		assert_true((d.nodes[0].flags & JSON_PLAIN) != 0);
		if (d.nodes[0].type != JSON_NUMBER)
			continue;
		buf_reset(&out);
		if ((d.nodes[0].flags & JSON_FLOAT) != 0) {
			json_put_double(&out, json_double(&d, 0), true);
			assert_string_equal(buf_cstr(&out), texts[i]);
		}
	}
}

static void
levels_below_the_maximum_become_null(void **state)
{
	struct json_doc d = read(
		SLICE_LIT("{\"a\":[1,[2]],\"b\":{ \"c\":{\"d\":1}},\"e\":5}"));
	bool cut = false;

	(void)state;
	json_put_value(&out, &d, 0, 3, &cut);
	assert_false(cut);
	buf_reset(&out);
	json_put_value(&out, &d, 0, 2, &cut);
	assert_true(cut);
	assert_string_equal(
		buf_cstr(&out), "{\"a\":[1,null],\"b\":{\"c\":null},\"e\":5}");
	buf_reset(&out);
	json_put_value(&out, &d, 0, 0, NULL);
	assert_string_equal(buf_cstr(&out), "null");
	buf_reset(&out);
	json_put_value(&out, &d, json_member(&d, 0, SLICE_LIT("e")), 0, NULL);
	assert_string_equal(buf_cstr(&out), "5");
}

static void
sorted_objects_do_not_depend_on_order(void **state)
{
	static const struct row rows[] = {
		{"{\"b\":1,\"a\":{\"z\":[{\"y\":1,\"x\":2}],\"c\":2}}",
			"{\"a\":{\"c\":2,\"z\":[{\"x\":2,\"y\":1}]},\"b\":1}"},
		{"{\"a\":1,\"\\u0061\":2,\"b\":3,\"a\":4}",
			"{\"a\":4,\"b\":3}"},
		{"{}", "{}"}, {"[]", "[]"}, {"[3,1, 2]", "[3,1,2]"},
		{"\"x\"", "\"x\""}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct json_doc d = read(slice_str(rows[i].text));

		buf_reset(&out);
		json_put_sorted(&out, &d, 0, &arena);
		assert_string_equal(buf_cstr(&out), rows[i].result);
	}
}

static void
values_are_equal_whatever_their_form(void **state)
{
	static const struct {
		const char *a, *b;
		bool equal;
	} rows[] = {{"1", "1.0", true}, {"1", "1e0", true}, {"1", "2", false},
		{"1", "\"1\"", false}, {"0", "-0", true},
		{"9007199254740993", "9007199254740992", false},
		{"9007199254740993", "9007199254740992.0", true},
		{"\"a\"", "\"\\u0061\"", true}, {"\"a\"", "\"b\"", false},
		{"{\"a\":1,\"b\":[1,2]}", "{ \"b\":[1, 2],\"a\":1.0}", true},
		{"{\"a\":1}", "{\"a\":1,\"b\":2}", false},
		{"{\"a\":1}", "{\"b\":1}", false},
		{"{\"a\":1,\"a\":2}", "{\"a\":2}", true},
		{"{\"a\":1,\"a\":2}", "{\"a\":1}", false},
		{"[1,2]", "[2,1]", false}, {"[1,2]", "[1,2,3]", false},
		{"[]", "{}", false}, {"null", "null", true},
		{"true", "false", false}, {"[[[1]]]", "[[[1.0]]]", true}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct json_doc a = read(slice_str(rows[i].a));
		struct json_doc b = read(slice_str(rows[i].b));

		assert_int_equal(json_equal(&a, 0, &b, 0), rows[i].equal);
		assert_int_equal(json_equal(&b, 0, &a, 0), rows[i].equal);
		assert_true(json_equal(&a, 0, &a, 0));
	}
}

static void
strings_are_escaped_wherever_the_character_stands(void **state)
{
	char text[80];

	(void)state;
	for (size_t n = 0; n < sizeof(text); n++) {
		for (int c = 0; c < 256; c += 7) {
			struct json_doc d;

			memset(text, 'x', n);
			if (n > 0)
				text[n / 2] = (char)(c < 0x80 ? c : '"');
			buf_reset(&out);
			json_put_string(&out, slice_of(text, n));
			if (n > 0 && text[n / 2] == '\0')
				continue;
			d = read(buf_slice(&out));
			assert_true(json_string_eq(&d, 0, slice_of(text, n)));
		}
	}
	buf_reset(&out);
	json_put_string(&out, SLICE_LIT("\b\f\n\r\t\x01\x1f\x7f\"\\/\xc3\xab"));
	assert_string_equal(buf_cstr(&out),
		"\"\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\\\"\\\\/\xc3\xab\"");
}

static void
escaping_keeps_the_maximum_exactly(void **state)
{
	char text[100];
	struct buf b;

	(void)state;
	memset(text, '"', sizeof(text));
	buf_init(&b, 200);
	json_put_escaped(&b, slice_of(text, 100));
	assert_false(b.failed);
	assert_int_equal(b.len, 200);
	buf_reset(&b);
	json_put_string(&b, slice_of(text, 100));
	assert_true(b.failed);
	buf_reset(&b);
	memset(text, 'x', sizeof(text));
	json_put_string(&b, slice_of(text, 100));
	json_put_escaped(&b, slice_of(text, 98));
	assert_false(b.failed);
	assert_int_equal(b.len, 200);
	buf_fini(&b);
}

static void
doubles_print_as_in_javascript(void **state)
{
	static const struct {
		double v;
		bool with_point;
		const char *text;
	} rows[] = {{0, true, "0.0"}, {0, false, "0"}, {-0.0, true, "-0.0"},
		{-0.0, false, "0"}, {1, false, "1"}, {-1.5, false, "-1.5"},
		{0.1, false, "0.1"}, {0.1 + 0.2, false, "0.30000000000000004"},
		{1e-6, false, "0.000001"}, {1e-7, false, "1e-7"},
		{1.5e-10, false, "1.5e-10"},
		{1e20, false, "100000000000000000000"},
		{1e20, true, "100000000000000000000.0"}, {1e21, true, "1e+21"},
		{1.25e300, false, "1.25e+300"}, {5e-324, false, "5e-324"},
		{DBL_MAX, false, "1.7976931348623157e+308"},
		{123456789.125, false, "123456789.125"},
		{9007199254740992.0, false, "9007199254740992"},
		{(double)NAN, false, "null"}, {(double)INFINITY, true, "null"}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		buf_reset(&out);
		json_put_double(&out, rows[i].v, rows[i].with_point);
		assert_string_equal(buf_cstr(&out), rows[i].text);
	}
}

static void
doubles_read_back_as_they_were(void **state)
{
	struct rand_state r;

	(void)state;
	rand_seed(&r, 3);
	for (int i = 0; i < 20000; i++) {
		uint64_t bits = rand_next(&r);
		struct json_doc d;
		double v;

		memcpy(&v, &bits, sizeof(v));
		if (!isfinite(v))
			continue;
		buf_reset(&out);
		json_put_double(&out, v, i % 2 == 0);
		d = read(buf_slice(&out));
		assert_true(json_double(&d, 0) == v);
		arena_reset(&arena);
	}
}

static void
failing_allocations_leave_a_failed_buffer(void **state)
{
	struct json_doc d = read(SLICE_LIT(
		"{\"b\" : [1.50,\"\\u0000\"], \"a\" : {\"d\":1, \"c\":[ 2]}}"));
	bool failed = true;

	(void)state;
	for (long n = 1; failed; n++) {
		struct arena a;
		struct buf b;

		arena_init(&a, 1 << 16);
		buf_init(&b, 1 << 16);
		mem_fail_after(n, false);
		json_put_sorted(&b, &d, 0, &a);
		json_put_value(&b, &d, 0, 64, NULL);
		mem_fail_after(0, false);
		failed = b.failed;
		assert_true(failed ? b.len == 0 : b.len > 60);
		buf_fini(&b);
		arena_fini(&a);
	}
	mem_fail_after(1, true);
	assert_false(json_equal(&d, 0, &d, 1));
	mem_fail_after(0, false);
}

int
run_json_write_tests(void)
{
#define JSON_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		JSON_TEST(values_are_written_compactly_and_mended),
		JSON_TEST(plain_values_are_their_own_text),
		JSON_TEST(levels_below_the_maximum_become_null),
		JSON_TEST(sorted_objects_do_not_depend_on_order),
		JSON_TEST(values_are_equal_whatever_their_form),
		JSON_TEST(strings_are_escaped_wherever_the_character_stands),
		JSON_TEST(escaping_keeps_the_maximum_exactly),
		JSON_TEST(doubles_print_as_in_javascript),
		JSON_TEST(doubles_read_back_as_they_were),
		JSON_TEST(failing_allocations_leave_a_failed_buffer),
	};

	return cmocka_run_group_tests_name("json_write", tests, NULL, NULL);
}
