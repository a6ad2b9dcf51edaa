#include <stdio.h>

#include "event/props.h"
#include "make_event.h"
#include "tests.h"

static struct make m;

static int
set_up(void **state)
{
	(void)state;
	make_init(&m);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	make_fini(&m);
	return 0;
}

static const char *
written(const struct props *p)
{
	buf_reset(&m.out);
	props_write(p, &m.out);
	return buf_cstr(&m.out);
}

static struct props
of_text(const char *json)
{
	struct props_work w = {&m.arena, &m.scratch, 63, false};
	struct json_doc d;
	struct props p;

	make_parse(&m, json, &d);
	props_init(&p, &m.arena);
	props_add_object(&p, &d, 0, &w);
	assert_false(p.failed);
	return p;
}

static void
keeps_order_and_replaces_in_place(void **state)
{
	struct props p = of_text("{\"a\":1,\"b\":2,\"a\":3}");

	(void)state;
	assert_string_equal(written(&p), "{\"a\":3,\"b\":2}");
	props_set(&p, SLICE_LIT("c"), SLICE_LIT("4"));
	props_set(&p, SLICE_LIT("b"), SLICE_LIT("[]"));
	assert_string_equal(written(&p), "{\"a\":3,\"b\":[],\"c\":4}");
	assert_true(props_unset(&p, SLICE_LIT("b")));
	assert_false(props_unset(&p, SLICE_LIT("b")));
	assert_string_equal(written(&p), "{\"a\":3,\"c\":4}");
	props_set(&p, SLICE_LIT("b"), SLICE_LIT("5"));
	assert_string_equal(written(&p), "{\"a\":3,\"c\":4,\"b\":5}");
	assert_int_equal(p.n_live, 3);
}

/* Sizes around the point where the index comes into being. */
static void
many_keys_are_found_again(void **state)
{
	(void)state;
	for (int size = 1; size < 200; size += 7) {
		struct props p;

		props_init(&p, &m.arena);
		for (int i = 0; i < size; i++) {
			char key[16];
			int n = snprintf(key, sizeof(key), "key%d", i);

			props_set(&p,
				arena_dup_slice(
					&m.arena, slice_of(key, (size_t)n)),
				SLICE_LIT("1"));
		}
		for (int i = 0; i < size; i += 2) {
			char key[16];

			snprintf(key, sizeof(key), "key%d", i);
			assert_true(props_unset(&p, slice_str(key)));
		}
		for (int i = 0; i < size; i++) {
			char key[16];

			snprintf(key, sizeof(key), "key%d", i);
			assert_int_equal(
				props_has(&p, slice_str(key)), i % 2 == 1);
		}
		assert_int_equal(p.n_live, size / 2);
	}
}

/* event-1 */
static void
values_become_compact_and_mended(void **state)
{
	struct props p = of_text("{ \"a\" : [ 1 , 2.50, {\"k\":\t\"v\"} ],"
				 "\"n\\u0000\":\"x\\u0000\\ud800\","
				 "\"i\":12345678901234567,\"f\":5.0}");

	(void)state;
	assert_string_equal(written(&p),
		"{\"a\":[1,2.5,{\"k\":\"v\"}],"
		"\"n\xef\xbf\xbd\":\"x\xef\xbf\xbd\xef\xbf\xbd\","
		"\"i\":12345678901234567,\"f\":5.0}");
}

static void
text_goes_round(void **state)
{
	static const char text[] = "{\"\":\"\",\"q\\\"\":\"a\\\"\\\\b\\n\","
				   "\"\xc3\xbc\":{\"x\":[]}}";
	struct props p;

	(void)state;
	props_init(&p, &m.arena);
	assert_true(props_add_text(&p, SLICE_LIT(text), &m.arena));
	assert_string_equal(written(&p), text);
	assert_false(props_add_text(&p, SLICE_LIT("[1]"), &m.arena));
	assert_false(props_add_text(&p, SLICE_LIT("{"), &m.arena));
	props_clear(&p);
	props_set_string(&p, SLICE_LIT("s"), SLICE_LIT("a\"\n\x01z"));
	assert_string_equal(written(&p), "{\"s\":\"a\\\"\\n\\u0001z\"}");
	props_set_string(&p, SLICE_LIT("s"), SLICE_LIT("a\0\"\0"));
	assert_string_equal(
		written(&p), "{\"s\":\"a\xef\xbf\xbd\\\"\xef\xbf\xbd\"}");
}

static void
a_copy_is_a_map_of_its_own(void **state)
{
	struct props p = of_text("{\"a\":1,\"b\":2}"), q;

	(void)state;
	props_unset(&p, SLICE_LIT("a"));
	props_copy(&q, &p, &m.arena);
	props_set(&q, SLICE_LIT("b"), SLICE_LIT("9"));
	assert_string_equal(written(&p), "{\"b\":2}");
	assert_string_equal(written(&q), "{\"b\":9}");
}

static void
equality_is_by_value(void **state)
{
	static const struct {
		const char *a, *b;
		bool equal;
	} rows[] = {
		{"1", "1.0", true},
		{"1", "\"1\"", false},
		{"1", "true", false},
		{"null", "null", true},
		{"null", "false", false},
		{"\"a\"", "\"b\"", false},
		{"\"\\u0061\"", "\"a\"", true},
		{"{\"a\":1,\"b\":[2]}", "{\"b\":[2.0],\"a\":1}", true},
		{"{\"a\":1}", "{\"a\":1,\"b\":2}", false},
		{"[1,2]", "[2,1]", false},
		{"[]", "{}", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(props_value_equal(slice_str(rows[i].a),
					 slice_str(rows[i].b), &m.arena),
			rows[i].equal);
}

static void
falsy_is_as_in_javascript(void **state)
{
	static const char *const falsy[] = {
		"null", "false", "0", "0.0", "-0", "\"\"", NULL};
	static const char *const truthy[] = {
		"true", "1", "\"0\"", "[]", "{}", "\" \"", NULL};

	(void)state;
	for (int i = 0; falsy[i] != NULL; i++)
		assert_true(props_value_falsy(slice_str(falsy[i])));
	for (int i = 0; truthy[i] != NULL; i++)
		assert_false(props_value_falsy(slice_str(truthy[i])));
	assert_true(props_value_falsy(SLICE_NONE));
}

static void
javascript_text(void **state)
{
	static const char *const rows[][2] = {
		{"null", "null"},
		{"true", "true"},
		{"5", "5"},
		{"5.0", "5"},
		{"1e21", "1e+21"},
		{"0.1", "0.1"},
		{"\"a\\\"b\"", "a\"b"},
		{"{\"a\":1}", "[object Object]"},
		{"[]", ""},
		{"[1,[2,null],\"x\",{}]", "1,2,,x,[object Object]"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct slice s =
			props_value_js_text(slice_str(rows[i][0]), &m.arena);

		assert_non_null(s.p);
		assert_true(slice_eq_str(s, rows[i][1]));
	}
}

/* event-4 */
static void
without_memory_nothing_is_half_done(void **state)
{
	struct arena small;
	struct props p;

	(void)state;
	arena_init(&small, 16 << 10);
	props_init(&p, &small);
	for (int i = 0; i < 2000 && !p.failed; i++) {
		char key[16];
		int n = snprintf(key, sizeof(key), "%d", i);

		props_set(&p,
			arena_dup_slice(&m.arena, slice_of(key, (size_t)n)),
			SLICE_LIT("1"));
	}
	assert_true(p.failed);
	props_set(&p, SLICE_LIT("late"), SLICE_LIT("1"));
	assert_null(props_get(&p, SLICE_LIT("late")));
	arena_fini(&small);
}

int
test_props(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(keeps_order_and_replaces_in_place),
		T(many_keys_are_found_again),
		T(values_become_compact_and_mended),
		T(text_goes_round),
		T(a_copy_is_a_map_of_its_own),
		T(equality_is_by_value),
		T(falsy_is_as_in_javascript),
		T(javascript_text),
		T(without_memory_nothing_is_half_done),
	};
#undef T

	return cmocka_run_group_tests_name("props", tests, NULL, NULL);
}
