#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "base/clock.h"
#include "stats/refusal.h"
#include "stats/stats.h"
#include "tests/unit/http/fixture.h"

static const char get[] = "GET /query HTTP/1.1\r\nHost: x\r\n\r\n";

static uint64_t
refused(enum refusal why)
{
	return stats_counter(STATS_HTTP_REFUSED, (int)why);
}

static void
wait_for_connections(struct fixture *f, int n)
{
	int64_t until_ns = clock_mono_ns() + 10000000000;

	while (http_n_connections(f->s) != n) {
		lock_take(&f->lock);
		cond_wait_until(&f->cond, &f->lock, clock_mono_ns() + 2000000);
		lock_release(&f->lock);
		assert_true(clock_mono_ns() < until_ns);
	}
}

static void
one_address_has_its_part(void **state)
{
	struct fixture f = {0};
	struct http_options o = {.max_connections_per_address = 3};
	uint64_t before = refused(REFUSAL_ADDRESS_CONNECTIONS);
	static struct client c[3], more;
	static struct reply r;

	(void)state;
	fixture_start(&f, &o);
	for (int i = 0; i < 3; i++) {
		client_connect(&c[i], f.port);
		fixture_ask(&c[i], &r, get);
		assert_int_equal(r.status, 200);
	}
	client_connect(&more, f.port);
	client_read(&more, &r);
	assert_int_equal(r.status, 503);
	assert_non_null(reply_header(&r, "Retry-After"));
	client_expect_close(&more);
	client_close(&more);
	assert_int_equal(refused(REFUSAL_ADDRESS_CONNECTIONS), before + 1);
	client_close(&c[0]);
	wait_for_connections(&f, 2);
	client_connect(&more, f.port);
	fixture_ask(&more, &r, get);
	assert_int_equal(r.status, 200);
	client_close(&more);
	client_close(&c[1]);
	client_close(&c[2]);
	fixture_stop(&f);
}

/* http-9 */
static void
a_full_table_makes_room_or_refuses(void **state)
{
	struct fixture f = {0};
	struct http_options o = {.max_connections = 2};
	uint64_t closed = refused(REFUSAL_IDLE_CLOSED);
	uint64_t full = refused(REFUSAL_CONNECTIONS);
	static struct client idle, busy, more;
	struct http_request *held;
	static struct reply r;
	int64_t from_ns;

	(void)state;
	fixture_start(&f, &o);
	client_connect(&idle, f.port);
	fixture_ask(&idle, &r, get);
	from_ns = clock_mono_ns();
	client_connect(&busy, f.port);
	client_send_text(&busy, "POST /hold HTTP/1.1\r\nHost: x\r\n"
				"Content-Length: 1\r\n\r\nx");
	held = fixture_take_held(&f);
	/* Nobody has been idle for long enough. */
	client_connect(&more, f.port);
	client_read(&more, &r);
	if (clock_mono_ns() - from_ns < 400000000) {
		assert_int_equal(r.status, 503);
		assert_int_equal(refused(REFUSAL_CONNECTIONS), full + 1);
	}
	client_close(&more);
	/* Then the idle one goes, the one with a request does not. */
	do {
		client_connect(&more, f.port);
		client_send_text(&more, get);
		client_read(&more, &r);
		if (r.status != 200)
			client_close(&more);
		assert_true(clock_mono_ns() - from_ns < 10000000000);
	} while (r.status != 200);
	assert_int_equal(refused(REFUSAL_IDLE_CLOSED), closed + 1);
	client_expect_close(&idle);
	assert_true(http_resume_begin(held));
	http_answer(held, 200, NULL, SLICE_LIT("held"));
	http_resume_finish(held);
	http_unref(held);
	client_read(&busy, &r);
	assert_string_equal(r.body, "held");
	client_close(&busy);
	client_close(&more);
	client_close(&idle);
	fixture_stop(&f);
}

/* An answer that is larger than what both sockets hold. */
static void
who_does_not_read_is_cut_off(void **state)
{
	struct fixture f = {0};
	struct http_options o = {.request_timeout_ms = 300};
	uint64_t before = refused(REFUSAL_SEND_TIMEOUT);
	static struct client c;
	int64_t until_ns = clock_mono_ns() + 10000000000;

	(void)state;
	fixture_start(&f, &o);
	client_connect(&c, f.port);
	client_send_text(&c, "GET /endless HTTP/1.1\r\nHost: x\r\n\r\n");
	wait_for_connections(&f, 1);
	wait_for_connections(&f, 0);
	assert_true(clock_mono_ns() < until_ns);
	assert_int_equal(refused(REFUSAL_SEND_TIMEOUT), before + 1);
	client_close(&c);
	fixture_stop(&f);
}

const struct CMUnitTest http_admit_tests[] = {
	cmocka_unit_test(one_address_has_its_part),
	cmocka_unit_test(a_full_table_makes_room_or_refuses),
	cmocka_unit_test(who_does_not_read_is_cut_off),
};
const size_t http_n_admit_tests = ARRAY_LEN(http_admit_tests);
