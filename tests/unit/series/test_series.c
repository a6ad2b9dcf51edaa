#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "series/forecast.h"
#include "series/series.h"
#include "series/sql.h"
#include "store/store.h"
#include "tests/unit/remove_tree.h"

#define T0 INT64_C(1700000040) /* begins a minute */
#define MIB (1024.0 * 1024)

struct world {
	char dir[80];
	struct store *store;
	struct series *s;
	struct err e;
};

static void
open_store(struct world *w)
{
	const struct store_options o = {
		.dir = w->dir, .kind = STORE_CONFIG, .queue_bytes = 1 << 20};

	assert_int_equal(store_open(&o, &w->store, &w->e), 0);
}

static int
open_world(void **state)
{
	struct world *w = mem_new(struct world);
	const char *top = getenv("TMPDIR");

	assert_non_null(w);
	snprintf(w->dir, sizeof(w->dir), "%s/series-XXXXXX",
		top == NULL || strlen(top) > 40 ? "/tmp" : top);
	assert_non_null(mkdtemp(w->dir));
	open_store(w);
	*state = w;
	return 0;
}

static int
close_world(void **state)
{
	struct world *w = *state;

	series_free(w->s);
	store_close(w->store);
	remove_tree(w->dir);
	mem_free(w);
	return 0;
}

static void
sample(struct series *s, int64_t at_s, double rate, double refused)
{
	double v[SERIES_N];

	for (int i = 0; i < SERIES_N; i++)
		v[i] = (double)NAN;
	v[SERIES_CAPTURE_RATE] = rate;
	v[SERIES_INGEST_LAG_RECORDS] = rate;
	v[SERIES_REFUSED_DISK_FULL] = refused;
	v[SERIES_DISK_FREE] = rate;
	series_sample(s, at_s, v);
}

static double
point(struct series *s, int step, enum series_id id, int64_t at_s)
{
	double v;

	series_read(s, step, id, at_s, &v, 1);
	return v;
}

static void
names_are_found_and_are_one_each(void **state)
{
	(void)state;
	for (int i = 0; i < SERIES_N; i++)
		assert_int_equal(
			series_find(slice_str(series_defs[i].name)), i);
	assert_int_equal(series_find(SLICE_LIT("capture")), SERIES_N);
}

/* series-2 */
static void
a_point_is_what_its_kind_says_of_the_samples(void **state)
{
	struct series *s;
	struct err e;

	(void)state;
	assert_int_equal(series_new(NULL, &s, T0, &e), 0);
	for (int i = 0; i < 60; i++)
		sample(s, T0 + i, i, 2);
	assert_true(isnan(point(s, SERIES_FINE, SERIES_CAPTURE_RATE, T0 + 50)));
	sample(s, T0 + 60, 7, 1);
	assert_true(point(s, SERIES_FINE, SERIES_CAPTURE_RATE, T0) == 4.5);
	assert_true(point(s, SERIES_FINE, SERIES_INGEST_LAG_RECORDS, T0) == 9);
	assert_true(point(s, SERIES_FINE, SERIES_REFUSED_DISK_FULL, T0) == 20);
	assert_true(point(s, SERIES_FINE, SERIES_DISK_FREE, T0 + 50) == 59);
	assert_true(point(s, SERIES_COARSE, SERIES_CAPTURE_RATE, T0) == 29.5);
	assert_true(
		point(s, SERIES_COARSE, SERIES_REFUSED_DISK_FULL, T0) == 120);
	assert_true(isnan(point(s, SERIES_COARSE, SERIES_CANARY_CAPTURE, T0)));
	assert_int_equal(series_newest(s, SERIES_FINE), T0 + 50);
	assert_int_equal(series_newest(s, SERIES_COARSE), T0);
	series_free(s);
}

static int64_t
count_rows(struct world *w)
{
	struct store_conn *c;
	struct store_stmt *st;
	int64_t n = 0;

	assert_int_equal(store_reader_open(w->store, &c, &w->e), 0);
	assert_int_equal(
		sql_get(c, &series_sql, SERIES_SQL_POINTS, &st, &w->e), 0);
	while (sql_step(st, &w->e) == 1)
		n++;
	sql_reset(st);
	store_reader_close(c);
	return n;
}

static void
again(struct world *w, int64_t now_s)
{
	series_free(w->s);
	w->s = NULL;
	store_close(w->store);
	open_store(w);
	assert_int_equal(series_new(w->store, &w->s, now_s, &w->e), 0);
}

/* series-1 */
static void
the_number_of_rows_is_bounded_whatever_the_time(void **state)
{
	struct world *w = *state;
	int64_t t;

	assert_int_equal(series_new(w->store, &w->s, T0, &w->e), 0);
	for (t = T0; t < T0 + 2 * 86400; t += 5)
		sample(w->s, t, 1, 0);
	again(w, t);
	assert_int_equal(count_rows(w),
		series_steps[SERIES_FINE].n + series_steps[SERIES_COARSE].n);
	assert_true(point(w->s, SERIES_COARSE, SERIES_CAPTURE_RATE,
			    T0 + 86400 + 600) == 1);
	assert_true(isnan(point(
		w->s, SERIES_COARSE, SERIES_CAPTURE_RATE, T0 + 86400 - 600)));
}

static void
a_step_that_a_restart_cut_in_two_keeps_both_parts(void **state)
{
	struct world *w = *state;

	assert_int_equal(series_new(w->store, &w->s, T0, &w->e), 0);
	sample(w->s, T0 + 1, 5, 3);
	again(w, T0 + 3);
	sample(w->s, T0 + 3, 4, 2);
	sample(w->s, T0 + 60, 4, 0);
	assert_true(
		point(w->s, SERIES_FINE, SERIES_REFUSED_DISK_FULL, T0) == 5);
	assert_true(
		point(w->s, SERIES_FINE, SERIES_INGEST_LAG_RECORDS, T0) == 5);
	assert_true(
		point(w->s, SERIES_COARSE, SERIES_REFUSED_DISK_FULL, T0) == 5);
	assert_true(
		isnan(point(w->s, SERIES_COARSE, SERIES_CANARY_CAPTURE, T0)));
}

/* series-3 */
static void
points_after_now_are_forgotten_when_the_clock_goes_back(void **state)
{
	struct world *w = *state;

	assert_int_equal(series_new(w->store, &w->s, T0, &w->e), 0);
	for (int64_t t = T0; t < T0 + 600; t++)
		sample(w->s, t, 1, 0);
	for (int64_t t = T0 + 300; t < T0 + 331; t++)
		sample(w->s, t, 8, 0);
	assert_int_equal(series_newest(w->s, SERIES_FINE), T0 + 320);
	assert_true(
		point(w->s, SERIES_FINE, SERIES_CAPTURE_RATE, T0 + 290) == 1);
	assert_true(
		point(w->s, SERIES_FINE, SERIES_CAPTURE_RATE, T0 + 310) == 8);
	assert_true(
		isnan(point(w->s, SERIES_FINE, SERIES_CAPTURE_RATE, T0 + 400)));
	/* A year ahead and back: what was before is still there. */
	sample(w->s, T0 + 365 * 86400, 9, 0);
	sample(w->s, T0 + 365 * 86400 + 60, 9, 0);
	sample(w->s, T0 + 340, 8, 0);
	assert_int_equal(series_newest(w->s, SERIES_FINE), T0 + 330);
	assert_true(
		point(w->s, SERIES_FINE, SERIES_CAPTURE_RATE, T0 + 290) == 1);
	/* What the file still has of the future is not read. */
	again(w, T0 + 350);
	assert_true(series_newest(w->s, SERIES_FINE) <= T0 + 350);
}

static void
a_little_step_back_does_not_cut_a_point(void **state)
{
	struct series *s;
	struct err e;

	(void)state;
	assert_int_equal(series_new(NULL, &s, T0, &e), 0);
	for (int i = 0; i < 11; i++)
		sample(s, T0 + i, 1, 1);
	sample(s, T0 + 9, 1, 1);
	for (int i = 11; i < 21; i++)
		sample(s, T0 + i, 1, 1);
	assert_true(point(s, SERIES_FINE, SERIES_REFUSED_DISK_FULL, T0) == 10);
	assert_true(
		point(s, SERIES_FINE, SERIES_REFUSED_DISK_FULL, T0 + 10) == 11);
	series_free(s);
}

/* series-4: a row of an older program has fewer values, or others. */
struct older {
	struct store_job job;
};

static int
write_older(struct store_job *j, struct store_conn *c, struct err *e)
{
	static const double one[2] = {41, 42};
	struct store_stmt *st;

	(void)j;
	assert_int_equal(
		sql_get(c, &series_sql, SERIES_SQL_ADD_NAME, &st, e), 0);
	sql_bind_text(st, 1, SLICE_LIT("gone.since"));
	assert_int_equal(sql_run(st, e), 0);
	sql_bind_text(st, 1, SLICE_LIT("disk.free"));
	assert_int_equal(sql_run(st, e), 0);
	assert_int_equal(sql_get(c, &series_sql, SERIES_SQL_PUT, &st, e), 0);
	sql_bind_i64(st, 1, 10);
	sql_bind_i64(st, 2, T0 / 10 % 360);
	sql_bind_i64(st, 3, T0);
	sql_bind_blob(st, 4, slice_of((const char *)one, sizeof(one)));
	return sql_run(st, e);
}

static void
rows_of_another_program_are_read_by_name(void **state)
{
	struct world *w = *state;
	struct older o = {.job = {.bytes = 1, .run = write_older}};

	assert_int_equal(store_call(w->store, &o.job, &w->e), 0);
	assert_int_equal(series_new(w->store, &w->s, T0 + 20, &w->e), 0);
	assert_true(point(w->s, SERIES_FINE, SERIES_DISK_FREE, T0) == 42);
	assert_true(isnan(point(w->s, SERIES_FINE, SERIES_CAPTURE_RATE, T0)));
	sample(w->s, T0 + 20, 6, 0);
	again(w, T0 + 25);
	assert_true(point(w->s, SERIES_FINE, SERIES_DISK_FREE, T0) == 42);
	assert_true(point(w->s, SERIES_FINE, SERIES_DISK_FREE, T0 + 20) == 6);
}

static void
forecast(double start, double per_s, int minutes, double noise, double reserve,
	struct forecast *out)
{
	static int64_t at[1440];
	static double v[1440];

	for (int i = 0; i < minutes; i++) {
		at[i] = T0 + i * 60;
		v[i] = start + per_s * i * 60 + (i % 7 - 3) * noise;
	}
	forecast_points(at, v, minutes, v[minutes - 1], reserve, out);
}

static void
the_forecast_names_the_day_on_which_the_reserve_is_reached(void **state)
{
	struct forecast f;

	(void)state;
	/* 1 MiB/s of 100 GiB, 1 GiB in reserve: 101,376 s but the day. */
	forecast(100 * 1024 * MIB, -MIB, 600, 20 * MIB, 1024 * MIB, &f);
	assert_int_equal(f.state, FORECAST_FILLING);
	assert_true(fabs(f.bytes_per_s + MIB) < 0.02 * MIB);
	assert_true(llabs(f.full_in_s - (101376 - 599 * 60)) < 1500);
	assert_int_equal(f.basis_s, 599 * 60);
	forecast(100 * 1024 * MIB, MIB, 600, 20 * MIB, 1024 * MIB, &f);
	assert_int_equal(f.state, FORECAST_STEADY);
	forecast(100 * 1024 * MIB, 0, 1440, 0, 1024 * MIB, &f);
	assert_int_equal(f.state, FORECAST_STEADY);
	forecast(100 * 1024 * MIB, -MIB, 9, 0, 0, &f);
	assert_int_equal(f.state, FORECAST_TOO_EARLY);
	forecast(MIB, -1, 600, 0, 2 * MIB, &f);
	assert_int_equal(f.state, FORECAST_FULL);
	forecast_points(NULL, NULL, 0, 5, 1, &f);
	assert_int_equal(f.state, FORECAST_TOO_EARLY);
}

/* One large file deleted, and hours without a daemon. */
static void
one_jump_does_not_change_the_forecast(void **state)
{
	static int64_t at[1440];
	static double v[1440];
	struct forecast f;

	(void)state;
	for (int i = 0; i < 1440; i++) {
		at[i] = T0 + i * 60;
		v[i] = 100 * 1024 * MIB - 0.1 * MIB * i * 60 +
		       (i > 1300 ? 30 * 1024 * MIB : 0);
		if (i > 200 && i < 420)
			v[i] = (double)NAN;
	}
	forecast_points(at, v, 1440, v[1439], 0, &f);
	assert_int_equal(f.state, FORECAST_FILLING);
	assert_true(fabs(f.bytes_per_s + 0.1 * MIB) < 0.01 * MIB);
}

static void
memory_that_is_short_is_an_error(void **state)
{
	struct world *w = *state;

	for (long n = 1; n < 100; n++) {
		int rc;

		mem_fail_after(n, false);
		rc = series_new(NULL, &w->s, T0, &w->e);
		if (mem_fail_left() > 0) {
			mem_fail_after(0, false);
			assert_int_equal(rc, 0);
			return;
		}
		mem_fail_after(0, false);
		assert_int_equal(rc, -ERR_NO_MEMORY);
		w->s = NULL;
	}
	fail();
}

#define WORLD(f) cmocka_unit_test_setup_teardown(f, open_world, close_world)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_found_and_are_one_each),
		cmocka_unit_test(a_point_is_what_its_kind_says_of_the_samples),
		WORLD(the_number_of_rows_is_bounded_whatever_the_time),
		WORLD(a_step_that_a_restart_cut_in_two_keeps_both_parts),
		WORLD(points_after_now_are_forgotten_when_the_clock_goes_back),
		cmocka_unit_test(a_little_step_back_does_not_cut_a_point),
		WORLD(rows_of_another_program_are_read_by_name),
		cmocka_unit_test(
			the_forecast_names_the_day_on_which_the_reserve_is_reached),
		cmocka_unit_test(one_jump_does_not_change_the_forecast),
		WORLD(memory_that_is_short_is_an_error),
	};

	return cmocka_run_group_tests_name("series", tests, NULL, NULL);
}
