#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include <cmocka.h>

#include "base/zip.h"
#include "tests/unit/capture/harness.h"
#include "tests/unit/capture/suites.h"

/* The strict endpoint and the reports of browsers, over a socket. */
#define V1 "/i/v1/analytics/events"
#define AUTH "Authorization: bearer " TOKEN "\r\n"
#define SDK                                                                    \
	"PostHog-Sdk-Info: posthog/go/1.2\r\nPostHog-Attempt: 1\r\n"           \
	"PostHog-Request-Id: 6F1C1B1E-52a3-4f5a-9a55-0d6ad3a0c001\r\n"         \
	"User-Agent: x\r\n"
#define AT "PostHog-Request-Timestamp: 2024-01-01T00:00:00Z\r\n"
#define JSON "Content-Type: Application/JSON; charset=utf-8\r\n"
#define ALL AUTH SDK AT JSON
#define ID(n) "0190f0a0-0000-7000-8000-00000000000" #n
#define EVENT(n, more)                                                         \
	"{\"event\":\"e\",\"uuid\":\"" ID(                                     \
		n) "\",\"distinct_id\":\" u \","                               \
		   "\"timestamp\":\"2023-12-31T23:59:45Z\"" more "}"
#define BATCH(events)                                                          \
	"{\"created_at\":\"2024-01-01T00:00:00Z\",\"batch\":[" events "]}"

static struct reply r;
static struct record rec[100];

static void
what_is_wrong_has_its_tag(void **state)
{
	static const struct {
		const char *headers, *body;
		int status;
		const char *tag;
	} cases[] = {
		{SDK AT JSON, BATCH(EVENT(1, "")), 401,
			"missing_authorization"},
		{"Authorization: Bearer phx_1\r\n" SDK AT JSON,
			BATCH(EVENT(1, "")), 401, "invalid_api_token"},
		{"Authorization: Bearer phc_nobody\r\n" SDK AT JSON,
			BATCH(EVENT(1, "")), 401, "invalid_api_token"},
		{AUTH SDK JSON, BATCH(EVENT(1, "")), 400,
			"missing_required_headers"},
		{AUTH SDK JSON "PostHog-Request-Timestamp: soon\r\n",
			BATCH(EVENT(1, "")), 400, "invalid_header_value"},
		{AUTH SDK AT, BATCH(EVENT(1, "")), 415,
			"unsupported_content_type"},
		{ALL "Content-Encoding: lz64\r\n", BATCH(EVENT(1, "")), 415,
			"unsupported_encoding"},
		{ALL "Content-Encoding: gzip\r\n", BATCH(EVENT(1, "")), 400,
			"request_decoding_error"},
		{ALL, "", 400, "empty_body"},
		{ALL, "{", 400, "request_parsing_error"},
		{ALL, "[]", 400, "request_parsing_error"},
		{ALL, BATCH("5"), 400, "request_parsing_error"},
		{ALL, BATCH("{\"event\":5}"), 400, "request_parsing_error"},
		{ALL, BATCH(""), 400, "empty_batch"},
		{ALL, "{\"batch\":[" EVENT(1, "") "]}", 400, "invalid_batch"},
		{ALL, BATCH("{\"event\":\"e\"}"), 400, "missing_event_uuid"},
		{ALL, BATCH("{\"event\":\"e\",\"uuid\":\"x\"}"), 400,
			"invalid_event_uuid"},
		{ALL, BATCH(EVENT(1, "") "," EVENT(1, "")), 400,
			"duplicate_event_uuid"},
	};
	struct harness h;

	(void)state;
	harness_start(&h, NULL, NULL);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char want[80];

		snprintf(want, sizeof(want), "{\"error\":\"%s\"", cases[i].tag);
		harness_post(
			&h, &r, V1, cases[i].headers, slice_str(cases[i].body));
		assert_int_equal(r.status, cases[i].status);
		assert_memory_equal(r.body, want, strlen(want));
		assert_string_equal(
			reply_header(&r, "Accept"), "application/json");
	}
	assert_int_equal(harness_read(&h, TOPIC_INGESTION, rec, 10), 0);
	harness_stop(&h);
}

static void
options_and_headers_become_properties(void **state)
{
	struct harness h;

	(void)state;
	harness_start(&h, NULL, NULL);
	harness_post(&h, &r, V1 "/", ALL,
		SLICE_LIT(BATCH(EVENT(1,
			",\"session_id\":\"s\",\"window_id\":\"w\","
			"\"properties\":{\"$lib\":\"mine\",\"a\":1 },"
			"\"options\":{\"process_person_profile\":\"0\","
			"\"product_tour_id\":\"t\"}"))));
	assert_int_equal(r.status, 200);
	assert_string_equal(
		r.body, "{\"results\":{\"" ID(1) "\":{\"result\":\"ok\"}}}");
	assert_string_equal(reply_header(&r, "PostHog-Request-Id"),
		"6f1c1b1e-52a3-4f5a-9a55-0d6ad3a0c001");
	assert_int_equal(harness_read(&h, TOPIC_INGESTION, rec, 10), 1);
	assert_true(slice_eq_str(rec[0].key, TOKEN ":u"));
	assert_string_equal(record_properties(&rec[0]),
		"{\"$lib\":\"mine\",\"a\":1,\"$session_id\":\"s\","
		"\"$window_id\":\"w\",\"$product_tour_id\":\"t\","
		"\"$process_person_profile\":false,\"$lib\":\"posthog/go\","
		"\"$lib_version\":\"1.2\"}");
	assert_string_equal(
		record_member(&rec[0], "sent_at"), "2024-01-01T00:00:00Z");
	/* Without correction: the client's own time, whatever it is. */
	harness_post(&h, &r, V1, ALL,
		SLICE_LIT(BATCH("{\"event\":\"e\",\"uuid\":\"" ID(
			2) "\",\"distinct_id\":\"Anonymous\",\"timestamp\":"
			   "\"2999-01-01T00:00:00Z\",\"options\":{"
			   "\"disable_skew_correction\":true}}")));
	assert_string_equal(r.body,
		"{\"results\":{\"" ID(2) "\":{\"result\":\"ok\",\"details\":"
					 "\"person_processing_disabled\"}}}");
	assert_int_equal(harness_read(&h, TOPIC_INGESTION, rec, 10), 1);
	assert_string_equal(
		record_member(&rec[0], "timestamp"), "2999-01-01T00:00:00Z");
	assert_string_equal(
		record_header(&rec[0], "force_disable_person_processing"),
		"true");
	harness_stop(&h);
}

static void
bad_events_are_dropped_alone(void **state)
{
	static const struct {
		const char *event, *details;
	} cases[] = {
		{"\"event\":\"\",\"distinct_id\":\"u\"", "missing_event_name"},
		{"\"event\":\"e\",\"distinct_id\":\"  \"",
			"missing_distinct_id"},
		{"\"event\":\"e\",\"distinct_id\":\"u\",\"timestamp\":\"no\"",
			"invalid_event_timestamp"},
		{"\"event\":\"e\",\"distinct_id\":\"u\",\"properties\":[],"
		 "\"timestamp\":\"2024-01-01\"",
			"malformed_event_properties"},
		{"\"event\":\"e\",\"distinct_id\":\"u\","
		 "\"timestamp\":\"2024-01-01\","
		 "\"options\":{\"cookieless_mode\":\"perhaps\"}",
			"invalid_options"},
	};
	struct harness h;
	char body[1000];

	(void)state;
	harness_start(&h, NULL, NULL);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		snprintf(body, sizeof(body),
			BATCH("{\"uuid\":\"" ID(1) "\",%s}"), cases[i].event);
		harness_post(&h, &r, V1, ALL, slice_str(body));
		assert_int_equal(r.status, 200);
		snprintf(body, sizeof(body),
			"{\"results\":{\"" ID(1) "\":{\"result\":\"drop\","
						 "\"details\":\"%s\"}}}",
			cases[i].details);
		assert_string_equal(r.body, body);
	}
	assert_int_equal(harness_read(&h, TOPIC_INGESTION, rec, 10), 0);
	harness_stop(&h);
}

static void
named_encodings_are_undone(void **state)
{
	static const char body[] = BATCH(EVENT(1, ""));
	const char *const copies[] = {"dedupe_uuids=false", NULL};
	struct harness h;
	struct buf b;
	struct err e;
	uLongf n = 1000;

	(void)state;
	harness_start(&h, NULL, copies);
	buf_init(&b, 10000);
	assert_int_equal(zip_gzip(SLICE_LIT(body), 6, &b, &e), 0);
	harness_post(
		&h, &r, V1, ALL "Content-Encoding: GZIP\r\n", buf_slice(&b));
	assert_int_equal(r.status, 200);
	buf_reset(&b);
	assert_int_equal(zip_zstd_encode(SLICE_LIT(body), &b, &e), 0);
	harness_post(
		&h, &r, V1, ALL "Content-Encoding: zstd\r\n", buf_slice(&b));
	assert_int_equal(r.status, 200);
	buf_reset(&b);
	assert_non_null(buf_reserve(&b, n));
	assert_int_equal(compress((Bytef *)b.p, &n, (const Bytef *)body,
				 sizeof(body) - 1),
		Z_OK);
	harness_post(&h, &r, V1, ALL "Content-Encoding: deflate\r\n",
		slice_of(b.p, n));
	assert_int_equal(r.status, 200);
	/* Without the two bytes of its head and the sum at its end. */
	harness_post(&h, &r, V1, ALL "Content-Encoding: deflate\r\n",
		slice_of(b.p + 2, n - 6));
	assert_int_equal(r.status, 200);
	assert_int_equal(harness_read(&h, TOPIC_INGESTION, rec, 10), 4);
	buf_fini(&b);
	harness_stop(&h);
}

#define REPORT "/report/?token=" TOKEN

static void
reports_of_browsers_become_events(void **state)
{
	struct harness h;

	(void)state;
	harness_start(&h, NULL, NULL);
	harness_post(&h, &r, REPORT "&session_id=s",
		"Content-Type: application/reports+json\r\n"
		"User-Agent: Browser/1\r\n",
		SLICE_LIT("[{\"type\":\"csp-violation\",\"url\":\"https://a/\","
			  "\"user_agent\":\"B\",\"body\":{\"blockedURL\":"
			  "\"inline\",\"effectiveDirective\":\"img-src\","
			  "\"lineNumber\":7,\"sample\":\"<a & 'b'>\"}},"
			  "{\"type\":\"deprecation\",\"body\":{}},"
			  "{\"type\":\"crash\",\"url\":\"https://b/\","
			  "\"body\":{\"reason\":\"oom\"}}]"));
	assert_int_equal(r.status, 204);
	assert_int_equal(harness_read(&h, TOPIC_INGESTION, rec, 10), 2);
	assert_string_equal(record_member(&rec[0], "event"), "$csp_violation");
	assert_non_null(strstr(record_properties(&rec[0]),
		"\"$current_url\":\"https://a/\","
		"\"$csp_document_url\":\"https://a/\","
		"\"$csp_violated_directive\":\"img-src\","
		"\"$csp_effective_directive\":\"img-src\","
		"\"$csp_blocked_url\":\"inline\",\"$csp_line_number\":7,"
		"\"$csp_script_sample\":\"&lt;a &amp; &#x27;b&#x27;&gt;\","
		"\"$csp_version\":\"unknown\""));
	assert_string_equal(
		record_member(&rec[1], "event"), "$browser_crash_report");
	assert_string_equal(record_properties(&rec[1]),
		"{\"$current_url\":\"https://b/\","
		"\"$browser_crash_reason\":\"oom\","
		"\"$raw_user_agent\":\"Browser/1\",\"$session_id\":\"s\","
		"\"$process_person_profile\":false}");
	harness_post(&h, &r, REPORT "&sample_rate=0", "",
		SLICE_LIT("{\"csp-report\":{\"document-uri\":\"x\"}}"));
	assert_int_equal(r.status, 204);
	assert_int_equal(harness_read(&h, TOPIC_INGESTION, rec, 10), 0);
	harness_post(&h, &r, REPORT, "", SLICE_LIT("{\"other\":1}"));
	assert_int_equal(r.status, 400);
	assert_non_null(strstr(r.body, "\"code\":\"invalid_csp_payload\""));
	harness_post(&h, &r, REPORT, "", SLICE_LIT("nonsense"));
	assert_int_equal(r.status, 400);
	harness_stop(&h);
}

const struct CMUnitTest capture_v1_tests[] = {
	cmocka_unit_test(what_is_wrong_has_its_tag),
	cmocka_unit_test(options_and_headers_become_properties),
	cmocka_unit_test(bad_events_are_dropped_alone),
	cmocka_unit_test(named_encodings_are_undone),
	cmocka_unit_test(reports_of_browsers_become_events),
};
const size_t capture_n_v1_tests = ARRAY_LEN(capture_v1_tests);
