#include "clickhouse/host_query.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/thread.h"

#define N_WORKERS 12
#define N_HTTP_THREADS 2
#define MAX_CONNECTIONS 512
#define GRACE_NS INT64_C(500000000)
#define QUERY_TIMEOUT_MS (INT64_C(6) * 3600 * 1000)

/*
 * Requests wait in a list for a fixed number of workers; a worker runs one
 * query at a time on a connection of its own.
 */
struct host_http {
	struct host_engine *engine;
	struct http_server *server;
	const char *hosts;
	struct thread workers[N_WORKERS];
	struct lock lock;
	struct cond wake;
	struct cond idle; /* n_running came down */
	/* guarded by lock */
	struct queue_node *head, **tail;
	int n_waiting, n_running;
	bool stopping;
};

static void
free_query(struct host_query *q)
{
	if (q->http != NULL)
		http_unref(q->http);
	mem_free(q);
}

static bool
enqueue(struct host_http *h, struct host_query *q)
{
	bool ok;

	lock_take(&h->lock);
	ok = !h->stopping && h->n_waiting < LIMIT_CLICKHOUSE_QUERIES;
	if (ok) {
		q->node.next = NULL;
		*h->tail = &q->node;
		h->tail = &q->node.next;
		h->n_waiting++;
		cond_signal(&h->wake);
	}
	lock_release(&h->lock);
	return ok;
}

/* NULL when stopping and nothing is left. */
static struct host_query *
dequeue(struct host_http *h)
{
	struct queue_node *n;

	lock_take(&h->lock);
	while (h->head == NULL && !h->stopping)
		cond_wait(&h->wake, &h->lock);
	n = h->head;
	if (n != NULL) {
		h->head = n->next;
		if (h->head == NULL)
			h->tail = &h->head;
		h->n_waiting--;
		h->n_running++;
	}
	lock_release(&h->lock);
	return n == NULL ? NULL : QUEUE_OWNER(n, struct host_query, node);
}

static void
work(void *cookie)
{
	struct host_http *h = cookie;
	struct host_query *q;

	while ((q = dequeue(h)) != NULL) {
		host_query_run(q);
		free_query(q);
		lock_take(&h->lock);
		h->n_running--;
		cond_signal(&h->idle);
		lock_release(&h->lock);
	}
}

static void
answer_ok(struct http_request *r)
{
	http_answer(r, 200, "text/html; charset=UTF-8", SLICE_LIT("Ok.\n"));
}

/* A page of another site may post to us from a browser on this machine. */
static bool
is_foreign_origin(const struct host_http *h, struct http_request *r)
{
	struct slice origin = http_header(r, "Origin");
	const char *slashes, *list = h->hosts;
	struct net_addr a;

	if (origin.len == 0)
		return false;
	slashes = memmem(origin.p, origin.len, "://", 3);
	if (slashes == NULL)
		return true;
	origin.len -= (size_t)(slashes + 3 - origin.p);
	origin.p = slashes + 3;
	if (net_addr_parse(origin, &a))
		return !(a.is_v6 ? a.b[15] == 1 && a.b[0] == 0 : a.b[0] == 127);
	for (size_t i = 0; i < origin.len; i++)
		if (origin.p[i] == ':')
			origin.len = i;
	if (slice_eq_nocase(origin, SLICE_LIT("localhost")))
		return false;
	while (*list != '\0') {
		size_t n = strcspn(list, ",");

		if (slice_eq_nocase(slice_trim(slice_of(list, n)), origin))
			return false;
		list += n + (list[n] == ',');
	}
	return true;
}

static bool
is_multipart(const struct http_request *r)
{
	return slice_starts(
		http_header(r, "Content-Type"), SLICE_LIT("multipart/"));
}

static void
on_query(struct http_request *r)
{
	struct host_http *h = http_app(r);
	struct host_query *q;
	struct err e;
	int rc;

	if (is_foreign_origin(h, r)) {
		http_answer(r, 403, "text/plain; charset=UTF-8",
			SLICE_LIT("requests of other sites are refused\n"));
		return;
	}
	q = mem_new(struct host_query);
	if (q == NULL) {
		http_answer(r, 503, NULL, SLICE_NONE);
		return;
	}
	q->engine = h->engine;
	http_ref(r);
	rc = host_query_read(q, r, &e);
	if (rc != 0) {
		host_answer_refusal(
			q, false, rc == -ERR_UNSUPPORTED ? 48 : 36, e.text);
		free_query(q);
	} else if (is_multipart(r)) {
		host_answer_refusal(q, false, 48,
			"External tables in multipart bodies are not "
			"supported. (NOT_IMPLEMENTED)");
		free_query(q);
	} else if (q->is_readonly && q->url_query.len == 0 &&
		   q->body.len == 0) {
		answer_ok(r);
		free_query(q);
	} else {
		http_suspend(r, QUERY_TIMEOUT_MS);
		if (enqueue(h, q))
			return;
		host_answer_refusal(q, true, 202,
			"Too many simultaneous queries. "
			"(TOO_MANY_SIMULTANEOUS_QUERIES)");
		free_query(q);
	}
}

static void
on_other_path(struct http_request *r)
{
	http_answer(r, 404, "text/plain; charset=UTF-8",
		SLICE_LIT(
			"There is no handle for this path. Use / or /ping.\n"));
}

static int64_t
max_body(void *app)
{
	(void)app;
	return LIMIT_CLICKHOUSE_BODY_BYTES;
}

static const struct http_route rows[] = {
	{HTTP_GET | HTTP_POST, "/", max_body, on_query},
	{HTTP_GET, "/ping", NULL, answer_ok},
	{HTTP_GET, "/replicas_status", NULL, answer_ok},
	{0, NULL, NULL, NULL},
};

static int
start_server(struct host_http *h, const struct host_args *a, struct err *e)
{
	const struct http_routes routes[] = {{rows, h}, {NULL, NULL}};
	const struct http_options o = {
		.name = "clickhouse",
		.listen_fd = a->listen_fd,
		.is_unix = a->is_unix,
		.routes = routes,
		.app = h,
		.n_threads = N_HTTP_THREADS,
		.max_connections = MAX_CONNECTIONS,
		.max_connections_per_address = MAX_CONNECTIONS,
		.max_inflight_bytes = a->memory_max_bytes / 4,
		.request_timeout_ms = 300000,
		.idle_timeout_ms = 60000,
		.allowed_hosts = &h->hosts,
		.not_found = on_other_path,
	};

	return http_start(&o, &h->server, e);
}

int
host_http_start(struct host_engine *g, const struct host_args *a,
	struct host_http **out, struct err *e)
{
	struct host_http *h = mem_new(struct host_http);
	int r = 0;

	if (h == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory");
	h->engine = g;
	h->hosts = a->hosts;
	h->tail = &h->head;
	lock_init(&h->lock);
	cond_init(&h->wake);
	cond_init(&h->idle);
	for (int i = 0; i < N_WORKERS && r == 0; i++)
		r = thread_start(&h->workers[i], "ch-query", work, h, e);
	if (r == 0)
		r = start_server(h, a, e);
	/* On failure the process ends: nothing is taken apart. */
	if (r == 0)
		*out = h;
	return r;
}

/* Streams end when their connections are closed: that needs a moment more. */
static bool
wait_until_idle(struct host_http *h, int64_t deadline_ns)
{
	int64_t least = clock_mono_ns() + GRACE_NS;
	bool in_time = true, idle;

	if (deadline_ns < least)
		deadline_ns = least;
	lock_take(&h->lock);
	while ((h->n_running > 0 || h->head != NULL) && in_time)
		in_time = cond_wait_until(&h->idle, &h->lock, deadline_ns);
	idle = h->n_running == 0 && h->head == NULL;
	lock_release(&h->lock);
	return idle;
}

bool
host_http_stop(struct host_http *h, int64_t deadline_ns)
{
	lock_take(&h->lock);
	h->stopping = true;
	cond_broadcast(&h->wake);
	lock_release(&h->lock);
	http_stop(h->server, deadline_ns);
	if (!wait_until_idle(h, deadline_ns))
		return false;
	for (int i = 0; i < N_WORKERS; i++)
		thread_join(&h->workers[i]);
	cond_fini(&h->idle);
	cond_fini(&h->wake);
	lock_fini(&h->lock);
	mem_free(h);
	return true;
}
