#include "tests.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/mem.h"
#include "persondb/definitions.h"
#include "stats/stats.h"
#include "store/sql.h"

/* More than two events need. */
#define ALLOCATIONS 400

static const char *const plain[] = {NULL};

static void
send(struct world *w, int i, const char *id, const char *name,
	const char *properties)
{
	char uuid[37];
	struct world_event ev = {.uuid = uuid_of(i, uuid),
		.distinct_id = id,
		.name = name,
		.properties = properties,
		.now_us = NOW_US + i * INT64_C(1000000)};

	world_send(w, &ev);
}

/* pipeline-1 */
static void
an_event_becomes_a_row_a_person_and_an_id(void **state)
{
	struct world *w = *state;
	struct buf text;

	buf_init(&text, 1 << 20);
	clock_test_set_us(NOW_US + 5000000);
	send(w, 1, "user-1", "signed up",
		"{\"$set\":{\"plan\":\"pro\"},\"n\":1}");
	world_start(w, plain);
	world_drain(w);
	world_text(w, TOPIC_EVENTS, 0, &text);
	assert_string_equal(buf_cstr(&text),
		"1:user-1 {\"uuid\":\"00000000-0000-4000-8000-000000000001\","
		"\"event\":\"signed up\",\"properties\":\"{\\\"n\\\":1,"
		"\\\"$ip\\\":\\\"203.0.113.7\\\","
		"\\\"$set\\\":{\\\"plan\\\":\\\"pro\\\"}}\","
		"\"timestamp\":\"2024-03-05 10:20:31.123\",\"team_id\":1,"
		"\"project_id\":1,\"distinct_id\":\"user-1\","
		"\"elements_chain\":\"\","
		"\"created_at\":\"2024-03-05 10:20:35.123\","
		"\"captured_at\":\"2024-03-05 10:20:31.123\","
		"\"person_id\":\"6931a681-6e90-500d-8294-14582dcc2e3f\","
		"\"person_properties\":\"{\\\"plan\\\":\\\"pro\\\","
		"\\\"$creator_event_uuid\\\":"
		"\\\"00000000-0000-4000-8000-000000000001\\\"}\","
		"\"person_created_at\":\"2024-03-05 10:20:31\","
		"\"person_mode\":\"full\"}\n");
	world_text(w, TOPIC_PERSON, 0, &text);
	assert_true(holds(&text, "\"is_identified\":0,\"is_deleted\":0,"
				 "\"version\":0}\n"));
	world_text(w, TOPIC_DISTINCT_ID, 0, &text);
	assert_true(holds(&text, "1:user-1 {\"distinct_id\":\"user-1\","));
	buf_fini(&text);
	clock_test_set_us(0);
}

static void
positions_and_lag_follow_the_commit(void **state)
{
	struct world *w = *state;
	struct pipeline_position at[8];

	for (int i = 0; i < 10; i++)
		send(w, i, "u", "e", NULL);
	world_start(w, plain);
	world_drain(w);
	assert_int_equal(pipeline_positions(w->p, at, 8), 4);
	assert_string_equal(at[0].topic, "events_plugin_ingestion");
	assert_int_equal(at[0].partition, 0);
	assert_int_equal(at[0].position, 10);
	assert_int_equal(at[0].high_watermark, 10);
	assert_int_equal(at[1].position, 0);
}

static void
each_is_there_once(struct world *w, int n)
{
	struct buf text;
	char part[64], uuid[37];

	buf_init(&text, 64 << 20);
	world_text(w, TOPIC_EVENTS, 0, &text);
	for (int i = 0; i < n; i++) {
		snprintf(part, sizeof(part), "{\"uuid\":\"%s\"",
			uuid_of(i, uuid));
		assert_int_equal(times(&text, part), 1);
	}
	assert_int_equal(world_count(w, TOPIC_EVENTS, 0), n);
	buf_fini(&text);
}

/* pipeline-6 */
static void
a_restart_goes_on_where_the_commit_was(void **state)
{
	static const char *const small[] = {"ingest.batch_events=3", NULL};
	struct world *w = *state;

	for (int i = 0; i < 40; i++) {
		send(w, i, i % 2 ? "a" : "b", "e", "{\"$set\":{\"n\":1}}");
		/* The pipeline ends somewhere in the middle, many times. */
		if (i % 8 == 7) {
			world_start(w, small);
			world_stop(w);
			world_open(w);
		}
	}
	world_start(w, small);
	world_drain(w);
	each_is_there_once(w, 40);
}

static const char *const trigger_texts[] = {
	"CREATE TRIGGER refuse BEFORE INSERT ON position "
	"BEGIN SELECT RAISE(ABORT, 'refused'); END",
	"DROP TRIGGER refuse",
	"CREATE TRIGGER refuse BEFORE INSERT ON property_definition "
	"BEGIN SELECT RAISE(ABORT, 'refused'); END",
};
static const struct sql_set trigger_sql = {
	"trigger", trigger_texts, ARRAY_LEN(trigger_texts)};

struct trigger_job {
	struct store_job job;
	int i;
};

static int
run_trigger(struct store_job *j, struct store_conn *c, struct err *e)
{
	struct trigger_job *x = (struct trigger_job *)(void *)j;
	struct store_stmt *st;
	int r = sql_get(c, &trigger_sql, x->i, &st, e);

	return r == 0 ? sql_run(st, e) : r;
}

static void
trigger(struct world *w, int i)
{
	struct trigger_job x = {.job = {.run = run_trigger}, .i = i};
	struct err e;

	assert_int_equal(store_call(w->state, &x.job, &e), 0);
}

/* pipeline-6, pipeline-7: the last statement of the transaction fails. */
static void
a_commit_that_fails_is_done_again_and_nothing_doubles(void **state)
{
	struct world *w = *state;
	char why[256];
	struct buf text;

	buf_init(&text, 1 << 20);
	trigger(w, 0);
	for (int i = 0; i < 20; i++)
		send(w, i, "u", "e", "{\"$set\":{\"n\":1}}");
	world_start(w, plain);
	world_wait_trouble(w);
	pipeline_trouble(w->p, why, sizeof(why));
	assert_non_null(strstr(why, "step commit"));
	assert_int_equal(world_count(w, TOPIC_EVENTS, 0), 0);
	assert_int_equal(world_count(w, TOPIC_PERSON, 0), 0);
	trigger(w, 1);
	world_drain(w);
	each_is_there_once(w, 20);
	world_text(w, TOPIC_PERSON, 0, &text);
	assert_int_equal(times(&text, "\n"), 1);
	assert_true(holds(&text, "\"version\":0}"));
	assert_int_equal(world_count(w, TOPIC_DEAD_LETTERS, 1), 0);
	pipeline_trouble(w->p, why, sizeof(why));
	assert_string_equal(why, "");
	buf_fini(&text);
}

/* How many properties are defined. */
static int
n_defined(struct world *w)
{
	struct store_conn *c;
	struct buf lines;
	struct err e;
	int64_t cursor = 0;
	int n;

	buf_init(&lines, 1 << 20);
	assert_int_equal(store_reader_open(w->state, &c, &e), 0);
	assert_int_equal(persondb_list_property_definitions(
				 c, w->team_id, &cursor, 1000, &lines, &e),
		0);
	store_reader_close(c);
	n = times(&lines, "\n");
	buf_fini(&lines);
	return n;
}

/* definition-1: events go on without them, and they are found again. */
static void
definitions_that_cannot_be_saved_are_found_again(void **state)
{
	struct world *w = *state;
	uint64_t before = stats_counter(STATS_DEFINITION_FAILURES, 0);
	char why[256];

	trigger(w, 2);
	send(w, 0, "u", "e", "{\"one\":1}");
	world_start(w, plain);
	world_drain(w);
	assert_int_equal(n_defined(w), 0);
	assert_int_equal(
		stats_counter(STATS_DEFINITION_FAILURES, 0) - before, 1);
	pipeline_trouble(w->p, why, sizeof(why));
	assert_string_equal(why, "");
	trigger(w, 1);
	send(w, 1, "u", "e", "{\"one\":2}");
	world_drain(w);
	assert_true(n_defined(w) > 0);
	each_is_there_once(w, 2);
	assert_int_equal(world_count(w, TOPIC_DEAD_LETTERS, 1), 0);
}

/* A person with large properties stands in every row: more bytes than a batch
 * may have. It is done in smaller ones, and nothing becomes a letter. */
static void
rows_that_multiply_are_done_in_smaller_batches(void **state)
{
	struct world *w = *state;
	struct buf properties;
	int n = 300;

	buf_init(&properties, 1 << 20);
	buf_append_lit(&properties, "{\"$set\":{\"large\":\"");
	for (int i = 0; i < 250000; i++)
		buf_append_char(&properties, 'x');
	buf_append_lit(&properties, "\"}}");
	send(w, 0, "u", "e", buf_cstr(&properties));
	for (int i = 1; i < n; i++)
		send(w, i, "u", "e", "{\"$browser\":\"B\"}");
	world_start(w, plain);
	world_drain(w);
	assert_int_equal(world_count(w, TOPIC_EVENTS, 0), n);
	assert_int_equal(world_count(w, TOPIC_DEAD_LETTERS, 1), 0);
	buf_fini(&properties);
}

/* pipeline-7: memory that is short once, wherever that is, delays a batch and
 * changes nothing. */
static void
each_allocation_may_fail_once(void **state)
{
	struct world *w = *state;
	int n = 0;

	for (long nth = 1; nth < ALLOCATIONS; nth += 1 + nth / 5) {
		struct err e;

		send(w, n++, "a", "$identify", "{\"$anon_distinct_id\":\"b\"}");
		send(w, n++, "b", "e",
			"{\"$set\":{\"n\":1},\"$groups\":{\"org\":\"o\"}}");
		world_prepare(w, plain);
		mem_fail_after(nth, false);
		assert_int_equal(pipeline_start(w->p, &e), 0);
		world_drain(w);
		mem_fail_after(0, false);
		each_is_there_once(w, n);
		world_stop(w);
		world_open(w);
	}
	assert_int_equal(world_count(w, TOPIC_DEAD_LETTERS, 1), 0);
}

static void
other_inputs_are_read_too(void **state)
{
	struct world *w = *state;
	static const enum topic_id topics[] = {
		TOPIC_INGESTION_OVERFLOW, TOPIC_INGESTION_HISTORICAL};
	struct batch_writer bw;
	struct buf b;
	struct err e;
	char uuid[37];

	buf_init(&b, 1 << 20);
	for (int i = 0; i < 2; i++) {
		struct world_event ev = {.uuid = uuid_of(i, uuid),
			.distinct_id = "u",
			.name = "e",
			.now_us = NOW_US};

		buf_reset(&b);
		batch_begin(&bw, &b, NOW_US / 1000);
		world_put_event(&bw, &ev);
		assert_int_equal(batch_end(&bw, BATCH_GZIP, &e), 0);
		world_append(w, w->spool, topics[i], 0, &b, 1);
	}
	world_start(w, plain);
	world_drain(w);
	each_is_there_once(w, 2);
	buf_fini(&b);
}

/* The debounce of spec 7.5 and heatmap rows, through the whole flow. */
static void
warnings_and_heatmaps_leave_by_their_topics(void **state)
{
	struct world *w = *state;
	struct buf text;

	buf_init(&text, 1 << 20);
	for (int i = 0; i < 3; i++)
		send(w, i, "u", "e", "{\"$process_person_profile\":\"no\"}");
	send(w, 3, "u", "$$client_ingestion_warning",
		"{\"$$client_ingestion_warning_message\":\"m\"}");
	send(w, 4, "u", "$$heatmap",
		"{\"$viewport_height\":160,\"$viewport_width\":320,"
		"\"$heatmap_data\":{\"https://a.example/\":[{\"x\":16,\"y\":32,"
		"\"target_fixed\":false,\"type\":\"click\"}]}}");
	world_start(w, plain);
	world_drain(w);
	world_text(w, TOPIC_WARNINGS, 1, &text);
	assert_int_equal(times(&text, "invalid_process_person_profile"), 1);
	assert_int_equal(times(&text, "\"client_ingestion_warning\""), 1);
	assert_int_equal(times(&text, "\n"), 2);
	world_text(w, TOPIC_HEATMAPS, 0, &text);
	assert_true(holds(&text, "\"x\":1,\"y\":2,\"scale_factor\":16"));
	assert_int_equal(world_count(w, TOPIC_EVENTS, 0), 3);
	buf_fini(&text);
}

static void
a_person_deleted_by_hand_sends_its_end(void **state)
{
	struct world *w = *state;
	struct pipeline_erasure x = {.team_id = w->team_id};
	struct buf text;
	struct err e;

	buf_init(&text, 1 << 20);
	send(w, 0, "gone", "e", "{\"$set\":{\"a\":1}}");
	world_start(w, plain);
	world_drain(w);
	x.distinct_id = SLICE_LIT("nobody");
	assert_int_equal(pipeline_erase_person(w->p, &x, &e), -ERR_NOT_FOUND);
	x.distinct_id = SLICE_LIT("gone");
	assert_int_equal(pipeline_erase_person(w->p, &x, &e), 0);
	assert_true(x.is_wiped);
	world_text(w, TOPIC_PERSON, 0, &text);
	assert_true(holds(&text, "\"properties\":\"{}\",\"is_identified\":0,"
				 "\"is_deleted\":1,\"version\":100}\n"));
	world_text(w, TOPIC_DISTINCT_ID, 0, &text);
	assert_true(holds(&text, "\"version\":100,\"is_deleted\":1}\n"));
	buf_fini(&text);
}

#define FLOW_TEST(f)                                                           \
	cmocka_unit_test_setup_teardown(f, make_world, remove_world)

int
run_flow_tests(void)
{
	const struct CMUnitTest tests[] = {
		FLOW_TEST(an_event_becomes_a_row_a_person_and_an_id),
		FLOW_TEST(positions_and_lag_follow_the_commit),
		FLOW_TEST(a_restart_goes_on_where_the_commit_was),
		FLOW_TEST(
			a_commit_that_fails_is_done_again_and_nothing_doubles),
		FLOW_TEST(definitions_that_cannot_be_saved_are_found_again),
		FLOW_TEST(rows_that_multiply_are_done_in_smaller_batches),
		FLOW_TEST(each_allocation_may_fail_once),
		FLOW_TEST(other_inputs_are_read_too),
		FLOW_TEST(warnings_and_heatmaps_leave_by_their_topics),
		FLOW_TEST(a_person_deleted_by_hand_sends_its_end),
	};

	return cmocka_run_group_tests_name("flow", tests, NULL, NULL);
}
