#include <stdio.h>
#include <string.h>

#include "make_event.h"
#include "tests.h"

static struct make m;

static int
set_up(void **state)
{
	(void)state;
	make_init(&m);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	make_fini(&m);
	return 0;
}

/* event-2. What the event holds after event_read alone (spec 3.1 to 3.3). */
static void
members_are_merged(void **state)
{
	static const char *const rows[][2] = {
		{"{\"properties\":{\"a\":1}}", "{\"a\":1}"},
		{"{}", "{}"},
		{"{\"properties\":[1]}", "{}"},
		{"{\"properties\":{\"$set\":{\"a\":1,\"b\":1}},"
		 "\"$set\":{\"b\":2,\"c\":3}}",
			"{\"$set\":{\"a\":1,\"b\":2,\"c\":3}}"},
		{"{\"$set_once\":{\"f\":\"x\"}}",
			"{\"$set_once\":{\"f\":\"x\"}}"},
		{"{\"properties\":{\"$set\":\"plan=pro\",\"$set_once\":5}}",
			"{}"},
		{"{\"$set\":[1]}", "{}"},
		{"{\"properties\":{\"$unset\":[\"a\",5]}}",
			"{\"$unset\":[\"a\",5]}"},
		{"{\"$unset\":[\"b\"],\"properties\":{\"$unset\":{\"a\":1}}}",
			"{\"$unset\":[\"a\",\"b\"]}"},
		{"{\"$unset\":\"b\",\"properties\":{\"$unset\":[\"a\"]}}",
			"{\"$unset\":[\"a\"]}"},
		{"{\"ip\":\"1.2.3.4\"}", "{\"$ip\":\"1.2.3.4\"}"},
		{"{\"ip\":\"1.2.3.4\",\"properties\":{\"$ip\":\"5.6.7.8\"}}",
			"{\"$ip\":\"5.6.7.8\"}"},
		{"{\"ip\":\"1.2.3.4\",\"properties\":{\"$ip\":\"\"}}",
			"{\"$ip\":\"1.2.3.4\"}"},
		{"{\"sent_at\":\"2026-01-01T00:00:00Z\"}",
			"{\"$sent_at\":\"2026-01-01T00:00:00Z\"}"},
		{"{\"properties\":{\"$session_id\":"
		 "\"0190A1B2-C3D4-7E5F-8A9B-0C1D2E3F4A5B\"}}",
			"{\"$session_id\":"
			"\"0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b\"}"},
		{"{\"properties\":{\"$session_id\":\"ABC-not-a-uuid\"}}",
			"{\"$session_id\":\"ABC-not-a-uuid\"}"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_string_equal(
			make_properties(&m, make_read(&m, rows[i][0])),
			rows[i][1]);
}

static void
addresses_follow_the_project(void **state)
{
	static const char event[] = "{\"ip\":\"203.0.113.77\"}";
	static const char own[] =
		"{\"properties\":{\"$ip\":\"2001:db8:1:2::3\"}}";
	static const char odd[] = "{\"properties\":{\"$ip\":\"nowhere\"}}";
	struct event *ev;

	(void)state;
	m.rules.ip = EVENT_IP_DROP;
	ev = make_read(&m, event);
	assert_string_equal(make_properties(&m, ev), "{}");
	assert_null(ev->ip.p);
	assert_string_equal(make_properties(&m, make_read(&m, own)), "{}");
	m.rules.ip = EVENT_IP_TRUNCATE;
	assert_string_equal(make_properties(&m, make_read(&m, event)),
		"{\"$ip\":\"203.0.113.0\"}");
	assert_string_equal(make_properties(&m, make_read(&m, own)),
		"{\"$ip\":\"2001:db8:1::\"}");
	assert_string_equal(make_properties(&m, make_read(&m, odd)), "{}");
}

static void
text_is_mended(void **state)
{
	static const char *const rows[][2] = {
		{"{\"event\":\"a\\ud83db\"}", "a\\ud83d\\b"},
		{"{\"event\":\"a\\ud83d\\ude00b\"}", "a\xf0\x9f\x98\x80"
						     "b"},
		{"{\"event\":\"\\ude00\\ud83d\"}", "\\ude00\\\\ud83d\\"},
		{"{\"event\":\"a\\u0000\\\"b\"}", "a\xef\xbf\xbd\"b"},
		{"{\"event\":5}", "5"},
		{"{\"event\":[1, 2]}", "[1,2]"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct event *ev = make_read(&m, rows[i][0]);

		assert_true(slice_eq_str(ev->name, rows[i][1]));
	}
	assert_true(slice_eq_str(
		make_read(&m, "{\"distinct_id\":4711}")->distinct_id, "4711"));
	assert_true(slice_eq_str(
		make_read(&m, "{\"distinct_id\":true}")->distinct_id, "true"));
}

/* properties is level 1; a value may have 63 below it. */
static void
depth_is_limited(void **state)
{
	struct event *ev;
	char json[512];
	int n = 0;

	(void)state;
	for (int levels = 63; levels <= 64; levels++) {
		n = snprintf(json, sizeof(json), "{\"properties\":{\"a\":");
		for (int i = 0; i < levels; i++)
			json[n++] = '[';
		for (int i = 0; i < levels; i++)
			json[n++] = ']';
		json[n++] = '}';
		json[n++] = '}';
		json[n] = '\0';
		ev = make_read(&m, json);
		assert_string_equal(make_warnings(&m, ev),
			levels == 63 ? "" : "properties_too_deep");
	}
	/* The innermost became null. */
	assert_non_null(strstr(make_properties(&m, ev), "[null]"));
}

static void
times_come_from_capture_first(void **state)
{
	struct json_doc d;
	struct event ev;
	struct event_source src = {.uuid = SLICE_LIT(MAKE_UUID),
		.distinct_id = SLICE_LIT("a"),
		.name = SLICE_LIT("e"),
		.now = SLICE_LIT("2026-01-01T12:00:00Z"),
		.timestamp = SLICE_LIT("2025-05-05T05:05:05.005Z"),
		.doc = &d};
	struct err e;

	(void)state;
	make_parse(&m, "{\"timestamp\":\"2025-06-06T06:06:06Z\"}", &d);
	assert_int_equal(event_read(&ev, &m.rules, &src, &m.work, &e), 0);
	assert_int_equal(ev.timestamp_us, INT64_C(1746421505005000));
	src.timestamp = SLICE_NONE;
	assert_int_equal(event_read(&ev, &m.rules, &src, &m.work, &e), 0);
	assert_int_equal(ev.timestamp_us, INT64_C(1749189966000000));
	make_parse(&m, "[1]", &d);
	assert_int_equal(
		event_read(&ev, &m.rules, &src, &m.work, &e), -ERR_INVALID);
}

int
test_read(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(members_are_merged),
		T(addresses_follow_the_project),
		T(text_is_mended),
		T(depth_is_limited),
		T(times_come_from_capture_first),
	};
#undef T

	return cmocka_run_group_tests_name("read", tests, NULL, NULL);
}
