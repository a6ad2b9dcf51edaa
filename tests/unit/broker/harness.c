#include "harness.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "topic/wire.h"

#define WAIT_NS ((int64_t)20 * 1000000000)

static void
must(bool ok, const char *what, const struct err *e)
{
	if (ok)
		return;
	fprintf(stderr, "harness: %s: %s\n", what, e == NULL ? "" : e->text);
	abort();
}

static void
open_all(struct harness *h, const char *const *set)
{
	static const enum store_kind kinds[BROKER_N_FILES] = {
		[TOPIC_SPOOL] = STORE_SPOOL,
		[TOPIC_STATE] = STORE_STATE,
		[TOPIC_BROKER] = STORE_BROKER};
	struct broker_options o;
	struct err e = {0};

	must(conf_load("/dev/null", set, &h->conf, &e) == 0, "settings", &e);
	for (int f = 1; f < BROKER_N_FILES; f++) {
		struct store_options so = {.dir = h->dir,
			.kind = kinds[f],
			.queue_bytes = 64 << 20};

		must(store_open(&so, &h->stores[f], &e) == 0, "store", &e);
	}
	o = (struct broker_options){.conf = conf_values(h->conf),
		.spool = h->stores[TOPIC_SPOOL],
		.state = h->stores[TOPIC_STATE],
		.broker = h->stores[TOPIC_BROKER]};
	must(broker_new(&o, &h->b, &e) == 0, "broker", &e);
	must(broker_pool_start(h->b, &e) == 0, "pool", &e);
}

static void
close_all(struct harness *h)
{
	harness_settle(h);
	broker_stop(h->b);
	broker_free(h->b);
	for (int f = 1; f < BROKER_N_FILES; f++)
		store_close(h->stores[f]);
	conf_free(h->conf);
}

void
harness_open(struct harness *h, const char *const *set)
{
	const char *tmp = getenv("TMPDIR");

	memset(h, 0, sizeof(*h));
	snprintf(h->dir, sizeof(h->dir), "%s/broker-XXXXXX",
		tmp == NULL ? "/tmp" : tmp);
	must(mkdtemp(h->dir) != NULL, "mkdtemp", NULL);
	open_all(h, set);
}

void
harness_reopen(struct harness *h, const char *const *set)
{
	close_all(h);
	open_all(h, set);
}

void
harness_close(struct harness *h)
{
	DIR *d;

	close_all(h);
	d = opendir(h->dir);
	must(d != NULL, h->dir, NULL);
	for (struct dirent *f = readdir(d); f != NULL; f = readdir(d))
		if (f->d_name[0] != '.')
			unlinkat(dirfd(d), f->d_name, 0);
	closedir(d);
	rmdir(h->dir);
}

struct conn *
harness_connect(struct harness *h, int *peer)
{
	struct epoll_event ev = {.events = EPOLLIN};
	struct conn *c;
	int fds[2];

	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
		     fds) == 0,
		"socketpair", NULL);
	lock_take(&h->b->lock);
	c = broker_conn_new(h->b, fds[0]);
	lock_release(&h->b->lock);
	must(c != NULL, "connection", NULL);
	ev.data.ptr = c;
	c->epoll_events = ev.events;
	must(epoll_ctl(h->b->epoll_fd, EPOLL_CTL_ADD, c->fd, &ev) == 0, "epoll",
		NULL);
	*peer = fds[1];
	return c;
}

void
harness_round(struct harness *h)
{
	lock_take(&h->b->lock);
	broker_net_round(h->b);
	lock_release(&h->b->lock);
}

void
harness_wait(struct harness *h, int ms)
{
	struct pollfd p = {.fd = h->b->event_fd, .events = POLLIN};

	(void)!poll(&p, 1, ms);
}

void
harness_settle(struct harness *h)
{
	int64_t end_ns = clock_mono_ns() + WAIT_NS;

	do {
		harness_round(h);
		if (h->b->n_outside > 0)
			harness_wait(h, 5);
		must(clock_mono_ns() < end_ns, "work does not end", NULL);
	} while (h->b->n_outside > 0);
	harness_round(h);
}

void
harness_feed(struct harness *h, struct conn *c, const void *p, size_t n)
{
	lock_take(&h->b->lock);
	broker_conn_feed(h->b, c, p, n);
	lock_release(&h->b->lock);
}

static void
read_exactly(struct harness *h, int peer, char *p, size_t n)
{
	int64_t end_ns = clock_mono_ns() + WAIT_NS;

	while (n > 0) {
		ssize_t got = recv(peer, p, n, 0);

		must(got != 0, "the broker closed the connection", NULL);
		must(clock_mono_ns() < end_ns, "no answer", NULL);
		if (got < 0) {
			harness_round(h);
			harness_wait(h, 5);
			continue;
		}
		p += got;
		n -= (size_t)got;
	}
}

static void
send_request(struct harness *h, struct conn *c, const struct broker_api *a,
	int16_t version, const void *req)
{
	struct buf b;
	struct wire_writer w = {.b = &b,
		.version = version,
		.is_flexible = broker_api_is_flexible(a, version)};
	char head[14] = {0};

	buf_init(&b, 64 << 20);
	wire_put_u16(head + 4, (uint16_t)a->key);
	wire_put_u16(head + 6, (uint16_t)version);
	wire_put_u32(head + 8, 7);
	wire_put_u16(head + 12, 0); /* client id "" */
	buf_append(&b, head, sizeof(head));
	if (w.is_flexible)
		buf_append_char(&b, 0);
	broker_wire_write(&w, a->req, req);
	must(!b.failed, "request", NULL);
	wire_put_u32(b.p, (uint32_t)(b.len - 4));
	harness_feed(h, c, b.p, b.len);
	buf_fini(&b);
}

void
harness_call(struct harness *h, struct conn *c, int peer, int16_t key,
	int16_t version, const void *req, void *resp, struct arena *a)
{
	const struct broker_api *api = broker_api_find(key);
	struct wire_reader r = {.arena = a,
		.version = version,
		.is_flexible = broker_api_is_flexible(api, version)};
	char size[4];
	char *p;
	size_t n;

	send_request(h, c, api, version, req);
	read_exactly(h, peer, size, sizeof(size));
	n = wire_get_u32(size);
	p = arena_alloc(a, n);
	must(p != NULL, "memory", NULL);
	read_exactly(h, peer, p, n);
	r.p = p + 4;
	r.end = p + n;
	if (r.is_flexible && key != 18)
		broker_wire_skip_tags(&r);
	memset(resp, 0, api->resp->size);
	broker_wire_read(&r, api->resp, resp);
	must(!r.failed && r.p == r.end, "malformed answer", NULL);
}
