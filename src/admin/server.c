#include <string.h>

#include "admin/admin_int.h"
#include "admin/head.h"
#include "admin/pg_test.h"
#include "admin/watch.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/net.h"
#include "conf/conf.h"
#include "http/http.h"

#define CALL_TIMEOUT_MS 600000
#define ARENA_MAX_BYTES ((size_t)256 * 1024 * 1024)

struct waiting {
	struct waiting *next;
	struct http_request *r;
	struct head head;
};

/* Calls that wait for a worker; each is taken alone. */
struct admin_waiting {
	struct lock lock;
	struct cond some;
	struct waiting *head, **tail;
	int n;
	bool closed;
};

static int
put_waiting(struct admin_waiting *q, struct waiting *w)
{
	int rc = 0;

	lock_take(&q->lock);
	if (q->closed || q->n >= ADMIN_WAITING_MAX) {
		rc = -1;
	} else {
		w->next = NULL;
		*q->tail = w;
		q->tail = &w->next;
		q->n++;
		cond_signal(&q->some);
	}
	lock_release(&q->lock);
	return rc;
}

/* NULL: closed, and nothing waits. */
static struct waiting *
take_waiting(struct admin_waiting *q)
{
	struct waiting *w;

	lock_take(&q->lock);
	while (q->head == NULL && !q->closed)
		cond_wait(&q->some, &q->lock);
	w = q->head;
	if (w != NULL) {
		q->head = w->next;
		if (q->head == NULL)
			q->tail = &q->head;
		q->n--;
	}
	lock_release(&q->lock);
	return w;
}

static void
finish(struct http_request *r, struct admin_call *c)
{
	if (!http_resume_begin(r)) {
		if (c->stream != NULL)
			c->stream_free(c->stream_cookie);
		return;
	}
	for (int i = 0; i < c->n_headers; i++)
		http_set_header(r, c->headers[i].name, c->headers[i].value);
	if (c->stream != NULL)
		http_answer_stream(r, c->status, c->content_type, c->stream,
			c->stream_free, c->stream_cookie);
	else
		http_answer_take(r, c->status, c->content_type, &c->out);
	http_resume_finish(r);
}

/* The path with its query, as it was sent. */
static struct slice
target_of(struct http_request *r, struct arena *a)
{
	struct slice path = http_path(r);
	struct slice query = http_query(r);
	char *p;

	if (query.len == 0)
		return path;
	p = arena_alloc(a, path.len + 1 + query.len);
	if (p == NULL)
		return path;
	memcpy(p, path.p, path.len);
	p[path.len] = '?';
	memcpy(p + path.len + 1, query.p, query.len);
	return slice_of(p, path.len + 1 + query.len);
}

static void
work(void *cookie)
{
	struct admin *a = cookie;
	struct waiting *w;
	struct arena arena;

	arena_init(&arena, ARENA_MAX_BYTES);
	while ((w = take_waiting(a->waiting)) != NULL) {
		struct admin_call c;

		admin_call_init(&c, a, &arena,
			slice_str(http_method_text(w->r)),
			target_of(w->r, &arena), http_body(w->r));
		c.http = w->r;
		c.head = &w->head;
		if (!w->head.is_unix)
			c.who = (struct auth_who){.door = AUTH_BY_NOTHING};
		admin_dispatch(&c);
		finish(w->r, &c);
		buf_fini(&c.out);
		http_unref(w->r);
		mem_free(w);
		arena_reset(&arena);
	}
	arena_fini(&arena);
}

static void
answer_busy(struct http_request *r)
{
	http_answer(r, 503, "application/json",
		SLICE_LIT("{\"error\":{\"code\":\"unavailable\",\"message\":"
			  "\"too many requests wait: try again\"}}\n"));
}

/* HTTP threads do not wait for disk. */
void
admin_enter(struct http_request *r)
{
	struct admin *a = http_app(r);
	struct waiting *w = mem_new(struct waiting);

	if (w == NULL) {
		answer_busy(r);
		return;
	}
	w->r = r;
	head_read(r, &w->head);
	http_ref(r);
	http_suspend(r, CALL_TIMEOUT_MS);
	if (put_waiting(a->waiting, w) == 0)
		return;
	if (http_resume_begin(r)) {
		answer_busy(r);
		http_resume_finish(r);
	}
	http_unref(r);
	mem_free(w);
}

static const struct http_route api_rows[] = {
	{ADMIN_ALL_METHODS, "/api/v1/*", NULL, admin_enter},
	{0, NULL, NULL, NULL},
};

static struct http_options
options_of(struct admin *a, const char *name, int fd,
	const struct http_routes *routes)
{
	return (struct http_options){
		.name = name,
		.listen_fd = fd,
		.routes = routes,
		.app = a,
		.n_threads = 1,
		.max_connections = 256,
		.max_connections_per_address = 256,
		.max_inflight_bytes = 64 * 1024 * 1024,
		.head_max_bytes = LIMIT_ADMIN_HEADER_BYTES,
		.request_timeout_ms = 30000,
		.idle_timeout_ms = 30000,
		.not_found = admin_not_found,
	};
}

/* Browsers that came by TLS once never come without it again. */
static void
only_by_tls(struct http_request *r)
{
	http_set_header(r, "Strict-Transport-Security", "max-age=31536000");
}

static int
start_tcp(struct admin *a, const struct net_listen *tcp, uint16_t *port,
	struct err *e)
{
	struct http_routes routes[2] = {{NULL, NULL}, {NULL, NULL}};
	struct http_options o;
	int fd;
	int rc;

	if (tcp == NULL || tcp->is_off)
		return 0;
	admin_open_set(&routes[0], a);
	rc = net_listen_tcp(tcp, &fd, port, e);
	if (rc < 0)
		return err_prefix(e, "admin.listen");
	o = options_of(a, "admin", fd, routes);
	o.allowed_hosts = &a->hosts;
	if (a->o.admin_tls != NULL) {
		o.listen_fd = -1;
		o.tls_listen_fd = fd;
		o.tls = a->o.admin_tls;
		o.decorate = only_by_tls;
	}
	return http_start(&o, &a->tcp_server, e);
}

int
admin_start(struct admin *a, int unix_fd, const struct net_listen *tcp,
	uint16_t *port, struct err *e)
{
	const struct http_routes routes[] = {{api_rows, a}, {NULL, NULL}};
	struct http_options o = options_of(a, "socket", unix_fd, routes);
	int rc = 0;

	o.is_unix = true;
	*port = 0;
	a->waiting = mem_new(struct admin_waiting);
	if (a->waiting == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory");
	lock_init(&a->waiting->lock);
	cond_init(&a->waiting->some);
	a->waiting->tail = &a->waiting->head;
	for (int i = 0; rc == 0 && i < ADMIN_WORKERS; i++)
		rc = thread_start(&a->workers[i], "admin", work, a, e);
	if (rc == 0)
		rc = admin_sampler_start(a, e);
	if (rc == 0)
		rc = admin_probe_start(a, e);
	if (rc == 0)
		rc = letters_watch_start(a, e);
	if (rc == 0)
		rc = watch_start(a, e);
	if (rc == 0)
		rc = http_start(&o, &a->unix_server, e);
	if (rc == 0)
		rc = start_tcp(a, tcp, port, e);
	return rc;
}

void
admin_stop(struct admin *a, int64_t deadline_ns)
{
	if (a->waiting == NULL)
		return;
	lock_take(&a->waiting->lock);
	a->waiting->closed = true;
	cond_broadcast(&a->waiting->some);
	lock_release(&a->waiting->lock);
	admin_sampler_stop(a);
	admin_probe_stop(a);
	pg_test_stop(a->pg_test);
	letters_watch_stop(a);
	watch_stop(a);
	for (int i = 0; i < ADMIN_WORKERS; i++)
		thread_join(&a->workers[i]);
	http_stop(a->tcp_server, deadline_ns);
	http_stop(a->unix_server, deadline_ns);
	a->tcp_server = NULL;
	a->unix_server = NULL;
	watch_free(a);
	lock_fini(&a->waiting->lock);
	cond_fini(&a->waiting->some);
	mem_free(a->waiting);
	a->waiting = NULL;
}
