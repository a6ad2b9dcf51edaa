#include <string.h>

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

#define EVENT(name, props)                                                     \
	"{\"distinct_id\":\"a\",\"event\":\"" name "\",\"properties\":{" props \
	"}}"

static void
properties_as_stored(void **state)
{
	static const char *const rows[][2] = {
		/* 3.4 */
		{EVENT("e", "\"$browser\":\"F\",\"$lib\":\"web\""),
			"{\"$browser\":\"F\",\"$lib\":\"web\","
			"\"$set\":{\"$browser\":\"F\"},"
			"\"$set_once\":{\"$initial_browser\":\"F\"}}"},
		{EVENT("e", "\"$os\":\"L\",\"$set\":{\"$os\":\"T\"}"),
			"{\"$os\":\"L\",\"$set\":{\"$os\":\"T\"},"
			"\"$set_once\":{\"$initial_os\":\"L\"}}"},
		{EVENT("e", "\"$referrer\":null"),
			"{\"$referrer\":null,\"$set\":{\"$referrer\":null},"
			"\"$set_once\":{\"$initial_referrer\":null}}"},
		{EVENT("e", "\"$os_name\":\"iOS\""),
			"{\"$os_name\":\"iOS\",\"$os\":\"iOS\","
			"\"$set\":{\"$os\":\"iOS\"},"
			"\"$set_once\":{\"$initial_os\":\"iOS\"}}"},
		{EVENT("e", "\"$os\":\"A\",\"$os_name\":\"L\""),
			"{\"$os\":\"A\",\"$os_name\":\"L\","
			"\"$set\":{\"$os\":\"A\"},"
			"\"$set_once\":{\"$initial_os\":\"A\"}}"},
		{EVENT("e", "\"$lib\":\"posthog-python\",\"$os\":\"L\","
			    "\"$app_version\":\"9\""),
			"{\"$lib\":\"posthog-python\",\"$os\":\"L\","
			"\"$app_version\":\"9\",\"$set\":{\"$app_version\":"
			"\"9\"},\"$set_once\":{\"$initial_app_version\":"
			"\"9\"}}"},
		{EVENT("$snapshot", "\"$browser\":\"F\""),
			"{\"$browser\":\"F\"}"},
		{EVENT("e", "\"$ip\":\"1.1.1.1\",\"$device\":\"d\""),
			"{\"$ip\":\"1.1.1.1\",\"$device\":\"d\"}"},
		/* 3.7 */
		{EVENT("e", "\"ph_product_tours\":1,\"$elements\":[],"
			    "\"$feature_flag_payloads\":{},\"keep\":1"),
			"{\"keep\":1}"},
		{EVENT("e", "\"$process_person_profile\":true,\"$set\":{}"),
			"{\"$set\":{}}"},
		{EVENT("e", "\"$process_person_profile\":false,\"$group_0\":1,"
			    "\"$groups\":{\"a\":1},\"$set\":{\"x\":1},"
			    "\"$set_once\":{\"y\":1},\"$unset\":[\"z\"],"
			    "\"$browser\":\"F\""),
			"{\"$process_person_profile\":false,"
			"\"$groups\":{\"a\":1},\"$browser\":\"F\"}"},
		{EVENT("$groupidentify", "\"$group_type\":\"o\","
					 "\"$set\":{\"x\":1},\"$browser\":1"),
			"{\"$group_type\":\"o\",\"$browser\":1}"},
	};
	enum event_next next;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct event *ev = make_event(&m, rows[i][0], &next);

		assert_int_equal(next, EVENT_GO);
		assert_string_equal(make_properties(&m, ev), rows[i][1]);
	}
}

static void
elements_become_the_chain(void **state)
{
	static const char *const rows[][2] = {
		{EVENT("e", "\"$elements_chain\":\"b:text=\\\"x\\\"\","
			    "\"$elements\":[{\"tag_name\":\"i\"}]"),
			"b:text=\"x\""},
		{EVENT("e", "\"$elements_chain\":\"\","
			    "\"$elements\":[{\"tag_name\":\"i\"}]"),
			"i:nth-child=\"0\"nth-of-type=\"0\""},
		{EVENT("e", "\"$elements\":5"), ""},
		/* 3.2: in a ready chain a lone surrogate keeps its escape. */
		{EVENT("e", "\"$elements_chain\":\"a\\ud83d:\""),
			"a\\ud83d\\:"},
		{EVENT("e", "\"$elements_chain\":\"a\\ud83d\\ude00\""),
			"a\xf0\x9f\x98\x80"},
		{EVENT("e", ""), ""},
	};
	enum event_next next;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct event *ev = make_event(&m, rows[i][0], &next);

		assert_true(slice_eq_str(ev->elements_chain, rows[i][1]));
		assert_string_equal(make_properties(&m, ev), "{}");
	}
}

/* Spec 5.3: which events merge, and the text of the other id. */
static void
who_is_named(void **state)
{
	static const struct {
		const char *json, *other;
	} rows[] = {
		{EVENT("$identify", "\"$anon_distinct_id\":\"b\""), "b"},
		{EVENT("$identify", "\"$anon_distinct_id\":null"), "null"},
		{EVENT("$identify", "\"$anon_distinct_id\":5"), "5"},
		{EVENT("$identify", "\"$anon_distinct_id\":{\"x\":1}"),
			"[object Object]"},
		{EVENT("$identify", "\"$anon_distinct_id\":[1,2]"), "1,2"},
		{EVENT("$identify", "\"alias\":\"b\""), NULL},
		{EVENT("$create_alias", "\"alias\":\"b\""), "b"},
		{EVENT("$create_alias", "\"alias\":\"\""), NULL},
		{EVENT("$create_alias", "\"alias\":null"), NULL},
		{EVENT("$merge_dangerously", "\"alias\":true"), "true"},
		{EVENT("e", "\"alias\":\"b\",\"$anon_distinct_id\":\"b\""),
			NULL},
	};
	enum event_next next;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct event *ev = make_event(&m, rows[i].json, &next);

		assert_int_equal(ev->has_merge, rows[i].other != NULL);
		if (ev->has_merge)
			assert_true(
				slice_eq_str(ev->merge_other, rows[i].other));
	}
}

static void
which_group(void **state)
{
	static const struct {
		const char *json, *type, *key;
	} rows[] = {
		{EVENT("$groupidentify",
			 "\"$group_type\":\"org\",\"$group_key\":5"),
			"org", "5"},
		{EVENT("$groupidentify", "\"$group_type\":\"org\""), NULL,
			NULL},
		{EVENT("$groupidentify",
			 "\"$group_type\":\"\",\"$group_key\":5"),
			NULL, NULL},
		{EVENT("$groupidentify",
			 "\"$group_type\":\"org\",\"$group_key\":0"),
			NULL, NULL},
		{EVENT("e", "\"$group_type\":\"org\",\"$group_key\":5"), NULL,
			NULL},
	};
	enum event_next next;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct event *ev = make_event(&m, rows[i].json, &next);

		assert_int_equal(ev->has_group, rows[i].type != NULL);
		if (!ev->has_group)
			continue;
		assert_true(slice_eq_str(ev->group_type, rows[i].type));
		assert_true(slice_eq_str(ev->group_key, rows[i].key));
	}
}

static void
names_are_cut_between_characters(void **state)
{
	enum event_next next;
	char json[1024];
	struct event *ev;

	(void)state;
	memset(json, 'n', sizeof(json));
	memcpy(json, "{\"distinct_id\":\"a\",\"event\":\"", 28);
	memcpy(json + 28 + 250, "\"}", 3);
	ev = make_event(&m, json, &next);
	assert_int_equal(ev->name.len, 200);
	/* A pair of units does not fit into the last one. */
	memcpy(json + 28 + 199, "\xf0\x9f\x98\x80", 4);
	ev = make_event(&m, json, &next);
	assert_int_equal(ev->name.len, 199);
}

static void
times_warn(void **state)
{
	static const char *const rows[][2] = {
		{"{\"distinct_id\":\"a\",\"timestamp\":\"x\"}",
			"ignored_invalid_timestamp"},
		{"{\"distinct_id\":\"a\",\"timestamp\":true}",
			"ignored_invalid_timestamp"},
		{"{\"distinct_id\":\"a\",\"sent_at\":\"x\"}",
			"ignored_invalid_timestamp"},
		{"{\"distinct_id\":\"a\","
		 "\"timestamp\":\"2027-01-01T00:00:00Z\"}",
			"event_timestamp_in_future"},
		{"{\"distinct_id\":\"a\",\"timestamp\":\"2025-01-01\"}", ""},
		{"{\"distinct_id\":\"a\",\"event\":\"$$heatmap\","
		 "\"timestamp\":\"x\",\"properties\":{"
		 "\"$viewport_height\":8,\"$viewport_width\":8,"
		 "\"$heatmap_data\":{\"u\":[{\"x\":1,\"y\":1,"
		 "\"target_fixed\":true,\"type\":\"c\"}]}}}",
			"ignored_invalid_timestamp"},
	};
	enum event_next next;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct event *ev = make_event(&m, rows[i][0], &next);

		assert_int_equal(next, EVENT_GO);
		assert_string_equal(make_warnings(&m, ev), rows[i][1]);
	}
}

/* The header of capture's force list: no drop, and only false is stored. */
static void
forced_personless_events_store_no_true(void **state)
{
	static const char *const rows[][2] = {
		{EVENT("$identify", "\"$process_person_profile\":true,"
				    "\"$anon_distinct_id\":\"b\""),
			"{\"$anon_distinct_id\":\"b\"}"},
		{EVENT("$identify", "\"$process_person_profile\":false,"
				    "\"$set\":{\"x\":1}"),
			"{\"$process_person_profile\":false}"},
		{EVENT("e", "\"$process_person_profile\":5"), "{}"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct event *ev = make_read(&m, rows[i][0]);

		ev->force_personless = true;
		assert_int_equal(event_check(ev, &m.work), EVENT_GO);
		assert_int_equal(event_normalise(ev, &m.work), EVENT_GO);
		assert_true(ev->is_personless);
		assert_false(ev->has_merge);
		assert_string_equal(make_properties(&m, ev), rows[i][1]);
	}
}

int
test_normalise(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(properties_as_stored),
		T(elements_become_the_chain),
		T(who_is_named),
		T(which_group),
		T(names_are_cut_between_characters),
		T(times_warn),
		T(forced_personless_events_store_no_true),
	};
#undef T

	return cmocka_run_group_tests_name("normalise", tests, NULL, NULL);
}
