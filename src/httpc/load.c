#include "httpc/load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "httpc/load_bodies.h"

#define N_TEMPLATES 128
#define ANSWER_MAX_BYTES 4096
#define HEAD_MAX_BYTES 512
#define N_BUCKETS 1024 /* of latency: 32 steps to each doubling of 1 us */
#define CONNECTIONS_MAX 10000

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
	struct load_bodies bodies; /* compressed ones */
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

/* Compressed bodies are there before the clock starts. */
static int
prepare_bodies(struct load *l, struct err *e)
{
	const struct load_options *o = l->o;

	if (!o->is_gzip)
		return 0;
	if (o->bodies != NULL)
		return load_bodies_map(
			&l->bodies, o->bodies, o->max_requests, e);
	return load_bodies_make(&l->bodies, o, l->templates, N_TEMPLATES,
		&l->random, &l->numbers, e);
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
	if (o->is_gzip && l->n_started >= l->bodies.n)
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
		const struct load_body *made = &l->bodies.items[l->n_started];

		body = made->bytes;
		len = made->len;
		c->json_len = made->json_len;
		memcpy(c->uuid, made->uuid, 36);
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

/* The length that the head (up to end) says its body has. */
static size_t
body_length(const char *head, const char *end)
{
	static const char name[] = "\nContent-Length:";
	size_t n = sizeof(name) - 1;

	for (const char *p = head; p + n < end; p++) {
		if (*p == '\n' && strncasecmp(p, name, n) == 0)
			return strtoul(p + n, NULL, 10);
	}
	return 0;
}

/* Length of the answer at the start of in, 0 while it is not whole. */
static size_t
answer_length(const struct load_connection *c)
{
	const char *end = memmem(c->in, c->in_len, "\r\n\r\n", 4);
	size_t n;

	if (end == NULL)
		return 0;
	n = (size_t)(end - c->in) + 4 + body_length(c->in, end + 2);
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

static int
n_busy(const struct load *l)
{
	int n = 0;

	for (int i = 0; i < l->o->n_connections; i++)
		n += l->connections[i].is_busy;
	return n;
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
		if (!may_start(l, now) && n_busy(l) == 0 &&
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
	l->result->n_unanswered = n_busy(l);
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
	load_bodies_free(&l->bodies);
	for (int i = 0; i < N_TEMPLATES; i++)
		load_template_free(&l->templates[i]);
	mem_free(l->connections);
	if (l->epoll >= 0)
		close(l->epoll);
	mem_free(l);
}

static int
prepare_templates(struct load *l, struct err *e)
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
	return 0;
}

static int
prepare(struct load *l, struct err *e)
{
	const struct load_options *o = l->o;

	if (prepare_templates(l, e) != 0 || prepare_bodies(l, e) != 0)
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

static struct load *
load_new(const struct load_options *o, struct err *e)
{
	struct load *l = mem_new(struct load);

	if (l == NULL) {
		ERR_IGNORE(err_set(e, ERR_NO_MEMORY, "no memory for a load"),
			"NULL says it");
		return NULL;
	}
	l->o = o;
	l->epoll = -1;
	return l;
}

int
load_run(const struct load_options *o, struct load_result *out, struct err *e)
{
	struct load *l = load_new(o, e);
	int rc;

	if (l == NULL)
		return -(int)e->code;
	memset(out, 0, sizeof(*out));
	l->result = out;
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

int
load_save(const struct load_options *o, const char *path, struct err *e)
{
	struct load *l = load_new(o, e);
	int rc;

	if (l == NULL)
		return -(int)e->code;
	rc = prepare_templates(l, e);
	if (rc == 0)
		rc = load_bodies_make(&l->bodies, o, l->templates, N_TEMPLATES,
			&l->random, &l->numbers, e);
	if (rc == 0)
		rc = load_bodies_write(&l->bodies, path, e);
	release(l);
	return rc;
}
