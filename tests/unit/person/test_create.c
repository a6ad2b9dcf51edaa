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

/* Spec 5.1. */
static void
uuids_are_those_of_posthog(void **state)
{
	static const struct {
		int64_t team_id;
		const char *id, *uuid;
	} rows[] = {
		{1, "user-1", "6931a681-6e90-500d-8294-14582dcc2e3f"},
		{1, "anon-1", "cfa956a0-5af4-51c6-9ef5-cb3c80e09b69"},
		{2, "user-1", "1e7731c8-945c-520d-96b9-e7f088242010"},
		{42, "zo\xc3\xab@example.com",
			"a7f2589d-8d7a-5bea-b7e8-c9ed07e056e6"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char text[UUID_TEXT];
		struct uuid u;

		person_uuid(rows[i].team_id, slice_str(rows[i].id), &u);
		uuid_format(&u, text);
		assert_memory_equal(text, rows[i].uuid, UUID_TEXT);
	}
}

/* Spec 5.2. */
static void
an_event_creates_its_person(void **state)
{
	static const struct {
		const char *json, *person, *view;
	} rows[] = {
		{EVENT("e", "a", ""), "U:a ids=a id=0 v=0 {}\n", "U:a full {}"},
		{EVENT("e", "a", "\"$set\":{\"k\":1},\"$set_once\":{\"o\":2}"),
			"U:a ids=a id=0 v=0 {\"o\":2,\"k\":1}\n",
			"U:a full {\"o\":2,\"k\":1}"},
		{EVENT("e", "a",
			 "\"$set\":{\"k\":\"set\"},\"$set_once\":"
			 "{\"k\":\"once\"}"),
			"U:a ids=a id=0 v=0 {\"k\":\"set\"}\n",
			"U:a full {\"k\":\"set\"}"},
		{EVENT("e", "a", "\"$set\":{\"x\":1},\"$unset\":[\"x\"]"),
			"U:a ids=a id=0 v=0 {\"x\":1}\n", "U:a full {\"x\":1}"},
		{EVENT("$exception", "a", "\"$set\":{\"x\":1}"),
			"U:a ids=a id=0 v=0 {\"x\":1}\n", "U:a full {\"x\":1}"},
		{EVENT("$groupidentify", "a", "\"$set\":{\"x\":1}"),
			"U:a ids=a id=0 v=0 {}\n", "U:a full {}"},
		{EVENT_AT("survey shown", "a", "2025-03-02T08:01:00.000Z", ""),
			"U:a ids=a id=0 v=0 {\"$survey_last_seen_date\":"
			"\"2025-03-02T08:01:00.000Z\"}\n",
			"U:a full {\"$survey_last_seen_date\":"
			"\"2025-03-02T08:01:00.000Z\"}"},
		{EVENT_AT("survey shown", "a", "2025-03-02T08:01:00.000Z",
			 "\"$set\":{\"$survey_last_seen_date\":1}"),
			"U:a ids=a id=0 v=0 {\"$survey_last_seen_date\":1}\n",
			"U:a full {\"$survey_last_seen_date\":1}"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		scene_fini(&x);
		scene_init(&x);
		scene_play(&x, rows[i].json);
		assert_string_equal(scene_persons(&x), rows[i].person);
		assert_string_equal(scene_view(&x), rows[i].view);
		assert_string_equal(scene_ids(&x), "a=0,");
		assert_int_equal(x.db.n_person_messages, 1);
	}
}

static void
creation_takes_the_events_time_and_uuid(void **state)
{
	(void)state;
	scene_play(&x, EVENT_AT("e", "a", "2024-11-05T06:07:08.900Z",
			       "\"$set\":{\"$creator_event_uuid\":\"zzz\"}"));
	assert_int_equal(
		x.db.persons->created_at_us, INT64_C(1730786828900000));
	assert_true(slice_eq_str(x.db.persons->text,
		"{\"$creator_event_uuid\":\"" MAKE_UUID "\"}"));
}

static void
ids_of_other_projects_are_others(void **state)
{
	(void)state;
	scene_play(&x, EVENT("e", "a", ""));
	x.make.rules.team_id = x.make.rules.project_id = 2;
	scene_play(&x, EVENT("e", "a", ""));
	assert_int_equal(x.db.persons->team_id, 2);
	assert_int_equal(x.db.persons->next->team_id, 1);
	assert_memory_not_equal(&x.db.persons->uuid, &x.db.persons->next->uuid,
		sizeof(struct uuid));
}

/* Spec 5.13; person-4, person-5. */
static void
a_deleted_person_comes_back_above_its_tombstone(void **state)
{
	(void)state;
	scene_play(&x, EVENT("e", "a", "\"$set\":{\"k\":1}"));
	scene_play(&x, EVENT("e", "a", "\"$set\":{\"k\":2}"));
	scene_delete(&x, "a");
	assert_string_equal(scene_persons(&x), "");
	assert_string_equal(scene_ids(&x), "a=100!,");
	assert_string_equal(scene_deleted(&x), "U:a=101,");
	assert_true(slice_eq_str(x.db.persons->message_text, "{}"));
	scene_play(&x, EVENT("e", "a", ""));
	assert_string_equal(scene_persons(&x), "U:a ids=a id=0 v=102 {}\n");
	assert_string_equal(scene_ids(&x), "a=101,");
	assert_string_equal(scene_deleted(&x), "");
	assert_false(x.db.went_back);
}

static void
all_ids_of_a_deleted_person_are_deleted(void **state)
{
	struct person_set s;
	struct err e;

	(void)state;
	scene_play(&x, ALIAS("a", "b"));
	scene_delete(&x, "b");
	assert_string_equal(scene_ids(&x), "a=100!,b=100!,");
	scene_play(&x, EVENT("e", "b", ""));
	assert_string_equal(scene_persons(&x), "U:b ids=b id=0 v=0 {}\n");
	assert_string_equal(scene_ids(&x), "a=100!,b=101,");
	assert_int_equal(
		person_set_init(&s, &x.make.arena, &x.make.scratch, &e), 0);
	assert_int_equal(
		person_delete(&s, 1, SLICE_LIT("b"), &e), -ERR_NOT_FOUND);
}

int
test_create(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(uuids_are_those_of_posthog),
		T(an_event_creates_its_person),
		T(creation_takes_the_events_time_and_uuid),
		T(ids_of_other_projects_are_others),
		T(a_deleted_person_comes_back_above_its_tombstone),
		T(all_ids_of_a_deleted_person_are_deleted),
	};
#undef T

	return cmocka_run_group_tests_name("create", tests, NULL, NULL);
}
