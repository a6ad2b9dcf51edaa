#include "tests.h"

#include <stdio.h>

/* Messages that capture did not write, or that say something special (spec
 * ingestion 1.1, steps 1 to 8; 1.3). */
static const char *const plain[] = {NULL};

static void
send(struct world *w, const char *text, const char *header)
{
	struct batch_header_kv kv = {
		slice_str(header == NULL ? "" : header), SLICE_LIT("true")};
	struct batch_writer bw;
	struct buf b;
	struct err e;

	buf_init(&b, 8 << 20);
	batch_begin(&bw, &b, NOW_US / 1000);
	batch_record(&bw, NOW_US / 1000, SLICE_NONE, slice_str(text), &kv,
		header == NULL ? 0 : 1);
	assert_int_equal(batch_end(&bw, BATCH_NONE, &e), 0);
	world_append(w, w->spool, TOPIC_INGESTION, 0, &b, 1);
	buf_fini(&b);
}

#define TOKEN "\"token\":\"" WORLD_TOKEN "\""
#define UUID(n) "\"uuid\":\"00000000-0000-4000-8000-00000000000" #n "\""

static void
a_team_id_counts_without_a_token_alone(void **state)
{
	struct world *w = *state;
	struct buf text;

	buf_init(&text, 1 << 20);
	send(w,
		"{\"event\":\"by "
		"id\",\"distinct_id\":\"d\",\"team_id\":1," UUID(1) "}",
		NULL);
	send(w,
		"{\"event\":\"nobody\",\"distinct_id\":\"d\",\"team_id\":"
		"77," UUID(2) "}",
		NULL);
	send(w,
		"{\"event\":\"both\",\"distinct_id\":\"d\",\"team_id\":1,"
		"\"token\":\"phc_nobody\"," UUID(3) "}",
		NULL);
	world_start(w, plain);
	world_drain(w);
	world_text(w, TOPIC_EVENTS, 0, &text);
	assert_int_equal(times(&text, "\n"), 1);
	assert_true(holds(&text, "\"event\":\"by id\""));
	buf_reset(&text);
	world_text(w, TOPIC_DEAD_LETTERS, 1, &text);
	assert_int_equal(times(&text, "\n"), 2);
	assert_int_equal(times(&text, "\"team_id\":0,"), 2);
	buf_fini(&text);
}

static void
headers_say_personless_and_historical(void **state)
{
	struct world *w = *state;
	struct buf text;

	buf_init(&text, 1 << 20);
	/* Without the drop rule: even one that identifies is kept. */
	send(w,
		"{\"event\":\"$identify\",\"distinct_id\":\"d\"," TOKEN
		"," UUID(1) ",\"properties\":{\"$anon_distinct_id\":\"a\","
			    "\"$set\":{\"x\":1}}}",
		"force_disable_person_processing");
	send(w,
		"{\"event\":\"old\",\"distinct_id\":\"h\"," TOKEN
		"," UUID(2) "}",
		"historical_migration");
	world_start(w, plain);
	world_drain(w);
	assert_int_equal(world_count(w, TOPIC_PERSON, 0), 1);
	assert_int_equal(world_count(w, TOPIC_EVENTS, 0), 2);
	world_text(w, TOPIC_PERSON, 0, &text);
	assert_false(holds(&text, "\\\"x\\\":1"));
	buf_reset(&text);
	world_text(w, TOPIC_EVENTS, 0, &text);
	assert_int_equal(times(&text, "\"person_mode\":\"propertyless\""), 1);
	assert_int_equal(times(&text, "\"historical_migration\":true"), 1);
	assert_int_equal(world_count(w, TOPIC_DEAD_LETTERS, 1), 0);
	buf_fini(&text);
}

static void
ids_that_no_row_can_have_drop_the_event(void **state)
{
	struct world *w = *state;
	struct buf text, message;

	buf_init(&text, 1 << 20);
	buf_init(&message, 1 << 20);
	buf_append_lit(&message,
		"{\"event\":\"e\"," TOKEN "," UUID(1) ",\"distinct_id\":\"");
	for (int i = 0; i < 401; i++)
		buf_append_char(&message, 'x');
	buf_append_lit(&message, "\"}");
	send(w, buf_cstr(&message), NULL);
	send(w,
		"{\"event\":\"e\",\"distinct_id\":\"d\"," TOKEN
		",\"uuid\":\"no-uuid\"}",
		NULL);
	world_start(w, plain);
	world_drain(w);
	assert_int_equal(world_count(w, TOPIC_EVENTS, 0), 0);
	assert_int_equal(world_count(w, TOPIC_PERSON, 0), 0);
	assert_int_equal(world_count(w, TOPIC_DEAD_LETTERS, 1), 0);
	world_text(w, TOPIC_WARNINGS, 1, &text);
	assert_int_equal(times(&text, "\n"), 2);
	assert_true(holds(&text, "skipping_event_invalid_distinct_id"));
	assert_true(holds(&text, "\\\"distinctIdLength\\\":401"));
	assert_true(holds(&text, "skipping_event_invalid_uuid"));
	buf_fini(&message);
	buf_fini(&text);
}

/* pipeline-5: the group is kept, its message does not leave, all rows do. */
static void
a_group_over_the_topics_limit_raises_a_warning(void **state)
{
	struct world *w = *state;
	struct buf text, message;
	int n = 6;

	buf_init(&text, 64 << 20);
	buf_init(&message, 8 << 20);
	for (int i = 0; i < n; i++) {
		buf_reset(&message);
		buf_printf(&message,
			"{\"event\":\"$groupidentify\",\"distinct_id\":"
			"\"d\"," TOKEN ",\"uuid\":\"00000000-0000-4000-8000-"
			"00000000000%d\",\"properties\":{\"$group_type\":"
			"\"org\",\"$group_key\":\"o\",\"$group_set\":{\"p%d\":"
			"\"",
			i, i);
		for (int k = 0; k < 800000; k++)
			buf_append_char(&message, 'x');
		buf_append_lit(&message, "\"}}}");
		send(w, buf_cstr(&message), NULL);
	}
	world_start(w, plain);
	world_drain(w);
	assert_int_equal(world_count(w, TOPIC_EVENTS, 0), n);
	world_text(w, TOPIC_WARNINGS, 1, &text);
	assert_true(holds(&text, "group_upsert_message_size_too_large"));
	assert_true(holds(&text, "\\\"groupKey\\\":\\\"o\\\""));
	buf_fini(&message);
	buf_fini(&text);
}

#define FOREIGN_TEST(f)                                                        \
	cmocka_unit_test_setup_teardown(f, make_world, remove_world)

int
run_foreign_tests(void)
{
	const struct CMUnitTest tests[] = {
		FOREIGN_TEST(a_team_id_counts_without_a_token_alone),
		FOREIGN_TEST(headers_say_personless_and_historical),
		FOREIGN_TEST(ids_that_no_row_can_have_drop_the_event),
		FOREIGN_TEST(a_group_over_the_topics_limit_raises_a_warning),
	};

	return cmocka_run_group_tests_name("foreign", tests, NULL, NULL);
}
