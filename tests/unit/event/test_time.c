#include "base/clock.h"
#include "event/time.h"
#include "make_event.h"
#include "tests.h"

static const char *
iso(int64_t us)
{
	static char text[CLOCK_TEXT_MAX];

	clock_format(us, CLOCK_ISO_MS, text);
	return text;
}

static int64_t
at(const char *text)
{
	int64_t us;

	if (!event_time_parse(slice_str(text), &us))
		fail_msg("%s does not parse", text);
	return us;
}

/* Spec 4.2, a row each and the edges. */
static void
all_forms_parse(void **state)
{
	static const char *const rows[][2] = {
		{"2024-03-05T10:20:30.123Z", "2024-03-05T10:20:30.123Z"},
		{"2024-03-05T10:20:30.1239999Z", "2024-03-05T10:20:30.123Z"},
		{"2024-03-05t10:20:30z", "2024-03-05T10:20:30.000Z"},
		{"2024-03-05T10:20:30.5+02:00", "2024-03-05T08:20:30.500Z"},
		{"2024-03-05T10:20:30-0330", "2024-03-05T13:50:30.000Z"},
		{"2024-03-05T10:20:30+02", "2024-03-05T08:20:30.000Z"},
		{"2024-03-05T10:20:30-05", "2024-03-05T15:20:30.000Z"},
		{"2024-03-05T10:20:30", "2024-03-05T10:20:30.000Z"},
		{"2024-03-05 10:20:30", "2024-03-05T10:20:30.000Z"},
		{"2024-03-05 10:20:30.654321", "2024-03-05T10:20:30.654Z"},
		{"2024-03-05 10:20:30.654321+00:00",
			"2024-03-05T10:20:30.654Z"},
		{"2024-03-05", "2024-03-05T00:00:00.000Z"},
		{"2024/03/05", "2024-03-05T00:00:00.000Z"},
		{"2024/03/05 10:20:30", "2024-03-05T10:20:30.000Z"},
		{"03/05/2024", "2024-03-05T00:00:00.000Z"},
		{"Tue, 5 Mar 2024 10:00:00 +0200", "2024-03-05T08:00:00.000Z"},
		{"5 Mar 2024 10:00:00 GMT", "2024-03-05T10:00:00.000Z"},
		{"5 Mar 2024 10:00 EST", "2024-03-05T15:00:00.000Z"},
		{"Tue, 05 Mar 2024 10:00:00 pdt", "2024-03-05T17:00:00.000Z"},
		{"0000000001", "1970-01-01T00:00:01.000Z"},
		{"0000000000001", "1970-01-01T00:00:00.001Z"},
		{"86400", "1970-01-02T00:00:00.000Z"},
		{"100000000000", "1973-03-03T09:46:40.000Z"},
		{"2021-W43-5", "2021-10-29T00:00:00.000Z"},
		{"2021-302", "2021-10-29T00:00:00.000Z"},
		{"2020-W53-7", "2021-01-03T00:00:00.000Z"},
		{"1709634030", "2024-03-05T10:20:30.000Z"},
		{"1709634030123", "2024-03-05T10:20:30.123Z"},
		{"1709634030123456", "2024-03-05T10:20:30.123Z"},
		{"1709634030123456789", "2024-03-05T10:20:30.123Z"},
		{"2016-12-31T23:59:60Z", "2016-12-31T23:59:59.999Z"},
		{"2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000Z"},
		{"1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_string_equal(iso(at(rows[i][0])), rows[i][1]);
}

static void
other_texts_do_not_parse(void **state)
{
	static const char *const rows[] = {"", "x", "yesterday", "2024-13-01",
		"2024-02-30", "2023-02-29", "2024-03-05T25:00:00Z",
		"2024-03-05T10:60:00Z", "2024-03-05T10:20:30Q",
		"2024-03-05T10:20:30.Z", "2024-03-05T10:20:30+2", "2024-03-05x",
		"2024-W54-1", "2024-W10-8", "2023-366", "13/13/2024",
		"Foo, 5 Bar 2024 10:00:00 +0200", "NaN", "Infinity", "--",
		"1e5", "2024-03-05T10:20:30+24:00", NULL};

	(void)state;
	for (int i = 0; rows[i] != NULL; i++) {
		int64_t us = 42;

		if (event_time_parse(slice_str(rows[i]), &us))
			fail_msg("%s parses as %s", rows[i], iso(us));
		assert_int_equal(us, 42);
	}
}

static void
numbers_are_seconds_or_milliseconds(void **state)
{
	int64_t us;

	(void)state;
	assert_true(event_time_parse_number(1709634030, &us));
	assert_string_equal(iso(us), "2024-03-05T10:20:30.000Z");
	assert_true(event_time_parse_number(1709634030.25, &us));
	assert_string_equal(iso(us), "2024-03-05T10:20:30.250Z");
	assert_true(event_time_parse_number(1709634030123.0, &us));
	assert_string_equal(iso(us), "2024-03-05T10:20:30.123Z");
	assert_true(event_time_parse_number(99999999999.0, &us));
	assert_string_equal(iso(us), "5138-11-16T09:46:39.000Z");
	assert_false(event_time_parse_number(1e30, &us));
}

struct formula {
	const char *now, *timestamp, *sent_at;
	bool ignore_sent_at, has_offset;
	double offset_ms;
	const char *result;
	const char *flags; /* t, s, f, r: invalid, sent, future, range */
};

static void
check_formula(const struct formula *r)
{
	struct event_time_in in = {.now_us = at(r->now),
		.timestamp = slice_str(r->timestamp),
		.sent_at = slice_str(r->sent_at),
		.ignore_sent_at = r->ignore_sent_at,
		.has_offset = r->has_offset,
		.offset_ms = r->offset_ms};
	struct event_time out;
	char flags[8];
	int n = 0;

	event_time_compute(&in, &out);
	assert_string_equal(iso(out.at_us), r->result);
	assert_int_equal(out.at_us % 1000, 0);
	if (out.timestamp_invalid)
		flags[n++] = 't';
	if (out.sent_at_invalid)
		flags[n++] = 's';
	if (out.in_future)
		flags[n++] = 'f';
	if (out.out_of_range)
		flags[n++] = 'r';
	flags[n] = '\0';
	assert_string_equal(flags, r->flags);
}

#define NOON "2024-03-05T12:00:00.000Z"

/* event-3. Spec 4.1 and its example 4.4. */
static void
the_formula(void **state)
{
	static const struct formula rows[] = {
		{NOON, NULL, NULL, false, false, 0, NOON, ""},
		{NOON, "2024-03-05T12:09:30Z", "2024-03-05T12:10:00Z", false,
			false, 0, "2024-03-05T11:59:30.000Z", ""},
		{NOON, "2024-03-05T12:09:30Z", "2024-03-05T12:10:00Z", true,
			false, 0, "2024-03-05T12:09:30.000Z", ""},
		{NOON, "2024-03-05T12:09:30Z", NULL, false, false, 0,
			"2024-03-05T12:09:30.000Z", ""},
		{NOON, NULL, "2024-03-05T12:10:00Z", false, false, 0, NOON, ""},
		{NOON, NULL, NULL, false, true, 1500,
			"2024-03-05T11:59:58.500Z", ""},
		{NOON, "2024-03-01", NULL, false, true, -1000,
			"2024-03-05T12:00:01.000Z", ""},
		{NOON, "2024-03-06T11:00:00.000Z", NULL, false, false, 0,
			"2024-03-06T11:00:00.000Z", ""},
		{NOON, "2024-03-06T11:00:00.001Z", NULL, false, false, 0, NOON,
			"f"},
		{NOON, "garbage", NULL, false, false, 0, NOON, "t"},
		{NOON, "2024-03-05T11:00:00Z", "garbage", false, false, 0,
			"2024-03-05T11:00:00.000Z", "s"},
		{NOON, "", "", false, false, 0, NOON, "t"},
		{NOON, "1970-01-01T00:00:00Z", NULL, false, false, 0,
			"1970-01-01T00:00:00.000Z", ""},
		{NOON, "-000001-06-01T00:00:00Z", NULL, false, false, 0, NOON,
			"r"},
		{NOON, "9999-12-31T23:59:59Z", NULL, false, false, 0, NOON,
			"f"},
		{NOON, NULL, NULL, false, true, 1e18, NOON, "r"},
		{NOON, NULL, NULL, false, true, -1e18, NOON, "f"},
		{"2024-03-05T12:00:00.123456Z", NULL, NULL, false, false, 0,
			"2024-03-05T12:00:00.123Z", ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check_formula(&rows[i]);
}

static void
the_members_of_an_event_are_read(void **state)
{
	struct event_time_in in = {.now_us = MAKE_NOW_US};
	struct json_doc d;
	struct make m;

	(void)state;
	make_init(&m);
	make_parse(&m,
		"{\"timestamp\":1709634030,\"offset\":-5,"
		"\"properties\":{\"$ignore_sent_at\":true}}",
		&d);
	event_time_read(&d, 0, &m.arena, &in);
	assert_true(in.timestamp_is_number);
	assert_true(in.has_offset);
	assert_true(in.offset_ms == -5);
	assert_true(in.ignore_sent_at);
	assert_int_equal(in.now_us, MAKE_NOW_US);
	make_parse(&m,
		"{\"timestamp\":null,\"offset\":\"5\","
		"\"properties\":{\"$ignore_sent_at\":1}}",
		&d);
	event_time_read(&d, 0, &m.arena, &in);
	assert_null(in.timestamp.p);
	assert_false(in.has_offset);
	assert_false(in.ignore_sent_at);
	make_parse(&m, "{\"timestamp\":[1]}", &d);
	event_time_read(&d, 0, &m.arena, &in);
	assert_true(in.timestamp_is_other);
	make_fini(&m);
}

int
test_time(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_forms_parse),
		cmocka_unit_test(other_texts_do_not_parse),
		cmocka_unit_test(numbers_are_seconds_or_milliseconds),
		cmocka_unit_test(the_formula),
		cmocka_unit_test(the_members_of_an_event_are_read),
	};

	return cmocka_run_group_tests_name("time", tests, NULL, NULL);
}
