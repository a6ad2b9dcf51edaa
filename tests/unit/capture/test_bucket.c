#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "capture/bucket.h"
#include "capture/list.h"
#include "capture/quota.h"
#include "tests/unit/capture/harness.h"
#include "tests/unit/capture/suites.h"

#define SECOND ((int64_t)1000000000)

static void
a_bucket_holds_its_burst_and_fills_with_time(void **state)
{
	const struct bucket_rate rate = {.per_s = 2, .burst = 3};
	struct buckets *b = buckets_new();

	(void)state;
	assert_non_null(b);
	for (int i = 0; i < 3; i++)
		assert_true(buckets_take(b, 1, &rate, SECOND));
	assert_false(buckets_take(b, 1, &rate, SECOND));
	assert_false(buckets_take(b, 1, &rate, SECOND + SECOND / 4));
	assert_true(buckets_take(b, 1, &rate, SECOND * 3 / 2));
	assert_false(buckets_take(b, 1, &rate, SECOND * 3 / 2));
	/* Another key has its own. */
	assert_true(buckets_take(b, 2, &rate, SECOND * 3 / 2));
	/* However long nothing comes, no more than the burst is there. */
	for (int i = 0; i < 3; i++)
		assert_true(buckets_take(b, 1, &rate, SECOND * 1000));
	assert_false(buckets_take(b, 1, &rate, SECOND * 1000));
	/* A clock that stands still or goes back gives nothing. */
	assert_false(buckets_take(b, 1, &rate, SECOND * 10));
	buckets_free(b);
}

static void
a_debt_is_paid_off_by_time(void **state)
{
	const struct bucket_rate rate = {.per_s = 10, .burst = 10};
	struct buckets *b = buckets_new();
	double wait_s = 0;

	(void)state;
	assert_non_null(b);
	assert_true(buckets_take_many(b, 7, 1000, &rate, SECOND, &wait_s));
	assert_false(buckets_take_many(b, 7, 1, &rate, SECOND, &wait_s));
	assert_true(wait_s > 98.9 && wait_s < 99.1);
	assert_false(buckets_take_many(b, 7, 1, &rate, SECOND * 99, &wait_s));
	assert_true(buckets_take_many(b, 7, 1, &rate, SECOND * 101, &wait_s));
	buckets_free(b);
}

/* capture-8 */
static void
a_key_in_use_outlives_any_number_of_others(void **state)
{
	const struct bucket_rate rate = {.per_s = 0.001, .burst = 2};
	struct buckets *b = buckets_new();
	int64_t now = SECOND;
	uint64_t key = 1;

	(void)state;
	assert_non_null(b);
	assert_true(buckets_take(b, 42, &rate, now));
	assert_true(buckets_take(b, 42, &rate, now));
	for (int i = 0; i < 1000000; i++) {
		key = key * 6364136223846793005u + 1442695040888963407u;
		assert_true(buckets_take(b, key >> 8, &rate, ++now));
		if (i % 1000 == 0)
			assert_false(buckets_take(b, 42, &rate, ++now));
	}
	assert_true(buckets_pushed_out(b) > 900000);
	buckets_free(b);
}

static void
a_list_holds_tokens_and_pairs(void **state)
{
	struct capture_list l;

	(void)state;
	assert_true(capture_list_init(&l, ""));
	assert_false(capture_list_has(&l, SLICE_LIT("t"), SLICE_LIT("u")));
	capture_list_fini(&l);
	assert_true(capture_list_init(&l, " a , b:x,, b:y z ,b:x,"));
	assert_int_equal(l.n, 4);
	assert_true(capture_list_has(&l, SLICE_LIT("a"), SLICE_LIT("any")));
	assert_true(capture_list_has(&l, SLICE_LIT("a"), SLICE_NONE));
	assert_true(capture_list_has(&l, SLICE_LIT("b"), SLICE_LIT("x")));
	assert_true(capture_list_has(&l, SLICE_LIT("b"), SLICE_LIT("y z")));
	assert_false(capture_list_has(&l, SLICE_LIT("b"), SLICE_LIT("z")));
	assert_false(capture_list_has(&l, SLICE_LIT("b"), SLICE_NONE));
	assert_false(capture_list_has(&l, SLICE_NONE, SLICE_LIT("x")));
	capture_list_fini(&l);
}

/* 2026-11-30 and 2026-12-01, at noon. */
#define NOVEMBER ((int64_t)1796040000 * 1000000)
#define DECEMBER (NOVEMBER + (int64_t)86400 * 1000000)

static void
a_quota_is_used_up_in_its_month_and_kept(void **state)
{
	struct team_quotas of = {{10, -1, 0, -1, 5}};
	uint32_t used[TEAM_N_KINDS] = {4, 1, 0, 0, 5};
	struct quotas *q = NULL;
	struct harness h;
	struct err e;

	(void)state;
	harness_start(&h, NULL, NULL);
	assert_int_equal(quotas_new(h.spool, &q, &e), 0);
	assert_int_equal(
		quotas_left(q, 7, &of, TEAM_KIND_EVENTS, NOVEMBER), 10);
	assert_int_equal(
		quotas_left(q, 7, &of, TEAM_KIND_EXCEPTIONS, NOVEMBER), 0);
	assert_true(quotas_left(q, 7, &of, TEAM_KIND_RECORDINGS, NOVEMBER) ==
		    INT64_MAX);
	for (int64_t team = 1; team < 200; team++)
		quotas_add(q, team, used, NOVEMBER);
	quotas_add(q, 7, used, NOVEMBER);
	assert_int_equal(quotas_left(q, 7, &of, TEAM_KIND_EVENTS, NOVEMBER), 2);
	assert_int_equal(quotas_left(q, 8, &of, TEAM_KIND_EVENTS, NOVEMBER), 6);
	assert_int_equal(quotas_left(q, 8, &of, TEAM_KIND_LLM, NOVEMBER), 0);
	assert_int_equal(quotas_save(q, &e), 0);
	quotas_free(q);

	assert_int_equal(quotas_new(h.spool, &q, &e), 0);
	assert_int_equal(quotas_left(q, 7, &of, TEAM_KIND_EVENTS, NOVEMBER), 2);
	assert_int_equal(
		quotas_left(q, 7, &of, TEAM_KIND_EVENTS, DECEMBER), 10);
	/* A clock that goes back gives no month twice. */
	quotas_add(q, 7, used, DECEMBER);
	assert_int_equal(quotas_left(q, 7, &of, TEAM_KIND_EVENTS, NOVEMBER), 6);
	assert_int_equal(quotas_save(q, &e), 0);
	quotas_free(q);
	harness_stop(&h);
}

const struct CMUnitTest capture_bucket_tests[] = {
	cmocka_unit_test(a_bucket_holds_its_burst_and_fills_with_time),
	cmocka_unit_test(a_debt_is_paid_off_by_time),
	cmocka_unit_test(a_key_in_use_outlives_any_number_of_others),
	cmocka_unit_test(a_list_holds_tokens_and_pairs),
	cmocka_unit_test(a_quota_is_used_up_in_its_month_and_kept),
};
const size_t capture_n_bucket_tests =
	sizeof(capture_bucket_tests) / sizeof(capture_bucket_tests[0]);
