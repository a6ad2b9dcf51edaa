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

#define ILLEGAL "cannot_merge_with_illegal_distinct_id"
#define IDENTIFIED "cannot_merge_already_identified"

struct row {
	const char *const events[6];
	const char *persons, *ids, *deleted, *warnings; /* of the last event */
};

/* Spec 5.4, 5.5, 5.8, in order. */
static const struct row rows[] = {
	/* 1: the same id on both sides. */
	{{IDENTIFY("a", "a")}, "U:a ids=a id=0 v=0 {}\n", "a=0,", "", ""},
	/* 2: illegal ids; a plain person all the same. */
	{{IDENTIFY("a", "null")}, "U:a ids=a id=0 v=0 {}\n", "a=0,", "",
		ILLEGAL},
	{{IDENTIFY("Guest", "a")}, "U:Guest ids=Guest id=0 v=0 {}\n",
		"Guest=0,", "", ILLEGAL},
	{{MERGE("a", "'None'")}, "U:a ids=a id=0 v=0 {}\n", "a=0,", "",
		ILLEGAL},
	{{EVENT("$identify", "a", "\"$anon_distinct_id\":null")},
		"U:a ids=a id=0 v=0 {}\n", "a=0,", "", ILLEGAL},
	/* No, no. */
	{{IDENTIFY("i", "o")}, "U:i ids=i,o id=1 v=0 {}\n", "i=0,o=0,", "", ""},
	{{ALIAS("i", "o")}, "U:i ids=i,o id=1 v=0 {}\n", "i=0,o=0,", "", ""},
	{{MERGE("i", "o")}, "U:i ids=i,o id=1 v=0 {}\n", "i=0,o=0,", "", ""},
	/* Other has, into has not. */
	{{EVENT("e", "o", "\"$set\":{\"k\":1}"), IDENTIFY("i", "o")},
		"U:o ids=o,i id=1 v=1 {\"k\":1}\n", "o=0,i=0,", "", ""},
	/* ... even if other is identified: the guard is between persons. */
	{{IDENTIFY("o", "p"), ALIAS("i", "o")}, "U:o ids=o,p,i id=1 v=0 {}\n",
		"o=0,p=0,i=0,", "", ""},
	/* Other has not, into has. */
	{{EVENT("e", "i", ""), IDENTIFY("i", "o")}, "U:i ids=i,o id=1 v=1 {}\n",
		"i=0,o=0,", "", ""},
	/* The same person: repeated calls are harmless. */
	{{IDENTIFY("i", "o"), IDENTIFY("i", "o")}, "U:i ids=i,o id=1 v=0 {}\n",
		"i=0,o=0,", "", ""},
	{{IDENTIFY("i", "o"), IDENTIFY("o", "i")}, "U:i ids=i,o id=1 v=0 {}\n",
		"i=0,o=0,", "", ""},
	/* Two persons. */
	{{EVENT("e", "o", ""), EVENT("e", "i", ""), IDENTIFY("i", "o")},
		"U:i ids=i,o id=1 v=1 {}\n", "i=0,o=1,", "U:o=100,", ""},
	/* Guard. */
	{{IDENTIFY("o", "p"), EVENT("e", "i", ""), IDENTIFY("i", "o")},
		"U:o ids=o,p id=1 v=0 {}\nU:i ids=i id=1 v=1 {}\n",
		"o=0,p=0,i=0,", "", IDENTIFIED},
	{{IDENTIFY("o", "p"), EVENT("e", "i", ""), ALIAS("i", "o")},
		"U:o ids=o,p id=1 v=0 {}\nU:i ids=i id=1 v=1 {}\n",
		"o=0,p=0,i=0,", "", IDENTIFIED},
	{{IDENTIFY("o", "p"), EVENT("e", "i", ""), MERGE("i", "o")},
		"U:i ids=i,o,p id=1 v=1 {}\n", "i=0,o=1,p=1,", "U:o=100,", ""},
	/* Into an identified one: never refused. */
	{{IDENTIFY("i", "p"), EVENT("e", "o", ""), IDENTIFY("i", "o")},
		"U:i ids=i,p,o id=1 v=1 {}\n", "i=0,p=0,o=1,", "U:o=100,", ""},
	/* Version: max + 1, whoever has it. */
	{{EVENT("e", "o", "\"$set\":{\"a\":0}"),
		 EVENT("e", "o", "\"$set\":{\"a\":1}"),
		 EVENT("e", "o", "\"$set\":{\"a\":2}"), EVENT("e", "i", ""),
		 IDENTIFY("i", "o")},
		"U:i ids=i,o id=1 v=3 {\"a\":2}\n", "i=0,o=1,", "U:o=102,", ""},
	/* Properties: other's, then into's, then the event's. */
	{{EVENT("e", "o", "\"$set\":{\"a\":1,\"b\":1,\"c\":1}"),
		 EVENT("e", "i", "\"$set\":{\"b\":2,\"d\":2}"),
		 EVENT("$identify", "i",
			 "\"$anon_distinct_id\":\"o\",\"$set\":{\"d\":3},"
			 "\"$set_once\":{\"a\":9,\"n\":3},\"$unset\":[\"c\"]")},
		"U:i ids=i,o id=1 v=1 {\"b\":2,\"d\":3,\"a\":1,\"n\":3}\n",
		"i=0,o=1,", "U:o=100,", ""},
	/* Suppressed names are written by it. */
	{{EVENT("e", "i", "\"$set\":{\"$browser\":1}"), IDENTIFY("i", "o"),
		 EVENT("$identify", "i",
			 "\"$anon_distinct_id\":\"o\","
			 "\"$set\":{\"$browser\":2}")},
		"U:i ids=i,o id=1 v=2 {\"$browser\":2}\n", "i=0,o=0,", "", ""},
	/* A chain: moved ids move again. */
	{{ALIAS("b", "a"), EVENT("e", "c", ""), MERGE("c", "b"),
		 EVENT("e", "d", ""), MERGE("d", "c")},
		"U:d ids=d,c,b,a id=1 v=2 {}\n", "d=0,c=1,b=2,a=2,",
		"U:c=101,U:b=100,", ""},
};

static size_t
count(const struct row *r)
{
	size_t n = 0;

	while (n < ARRAY_LEN(r->events) && r->events[n] != NULL)
		n++;
	return n;
}

static void
check_row(const struct row *r)
{
	assert_string_equal(scene_persons(&x), r->persons);
	assert_string_equal(scene_ids(&x), r->ids);
	assert_string_equal(scene_deleted(&x), r->deleted);
	assert_string_equal(make_warnings(&x.make, x.last_event), r->warnings);
	assert_false(x.db.went_back);
}

static void
merges(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		scene_fini(&x);
		scene_init(&x);
		for (size_t k = 0; k < count(&rows[i]); k++)
			scene_play(&x, rows[i].events[k]);
		check_row(&rows[i]);
	}
}

/* person-2: the batch size shows nowhere but in the number of messages. */
static void
merges_in_one_batch(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		scene_fini(&x);
		scene_init(&x);
		scene_batch(&x, rows[i].events, count(&rows[i]));
		assert_string_equal(scene_persons(&x), rows[i].persons);
		assert_string_equal(
			make_warnings(&x.make, x.last_event), rows[i].warnings);
		assert_false(x.db.went_back);
	}
}

static void
the_earlier_creation_stays(void **state)
{
	static const char *const times[] = {
		"2025-01-01T00:00:00Z", "2025-02-01T00:00:00Z"};

	(void)state;
	for (int i = 0; i < 2; i++) {
		char a[256], b[256];

		scene_fini(&x);
		scene_init(&x);
		snprintf(a, sizeof(a), EVENT_AT("e", "o", "%s", ""), times[i]);
		snprintf(b, sizeof(b), EVENT_AT("e", "i", "%s", ""), times[!i]);
		scene_play(&x, a);
		scene_play(&x, b);
		scene_play(&x, IDENTIFY("i", "o"));
		assert_int_equal(
			x.last.created_at_us, INT64_C(1735689600000000));
	}
}

static void
one_message_for_each_person_in_a_commit(void **state)
{
	static const char *const events[] = {
		EVENT("e", "i", "\"$set\":{\"a\":1}"),
		EVENT("e", "i", "\"$set\":{\"a\":2}"), EVENT("e", "o", ""),
		IDENTIFY("i", "o"), EVENT("e", "o", "\"$set\":{\"a\":3}")};

	(void)state;
	scene_batch(&x, events, ARRAY_LEN(events));
	assert_int_equal(x.db.n_person_messages, 2);
	assert_string_equal(
		scene_persons(&x), "U:i ids=i,o id=1 v=3 {\"a\":3}\n");
	assert_string_equal(scene_deleted(&x), "U:o=100,");
}

static void
a_deletion_by_merge_repeats_the_properties(void **state)
{
	struct memory_person *p;

	(void)state;
	scene_play(&x, EVENT("e", "o", "\"$set\":{\"a\":1}"));
	scene_play(&x, EVENT("e", "i", ""));
	scene_play(&x, IDENTIFY("i", "o"));
	for (p = x.db.persons; !p->is_deleted; p = p->next)
		;
	assert_true(slice_eq_str(p->message_text,
		"{\"a\":1,\"$creator_event_uuid\":\"" MAKE_UUID "\"}"));
	assert_true(slice_eq_str(p->text, "{}"));
}

/* The uuid of a swallowed person is raised too when it comes back. */
static void
a_swallowed_uuid_comes_back_above(void **state)
{
	(void)state;
	scene_play(&x, EVENT("e", "o", ""));
	scene_play(&x, EVENT("e", "i", ""));
	scene_play(&x, IDENTIFY("i", "o"));
	scene_delete(&x, "i");
	assert_string_equal(scene_ids(&x), "i=100!,o=101!,");
	scene_play(&x, EVENT("e", "o", ""));
	assert_string_equal(scene_persons(&x), "U:o ids=o id=0 v=101 {}\n");
	assert_string_equal(scene_ids(&x), "i=100!,o=102,");
	assert_false(x.db.went_back);
}

int
test_merge(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(merges),
		T(merges_in_one_batch),
		T(the_earlier_creation_stays),
		T(one_message_for_each_person_in_a_commit),
		T(a_deletion_by_merge_repeats_the_properties),
		T(a_swallowed_uuid_comes_back_above),
	};
#undef T

	return cmocka_run_group_tests_name("merge", tests, NULL, NULL);
}
