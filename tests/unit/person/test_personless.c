#include <stdio.h>

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

/* Spec 5.9, 3. */
static void
nobodys_id_gets_a_made_up_person(void **state)
{
	(void)state;
	scene_play(&x, PERSONLESS("a"));
	assert_string_equal(scene_view(&x), "made-up propertyless {}");
	assert_int_equal(x.last.created_at_us, 5000000);
	assert_string_equal(scene_persons(&x), "");
	assert_string_equal(scene_personless(&x), "a=false,");
	assert_int_equal(x.db.n_person_messages, 0);
	/* A full event makes the person of the same uuid; nothing else. */
	scene_play(&x, EVENT("e", "a", ""));
	assert_string_equal(scene_persons(&x), "U:a ids=a id=0 v=0 {}\n");
	assert_string_equal(scene_ids(&x), "a=0,");
	assert_string_equal(scene_personless(&x), "a=false,");
}

/* Spec 5.9, 1. */
static void
a_known_person_is_seen_but_not_its_properties(void **state)
{
	static const struct {
		const char *at, *view;
	} rows[] = {
		{"2025-03-02T07:00:00.000Z", "U:a propertyless {}"},
		{"2025-03-02T08:01:00.000Z", "U:a propertyless {}"},
		{"2025-03-02T08:01:00.001Z", "U:a force_upgrade {}"},
	};

	(void)state;
	scene_play(&x, EVENT_AT("e", "a", "2025-03-02T08:00:00.000Z",
			       "\"$set\":{\"k\":1}"));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char json[512];

		snprintf(json, sizeof(json),
			EVENT_AT("e", "a", "%s",
				"\"$set\":{\"k\":2},"
				"\"$process_person_profile\":false"),
			rows[i].at);
		scene_play(&x, json);
		assert_string_equal(scene_view(&x), rows[i].view);
		assert_int_equal(
			x.last.created_at_us, INT64_C(1740902400000000));
	}
	assert_string_equal(
		scene_persons(&x), "U:a ids=a id=0 v=0 {\"k\":1}\n");
	assert_string_equal(scene_personless(&x), "");
	x.make.rules.person_opt_out = true;
	scene_play(&x, EVENT_AT("e", "a", "2025-03-03T00:00:00Z", ""));
	assert_string_equal(scene_view(&x), "U:a propertyless {}");
}

/* The table at the end of 5.9. */
static void
merges_of_ids_used_personless(void **state)
{
	static const struct {
		bool p1, p2;
		const char *persons, *ids;
	} rows[] = {
		{false, false, "U:i ids=i,o id=1 v=0 {}\n", "i=0,o=0,"},
		{false, true, "U:o ids=i,o id=1 v=0 {}\n", "i=0,o=0,"},
		{true, false, "U:i ids=i,o id=1 v=0 {}\n", "i=0,o=0,"},
		{true, true, "U:i ids=i,o id=1 v=0 {}\n", "i=0,o=1,"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		scene_fini(&x);
		scene_init(&x);
		if (rows[i].p1)
			scene_play(&x, PERSONLESS("i"));
		if (rows[i].p2)
			scene_play(&x, PERSONLESS("o"));
		scene_play(&x, IDENTIFY("i", "o"));
		assert_string_equal(scene_persons(&x), rows[i].persons);
		assert_string_equal(scene_ids(&x), rows[i].ids);
		for (struct memory_personless *m = x.db.personless; m != NULL;
			m = m->next)
			assert_true(m->is_merged);
	}
}

static void
an_id_used_personless_joins_with_version_1(void **state)
{
	(void)state;
	scene_play(&x, EVENT("e", "i", ""));
	scene_play(&x, PERSONLESS("o"));
	scene_play(&x, IDENTIFY("i", "o"));
	assert_string_equal(scene_ids(&x), "i=0,o=1,");
	assert_string_equal(scene_personless(&x), "o=true,");
	scene_play(&x, PERSONLESS("p"));
	scene_play(&x, ALIAS("p", "i"));
	assert_string_equal(scene_ids(&x), "i=0,o=1,p=1,");
}

/* An id that a merge attached in the same batch has its person at once. */
static void
a_merge_in_the_batch_is_seen(void **state)
{
	static const char *const events[] = {
		PERSONLESS("o"), IDENTIFY("i", "o"), PERSONLESS("o")};

	(void)state;
	scene_batch(&x, events, ARRAY_LEN(events));
	assert_string_equal(scene_view(&x), "U:o propertyless {}");
	assert_string_equal(scene_persons(&x), "U:o ids=i,o id=1 v=0 {}\n");
}

static void
a_forced_event_looks_nothing_up(void **state)
{
	struct make *m = &x.make;
	struct event *ev;
	struct person_set s;
	struct err e;

	(void)state;
	scene_play(&x, EVENT("e", "a", ""));
	ev = make_read(m, EVENT("e", "a", "\"$set\":{\"k\":1}"));
	ev->force_personless = true;
	assert_int_equal(event_check(ev, &m->work), EVENT_GO);
	assert_int_equal(event_normalise(ev, &m->work), EVENT_GO);
	assert_int_equal(person_set_init(&s, &m->arena, &m->scratch, &e), 0);
	assert_int_equal(person_want(&s, ev, &e), 0);
	assert_int_equal(s.n_ids, 0);
	assert_int_equal(person_apply(&s, ev, &m->work, &x.last, &e), 0);
	x.last_event = ev;
	assert_string_equal(scene_view(&x), "made-up propertyless {}");
	assert_null(s.personless_changed);
}

/* Spec 1.6, a project's choice. */
static void
flag_calls_make_no_person_where_asked(void **state)
{
	static const struct {
		const char *props, *view;
	} rows[] = {
		{"", "made-up propertyless {}"},
		{"\"$process_person_profile\":true", "U:a full {}"},
		{"\"$groups\":{\"org\":1}", "U:a full {}"},
	};
	char json[256];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		scene_fini(&x);
		scene_init(&x);
		x.make.rules.flag_called_personless = true;
		snprintf(json, sizeof(json),
			EVENT("$feature_flag_called", "a", "%s"),
			rows[i].props);
		scene_play(&x, json);
		assert_string_equal(scene_view(&x), rows[i].view);
	}
	scene_fini(&x);
	scene_init(&x);
	scene_play(&x, EVENT("$feature_flag_called", "a", ""));
	assert_string_equal(scene_view(&x), "U:a full {}");
	x.make.rules.flag_called_personless = true;
	scene_play(&x, EVENT("$feature_flag_called", "a", ""));
	assert_string_equal(scene_view(&x), "U:a full {}");
}

int
test_personless(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(nobodys_id_gets_a_made_up_person),
		T(a_known_person_is_seen_but_not_its_properties),
		T(merges_of_ids_used_personless),
		T(an_id_used_personless_joins_with_version_1),
		T(a_merge_in_the_batch_is_seen),
		T(a_forced_event_looks_nothing_up),
		T(flag_calls_make_no_person_where_asked),
	};
#undef T

	return cmocka_run_group_tests_name("personless", tests, NULL, NULL);
}
