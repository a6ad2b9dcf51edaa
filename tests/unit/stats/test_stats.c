#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/thread.h"
#include "stats/stats.h"

#define N_THREADS 4
#define N_ADDS 20000

static void
add_often(void *cookie)
{
	(void)cookie;
	for (int i = 0; i < N_ADDS; i++)
		stats_add(STATS_CAPTURE_RECEIVED, 0, 2);
}

/* stats-2 */
static void
counters_lose_nothing_between_threads(void **state)
{
	uint64_t before = stats_counter(STATS_CAPTURE_RECEIVED, 0);
	struct thread threads[N_THREADS];
	struct err e;

	(void)state;
	for (int i = 0; i < N_THREADS; i++)
		assert_int_equal(
			thread_start(&threads[i], "adder", add_often, NULL, &e),
			0);
	for (int i = 0; i < N_THREADS; i++)
		thread_join(&threads[i]);
	assert_int_equal(stats_counter(STATS_CAPTURE_RECEIVED, 0) - before,
		N_THREADS * N_ADDS * 2);
}

/* stats-1 */
static void
labels_are_counted_apart(void **state)
{
	(void)state;
	stats_add(STATS_STORE_COMMITS, 1, 5);
	stats_add(STATS_STORE_COMMITS, 2, 7);
	assert_int_equal(stats_counter(STATS_STORE_COMMITS, 0), 0);
	assert_int_equal(stats_counter(STATS_STORE_COMMITS, 1), 5);
	assert_int_equal(stats_counter(STATS_STORE_COMMITS, 2), 7);
	stats_set(STATS_STORE_WAL_BYTES, 1, 1.5);
	stats_set(STATS_STORE_WAL_BYTES, 1, 2.5);
	assert_true(stats_gauge(STATS_STORE_WAL_BYTES, 1) == 2.5);
	assert_true(stats_gauge(STATS_STORE_WAL_BYTES, 0) == 0);
}

static void
assert_has(const struct buf *b, const char *line)
{
	if (memmem(b->p, b->len, line, strlen(line)) == NULL)
		fail_msg("missing: %s", line);
}

static void
text_is_that_of_prometheus(void **state)
{
	struct buf b;

	(void)state;
	stats_set(STATS_DISK_FREE_BYTES, 0, 12345678901234.0);
	stats_observe(STATS_STORE_COMMIT_TIME, 1, 0.004);
	stats_observe(STATS_STORE_COMMIT_TIME, 1, 0.005);
	stats_observe(STATS_STORE_COMMIT_TIME, 1, 0.2);
	stats_observe(STATS_STORE_COMMIT_TIME, 1, 1000);
	buf_init(&b, 1 << 20);
	stats_write(&b);
	assert_false(b.failed);
	assert_has(&b, "# TYPE sluice_disk_free_bytes gauge\n"
		       "sluice_disk_free_bytes 12345678901234\n");
	assert_has(&b, "sluice_store_commits_total{file=\"spool\"} 5\n");
	assert_has(&b, "# TYPE sluice_store_commit_seconds histogram\n");
	assert_has(&b, "sluice_store_commit_seconds_bucket{file=\"spool\","
		       "le=\"0.005\"} 2\n");
	assert_has(&b, "sluice_store_commit_seconds_bucket{file=\"spool\","
		       "le=\"0.25\"} 3\n");
	assert_has(&b, "sluice_store_commit_seconds_bucket{file=\"spool\","
		       "le=\"300\"} 3\n");
	assert_has(&b, "sluice_store_commit_seconds_bucket{file=\"spool\","
		       "le=\"+Inf\"} 4\n");
	assert_has(&b, "sluice_store_commit_seconds_sum{file=\"spool\"} "
		       "1000.209000\n");
	assert_has(&b, "sluice_store_commit_seconds_count{file=\"spool\"} 4\n");
	buf_fini(&b);
}

static void
requests_are_counted_by_path_method_and_status(void **state)
{
	struct buf b;

	(void)state;
	stats_request(SLICE_LIT("/e/"), "POST", 200, 0.02);
	stats_request(SLICE_LIT("/e"), "POST", 200, 1000);
	stats_request(SLICE_LIT("/array/phc_x/config.js"), "GET", 404, 0);
	stats_request(SLICE_LIT("/secret"), "BREW", 418, 0);
	stats_request(SLICE_LIT("/batch"), "POST", 408, 30);
	buf_init(&b, 1 << 20);
	stats_write(&b);
	assert_has(&b, "http_requests_total{method=\"POST\",path=\"/e\","
		       "status=\"200\"} 2\n");
	assert_has(&b, "http_requests_total{method=\"GET\",path=\"/array\","
		       "status=\"404\"} 1\n");
	assert_has(&b, "http_requests_total{method=\"other\",path=\"other\","
		       "status=\"other\"} 1\n");
	assert_has(&b, "http_requests_duration_seconds_bucket{method=\"POST\","
		       "path=\"/e\",status=\"200\",le=\"0.025\"} 1\n");
	assert_has(&b, "http_requests_duration_seconds_sum{method=\"POST\","
		       "path=\"/e\",status=\"200\"} 1000.020000\n");
	assert_has(&b, "capture_body_read_timeout_total{path=\"/batch\"} 1\n");
	assert_null(memmem(b.p, b.len, "secret", 6));
	buf_fini(&b);
}

static void
drops_are_kept_apart_by_project_in_bounded_memory(void **state)
{
	uint64_t before = stats_counter(STATS_CAPTURE_DROPPED, 1);
	struct buf b;

	(void)state;
	stats_dropped(7, 0, 2);
	stats_dropped(7, 1, 3);
	stats_dropped(7, 0, 1);
	for (int64_t i = 1000; i < 11000; i++)
		stats_dropped(i, 1, 1);
	assert_int_equal(
		stats_counter(STATS_CAPTURE_DROPPED, 1) - before, 10003);
	buf_init(&b, 8 << 20);
	stats_write(&b);
	assert_has(&b, "sluice_capture_dropped_by_project_total{project=\"7\","
		       "cause=\"token_dropper\"} 3\n");
	assert_has(&b, "sluice_capture_dropped_by_project_total{project="
		       "\"other\",cause=\"event_restriction_drop\"} 6930\n");
	buf_fini(&b);
}

static void
a_label_is_found_by_its_text(void **state)
{
	int i = stats_label_find(STATS_STORE_COMMITS, SLICE_LIT("spool"));

	(void)state;
	assert_string_equal(stats_label(STATS_STORE_COMMITS, i), "spool");
	i = stats_label_find(STATS_CAPTURE_BODY_TIMEOUT, SLICE_LIT("/x"));
	assert_string_equal(
		stats_label(STATS_CAPTURE_BODY_TIMEOUT, i), "other");
}

/* Every line is a comment or "name{label="value"} number". */
static void
each_line_has_a_name_and_a_number(void **state)
{
	struct buf b;
	const char *p, *end;

	(void)state;
	buf_init(&b, 8 << 20);
	stats_write(&b);
	end = b.p + b.len;
	for (p = b.p; p < end;) {
		const char *eol = memchr(p, '\n', (size_t)(end - p));
		const char *last;

		assert_non_null(eol);
		if (*p != '#') {
			last = memrchr(p, ' ', (size_t)(eol - p));
			assert_non_null(last);
			assert_true((last[1] >= '0' && last[1] <= '9') ||
				    last[1] == '-');
			assert_true(*p >= 'a' && *p <= 'z');
		}
		p = eol + 1;
	}
	buf_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counters_lose_nothing_between_threads),
		cmocka_unit_test(labels_are_counted_apart),
		cmocka_unit_test(text_is_that_of_prometheus),
		cmocka_unit_test(
			requests_are_counted_by_path_method_and_status),
		cmocka_unit_test(
			drops_are_kept_apart_by_project_in_bounded_memory),
		cmocka_unit_test(a_label_is_found_by_its_text),
		cmocka_unit_test(each_line_has_a_name_and_a_number),
	};

	return cmocka_run_group_tests_name("stats", tests, NULL, NULL);
}
