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

struct row {
	const char *first, *then; /* members of properties */
	const char *name; /* of the second event; NULL: e */
	const char *person; /* after "U:a ids=a id=0 " */
	const char *view; /* after "U:a full " */
};

/* Spec 5.6, 5.7. v=0: nothing was written. */
static const struct row rows[] = {
	/* $set_once only for what is not there; null is there. */
	{"\"$set_once\":{\"f\":1}", "\"$set_once\":{\"f\":2,\"s\":3}", NULL,
		"v=1 {\"f\":1,\"s\":3}", "{\"f\":1,\"s\":3}"},
	{"\"$set\":{\"n\":null}", "\"$set_once\":{\"n\":5}", NULL,
		"v=0 {\"n\":null}", "{\"n\":null}"},
	/* $set replaces whole, keeps others, stores null. */
	{"\"$set\":{\"a\":1,\"b\":2}", "\"$set\":{\"b\":3,\"c\":4}", NULL,
		"v=1 {\"a\":1,\"b\":3,\"c\":4}", "{\"a\":1,\"b\":3,\"c\":4}"},
	{"\"$set\":{\"o\":{\"x\":1,\"y\":2}}", "\"$set\":{\"o\":{\"x\":3}}",
		NULL, "v=1 {\"o\":{\"x\":3}}", "{\"o\":{\"x\":3}}"},
	{"\"$set\":{\"p\":1}", "\"$set\":{\"p\":null}", NULL,
		"v=1 {\"p\":null}", "{\"p\":null}"},
	/* Both: $set wins. */
	{"", "\"$set\":{\"k\":1},\"$set_once\":{\"k\":2}", NULL,
		"v=1 {\"k\":1}", "{\"k\":1}"},
	/* $unset: array, object, odd entries, unknown names, other types. */
	{"\"$set\":{\"a\":1,\"b\":2}", "\"$unset\":[\"a\",5,\"z\"]", NULL,
		"v=1 {\"b\":2}", "{\"b\":2}"},
	{"\"$set\":{\"a\":1,\"b\":2}", "\"$unset\":{\"b\":0}", NULL,
		"v=1 {\"a\":1}", "{\"a\":1}"},
	{"\"$set\":{\"a\":1}", "\"$unset\":[\"z\"]", NULL, "v=0 {\"a\":1}",
		"{\"a\":1}"},
	{"\"$set\":{\"a\":1}", "\"$unset\":\"a\"", NULL, "v=0 {\"a\":1}",
		"{\"a\":1}"},
	/* Set and unset: absent on the person, seen on the event. */
	{"\"$set\":{\"a\":1}", "\"$set\":{\"a\":2},\"$unset\":[\"a\"]", NULL,
		"v=1 {}", "{\"a\":2}"},
	{"", "\"$set\":{\"a\":2},\"$unset\":[\"a\"]", NULL, "v=0 {}",
		"{\"a\":2}"},
	/* Equal values are no change, by value. */
	{"\"$set\":{\"a\":1,\"o\":{\"x\":1,\"y\":[2]}}",
		"\"$set\":{\"a\":1.0,\"o\":{\"y\":[2.0],\"x\":1}}", NULL,
		"v=0 {\"a\":1,\"o\":{\"x\":1,\"y\":[2]}}",
		"{\"a\":1.0,\"o\":{\"y\":[2.0],\"x\":1}}"},
	{"\"$set\":{\"n\":7}", "\"$set\":{\"n\":\"7\"}", NULL,
		"v=1 {\"n\":\"7\"}", "{\"n\":\"7\"}"},
	/* List F: suppressed alone, seen on the event. */
	{"\"$set\":{\"$browser\":1}", "\"$set\":{\"$browser\":2}", NULL,
		"v=0 {\"$browser\":1}", "{\"$browser\":2}"},
	{"\"$set\":{\"$geoip_latitude\":1}", "\"$set\":{\"$geoip_latitude\":2}",
		NULL, "v=0 {\"$geoip_latitude\":1}", "{\"$geoip_latitude\":2}"},
	/* ... written when new, with a real change, or by a $set event. */
	{"", "\"$set\":{\"$browser\":2}", NULL, "v=1 {\"$browser\":2}",
		"{\"$browser\":2}"},
	{"\"$set\":{\"$browser\":1}", "\"$set\":{\"$browser\":2,\"v\":1}", NULL,
		"v=1 {\"$browser\":2,\"v\":1}", "{\"$browser\":2,\"v\":1}"},
	{"\"$set\":{\"$browser\":1,\"u\":1}",
		"\"$set\":{\"$browser\":2},\"$unset\":[\"u\"]", NULL,
		"v=1 {\"$browser\":2}", "{\"$browser\":2}"},
	{"\"$set\":{\"$browser\":1}", "\"$set\":{\"$browser\":2}", "$set",
		"v=1 {\"$browser\":2}", "{\"$browser\":2}"},
	/* Not in F. */
	{"\"$set\":{\"utm_source\":1}", "\"$set\":{\"utm_source\":2}", NULL,
		"v=1 {\"utm_source\":2}", "{\"utm_source\":2}"},
	{"\"$set\":{\"$geoip_city_name\":1}",
		"\"$set\":{\"$geoip_city_name\":2}", NULL,
		"v=1 {\"$geoip_city_name\":2}", "{\"$geoip_city_name\":2}"},
	{"\"$set\":{\"$app_version\":1}", "\"$set\":{\"$app_version\":2}", NULL,
		"v=1 {\"$app_version\":2}", "{\"$app_version\":2}"},
	/* $exception changes nothing, but sees its $set. */
	{"\"$set\":{\"a\":1}", "\"$set\":{\"a\":2},\"$set_once\":{\"b\":1}",
		"$exception", "v=0 {\"a\":1}", "{\"a\":2}"},
	/* An event of no interest. */
	{"\"$set\":{\"a\":1}", "", NULL, "v=0 {\"a\":1}", "{\"a\":1}"},
	/* Identify without the other id, alias without alias: plain. */
	{"\"$set\":{\"$browser\":1}", "\"$set\":{\"$browser\":2}", "$identify",
		"v=1 {\"$browser\":2}", "{\"$browser\":2}"},
	{"", "\"alias\":\"\",\"$set\":{\"a\":1}", "$create_alias",
		"v=1 {\"a\":1}", "{\"a\":1}"},
	{"", "", "$merge_dangerously", "v=0 {}", "{}"},
	/* A group event sets nothing on the person. */
	{"", "\"$set\":{\"a\":1}", "$groupidentify", "v=0 {}", "{}"},
};

static void
play_row(const struct row *r, bool in_one_batch)
{
	char first[512], then[512], person[512], view[512];
	const char *both[2] = {first, then};

	snprintf(first, sizeof(first),
		"{\"event\":\"e\",\"distinct_id\":\"a\",\"properties\":{%s}}",
		r->first);
	snprintf(then, sizeof(then),
		"{\"event\":\"%s\",\"distinct_id\":\"a\",\"properties\":{%s}}",
		r->name == NULL ? "e" : r->name, r->then);
	snprintf(person, sizeof(person), "U:a ids=a id=0 %s\n", r->person);
	snprintf(view, sizeof(view), "U:a full %s", r->view);
	scene_fini(&x);
	scene_init(&x);
	if (in_one_batch) {
		scene_batch(&x, both, 2);
	} else {
		scene_play(&x, first);
		scene_play(&x, then);
	}
	assert_string_equal(scene_persons(&x), person);
	assert_string_equal(scene_view(&x), view);
	assert_false(x.db.went_back);
}

static void
updates_of_a_known_person(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		play_row(&rows[i], false);
		play_row(&rows[i], true);
	}
}

static void
a_project_may_write_every_change(void **state)
{
	(void)state;
	x.make.rules.person_update_all = true;
	scene_play(&x, EVENT("e", "a", "\"$set\":{\"$browser\":1}"));
	scene_play(&x, EVENT("e", "a", "\"$set\":{\"$browser\":2}"));
	assert_string_equal(
		scene_persons(&x), "U:a ids=a id=0 v=1 {\"$browser\":2}\n");
}

static void
arrival_decides_not_the_timestamp(void **state)
{
	(void)state;
	scene_play(&x, EVENT_AT("e", "a", "2025-03-02T08:30:00Z",
			       "\"$set\":{\"s\":\"newer\"}"));
	scene_play(&x, EVENT_AT("e", "a", "2025-03-02T08:10:00Z",
			       "\"$set\":{\"s\":\"older\"}"));
	assert_string_equal(
		scene_persons(&x), "U:a ids=a id=0 v=1 {\"s\":\"older\"}\n");
	assert_int_equal(
		x.db.persons->created_at_us, INT64_C(1740904200000000));
}

static void
a_survey_stamps_each_time(void **state)
{
	(void)state;
	scene_play(&x, EVENT("e", "a", ""));
	scene_play(
		&x, EVENT_AT("survey shown", "a", "2025-03-02T08:00:00Z", ""));
	scene_play(
		&x, EVENT_AT("survey shown", "a", "2025-03-02T08:00:00Z", ""));
	assert_string_equal(scene_persons(&x),
		"U:a ids=a id=0 v=1 {\"$survey_last_seen_date\":"
		"\"2025-03-02T08:00:00.000Z\"}\n");
	/* The event's own properties do not show it. */
	assert_string_equal(make_properties(&x.make, x.last_event), "{}");
}

int
test_update(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(updates_of_a_known_person),
		T(a_project_may_write_every_change),
		T(arrival_decides_not_the_timestamp),
		T(a_survey_stamps_each_time),
	};
#undef T

	return cmocka_run_group_tests_name("update", tests, NULL, NULL);
}
