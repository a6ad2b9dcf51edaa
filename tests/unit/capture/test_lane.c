#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "capture/lane.h"
#include "tests/unit/capture/suites.h"

#define MS INT64_C(1000000)

static struct lane l;

static int
set_up(void **state)
{
	(void)state;
	lane_init(&l, 2);
	lane_note(&l, 0, 1000 * MS, 0);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	lane_stop(&l);
	return 0;
}

/* capture-7 */
static void
who_keeps_the_threads_busy_beside_others_is_told(void **state)
{
	(void)state;
	lane_note(&l, 7, 1010 * MS, 60 * MS);
	lane_note(&l, 8, 1020 * MS, 40 * MS);
	assert_false(lane_is_busy(&l, 7));
	lane_note(&l, 9, 1100 * MS, 1 * MS);
	assert_true(lane_is_busy(&l, 7));
	assert_false(lane_is_busy(&l, 8));
	assert_false(lane_is_busy(&l, 9));
	/* It sends less in the next window. */
	lane_note(&l, 7, 1150 * MS, 10 * MS);
	assert_true(lane_is_busy(&l, 7));
	lane_note(&l, 8, 1200 * MS, 10 * MS);
	assert_false(lane_is_busy(&l, 7));
}

/* capture-7 */
static void
who_is_alone_is_not(void **state)
{
	(void)state;
	lane_note(&l, 7, 1050 * MS, 190 * MS);
	lane_note(&l, 7, 1100 * MS, 5 * MS);
	assert_false(lane_is_busy(&l, 7));
}

/* What was long ago counts as little. */
static void
a_long_window_is_measured_by_its_length(void **state)
{
	(void)state;
	lane_note(&l, 7, 1050 * MS, 90 * MS);
	lane_note(&l, 8, 9000 * MS, 1 * MS);
	assert_false(lane_is_busy(&l, 7));
}

const struct CMUnitTest capture_lane_tests[] = {
	cmocka_unit_test_setup_teardown(
		who_keeps_the_threads_busy_beside_others_is_told, set_up,
		tear_down),
	cmocka_unit_test_setup_teardown(who_is_alone_is_not, set_up, tear_down),
	cmocka_unit_test_setup_teardown(
		a_long_window_is_measured_by_its_length, set_up, tear_down),
};
const size_t capture_n_lane_tests = ARRAY_LEN(capture_lane_tests);
