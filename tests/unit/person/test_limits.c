#include <stdio.h>
#include <string.h>

#include "base/limits.h"
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

/* An event whose $set has name with len bytes, and more members. */
static const char *
big(struct buf *b, const char *id, const char *name, size_t len,
	const char *more)
{
	buf_reset(b);
	buf_printf(b,
		"{\"event\":\"e\",\"distinct_id\":\"%s\",\"properties\":"
		"{\"$set\":{%s\"%s\":\"",
		id, more, name);
	for (size_t i = 0; i < len; i++)
		buf_append_char(b, 'x');
	buf_append_lit(b, "\"}}}");
	return buf_cstr(b);
}

#define WARNING "person_properties_size_violation"

/* Spec 5.11: an update over the limit is refused as a whole. */
static void
an_update_over_the_limit_is_refused(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 4u << 20);
	scene_play(&x, EVENT("e", "a", "\"$set\":{\"k\":1}"));
	scene_play(&x,
		big(&b, "a", "big", LIMIT_PERSON_PROPERTIES_BYTES, "\"k\":2,"));
	assert_string_equal(make_warnings(&x.make, x.last_event), WARNING);
	assert_string_equal(
		scene_persons(&x), "U:a ids=a id=0 v=0 {\"k\":1}\n");
	assert_int_equal(x.db.n_person_messages, 1);
	/* The event shows what the person would have had. */
	assert_true(x.last.properties.len > LIMIT_PERSON_PROPERTIES_BYTES);
	buf_fini(&b);
}

static void
an_update_just_under_the_limit_is_written(void **state)
{
	struct buf b;
	size_t rest;

	(void)state;
	buf_init(&b, 4u << 20);
	scene_play(&x, EVENT("e", "a", ""));
	rest = LIMIT_PERSON_PROPERTIES_BYTES - x.db.persons->text.len -
	       strlen(",\"big\":\"\"");
	scene_play(&x, big(&b, "a", "big", rest + 1, ""));
	assert_int_equal(x.db.persons->version, 0);
	scene_play(&x, big(&b, "a", "big", rest, ""));
	assert_int_equal(x.db.persons->version, 1);
	assert_int_equal(x.db.persons->text.len, LIMIT_PERSON_PROPERTIES_BYTES);
	buf_fini(&b);
}

/* In name order until it fits; protected names stay. */
static void
a_creation_over_the_limit_is_trimmed(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 4u << 20);
	scene_play(&x, big(&b, "a", "m", LIMIT_PERSON_PROPERTIES_BYTES,
			       "\"z\":1,\"a\":2,\"email\":\"e@x\","));
	assert_string_equal(make_warnings(&x.make, x.last_event), WARNING);
	assert_string_equal(scene_persons(&x),
		"U:a ids=a id=0 v=0 {\"z\":1,\"email\":\"e@x\"}\n");
	buf_fini(&b);
}

static void
a_merge_over_the_limit_is_trimmed(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 4u << 20);
	scene_play(&x, big(&b, "o", "b", 400000, "\"z\":1,"));
	scene_play(&x, big(&b, "i", "c", 400000, "\"email\":1,"));
	scene_play(&x, IDENTIFY("i", "o"));
	assert_string_equal(make_warnings(&x.make, x.last_event), WARNING);
	assert_string_equal(scene_ids(&x), "i=0,o=1,");
	assert_true(
		x.last.properties.len <= LIMIT_PERSON_PROPERTIES_TRIM_BYTES);
	assert_null(memmem(
		x.last.properties.p, x.last.properties.len, "\"b\":", 4));
	assert_non_null(memmem(
		x.last.properties.p, x.last.properties.len, "\"email\":", 8));
	buf_fini(&b);
}

/* Each failure of memory is an error, and never half a result. */
static void
short_memory_is_an_error(void **state)
{
	struct make *m = &x.make;
	enum event_next next;
	struct event *ev = make_event(m,
		EVENT("$identify", "i",
			"\"$anon_distinct_id\":\"o\",\"$set\":{\"a\":1}"),
		&next);
	int n_failed = 0;
	bool done = false;

	(void)state;
	for (size_t max = 8192; !done && max < (1u << 20); max += 512) {
		struct arena small;
		struct event_work w = {&small, &m->scratch};
		struct person_set s;
		struct person_result r;
		struct err e;

		arena_init(&small, max);
		done = person_set_init(&s, &small, &m->scratch, &e) == 0 &&
		       person_want(&s, ev, &e) == 0 &&
		       memory_db_load(&x.db, &s, &e) == 0 &&
		       person_apply(&s, ev, &w, &r, &e) == 0;
		if (!done) {
			assert_int_equal(e.code, ERR_NO_MEMORY);
			n_failed++;
		}
		arena_fini(&small);
	}
	assert_true(done);
	assert_true(n_failed > 0);
}

int
test_limits(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(an_update_over_the_limit_is_refused),
		T(an_update_just_under_the_limit_is_written),
		T(a_creation_over_the_limit_is_trimmed),
		T(a_merge_over_the_limit_is_trimmed),
		T(short_memory_is_an_error),
	};
#undef T

	return cmocka_run_group_tests_name("limits", tests, NULL, NULL);
}
