#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/capture/harness.h"
#include "tests/unit/capture/suites.h"

/* Events that the project sent before are answered and not stored again. */
#define U1 "0190f0a0-0000-7000-8000-000000000001"
#define U2 "0190f0a0-0000-7000-8000-000000000002"
#define U3 "0190f0a0-0000-7000-8000-000000000003"
#define POST(h, r, path, body)                                                 \
	harness_post(h, r, path, "Content-Type: application/json\r\n",         \
		SLICE_LIT(body))
#define EVENT(uuid, name, id)                                                  \
	"{\"uuid\":\"" uuid "\",\"event\":\"" name "\",\"distinct_id\":\"" id  \
	"\",\"properties\":{}}"
#define BATCH(events) "{\"api_key\":\"" TOKEN "\",\"batch\":[" events "]}"

static struct reply r;
static struct record rec[3000];

static void
send_and_expect(struct harness *h, const char *body, int stored)
{
	harness_post(h, &r, "/batch/", "Content-Type: application/json\r\n",
		slice_str(body));
	assert_int_equal(r.status, 200);
	assert_string_equal(r.body, "{\"status\": 1}");
	assert_int_equal(harness_read(h, TOPIC_INGESTION, rec, 10), stored);
}

static void
an_event_sent_again_is_not_stored_again(void **state)
{
	struct harness h;

	(void)state;
	harness_start(&h, NULL, NULL);
	send_and_expect(&h, BATCH(EVENT(U1, "a", "x")), 1);
	send_and_expect(&h, BATCH(EVENT(U1, "a", "x")), 0);
	/* The same uuid in another spelling. */
	send_and_expect(&h,
		BATCH(EVENT("0190F0A000007000800000000000"
			    "0001",
			"\\u0061", "x")),
		0);
	send_and_expect(&h, BATCH(EVENT(U1, "b", "x")), 1);
	send_and_expect(&h, BATCH(EVENT(U1, "a", "y")), 1);
	send_and_expect(
		&h, BATCH(EVENT(U1, "a", "x") "," EVENT(U2, "a", "x")), 1);
	assert_string_equal(record_member(&rec[0], "uuid"), U2);
	harness_stop(&h);
}

static void
copies_in_one_request_are_stored_once(void **state)
{
	struct harness h;

	(void)state;
	harness_start(&h, NULL, NULL);
	send_and_expect(&h,
		BATCH(EVENT(U1, "a", "x") "," EVENT(U2, "a", "x") "," EVENT(U1,
			"a",
			"x") "," EVENT(U3, "a", "x") "," EVENT(U2, "a", "x")),
		3);
	assert_string_equal(record_member(&rec[0], "uuid"), U1);
	assert_string_equal(record_member(&rec[1], "uuid"), U2);
	assert_string_equal(record_member(&rec[2], "uuid"), U3);
	assert_string_equal(record_header(&rec[2], "uuid"), U3);
	assert_string_equal(record_header(&rec[2], "event"), "a");
	assert_true(slice_eq_str(rec[2].key, TOKEN ":x"));
	harness_stop(&h);
}

static void
events_without_a_uuid_are_each_their_own(void **state)
{
	struct harness h;

	(void)state;
	harness_start(&h, NULL, NULL);
	send_and_expect(&h,
		BATCH("{\"event\":\"a\",\"distinct_id\":\"x\"},"
		      "{\"event\":\"a\",\"distinct_id\":\"x\"}"),
		2);
	harness_stop(&h);
}

static void
a_project_may_want_copies(void **state)
{
	const char *const copies[] = {"dedupe_uuids=false", NULL};
	struct harness h;

	(void)state;
	harness_start(&h, NULL, copies);
	send_and_expect(&h, BATCH(EVENT(U1, "a", "x")), 1);
	send_and_expect(&h, BATCH(EVENT(U1, "a", "x")), 1);
	harness_stop(&h);
}

static void
without_a_memory_all_is_stored(void **state)
{
	const char *const none[] = {"capture.dedupe_events=0", NULL};
	struct harness h;

	(void)state;
	harness_start(&h, none, NULL);
	send_and_expect(&h, BATCH(EVENT(U1, "a", "x")), 1);
	send_and_expect(&h, BATCH(EVENT(U1, "a", "x")), 1);
	harness_stop(&h);
}

/* Two topics go in a job of several appends. */
static void
copies_over_two_topics_are_found(void **state)
{
	static const char body[] =
		"{\"api_key\":\"" TOKEN "\",\"historical_migration\":true,"
		"\"batch\":[" EVENT(U1, "a", "x") "," EVENT(U2, "$exception",
			"x") "," EVENT(U1, "a", "x") "," EVENT(U2, "$exception",
			"x") "," EVENT(U3, "a", "x") "]}";
	struct harness h;

	(void)state;
	harness_start(&h, NULL, NULL);
	for (int i = 0; i < 2; i++) {
		POST(&h, &r, "/batch/", body);
		assert_int_equal(r.status, 200);
		assert_int_equal(
			harness_read(&h, TOPIC_INGESTION_HISTORICAL, rec, 10),
			i == 0 ? 2 : 0);
		assert_int_equal(harness_read(&h, TOPIC_INGESTION, rec, 10),
			i == 0 ? 1 : 0);
	}
	harness_stop(&h);
}

/* Many batches of records in one request, every second event known. */
static void
a_large_request_loses_what_is_known_and_nothing_else(void **state)
{
	enum { N = 2500 };
	static struct buf body;
	static const char *const pad =
		"0123456789012345678901234567890123456789"
		"0123456789012345678901234567890123456789";
	struct harness h;
	int n;

	(void)state;
	harness_start(&h, NULL, NULL);
	buf_init(&body, 1 << 24);
	for (int turn = 0; turn < 2; turn++) {
		buf_reset(&body);
		buf_append_str(&body, "{\"api_key\":\"" TOKEN "\",\"batch\":[");
		for (int i = 0; i < N; i += turn == 0 ? 2 : 1)
			buf_printf(&body,
				"%s{\"uuid\":\"0190f0a0-0000-7000-8000-"
				"%012d\",\"event\":\"e\",\"distinct_id\":\"%d\""
				",\"properties\":{\"p\":\"%s%s%s%s%s%s%s%s\"}}",
				i == 0 ? "" : ",", i, i % 7, pad, pad, pad, pad,
				pad, pad, pad, pad);
		buf_append_str(&body, "]}");
		harness_post(&h, &r, "/batch/",
			"Content-Type: application/json\r\n", buf_slice(&body));
		assert_int_equal(r.status, 200);
		n = harness_read(&h, TOPIC_INGESTION, rec, 3000);
		assert_int_equal(n, N / 2);
		for (int i = 0; i < n; i++) {
			char uuid[40];

			snprintf(uuid, sizeof(uuid),
				"0190f0a0-0000-7000-8000-%012d", i * 2 + turn);
			assert_string_equal(
				record_header(&rec[i], "uuid"), uuid);
			assert_string_equal(
				record_member(&rec[i], "uuid"), uuid);
		}
	}
	buf_fini(&body);
	harness_stop(&h);
}

/* The strict endpoint answers for each event. */
static void
the_strict_endpoint_says_ok_to_a_copy(void **state)
{
	static const char headers[] =
		"Content-Type: application/json\r\n"
		"Authorization: Bearer " TOKEN "\r\n"
		"PostHog-Sdk-Info: posthog-test/1.0\r\n"
		"PostHog-Attempt: 1\r\n"
		"PostHog-Request-Id: 0190f0a0-0000-7000-8000-0000000000ff\r\n"
		"PostHog-Request-Timestamp: 2024-03-05T10:00:00Z\r\n"
		"User-Agent: test\r\n";
	static const char body[] =
		"{\"created_at\":\"2024-03-05T10:00:00Z\",\"batch\":["
		"{\"uuid\":\"" U1 "\",\"event\":\"a\",\"distinct_id\":\"x\","
		"\"timestamp\":\"2024-03-05T10:00:00Z\"}]}";
	struct harness h;

	(void)state;
	harness_start(&h, NULL, NULL);
	for (int i = 0; i < 2; i++) {
		harness_post(&h, &r, "/i/v1/analytics/events", headers,
			SLICE_LIT(body));
		assert_int_equal(r.status, 200);
		assert_string_equal(r.body,
			"{\"results\":{\"" U1 "\":{\"result\":\"ok\"}}}");
		assert_int_equal(harness_read(&h, TOPIC_INGESTION, rec, 10),
			i == 0 ? 1 : 0);
	}
	/* And knows what came by the other. */
	send_and_expect(&h, BATCH(EVENT(U1, "a", "x")), 0);
	harness_stop(&h);
}

const struct CMUnitTest capture_known_tests[] = {
	cmocka_unit_test(an_event_sent_again_is_not_stored_again),
	cmocka_unit_test(copies_in_one_request_are_stored_once),
	cmocka_unit_test(events_without_a_uuid_are_each_their_own),
	cmocka_unit_test(a_project_may_want_copies),
	cmocka_unit_test(without_a_memory_all_is_stored),
	cmocka_unit_test(copies_over_two_topics_are_found),
	cmocka_unit_test(a_large_request_loses_what_is_known_and_nothing_else),
	cmocka_unit_test(the_strict_endpoint_says_ok_to_a_copy),
};
const size_t capture_n_known_tests = ARRAY_LEN(capture_known_tests);
