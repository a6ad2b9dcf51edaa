#include "tests.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/json_read.h"
#include "base/mem.h"
#include "base/rand.h"

static const struct json_limits limits = {64, 10000};

static const char *const good[] = {"1", " [1 , 2.50 , {\"a\" : \"\\u0000\"}]\n",
	"{}", "[]", "[{},[]]", "-0", "0", "-9223372036854775808",
	"123456789012345678901234567890", "1e21", "1E-400", "0.1",
	"1.7976931348623157e308", "\"\\ud83d\\ude00\\/\\b\"", "\"\\ud800\"",
	"true", "null", "false", "\"\xc3\xab\"", "\"\x7f\"",
	"\"0123456789abcdef0123456789abcdef\\\"0123456789abcdef\""};

static const char *const bad[] = {"", " ", "{", "[", "]", "[1,]", "[,1]", "{,}",
	"{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{\"a\" 1}", "{1:2}", "{\"a\":1]",
	"[1}", "[1 2]", "1 2", "01", "-", "-01", "+1", ".5", "1.", "1.e1", "1e",
	"1e+", "0x1", "1e999", "-1e400", "1.8e308", "tru", "nul", "True", "NaN",
	"Infinity", "'a'", "\"", "\"abc", "\"\\", "\"\\x\"", "\"\\u12\"",
	"\"\\u12g4\"", "\"a\nb\"", "\"a\tb\"", "\"\xff\"", "\"\xed\xa0\x80\"",
	"\"\xc0\x80\"", "\"\xe2\x82\"", "\xef\xbb\xbf{}", "[[", "/**/1", "\f1",
	"\"0123456789abcdef\x01\"", "\"0123456789abcde\xff\""};

/* Reads with the node reader and with the cursor: both must agree (base-6). */
static int
read_both(struct arena *a, struct slice text, struct json_doc *d)
{
	struct json_cursor c;
	enum json_type type;
	struct slice raw;
	struct err e, e2;
	int r = json_parse(a, text, &limits, d, &e), r2;

	json_cursor_init(&c, text, limits.max_depth);
	r2 = json_cursor_skip(&c, &type, &raw, &e2);
	if (r2 == 0)
		r2 = json_cursor_end(&c, &e2);
	assert_int_equal(r, r2);
	if (r != 0)
		assert_string_equal(e.text, e2.text);
	else
		assert_int_equal(type, d->nodes[0].type);
	return r;
}

static void
valid_texts_are_read_and_others_refused(void **state)
{
	struct json_doc d;
	struct arena a;

	(void)state;
	arena_init(&a, 1 << 20);
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		struct slice text = slice_str(good[i]);

		assert_int_equal(read_both(&a, text, &d), 0);
		assert_int_equal(d.nodes[0].next, d.n_nodes);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(read_both(&a, slice_str(bad[i]), &d),
			-(int)ERR_INVALID);
	arena_fini(&a);
}

/* Reading never goes beyond the text: each is put at the end of its memory, so
 * that a sanitizer or valgrind sees it. */
static void
cut_texts_are_refused(void **state)
{
	struct json_doc d;
	struct arena a;

	(void)state;
	arena_init(&a, 1 << 20);
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		size_t len = slice_str(good[i]).len;

		for (size_t n = 0; n < len; n++) {
			char *copy = mem_dup(good[i], n);
			int r = read_both(&a, slice_of(copy, n), &d);

			/* Numbers and blanks at the end may go. */
			if (good[i][0] == '"' || good[i][0] == '{')
				assert_int_equal(r, -(int)ERR_INVALID);
			mem_free(copy);
		}
	}
	arena_fini(&a);
}

static void
nodes_lead_through_the_document(void **state)
{
	static const char text[] =
		"{\"a\":[1,{\"b\":\"x\\n\"}], \"c\":{}, \"a\":-5.0}";
	static const uint8_t types[] = {JSON_OBJECT, JSON_STRING, JSON_ARRAY,
		JSON_NUMBER, JSON_OBJECT, JSON_STRING, JSON_STRING, JSON_STRING,
		JSON_OBJECT, JSON_STRING, JSON_NUMBER};
	static const uint32_t next[] = {11, 2, 7, 4, 7, 6, 7, 8, 9, 10, 11};
	static const uint32_t depths[] = {3, 0, 2, 0, 1, 0, 0, 0, 1, 0, 0};
	struct json_doc d;
	struct arena a;
	struct err e;
	int64_t v;

	(void)state;
	arena_init(&a, 1 << 20);
	assert_int_equal(json_parse(&a, slice_str(text), &limits, &d, &e), 0);
	assert_int_equal(d.n_nodes, ARRAY_LEN(types));
	for (uint32_t i = 0; i < d.n_nodes; i++) {
		assert_int_equal(d.nodes[i].type, types[i]);
		assert_int_equal(d.nodes[i].next, next[i]);
		assert_int_equal(d.nodes[i].depth, depths[i]);
	}
	assert_int_equal(d.nodes[0].n, 3);
	assert_int_equal(d.nodes[2].n, 2);
	assert_true(slice_eq_str(json_raw(&d, 2), "[1,{\"b\":\"x\\n\"}]"));
	assert_true(slice_eq_str(json_raw(&d, 6), "\"x\\n\""));
	assert_true(slice_eq_str(json_inner(&d, 6), "x\\n"));
	assert_true(slice_eq_str(json_string(&d, 6, &a), "x\n"));
	assert_true(json_string_eq(&d, 6, SLICE_LIT("x\n")));
	assert_int_equal(json_member(&d, 0, SLICE_LIT("a")), 10);
	assert_int_equal(json_member(&d, 0, SLICE_LIT("b")), 0);
	assert_int_equal(json_member(&d, 2, SLICE_LIT("a")), 0);
	assert_true(json_double(&d, 10) == -5.0);
	assert_false(json_i64(&d, 10, &v));
	assert_true(json_i64(&d, 3, &v));
	assert_int_equal(v, 1);
	assert_false(json_i64(&d, 6, &v));
	arena_fini(&a);
}

struct string_row {
	const char *text, *decoded;
	size_t len;
	uint8_t flags;
};

static void
strings_are_decoded(void **state)
{
	static const struct string_row rows[] = {
		{"\"abc\"", "abc", 3, JSON_PLAIN},
		{"\"\\u0041\\u00eb\\u20ac\"", "A\xc3\xab\xe2\x82\xac", 6,
			JSON_PLAIN | JSON_ESCAPED},
		{"\"\\ud83d\\ude00\"", "\xf0\x9f\x98\x80", 4,
			JSON_PLAIN | JSON_ESCAPED},
		{"\"a\\u0000b\"", "a\0b", 3, JSON_ESCAPED | JSON_NUL},
		{"\"\\ud83dx\"", "\xef\xbf\xbdx", 4, JSON_ESCAPED | JSON_LONE},
		{"\"\\ude00\\ud83d\"", "\xef\xbf\xbd\xef\xbf\xbd", 6,
			JSON_ESCAPED | JSON_LONE},
		{"\"\\ud83d\\ud83d\\ude00\"", "\xef\xbf\xbd\xf0\x9f\x98\x80", 7,
			JSON_ESCAPED | JSON_LONE},
		{"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t", 8,
			JSON_PLAIN | JSON_ESCAPED}};
	struct arena a;
	struct buf b;

	(void)state;
	arena_init(&a, 1 << 20);
	buf_init(&b, 1000);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct slice want = slice_of(rows[i].decoded, rows[i].len);
		struct json_doc d;
		struct err e;

		assert_int_equal(json_parse(&a, slice_str(rows[i].text),
					 &limits, &d, &e),
			0);
		assert_int_equal(d.nodes[0].flags, rows[i].flags);
		assert_true(slice_eq(json_string(&d, 0, &a), want));
		assert_true(json_string_eq(&d, 0, want));
		assert_false(json_string_eq(&d, 0, SLICE_LIT("other")));
		buf_reset(&b);
		json_unescape(json_inner(&d, 0), &b);
		assert_true(slice_eq(buf_slice(&b), want));
	}
	buf_fini(&b);
	arena_fini(&a);
}

static void
escapes_are_decoded_wherever_they_stand(void **state)
{
	static const char *const pieces[] = {"a", "bc", "defghijklmnopqrs",
		"\\\"", "\\\\", "\\n", "\\/", "\\u0041", "\\ud83d\\ude00",
		"\\ud800", "\xc3\xab"};
	struct rand_state r;
	struct arena a;
	struct buf text, want;

	arena_init(&a, 1 << 20);
	buf_init(&text, 4096);
	buf_init(&want, 4096);
	rand_seed(&r, 5);
	for (int round = 0; round < 5000; round++) {
		struct json_doc d;
		struct err e;
		uint64_t n = rand_below(&r, 30);

		arena_reset(&a);
		buf_reset(&text);
		buf_reset(&want);
		buf_append_char(&text, '"');
		for (uint64_t i = 0; i < n; i++)
			buf_append_str(&text,
				pieces[rand_below(&r, ARRAY_LEN(pieces))]);
		buf_append_char(&text, '"');
		assert_int_equal(
			json_parse(&a, buf_slice(&text), &limits, &d, &e), 0);
		json_unescape(json_inner(&d, 0), &want);
		assert_true(slice_eq(json_string(&d, 0, &a), buf_slice(&want)));
	}
	buf_fini(&want);
	buf_fini(&text);
	arena_fini(&a);
	(void)state;
}

static void
numbers_are_exact(void **state)
{
	static const char *const texts[] = {"0", "-0.0", "1.5", "1e22", "1e23",
		"123456789012345678", "0.1", "3.14159265358979323846",
		"2.2250738585072011e-308", "5e-324", "1.7976931348623157e308",
		"9007199254740993", "1e-5000", "100000000000000000000000e-20",
		"0.000000000000000000000000000000000000000000000001e48",
		/* The middle between two doubles, and a bit more. */
		"9007199254740993.0000000000000000000000000000000000000001"};
	struct arena a;

	(void)state;
	arena_init(&a, 1 << 20);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct json_doc d;
		struct err e;

		assert_int_equal(
			json_parse(&a, slice_str(texts[i]), &limits, &d, &e),
			0);
		assert_true(json_double(&d, 0) == strtod(texts[i], NULL));
	}
	arena_fini(&a);
}

static void
integers_that_fit_are_told(void **state)
{
	static const struct {
		const char *text;
		bool fits;
		int64_t v;
	} rows[] = {{"9223372036854775807", true, INT64_MAX},
		{"-9223372036854775808", true, INT64_MIN},
		{"9223372036854775808", false, 0},
		{"-9223372036854775809", false, 0}, {"1e2", false, 0},
		{"1.0", false, 0}, {"-0", true, 0}};
	struct arena a;

	(void)state;
	arena_init(&a, 1 << 20);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct json_doc d;
		struct err e;
		int64_t v = 0;

		assert_int_equal(json_parse(&a, slice_str(rows[i].text),
					 &limits, &d, &e),
			0);
		assert_int_equal(json_i64(&d, 0, &v), rows[i].fits);
		if (rows[i].fits)
			assert_true(v == rows[i].v);
	}
	arena_fini(&a);
}

static void
depth_and_count_are_bounded(void **state)
{
	const struct json_limits small = {3, 5}, none = {0, 1};
	struct json_cursor c;
	enum json_type type;
	struct json_doc d;
	struct arena a;
	struct slice raw;
	struct err e;

	(void)state;
	arena_init(&a, 1 << 20);
	assert_int_equal(
		json_parse(&a, SLICE_LIT("[[[]]]"), &small, &d, &e), 0);
	assert_int_equal(
		json_parse(&a, SLICE_LIT("[[{\"a\":[]}]]"), &small, &d, &e),
		-(int)ERR_INVALID);
	assert_int_equal(
		json_parse(&a, SLICE_LIT("[1,2,3,4]"), &small, &d, &e), 0);
	assert_int_equal(
		json_parse(&a, SLICE_LIT("[1,2,3,4,5]"), &small, &d, &e),
		-(int)ERR_TOO_BIG);
	assert_int_equal(json_parse(&a, SLICE_LIT("1"), &none, &d, &e), 0);
	assert_int_equal(json_parse(&a, SLICE_LIT("[]"), &none, &d, &e),
		-(int)ERR_INVALID);
	json_cursor_init(&c, SLICE_LIT("[[[[]]]]"), 3);
	assert_int_equal(
		json_cursor_skip(&c, &type, &raw, &e), -(int)ERR_INVALID);
	arena_fini(&a);
}

static void
very_deep_texts_do_not_end_the_stack(void **state)
{
	const struct json_limits deep = {UINT32_MAX, UINT32_MAX};
	char text[4 * JSON_DEPTH_MAX];
	struct json_doc d;
	struct arena a;
	struct err e;

	(void)state;
	arena_init(&a, 1 << 24);
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = i < sizeof(text) / 2 ? '[' : ']';
	assert_int_equal(
		json_parse(&a, slice_of(text, sizeof(text)), &deep, &d, &e),
		-(int)ERR_INVALID);
	assert_int_equal(
		json_parse(&a,
			slice_of(text + JSON_DEPTH_MAX, 2 * JSON_DEPTH_MAX),
			&deep, &d, &e),
		0);
	assert_int_equal(d.nodes[0].depth, JSON_DEPTH_MAX);
	arena_fini(&a);
}

static void
cursor_walks_members_and_elements(void **state)
{
	struct slice key, raw,
		text = SLICE_LIT(" {\"a\" : [1, 2 ] , \"b\":{} } ");
	struct json_cursor c;
	enum json_type type;
	struct err e;
	bool more;
	int n = 0;

	(void)state;
	json_cursor_init(&c, text, 2);
	assert_int_equal(json_cursor_enter(&c, &type, &e), 0);
	assert_int_equal(type, JSON_OBJECT);
	assert_int_equal(json_cursor_next(&c, true, true, &more, &key, &e), 0);
	assert_true(more && slice_eq_str(key, "a"));
	assert_int_equal(json_cursor_enter(&c, &type, &e), 0);
	for (;; n++) {
		assert_int_equal(
			json_cursor_next(&c, false, n == 0, &more, &key, &e),
			0);
		if (!more)
			break;
		assert_int_equal(json_cursor_skip(&c, &type, &raw, &e), 0);
		assert_true(slice_eq_str(raw, n == 0 ? "1" : "2"));
	}
	assert_int_equal(n, 2);
	assert_int_equal(json_cursor_next(&c, true, false, &more, &key, &e), 0);
	assert_true(more && slice_eq_str(key, "b"));
	assert_int_equal(json_cursor_skip(&c, &type, &raw, &e), 0);
	assert_true(slice_eq_str(raw, "{}"));
	assert_int_equal(json_cursor_next(&c, true, false, &more, &key, &e), 0);
	assert_false(more);
	assert_int_equal(json_cursor_end(&c, &e), 0);
	assert_int_equal(c.max_depth, 2);
}

/* Walks with the cursor as capture does; 0 if the whole text is right. */
static int
walk(struct slice text)
{
	struct json_cursor c;
	enum json_type type;
	struct slice key, raw;
	struct err e;
	bool more = true;

	json_cursor_init(&c, text, 8);
	if (json_cursor_enter(&c, &type, &e) != 0)
		return -1;
	for (bool first = true;; first = false) {
		if (json_cursor_next(&c, type == JSON_OBJECT, first, &more,
			    &key, &e) != 0)
			return -1;
		if (!more)
			return json_cursor_end(&c, &e) == 0 ? 0 : -1;
		enum json_type inner;

		if (json_cursor_skip(&c, &inner, &raw, &e) != 0)
			return -1;
	}
}

static void
cursor_is_as_strict_as_the_reader(void **state)
{
	static const char *const texts[] = {"[1,2]", "[]", "{}", "{\"a\":1}",
		"[1,]", "[,]", "[1 2]", "[1", "[", "{\"a\"",
		"{\"a\":", "{\"a\":1,}", "{,}", "{\"a\":1 \"b\":2}", "[1]]",
		"[1}", "{\"a\":1]", "[1],", "{\"a\\x\":1}", "[ ]", "{ }",
		"{\"a\":1 , \"b\" : [ ] }"};
	struct arena a;

	(void)state;
	arena_init(&a, 1 << 20);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct json_doc d;
		struct err e;
		int r = json_parse(&a, slice_str(texts[i]), &limits, &d, &e);

		assert_int_equal(r == 0, walk(slice_str(texts[i])) == 0);
	}
	arena_fini(&a);
}

static void
failing_allocations_are_told(void **state)
{
	char text[8000];
	bool failed = true;

	(void)state;
	memset(text, '1', sizeof(text));
	for (size_t i = 1; i < sizeof(text); i += 2)
		text[i] = ',';
	text[0] = '[';
	text[1] = '1';
	text[sizeof(text) - 1] = ']';
	for (long n = 1; failed; n++) {
		struct json_doc d = {NULL, NULL, 0};
		struct arena a;
		struct err e;
		int r;

		arena_init(&a, 1 << 20);
		mem_fail_after(n, true);
		r = json_parse(
			&a, slice_of(text, sizeof(text)), &limits, &d, &e);
		mem_fail_after(0, false);
		failed = r != 0;
		assert_int_equal(r, failed ? -(int)ERR_NO_MEMORY : 0);
		assert_int_equal(d.n_nodes, failed ? 0 : 4000);
		arena_fini(&a);
	}
}

/* Random changes of valid texts: reader and cursor agree on each. */
static void
reader_and_cursor_agree_on_damaged_texts(void **state)
{
	static const char letters[] = "{}[]\",:\\u0de1.-+ \n\x80\xc3t";
	struct rand_state r;
	struct arena a;

	(void)state;
	rand_seed(&r, 42);
	arena_init(&a, 1 << 20);
	for (int i = 0; i < 20000; i++) {
		struct slice from =
			slice_str(good[rand_below(&r, ARRAY_LEN(good))]);
		char text[128];
		struct json_doc d;

		memcpy(text, from.p, from.len);
		for (int k = 0; k < 2; k++)
			text[rand_below(&r, from.len)] =
				letters[rand_below(&r, sizeof(letters) - 1)];
		if (read_both(&a, slice_of(text, from.len), &d) == 0)
			assert_int_equal(d.nodes[0].next, d.n_nodes);
		arena_reset(&a);
	}
	arena_fini(&a);
}

int
run_json_read_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(valid_texts_are_read_and_others_refused),
		cmocka_unit_test(cut_texts_are_refused),
		cmocka_unit_test(nodes_lead_through_the_document),
		cmocka_unit_test(strings_are_decoded),
		cmocka_unit_test(numbers_are_exact),
		cmocka_unit_test(integers_that_fit_are_told),
		cmocka_unit_test(depth_and_count_are_bounded),
		cmocka_unit_test(escapes_are_decoded_wherever_they_stand),
		cmocka_unit_test(very_deep_texts_do_not_end_the_stack),
		cmocka_unit_test(cursor_walks_members_and_elements),
		cmocka_unit_test(cursor_is_as_strict_as_the_reader),
		cmocka_unit_test(failing_allocations_are_told),
		cmocka_unit_test(reader_and_cursor_agree_on_damaged_texts),
	};

	return cmocka_run_group_tests_name("json_read", tests, NULL, NULL);
}
