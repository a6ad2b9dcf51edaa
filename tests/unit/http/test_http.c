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
#include "base/thread.h"
#include "http/http.h"
#include "tests/unit/http/client.h"

struct fixture {
	struct http_server *s;
	uint16_t port;
	struct http_request *held; /* suspended by /hold */
	struct lock lock;
	struct cond cond;
	struct thread later;
	int n_streamed;
	int64_t timeout_ms;
};

static int64_t
small_bound(void *app)
{
	(void)app;
	return 1000;
}

static void
echo(struct http_request *r)
{
	http_set_header(r, "X-Path", http_arena(r) == NULL ? "" : "set");
	http_answer(r, 200, "text/plain", http_body(r));
}

static void
query(struct http_request *r)
{
	http_answer(r, 200, "text/plain", http_query(r));
}

static void
path(struct http_request *r)
{
	http_answer(r, 200, "text/plain", http_path(r));
}

static void
hold(struct http_request *r)
{
	struct fixture *f = http_app(r);

	http_ref(r);
	http_suspend(r, f->timeout_ms);
	lock_take(&f->lock);
	f->held = r;
	cond_broadcast(&f->cond);
	lock_release(&f->lock);
}

static struct http_request *
take_held(struct fixture *f)
{
	struct http_request *r;

	lock_take(&f->lock);
	while (f->held == NULL)
		cond_wait(&f->cond, &f->lock);
	r = f->held;
	f->held = NULL;
	lock_release(&f->lock);
	return r;
}

static void
resume_all(void *cookie)
{
	struct fixture *f = cookie;

	for (;;) {
		struct http_request *r = take_held(f);
		bool last = slice_eq_str(http_body(r), "last");

		if (http_resume_begin(r)) {
			http_answer(r, 200, NULL, http_body(r));
			http_resume_finish(r);
		}
		http_unref(r);
		if (last)
			return;
	}
}

/* Resumes at once, before the handler has returned. */
static void
early(struct http_request *r)
{
	http_ref(r);
	http_suspend(r, 1000);
	assert_true(http_resume_begin(r));
	http_answer(r, 200, NULL, SLICE_LIT("early"));
	http_resume_finish(r);
	http_unref(r);
}

static long
fill(void *cookie, char *out, size_t max)
{
	struct fixture *f = cookie;

	assert_true(max >= 4);
	if (++f->n_streamed > 6)
		return 0;
	if (f->n_streamed % 2 == 0)
		return -2;
	memcpy(out, "part", 4);
	return 4;
}

static void
stream(struct http_request *r)
{
	struct fixture *f = http_app(r);

	f->n_streamed = 0;
	http_answer_stream(r, 200, "text/plain", fill, NULL, f);
}

static long
fill_and_fail(void *cookie, char *out, size_t max)
{
	struct fixture *f = cookie;

	assert_true(max >= 4);
	if (f->n_streamed++ > 0)
		return -1;
	memcpy(out, "part", 4);
	return 4;
}

static void
broken(struct http_request *r)
{
	struct fixture *f = http_app(r);

	f->n_streamed = 0;
	http_answer_stream(r, 200, "text/plain", fill_and_fail, NULL, f);
}

static const struct http_route rows[] = {
	{HTTP_POST | HTTP_GET, "/echo", NULL, echo},
	{HTTP_POST, "/small", small_bound, echo},
	{HTTP_GET, "/query", NULL, query},
	{HTTP_GET, "/array/*", NULL, path},
	{HTTP_PUT, "/array/deep/*", NULL, echo},
	{HTTP_POST, "/hold", NULL, hold},
	{HTTP_POST, "/early", NULL, early},
	{HTTP_GET, "/stream", NULL, stream},
	{HTTP_GET, "/broken", NULL, broken},
	{0, NULL, NULL, NULL},
};

static void
decorate(struct http_request *r)
{
	struct slice origin = http_header(r, "Origin");

	if (origin.p != NULL)
		http_set_header(r, "X-Origin", origin.p);
}

static const char *hosts = "example.com, other.example";

static void
start(struct fixture *f, struct http_options *o)
{
	struct net_listen l = {.host = "127.0.0.1"};
	struct http_routes routes[2] = {{rows, f}, {NULL, NULL}};
	struct err e;

	if (o->listen_fd == 0)
		assert_int_equal(
			net_listen_tcp(&l, &o->listen_fd, &f->port, &e), 0);
	o->name = "test";
	o->routes = routes;
	o->app = f;
	o->n_threads = o->n_threads == 0 ? 2 : o->n_threads;
	o->max_connections = 100;
	o->max_connections_per_address = 50;
	if (o->max_inflight_bytes == 0)
		o->max_inflight_bytes = 64 * 1024 * 1024;
	if (o->request_timeout_ms == 0)
		o->request_timeout_ms = 10000;
	o->idle_timeout_ms = 10000;
	o->decorate = decorate;
	lock_init(&f->lock);
	cond_init(&f->cond);
	if (f->timeout_ms == 0)
		f->timeout_ms = 10000;
	assert_int_equal(http_start(o, &f->s, &e), 0);
}

static void
stop(struct fixture *f)
{
	http_stop(f->s, clock_mono_ns() + 5000000000);
	cond_fini(&f->cond);
	lock_fini(&f->lock);
}

static void
ask(struct client *c, struct reply *r, const char *text)
{
	client_send_text(c, text);
	client_read(c, r);
}

static void
post(struct client *c, struct reply *r, const char *where, const void *p,
	size_t n)
{
	char head[200];

	snprintf(head, sizeof(head),
		"POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n",
		where, n);
	client_send_text(c, head);
	client_send(c, p, n);
	client_read(c, r);
}

static void
routes_are_matched_and_methods_refused(void **state)
{
	struct fixture f = {0};
	struct http_options o = {0};
	static struct client c;
	static struct reply r;

	(void)state;
	start(&f, &o);
	client_connect(&c, f.port);
	post(&c, &r, "/echo", "hello", 5);
	assert_int_equal(r.status, 200);
	assert_string_equal(r.body, "hello");
	assert_string_equal(reply_header(&r, "Content-Type"), "text/plain");
	ask(&c, &r, "GET /none HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_int_equal(r.status, 404);
	assert_int_equal(r.n_body, 0);
	ask(&c, &r,
		"PUT /echo HTTP/1.1\r\nHost: x\r\nContent-Length: "
		"3\r\n\r\nabc");
	assert_int_equal(r.status, 405);
	assert_string_equal(reply_header(&r, "Allow"), "GET, HEAD, POST");
	ask(&c, &r, "GET ///query?a=%20b&c HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_int_equal(r.status, 200);
	assert_string_equal(r.body, "a=%20b&c");
	ask(&c, &r, "GET /array/deep/x HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_int_equal(r.status, 405);
	ask(&c, &r,
		"GET /array/tok%41/config HTTP/1.1\r\nHost: x\r\n"
		"Origin: null\r\n\r\n");
	assert_string_equal(r.body, "/array/tok%41/config");
	assert_string_equal(reply_header(&r, "X-Origin"), "null");
	client_send_text(&c, "HEAD /query?xyz HTTP/1.1\r\nHost: x\r\n\r\n");
	client_read_head(&c, &r);
	assert_int_equal(r.status, 200);
	assert_string_equal(reply_header(&r, "Content-Length"), "3");
	post(&c, &r, "/echo", "again", 5);
	assert_string_equal(r.body, "again");
	client_close(&c);
	stop(&f);
}

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
	start(&f, &o);
	client_connect(&c, f.port);
	post(&c, &r, "/small", big, 1000);
	assert_int_equal(r.status, 200);
	assert_int_equal(r.n_body, 1000);
	post(&c, &r, "/small", big, 1001);
	assert_int_equal(r.status, 413);
	post(&c, &r, "/small", big, 2000);
	assert_int_equal(r.status, 413);
	post(&c, &r, "/small", big, 10);
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
	ask(&c, &r,
		"POST /small HTTP/1.1\r\nHost: x\r\n"
		"Transfer-Encoding: chunked\r\n\r\n"
		"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
	assert_string_equal(r.body, "abcde");
	client_send_text(&c, "POST /small HTTP/1.1\r\nHost: x\r\n"
			     "Transfer-Encoding: chunked\r\n\r\n186a0\r\n");
	client_send(&c, big, 100000);
	client_expect_close(&c);
	client_close(&c);
	stop(&f);
}

static void
bodies_together_are_bounded(void **state)
{
	struct fixture f = {0};
	struct http_options o = {.max_inflight_bytes = 200000};
	static struct client a, b;
	static struct reply r;
	static char big[150000];

	(void)state;
	memset(big, 'b', sizeof(big));
	start(&f, &o);
	assert_int_equal(0, thread_start(&f.later, "later", resume_all, &f,
				    &(struct err){0}));
	client_connect(&a, f.port);
	client_connect(&b, f.port);
	/* a holds most of the budget and does not finish. */
	client_send_text(&a, "POST /echo HTTP/1.1\r\nHost: x\r\n"
			     "Content-Length: 150001\r\n\r\n");
	client_send(&a, big, 150000);
	do
		post(&b, &r, "/echo", big, 100000);
	while (r.status == 200); /* until a's bytes have been read */
	assert_int_equal(r.status, 503); /* http-4 */
	client_send(&a, big, 1);
	client_close(&a);
	do
		post(&b, &r, "/echo", big, 100000);
	while (r.status == 503);
	assert_int_equal(r.status, 200);
	post(&b, &r, "/hold", "last", 4);
	thread_join(&f.later);
	client_close(&b);
	stop(&f);
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
	start(&f, &o);
	assert_int_equal(
		0, thread_start(&f.later, "later", resume_all, &f, &e));
	client_connect(&c, f.port);
	for (int i = 0; i < 200; i++) {
		post(&c, &r, "/hold", "held", 4);
		assert_int_equal(r.status, 200);
		assert_string_equal(r.body, "held");
		post(&c, &r, "/early", "x", 1);
		assert_string_equal(r.body, "early");
	}
	post(&c, &r, "/hold", "last", 4);
	assert_string_equal(r.body, "last");
	thread_join(&f.later);
	client_close(&c);
	stop(&f);
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
	start(&f, &o);
	client_connect(&c, f.port);
	post(&c, &r, "/hold", "slow", 4);
	assert_int_equal(r.status, 503);
	held = take_held(&f);
	assert_false(http_resume_begin(held));
	assert_true(slice_eq_str(http_body(held), "slow"));
	http_unref(held);
	client_close(&c);
	stop(&f);
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
	start(&f, &o);
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
	stop(&f);
}

static void
streams_wait_for_what_is_not_there_yet(void **state)
{
	struct fixture f = {0};
	struct http_options o = {0};
	static struct client c;
	static struct reply r;

	(void)state;
	start(&f, &o);
	client_connect(&c, f.port);
	ask(&c, &r, "GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_int_equal(r.status, 200);
	assert_string_equal(r.body, "partpartpart");
	ask(&c, &r, "GET /query?1 HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_string_equal(r.body, "1");
	client_close(&c);
	stop(&f);
}

static void
a_broken_stream_closes_at_once(void **state)
{
	struct fixture f = {0};
	struct http_options o = {0};
	static struct client c;

	(void)state;
	start(&f, &o);
	client_connect(&c, f.port);
	client_send_text(&c, "GET /broken HTTP/1.1\r\nHost: x\r\n\r\n");
	client_expect_close(&c);
	client_close(&c);
	stop(&f);
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
	start(&f, &o);
	client_connect(&c, f.port);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		snprintf(text, sizeof(text),
			"GET /query HTTP/1.1\r\nHost: %s\r\n\r\n",
			cases[i].host);
		ask(&c, &r, text);
		assert_int_equal(r.status, cases[i].status);
	}
	client_close(&c);
	stop(&f);
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
	start(&f, &o);
	client_connect_unix(&c, sa.sun_path);
	post(&c, &r, "/echo", "unix", 4);
	assert_string_equal(r.body, "unix");
	client_close(&c);
	stop(&f);
	unlink(sa.sun_path);
	rmdir(dir);
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
	start(&f, &o);
	client_connect(&c, f.port);
	client_send_text(&c, "POST /hold HTTP/1.1\r\nHost: x\r\n"
			     "Content-Length: 1\r\n\r\nx");
	held = take_held(&f);
	http_unref(held);
	http_stop(f.s, clock_mono_ns() + 20000000);
	client_read(&c, &r);
	assert_true(r.status == 503 || r.status == 0);
	client_close(&c);
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
		cmocka_unit_test(bodies_over_the_bound_are_refused),
		cmocka_unit_test(bodies_together_are_bounded),
		cmocka_unit_test(suspended_requests_are_resumed),
		cmocka_unit_test(a_late_resume_loses_to_the_deadline),
		cmocka_unit_test(slow_clients_are_cut_off),
		cmocka_unit_test(streams_wait_for_what_is_not_there_yet),
		cmocka_unit_test(a_broken_stream_closes_at_once),
		cmocka_unit_test(unknown_hosts_are_refused),
		cmocka_unit_test(a_unix_socket_is_served),
		cmocka_unit_test(stop_answers_what_is_suspended),
		cmocka_unit_test(pairs_are_decoded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
