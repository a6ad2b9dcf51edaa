/*
 * What the store does when memory, the disk or a sync fails. Through the crash
 * VFS, which here only refuses operations.
 */
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "crash_vfs.h"

static int
open_crash(void **state)
{
	crash_vfs_register();
	crash_vfs_arm(1, 0);
	store_test_set_vfs("crash");
	return open_spool(state);
}

static int
close_crash(void **state)
{
	crash_vfs_limit_growth(-1);
	crash_vfs_fail_sync(0);
	crash_vfs_fail_write(0);
	mem_fail_after(0, false);
	close_all(state);
	store_test_set_vfs(NULL);
	return 0;
}

static void
expect_number(void *cookie, int64_t offset, struct slice value)
{
	(void)cookie;
	assert_int_equal(number_of(value), offset);
}

/* A full disk is no end: nothing was done, and later it goes on. */
static void
a_full_disk_fails_the_append_and_then_it_goes_on(void **state)
{
	struct fixture *f = *state;
	int64_t n = 0, r, until_ns;

	crash_vfs_limit_growth(3 << 20);
	while ((r = append(f, f->p, n, 1, 100000)) >= 0) {
		assert_int_equal(r, n);
		assert_true(++n < 100);
	}
	assert_int_equal(r, -ERR_NO_SPACE);
	assert_non_null(strstr(f->e.text, "space"));
	for (int i = 0; i < 3; i++)
		assert_int_equal(append(f, f->p, n, 1, 100000), -ERR_NO_SPACE);
	assert_false(store_is_failed(f->s));
	assert_int_equal(f->n_fatal, 0);
	assert_int_equal(read_all(f, f->p, 0, expect_number, NULL), n);
	crash_vfs_limit_growth(-1);
	/* Room is looked for five times a second. */
	until_ns = clock_mono_ns() + (int64_t)10 * 1000000000;
	while ((r = append(f, f->p, n, 1, 100000)) == -ERR_NO_SPACE)
		assert_true(clock_mono_ns() < until_ns);
	assert_int_equal(r, n);
	assert_int_equal(read_all(f, f->p, 0, expect_number, NULL), n + 1);
	reopen(f, STORE_SPOOL);
	assert_int_equal(read_all(f, f->p, 0, expect_number, NULL), n + 1);
}

/* store-5 */
struct prepare {
	struct store_job job;
	struct store_part *p;
	char what; /* 'p', 'P', 'D' */
	struct slice batch;
};

static int
run_prepare(struct store_job *j, struct store_conn *c, struct err *e)
{
	struct prepare *x = (struct prepare *)(void *)j;
	int64_t base;

	if (x->what == 'P')
		return store_tx_publish(c, x->p, e);
	if (x->what == 'D')
		return store_tx_discard(c, x->p, e);
	return store_tx_append_prepared(c, x->p, (char *)(uintptr_t)x->batch.p,
		x->batch.len, 1, TS, &base, e);
}

static int
prepare(struct fixture *f, char what, int64_t number, size_t size)
{
	struct prepare x = {.job.run = run_prepare, .p = f->p, .what = what};

	buf_reset(&f->b);
	make_batch(&f->b, number, 1, size);
	x.batch = buf_slice(&f->b);
	return store_call(f->s, &x.job, &f->e);
}

/* store-11, store-12: what does not fit is undone, what was prepared stays. */
static void
a_full_disk_undoes_what_is_prepared_or_settled(void **state)
{
	struct fixture *f = *state;
	int64_t n = 0, n_published = 0;
	struct store_part_state st;
	int r;

	crash_vfs_limit_growth(2 << 20);
	while ((r = prepare(f, 'p', n, 100000)) == 0) {
		assert_true(++n < 100);
		if (n % 3 == 0 && prepare(f, 'P', 0, 1) == 0)
			n_published = n;
	}
	assert_int_equal(r, -ERR_NO_SPACE);
	assert_true(n_published > 0);
	store_part_state(f->p, &st);
	assert_int_equal(st.high_watermark, n_published);
	assert_int_equal(
		read_all(f, f->p, 0, expect_number, NULL), n_published);
	crash_vfs_limit_growth(-1);
	reopen(f, STORE_SPOOL);
	assert_int_equal(store_part_is_prepared(f->p), n > n_published);
	assert_int_equal(prepare(f, 'D', 0, 1), 0);
	assert_int_equal(append(f, f->p, n_published, 2, 10), n_published);
	assert_int_equal(
		read_all(f, f->p, 0, expect_number, NULL), n_published + 2);
	assert_int_equal(f->n_fatal, 0);
}

/* store-11, store-12: the transaction is lost before, or at, COMMIT. */
static void
a_failing_write_undoes_a_settlement(void **state)
{
	struct fixture *f = *state;
	int64_t n = 0;

	for (long w = 1; w < 60; w++) {
		bool was_there;

		assert_int_equal(append(f, f->p, n, 1, 10), n);
		n++;
		assert_int_equal(prepare(f, 'p', n, 30000), 0);
		crash_vfs_fail_write(w);
		int r = prepare(f, w % 2 == 0 ? 'P' : 'D', 0, 1);
		crash_vfs_fail_write(0);
		if (r == 0 && w > 4)
			return;
		assert_true(r == 0 || r == -ERR_IO || r == -ERR_UNSURE);
		reopen(f, STORE_SPOOL);
		was_there = store_part_is_prepared(f->p);
		assert_true(r != 0 || !was_there);
		/* Settled the other way it is gone or there as a whole. */
		if (was_there)
			assert_int_equal(
				prepare(f, w % 2 == 0 ? 'P' : 'D', 0, 1), 0);
		if (w % 2 == 0)
			n++;
		assert_int_equal(read_all(f, f->p, 0, expect_number, NULL), n);
	}
	fail();
}

static void
a_failed_sync_ends_the_store(void **state)
{
	struct fixture *f = *state;
	struct store_part_state st;

	assert_int_equal(append(f, f->p, 0, 1, 1000), 0);
	crash_vfs_fail_sync(1);
	assert_int_equal(append(f, f->p, 1, 1, 1000), -ERR_UNSURE);
	assert_int_equal(f->n_fatal, 1);
	assert_true(store_is_failed(f->s));
	store_part_state(f->p, &st);
	assert_int_equal(st.high_watermark, 1);
	crash_vfs_fail_sync(0);
	assert_int_equal(append(f, f->p, 1, 1, 1000), -ERR_IO);
	assert_int_equal(f->n_fatal, 1);
	/* What was readable still is. */
	assert_int_equal(read_all(f, f->p, 0, expect_number, NULL), 1);
	/* The next start finds the first, and the second whole or not. */
	reopen(f, STORE_SPOOL);
	assert_true(read_all(f, f->p, 0, expect_number, NULL) >= 1);
	assert_int_equal(f->n_fatal, 1);
}

static void
every_failing_write_ends_the_store_or_is_survived(void **state)
{
	struct fixture *f = *state;
	int64_t n = 0;
	bool was_reached = true;

	for (long w = 1; was_reached && w < 200; w++) {
		int64_t r;

		crash_vfs_fail_write(w);
		r = append(f, f->p, n, 3, 20000);
		was_reached = r < 0;
		if (r >= 0) {
			assert_int_equal(r, n);
			n += 3;
			break;
		}
		assert_true(r == -ERR_IO || r == -ERR_UNSURE);
		assert_true(store_is_failed(f->s));
		assert_int_equal(f->n_fatal, w);
		crash_vfs_fail_write(0);
		reopen(f, STORE_SPOOL);
		/* store-3: whole or not at all. */
		r = read_all(f, f->p, 0, expect_number, NULL);
		assert_true(r == n || r == n + 3);
		n = r;
	}
	assert_false(was_reached);
	crash_vfs_fail_write(0);
	assert_int_equal(read_all(f, f->p, 0, expect_number, NULL), n);
}

static void
a_checkpoint_that_cannot_sync_ends_the_store(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(append(f, f->p, 0, 1, 1000), 0);
	crash_vfs_fail_sync(1);
	store_test_checkpoint(f->s);
	assert_int_equal(append(f, f->p, 1, 1, 1000), -ERR_IO);
	assert_int_equal(f->n_fatal, 1);
	crash_vfs_fail_sync(0);
	reopen(f, STORE_SPOOL);
	assert_int_equal(read_all(f, f->p, 0, expect_number, NULL), 1);
}

/* Opens, appends, reads and closes while the n-th allocation fails; true when
 * none failed any more. Whatever happens, nothing answered may be lost. */
static bool
work_without_memory(const char *dir, long n, bool forever, int64_t *answered)
{
	struct store_options o = {
		.dir = dir, .kind = STORE_SPOOL, .queue_bytes = 1 << 20};
	struct store_append a = {.n_records = 2};
	struct store_conn *reader = NULL;
	struct store *s = NULL;
	struct buf b, out;
	struct err e;
	int64_t next;
	int r;

	buf_init(&b, 1 << 20);
	buf_init(&out, 1 << 20);
	make_batch(&b, *answered, 2, 3000);
	a.batches = b.p;
	a.len = b.len;
	mem_fail_after(n, forever);
	r = store_open(&o, &s, &e);
	if (r == 0)
		r = store_part_open(s, "t", 0, &a.part, &e);
	if (r == 0)
		r = store_call(s, &a.job, &e);
	if (r == 0)
		*answered = a.base_offset + 2;
	if (r == 0)
		r = store_reader_open(s, &reader, &e);
	if (r == 0)
		r = store_read(reader, a.part, 0, 1000, &out, &next, &e);
	if (r == 0)
		store_test_drop_tail(s);
	if (r == 0)
		r = store_read(reader, a.part, 0, 1000, &out, &next, &e);
	store_reader_close(reader);
	store_close(s);
	mem_fail_after(0, false);
	if (r != 0 && e.code != ERR_NO_MEMORY)
		fail_msg("allocation %ld: %s: %s", n, err_name(e.code), e.text);
	buf_fini(&out);
	buf_fini(&b);
	return r == 0;
}

static void
fail_each_allocation(bool forever)
{
	struct fixture f = {.n_fatal = 0};
	int64_t answered = 0, r;
	/* A sample, unless every one is asked for. */
	long n = 1, step = getenv("SLUICE_FAULT_FULL") != NULL ? 1 : 5;
	int n_clean = 0;

	make_dir(f.dir, sizeof(f.dir));
	buf_init(&f.b, 1 << 20);
	/* SQLite survives some failures, so one clean run is not the end. */
	while (n_clean < 20) {
		bool ok = work_without_memory(f.dir, n, forever, &answered);

		n_clean = ok ? n_clean + 1 : 0;
		n += step;
		assert_true(n < 20000);
	}
	assert_true(n > 100);
	print_message("up to allocation %ld\n", n);
	struct store_options o = {
		.dir = f.dir, .kind = STORE_SPOOL, .queue_bytes = 1 << 20};

	assert_int_equal(store_open(&o, &f.s, &f.e), 0);
	assert_int_equal(store_reader_open(f.s, &f.reader, &f.e), 0);
	f.p = store_part_find(f.s, SLICE_LIT("t"), 0);
	r = read_all(&f, f.p, 0, expect_number, NULL);
	assert_true(r >= answered);
	close_store(&f);
	remove_dir(f.dir);
	buf_fini(&f.b);
}

/* The crash VFS has no real syncs: thousands of runs in seconds. */
static int
use_crash(void **state)
{
	(void)state;
	crash_vfs_register();
	crash_vfs_arm(1, 0);
	store_test_set_vfs("crash");
	return 0;
}

static int
use_real(void **state)
{
	(void)state;
	mem_fail_after(0, false);
	store_test_set_vfs(NULL);
	return 0;
}

static void
each_allocation_may_fail_once(void **state)
{
	(void)state;
	fail_each_allocation(false);
}

static void
all_allocations_may_fail_from_one_on(void **state)
{
	(void)state;
	fail_each_allocation(true);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_full_disk_fails_the_append_and_then_it_goes_on,
			open_crash, close_crash),
		cmocka_unit_test_setup_teardown(
			a_full_disk_undoes_what_is_prepared_or_settled,
			open_crash, close_crash),
		cmocka_unit_test_setup_teardown(
			a_failing_write_undoes_a_settlement, open_crash,
			close_crash),
		cmocka_unit_test_setup_teardown(
			a_failed_sync_ends_the_store, open_crash, close_crash),
		cmocka_unit_test_setup_teardown(
			every_failing_write_ends_the_store_or_is_survived,
			open_crash, close_crash),
		cmocka_unit_test_setup_teardown(
			a_checkpoint_that_cannot_sync_ends_the_store,
			open_crash, close_crash),
		cmocka_unit_test_setup_teardown(
			each_allocation_may_fail_once, use_crash, use_real),
		cmocka_unit_test_setup_teardown(
			all_allocations_may_fail_from_one_on, use_crash,
			use_real),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
