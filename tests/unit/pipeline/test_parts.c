#include "tests.h"

#include <stdatomic.h>

#include "base/limits.h"
#include "pipeline/debounce.h"
#include "pipeline/out.h"
#include "pipeline/pool.h"

#define HOUR_US (INT64_C(3600) * 1000000)

static void
mark(void *cookie, int i)
{
	atomic_int *done = cookie;

	atomic_fetch_add(&done[i], 1);
}

static void
pool_calls_each_piece_once(void **state)
{
	for (int n_threads = 1; n_threads <= 4; n_threads++) {
		struct pool *p;
		struct err e;

		assert_int_equal(pool_new(n_threads, &p, &e), 0);
		for (int n = 0; n <= 40; n++) {
			atomic_int done[40] = {0};

			pool_run(p, n, mark, done);
			for (int i = 0; i < 40; i++)
				assert_int_equal(done[i], i < n);
		}
		pool_free(p);
	}
	(void)state;
}

static bool
allows(struct debounce *d, const char *key, int64_t offset, int64_t at_us)
{
	struct debounce_place place = {.offset = offset};

	return debounce_allows(d, 1, "a_type", slice_str(key), &place, at_us);
}

static void
a_warning_is_raised_once_an_hour(void **state)
{
	struct debounce *d;
	struct err e;

	assert_int_equal(debounce_new(&d, &e), 0);
	assert_true(allows(d, "k", 1, NOW_US));
	assert_false(allows(d, "k", 2, NOW_US + 1));
	assert_false(allows(d, "k", 3, NOW_US + HOUR_US - 1));
	assert_true(allows(d, "other", 4, NOW_US));
	assert_true(allows(d, "k", 5, NOW_US + HOUR_US));
	assert_false(allows(d, "k", 6, NOW_US + HOUR_US + 1));
	/* A batch done again raises what it raised. */
	assert_true(allows(d, "k", 5, NOW_US + HOUR_US));
	debounce_free(d);
	(void)state;
}

static void
warnings_forget_the_key_used_longest_ago(void **state)
{
	struct debounce *d;
	struct err e;
	char key[16];

	assert_int_equal(debounce_new(&d, &e), 0);
	assert_true(allows(d, "first", 1, NOW_US));
	assert_true(allows(d, "second", 2, NOW_US));
	for (int i = 0; i < LIMIT_WARNING_KEYS - 2; i++) {
		snprintf(key, sizeof(key), "%d", i);
		assert_true(allows(d, key, 10 + i, NOW_US));
	}
	assert_false(allows(d, "first", 3, NOW_US));
	assert_true(allows(d, "one more", 4, NOW_US));
	assert_false(allows(d, "first", 5, NOW_US));
	assert_true(allows(d, "second", 6, NOW_US));
	debounce_free(d);
	(void)state;
}

static void
put_filled(struct out *o, size_t len)
{
	struct buf *b = out_begin(o, 8);

	for (size_t i = 0; i < len; i++)
		buf_append_char(b, 'x');
	out_end(o, SLICE_LIT("key"), NULL, 0);
}

/* pipeline-5 */
static void
batches_stay_under_their_limit(void **state)
{
	static const size_t sizes[] = {10, 500000, 500000, 70000, 2000000, 5,
		1048000, 600, 1048576 - 80, 40000};
	struct out o;
	struct slice in;
	struct err e;
	uint32_t n = 0;

	out_init(&o, 64 << 20);
	out_reset(&o, BATCH_NONE, NOW_US / 1000);
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
		put_filled(&o, sizes[i]);
	assert_int_equal(out_finish(&o, &e), 0);
	assert_int_equal(o.n_records, ARRAY_LEN(sizes));
	in = buf_slice(&o.b);
	while (in.len > 0) {
		struct batch_reader r;
		struct batch_record_view rec;

		assert_int_equal(batch_reader_init(&r, in, NULL, &e), 0);
		assert_true(r.info.bytes <= LIMIT_BATCH_BYTES ||
			    r.info.n_records == 1);
		while (batch_next(&r, &rec, &e) == 1) {
			assert_int_equal(rec.value.len, sizes[n]);
			assert_true(slice_eq_str(rec.key, "key"));
			n++;
		}
		in.p += r.info.bytes;
		in.len -= r.info.bytes;
	}
	assert_int_equal(n, ARRAY_LEN(sizes));
	out_fini(&o);
	(void)state;
}

static void
a_record_cancelled_leaves_no_trace(void **state)
{
	struct out o;
	struct err e;

	out_init(&o, 1 << 20);
	out_reset(&o, BATCH_NONE, NOW_US / 1000);
	buf_append_lit(out_begin(&o, 8), "gone");
	out_cancel(&o);
	assert_int_equal(out_finish(&o, &e), 0);
	assert_int_equal(o.n_records, 0);
	assert_int_equal(o.b.len, 0);
	out_fini(&o);
	(void)state;
}

static void
without_memory_the_end_tells(void **state)
{
	struct out o;
	struct err e;

	out_init(&o, 1000);
	out_reset(&o, BATCH_NONE, NOW_US / 1000);
	put_filled(&o, 2000);
	assert_int_equal(out_finish(&o, &e), -ERR_NO_MEMORY);
	out_fini(&o);
	(void)state;
}

int
run_part_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pool_calls_each_piece_once),
		cmocka_unit_test(a_warning_is_raised_once_an_hour),
		cmocka_unit_test(warnings_forget_the_key_used_longest_ago),
		cmocka_unit_test(batches_stay_under_their_limit),
		cmocka_unit_test(a_record_cancelled_leaves_no_trace),
		cmocka_unit_test(without_memory_the_end_tells),
	};

	return cmocka_run_group_tests_name("parts", tests, NULL, NULL);
}
