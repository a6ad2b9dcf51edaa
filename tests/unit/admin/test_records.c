#include "admin/admin_int.h"
#include "tests/unit/admin/fixture.h"
#include "topic/batch.h"
#include "topic/topic.h"

/* What reads the records of a topic: streams, pages, dead letters. */

struct append_job {
	struct store_job job;
	struct store_part *part;
	struct buf batch;
	int64_t ts_ms, offset;
};

static int
run_append(struct store_job *job, struct store_conn *c, struct err *e)
{
	struct append_job *j = (struct append_job *)(void *)job;

	return store_tx_append(c, j->part, j->batch.p, j->batch.len, 1,
		j->ts_ms, &j->offset, e);
}

/* One record at this time in its own batch. */
static void
append(struct store *s, const char *topic, int partition, int64_t ts_ms,
	const char *value)
{
	struct append_job j = {.job.run = run_append, .ts_ms = ts_ms};
	struct batch_writer bw;
	struct err e;

	assert_int_equal(store_part_open(s, topic, partition, &j.part, &e), 0);
	buf_init(&j.batch, 1 << 20);
	batch_begin(&bw, &j.batch, ts_ms);
	batch_record(&bw, ts_ms, SLICE_NONE, slice_str(value), NULL, 0);
	assert_int_equal(batch_end(&bw, BATCH_NONE, &e), 0);
	j.job.bytes = j.batch.len;
	assert_int_equal(store_call(s, &j.job, &e), 0);
	buf_fini(&j.batch);
}

/* Reads a whole stream. */
static const char *
read_stream(struct world *w, const char *target)
{
	struct admin_call c;
	struct arena a;
	char piece[7];
	long n;

	buf_reset(&w->out);
	arena_init(&a, 1 << 20);
	admin_call_init(&c, w->admin, &a, SLICE_LIT("GET"), slice_str(target),
		SLICE_NONE);
	admin_dispatch(&c);
	assert_int_equal(c.status, 200);
	assert_non_null(c.stream);
	while ((n = c.stream(c.stream_cookie, piece, sizeof(piece))) > 0)
		buf_append(&w->out, piece, (size_t)n);
	assert_int_equal(n, 0);
	c.stream_free(c.stream_cookie);
	buf_fini(&c.out);
	arena_fini(&a);
	return buf_cstr(&w->out);
}

static void
partitions_are_merged_by_time_partition_and_offset(void **state)
{
	struct world *w = *state;
	const char *topic = topic_defs[TOPIC_WARNINGS].name;
	const char *text;

	append(w->o.spool, topic, 0, 1000, "a");
	append(w->o.spool, topic, 0, 3000, "d");
	append(w->o.spool, topic, 0, 3000, "e");
	append(w->o.state, topic, 1, 1000, "b");
	append(w->o.state, topic, 1, 2000, "c");
	append(w->o.state, topic, 1, 9000, "\xff");
	/* admin-4 */
	text = read_stream(w, "/api/v1/topics/clickhouse_ingestion_warnings/"
			      "records?from=start");
	assert_string_equal(text,
		"{\"partition\":0,\"offset\":0,\"timestamp_ms\":1000,\"key\":"
		"null,\"headers\":{},\"value\":\"a\"}\n"
		"{\"partition\":1,\"offset\":0,\"timestamp_ms\":1000,\"key\":"
		"null,\"headers\":{},\"value\":\"b\"}\n"
		"{\"partition\":1,\"offset\":1,\"timestamp_ms\":2000,\"key\":"
		"null,\"headers\":{},\"value\":\"c\"}\n"
		"{\"partition\":0,\"offset\":1,\"timestamp_ms\":3000,\"key\":"
		"null,\"headers\":{},\"value\":\"d\"}\n"
		"{\"partition\":0,\"offset\":2,\"timestamp_ms\":3000,\"key\":"
		"null,\"headers\":{},\"value\":\"e\"}\n"
		"{\"partition\":1,\"offset\":2,\"timestamp_ms\":9000,\"key\":"
		"null,\"headers\":{},\"value_base64\":\"/w==\"}\n");
	text = read_stream(w, "/api/v1/topics/clickhouse_ingestion_warnings/"
			      "records?partition=0&from=1&max=1");
	has(text, "\"value\":\"d\"");
	assert_null(strstr(text, "\"value\":\"e\""));
	has(ask(w, 404, "GET", "/api/v1/topics/none/records", ""), "not_found");
	has(ask(w, 400, "GET",
		    "/api/v1/topics/clickhouse_ingestion_warnings/"
		    "records?from=middle",
		    ""),
		"\"field\":\"from\"");
}

#define BROWSE "/api/v1/topics/clickhouse_ingestion_warnings/browse"

/* The page's values, and where it goes on. */
static void
page_is(struct world *w, const char *query, const char *values,
	const char *next)
{
	char target[300], got[100] = "";
	const char *text, *at;

	snprintf(target, sizeof(target), BROWSE "?%s", query);
	text = ask(w, 200, "GET", target, "");
	for (at = text; (at = strstr(at, "\"value\":\"")) != NULL; at += 10)
		snprintf(got + strlen(got), sizeof(got) - strlen(got), "%c",
			at[9]);
	assert_string_equal(got, values);
	has(text, next);
}

static void
a_topic_is_browsed_both_ways(void **state)
{
	struct world *w = *state;
	const char *topic = topic_defs[TOPIC_WARNINGS].name;
	static char large[100000];
	const char *text;

	append(w->o.spool, topic, 0, 1000, "a");
	append(w->o.state, topic, 1, 2000, "b");
	append(w->o.spool, topic, 0, 3000, "c");
	append(w->o.spool, topic, 0, 4000, "d");
	append(w->o.state, topic, 1, 5000, "e");
	page_is(w, "limit=2", "ed", "\"next\":\"b:2.1\"");
	page_is(w, "limit=2&cursor=b:2.1", "cb", "\"next\":\"b:1.0\"");
	page_is(w, "limit=2&cursor=b:1.0", "a", "\"next\":null");
	page_is(w, "from=start&limit=3", "abc", "\"next\":\"f:2.1\"");
	page_is(w, "limit=3&cursor=f:2.1", "de", "\"next\":null");
	page_is(w, "partition=0&limit=2", "dc", "\"next\":\"b:1\"");
	page_is(w, "partition=0&from=2", "d", "\"next\":null");
	page_is(w, "from=1970-01-01T00:00:03", "cde", "\"next\":null");
	page_is(w, "from=2030-01-01", "", "\"next\":null");
	for (size_t i = 0; i < 5; i++) {
		static const char *const bad[] = {"from=middle", "cursor=b:1",
			"cursor=f:1.2.3", "cursor=x:1.2", "limit=201"};

		snprintf(large, sizeof(large), BROWSE "?%s", bad[i]);
		has(ask(w, 400, "GET", large, ""), "\"field\"");
	}
	/* A long value is cut between characters. */
	for (size_t i = 0; i + 2 < sizeof(large); i += 2)
		memcpy(large + i, "\xc3\xa4", 3);
	large[0] = 'x';
	large[1] = 'y';
	large[2] = 'z';
	memmove(large + 3, large + 4, sizeof(large) - 4);
	append(w->o.spool, topic, 0, 9000, large);
	text = ask(w, 200, "GET", BROWSE "?limit=1", "");
	has(text, "\"value_bytes\":99997,\"cut\":true");
	assert_null(strstr(text, "base64"));
}

static void
dead_letters_are_listed_counted_and_shown(void **state)
{
	struct world *w = *state;
	const char *topic = topic_defs[TOPIC_DEAD_LETTERS].name;

	append(w->o.spool, topic, 0, 1000,
		"{\"id\":\"11111111-0000-4000-8000-000000000000\",\"event\":"
		"\"e1\",\"team_id\":3,\"error\":\"no key\",\"raw_payload\":"
		"\"{}\"}");
	append(w->o.state, topic, 1, 2000,
		"{\"id\":\"22222222-0000-4000-8000-000000000000\",\"event\":"
		"\"e2\",\"team_id\":3,\"error\":\"no key\"}");
	append(w->o.state, topic, 1, 3000, "no JSON");
	has(ask(w, 200, "GET", "/api/v1/dlq", ""),
		"\"project_id\":3,\"at\":\"1970-01-01T00:00:01.000Z\","
		"\"event\":"
		"\"e1\"");
	has(ask(w, 200, "GET", "/api/v1/dlq?limit=1", ""),
		"\"next\":\"1.0.1.2\"");
	has(ask(w, 200, "GET", "/api/v1/dlq?limit=1&cursor=1.0.1.2", ""),
		"\"e2\"");
	has(ask(w, 200, "GET", "/api/v1/dlq?limit=1&cursor=1.1.1.2", ""),
		"\"id\":\"1-1\"");
	has(ask(w, 400, "GET", "/api/v1/dlq?cursor=1.0", ""), "cursor");
	has(ask(w, 400, "GET", "/api/v1/dlq?state=lost", ""), "discarded");
	has(ask(w, 200, "GET", "/api/v1/dlq/groups", ""),
		"\"error\":\"no key\",\"project_id\":3,\"count\":2,"
		"\"pending\":2,\"replayed\":0,\"discarded\":0,"
		"\"first_at\":\"1970-01-01T00:00:01.000Z\",\"last_at\":"
		"\"1970-01-01T00:00:02.000Z\",\"sample_id\":"
		"\"22222222-0000-4000-8000-000000000000\"}");
	has(ask(w, 200, "GET",
		    "/api/v1/dlq/11111111-0000-4000-8000-000000000000", ""),
		"\"raw_payload\":\"{}\"");
	has(ask(w, 200, "GET", "/api/v1/dlq/1-1", ""), "\"offset\":1,");
	has(ask(w, 404, "GET", "/api/v1/dlq/x", ""), "not_found");
	has(ask(w, 503, "POST", "/api/v1/dlq-replay", "{\"all\":true}"),
		"ingest");
}

static void
dead_letters_are_discarded_and_counted(void **state)
{
	struct world *w = *state;
	const char *topic = topic_defs[TOPIC_DEAD_LETTERS].name;
	const char *values[] = {
		"{\"error\":\"bad \\\"a\\\" at 7\",\"team_id\":1}",
		"{\"error\":\"bad \\\"b\\\" at 8\",\"team_id\":2}",
		"{\"error\":\"bad \\\"c\\\" at 9\",\"team_id\":1}",
	};

	for (size_t i = 0; i < ARRAY_LEN(values); i++)
		append(w->o.state, topic, 1, (int64_t)i * 1000, values[i]);
	has(ask(w, 200, "POST", "/api/v1/dlq/discard",
		    "{\"ids\":[\"1-0\",\"1-0\",\"1-7\"],\"by\":\"me\"}"),
		"{\"discarded\":1,\"already\":1,\"failed\":1,");
	has(ask(w, 200, "GET", "/api/v1/dlq?state=discarded", ""),
		"\"state\":\"discarded\",\"replayed_at\":null");
	has(ask(w, 200, "GET", "/api/v1/dlq/1-0", ""), "\"by\":\"me\"");
	assert_null(strstr(ask(w, 200, "GET", "/api/v1/dlq", ""), "\"1-0\""));
	/* An error as a group has it is that of all; as a letter has it, of
	 * that letter. */
	has(ask(w, 200, "GET",
		    "/api/v1/dlq/groups?error=bad%20<text>%20at%20<n>", ""),
		"\"project_id\":1,\"count\":1,\"pending\":1,\"replayed\":0,"
		"\"discarded\":1");
	has(ask(w, 200, "POST", "/api/v1/dlq/discard",
		    "{\"all\":true,\"error\":\"bad \\\"b\\\" at 8\"}"),
		"{\"discarded\":1,");
	has(ask(w, 200, "POST", "/api/v1/dlq/discard",
		    "{\"all\":true,\"project\":2}"),
		"{\"discarded\":0,");
	has(ask(w, 200, "POST", "/api/v1/dlq/discard", "{\"all\":true}"),
		"{\"discarded\":1,");
	has(ask(w, 400, "POST", "/api/v1/dlq/discard", "{}"), "either");
	has(ask(w, 400, "POST", "/api/v1/dlq/discard",
		    "{\"all\":true,\"ids\":[\"1-0\"]}"),
		"either");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORLD(partitions_are_merged_by_time_partition_and_offset),
		IN_WORLD(a_topic_is_browsed_both_ways),
		IN_WORLD(dead_letters_are_listed_counted_and_shown),
		IN_WORLD(dead_letters_are_discarded_and_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
