#include "fixture.h"

#include <string.h>

#include "base/clock.h"

static struct store_part_state
state_of(struct store_part *p)
{
	struct store_part_state st;

	store_part_state(p, &st);
	return st;
}

static int
clock_back(void **state)
{
	clock_test_set_us(0);
	return close_all(state);
}

static void
fill(struct fixture *f, int n)
{
	for (int i = 0; i < n; i++)
		assert_int_equal(append(f, f->p, i, 1, 10000), i);
}

static void
rows_over_the_bytes_go_from_the_low_end(void **state)
{
	struct fixture *f = *state;
	int64_t one, next;

	fill(f, 200);
	one = state_of(f->p).bytes / 200;
	store_test_maintain(f->s);
	assert_int_equal(state_of(f->p).log_start, 0);
	store_part_set_retention(f->p, -1, one * 50);
	store_test_maintain(f->s);
	assert_int_equal(state_of(f->p).log_start, 150);
	assert_int_equal(state_of(f->p).high_watermark, 200);
	assert_int_equal(state_of(f->p).bytes, one * 50);
	assert_int_equal(read_all(f, f->p, 150, NULL, NULL), 200);
	for (int cold = 0; cold < 2; cold++) {
		buf_reset(&f->b);
		assert_int_equal(store_read(f->reader, f->p, 149, 1000, &f->b,
					 &next, &f->e),
			-ERR_NOT_FOUND);
		store_test_drop_tail(f->s);
	}
	reopen(f, STORE_SPOOL);
	assert_int_equal(state_of(f->p).log_start, 150);
	assert_int_equal(state_of(f->p).bytes, one * 50);
	assert_int_equal(read_all(f, f->p, 150, NULL, NULL), 200);
}

/* store-10 */
static void
nothing_at_or_above_a_floor_goes(void **state)
{
	struct fixture *f = *state;

	fill(f, 20);
	store_part_set_floor(f->p, STORE_FLOOR_PIPELINE, 15);
	store_part_set_floor(f->p, STORE_FLOOR_CLICKHOUSE, 4);
	store_part_set_retention(f->p, 0, 0);
	clock_test_set_us((int64_t)(TS + 1000000000) * 1000);
	store_test_maintain(f->s);
	assert_int_equal(state_of(f->p).log_start, 4);
	store_part_set_floor(f->p, STORE_FLOOR_CLICKHOUSE, INT64_MAX);
	store_test_maintain(f->s);
	assert_int_equal(state_of(f->p).log_start, 15);
	store_part_set_floor(f->p, STORE_FLOOR_PIPELINE, 20);
	store_test_maintain(f->s);
	assert_int_equal(state_of(f->p).log_start, 20);
	assert_int_equal(state_of(f->p).bytes, 0);
	/* store-2: the offsets go on although no row is left. */
	reopen(f, STORE_SPOOL);
	assert_int_equal(state_of(f->p).log_start, 20);
	assert_int_equal(append(f, f->p, 20, 1, 10), 20);
}

static void
rows_over_their_age_go_and_future_ones_by_arrival(void **state)
{
	struct fixture *f = *state;
	const int64_t hour = 3600 * 1000;

	/* Written at TS + 1 h, stamped TS .. and one far in the future. */
	clock_test_set_us((TS + hour) * 1000);
	fill(f, 5);
	assert_int_equal(append(f, f->p, 1000 * hour, 1, 10), 5);
	clock_test_set_us((TS + 2 * hour) * 1000);
	assert_int_equal(append(f, f->p, 2 * hour, 1, 10), 6);
	store_part_set_retention(f->p, 2 * hour, -1);
	store_test_maintain(f->s);
	assert_int_equal(state_of(f->p).log_start, 0);
	clock_test_set_us((TS + 2 * hour + 60000) * 1000);
	store_test_maintain(f->s);
	assert_int_equal(state_of(f->p).log_start, 5);
	clock_test_set_us((TS + 3 * hour + 60000) * 1000);
	store_test_maintain(f->s);
	assert_int_equal(state_of(f->p).log_start, 6);
}

static void
a_deleted_partition_goes_and_its_name_is_free(void **state)
{
	struct fixture *f = *state;
	struct store_part *old = f->p;
	int64_t file, wal, rows;

	fill(f, 300);
	assert_int_equal(store_part_delete(f->s, f->p, &f->e), 0);
	assert_true(state_of(old).is_deleted);
	assert_int_equal(read_all(f, old, 0, NULL, NULL), 0);
	assert_int_equal(append(f, old, 0, 1, 10), -ERR_NOT_FOUND);
	assert_null(store_part_find(f->s, SLICE_LIT("t"), 0));
	assert_int_equal(store_part_open(f->s, "t", 0, &f->p, &f->e), 0);
	assert_ptr_not_equal(f->p, old);
	assert_int_equal(append(f, f->p, 0, 1, 100), 0);
	store_test_maintain(f->s);
	store_sizes(f->s, &file, &wal, &rows);
	assert_int_equal(rows, state_of(f->p).bytes);
	assert_int_equal(read_all(f, f->p, 0, NULL, NULL), 1);
	reopen(f, STORE_SPOOL);
	assert_int_equal(read_all(f, f->p, 0, NULL, NULL), 1);
}

static void
the_file_shrinks_when_much_of_it_is_free(void **state)
{
	struct fixture *f = *state;
	int64_t before, after, wal, rows;

	for (int i = 0; i < 20; i++)
		assert_int_equal(append(f, f->p, i, 1, 1 << 20), i);
	reopen(f, STORE_SPOOL);
	store_sizes(f->s, &before, &wal, &rows);
	assert_true(before > 20 << 20);
	store_part_set_retention(f->p, -1, 1 << 20);
	store_test_maintain(f->s);
	reopen(f, STORE_SPOOL);
	store_sizes(f->s, &after, &wal, &rows);
	assert_true(after < before / 2);
	assert_int_equal(
		read_all(f, f->p, state_of(f->p).log_start, NULL, NULL), 20);
}

int
run_retain_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			rows_over_the_bytes_go_from_the_low_end, open_spool,
			close_all),
		cmocka_unit_test_setup_teardown(
			nothing_at_or_above_a_floor_goes, open_spool,
			clock_back),
		cmocka_unit_test_setup_teardown(
			rows_over_their_age_go_and_future_ones_by_arrival,
			open_spool, clock_back),
		cmocka_unit_test_setup_teardown(
			a_deleted_partition_goes_and_its_name_is_free,
			open_spool, close_all),
		cmocka_unit_test_setup_teardown(
			the_file_shrinks_when_much_of_it_is_free, open_spool,
			close_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
