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
#include "tests/unit/http/fixture.h"

static const char *hosts = "example.com, other.example";

static void
routes_are_matched_and_methods_refused(void **state)
{
	struct fixture f = {0};
	struct http_options o = {0};
	static struct client c;
	static struct reply r;

	(void)state;
	fixture_start(&f, &o);
	client_connect(&c, f.port);
	fixture_post(&c, &r, "/echo", "hello", 5);
	assert_int_equal(r.status, 200);
	assert_string_equal(r.body, "hello");
	assert_string_equal(reply_header(&r, "Content-Type"), "text/plain");
	fixture_ask(&c, &r, "GET /none HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_int_equal(r.status, 404);
	assert_int_equal(r.n_body, 0);
	fixture_ask(&c, &r,
		"PUT /echo HTTP/1.1\r\nHost: x\r\nContent-Length: "
		"3\r\n\r\nabc");
	assert_int_equal(r.status, 405);
	assert_string_equal(reply_header(&r, "Allow"), "GET, HEAD, POST");
	fixture_ask(
		&c, &r, "GET ///query?a=%20b&c HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_int_equal(r.status, 200);
	assert_string_equal(r.body, "a=%20b&c");
	fixture_ask(&c, &r, "GET /array/deep/x HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_int_equal(r.status, 405);
	fixture_ask(&c, &r,
		"GET /array/tok%41/config HTTP/1.1\r\nHost: x\r\n"
		"Origin: null\r\n\r\n");
	assert_string_equal(r.body, "/array/tok%41/config");
	assert_string_equal(reply_header(&r, "X-Origin"), "null");
	client_send_text(&c, "HEAD /query?xyz HTTP/1.1\r\nHost: x\r\n\r\n");
	client_read_head(&c, &r);
	assert_int_equal(r.status, 200);
	assert_string_equal(reply_header(&r, "Content-Length"), "3");
	fixture_post(&c, &r, "/echo", "again", 5);
	assert_string_equal(r.body, "again");
	client_close(&c);
	fixture_stop(&f);
}

/* http-1 */
static void
suspended_requests_are_resumed(void **state)
{
	struct fixture f = {0};
	struct http_options o = {0};
	static struct client c;
	static struct reply r;
	struct err e;

	(void)state;
	fixture_start(&f, &o);
	assert_int_equal(
		0, thread_start(&f.later, "later", fixture_resume_all, &f, &e));
	client_connect(&c, f.port);
	for (int i = 0; i < 200; i++) {
		fixture_post(&c, &r, "/hold", "held", 4);
		assert_int_equal(r.status, 200);
		assert_string_equal(r.body, "held");
		fixture_post(&c, &r, "/early", "x", 1);
		assert_string_equal(r.body, "early");
	}
	fixture_post(&c, &r, "/hold", "last", 4);
	assert_string_equal(r.body, "last");
	thread_join(&f.later);
	client_close(&c);
	fixture_stop(&f);
}

static void
streams_wait_for_what_is_not_there_yet(void **state)
{
	struct fixture f = {0};
	struct http_options o = {0};
	static struct client c;
	static struct reply r;

	(void)state;
	fixture_start(&f, &o);
	client_connect(&c, f.port);
	fixture_ask(&c, &r, "GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_int_equal(r.status, 200);
	assert_string_equal(r.body, "partpartpart");
	fixture_ask(&c, &r, "GET /query?1 HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_string_equal(r.body, "1");
	client_close(&c);
	fixture_stop(&f);
}

static void
a_broken_stream_closes_at_once(void **state)
{
	struct fixture f = {0};
	struct http_options o = {0};
	static struct client c;

	(void)state;
	fixture_start(&f, &o);
	client_connect(&c, f.port);
	client_send_text(&c, "GET /broken HTTP/1.1\r\nHost: x\r\n\r\n");
	client_expect_close(&c);
	client_close(&c);
	fixture_stop(&f);
}

static void
unknown_hosts_are_refused(void **state)
{
	struct fixture f = {0};
	struct http_options o = {.allowed_hosts = &hosts};
	static const struct {
		const char *host;
		int status;
	} cases[] = {
		{"127.0.0.1:1", 200},
		{"localhost", 200},
		{"[::1]:80", 200},
		{"Other.Example:8001", 200},
		{"example.com", 200},
		{"example.org", 403},
		{"evil.example.com", 403},
		{"10.0.0.1", 403},
		{"", 403},
	};
	static struct client c;
	static struct reply r;
	char text[200];

	(void)state;
	fixture_start(&f, &o);
	client_connect(&c, f.port);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		snprintf(text, sizeof(text),
			"GET /query HTTP/1.1\r\nHost: %s\r\n\r\n",
			cases[i].host);
		fixture_ask(&c, &r, text);
		assert_int_equal(r.status, cases[i].status);
	}
	client_close(&c);
	fixture_stop(&f);
}

static void
a_unix_socket_is_served(void **state)
{
	struct fixture f = {0};
	struct http_options o = {.is_unix = true};
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	char dir[] = "/tmp/test_http_XXXXXX";
	static struct client c;
	static struct reply r;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/s", dir);
	o.listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(o.listen_fd, (void *)&sa, sizeof(sa)), 0);
	assert_int_equal(listen(o.listen_fd, 10), 0);
	fixture_start(&f, &o);
	client_connect_unix(&c, sa.sun_path);
	fixture_post(&c, &r, "/echo", "unix", 4);
	assert_string_equal(r.body, "unix");
	client_close(&c);
	fixture_stop(&f);
	unlink(sa.sun_path);
	rmdir(dir);
}

static void
pairs_are_decoded(void **state)
{
	struct arena a;
	struct slice rest = SLICE_LIT("a=1&&b=x+y%20z&c&%64=%ff%zz&=e");
	static const char *const expect[][2] = {
		{"a", "1"},
		{"b", "x y z"},
		{"c", ""},
		{"d", "\xef\xbf\xbd%zz"},
		{"", "e"},
	};
	struct http_pair p;

	(void)state;
	arena_init(&a, 10000);
	for (size_t i = 0; i < ARRAY_LEN(expect); i++) {
		assert_true(http_pair_next(&a, &rest, &p));
		assert_true(slice_eq_str(p.name, expect[i][0]));
		assert_true(slice_eq_str(p.value, expect[i][1]));
	}
	assert_false(http_pair_next(&a, &rest, &p));
	arena_fini(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(routes_are_matched_and_methods_refused),
		cmocka_unit_test(suspended_requests_are_resumed),
		cmocka_unit_test(streams_wait_for_what_is_not_there_yet),
		cmocka_unit_test(a_broken_stream_closes_at_once),
		cmocka_unit_test(unknown_hosts_are_refused),
		cmocka_unit_test(a_unix_socket_is_served),
		cmocka_unit_test(pairs_are_decoded),
	};
	int bad = _cmocka_run_group_tests(
		"bounds", http_bound_tests, http_n_bound_tests, NULL, NULL);

	bad += _cmocka_run_group_tests(
		"crowd", http_crowd_tests, http_n_crowd_tests, NULL, NULL);
	bad += _cmocka_run_group_tests(
		"admit", http_admit_tests, http_n_admit_tests, NULL, NULL);
	bad += _cmocka_run_group_tests(
		"proxy", http_proxy_tests, http_n_proxy_tests, NULL, NULL);
	return bad + cmocka_run_group_tests(tests, NULL, NULL);
}
