#include "tests.h"

#include <stdio.h>

#include "dlq/dlq.h"

static const char *const plain[] = {NULL};

static void
send(struct world *w, int i, const char *token)
{
	char uuid[37];
	struct world_event ev = {.token = token,
		.uuid = uuid_of(i, uuid),
		.distinct_id = "u-1",
		.name = "e",
		.properties = "{\"a\":\"b\"}",
		.now_us = NOW_US};

	world_send(w, &ev);
}

static void
letter_text(struct world *w, struct buf *text)
{
	world_text(w, TOPIC_DEAD_LETTERS, 1, text);
}

struct headers {
	char text[1024];
};

static void
note_headers(void *cookie, const struct batch_record_view *rec)
{
	struct headers *h = cookie;
	struct slice left = rec->headers;
	struct batch_header_kv kv;
	size_t at = 0;

	for (uint32_t i = 0; i < rec->n_headers; i++) {
		assert_true(batch_header_next(&left, &kv));
		at += (size_t)snprintf(h->text + at, sizeof(h->text) - at,
			"%.*s=%.*s ", SLICE_FMT(kv.key), SLICE_FMT(kv.value));
	}
}

static void
an_unknown_token_makes_a_letter(void **state)
{
	struct world *w = *state;
	struct headers h = {0};
	struct buf text;

	buf_init(&text, 1 << 20);
	send(w, 7, "phc_nobody");
	world_start(w, plain);
	world_drain(w);
	letter_text(w, &text);
	assert_true(holds(&text, "00000000-0000-4000-8000-000000000007 {"));
	assert_true(holds(&text, "\"team_id\":0,"));
	assert_true(holds(&text, "\"error_location\":"
				 "\"plugin_server_ingest_event:decode\""));
	assert_true(holds(&text, "\"token\":\"phc_nobody\""));
	assert_true(holds(&text, "\"now\":\"2024-03-05 10:20:30\""));
	assert_true(holds(&text, "\"tags\":[\"plugin_server\","
				 "\"ingest_event\"]"));
	world_each(w, TOPIC_DEAD_LETTERS, 1, note_headers, &h);
	assert_non_null(strstr(h.text, "token=phc_nobody distinct_id=u-1 "
				       "event=e uuid=00000000-"));
	assert_non_null(strstr(h.text, "dlq_reason=unknown_token "
				       "dlq_step=decode dlq_timestamp="));
	assert_non_null(strstr(h.text, "dlq_topic=events_plugin_ingestion "
				       "dlq_partition=0 dlq_offset=0 "));
	assert_int_equal(world_count(w, TOPIC_EVENTS, 0), 0);
	assert_int_equal(world_count(w, TOPIC_WARNINGS, 1), 0);
	buf_fini(&text);
}

/* pipeline-1, pipeline-4: poison neither stops nor repeats its neighbours. */
static void
poison_becomes_letters_and_the_rest_goes_on(void **state)
{
	static const char *const poison[] = {
		"",
		"not JSON",
		"[1,2]",
		"{\"data\":5,\"token\":\"" WORLD_TOKEN "\"}",
		"{\"data\":\"{\",\"token\":\"" WORLD_TOKEN "\"}",
		"{\"data\":\"{}\",\"token\":\"" WORLD_TOKEN "\"}",
		"{\"event\":\"e\",\"token\":\"" WORLD_TOKEN "\"}",
		"\xff\xfe not UTF-8",
	};
	struct world *w = *state;
	struct buf text;
	int n = (int)ARRAY_LEN(poison);

	buf_init(&text, 1 << 20);
	for (int i = 0; i < n; i++) {
		send(w, i, NULL);
		world_send_raw(w, slice_str(poison[i]));
	}
	world_start(w, plain);
	world_drain(w);
	assert_int_equal(world_count(w, TOPIC_EVENTS, 0), n);
	assert_int_equal(world_count(w, TOPIC_DEAD_LETTERS, 1), n);
	letter_text(w, &text);
	assert_true(holds(&text, "\"raw_payload\":\"not JSON\""));
	assert_true(holds(&text, "\"raw_payload\":\"//4gbm90IFVURi04\","
				 "\"tags\":[\"plugin_server\",\"ingest_event\","
				 "\"base64\"]"));
	assert_true(holds(&text, "00000000-0000-0000-0000-000000000000 {"));
	buf_fini(&text);
}

/* pipeline-5 */
static void
a_row_over_the_topics_limit_becomes_a_letter(void **state)
{
	struct world *w = *state;
	struct headers h = {0};
	struct buf text;
	char uuid[37];
	struct world_event ev = {.uuid = uuid_of(1, uuid),
		.distinct_id = "u",
		.name = "e",
		.now_us = NOW_US};

	buf_init(&text, 64 << 20);
	buf_append_lit(&text, "{\"large\":\"");
	for (int i = 0; i < 4200000; i++)
		buf_append_char(&text, 'x');
	buf_append_lit(&text, "\"}");
	ev.properties = buf_cstr(&text);
	send(w, 0, NULL);
	world_send(w, &ev);
	send(w, 2, NULL);
	world_start(w, plain);
	world_drain(w);
	assert_int_equal(world_count(w, TOPIC_EVENTS, 0), 2);
	letter_text(w, &text);
	assert_int_equal(times(&text, "\n"), 1);
	assert_true(holds(&text, "\"team_id\":1,"));
	world_each(w, TOPIC_DEAD_LETTERS, 1, note_headers, &h);
	assert_non_null(strstr(h.text, "dlq_reason=message_too_large "
				       "dlq_step=output "));
	world_text(w, TOPIC_WARNINGS, 1, &text);
	assert_true(holds(&text, "\"type\":\"pipeline_step_dlq\""));
	assert_true(holds(&text, "\"type\":\"message_size_too_large\""));
	assert_true(holds(&text, "\\\"step\\\":\\\"output\\\""));
	buf_fini(&text);
}

/* Spec 1.3: a merge over the limit, and one that is just within. */
static void
a_merge_over_the_limit_becomes_a_letter(void **state)
{
	static const char *const limited[] = {"ingest.merge_limit=2", NULL};
	static const struct {
		const char *id, *name, *properties;
	} sent[] = {
		{"a", "$identify", "{\"$anon_distinct_id\":\"a2\"}"},
		{"a", "$create_alias", "{\"alias\":\"a3\"}"},
		{"b", "e", "{}"},
		{"b", "$merge_dangerously", "{\"alias\":\"a\"}"},
		{"c", "$identify", "{\"$anon_distinct_id\":\"c2\"}"},
		{"b", "$merge_dangerously", "{\"alias\":\"c\"}"},
	};
	struct world *w = *state;
	struct headers h = {0};
	struct buf text;

	for (int i = 0; i < (int)ARRAY_LEN(sent); i++) {
		char uuid[37];
		struct world_event ev = {.uuid = uuid_of(i, uuid),
			.distinct_id = sent[i].id,
			.name = sent[i].name,
			.properties = sent[i].properties,
			.now_us = NOW_US};

		world_send(w, &ev);
	}
	buf_init(&text, 1 << 20);
	world_start(w, limited);
	world_drain(w);
	assert_int_equal(world_count(w, TOPIC_EVENTS, 0), 5);
	letter_text(w, &text);
	assert_int_equal(times(&text, "\n"), 1);
	assert_true(holds(&text, "Error: Merge limit exceeded"));
	assert_true(holds(&text, "00000000-0000-4000-8000-000000000003 {"));
	world_each(w, TOPIC_DEAD_LETTERS, 1, note_headers, &h);
	assert_non_null(
		strstr(h.text, "dlq_reason=merge_limit dlq_step=persons "));
	/* The person stands as it was: three ids, not merged. */
	buf_reset(&text);
	world_text(w, TOPIC_PERSON, 0, &text);
	assert_int_equal(times(&text, "\"is_deleted\":1"), 1);
	buf_fini(&text);
}

/* A message of a foreign producer without data is the event. */
static void
a_bare_event_is_taken(void **state)
{
	struct world *w = *state;
	struct buf text;

	buf_init(&text, 1 << 20);
	world_send_raw(
		w, SLICE_LIT("{\"event\":\"e\",\"distinct_id\":5,\"token\":"
			     "\"" WORLD_TOKEN "\",\"uuid\":"
			     "\"00000000-0000-4000-8000-00000000ABCD\","
			     "\"timestamp\":\"2021-01-01T00:00:00Z\","
			     "\"properties\":{\"p\":1}}"));
	world_start(w, plain);
	world_drain(w);
	world_text(w, TOPIC_EVENTS, 0, &text);
	assert_true(holds(&text, "1:5 {\"uuid\":"
				 "\"00000000-0000-4000-8000-00000000abcd\""));
	assert_true(holds(&text, "\"timestamp\":\"2021-01-01 00:00:00.000\""));
	assert_int_equal(world_count(w, TOPIC_DEAD_LETTERS, 1), 0);
	buf_fini(&text);
}

/* pipeline-8 */
static void
a_letter_is_put_back_once(void **state)
{
	static const char *const none[] = {NULL};
	struct world *w = *state;
	struct buf text;
	struct store_conn *c;
	struct dlq_mark mark;
	struct err e;
	int64_t id;

	buf_init(&text, 1 << 20);
	send(w, 7, "phc_late");
	world_start(w, plain);
	world_drain(w);
	assert_int_equal(
		pipeline_replay_letter(w->p, 1, false, &e), -ERR_NOT_FOUND);
	assert_int_equal(
		team_create(w->teams, "late", "phc_late", none, &id, &e), 0);
	assert_int_equal(pipeline_replay_letter(w->p, 0, false, &e), 0);
	world_drain(w);
	world_text(w, TOPIC_EVENTS, 0, &text);
	assert_int_equal(times(&text, "00000000-0000-4000-8000-000000000007"),
		2); /* of the row and the person's $creator_event_uuid */
	assert_true(
		holds(&text, "\"captured_at\":\"2024-03-05 10:20:30.123\""));
	world_text(w, TOPIC_INGESTION, 1, &text);
	assert_true(holds(&text, "phc_late:u-1 {"));
	assert_int_equal(
		pipeline_replay_letter(w->p, 0, false, &e), -ERR_EXISTS);
	assert_int_equal(pipeline_replay_letter(w->p, 0, true, &e), 0);
	world_drain(w);
	assert_int_equal(world_count(w, TOPIC_EVENTS, 0), 2);
	assert_int_equal(store_reader_open(w->state, &c, &e), 0);
	assert_int_equal(dlq_mark_get(c, 0, &mark, &e), 0);
	assert_true(mark.replayed_at_us > 0);
	assert_int_equal(mark.replays, 2);
	assert_int_equal(dlq_mark_get(c, 1, &mark, &e), 0);
	assert_int_equal(mark.replayed_at_us, 0);
	store_reader_close(c);
	buf_fini(&text);
}

/* A letter as capture writes it stands in spool.db and goes back there. */
static void
a_letter_of_capture_goes_back_to_its_log(void **state)
{
	struct world *w = *state;
	struct batch_header_kv h[] = {
		{SLICE_LIT("token"), SLICE_LIT(WORLD_TOKEN)},
		{SLICE_LIT("distinct_id"), SLICE_LIT("u-9")},
		{SLICE_LIT("dlq_reason"), SLICE_LIT("unknown_token")},
	};
	struct slice value = SLICE_LIT(
		"{\"raw_payload\":\"{\\\"event\\\":\\\"e\\\",\\\"token\\\":"
		"\\\"" WORLD_TOKEN "\\\",\\\"distinct_id\\\":\\\"u-9\\\","
		"\\\"uuid\\\":\\\"00000000-0000-4000-8000-000000000009\\\"}\","
		"\"tags\":[\"capture\"]}");
	struct batch_writer bw;
	struct buf b;
	struct err e;

	buf_init(&b, 1 << 20);
	batch_begin(&bw, &b, NOW_US / 1000);
	batch_record(&bw, NOW_US / 1000, SLICE_NONE, value, h, 3);
	assert_int_equal(batch_end(&bw, BATCH_NONE, &e), 0);
	world_append(w, w->spool, TOPIC_DEAD_LETTERS, 0, &b, 1);
	world_start(w, plain);
	assert_int_equal(pipeline_replay_capture_letter(w->p, 0, false, &e), 0);
	world_drain(w);
	world_text(w, TOPIC_INGESTION, 0, &b);
	assert_true(holds(&b, WORLD_TOKEN ":u-9 {\"event\":\"e\""));
	assert_int_equal(world_count(w, TOPIC_EVENTS, 0), 1);
	assert_int_equal(pipeline_replay_capture_letter(w->p, 0, false, &e),
		-ERR_EXISTS);
	buf_fini(&b);
}

/* pipeline-8: each item is told how it went, and the others go on. What fails
 * again says which letter it was. */
static void
letters_are_put_back_together(void **state)
{
	static const int codes[] = {
		0, -ERR_EXISTS, -ERR_EXISTS, -ERR_NOT_FOUND, 0};
	const struct pipeline_replay_how how = {.who = "me"};
	struct pipeline_replay items[] = {{.offset = 0}, {.offset = 0},
		{.offset = 1}, {.offset = 9}, {.offset = 2}};
	struct headers h = {0};
	struct world *w = *state;
	const int64_t discarded = 1;
	struct dlq_mark mark;
	struct store_conn *c;
	struct dlq *dlq;
	int code = 1;
	struct err e;

	for (int i = 0; i < 3; i++)
		send(w, 10 + i, "phc_late");
	world_start(w, plain);
	world_drain(w);
	assert_int_equal(dlq_new(w->spool, w->state, &dlq, &e), 0);
	assert_int_equal(
		dlq_discard(dlq, 1, &discarded, 1, SLICE_LIT("x"), &code, &e),
		0);
	dlq_free(dlq);
	assert_int_equal(pipeline_replay_letters(
				 w->p, 1, items, ARRAY_LEN(items), &how, &e),
		0);
	for (size_t i = 0; i < ARRAY_LEN(items); i++)
		assert_int_equal(items[i].code, codes[i]);
	world_drain(w);
	assert_int_equal(world_count(w, TOPIC_INGESTION, 1), 2);
	/* The key is still no project's. */
	assert_int_equal(world_count(w, TOPIC_DEAD_LETTERS, 1), 5);
	world_each(w, TOPIC_DEAD_LETTERS, 1, note_headers, &h);
	assert_non_null(strstr(h.text, "dlq_replay_of="));
	assert_non_null(strstr(h.text, "dlq_attempts=1 "));
	assert_int_equal(store_reader_open(w->state, &c, &e), 0);
	assert_int_equal(dlq_mark_get(c, 2, &mark, &e), 0);
	assert_int_equal(mark.replays, 1);
	assert_string_equal(mark.who, "me");
	store_reader_close(c);
}

#define LETTER_TEST(f)                                                         \
	cmocka_unit_test_setup_teardown(f, make_world, remove_world)

int
run_letter_tests(void)
{
	const struct CMUnitTest tests[] = {
		LETTER_TEST(an_unknown_token_makes_a_letter),
		LETTER_TEST(poison_becomes_letters_and_the_rest_goes_on),
		LETTER_TEST(a_row_over_the_topics_limit_becomes_a_letter),
		LETTER_TEST(a_merge_over_the_limit_becomes_a_letter),
		LETTER_TEST(a_bare_event_is_taken),
		LETTER_TEST(a_letter_is_put_back_once),
		LETTER_TEST(letters_are_put_back_together),
		LETTER_TEST(a_letter_of_capture_goes_back_to_its_log),
	};

	return cmocka_run_group_tests_name("letters", tests, NULL, NULL);
}
