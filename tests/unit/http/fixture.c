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
peer(struct http_request *r)
{
	char text[NET_ADDR_TEXT];
	struct net_addr a;

	http_peer(r, &a);
	(void)net_addr_format(&a, text);
	http_answer(r, 200, "text/plain", slice_str(text));
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

/* What a handler never does outside tests: waits. */
static void
block(struct http_request *r)
{
	struct fixture *f = http_app(r);

	lock_take(&f->lock);
	f->is_blocked = true;
	cond_broadcast(&f->cond);
	while (!f->may_go_on)
		cond_wait(&f->cond, &f->lock);
	lock_release(&f->lock);
	http_answer(r, 200, NULL, SLICE_NONE);
}

struct http_request *
fixture_take_held(struct fixture *f)
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

void
fixture_resume_all(void *cookie)
{
	struct fixture *f = cookie;

	for (;;) {
		struct http_request *r = fixture_take_held(f);
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

static long
fill_for_ever(void *cookie, char *out, size_t max)
{
	(void)cookie;
	memset(out, 'x', max);
	return (long)max;
}

static void
endless(struct http_request *r)
{
	http_answer_stream(r, 200, "text/plain", fill_for_ever, NULL, NULL);
}

static const struct http_route rows[] = {
	{HTTP_POST | HTTP_GET, "/echo", NULL, echo},
	{HTTP_POST, "/small", small_bound, echo},
	{HTTP_GET, "/query", NULL, query},
	{HTTP_GET, "/array/*", NULL, path},
	{HTTP_GET, "/peer", NULL, peer},
	{HTTP_PUT, "/array/deep/*", NULL, echo},
	{HTTP_POST, "/hold", NULL, hold},
	{HTTP_POST, "/early", NULL, early},
	{HTTP_GET, "/block", NULL, block},
	{HTTP_GET, "/stream", NULL, stream},
	{HTTP_GET, "/broken", NULL, broken},
	{HTTP_GET, "/endless", NULL, endless},
	{0, NULL, NULL, NULL},
};

static void
decorate(struct http_request *r)
{
	struct slice origin = http_header(r, "Origin");

	if (origin.p != NULL)
		http_set_header(r, "X-Origin", origin.p);
}

void
fixture_start(struct fixture *f, struct http_options *o)
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
	if (o->max_connections == 0)
		o->max_connections = 100;
	if (o->max_connections_per_address == 0)
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

void
fixture_stop(struct fixture *f)
{
	http_stop(f->s, clock_mono_ns() + 5000000000);
	cond_fini(&f->cond);
	lock_fini(&f->lock);
}

void
fixture_ask(struct client *c, struct reply *r, const char *text)
{
	client_send_text(c, text);
	client_read(c, r);
}

void
fixture_post(struct client *c, struct reply *r, const char *where,
	const void *p, size_t n)
{
	char head[200];

	snprintf(head, sizeof(head),
		"POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n",
		where, n);
	client_send_text(c, head);
	client_send(c, p, n);
	client_read(c, r);
}
