#include "fixture.h"

#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/thread.h"
#include "topic/batch.h"

static void
expect_number(void *cookie, int64_t offset, struct slice value)
{
	int64_t *shift = cookie;

	assert_int_equal(number_of(value), offset + *shift);
}

/* store-2, store-4 */
static void
offsets_are_dense_and_in_order(void **state)
{
	struct fixture *f = *state;
	struct store_part_state before, after;
	int64_t shift = 0;

	assert_int_equal(append(f, f->p, 0, 3, 50), 0);
	assert_int_equal(append(f, f->p, 3, 1, 1000), 3);
	assert_int_equal(append(f, f->p, 4, 500, 200), 4);
	assert_int_equal(read_all(f, f->p, 0, expect_number, &shift), 504);
	store_test_drop_tail(f->s);
	assert_int_equal(read_all(f, f->p, 0, expect_number, &shift), 504);
	store_part_state(f->p, &before);
	reopen(f, STORE_SPOOL);
	store_part_state(f->p, &after);
	assert_int_equal(after.bytes, before.bytes);
	assert_int_equal(after.high_watermark, 504);
	assert_int_equal(read_all(f, f->p, 0, expect_number, &shift), 504);
	assert_int_equal(append(f, f->p, 504, 2, 10), 504);
	assert_int_equal(read_all(f, f->p, 503, expect_number, &shift), 506);
}

static void
a_handle_is_found_by_topic_and_index(void **state)
{
	struct fixture *f = *state;
	struct store_part *p, *again;

	assert_ptr_equal(store_part_find(f->s, SLICE_LIT("t"), 0), f->p);
	assert_null(store_part_find(f->s, SLICE_LIT("t"), 1));
	assert_null(store_part_find(f->s, SLICE_LIT("T"), 0));
	assert_int_equal(store_part_open(f->s, "t", 1, &p, &f->e), 0);
	assert_ptr_not_equal(p, f->p);
	assert_int_equal(store_part_open(f->s, "t", 1, &again, &f->e), 0);
	assert_ptr_equal(p, again);
}

#define N_THREADS 4
#define N_APPENDS 200

struct producer {
	struct fixture *f;
	struct thread t;
	struct store_part *p;
	int64_t id;
	struct lock lock;
	struct cond cond;
	int n_done, n_wrong;
	struct store_append a[N_APPENDS];
	struct buf b[N_APPENDS];
};

static void
count_done(struct store_job *j, const struct err *result)
{
	struct store_append *a = (struct store_append *)(void *)j;
	struct producer *w =
		(struct producer *)(void *)((char *)(a - (size_t)a->max_ts_ms) -
					    offsetof(struct producer, a));

	lock_take(&w->lock);
	w->n_done++;
	if (result->code != ERR_OK)
		w->n_wrong++;
	cond_signal(&w->cond);
	lock_release(&w->lock);
}

static void
produce(void *cookie)
{
	struct producer *w = cookie;

	for (int i = 0; i < N_APPENDS; i++) {
		struct store_append *a = &w->a[i];
		struct err e;

		*a = (struct store_append){.part = w->p,
			.batches = w->b[i].p,
			.len = w->b[i].len,
			.n_records = 3,
			.max_ts_ms = i};
		a->job.done = count_done;
		if (store_submit_append(w->f->s, a, &e) != 0) {
			lock_take(&w->lock);
			w->n_wrong++;
			w->n_done++;
			lock_release(&w->lock);
		}
	}
	lock_take(&w->lock);
	while (w->n_done < N_APPENDS)
		cond_wait(&w->cond, &w->lock);
	lock_release(&w->lock);
}

struct seen {
	int64_t last[N_THREADS];
	int64_t n;
};

static void
expect_order(void *cookie, int64_t offset, struct slice value)
{
	struct seen *seen = cookie;
	int64_t number = number_of(value);
	int64_t who = number / 1000000;

	(void)offset;
	assert_int_equal(number, seen->last[who] + 1);
	seen->last[who] = number;
	seen->n++;
}

/* store-2, store-6: many producers, merged rows, each one's order kept. */
static void
producers_side_by_side_keep_their_order(void **state)
{
	struct fixture *f = *state;
	struct producer *w = mem_xzalloc(N_THREADS, sizeof(*w));
	struct seen seen = {.n = 0};

	for (int i = 0; i < N_THREADS; i++) {
		w[i].f = f;
		w[i].id = i;
		w[i].p = f->p;
		seen.last[i] = i * 1000000 - 1;
		lock_init(&w[i].lock);
		cond_init(&w[i].cond);
		for (int k = 0; k < N_APPENDS; k++) {
			buf_init(&w[i].b[k], 1 << 20);
			make_batch(&w[i].b[k], i * 1000000 + k * 3, 3, 300);
		}
	}
	for (int i = 0; i < N_THREADS; i++)
		assert_int_equal(thread_start(&w[i].t, "producer", produce,
					 &w[i], &f->e),
			0);
	/* A call goes in between, whatever waits. */
	for (int i = 0; i < 20; i++) {
		struct store_part *other;
		char name[16];

		snprintf(name, sizeof(name), "other%d", i);
		assert_int_equal(
			store_part_open(f->s, name, 0, &other, &f->e), 0);
	}
	for (int i = 0; i < N_THREADS; i++) {
		thread_join(&w[i].t);
		assert_int_equal(w[i].n_wrong, 0);
	}
	assert_int_equal(read_all(f, f->p, 0, expect_order, &seen),
		N_THREADS * N_APPENDS * 3);
	store_test_drop_tail(f->s);
	for (int i = 0; i < N_THREADS; i++)
		seen.last[i] = i * 1000000 - 1;
	read_all(f, f->p, 0, expect_order, &seen);
	assert_int_equal(seen.n, 2 * N_THREADS * N_APPENDS * 3);
	for (int i = 0; i < N_THREADS; i++) {
		for (int k = 0; k < N_APPENDS; k++)
			buf_fini(&w[i].b[k]);
		cond_fini(&w[i].cond);
		lock_fini(&w[i].lock);
	}
	mem_free(w);
}

static void
several_batches_in_one_append_are_split_into_rows(void **state)
{
	struct fixture *f = *state;
	struct store_append a = {.part = f->p, .n_records = 40};
	struct store_part_state st;
	int64_t shift = 0;

	buf_reset(&f->b);
	for (int i = 0; i < 40; i++)
		make_batch(&f->b, i, 1, 100000);
	a.batches = f->b.p;
	a.len = f->b.len;
	assert_true(a.len > 3 * LIMIT_ROW_BYTES);
	assert_int_equal(store_call(f->s, &a.job, &f->e), 0);
	assert_int_equal(a.base_offset, 0);
	store_test_drop_tail(f->s);
	assert_int_equal(read_all(f, f->p, 0, expect_number, &shift), 40);
	assert_int_equal(read_all(f, f->p, 17, expect_number, &shift), 40);
	store_part_state(f->p, &st);
	assert_int_equal(st.bytes, a.len);
	assert_int_equal(st.high_watermark, 40);
	/* One batch larger than a row is a row of its own. */
	assert_int_equal(append(f, f->p, 40, 1, 3 << 20), 40);
	store_test_drop_tail(f->s);
	assert_int_equal(read_all(f, f->p, 39, expect_number, &shift), 41);
}

static void
malformed_appends_are_refused_and_leave_nothing(void **state)
{
	struct fixture *f = *state;
	struct store_append a = {.part = f->p, .n_records = 2};
	int64_t shift = 0;

	make_batch(&f->b, 0, 2, 20);
	a.batches = f->b.p;
	a.len = f->b.len - 1;
	assert_int_equal(store_call(f->s, &a.job, &f->e), -ERR_INVALID);
	a.len = f->b.len;
	a.n_records = 3;
	assert_int_equal(store_call(f->s, &a.job, &f->e), -ERR_INVALID);
	a.job.done = count_done;
	a.len = 0;
	assert_int_equal(store_submit_append(f->s, &a, &f->e), -ERR_TOO_BIG);
	assert_int_equal(append(f, f->p, 0, 1, 20), 0);
	assert_int_equal(read_all(f, f->p, 0, expect_number, &shift), 1);
}

static void
note_moved(void *cookie, struct store_part *p)
{
	int64_t *seen = cookie;
	struct store_part_state st;

	store_part_state(p, &st);
	*seen = st.high_watermark;
}

/* store-1 */
static void
watchers_see_the_high_watermark_after_the_commit(void **state)
{
	struct fixture *f = *state;
	int64_t seen = -1;

	store_watch(f->s, note_moved, &seen);
	append(f, f->p, 0, 5, 20);
	assert_int_equal(seen, 5);
	append(f, f->p, 5, 1, 20);
	assert_int_equal(seen, 6);
}

int
run_append_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			offsets_are_dense_and_in_order, open_spool, close_all),
		cmocka_unit_test_setup_teardown(
			a_handle_is_found_by_topic_and_index, open_spool,
			close_all),
		cmocka_unit_test_setup_teardown(
			producers_side_by_side_keep_their_order, open_spool,
			close_all),
		cmocka_unit_test_setup_teardown(
			several_batches_in_one_append_are_split_into_rows,
			open_spool, close_all),
		cmocka_unit_test_setup_teardown(
			malformed_appends_are_refused_and_leave_nothing,
			open_spool, close_all),
		cmocka_unit_test_setup_teardown(
			watchers_see_the_high_watermark_after_the_commit,
			open_state, close_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
