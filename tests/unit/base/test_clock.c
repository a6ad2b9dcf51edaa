#include "tests.h"

#include <string.h>
#include <time.h>

#include "base/attr.h"
#include "base/clock.h"
#include "base/rand.h"

static void
civil_times_agree_with_the_c_library(void **state)
{
	struct rand_state r;

	(void)state;
	rand_seed(&r, 1);
	for (int i = 0; i < 20000; i++) {
		int64_t s = (int64_t)rand_below(&r, UINT64_C(600000000000)) -
			    INT64_C(350000000000);
		int64_t us = s * 1000000 + (int64_t)rand_below(&r, 1000000);
		time_t t = (time_t)s;
		struct clock_civil c;
		struct tm tm;

		assert_non_null(gmtime_r(&t, &tm));
		clock_to_civil(us, &c);
		assert_int_equal(c.year, tm.tm_year + 1900);
		assert_int_equal(c.month, tm.tm_mon + 1);
		assert_int_equal(c.day, tm.tm_mday);
		assert_int_equal(c.hour, tm.tm_hour);
		assert_int_equal(c.minute, tm.tm_min);
		assert_int_equal(c.second, tm.tm_sec);
		assert_true(clock_from_civil(&c) == us);
	}
}

struct row {
	int64_t us;
	enum clock_format format;
	const char *text;
};

static void
times_print_in_each_form(void **state)
{
	static const struct row rows[] = {
		{INT64_C(1709634030123000), CLOCK_RFC3339,
			"2024-03-05T10:20:30.123Z"},
		{INT64_C(1709634030123456), CLOCK_RFC3339,
			"2024-03-05T10:20:30.123456Z"},
		{INT64_C(1709634030000000), CLOCK_RFC3339,
			"2024-03-05T10:20:30Z"},
		{INT64_C(1709634030123999), CLOCK_ISO_MS,
			"2024-03-05T10:20:30.123Z"},
		{INT64_C(1709634030123999), CLOCK_EVENT,
			"2024-03-05 10:20:30.123"},
		{INT64_C(1709634030123999), CLOCK_SECOND,
			"2024-03-05 10:20:30"},
		{-1, CLOCK_ISO_MS, "1969-12-31T23:59:59.999Z"},
		{INT64_C(4107542399000000), CLOCK_SECOND,
			"2100-02-28 23:59:59"},
		{INT64_C(951782400000000), CLOCK_SECOND, "2000-02-29 00:00:00"},
	};
	char text[CLOCK_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int n = clock_format(rows[i].us, rows[i].format, text);

		assert_string_equal(text, rows[i].text);
		assert_int_equal(n, strlen(text));
	}
}

static void
a_test_can_fix_the_wall_clock(void **state)
{
	int64_t mono = clock_mono_ns();

	(void)state;
	clock_test_set_us(5);
	assert_true(clock_now_us() == 5);
	assert_true(clock_mono_ns() >= mono);
	clock_test_set_us(0);
	assert_true(clock_now_us() > INT64_C(1600000000000000));
}

int
run_clock_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(civil_times_agree_with_the_c_library),
		cmocka_unit_test(times_print_in_each_form),
		cmocka_unit_test(a_test_can_fix_the_wall_clock),
	};

	return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
