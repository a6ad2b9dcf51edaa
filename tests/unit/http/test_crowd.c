#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "tests/unit/http/fixture.h"

#define CROWD 128 /* events that libmicrohttpd takes at once */

/* http-10: while the one HTTP thread is busy, as many clients ask as it will be
 * told of at once. All are answered without anything else happening. */
static void
as_many_as_an_event_array_are_answered(void **state)
{
	struct http_options o = {.n_threads = 1,
		.max_connections = 2 * CROWD,
		.max_connections_per_address = 2 * CROWD};
	struct client *c = test_calloc(CROWD + 1, sizeof(*c));
	static struct fixture f;
	static struct reply r;
	int64_t begin_ns;

	(void)state;
	fixture_start(&f, &o);
	for (int i = 0; i <= CROWD; i++) {
		client_connect(&c[i], f.port);
		fixture_ask(
			&c[i], &r, "GET /query?a HTTP/1.1\r\nHost: x\r\n\r\n");
		assert_int_equal(r.status, 200);
	}
	client_send_text(&c[CROWD], "GET /block HTTP/1.1\r\nHost: x\r\n\r\n");
	lock_take(&f.lock);
	while (!f.is_blocked)
		cond_wait(&f.cond, &f.lock);
	lock_release(&f.lock);
	for (int i = 0; i < CROWD; i++)
		client_send_text(
			&c[i], "GET /query?b HTTP/1.1\r\nHost: x\r\n\r\n");
	begin_ns = clock_mono_ns();
	lock_take(&f.lock);
	f.may_go_on = true;
	cond_broadcast(&f.cond);
	lock_release(&f.lock);
	for (int i = 0; i <= CROWD; i++) {
		client_read(&c[i], &r);
		assert_int_equal(r.status, 200);
		client_close(&c[i]);
	}
	assert_true(clock_mono_ns() - begin_ns < 5000000000);
	fixture_stop(&f);
	test_free(c);
}

const struct CMUnitTest http_crowd_tests[] = {
	cmocka_unit_test(as_many_as_an_event_array_are_answered),
};
const size_t http_n_crowd_tests = ARRAY_LEN(http_crowd_tests);
