/*
 * What src/pg promises, against the server of SLUICE_TEST_POSTGRES_URL, whose
 * database is empty but for tables of these tests. Run by test_pg.py.
 */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/thread.h"
#include "pg/pg.h"

/* The statements of the tests. */
enum test_sql {
	SQL_ONE,
	SQL_TYPES,
	SQL_ARRAYS,
	SQL_UNNEST,
	SQL_INSERT,
	SQL_COUNT,
	SQL_SLEEP,
	SQL_DIVIDE,
	SQL_BIG,
	SQL_SETTING,
	SQL_LOCK,
	SQL_JSON,
	SQL_PID,
	SQL_KILL,
	SQL_BAD_UUID,
	SQL_WRONG,
	SQL_CHILD,
	N_SQL
};

static const char *const texts[N_SQL] = {
	[SQL_ONE] = "SELECT $1",
	[SQL_TYPES] = "SELECT $1, $2, $3, $4, $5, $6, $7, $8::text",
	[SQL_ARRAYS] = "SELECT $1::text, $2::text, $3::text, $4::text, "
		       "$5::text, $6::text, $7::text",
	[SQL_UNNEST] = "SELECT count(*), sum(n)::int8, max(t) "
		       "FROM unnest($1, $2) AS u (n, t)",
	[SQL_INSERT] = "INSERT INTO test_row (id, text) VALUES ($1, $2)",
	[SQL_COUNT] = "SELECT count(*) FROM test_row",
	[SQL_SLEEP] = "SELECT pg_sleep($1::int8)",
	[SQL_DIVIDE] = "SELECT 1 / $1",
	[SQL_BIG] = "SELECT repeat('x', $1), $2",
	[SQL_SETTING] = "SELECT current_setting($1)",
	[SQL_LOCK] = "SELECT id FROM test_row WHERE id = $1 FOR UPDATE",
	[SQL_JSON] = "SELECT $1::jsonb, ($1::jsonb ->> 'a')::float8, "
		     "1.5::float4",
	[SQL_PID] = "SELECT pg_backend_pid()",
	[SQL_KILL] = "SELECT pg_terminate_backend($1)",
	[SQL_BAD_UUID] = "SELECT $1::uuid",
	[SQL_WRONG] = "SELECT no_such_column FROM test_row",
	[SQL_CHILD] = "INSERT INTO test_child (row_id) VALUES ($1)",
};
static const struct pg_sql_set test_sql = {"test", texts, N_SQL};

static struct pg *
server_open(int64_t statement_timeout_ms)
{
	const struct pg_options o = {
		.url = getenv("SLUICE_TEST_POSTGRES_URL"),
		.connect_timeout_ms = 5000,
		.statement_timeout_ms = statement_timeout_ms,
	};
	struct pg *p;
	struct err e;

	assert_non_null(o.url);
	if (pg_new(&o, &p, &e) != 0)
		fail_msg("%s", e.text);
	return p;
}

static struct pg_conn *
conn_open(struct pg *p)
{
	struct pg_conn *c;
	struct err e;

	assert_int_equal(pg_conn_new(p, "test", &c, &e), 0);
	if (pg_connect(c, &e) != 0)
		fail_msg("%s", e.text);
	return c;
}

static void
done(struct pg *p, struct pg_conn *c)
{
	pg_conn_free(c);
	pg_free(p);
}

static void
run(struct pg_stmt *st)
{
	struct err e;

	if (pg_run(st, &e) != 0)
		fail_msg("%s", e.text);
}

static void
values_come_back_as_they_went(void **state)
{
	struct pg *p = server_open(60000);
	struct pg_conn *c = conn_open(p);
	struct pg_stmt *st;
	struct uuid u, v;

	(void)state;
	uuid_v4(&u);
	for (int round = 0; round < 3; round++) {
		st = pg_get(c, &test_sql, SQL_TYPES);
		pg_bind_bool(st, 1, true);
		pg_bind_i16(st, 2, -2);
		pg_bind_i32(st, 3, -70000 - round);
		pg_bind_i64(st, 4, INT64_MIN);
		pg_bind_text(st, 5, SLICE_LIT("caf\xc3\xa9 \"'\\"));
		pg_bind_uuid(st, 6, &u);
		pg_bind_time(st, 7, 1700000000123456);
		pg_bind_null(st, 8, PG_INT8);
		run(st);
		assert_int_equal(pg_n_rows(c), 1);
		assert_true(pg_col_bool(c, 0, 0));
		assert_int_equal(pg_col_i64(c, 0, 1), -2);
		assert_int_equal(pg_col_i64(c, 0, 2), -70000 - round);
		assert_true(pg_col_i64(c, 0, 3) == INT64_MIN);
		assert_true(slice_eq_str(
			pg_col_text(c, 0, 4), "caf\xc3\xa9 \"'\\"));
		pg_col_uuid(c, 0, 5, &v);
		assert_memory_equal(&u, &v, sizeof(u));
		assert_int_equal(pg_col_time(c, 0, 6), 1700000000123456);
		assert_true(pg_col_is_null(c, 0, 7));
		assert_null(pg_col_text(c, 0, 7).p);
	}
	st = pg_get(c, &test_sql, SQL_JSON);
	pg_bind_text(st, 1, SLICE_LIT("{\"a\":2.25}"));
	run(st);
	assert_true(slice_eq_str(pg_col_text(c, 0, 0), "{\"a\": 2.25}"));
	assert_true(pg_col_f64(c, 0, 1) == 2.25);
	assert_true(pg_col_f64(c, 0, 2) == 1.5);
	done(p, c);
}

static void
fill_arrays(struct pg_array *a, struct uuid *u)
{
	static const enum pg_type types[] = {
		PG_BOOL, PG_INT2, PG_INT4, PG_INT8, PG_TEXT, PG_UUID, PG_TIME};

	for (int i = 0; i < 7; i++)
		pg_array_init(&a[i], types[i], 1 << 20);
	pg_array_bool(&a[0], true);
	pg_array_bool(&a[0], false);
	pg_array_int(&a[1], -1);
	pg_array_int(&a[2], INT32_MAX);
	pg_array_null(&a[2]);
	pg_array_int(&a[3], INT64_MIN);
	pg_array_text(&a[4], SLICE_LIT("a,b"));
	pg_array_text(&a[4], SLICE_NONE);
	pg_array_text(&a[4], SLICE_LIT(""));
	pg_array_uuid(&a[5], u);
	pg_array_time(&a[6], 0);
}

static void
arrays_of_each_type_arrive(void **state)
{
	static const char *const want[] = {"{t,f}", "{-1}", "{2147483647,NULL}",
		"{-9223372036854775808}", "{\"a,b\",NULL,\"\"}",
		"{00000000-0000-0000-0000-000000000000}",
		"{\"1970-01-01 00:00:00+00\"}"};
	struct pg *p = server_open(60000);
	struct pg_conn *c = conn_open(p);
	struct pg_stmt *st;
	struct pg_array a[7];
	struct uuid nil = {{0}};

	(void)state;
	fill_arrays(a, &nil);
	for (int round = 0; round < 2; round++) {
		st = pg_get(c, &test_sql, SQL_ARRAYS);
		for (int i = 0; i < 7; i++)
			pg_bind_array(st, i + 1, &a[i]);
		run(st);
		for (int i = 0; i < 7; i++) {
			struct slice got = pg_col_text(c, 0, i);

			if (!slice_eq_str(got, round == 0 ? want[i] : "{}"))
				fail_msg("%d: %.*s", i, SLICE_FMT(got));
			pg_array_reset(&a[i]);
		}
	}
	for (int i = 0; i < 7; i++)
		pg_array_fini(&a[i]);
	done(p, c);
}

static void
a_parameter_over_its_maximum_is_told(void **state)
{
	struct pg *p = server_open(60000);
	struct pg_conn *c = conn_open(p);
	struct pg_stmt *st = pg_get(c, &test_sql, SQL_UNNEST);
	struct pg_array n, t;
	struct err e;

	(void)state;
	pg_array_init(&n, PG_INT8, 64);
	pg_array_init(&t, PG_TEXT, 64);
	for (int i = 0; i < 100; i++)
		pg_array_int(&n, i);
	pg_bind_array(st, 1, &n);
	pg_bind_array(st, 2, &t);
	assert_int_equal(pg_queue(st, &e), -ERR_TOO_BIG);
	pg_cancel_group(c);
	assert_true(pg_is_connected(c));
	pg_array_reset(&n);
	pg_array_int(&n, 5);
	st = pg_get(c, &test_sql, SQL_UNNEST);
	pg_bind_array(st, 1, &n);
	pg_bind_array(st, 2, &t);
	run(st);
	assert_int_equal(pg_col_i64(c, 0, 1), 5);
	pg_array_fini(&n);
	pg_array_fini(&t);
	done(p, c);
}

/* pg-3 */
static void
full_buffers_on_both_sides_do_not_lock_up(void **state)
{
	struct pg *p = server_open(60000);
	struct pg_conn *c = conn_open(p);
	size_t len = (size_t)1 << 20;
	char *text = mem_zalloc(1, len);
	struct err e;

	(void)state;
	assert_non_null(text);
	memset(text, 'y', len);
	for (int i = 0; i < 40; i++) {
		struct pg_stmt *st = pg_get(c, &test_sql, SQL_BIG);

		pg_bind_i32(st, 1, (int32_t)len);
		pg_bind_text(st, 2, slice_of(text, len));
		assert_int_equal(pg_queue(st, &e), 0);
	}
	assert_int_equal(pg_sync(c, &e), 0);
	for (int i = 0; i < 40; i++) {
		assert_int_equal(pg_next(c, &e), 0);
		assert_int_equal(pg_col_text(c, 0, 0).len, len);
		assert_int_equal(pg_col_text(c, 0, 1).len, len);
	}
	mem_free(text);
	done(p, c);
}

static int64_t
count_rows(struct pg_conn *c)
{
	run(pg_get(c, &test_sql, SQL_COUNT));
	return pg_col_i64(c, 0, 0);
}

static int
queue_insert(struct pg_conn *c, int64_t id, struct err *e)
{
	struct pg_stmt *st = pg_get(c, &test_sql, SQL_INSERT);

	pg_bind_i64(st, 1, id);
	pg_bind_text(st, 2, SLICE_LIT("t"));
	return pg_queue(st, e);
}

/* pg-4 */
static void
an_error_ends_its_group_and_nothing_more(void **state)
{
	struct pg *p = server_open(60000);
	struct pg_conn *c = conn_open(p);
	int64_t before = count_rows(c);
	struct pg_stmt *st;
	struct err e;

	(void)state;
	for (int round = 0; round < 2; round++) {
		assert_int_equal(pg_begin(c, &e), 0);
		assert_int_equal(queue_insert(c, 1001, &e), 0);
		st = pg_get(c, &test_sql, SQL_DIVIDE);
		pg_bind_i32(st, 1, 0);
		assert_int_equal(pg_queue(st, &e), 0);
		st = pg_get(c, &test_sql, SQL_ONE);
		pg_bind_i64(st, 1, 7);
		assert_int_equal(pg_queue(st, &e), 0);
		assert_int_equal(pg_next(c, &e), 0);
		assert_int_equal(pg_n_changed(c), 1);
		assert_int_equal(pg_next(c, &e), -ERR_INVALID);
		assert_string_equal(pg_sqlstate(c), "22012");
		assert_int_equal(pg_next(c, &e), -ERR_BUG);
		pg_rollback(c);
		assert_true(pg_is_connected(c));
	}
	assert_int_equal(count_rows(c), before);
	st = pg_get(c, &test_sql, SQL_ONE);
	pg_bind_i64(st, 1, 7);
	run(st);
	assert_int_equal(pg_col_i64(c, 0, 0), 7);
	done(p, c);
}

static void
errors_have_their_class(void **state)
{
	struct pg *p = server_open(300);
	struct pg_conn *c = conn_open(p);
	struct pg_stmt *st;
	struct err e;

	(void)state;
	assert_int_equal(queue_insert(c, 1, &e), 0);
	assert_int_equal(pg_finish(c, &e), -ERR_EXISTS);
	assert_string_equal(pg_constraint(c), "test_row_pkey");
	st = pg_get(c, &test_sql, SQL_SLEEP);
	pg_bind_i64(st, 1, 5);
	assert_int_equal(pg_run(st, &e), -ERR_TIMEOUT);
	assert_true(pg_is_connected(c));
	st = pg_get(c, &test_sql, SQL_BAD_UUID);
	pg_bind_text(st, 1, SLICE_LIT("somebody@example.com"));
	assert_int_equal(pg_run(st, &e), -ERR_INVALID);
	assert_null(strstr(e.text, "somebody")); /* pg-1 */
	st = pg_get(c, &test_sql, SQL_WRONG);
	assert_int_equal(pg_run(st, &e), -ERR_INVALID);
	assert_non_null(strstr(e.text, "no_such_column"));
	st = pg_get(c, &test_sql, SQL_CHILD);
	pg_bind_i64(st, 1, 999999);
	assert_int_equal(pg_begin(c, &e), 0);
	assert_int_equal(pg_run(st, &e), 0);
	/* Its foreign key is looked at when the transaction ends. */
	assert_int_equal(pg_commit(c, &e), -ERR_NOT_FOUND);
	assert_true(pg_is_connected(c));
	done(p, c);
}

static void
a_deadlock_is_busy(void **state)
{
	struct pg *p = server_open(60000);
	struct pg_conn *c[2] = {conn_open(p), conn_open(p)};
	struct pg_stmt *st;
	struct err e;
	int rc[2];

	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(pg_begin(c[i], &e), 0);
		st = pg_get(c[i], &test_sql, SQL_LOCK);
		pg_bind_i64(st, 1, i + 1);
		assert_int_equal(pg_run(st, &e), 0);
	}
	for (int i = 0; i < 2; i++) {
		st = pg_get(c[i], &test_sql, SQL_LOCK);
		pg_bind_i64(st, 1, 2 - i);
		assert_int_equal(pg_queue(st, &e), 0);
		assert_int_equal(pg_sync(c[i], &e), 0);
	}
	/* Whoever is chosen: read both, the one that waits longest last. */
	rc[1] = pg_next(c[1], &e);
	if (rc[1] == -ERR_BUSY)
		assert_string_equal(pg_sqlstate(c[1]), "40P01");
	pg_rollback(c[1]);
	rc[0] = pg_next(c[0], &e);
	assert_true((rc[0] == -ERR_BUSY && rc[1] == 0) ||
		    (rc[1] == -ERR_BUSY && rc[0] == 0));
	pg_rollback(c[0]);
	pg_conn_free(c[1]);
	done(p, c[0]);
}

static void
a_transaction_that_failed_is_not_committed(void **state)
{
	struct pg *p = server_open(60000);
	struct pg_conn *c = conn_open(p);
	int64_t before = count_rows(c);
	struct pg_stmt *st;
	struct err e;

	(void)state;
	assert_int_equal(pg_begin(c, &e), 0);
	assert_int_equal(queue_insert(c, 2001, &e), 0);
	st = pg_get(c, &test_sql, SQL_DIVIDE);
	pg_bind_i32(st, 1, 0);
	assert_int_equal(pg_queue(st, &e), 0);
	assert_int_equal(pg_finish(c, &e), -ERR_INVALID);
	assert_int_equal(pg_commit(c, &e), -ERR_BUSY);
	assert_int_equal(count_rows(c), before);
	assert_int_equal(pg_begin(c, &e), 0);
	assert_int_equal(queue_insert(c, 2001, &e), 0);
	assert_int_equal(pg_commit(c, &e), 0);
	assert_int_equal(count_rows(c), before + 1);
	done(p, c);
}

static void
kill_backend(struct pg_conn *c, int32_t pid)
{
	struct pg_stmt *st = pg_get(c, &test_sql, SQL_KILL);

	pg_bind_i32(st, 1, pid);
	run(st);
}

static void
a_cut_connection_is_told_and_comes_back(void **state)
{
	struct pg *p = server_open(60000);
	struct pg_conn *c = conn_open(p), *killer = conn_open(p);
	struct pg_status s;
	struct err e;

	(void)state;
	for (int round = 0; round < 2; round++) {
		run(pg_get(c, &test_sql, SQL_PID));
		kill_backend(killer, (int32_t)pg_col_i64(c, 0, 0));
		assert_int_equal(pg_begin(c, &e), 0);
		assert_int_equal(pg_run(pg_get(c, &test_sql, SQL_COUNT), &e),
			-ERR_UNAVAILABLE);
		assert_false(pg_is_connected(c));
		pg_rollback(c);
		pg_status(p, &s);
		assert_int_equal(s.state, PG_DOWN);
		assert_true(s.why[0] != '\0');
		assert_int_equal(pg_run(pg_get(c, &test_sql, SQL_COUNT), &e),
			-ERR_UNAVAILABLE);
		assert_int_equal(pg_connect(c, &e), 0);
		pg_status(p, &s);
		assert_int_equal(s.state, PG_UP);
		assert_true(count_rows(c) > 0);
	}
	pg_conn_free(killer);
	done(p, c);
}

static void
a_commit_on_a_cut_connection_is_unsure(void **state)
{
	struct pg *p = server_open(60000);
	struct pg_conn *c = conn_open(p), *killer = conn_open(p);
	int64_t before = count_rows(killer);
	struct err e;
	int32_t pid;

	(void)state;
	run(pg_get(c, &test_sql, SQL_PID));
	pid = (int32_t)pg_col_i64(c, 0, 0);
	assert_int_equal(pg_begin(c, &e), 0);
	assert_int_equal(queue_insert(c, 3001, &e), 0);
	assert_int_equal(pg_finish(c, &e), 0);
	kill_backend(killer, pid);
	assert_int_equal(pg_commit(c, &e), -ERR_UNSURE);
	assert_false(pg_is_connected(c));
	assert_int_equal(count_rows(killer), before);
	pg_conn_free(killer);
	done(p, c);
}

static void
an_idle_connection_that_was_closed_is_seen(void **state)
{
	struct pg *p = server_open(60000);
	struct pg_conn *c = conn_open(p), *killer = conn_open(p);
	int64_t end_ns = clock_mono_ns() + 5000000000;
	struct err e;

	(void)state;
	run(pg_get(c, &test_sql, SQL_PID));
	assert_true(pg_is_alive(c));
	kill_backend(killer, (int32_t)pg_col_i64(c, 0, 0));
	while (pg_is_alive(c) && clock_mono_ns() < end_ns)
		poll(NULL, 0, 10);
	assert_false(pg_is_alive(c));
	assert_int_equal(pg_connect(c, &e), 0);
	assert_true(count_rows(c) > 0);
	pg_conn_free(killer);
	done(p, c);
}

struct sleeper {
	struct pg_conn *c;
	int rc;
	int64_t took_ms;
};

static void
sleep_long(void *cookie)
{
	struct sleeper *s = cookie;
	struct pg_stmt *st = pg_get(s->c, &test_sql, SQL_SLEEP);
	int64_t begin = clock_mono_ns();
	struct err e;

	pg_bind_i64(st, 1, 20);
	s->rc = pg_run(st, &e);
	s->took_ms = (clock_mono_ns() - begin) / 1000000;
}

static void
an_interrupt_ends_every_wait(void **state)
{
	struct pg *p = server_open(0);
	struct sleeper s = {.c = conn_open(p)};
	struct pg_conn *c = conn_open(p);
	struct thread t;
	struct err e;

	(void)state;
	assert_int_equal(thread_start(&t, "sleeper", sleep_long, &s, &e), 0);
	pg_interrupt(s.c);
	thread_join(&t);
	assert_int_equal(s.rc, -ERR_STOPPING);
	assert_true(s.took_ms < 5000);
	assert_int_equal(pg_connect(s.c, &e), -ERR_STOPPING);
	assert_int_equal(pg_wait_retry(s.c, &e), -ERR_STOPPING);
	/* A commit under way still gets its answer. */
	assert_int_equal(pg_begin(c, &e), 0);
	assert_int_equal(queue_insert(c, 4001, &e), 0);
	assert_int_equal(pg_finish(c, &e), 0);
	pg_interrupt(c);
	assert_int_equal(pg_commit(c, &e), 0);
	pg_conn_free(c);
	done(p, s.c);
}

static bool
setting_is(struct pg_conn *c, const char *name, const char *want)
{
	struct pg_stmt *st = pg_get(c, &test_sql, SQL_SETTING);

	pg_bind_text(st, 1, slice_str(name));
	run(st);
	return slice_eq_str(pg_col_text(c, 0, 0), want);
}

/* pg-5 */
static void
a_session_is_set_up_whatever_the_role_says(void **state)
{
	struct pg *p = server_open(5000);
	struct pg_conn *c = conn_open(p);

	(void)state;
	/* test_pg.py has set the role's defaults to other values. */
	assert_true(setting_is(c, "synchronous_commit", "on"));
	assert_true(setting_is(c, "statement_timeout", "5s"));
	assert_true(
		setting_is(c, "idle_in_transaction_session_timeout", "1min"));
	assert_true(setting_is(c, "TimeZone", "UTC"));
	assert_true(setting_is(c, "search_path", "public"));
	assert_true(setting_is(c, "transaction_isolation", "read committed"));
	assert_true(setting_is(c, "application_name", "sluice test"));
	done(p, c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_come_back_as_they_went),
		cmocka_unit_test(arrays_of_each_type_arrive),
		cmocka_unit_test(a_parameter_over_its_maximum_is_told),
		cmocka_unit_test(full_buffers_on_both_sides_do_not_lock_up),
		cmocka_unit_test(an_error_ends_its_group_and_nothing_more),
		cmocka_unit_test(errors_have_their_class),
		cmocka_unit_test(a_deadlock_is_busy),
		cmocka_unit_test(a_transaction_that_failed_is_not_committed),
		cmocka_unit_test(a_cut_connection_is_told_and_comes_back),
		cmocka_unit_test(a_commit_on_a_cut_connection_is_unsure),
		cmocka_unit_test(an_idle_connection_that_was_closed_is_seen),
		cmocka_unit_test(an_interrupt_ends_every_wait),
		cmocka_unit_test(a_session_is_set_up_whatever_the_role_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
