#include "http/http_int.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

#define LAST_REFERENCE_NS 5000000000
#define LEAVING_MAX 1024

/*
 * The server's life and its connections. libmicrohttpd runs a pool of threads,
 * each with its own epoll; a connection stays on its thread (http-1).
 */
static int64_t
head_deadline(const struct http_server *s, bool is_first)
{
	int64_t ms = s->o.request_timeout_ms;

	/* The time between two requests counts as idle first. */
	if (!is_first)
		ms += s->o.idle_timeout_ms;
	return clock_mono_ns() + ms * 1000000;
}

static struct net_addr
peer_of(const struct http_server *s, struct MHD_Connection *mc)
{
	const union MHD_ConnectionInfo *addr =
		MHD_get_connection_info(mc, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	struct net_addr peer = {.is_v6 = false};

	if (addr != NULL && addr->client_addr != NULL && !s->o.is_unix)
		net_addr_from_sockaddr(addr->client_addr, &peer);
	return peer;
}

static void
conn_open(struct http_server *s, struct MHD_Connection *mc, void **ctx)
{
	const union MHD_ConnectionInfo *fd =
		MHD_get_connection_info(mc, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct http_conn *c = mem_new(struct http_conn);

	*ctx = c;
	if (c == NULL)
		return;
	c->s = s;
	c->began_ns = clock_mono_ns();
	c->fd = fd->connect_fd;
	c->peer = peer_of(s, mc);
	c->address = http_address_of(s, &c->peer);
	lock_init(&c->lock);
	atomic_store(&c->head_deadline_ns, head_deadline(s, true));
	http_tls_begin(c, mc);
	atomic_fetch_add(&s->n_conns, 1);
	lock_take(&s->lock);
	c->next = s->conns;
	if (c->next != NULL)
		c->next->prev = c;
	s->conns = c;
	lock_release(&s->lock);
}

static void
conn_close(struct http_server *s, struct http_conn *c)
{
	lock_take(&s->lock);
	if (c->next != NULL)
		c->next->prev = c->prev;
	if (c->prev != NULL)
		c->prev->next = c->next;
	else
		s->conns = c->next;
	lock_release(&s->lock);
	atomic_fetch_sub(&s->n_conns, 1);
	http_tls_end(c);
	if (c->is_evicted)
		atomic_fetch_sub(&s->admission.n_leaving, 1);
	http_release(s, &c->peer);
	lock_fini(&c->lock);
	mem_free(c);
}

/* There was no memory for it. */
static void
not_opened(struct http_server *s, struct MHD_Connection *mc)
{
	const struct net_addr peer = peer_of(s, mc);

	http_release(s, &peer);
}

/* @thread http */
static void
on_connection(void *cookie, struct MHD_Connection *mc, void **ctx,
	enum MHD_ConnectionNotificationCode code)
{
	struct http_server *s = cookie;

	if (code == MHD_CONNECTION_NOTIFY_STARTED)
		conn_open(s, mc, ctx);
	else if (*ctx != NULL)
		conn_close(s, *ctx);
	else
		not_opened(s, mc);
}

static bool
set_uri(struct http_request *r, const char *uri)
{
	struct slice all = arena_dup_slice(&r->arena, slice_str(uri));
	const char *q;

	if (all.p == NULL)
		return false;
	while (all.len > 1 && all.p[0] == '/' && all.p[1] == '/') {
		all.p++;
		all.len--;
	}
	q = all.len == 0 ? NULL : memchr(all.p, '?', all.len);
	r->path = all;
	r->query = SLICE_NONE;
	if (q != NULL) {
		r->path.len = (size_t)(q - all.p);
		r->query = slice_of(q + 1, all.len - r->path.len - 1);
	}
	return true;
}

/* The request line is there: the request begins. @thread http */
static void *
on_uri(void *cookie, const char *uri, struct MHD_Connection *mc)
{
	struct http_server *s = cookie;
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(mc, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct http_conn *c = info == NULL ? NULL : info->socket_context;
	struct http_request *r;

	if (c == NULL)
		return NULL;
	r = http_request_get(s);
	if (r == NULL)
		return NULL;
	if (!set_uri(r, uri)) {
		http_unref(r);
		return NULL;
	}
	r->conn = c;
	r->mc = mc;
	r->peer = c->peer;
	r->address = c->address;
	r->received_at_us = clock_now_us();
	atomic_store(&r->deadline_ns,
		clock_mono_ns() + s->o.request_timeout_ms * 1000000);
	atomic_fetch_add(&s->n_requests, 1);
	lock_take(&c->lock);
	c->req = r;
	lock_release(&c->lock);
	return r;
}

/* @thread http */
static void
on_completed(void *cookie, struct MHD_Connection *mc, void **con_cls,
	enum MHD_RequestTerminationCode code)
{
	struct http_server *s = cookie;
	struct http_request *r = *con_cls;
	struct http_conn *c;

	(void)mc;
	(void)code;
	if (r == NULL)
		return;
	*con_cls = NULL;
	c = r->conn;
	lock_take(&c->lock);
	c->req = NULL;
	lock_release(&c->lock);
	atomic_store(&c->head_deadline_ns, head_deadline(s, false));
	atomic_store(&c->has_served, true);
	http_address_count(s, r->address, -r->accounted);
	r->address = NULL;
	http_unref(r);
	if (atomic_fetch_sub(&s->n_requests, 1) == 1 &&
		atomic_load(&s->stopping)) {
		lock_take(&s->lock);
		cond_broadcast(&s->wake);
		lock_release(&s->lock);
	}
}

/* Paths are matched before percent-decoding: leave them alone. */
static size_t
keep_escapes(void *cookie, struct MHD_Connection *mc, char *s)
{
	(void)cookie;
	(void)mc;
	return strlen(s);
}

static void PRINTF(2, 0)
	on_library_log(void *cookie, const char *fmt, va_list ap)
{
	char text[200];

	(void)cookie;
	if (vsnprintf(text, sizeof(text), fmt, ap) >= 0)
		log_debug("http_library", "text=%s", log_q(text));
}

#define TLS_N_ITEMS 2
static struct MHD_OptionItem tls_items[TLS_N_ITEMS + 1] = {
	{MHD_OPTION_HTTPS_PRIORITIES, 0, HTTP_TLS_PRIORITIES},
	{MHD_OPTION_HTTPS_CERT_CALLBACK2, 0, http_tls_choose},
	{MHD_OPTION_END, 0, NULL},
};

/* With epoll libmicrohttpd 0.9.75 spins on a handshake that waits for its peer:
 * it takes the socket as readable until the handshake is done. With poll it
 * waits (http-7). */
static unsigned
daemon_flags(const struct http_door *door)
{
	unsigned flags = MHD_USE_SUSPEND_RESUME | MHD_USE_ERROR_LOG |
			 MHD_USE_ITC | MHD_USE_NO_LISTEN_SOCKET;

	if (door->is_tls)
		return flags | MHD_USE_TLS | MHD_USE_POLL_INTERNAL_THREAD;
	return flags | MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_TURBO;
}

static int
start_daemon(struct http_server *s, struct http_door *door, struct err *e)
{
	unsigned n = (unsigned)(s->o.n_threads > 0 ? s->o.n_threads
						   : thread_n_cpus());
	struct MHD_OptionItem items[] = {
		{MHD_OPTION_EXTERNAL_LOGGER, (intptr_t)on_library_log, NULL},
		{MHD_OPTION_CONNECTION_MEMORY_LIMIT,
			(intptr_t)(s->o.head_max_bytes > 0
					   ? s->o.head_max_bytes
					   : LIMIT_HTTP_HEADER_BYTES),
			NULL},
		/* admit.c counts; those that leave are there a while longer. */
		{MHD_OPTION_CONNECTION_LIMIT,
			s->o.max_connections + LEAVING_MAX, NULL},
		{MHD_OPTION_CONNECTION_TIMEOUT,
			(s->o.idle_timeout_ms + 999) / 1000, NULL},
		{MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)on_connection, s},
		{MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)on_completed, s},
		{MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)on_uri, s},
		{MHD_OPTION_UNESCAPE_CALLBACK, (intptr_t)keep_escapes, NULL},
		/* A pool of one is not allowed. */
		{n > 1 ? MHD_OPTION_THREAD_POOL_SIZE : MHD_OPTION_END,
			n > 1 ? (intptr_t)n : 0, NULL},
		{MHD_OPTION_END, 0, NULL},
	};

	door->daemon = MHD_start_daemon(daemon_flags(door), 0, NULL, NULL,
		http_on_access, s, MHD_OPTION_ARRAY, items, MHD_OPTION_ARRAY,
		door->is_tls ? tls_items : tls_items + TLS_N_ITEMS,
		MHD_OPTION_END);
	if (door->daemon == NULL)
		return err_sys(e, ERR_IO, "%s: cannot start the HTTP server",
			s->o.name);
	return 0;
}

static void
stop_daemons(struct http_server *s)
{
	for (int i = 0; i < s->n_doors; i++)
		if (s->doors[i].daemon != NULL)
			MHD_stop_daemon(s->doors[i].daemon);
}

static int
open_doors(struct http_server *s, struct err *e)
{
	int err = 0;

	if (s->o.listen_fd >= 0)
		s->doors[s->n_doors++] =
			(struct http_door){.source = {HTTP_SOURCE_DOOR},
				.listen_fd = s->o.listen_fd};
	if (s->o.tls != NULL)
		s->doors[s->n_doors++] =
			(struct http_door){.source = {HTTP_SOURCE_DOOR},
				.listen_fd = s->o.tls_listen_fd,
				.is_tls = true};
	for (int i = 0; err == 0 && i < s->n_doors; i++)
		err = start_daemon(s, &s->doors[i], e);
	if (err == 0)
		err = http_accept_start(s, e);
	if (err != 0)
		stop_daemons(s);
	return err;
}

static void
server_free(struct http_server *s)
{
	http_router_fini(&s->router);
	http_request_pool_free(s);
	http_admission_fini(&s->admission);
	cond_fini(&s->wake);
	lock_fini(&s->lock);
	mem_free(s);
}

int
http_start(
	const struct http_options *o, struct http_server **out, struct err *e)
{
	struct http_server *s = mem_new(struct http_server);
	char name[16];
	int err;

	if (s == NULL)
		return err_set(e, ERR_NO_MEMORY, "HTTP server");
	s->o = *o;
	http_epoll_keep();
	lock_init(&s->lock);
	cond_init(&s->wake);
	http_admission_init(&s->admission);
	err = http_router_init(&s->router, o->routes, e);
	if (err != 0)
		goto free_server;
	(void)snprintf(name, sizeof(name), "%.9s-sweep", o->name);
	err = thread_start(&s->sweeper, name, http_sweep_thread, s, e);
	if (err != 0)
		goto free_server;
	err = open_doors(s, e);
	if (err != 0)
		goto stop_sweeper;
	*out = s;
	return 0;
stop_sweeper:
	lock_take(&s->lock);
	s->sweeper_stop = true;
	cond_broadcast(&s->wake);
	lock_release(&s->lock);
	thread_join(&s->sweeper);
free_server:
	server_free(s);
	return err;
}

static void
wait_until_quiet(struct http_server *s, int64_t deadline_ns)
{
	lock_take(&s->lock);
	while (atomic_load(&s->n_requests) > 0 && clock_mono_ns() < deadline_ns)
		cond_wait_until(&s->wake, &s->lock,
			clock_mono_ns() + 50000000 < deadline_ns
				? clock_mono_ns() + 50000000
				: deadline_ns);
	lock_release(&s->lock);
}

/* http-5: libmicrohttpd may not be stopped while a connection is suspended. */
static void
resume_all(struct http_server *s)
{
	while (atomic_load(&s->n_suspended) + atomic_load(&s->n_waiting) > 0) {
		http_sweep_once(s, true);
		lock_take(&s->lock);
		cond_wait_until(&s->wake, &s->lock, clock_mono_ns() + 1000000);
		lock_release(&s->lock);
	}
}

/* Others may still hold references to requests that were answered for them. */
static bool
wait_for_references(struct http_server *s)
{
	int64_t deadline_ns = clock_mono_ns() + LAST_REFERENCE_NS;
	bool none;

	lock_take(&s->lock);
	while (atomic_load(&s->n_live) > 0 && clock_mono_ns() < deadline_ns)
		cond_wait_until(&s->wake, &s->lock, clock_mono_ns() + 1000000);
	none = atomic_load(&s->n_live) == 0;
	lock_release(&s->lock);
	return none;
}

void
http_stop(struct http_server *s, int64_t deadline_ns)
{
	if (s == NULL)
		return;
	atomic_store(&s->stopping, true);
	http_accept_stop(s);
	wait_until_quiet(s, deadline_ns);
	atomic_store(&s->stopping_hard, true);
	resume_all(s);
	stop_daemons(s);
	lock_take(&s->lock);
	s->sweeper_stop = true;
	cond_broadcast(&s->wake);
	lock_release(&s->lock);
	thread_join(&s->sweeper);
	if (wait_for_references(s))
		server_free(s);
	else
		log_warn("http_stop_references",
			"server=%s requests=%d action=left_in_memory",
			s->o.name, atomic_load(&s->n_live));
}

int
http_n_connections(const struct http_server *s)
{
	return atomic_load(&s->n_conns);
}
