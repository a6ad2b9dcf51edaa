#include <string.h>

#include "scene.h"
#include "tests.h"

static struct scene x;

static int
set_up(void **state)
{
	(void)state;
	scene_init(&x);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	scene_fini(&x);
	return 0;
}

#define GROUP(type, key, more)                                                 \
	EVENT("$groupidentify", "a",                                           \
		"\"$group_type\":" type ",\"$group_key\":" key more)
#define SET(set) ",\"$group_set\":" set

struct row {
	const char *const events[4];
	const char *types, *groups, *warnings;
};

/* Spec 6.1 and 6.2. */
static const struct row rows[] = {
	{{EVENT("e", "a", "\"$groups\":{\"org\":\"o\",\"team\":5}")},
		"org,team,", "", ""},
	{{EVENT("e", "a", "\"$groups\":[\"org\"]")}, "", "", ""},
	{{GROUP("\"org\"", "\"k\"", "")}, "org,", "org/k v=1 {};", ""},
	{{GROUP("\"org\"", "\"k\"", SET("{\"n\":1}"))}, "org,",
		"org/k v=1 {\"n\":1};", ""},
	{{GROUP("\"org\"", "5", SET("null"))}, "org,", "org/5 v=1 {};", ""},
	{{GROUP("\"org\"", "\"\"", "")}, "", "", ""},
	{{GROUP("null", "\"k\"", "")}, "", "", ""},
	{{GROUP("\"org\"", "\"k\"", SET("{\"n\":1}")),
		 GROUP("\"org\"", "\"k\"", SET("{\"n\":1.0}"))},
		"org,", "org/k v=1 {\"n\":1};", ""},
	{{GROUP("\"org\"", "\"k\"", SET("{\"n\":1}")),
		 GROUP("\"org\"", "\"k\"", SET("{\"n\":\"1\",\"m\":null}"))},
		"org,", "org/k v=2 {\"n\":\"1\",\"m\":null};", ""},
	{{GROUP("\"org\"", "\"k\"", ""), GROUP("\"org\"", "\"k\"", "")}, "org,",
		"org/k v=1 {};", ""},
	{{GROUP("\"org\"", "\"k\"", SET("{\"a\":1}")),
		 GROUP("\"site\"", "\"k\"", SET("{\"b\":2}"))},
		"org,site,", "site/k v=1 {\"b\":2};org/k v=1 {\"a\":1};", ""},
	{{GROUP("\"org\"", "\"k\"", SET("\"name\""))}, "org,", "",
		"invalid_group_set"},
	{{GROUP("\"org\"", "\"k\"", SET("[1]"))}, "org,", "",
		"invalid_group_set"},
	{{GROUP("\"Org\"", "\"k\"", ""), GROUP("\"org\"", "\"k\"", "")},
		"Org,org,", "org/k v=1 {};Org/k v=1 {};", ""},
};

static void
groups_and_their_types(void **state)
{
	(void)state;
	for (int one_batch = 0; one_batch < 2; one_batch++) {
		for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
			size_t n = 0;

			scene_fini(&x);
			scene_init(&x);
			while (rows[i].events[n] != NULL)
				n++;
			if (one_batch)
				scene_batch(&x, rows[i].events, n);
			for (size_t k = 0; k < n && !one_batch; k++)
				scene_play(&x, rows[i].events[k]);
			assert_string_equal(scene_types(&x), rows[i].types);
			assert_string_equal(
				make_warnings(&x.make, x.last_event),
				rows[i].warnings);
			/* The list begins with the newest. */
			assert_string_equal(scene_groups(&x), rows[i].groups);
			assert_false(x.db.went_back);
		}
	}
}

static void
columns_hold_the_value_unchanged(void **state)
{
	const char *text;

	(void)state;
	scene_play(&x, EVENT("e", "a",
			       "\"$groups\":{\"org\":\"acme\",\"n\":5.0},"
			       "\"$group_0\":\"old\",\"$group_4\":\"kept\""));
	text = make_properties(&x.make, x.last_event);
	assert_non_null(strstr(text, "\"$group_0\":\"acme\""));
	assert_non_null(strstr(text, "\"$group_1\":5.0"));
	assert_non_null(strstr(text, "\"$group_4\":\"kept\""));
	assert_non_null(strstr(text, "\"$groups\":{\"org\":\"acme\""));
	/* A group event has columns only from its own $groups. */
	scene_play(&x, GROUP("\"org\"", "\"k\"", ""));
	text = make_properties(&x.make, x.last_event);
	assert_null(strstr(text, "$group_0"));
}

static void
the_sixth_type_is_ignored(void **state)
{
	(void)state;
	scene_play(&x, EVENT("e", "a",
			       "\"$groups\":{\"a\":1,\"b\":1,\"c\":1,\"d\":1,"
			       "\"e\":1,\"f\":1}"));
	assert_string_equal(scene_types(&x), "a,b,c,d,e,");
	assert_string_equal(make_warnings(&x.make, x.last_event),
		"group_type_limit_reached");
	assert_true(slice_eq_str(x.last_event->warnings.first->key, "f"));
	scene_play(&x, GROUP("\"f\"", "\"k\"", ""));
	assert_string_equal(scene_groups(&x), "");
	assert_string_equal(make_warnings(&x.make, x.last_event),
		"group_type_limit_reached");
	scene_play(&x, GROUP("\"e\"", "\"k\"", ""));
	assert_string_equal(scene_groups(&x), "e/k v=1 {};");
	assert_int_equal(x.db.groups->type_index, 4);
}

static void
personless_events_touch_no_groups(void **state)
{
	(void)state;
	scene_play(
		&x, EVENT("e", "a",
			    "\"$process_person_profile\":false,"
			    "\"$groups\":{\"org\":\"o\"},\"$group_0\":\"o\""));
	assert_string_equal(scene_types(&x), "");
	assert_string_equal(make_properties(&x.make, x.last_event),
		"{\"$process_person_profile\":false,"
		"\"$groups\":{\"org\":\"o\"}}");
}

static void
the_earlier_time_is_the_creation(void **state)
{
#define AT(at, set)                                                            \
	EVENT_AT("$groupidentify", "a", at,                                    \
		"\"$group_type\":\"org\",\"$group_key\":\"k\","                \
		"\"$group_set\":{\"n\":" set "}")
	(void)state;
	/* Ahead of the clock, but under 23 hours: the clock counts. */
	scene_play(&x, AT("2026-01-01T10:00:00Z", "1"));
	assert_int_equal(x.db.groups->created_at_us, MAKE_NOW_US);
	scene_play(&x, AT("2025-06-01T00:00:00Z", "2"));
	assert_int_equal(x.db.groups->created_at_us, INT64_C(1748736000000000));
	scene_play(&x, AT("2025-07-01T00:00:00Z", "3"));
	assert_int_equal(x.db.groups->created_at_us, INT64_C(1748736000000000));
	/* Nothing changed: nothing is written. */
	scene_play(&x, AT("2025-01-01T00:00:00Z", "3"));
	assert_int_equal(x.db.groups->created_at_us, INT64_C(1748736000000000));
	assert_int_equal(x.db.groups->version, 3);
}

static void
has(size_t event, const char *part)
{
	const char *text = make_properties(&x.make, x.events[event]);

	if (strstr(text, part) == NULL)
		fail_msg("%s is not in %s", part, text);
}

/* person-6: in one batch and over batches. */
static void
teams_of_a_project_share_types(void **state)
{
	static const int64_t team_ids[] = {1, 2, 1, 2, 2};
	static const char *const first[] = {
		EVENT("e", "a", "\"$groups\":{\"org\":\"o1\"}"),
		EVENT("e", "a", "\"$groups\":{\"site\":\"s2\",\"org\":\"o2\"}"),
		EVENT("e", "b",
			"\"$groups\":{\"team\":\"t1\",\"site\":\"s1\"}"),
		GROUP("\"team\"", "\"k\"", SET("{\"n\":2}")),
		GROUP("\"shop\"", "\"k\"", "")};
	static const char *const second[] = {
		EVENT("e", "a", "\"$groups\":{\"shop\":\"s1\",\"new\":\"n1\"}"),
		EVENT("e", "a", "\"$groups\":{\"new\":\"n2\",\"sixth\":\"x\"}"),
		GROUP("\"team\"", "\"k\"", SET("{\"n\":1}"))};

	(void)state;
	x.team_ids = team_ids;
	scene_batch(&x, first, ARRAY_LEN(first));
	assert_string_equal(scene_types(&x), "org,site,team,shop,");
	has(0, "\"$group_0\":\"o1\"");
	has(1, "\"$group_0\":\"o2\"");
	has(1, "\"$group_1\":\"s2\"");
	has(2, "\"$group_1\":\"s1\"");
	has(2, "\"$group_2\":\"t1\"");
	for (const struct memory_type *m = x.db.types; m != NULL; m = m->next) {
		assert_int_equal(m->project_id, 1);
		assert_int_equal(
			m->team_id, m->index == 0 || m->index == 2 ? 1 : 2);
	}
	scene_batch(&x, second, ARRAY_LEN(second));
	assert_string_equal(scene_types(&x), "org,site,team,shop,new,");
	has(0, "\"$group_3\":\"s1\"");
	has(0, "\"$group_4\":\"n1\"");
	has(1, "\"$group_4\":\"n2\"");
	assert_string_equal(make_warnings(&x.make, x.events[1]),
		"group_type_limit_reached");
	/* The groups themselves are each team's own. */
	assert_string_equal(scene_groups(&x),
		"team/k v=1 {\"n\":1};shop/k v=1 {};team/k v=1 {\"n\":2};");
	assert_int_equal(x.db.groups->team_id, 1);
	assert_int_equal(x.db.groups->type_index, 2);
	assert_int_equal(x.db.groups->next->team_id, 2);
	assert_int_equal(x.db.groups->next->type_index, 3);
	assert_int_equal(x.db.groups->next->next->team_id, 2);
	assert_int_equal(x.db.groups->next->next->type_index, 2);
}

int
test_group(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(groups_and_their_types),
		T(columns_hold_the_value_unchanged),
		T(the_sixth_type_is_ignored),
		T(personless_events_touch_no_groups),
		T(the_earlier_time_is_the_creation),
		T(teams_of_a_project_share_types),
	};
#undef T

	return cmocka_run_group_tests_name("group", tests, NULL, NULL);
}
