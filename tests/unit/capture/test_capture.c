#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/capture/harness.h"
#include "tests/unit/capture/suites.h"

#define POST(h, r, path, headers, body)                                        \
	harness_post(h, r, path, headers, SLICE_LIT(body))

static struct reply r;
static struct record rec[3000];

/* capture-1, capture-2 */
static void
an_event_is_durable_when_answered(void **state)
{
	struct harness h;

	(void)state;
	harness_start(&h, NULL, NULL);
	POST(&h, &r, "/e/", "X-Forwarded-For: 203.0.113.7, 10.0.0.1\r\n",
		"{\"token\":\"" TOKEN "\",\"event\":\"a\\u0062\", "
		"\"distinct_id\":\"u1\",\"uuid\":"
		"\"0190F0A0-0000-7000-8000-00000000000A\",\"ignored\":1,"
		"\"timestamp\":\"2024-03-05T10:00:00+02:00\","
		"\"properties\":{\"n\":1, \"s\":\"\\u00e9\\ud83d\"}}");
	assert_int_equal(r.status, 200);
	assert_string_equal(r.body, "{\"status\": 1}");
	assert_string_equal(
		reply_header(&r, "Content-Type"), "application/json");
	assert_int_equal(harness_read(&h, TOPIC_INGESTION, rec, 10), 1);
	assert_true(slice_eq_str(rec[0].key, TOKEN ":u1"));
	assert_string_equal(record_member(&rec[0], "event"), "ab");
	assert_string_equal(record_member(&rec[0], "ip"), "203.0.113.7");
	assert_string_equal(record_member(&rec[0], "uuid"),
		"0190f0a0-0000-7000-8000-00000000000a");
	assert_string_equal(
		record_member(&rec[0], "timestamp"), "2024-03-05T08:00:00Z");
	assert_null(record_member(&rec[0], "sent_at"));
	assert_string_equal(record_properties(&rec[0]),
		"{\"n\":1,\"s\":\"\\u00e9\xef\xbf\xbd\"}");
	assert_string_equal(record_header(&rec[0], "event"), "ab");
	assert_string_equal(
		record_header(&rec[0], "timestamp"), "1709625600000");
	assert_null(record_header(&rec[0], "historical_migration"));
	harness_stop(&h);
}

static void
one_bad_event_refuses_the_request(void **state)
{
	struct harness h;

	(void)state;
	harness_start(&h, NULL, NULL);
	POST(&h, &r, "/batch/", "",
		"{\"api_key\":\"" TOKEN "\",\"batch\":["
		"{\"event\":\"a\",\"distinct_id\":\"1\"},"
		"{\"event\":\"b\",\"distinct_id\":\"  \"}]}");
	assert_int_equal(r.status, 400);
	assert_string_equal(r.body, "event submitted without a distinct_id");
	assert_int_equal(harness_read(&h, TOPIC_INGESTION, rec, 10), 0);
	harness_stop(&h);
}

static void
two_topics_are_one_transaction(void **state)
{
	struct harness h;

	(void)state;
	harness_start(&h, NULL, NULL);
	POST(&h, &r, "/batch/", "",
		"{\"api_key\":\"" TOKEN "\",\"historical_migration\":true,"
		"\"sent_at\":\"nonsense\",\"batch\":["
		"{\"event\":\"a\",\"distinct_id\":\"1\"},"
		"{\"event\":\"$exception\",\"distinct_id\":\"1\"},"
		"{\"event\":\"c\",\"distinct_id\":\"1\"}]}");
	assert_int_equal(r.status, 200);
	assert_int_equal(
		harness_read(&h, TOPIC_INGESTION_HISTORICAL, rec, 10), 2);
	assert_string_equal(record_member(&rec[0], "event"), "a");
	assert_string_equal(record_member(&rec[1], "event"), "c");
	assert_string_equal(
		record_member(&rec[1], "historical_migration"), "true");
	assert_string_equal(
		record_header(&rec[1], "historical_migration"), "true");
	assert_string_equal(
		record_header(&rec[0], "sent_at_invalid"), "nonsense");
	assert_int_equal(harness_read(&h, TOPIC_INGESTION, rec, 10), 1);
	assert_string_equal(record_member(&rec[0], "event"), "$exception");
	assert_null(record_member(&rec[0], "historical_migration"));
	harness_stop(&h);
}

static bool
has_bytes(const struct record *one, const char *text)
{
	struct slice all[] = {one->key, one->value, one->headers};

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		if (memmem(all[i].p, all[i].len, text, strlen(text)) != NULL)
			return true;
	return false;
}

static const char with_ip[] =
	"{\"token\":\"" TOKEN "\",\"event\":\"a\",\"distinct_id\":\"u\","
	"\"properties\":{\"$ip\":\"203.0.113.99\",\"$cookieless_mode\":true}}";

/* capture-4 */
static void
anonymous_projects_leave_no_address(void **state)
{
	const char *const drop[] = {"anonymize_ips=true", NULL};
	const char *const cut[] = {
		"anonymize_ips=true", "anonymize_ips_mode=truncate", NULL};
	struct harness h;

	(void)state;
	harness_start(&h, NULL, drop);
	harness_post(&h, &r, "/e/", "X-Forwarded-For: 203.0.113.44\r\n",
		slice_str(with_ip));
	assert_int_equal(r.status, 200);
	assert_int_equal(harness_read(&h, TOPIC_INGESTION, rec, 10), 1);
	assert_false(has_bytes(&rec[0], "203.0.113"));
	assert_false(has_bytes(&rec[0], "127.0.0.1"));
	assert_false(has_bytes(&rec[0], "$ip"));
	assert_string_equal(record_member(&rec[0], "ip"), "");
	assert_true(slice_eq_str(rec[0].key, TOKEN ":"));
	harness_stop(&h);
	harness_start(&h, NULL, cut);
	harness_post(&h, &r, "/e/", "X-Forwarded-For: 203.0.113.44\r\n",
		slice_str(with_ip));
	assert_int_equal(harness_read(&h, TOPIC_INGESTION, rec, 10), 1);
	assert_string_equal(record_member(&rec[0], "ip"), "203.0.113.0");
	assert_true(slice_eq_str(rec[0].key, TOKEN ":203.0.113.0"));
	assert_string_equal(record_properties(&rec[0]),
		"{\"$ip\":\"203.0.113.0\",\"$cookieless_mode\":true}");
	harness_stop(&h);
}

static void
headers_are_believed_from_trusted_peers_only(void **state)
{
	const char *const settings[] = {
		"capture.trusted_proxies=10.0.0.0/8", NULL};
	static const char event[] =
		"{\"token\":\"" TOKEN "\",\"event\":\"a\",\"distinct_id\":1}";
	static const struct {
		const char *headers, *ip;
	} cases[] = {
		{"X-Forwarded-For: unknown, [2001:DB8::1]:443\r\n",
			"2001:db8::1"},
		{"Forwarded: proto=https;for=\"[2001:db8::2]:1\"\r\n",
			"2001:db8::2"},
		{"X-Real-IP: ::ffff:192.0.2.1\r\n", "192.0.2.1"},
		{"CloudFront-Viewer-Address: 2001:db8::3:4711\r\n",
			"2001:db8::3"},
		{"X-Forwarded-For: nonsense\r\n", "127.0.0.1"},
	};
	struct harness h;

	(void)state;
	harness_start(&h, NULL, NULL);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		harness_post(&h, &r, "/e/", cases[i].headers, slice_str(event));
		assert_int_equal(harness_read(&h, TOPIC_INGESTION, rec, 10), 1);
		assert_string_equal(record_member(&rec[0], "ip"), cases[i].ip);
	}
	harness_stop(&h);
	harness_start(&h, settings, NULL);
	harness_post(
		&h, &r, "/e/", "X-Real-IP: 192.0.2.1\r\n", slice_str(event));
	assert_int_equal(harness_read(&h, TOPIC_INGESTION, rec, 10), 1);
	assert_string_equal(record_member(&rec[0], "ip"), "127.0.0.1");
	harness_stop(&h);
}

static void
unknown_keys_are_refused_or_kept(void **state)
{
	const char *const keep[] = {"capture.unknown_token=keep",
		"capture.unknown_token_max_bytes=1", NULL};
	static const char event[] =
		"{\"token\":\"phc_nobody\",\"event\":\"a\\ud800\","
		"\"distinct_id\":1,\"properties\":{\"$ip\":\"203.0.113.5\"}}";
	struct harness h;

	(void)state;
	harness_start(&h, NULL, NULL);
	harness_post(&h, &r, "/e/", "", slice_str(event));
	assert_int_equal(r.status, 401);
	assert_non_null(strstr(r.body, "\"code\":\"invalid_api_key\""));
	assert_string_equal(
		reply_header(&r, "Content-Type"), "application/json");
	harness_stop(&h);
	harness_start(&h, keep, NULL);
	harness_post(&h, &r, "/e/", "X-Forwarded-For: 203.0.113.6\r\n",
		slice_str(event));
	assert_int_equal(r.status, 200);
	assert_int_equal(harness_read(&h, TOPIC_DEAD_LETTERS, rec, 10), 1);
	assert_false(has_bytes(&rec[0], "203.0.113"));
	assert_string_equal(
		record_header(&rec[0], "dlq_reason"), "unknown_token");
	assert_string_equal(record_member(&rec[0], "token"), "phc_nobody");
	assert_string_equal(record_member(&rec[0], "error"), "Unknown API key");
	assert_string_equal(
		record_member(&rec[0], "site_url"), "http://localhost");
	assert_null(record_member(&rec[0], "uuid"));
	/* The payload is the message that would have been written. */
	struct record payload = {
		.value = slice_str(record_member(&rec[0], "raw_payload"))};

	assert_string_equal(record_member(&payload, "event"), "a\xef\xbf\xbd");
	/* The bound is reached. */
	harness_post(&h, &r, "/e/", "", slice_str(event));
	assert_int_equal(r.status, 401);
	harness_stop(&h);
}

static void
overload_is_told_so_that_clients_retry(void **state)
{
	struct harness h;

	(void)state;
	harness_start(&h, NULL, NULL);
	h.refuse = true;
	harness_post(&h, &r, "/e/", "Origin: http://a.example\r\n",
		slice_str(with_ip));
	assert_int_equal(r.status, 503);
	assert_string_equal(r.body, "transient error, please retry");
	assert_in_range(
		strtol(reply_header(&r, "Retry-After"), NULL, 10), 5, 15);
	assert_string_equal(reply_header(&r, "Access-Control-Allow-Origin"),
		"http://a.example");
	h.refuse = false;
	harness_post(&h, &r, "/e/", "", slice_str(with_ip));
	assert_int_equal(r.status, 200);
	harness_stop(&h);
}

static void
large_event(struct buf *b, int i, int pad)
{
	buf_printf(b,
		"%s{\"event\":\"e%d\",\"distinct_id\":\"u\",\"uuid\":"
		"\"0190f0e4-1b2c-7d3e-8f4a-%012d\","
		"\"properties\":{\"pad\":\"",
		i == 0 ? "" : ",", i, i);
	for (int k = 0; k < pad; k++)
		buf_append_lit(b, "\\\"0123456789abc");
	buf_append_lit(b, "\"}}");
}

/* Over CAPTURE_LIGHT_BYTES, and several portions; to be ended with "]}". */
static void
large_request(struct buf *b, int n)
{
	buf_init(b, 64 * 1024 * 1024);
	buf_append_lit(b, "{\"api_key\":\"" TOKEN "\",\"batch\":[");
	for (int i = 0; i < n; i++)
		large_event(b, i, 100);
	assert_true(b->len > CAPTURE_LIGHT_BYTES);
	assert_true(b->len > 3 * CAPTURE_PORTION_BYTES);
}

/* Batches of at most 1 MiB, through the heavy thread: capture-3. */
static void
a_large_request_keeps_its_order(void **state)
{
	struct harness h;
	struct buf b;
	const int n = 3000;

	(void)state;
	harness_start(&h, NULL, NULL);
	large_request(&b, n);
	buf_append_lit(&b, "]}");
	harness_post(&h, &r, "/batch/", "", buf_slice(&b));
	assert_int_equal(r.status, 200);
	assert_int_equal(harness_read(&h, TOPIC_INGESTION, rec, n), n);
	for (int i = 0; i < n; i++) {
		char want[20];

		snprintf(want, sizeof(want), "e%d", i);
		assert_string_equal(record_header(&rec[i], "event"), want);
	}
	buf_fini(&b);
	harness_stop(&h);
}

/* capture-2: all its records are built before the first is stored. */
static void
a_large_request_that_is_refused_leaves_nothing(void **state)
{
	const char *const settings[] = {"capture.max_event_bytes=9000", NULL};
	struct harness h;
	struct buf b;

	(void)state;
	harness_start(&h, settings, NULL);
	large_request(&b, 3000);
	large_event(&b, 3000, 1000);
	buf_append_lit(&b, "]}");
	harness_post(&h, &r, "/batch/", "", buf_slice(&b));
	assert_int_equal(r.status, 413);
	assert_int_equal(harness_read(&h, TOPIC_INGESTION, rec, 1), 0);
	buf_fini(&b);
	harness_stop(&h);
}

/* capture-2: what came before a crash between two portions is known. */
static void
a_large_request_completes_what_is_there_in_part(void **state)
{
	struct harness h;
	const int n = 3000;
	struct buf b;

	(void)state;
	harness_start(&h, NULL, NULL);
	buf_init(&b, 1 << 20);
	buf_append_lit(&b, "{\"api_key\":\"" TOKEN "\",\"batch\":[");
	for (int i = 0; i < 100; i++)
		large_event(&b, i, 1);
	buf_append_lit(&b, "]}");
	harness_post(&h, &r, "/batch/", "", buf_slice(&b));
	assert_int_equal(r.status, 200);
	assert_int_equal(harness_read(&h, TOPIC_INGESTION, rec, n), 100);
	buf_fini(&b);
	for (int turn = 0; turn < 2; turn++) {
		large_request(&b, n);
		buf_append_lit(&b, "]}");
		harness_post(&h, &r, "/batch/", "", buf_slice(&b));
		assert_int_equal(r.status, 200);
		assert_int_equal(harness_read(&h, TOPIC_INGESTION, rec, n),
			turn == 0 ? n - 100 : 0);
		buf_fini(&b);
	}
	harness_stop(&h);
}

static void
a_message_has_a_bound(void **state)
{
	const char *const settings[] = {"capture.max_event_bytes=2000", NULL};
	struct harness h;
	struct buf b;

	(void)state;
	harness_start(&h, settings, NULL);
	buf_init(&b, 1 << 20);
	for (int pad = 1400; pad < 2100; pad += 300) {
		buf_reset(&b);
		buf_printf(&b,
			"[{\"token\":\"%s\",\"event\":\"a\","
			"\"distinct_id\":1},{\"token\":\"%s\",\"event\":\"a\","
			"\"distinct_id\":1,\"properties\":{\"pad\":\"%*s\"}}]",
			TOKEN, TOKEN, pad, "");
		harness_post(&h, &r, "/e/", "", buf_slice(&b));
		assert_int_equal(r.status, pad == 1400 ? 200 : 413);
	}
	assert_int_equal(harness_read(&h, TOPIC_INGESTION, rec, 10), 2);
	buf_fini(&b);
	harness_stop(&h);
}

static void
recordings_become_one_message(void **state)
{
	struct harness h;

	(void)state;
	harness_start(&h, NULL, NULL);
	POST(&h, &r, "/s/", "User-Agent: posthog-ios/3.1\r\n",
		"[{\"token\":\"" TOKEN "\",\"event\":\"$snapshot\","
		"\"distinct_id\":\"u\\\"1\",\"properties\":{"
		"\"$session_id\":\"s-1\",\"$snapshot_data\":[{\"a\":\"x\"}, "
		"2]}},{\"event\":\"$snapshot\",\"properties\":{"
		"\"$snapshot_data\":[]}},{\"event\":\"$snapshot\","
		"\"properties\":{\"$snapshot_data\":{\"b\":1}}}]");
	assert_int_equal(r.status, 200);
	assert_int_equal(harness_read(&h, TOPIC_RECORDINGS, rec, 10), 1);
	assert_true(slice_eq_str(rec[0].key, "s-1"));
	assert_string_equal(record_header(&rec[0], "session_id"), "s-1");
	assert_string_equal(record_properties(&rec[0]),
		"{\"distinct_id\":\"u\\\"1\",\"$session_id\":\"s-1\","
		"\"$window_id\":\"s-1\",\"$snapshot_source\":\"web\","
		"\"$snapshot_items\":[{\"a\":\"x\"},2,{\"b\":1}],"
		"\"$lib\":\"posthog-ios\"}");
	POST(&h, &r, "/s/", "",
		"{\"token\":\"" TOKEN "\",\"event\":\"$snapshot\","
		"\"distinct_id\":\"u\",\"properties\":{"
		"\"$session_id\":\"s_1\",\"$snapshot_data\":[]}}");
	assert_int_equal(r.status, 400);
	assert_string_equal(r.body, "replay event has invalid session id");
	harness_stop(&h);
}

static void
preflights_are_answered_on_every_path(void **state)
{
	struct harness h;
	static struct client c;

	(void)state;
	harness_start(&h, NULL, NULL);
	client_connect(&c, h.port);
	client_send_text(&c,
		"OPTIONS /nowhere HTTP/1.1\r\nHost: x\r\n"
		"Origin: http://a.example\r\n"
		"Access-Control-Request-Method: POST\r\n"
		"Access-Control-Request-Headers: x-one, x-two\r\n\r\n");
	client_read(&c, &r);
	assert_int_equal(r.status, 200);
	assert_int_equal(r.n_body, 0);
	assert_string_equal(reply_header(&r, "Access-Control-Allow-Headers"),
		"x-one, x-two");
	assert_string_equal(reply_header(&r, "Access-Control-Allow-Methods"),
		"GET,POST,OPTIONS");
	client_send_text(&c, "DELETE /e HTTP/1.1\r\nHost: x\r\n\r\n");
	client_read(&c, &r);
	assert_int_equal(r.status, 405);
	client_close(&c);
	harness_stop(&h);
}

static void
settings_apply_on_reload(void **state)
{
	const char *const small[] = {"capture.max_body_bytes=1024", NULL};
	struct harness h;
	struct conf_set *fresh;
	struct err e;
	static char body[1500];

	(void)state;
	memset(body, ' ', sizeof(body));
	harness_start(&h, NULL, NULL);
	assert_int_equal(conf_load("/dev/null", small, &fresh, &e), 0);
	capture_reload(h.c, conf_values(fresh));
	conf_free(fresh);
	harness_post(&h, &r, "/e/", "", slice_of(body, sizeof(body)));
	assert_int_equal(r.status, 413);
	assert_string_equal(r.body,
		"maximum event size exceeded: Request body exceeds limit of "
		"1024 bytes");
	harness_stop(&h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_event_is_durable_when_answered),
		cmocka_unit_test(one_bad_event_refuses_the_request),
		cmocka_unit_test(two_topics_are_one_transaction),
		cmocka_unit_test(anonymous_projects_leave_no_address),
		cmocka_unit_test(headers_are_believed_from_trusted_peers_only),
		cmocka_unit_test(unknown_keys_are_refused_or_kept),
		cmocka_unit_test(overload_is_told_so_that_clients_retry),
		cmocka_unit_test(a_large_request_keeps_its_order),
		cmocka_unit_test(
			a_large_request_that_is_refused_leaves_nothing),
		cmocka_unit_test(
			a_large_request_completes_what_is_there_in_part),
		cmocka_unit_test(a_message_has_a_bound),
		cmocka_unit_test(recordings_become_one_message),
		cmocka_unit_test(preflights_are_answered_on_every_path),
		cmocka_unit_test(settings_apply_on_reload),
	};
	int bad = _cmocka_run_group_tests("decode", capture_decode_tests,
		capture_n_decode_tests, NULL, NULL);

	bad += _cmocka_run_group_tests(
		"lane", capture_lane_tests, capture_n_lane_tests, NULL, NULL);
	bad += _cmocka_run_group_tests("share", capture_share_tests,
		capture_n_share_tests, NULL, NULL);
	bad += _cmocka_run_group_tests("known", capture_known_tests,
		capture_n_known_tests, NULL, NULL);
	bad += _cmocka_run_group_tests(
		"v1", capture_v1_tests, capture_n_v1_tests, NULL, NULL);
	bad += _cmocka_run_group_tests("bucket", capture_bucket_tests,
		capture_n_bucket_tests, NULL, NULL);
	bad += _cmocka_run_group_tests("alloc", capture_alloc_tests,
		capture_n_alloc_tests, NULL, NULL);
	bad += _cmocka_run_group_tests("nested", capture_nested_tests,
		capture_n_nested_tests, NULL, NULL);
	return bad + cmocka_run_group_tests(tests, NULL, NULL);
}
