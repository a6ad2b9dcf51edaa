#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "capture/share.h"
#include "tests/unit/capture/suites.h"

#define MOST ((int64_t)64 * 1024 * 1024)
#define PIECE ((size_t)64 * 1024 - SHARE_REQUEST_BYTES)

static struct share_table t;

static int
set_up(void **state)
{
	(void)state;
	share_init(&t, MOST);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	share_fini(&t);
	return 0;
}

/* Takes pieces until refused; how many, and why no more. */
static int
take_all(uint32_t slot, enum refusal *why)
{
	int64_t cost;
	int n = 0;

	while (share_take(&t, slot, PIECE, &cost, why))
		n++;
	return n;
}

/* capture-6 */
static void
one_alone_leaves_a_quarter_to_others(void **state)
{
	enum refusal why;
	int64_t cost;

	(void)state;
	assert_int_equal(take_all(1, &why), 768);
	assert_int_equal(why, REFUSAL_QUEUE_FULL);
	/* Ten quiet ones with a request at a time are never refused. */
	for (int i = 0; i < 1000; i++) {
		uint32_t slot = 2 + (uint32_t)i % 10;

		assert_true(share_take(&t, slot, 1000, &cost, &why));
		assert_false(share_take(&t, 1, PIECE, &cost, &why));
		assert_int_equal(why, REFUSAL_FAIR_SHARE);
		share_give(&t, slot, SHARE_REQUEST_BYTES + 1000);
	}
}

/* capture-6 */
static void
several_have_equal_parts(void **state)
{
	int n[4] = {0};
	enum refusal why;
	int64_t cost;

	(void)state;
	for (int i = 0; i < 4000; i++)
		n[i % 4] += share_take(&t, (uint32_t)i % 4, PIECE, &cost, &why);
	for (int i = 0; i < 4; i++)
		assert_int_equal(n[i], 192);
	assert_int_equal(why, REFUSAL_FAIR_SHARE);
	assert_true(share_take(&t, 9, PIECE, &cost, &why));
}

static void
what_is_given_back_can_be_taken_again(void **state)
{
	enum refusal why;
	int64_t cost;

	(void)state;
	for (int round = 0; round < 3; round++) {
		int n = take_all(5, &why);

		assert_int_equal(n, 768);
		for (int i = 0; i < n; i++)
			share_give(&t, 5, (int64_t)PIECE + SHARE_REQUEST_BYTES);
	}
	/* A request that is larger than all counts for a part. */
	assert_true(share_take(&t, 5, (size_t)MOST * 2, &cost, &why));
	assert_true(cost <= MOST / 4 + SHARE_REQUEST_BYTES);
	share_give(&t, 5, cost);
	assert_int_equal(t.bytes, 0);
	assert_int_equal(t.n_waiting, 0);
}

const struct CMUnitTest capture_share_tests[] = {
	cmocka_unit_test_setup_teardown(
		one_alone_leaves_a_quarter_to_others, set_up, tear_down),
	cmocka_unit_test_setup_teardown(
		several_have_equal_parts, set_up, tear_down),
	cmocka_unit_test_setup_teardown(
		what_is_given_back_can_be_taken_again, set_up, tear_down),
};
const size_t capture_n_share_tests = ARRAY_LEN(capture_share_tests);
