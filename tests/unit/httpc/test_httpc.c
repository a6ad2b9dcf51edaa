#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "http/http.h"
#include "httpc/httpc.h"

struct fixture {
	struct http_server *s;
	uint16_t port;
	char unix_path[108];
	char dir[64];
	long left; /* of the stream */
	struct http_request *held;
};

static void
echo(struct http_request *r)
{
	struct slice given = http_header(r, "X-Given");
	char copy[64];

	snprintf(copy, sizeof(copy), "%.*s", SLICE_FMT(given));
	http_set_header(r, "X-Method", http_method_text(r));
	if (given.len > 0)
		http_set_header(r, "X-Given", copy);
	http_answer(r, 201, "text/plain", http_body(r));
}

static void
query(struct http_request *r)
{
	struct slice rest = http_query(r);
	struct http_pair p;

	assert_true(http_pair_next(http_arena(r), &rest, &p));
	http_answer(r, 404, "text/plain", p.value);
}

static long
fill(void *cookie, char *out, size_t max)
{
	struct fixture *f = cookie;
	long n = f->left < (long)max ? f->left : (long)max;

	memset(out, 's', (size_t)n);
	f->left -= n;
	return n;
}

static void
stream(struct http_request *r)
{
	struct fixture *f = http_app(r);

	f->left = 1000000;
	http_answer_stream(r, 200, "text/plain", fill, NULL, f);
}

static void
never(struct http_request *r)
{
	http_suspend(r, 700);
}

static int64_t
bound(void *app)
{
	(void)app;
	return 4 * 1024 * 1024;
}

static const struct http_route rows[] = {
	{HTTP_GET | HTTP_POST | HTTP_PUT, "/echo", bound, echo},
	{HTTP_GET, "/query", NULL, query},
	{HTTP_GET, "/stream", NULL, stream},
	{HTTP_GET, "/never", NULL, never},
	{0, NULL, NULL, NULL},
};

static int
listen_unix(struct fixture *f)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	snprintf(f->dir, sizeof(f->dir), "/tmp/sluice-httpc-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->unix_path, sizeof(f->unix_path), "%s/s", f->dir);
	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", f->unix_path);
	assert_int_equal(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	assert_int_equal(listen(fd, 8), 0);
	return fd;
}

static void
start(struct fixture *f, bool is_unix)
{
	const struct http_routes routes[] = {{rows, f}, {NULL, NULL}};
	struct http_options o = {
		.name = "test",
		.is_unix = is_unix,
		.routes = routes,
		.n_threads = 1,
		.max_connections = 10,
		.max_connections_per_address = 10,
		.max_inflight_bytes = 8 * 1024 * 1024,
		.request_timeout_ms = 5000,
		.idle_timeout_ms = 5000,
	};
	struct net_listen l = {.host = "127.0.0.1"};
	struct err e;

	*f = (struct fixture){.port = 0};
	if (is_unix)
		o.listen_fd = listen_unix(f);
	else
		assert_int_equal(
			net_listen_tcp(&l, &o.listen_fd, &f->port, &e), 0);
	assert_int_equal(http_start(&o, &f->s, &e), 0);
}

static void
stop(struct fixture *f)
{
	http_stop(f->s, clock_mono_ns() + INT64_C(2000000000));
	if (f->dir[0] != '\0') {
		unlink(f->unix_path);
		rmdir(f->dir);
	}
}

static const char *
url(const struct fixture *f, const char *path)
{
	static char text[128];

	snprintf(text, sizeof(text), "http://127.0.0.1:%u%s", f->port, path);
	return text;
}

static void
carries_method_headers_and_bodies(void **state)
{
	static const char *const headers[] = {"X-Given: abc", NULL};
	struct httpc_request q = {
		.method = "PUT",
		.body = SLICE_LIT("hello"),
		.headers = headers,
	};
	struct httpc_answer a;
	struct fixture f;
	struct err e;

	(void)state;
	start(&f, false);
	q.url = url(&f, "/echo");
	assert_int_equal(httpc_do(&q, &a, &e), 0);
	assert_int_equal(a.status, 201);
	assert_true(slice_eq_str(buf_slice(&a.body), "hello"));
	assert_true(slice_eq_str(httpc_header(&a, "x-method"), "PUT"));
	assert_true(slice_eq_str(httpc_header(&a, "X-Given"), "abc"));
	assert_null(httpc_header(&a, "X-Given-Not").p);
	httpc_answer_fini(&a);
	stop(&f);
}

static void
posts_a_large_body_and_an_empty_one(void **state)
{
	static char big[3 * 1024 * 1024];
	struct httpc_answer a;
	struct fixture f;
	struct err e;

	(void)state;
	memset(big, 'b', sizeof(big));
	start(&f, false);
	assert_int_equal(httpc_post(url(&f, "/echo"), NULL, "text/plain",
				 slice_of(big, sizeof(big)), 5000, &a, &e),
		0);
	assert_int_equal(a.body.len, sizeof(big));
	assert_memory_equal(a.body.p, big, sizeof(big));
	httpc_answer_fini(&a);
	assert_int_equal(httpc_post(url(&f, "/echo"), NULL, "text/plain",
				 SLICE_NONE, 5000, &a, &e),
		0);
	assert_int_equal(a.body.len, 0);
	assert_true(slice_eq_str(httpc_header(&a, "X-Method"), "POST"));
	httpc_answer_fini(&a);
	stop(&f);
}

static void
escaped_text_arrives_as_it_was(void **state)
{
	static const char text[] = "a b&c=d%/?#+\n\xc3\xa9";
	struct httpc_answer a;
	struct fixture f;
	struct err e;
	struct buf b;

	(void)state;
	start(&f, false);
	buf_init(&b, 1000);
	buf_append_str(&b, url(&f, "/query?q="));
	httpc_put_escaped(&b, SLICE_LIT(text));
	assert_int_equal(httpc_get(buf_cstr(&b), NULL, 5000, &a, &e), 0);
	assert_int_equal(a.status, 404);
	assert_true(slice_eq_str(buf_slice(&a.body), text));
	httpc_answer_fini(&a);
	buf_fini(&b);
	stop(&f);
}

static void
talks_over_a_unix_socket(void **state)
{
	struct httpc_answer a;
	struct fixture f;
	struct err e;

	(void)state;
	start(&f, true);
	assert_int_equal(httpc_post("http://localhost/echo", f.unix_path,
				 "text/plain", SLICE_LIT("u"), 5000, &a, &e),
		0);
	assert_true(slice_eq_str(buf_slice(&a.body), "u"));
	httpc_answer_fini(&a);
	stop(&f);
}

struct taken {
	size_t n, max;
};

static bool
take(void *cookie, int status, struct slice piece)
{
	struct taken *t = cookie;

	assert_int_equal(status, 200);
	t->n += piece.len;
	return t->n <= t->max;
}

/* httpc-2 */
static void
streams_in_pieces_and_breaks_off(void **state)
{
	struct taken t = {0, SIZE_MAX};
	struct httpc_request q = {.on_body = take, .cookie = &t};
	struct httpc_answer a;
	struct fixture f;
	struct err e;

	(void)state;
	start(&f, false);
	q.url = url(&f, "/stream");
	assert_int_equal(httpc_do(&q, &a, &e), 0);
	assert_int_equal(t.n, 1000000);
	assert_int_equal(a.body.len, 0);
	httpc_answer_fini(&a);
	t = (struct taken){0, 100000};
	assert_int_equal(httpc_do(&q, &a, &e), -ERR_STOPPING);
	assert_true(t.n < 1000000);
	q.on_body = NULL;
	q.max_body_bytes = 5000;
	assert_int_equal(httpc_do(&q, &a, &e), -ERR_TOO_BIG);
	stop(&f);
}

/* httpc-1 */
static void
tells_apart_why_there_was_no_answer(void **state)
{
	struct net_listen l = {.host = "127.0.0.1"};
	struct httpc_answer a;
	struct fixture f;
	uint16_t port;
	char text[64];
	struct err e;
	int fd;

	(void)state;
	start(&f, false);
	assert_int_equal(
		httpc_get(url(&f, "/never"), NULL, 100, &a, &e), -ERR_TIMEOUT);
	assert_int_equal(
		httpc_get("http://localhost/x", "/nonexistent/s", 1000, &a, &e),
		-ERR_UNAVAILABLE);
	assert_non_null(strstr(e.text, "/nonexistent/s"));
	assert_int_equal(net_listen_tcp(&l, &fd, &port, &e), 0);
	close(fd);
	snprintf(text, sizeof(text), "http://127.0.0.1:%u/", port);
	assert_int_equal(httpc_get(text, NULL, 1000, &a, &e), -ERR_UNAVAILABLE);
	assert_int_equal(httpc_get("file:///etc/hostname", NULL, 1000, &a, &e),
		-ERR_INVALID);
	stop(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(carries_method_headers_and_bodies),
		cmocka_unit_test(posts_a_large_body_and_an_empty_one),
		cmocka_unit_test(escaped_text_arrives_as_it_was),
		cmocka_unit_test(talks_over_a_unix_socket),
		cmocka_unit_test(streams_in_pieces_and_breaks_off),
		cmocka_unit_test(tells_apart_why_there_was_no_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
