#include "tests.h"

#include <stdio.h>

#include "base/fault.h"
#include "base/file.h"

#ifdef SLUICE_FAULT_POINTS

static const char *const plain[] = {NULL};
static const char *const steps[] = {
	"decode", "normalise", "persons", "output", "commit"};

static void
send(struct world *w, int i, const char *step)
{
	char uuid[37], properties[64] = "{\"$set\":{\"n\":1}}";
	struct world_event ev = {
		.uuid = uuid_of(i, uuid),
		.distinct_id = i % 2 ? "a" : "b",
		.name = "e",
		.properties = properties,
		.now_us = NOW_US,
	};

	if (step != NULL)
		snprintf(properties, sizeof(properties),
			"{\"$sluice_fault\":\"%s\"}", step);
	world_send(w, &ev);
}

/* pipeline-1, pipeline-4: one event in many that makes a step fail, whichever
 * step, is a letter with the step's name; all others have their rows. */
static void
a_failing_step_makes_one_letter(void **state)
{
	struct world *w = *state;
	struct buf text;
	char part[128], uuid[37];
	int n = 0;

	buf_init(&text, 8 << 20);
	for (size_t s = 0; s < ARRAY_LEN(steps); s++) {
		for (int i = 0; i < 60; i++)
			send(w, n++, NULL);
		send(w, 1000 + (int)s, steps[s]);
	}
	for (int i = 0; i < 60; i++)
		send(w, n++, NULL);
	world_start(w, plain);
	world_drain(w);
	assert_int_equal(world_count(w, TOPIC_EVENTS, 0), n);
	assert_int_equal(
		world_count(w, TOPIC_DEAD_LETTERS, 1), (int)ARRAY_LEN(steps));
	world_text(w, TOPIC_DEAD_LETTERS, 1, &text);
	for (size_t s = 0; s < ARRAY_LEN(steps); s++) {
		snprintf(part, sizeof(part),
			"\"plugin_server_ingest_event:%s\"", steps[s]);
		assert_int_equal(times(&text, part), 1);
		snprintf(part, sizeof(part), "\"event_uuid\":\"%s\"",
			uuid_of(1000 + (int)s, uuid));
		assert_int_equal(times(&text, part), 1);
	}
	/* Each of a known project raises a warning. */
	buf_reset(&text);
	world_text(w, TOPIC_WARNINGS, 1, &text);
	assert_int_equal(
		times(&text, "pipeline_step_dlq"), (int)ARRAY_LEN(steps));
	buf_fini(&text);
}

static void
arm(struct world *w, const char *text)
{
	char path[128];
	struct err e;

	snprintf(path, sizeof(path), "%s/faults", w->dir);
	assert_int_equal(file_replace(path, 0600, text, strlen(text), &e), 0);
}

static bool
is_acquitted(struct world *w)
{
	struct buf b;
	char path[128];
	struct err e;
	bool yes;

	snprintf(path, sizeof(path), "%s/faults.done", w->dir);
	buf_init(&b, 1 << 20);
	yes = file_read(path, &b, &e) == 0 &&
	      times(&b, "pipeline_commit:INVALID:") > 12;
	buf_fini(&b);
	return yes;
}

/* pipeline-7: every commit fails, whatever is in the batch. It is looked for an
 * event that could be the cause, none is found, and nothing is a letter. */
static void
what_fails_for_all_makes_no_letter(void **state)
{
	struct world *w = *state;

	fault_init(w->dir);
	arm(w, "pipeline_commit:INVALID:1+");
	for (int i = 0; i < 200; i++)
		send(w, i, NULL);
	world_start(w, plain);
	world_wait(w, is_acquitted, "acquitted");
	arm(w, "");
	world_drain(w);
	assert_int_equal(world_count(w, TOPIC_EVENTS, 0), 200);
	assert_int_equal(world_count(w, TOPIC_DEAD_LETTERS, 1), 0);
}

int
run_poison_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_failing_step_makes_one_letter,
			make_world, remove_world),
		cmocka_unit_test_setup_teardown(
			what_fails_for_all_makes_no_letter, make_world,
			remove_world),
	};

	return cmocka_run_group_tests_name("poison", tests, NULL, NULL);
}

#else

int
run_poison_tests(void)
{
	return 0;
}

#endif
