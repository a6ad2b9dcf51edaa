#include "fixture.h"

#include <string.h>

#include "topic/batch.h"

static int64_t
read_once(struct fixture *f, int64_t from, size_t max, int64_t *first)
{
	struct batch_info h;
	int64_t next;

	buf_reset(&f->b);
	if (store_read(f->reader, f->p, from, max, &f->b, &next, &f->e) != 0)
		return -(int64_t)f->e.code;
	*first = -1;
	if (f->b.len > 0) {
		assert_int_equal(batch_peek(buf_slice(&f->b), &h, &f->e), 0);
		*first = h.base_offset;
	}
	return next;
}

/* Ten batches of ten records in one row, then one of one record. */
static void
fill(struct fixture *f)
{
	struct store_append a = {.part = f->p, .n_records = 100};

	buf_reset(&f->b);
	for (int i = 0; i < 10; i++)
		make_batch(&f->b, i * 10, 10, 100);
	a.batches = f->b.p;
	a.len = f->b.len;
	assert_int_equal(store_call(f->s, &a.job, &f->e), 0);
	assert_int_equal(append(f, f->p, 100, 1, 100), 100);
}

static void
a_read_begins_with_the_batch_that_has_the_offset(void **state)
{
	struct fixture *f = *state;
	int64_t first;

	fill(f);
	for (int cold = 0; cold < 2; cold++) {
		if (cold)
			store_test_drop_tail(f->s);
		assert_int_equal(read_once(f, 0, 1 << 20, &first), 101);
		assert_int_equal(first, 0);
		assert_int_equal(read_once(f, 55, 1 << 20, &first), 101);
		assert_int_equal(first, 50);
		assert_int_equal(read_once(f, 99, 1 << 20, &first), 101);
		assert_int_equal(first, 90);
		assert_int_equal(read_once(f, 100, 1 << 20, &first), 101);
		assert_int_equal(first, 100);
		assert_int_equal(read_once(f, 101, 1 << 20, &first), 101);
		assert_int_equal(first, -1);
		assert_int_equal(read_once(f, 500, 1 << 20, &first), 500);
	}
}

static void
a_read_stops_before_the_limit_but_gives_one_batch(void **state)
{
	struct fixture *f = *state;
	int64_t first;
	size_t one;

	fill(f);
	for (int cold = 0; cold < 2; cold++) {
		if (cold)
			store_test_drop_tail(f->s);
		assert_int_equal(read_once(f, 20, 1, &first), 30);
		assert_int_equal(first, 20);
		one = f->b.len;
		assert_int_equal(read_once(f, 20, 3 * one, &first), 50);
		assert_int_equal(read_once(f, 20, 3 * one - 1, &first), 40);
		assert_int_equal(read_once(f, 95, one, &first), 100);
		assert_int_equal(read_once(f, 95, one + 200, &first), 101);
		assert_int_equal(read_once(f, 100, 1, &first), 101);
	}
}

static void
reads_go_on_from_cache_to_cache_and_file_to_file(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 300; i++)
		assert_int_equal(append(f, f->p, i, 1, 1500), i);
	assert_true(store_test_tail_bytes(f->s) > 300 * 1500);
	for (int64_t from = 0; from < 300; from += 37)
		assert_int_equal(read_all(f, f->p, from, NULL, NULL), 300);
	store_test_drop_tail(f->s);
	assert_int_equal(store_test_tail_bytes(f->s), 0);
	for (int i = 300; i < 310; i++)
		assert_int_equal(append(f, f->p, i, 1, 1500), i);
	for (int64_t from = 0; from < 310; from += 31)
		assert_int_equal(read_all(f, f->p, from, NULL, NULL), 310);
}

static void
the_cache_is_bounded(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 50; i++)
		assert_int_equal(append(f, f->p, i, 1, 1 << 20), i);
	assert_true(store_test_tail_bytes(f->s) <= 32 << 20);
	assert_true(store_test_tail_bytes(f->s) > 24 << 20);
	assert_int_equal(read_all(f, f->p, 0, NULL, NULL), 50);
}

static void
an_output_too_small_is_an_error(void **state)
{
	struct fixture *f = *state;
	struct buf out;
	int64_t next;

	assert_int_equal(append(f, f->p, 0, 1, 5000), 0);
	buf_init(&out, 1000);
	assert_int_equal(
		store_read(f->reader, f->p, 0, 1000, &out, &next, &f->e),
		-ERR_NO_MEMORY);
	buf_fini(&out);
}

static void
expect_time(struct fixture *f, int64_t ts, int64_t offset)
{
	int64_t got, got_ts;

	assert_int_equal(store_offset_for_time(
				 f->reader, f->p, ts, &got, &got_ts, &f->e),
		0);
	assert_int_equal(got, offset);
	if (offset >= 0)
		assert_true(got_ts >= ts);
}

static void
an_offset_is_found_by_time(void **state)
{
	struct fixture *f = *state;

	expect_time(f, 0, -1);
	fill(f);
	for (int again = 0; again < 2; again++) {
		expect_time(f, 0, 0);
		expect_time(f, TS, 0);
		expect_time(f, TS + 1, 1);
		expect_time(f, TS + 57, 57);
		expect_time(f, TS + 100, 100);
		expect_time(f, TS + 101, -1);
	}
	/* Timestamps that do not grow: the first at or after counts. */
	for (int i = 0; i < 300; i++)
		append(f, f->p, 1000 - (i % 7) * 10, 1, 10);
	expect_time(f, TS + 101, 101);
	expect_time(f, TS + 1000, 101);
	append(f, f->p, 5000, 2, 10);
	for (int i = 0; i < 100; i++)
		append(f, f->p, 50, 1, 10);
	expect_time(f, TS + 1001, 401);
	expect_time(f, TS + 5001, 402);
	expect_time(f, TS + 5002, -1);
}

int
run_read_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_read_begins_with_the_batch_that_has_the_offset,
			open_spool, close_all),
		cmocka_unit_test_setup_teardown(
			a_read_stops_before_the_limit_but_gives_one_batch,
			open_spool, close_all),
		cmocka_unit_test_setup_teardown(
			reads_go_on_from_cache_to_cache_and_file_to_file,
			open_spool, close_all),
		cmocka_unit_test_setup_teardown(
			the_cache_is_bounded, open_spool, close_all),
		cmocka_unit_test_setup_teardown(
			an_output_too_small_is_an_error, open_spool, close_all),
		cmocka_unit_test_setup_teardown(
			an_offset_is_found_by_time, open_spool, close_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
