#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "http/http_int.h"
#include "tests/unit/http/fixture.h"

/* Bounds of size and time. */
static void
bodies_over_the_bound_are_refused(void **state)
{
	struct fixture f = {0};
	struct http_options o = {0};
	static struct client c;
	static struct reply r;
	static char big[100000];

	(void)state;
	memset(big, 'b', sizeof(big));
	fixture_start(&f, &o);
	client_connect(&c, f.port);
	fixture_post(&c, &r, "/small", big, 1000);
	assert_int_equal(r.status, 200);
	assert_int_equal(r.n_body, 1000);
	fixture_post(&c, &r, "/small", big, 1001);
	assert_int_equal(r.status, 413);
	fixture_post(&c, &r, "/small", big, 2000);
	assert_int_equal(r.status, 413);
	fixture_post(&c, &r, "/small", big, 10);
	assert_int_equal(r.status, 200);
	/* Far over: answered at once and closed. */
	client_send_text(&c, "POST /small HTTP/1.1\r\nHost: x\r\n"
			     "Content-Length: 1000000000\r\n\r\n");
	client_read(&c, &r);
	assert_int_equal(r.status, 413);
	client_expect_close(&c);
	client_close(&c);
	/* Chunked, without a length. */
	client_connect(&c, f.port);
	fixture_ask(&c, &r,
		"POST /small HTTP/1.1\r\nHost: x\r\n"
		"Transfer-Encoding: chunked\r\n\r\n"
		"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
	assert_string_equal(r.body, "abcde");
	client_send_text(&c, "POST /small HTTP/1.1\r\nHost: x\r\n"
			     "Transfer-Encoding: chunked\r\n\r\n186a0\r\n");
	client_send(&c, big, 100000);
	client_expect_close(&c);
	client_close(&c);
	fixture_stop(&f);
}

/* Sends all of a body but its last byte: 150000 bytes that stay in flight. */
static void
hold_most(struct client *a, uint16_t port, const char *big)
{
	client_connect(a, port);
	client_send_text(a, "POST /echo HTTP/1.1\r\nHost: x\r\n"
			    "Content-Length: 150001\r\n\r\n");
	client_send(a, big, 150000);
}

static void
bodies_together_are_bounded(void **state)
{
	struct fixture f = {0};
	struct http_options o = {.max_inflight_bytes = 250000};
	static struct client a, b;
	static struct reply r;
	static char big[150000];
	int64_t deadline_ns;

	(void)state;
	memset(big, 'b', sizeof(big));
	fixture_start(&f, &o);
	assert_int_equal(0, thread_start(&f.later, "later", fixture_resume_all,
				    &f, &(struct err){0}));
	hold_most(&a, f.port, big);
	deadline_ns = clock_mono_ns() + INT64_C(30000000000);
	while (atomic_load(&f.s->inflight_bytes) < 150000) {
		assert_true(clock_mono_ns() < deadline_ns);
		sched_yield();
	}
	client_connect(&b, f.port);
	fixture_post(&b, &r, "/echo", big, 100000);
	assert_int_equal(r.status, 503); /* http-4 */
	client_send(&a, big, 1);
	client_close(&a);
	do
		fixture_post(&b, &r, "/echo", big, 100000);
	while (r.status == 503);
	assert_int_equal(r.status, 200);
	fixture_post(&b, &r, "/hold", "last", 4);
	thread_join(&f.later);
	client_close(&b);
	fixture_stop(&f);
}

/* http-3 */
static void
a_late_resume_loses_to_the_deadline(void **state)
{
	struct fixture f = {.timeout_ms = 10};
	struct http_options o = {0};
	static struct client c;
	static struct reply r;
	struct http_request *held;

	(void)state;
	fixture_start(&f, &o);
	client_connect(&c, f.port);
	fixture_post(&c, &r, "/hold", "slow", 4);
	assert_int_equal(r.status, 503);
	held = fixture_take_held(&f);
	assert_false(http_resume_begin(held));
	assert_true(slice_eq_str(http_body(held), "slow"));
	http_unref(held);
	client_close(&c);
	fixture_stop(&f);
}

/* http-2 */
static void
slow_clients_are_cut_off(void **state)
{
	struct fixture f = {0};
	struct http_options o = {.request_timeout_ms = 100};
	static struct client c;
	static struct reply r;

	(void)state;
	fixture_start(&f, &o);
	client_connect(&c, f.port);
	client_send_text(&c, "POST /echo HTTP/1.1\r\nHost: x\r\n"
			     "Content-Length: 50\r\n\r\nabc");
	client_read(&c, &r);
	assert_int_equal(r.status, 408);
	client_expect_close(&c);
	client_close(&c);
	client_connect(&c, f.port);
	client_send_text(&c, "POST /echo HTT");
	client_read(&c, &r);
	assert_int_equal(r.status, 408);
	client_expect_close(&c);
	client_close(&c);
	client_connect(&c, f.port);
	client_send_text(&c, "POST /echo HTTP/1.1\r\nHost: x\r\nA:");
	client_expect_close(&c);
	client_close(&c);
	fixture_stop(&f);
}

/* http-5 */
static void
stop_answers_what_is_suspended(void **state)
{
	struct fixture f = {0};
	struct http_options o = {.n_threads = 1};
	static struct client c;
	static struct reply r;
	struct http_request *held;

	(void)state;
	fixture_start(&f, &o);
	client_connect(&c, f.port);
	client_send_text(&c, "POST /hold HTTP/1.1\r\nHost: x\r\n"
			     "Content-Length: 1\r\n\r\nx");
	held = fixture_take_held(&f);
	http_unref(held);
	http_stop(f.s, clock_mono_ns() + 20000000);
	client_read(&c, &r);
	assert_true(r.status == 503 || r.status == 0);
	client_close(&c);
}

const struct CMUnitTest http_bound_tests[] = {
	cmocka_unit_test(bodies_over_the_bound_are_refused),
	cmocka_unit_test(bodies_together_are_bounded),
	cmocka_unit_test(a_late_resume_loses_to_the_deadline),
	cmocka_unit_test(slow_clients_are_cut_off),
	cmocka_unit_test(stop_answers_what_is_suspended),
};
const size_t http_n_bound_tests = ARRAY_LEN(http_bound_tests);
