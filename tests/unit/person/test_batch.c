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

/* The tables grow and still find everything. */
static void
many_persons_in_one_batch(void **state)
{
	static const char *jsons[5000];
	static char texts[5000][80];

	(void)state;
	for (int i = 0; i < 5000; i++) {
		snprintf(texts[i], sizeof(texts[i]),
			"{\"event\":\"e\",\"distinct_id\":\"p%d\"}", i % 2500);
		jsons[i] = texts[i];
	}
	scene_batch(&x, jsons, 5000);
	assert_int_equal(x.db.n_person_messages, 2500);
}

/* person-1: a person is known whole when it is swallowed. */
static void
ids_of_earlier_batches_move_too(void **state)
{
	static const char *const first[] = {ALIAS("b", "a"), ALIAS("b", "c")};
	static const char *const second[] = {EVENT("e", "z", ""),
		MERGE("z", "c"), ALIAS("y", "a"),
		EVENT("e", "b", "\"$set\":{\"k\":1}")};

	(void)state;
	scene_batch(&x, first, ARRAY_LEN(first));
	scene_batch(&x, second, ARRAY_LEN(second));
	assert_string_equal(
		scene_persons(&x), "U:z ids=z,b,a,c,y id=1 v=2 {\"k\":1}\n");
	assert_string_equal(scene_ids(&x), "z=0,b=1,a=1,c=1,y=0,");
	assert_string_equal(scene_view(&x), "U:z full {\"k\":1}");
}

/* person-3: text that an event left behind is not what its message says. */
static void
the_message_has_the_last_state(void **state)
{
	static const char *const events[] = {
		EVENT("e", "a", "\"$set\":{\"k\":1}"),
		EVENT("e", "a",
			"\"$set\":{\"k\":2,\"n\":1},\"$unset\":[\"k\"]"),
		EVENT("$exception", "a", "\"$set\":{\"n\":5}")};

	(void)state;
	scene_batch(&x, events, ARRAY_LEN(events));
	assert_string_equal(
		scene_persons(&x), "U:a ids=a id=0 v=1 {\"n\":1}\n");
	assert_true(slice_eq(x.db.persons->message_text, x.db.persons->text));
}

int
test_batch(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(many_persons_in_one_batch),
		T(ids_of_earlier_batches_move_too),
		T(the_message_has_the_last_state),
	};
#undef T

	return cmocka_run_group_tests_name("batch", tests, NULL, NULL);
}
