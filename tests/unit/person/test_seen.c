#include "base/clock.h"
#include "scene.h"
#include "tests.h"

static struct scene x;

static int
set_up(void **state)
{
	(void)state;
	scene_init(&x);
	x.make.rules.person_last_seen = true;
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	scene_fini(&x);
	return 0;
}

/* last_seen_at of the newest person, "never" if it has none. */
static const char *
seen(void)
{
	static char text[CLOCK_TEXT_MAX];
	const struct memory_person *p = x.db.persons;

	if (!p->has_last_seen)
		return "never";
	clock_format(p->last_seen_at_us, CLOCK_SECOND, text);
	return text;
}

#define AT(name, at, props) EVENT_AT(name, "a", "2025-12-31T" at "Z", props)

/* Spec 5.6: the hour of the event, when it is later; that is a write. */
static void
an_event_moves_last_seen_forward(void **state)
{
	static const struct {
		const char *event, *seen;
		int version;
	} rows[] = {
		{AT("e", "10:20:30", ""), "2025-12-31 10:00:00", 0},
		{AT("e", "10:59:59", ""), "2025-12-31 10:00:00", 0},
		{AT("e", "09:00:00", ""), "2025-12-31 10:00:00", 0},
		{AT("e", "11:00:00", ""), "2025-12-31 11:00:00", 1},
		{AT("e", "12:00:00", "\"$update_person_last_seen_at\":false"),
			"2025-12-31 11:00:00", 1},
		{AT("e", "12:00:00", "\"$update_person_last_seen_at\":0"),
			"2025-12-31 12:00:00", 2},
		/* No property changes by it, but it is a sign of life. */
		{AT("$exception", "13:30:00", "\"$set\":{\"no\":1}"),
			"2025-12-31 13:00:00", 3},
		{AT("e", "14:00:00", "\"$process_person_profile\":false"),
			"2025-12-31 13:00:00", 3},
		/* One event, one write. */
		{AT("e", "15:00:00", "\"$set\":{\"k\":1}"),
			"2025-12-31 15:00:00", 4},
		/* A change that alone is none goes with it. */
		{AT("e", "15:10:00", "\"$set\":{\"$browser\":1}"),
			"2025-12-31 15:00:00", 5},
		{AT("e", "15:20:00", "\"$set\":{\"$browser\":2}"),
			"2025-12-31 15:00:00", 5},
		{AT("e", "16:00:00", "\"$set\":{\"$browser\":3}"),
			"2025-12-31 16:00:00", 6},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		scene_play(&x, rows[i].event);
		assert_string_equal(seen(), rows[i].seen);
		assert_int_equal(x.db.persons->version, rows[i].version);
	}
	assert_string_equal(scene_persons(&x),
		"U:a ids=a id=0 v=6 {\"k\":1,\"$browser\":3}\n");
}

static void
without_the_setting_nothing_is_kept(void **state)
{
	(void)state;
	x.make.rules.person_last_seen = false;
	scene_play(&x, AT("e", "10:00:00", ""));
	scene_play(&x, AT("e", "12:00:00", ""));
	assert_string_equal(seen(), "never");
	assert_int_equal(x.db.persons->version, 0);
	/* Switched on later. */
	x.make.rules.person_last_seen = true;
	scene_play(&x, AT("e", "09:00:00", ""));
	assert_string_equal(seen(), "2025-12-31 09:00:00");
	assert_int_equal(x.db.persons->version, 1);
}

static void
a_merge_takes_the_later_one(void **state)
{
	(void)state;
	scene_play(&x, EVENT_AT("e", "o", "2025-12-31T20:00:00Z", ""));
	scene_play(&x, AT("e", "10:00:00", ""));
	scene_play(
		&x, AT("$identify", "11:00:00", "\"$anon_distinct_id\":\"o\""));
	assert_string_equal(seen(), "2025-12-31 20:00:00");
	assert_string_equal(scene_persons(&x), "U:a ids=a,o id=1 v=1 {}\n");
}

static void
who_was_merged_is_told(void **state)
{
	struct make *m = &x.make;
	enum event_next next;
	struct event *ev;
	struct person_set s;
	struct person_result r;
	struct err e;
	struct person *source;

	(void)state;
	scene_play(&x, EVENT("e", "o", ""));
	scene_play(&x, EVENT("e", "i", ""));
	ev = make_event(m, IDENTIFY("i", "o"), &next);
	assert_int_equal(person_set_init(&s, &m->arena, &m->scratch, &e), 0);
	assert_int_equal(person_want(&s, ev, &e), 0);
	assert_int_equal(memory_db_load(&x.db, &s, &e), 0);
	source = person_find_id(&s, 1, SLICE_LIT("o"))->person;
	assert_null(source->merged_into);
	assert_int_equal(person_apply(&s, ev, &m->work, &r, &e), 0);
	assert_ptr_equal(source->merged_into, r.person);
	assert_ptr_equal(s.persons_changed, source);
	assert_null(r.person->merged_into);
}

/* Spec 5.2: where the properties of a new person come from. */
static void
origins_are_those_of_the_creation(void **state)
{
	const struct person *p;

	(void)state;
	scene_play(&x, EVENT("e", "b", "\"$set\":{\"k\":1}"));
	assert_null(x.last.person->origin_times.p);
	x.keeps_origins = true;
	scene_play(&x, AT("e", "10:20:30.5",
			       "\"$set\":{\"k\":1,\"s\":2},"
			       "\"$set_once\":{\"k\":0,\"o\":3}"));
	p = x.last.person;
	assert_true(slice_eq_str(p->origin_operations,
		"{\"k\":\"set\",\"o\":\"set_once\",\"s\":\"set\"}"));
	assert_true(slice_eq_str(p->origin_times,
		"{\"k\":\"2025-12-31T10:20:30.500Z\","
		"\"o\":\"2025-12-31T10:20:30.500Z\","
		"\"s\":\"2025-12-31T10:20:30.500Z\"}"));
	scene_play(&x, AT("e", "10:20:31", "\"$set\":{\"k\":2}"));
	assert_null(x.last.person->origin_times.p);
}

#define WARNING "person_properties_size_violation"

/* A store that counts in another way did not take what fits as text. */
static void
what_a_store_refused_is_refused_or_trimmed(void **state)
{
	struct person_refused entry = {.team_id = 1}, again = entry;
	struct buf b;

	(void)state;
	x.make.rules.person_last_seen = false;
	buf_init(&b, 1 << 20);
	person_uuid(1, SLICE_LIT("a"), &entry.uuid);
	again = entry;
	scene_play(&x, EVENT("e", "a", "\"$set\":{\"k\":11}"));
	x.refused = &entry;
	scene_play(&x, EVENT("e", "a", "\"$set\":{\"l\":1}"));
	assert_string_equal(make_warnings(&x.make, x.last_event), WARNING);
	assert_string_equal(
		scene_persons(&x), "U:a ids=a id=0 v=0 {\"k\":11}\n");
	/* What does not grow goes through, as do others. */
	scene_play(&x, EVENT("e", "a", "\"$set\":{\"k\":2}"));
	scene_play(&x, EVENT("e", "c", "\"$set\":{\"k\":1}"));
	assert_string_equal(make_warnings(&x.make, x.last_event), "");
	assert_string_equal(scene_persons(&x),
		"U:a ids=a id=0 v=1 {\"k\":2}\n"
		"U:c ids=c id=0 v=0 {\"k\":1}\n");
	/* Its row itself is too large for the store: it is trimmed. */
	x.refused = NULL;
	buf_append_lit(&b, "{\"event\":\"e\",\"distinct_id\":\"a\","
			   "\"properties\":{\"$set\":{\"email\":1,\"big\":\"");
	for (int i = 0; i < 100000; i++)
		buf_append_char(&b, 'x');
	buf_append_lit(&b, "\"}}}");
	scene_play(&x, buf_cstr(&b));
	again.next = &entry;
	x.refused = &again;
	scene_play(&x, EVENT("e", "a", "\"$set\":{\"lost\":1}"));
	assert_string_equal(make_warnings(&x.make, x.last_event), WARNING);
	assert_null(strstr(scene_persons(&x), "lost"));
	scene_play(&x, EVENT("$set", "a", "\"$set\":{\"k\":3}"));
	buf_fini(&b);
}

int
test_seen(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(an_event_moves_last_seen_forward),
		T(without_the_setting_nothing_is_kept),
		T(a_merge_takes_the_later_one),
		T(who_was_merged_is_told),
		T(origins_are_those_of_the_creation),
		T(what_a_store_refused_is_refused_or_trimmed),
	};
#undef T

	return cmocka_run_group_tests_name("seen", tests, NULL, NULL);
}
