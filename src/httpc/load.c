#include "httpc/load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/zip.h"
#include "httpc/load_body.h"

#define N_TEMPLATES 128
#define ANSWER_MAX_BYTES 4096
#define HEAD_MAX_BYTES 512
#define N_BUCKETS 1024 /* of latency: 32 steps to each doubling of 1 us */
#define CONNECTIONS_MAX 10000

struct load_body {
	char *bytes;
	size_t len;
	size_t json_len;
	char uuid[36];
};

struct load_connection {
	int fd;
	bool is_busy;
	char *out; /* head and body of the request under way */
	size_t out_len, out_done, out_cap;
	char in[ANSWER_MAX_BYTES];
	size_t in_len;
	int64_t sent_ns;
	size_t json_len;
	char uuid[36];
};

struct load {
	const struct load_options *o;
	struct load_result *result;
	struct rand_state random;
	struct load_numbers numbers;
	struct load_template templates[N_TEMPLATES];
	struct load_body *bodies; /* compressed ones, each sent once */
	int64_t n_bodies;
	int64_t n_started;
	struct load_connection *connections;
	int epoll;
	int64_t begin_ns, end_ns;
	int64_t latency[N_BUCKETS];
};

static int
bucket_of(int64_t us)
{
	int log2 = 63 - __builtin_clzll((unsigned long long)(us | 1));
	int64_t step =
		log2 >= 5 ? us >> (log2 - 5) & 31 : us << (5 - log2) & 31;
	int i = log2 * 32 + (int)step;

	return i < N_BUCKETS ? i : N_BUCKETS - 1;
}

static double
percentile_ms(const struct load *l, double share)
{
	int64_t want = (int64_t)((double)l->result->n_requests * share);
	int64_t seen = 0;

	for (int i = 0; i < N_BUCKETS; i++) {
		seen += l->latency[i];
		if (seen > want)
			return (double)(1LL << (i / 32)) *
			       (1 + (i % 32 + 0.5) / 32) / 1000;
	}
	return 0;
}

/* Compressed bodies are made before the clock starts. */
static int
prepare_bodies(struct load *l, struct err *e)
{
	const struct load_options *o = l->o;
	struct buf b;

	if (!o->is_gzip)
		return 0;
	l->bodies = mem_zalloc((size_t)o->max_requests, sizeof(*l->bodies));
	if (l->bodies == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory for bodies");
	for (int64_t i = 0; i < o->max_requests; i++) {
		struct load_template *t = &l->templates[i % N_TEMPLATES];
		struct load_body *body = &l->bodies[i];

		load_template_fill(t, o, &l->random, &l->numbers);
		buf_init(&b, t->len + 1024);
		if (zip_gzip(slice_of(t->text, t->len), 1, &b, e) != 0) {
			buf_fini(&b);
			return -(int)e->code;
		}
		body->bytes = mem_dup(b.p, b.len);
		body->len = b.len;
		body->json_len = t->len;
		memcpy(body->uuid, t->text + t->patches[0].uuid, 36);
		buf_fini(&b);
		if (body->bytes == NULL)
			return err_set(
				e, ERR_NO_MEMORY, "no memory for bodies");
		l->n_bodies = i + 1;
	}
	return 0;
}

static int
connect_one(struct load *l, struct load_connection *c, struct err *e)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
		.sin_port = htons(l->o->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = c};
	int one = 1;

	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		return err_sys(e, ERR_IO, "no socket");
	if (connect(c->fd, (struct sockaddr *)&to, sizeof(to)) != 0 ||
		epoll_ctl(l->epoll, EPOLL_CTL_ADD, c->fd, &ev) != 0) {
		ERR_IGNORE(err_sys(e, ERR_UNAVAILABLE, "connect to port %u",
				   (unsigned)l->o->port),
			"returned below");
		close(c->fd);
		c->fd = -1;
		return -(int)e->code;
	}
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	c->is_busy = false;
	c->in_len = 0;
	return 0;
}

static bool
may_start(const struct load *l, int64_t now_ns)
{
	const struct load_options *o = l->o;

	if (o->max_requests > 0 && l->n_started >= o->max_requests)
		return false;
	if (o->seconds > 0 && now_ns >= l->end_ns)
		return false;
	if (o->events_per_s > 0)
		return (double)l->n_started * o->events_per_request <
		       (double)(now_ns - l->begin_ns) / 1e9 * o->events_per_s;
	return true;
}

static void
lose_connection(struct load *l, struct load_connection *c)
{
	struct err e;

	l->result->n_broken++;
	close(c->fd);
	c->fd = -1;
	c->is_busy = false;
	ERR_IGNORE(connect_one(l, c, &e), "tried again with the next request");
}

static void
watch(struct load *l, struct load_connection *c, unsigned events)
{
	struct epoll_event ev = {.events = events, .data.ptr = c};

	epoll_ctl(l->epoll, EPOLL_CTL_MOD, c->fd, &ev);
}

static void
send_more(struct load *l, struct load_connection *c)
{
	ssize_t n = send(c->fd, c->out + c->out_done, c->out_len - c->out_done,
		MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		lose_connection(l, c);
		return;
	}
	if (n > 0)
		c->out_done += (size_t)n;
	if (c->out_done < c->out_len)
		watch(l, c, EPOLLIN | EPOLLOUT);
}

static void
start_request(struct load *l, struct load_connection *c, int64_t now_ns)
{
	const struct load_options *o = l->o;
	struct load_template *t = &l->templates[l->n_started % N_TEMPLATES];
	const char *body = t->text;
	size_t len = t->len;
	int head;

	c->json_len = t->len;
	if (o->is_gzip) {
		body = l->bodies[l->n_started].bytes;
		len = l->bodies[l->n_started].len;
		c->json_len = l->bodies[l->n_started].json_len;
		memcpy(c->uuid, l->bodies[l->n_started].uuid, 36);
	} else {
		load_template_fill(t, o, &l->random, &l->numbers);
		memcpy(c->uuid, t->text + t->patches[0].uuid, 36);
	}
	if (c->out_cap < len + HEAD_MAX_BYTES) {
		mem_free(c->out);
		c->out_cap = len + HEAD_MAX_BYTES;
		c->out = mem_alloc(c->out_cap);
		if (c->out == NULL) {
			c->out_cap = 0;
			return;
		}
	}
	head = snprintf(c->out, HEAD_MAX_BYTES,
		"POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\n"
		"Content-Type: application/json\r\n%sContent-Length: "
		"%zu\r\n\r\n",
		o->events_per_request == 1 ? "/e/" : "/batch/",
		o->is_gzip ? "Content-Encoding: gzip\r\n" : "", len);
	memcpy(c->out + head, body, len);
	c->out_len = (size_t)head + len;
	c->out_done = 0;
	c->is_busy = true;
	c->sent_ns = now_ns;
	l->n_started++;
	send_more(l, c);
}

/* Length of the answer at the start of in, 0 while it is not whole. */
static size_t
answer_length(const struct load_connection *c)
{
	const char *end = memmem(c->in, c->in_len, "\r\n\r\n", 4);
	const char *length;
	size_t n;

	if (end == NULL)
		return 0;
	n = (size_t)(end - c->in) + 4;
	length = memmem(c->in, n, "Content-Length: ", 16);
	if (length != NULL)
		n += strtoul(length + 16, NULL, 10);
	return n <= c->in_len ? n : 0;
}

static void
finish_request(struct load *l, struct load_connection *c)
{
	struct load_result *r = l->result;
	int64_t now = clock_mono_ns();
	int status = c->in_len > 12 ? (int)strtol(c->in + 9, NULL, 10) : 0;

	r->n_requests++;
	l->latency[bucket_of((now - c->sent_ns) / 1000)]++;
	if ((double)(now - c->sent_ns) / 1e6 > r->max_ms)
		r->max_ms = (double)(now - c->sent_ns) / 1e6;
	if (status == 200) {
		r->n_ok++;
		r->n_events_ok += l->o->events_per_request;
		r->json_bytes += (int64_t)c->json_len;
		r->wire_bytes += (int64_t)c->out_len;
	} else {
		r->n_refused++;
		r->last_bad_status = status;
	}
	if (l->o->on_answer != NULL)
		l->o->on_answer(l->o->cookie, c->uuid, c->sent_ns, now, status);
	c->is_busy = false;
	c->in_len = 0;
	if (may_start(l, now))
		start_request(l, c, now);
}

static void
receive(struct load *l, struct load_connection *c)
{
	ssize_t n = recv(c->fd, c->in + c->in_len, sizeof(c->in) - c->in_len,
		MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		lose_connection(l, c);
		return;
	}
	c->in_len += (size_t)n;
	if (answer_length(c) > 0)
		finish_request(l, c);
}

static void
start_idle(struct load *l, int64_t now)
{
	struct err e;

	for (int i = 0; i < l->o->n_connections; i++) {
		struct load_connection *c = &l->connections[i];

		if (!may_start(l, now))
			return;
		if (c->fd < 0 && connect_one(l, c, &e) != 0)
			continue;
		if (!c->is_busy)
			start_request(l, c, now);
	}
}

static bool
any_busy(const struct load *l)
{
	for (int i = 0; i < l->o->n_connections; i++)
		if (l->connections[i].is_busy)
			return true;
	return false;
}

static void
run_loop(struct load *l)
{
	struct epoll_event events[256];
	int64_t give_up = l->end_ns + 15 * 1000000000LL;
	int64_t now = clock_mono_ns();

	for (;;) {
		int n;

		start_idle(l, now);
		if (!may_start(l, now) && !any_busy(l) &&
			(l->o->events_per_s <= 0 || now >= l->end_ns))
			break;
		n = epoll_wait(l->epoll, events, 256, 1);
		for (int i = 0; i < n; i++) {
			struct load_connection *c = events[i].data.ptr;

			if ((events[i].events & EPOLLOUT) != 0) {
				watch(l, c, EPOLLIN);
				send_more(l, c);
			}
			if ((events[i].events & ~(unsigned)EPOLLOUT) != 0)
				receive(l, c);
		}
		now = clock_mono_ns();
		if (l->o->seconds > 0 && now > give_up)
			break;
	}
	l->result->seconds = (double)(clock_mono_ns() - l->begin_ns) / 1e9;
}

static void
release(struct load *l)
{
	for (int i = 0; l->connections != NULL && i < l->o->n_connections;
		i++) {
		if (l->connections[i].fd >= 0)
			close(l->connections[i].fd);
		mem_free(l->connections[i].out);
	}
	for (int64_t i = 0; i < l->n_bodies; i++)
		mem_free(l->bodies[i].bytes);
	for (int i = 0; i < N_TEMPLATES; i++)
		load_template_free(&l->templates[i]);
	mem_free(l->bodies);
	mem_free(l->connections);
	if (l->epoll >= 0)
		close(l->epoll);
	mem_free(l);
}

static int
prepare(struct load *l, struct err *e)
{
	const struct load_options *o = l->o;

	if (o->n_connections < 1 || o->n_connections > CONNECTIONS_MAX ||
		o->events_per_request < 1 || o->event_bytes < 700 ||
		o->n_persons < 1 || (o->is_gzip && o->max_requests < 1) ||
		(o->is_mixed && o->events_per_request % LOAD_MIX != 0))
		return err_set(e, ERR_INVALID, "load: options out of range");
	rand_seed(&l->random, o->seed);
	load_numbers_init(&l->numbers, o);
	for (int i = 0; i < N_TEMPLATES; i++)
		if (load_template_make(&l->templates[i], o, &l->random, e) != 0)
			return -(int)e->code;
	if (prepare_bodies(l, e) != 0)
		return -(int)e->code;
	l->connections =
		mem_zalloc((size_t)o->n_connections, sizeof(*l->connections));
	if (l->connections == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory for connections");
	for (int i = 0; i < o->n_connections; i++)
		l->connections[i].fd = -1;
	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (l->epoll < 0)
		return err_sys(e, ERR_IO, "epoll");
	for (int i = 0; i < o->n_connections; i++)
		if (connect_one(l, &l->connections[i], e) != 0)
			return -(int)e->code;
	return 0;
}

int
load_run(const struct load_options *o, struct load_result *out, struct err *e)
{
	struct load *l = mem_new(struct load);
	int rc;

	if (l == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory for a load");
	memset(out, 0, sizeof(*out));
	l->o = o;
	l->result = out;
	l->epoll = -1;
	rc = prepare(l, e);
	if (rc == 0) {
		l->begin_ns = clock_mono_ns();
		l->end_ns = o->seconds > 0
				    ? l->begin_ns + (int64_t)(o->seconds * 1e9)
				    : INT64_MAX - 20 * 1000000000LL;
		run_loop(l);
		out->p50_ms = percentile_ms(l, 0.5);
		out->p90_ms = percentile_ms(l, 0.9);
		out->p99_ms = percentile_ms(l, 0.99);
	}
	release(l);
	return rc;
}
