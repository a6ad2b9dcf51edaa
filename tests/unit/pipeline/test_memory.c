#include "tests.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/mem.h"
#include "pipeline/pipeline_int.h"
#include "pipeline/step.h"

#define N_EVENTS 1000
#define ROUNDS 3
/* Other threads of the program may take some memory at any time. */
#define OTHERS_MAX 20
#define MANY 1000000000L

static struct world w;

static int
set_up(void **state)
{
	(void)state;
	world_make(&w);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	world_stop(&w);
	world_remove(&w);
	return 0;
}

static void
send_events(void)
{
	struct batch_writer bw;
	struct buf b;
	struct err e;

	buf_init(&b, 16u << 20);
	batch_begin(&bw, &b, NOW_US / 1000);
	for (int i = 0; i < N_EVENTS; i++) {
		char uuid[37], id[32];
		struct world_event ev = {.uuid = uuid_of(i, uuid),
			.distinct_id = id,
			.name = i % 7 == 0 ? "$autocapture" : "$pageview",
			.properties = "{\"$current_url\":\"https://a.example/"
				      "\",\"$os\":\"Linux\",\"n\":[1,{\"k\":"
				      "\"v\\u00e9\"}],\"$set\":{\"a\":1}}",
			.now_us = NOW_US};

		snprintf(id, sizeof(id), "p%d", i % 50);
		world_put_event(&bw, &ev);
	}
	assert_int_equal(batch_end(&bw, BATCH_NONE, &e), 0);
	world_append(&w, w.spool, TOPIC_INGESTION, 0, &b, N_EVENTS);
	buf_fini(&b);
}

static long
allocations(int (*fn)(struct pipeline_batch *b, struct err *e),
	struct pipeline_batch *b)
{
	struct err e;
	long n;

	mem_fail_after(MANY, false);
	assert_int_equal(fn(b, &e), 0);
	n = MANY - mem_fail_left();
	mem_fail_after(0, false);
	return n;
}

static int
ahead(struct pipeline_batch *b, struct err *e)
{
	return pipeline_run_steps(b, STEP_AHEAD, e);
}

/* Output is given results as the persons step makes them. */
static void
pretend_persons(struct pipeline_batch *b)
{
	static const struct prop rows[] = {
		{{"a", 1}, {"1", 1}, 0}, {{"b", 1}, {"\"x\"", 3}, 0}};
	struct err e;

	assert_int_equal(
		person_set_init(&b->persons, &b->turn, &b->scratch, &e), 0);
	put_clock_init(&b->clock, NOW_US);
	for (int i = 0; i < b->n_items; i++)
		b->items[i].person = (struct person_result){
			.uuid = SLICE_LIT(
				"00000000-0000-4000-8000-000000000001"),
			.created_at_us = NOW_US,
			.rows = rows,
			.n_rows = 2,
			.mode = EVENT_FULL};
}

/* Once the buffers have grown, events take no memory from the heap. */
static void
no_event_allocates(void **state)
{
	static const char *const set[] = {"ingest.threads=2", NULL};
	struct pipeline_batch *b;
	long n_ahead = 0, n_output = 0;
	struct err e;

	(void)state;
	send_events();
	world_prepare(&w, set);
	b = &w.p->batches[0];
	for (int i = 0; i < ROUNDS; i++) {
		w.p->inputs[INPUT_CAPTURE].next = 0;
		assert_int_equal(
			pipeline_batch_read(b, &w.p->inputs[INPUT_CAPTURE],
				N_EVENTS, 64u << 20, &e),
			0);
		assert_int_equal(b->n_items, N_EVENTS);
		n_ahead = allocations(ahead, b);
		pretend_persons(b);
		n_output = allocations(step_output, b);
		assert_int_equal(b->n_results[0], N_EVENTS);
	}
	assert_in_range(n_ahead, 0, OTHERS_MAX);
	assert_in_range(n_output, 0, OTHERS_MAX);
}

int
run_memory_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			no_event_allocates, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
