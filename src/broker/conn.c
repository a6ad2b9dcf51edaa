#include "broker/int.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "broker/group.h"
#include "stats/stats.h"

#define CONNS_MAX 2000
#define CONNS_PER_ADDRESS_MAX 500
#define IDLE_NS (600 * (int64_t)1000000000)
#define STALLED_NS (60 * (int64_t)1000000000)
#define FRAME_NS (30 * (int64_t)1000000000)
#define FRAME_NS_PER_BYTE 1000 /* a second per MB */

static void
set_socket_options(int fd)
{
	int on = 1, idle_s = 60;
	unsigned timeout_ms = 60000;

	/* Best effort: a socket without them still works. */
	(void)!setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	(void)!setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	(void)!setsockopt(
		fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof(idle_s));
	(void)!setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout_ms,
		sizeof(timeout_ms));
}

static void
set_addresses(struct conn *c)
{
	struct sockaddr_storage ss = {0};
	socklen_t len = sizeof(ss);
	struct net_addr local;

	if (c->fd < 0 || getpeername(c->fd, (struct sockaddr *)&ss, &len) != 0)
		return;
	net_addr_from_sockaddr((struct sockaddr *)&ss, &c->peer);
	len = sizeof(ss);
	if (getsockname(c->fd, (struct sockaddr *)&ss, &len) != 0)
		return;
	net_addr_from_sockaddr((struct sockaddr *)&ss, &local);
	net_addr_format(&local, c->local_host);
	c->local_port = ntohs(ss.ss_family == AF_INET6
				      ? ((struct sockaddr_in6 *)&ss)->sin6_port
				      : ((struct sockaddr_in *)&ss)->sin_port);
}

struct conn *
broker_conn_new(struct broker *b, int fd)
{
	struct conn *c = mem_new(struct conn);

	if (c == NULL)
		return NULL;
	c->fd = fd;
	c->id = ++b->next_conn_id;
	c->last = &c->first;
	c->last_read_ns = c->last_write_ns = broker_now_ns();
	buf_init(&c->left, LIMIT_KAFKA_FRAME_BYTES);
	set_addresses(c);
	c->next = b->conns;
	if (b->conns != NULL)
		b->conns->prev = c;
	b->conns = c;
	b->n_conns++;
	stats_set(STATS_BROKER_CONNECTIONS, 0, b->n_conns);
	return c;
}

static uint32_t
count_from(const struct broker *b, const struct net_addr *a)
{
	uint32_t n = 0;

	for (const struct conn *c = b->conns; c != NULL; c = c->next)
		if (memcmp(&c->peer, a, sizeof(*a)) == 0)
			n++;
	return n;
}

static void
accept_one(struct broker *b, int fd)
{
	struct epoll_event ev = {.events = EPOLLIN};
	struct conn *c;

	if (b->n_conns >= CONNS_MAX) {
		log_warn("broker_connections_full", "max=%d", CONNS_MAX);
		close(fd);
		return;
	}
	set_socket_options(fd);
	c = broker_conn_new(b, fd);
	if (c == NULL) {
		close(fd);
		return;
	}
	c->epoll_events = ev.events;
	ev.data.ptr = c;
	if (epoll_ctl(b->epoll_fd, EPOLL_CTL_ADD, fd, &ev) != 0)
		broker_conn_close(b, c, "epoll");
	else if (count_from(b, &c->peer) > CONNS_PER_ADDRESS_MAX)
		broker_conn_close(
			b, c, "too many connections from its address");
}

void
broker_conn_accept(struct broker *b)
{
	for (int i = 0; i < 64; i++) {
		int fd = accept4(
			b->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0) {
			accept_one(b, fd);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM) {
			/* Asked again by the sweep. */
			log_warn("broker_accept_failed", "errno=%d", errno);
			ERR_IGNORE(epoll_ctl(b->epoll_fd, EPOLL_CTL_DEL,
					   b->listen_fd, NULL),
				"the loop would only spin");
		}
		return;
	}
}

void
broker_conn_dirty(struct broker *b, struct conn *c)
{
	if (c->is_dirty || c->is_dead)
		return;
	c->is_dirty = true;
	c->dirty_next = b->dirty;
	b->dirty = c;
}

void
broker_conn_close(struct broker *b, struct conn *c, const char *why)
{
	if (c->is_dead)
		return;
	if (why != NULL) {
		char peer[NET_ADDR_TEXT];

		net_addr_format(&c->peer, peer);
		log_info("broker_connection_closed", "peer=%s reason=%s", peer,
			log_q(why));
	}
	broker_conn_dirty(b, c);
	c->is_dead = true;
}

static void
forget_starved(struct broker *b, struct conn *c)
{
	struct conn **at = &b->starved;

	while (*at != NULL && *at != c)
		at = &(*at)->starved_next;
	if (*at == NULL)
		return;
	*at = c->starved_next;
	b->starved_last = &b->starved;
	while (*b->starved_last != NULL)
		b->starved_last = &(*b->starved_last)->starved_next;
	c->is_starved = false;
}

static void
drop_requests(struct broker *b, struct conn *c)
{
	struct request *r;

	while ((r = c->first) != NULL) {
		void (*abort)(struct broker *, struct request *) = r->abort;

		c->first = r->next;
		r->conn = NULL;
		r->abort = NULL;
		if (r->state == REQUEST_STARTED && abort != NULL)
			abort(b, r);
		broker_timer_stop(&b->timers, &r->timer);
		broker_request_unref(b, r);
	}
}

static void
free_conn(struct broker *b, struct conn *c)
{
	if (c->is_starved)
		forget_starved(b, c);
	if (b->overdraft == c)
		b->overdraft = NULL;
	if (c->prev != NULL)
		c->prev->next = c->next;
	else
		b->conns = c->next;
	if (c->next != NULL)
		c->next->prev = c->prev;
	b->n_conns--;
	stats_set(STATS_BROKER_CONNECTIONS, 0, b->n_conns);
	drop_requests(b, c);
	broker_group_conn_closed(b, c->id);
	if (c->fd >= 0)
		close(c->fd);
	broker_mem_give(b, c->frame_cap);
	mem_free(c->frame);
	buf_fini(&c->left);
	mem_free(c);
}

void
broker_conn_free_all(struct broker *b)
{
	while (b->conns != NULL)
		free_conn(b, b->conns);
	b->dirty = NULL;
}

static bool
may_take(const struct broker *b, const struct conn *c)
{
	return c->n_requests < LIMIT_KAFKA_PIPELINE &&
	       c->unsent < LIMIT_KAFKA_UNSENT_BYTES && !c->is_starved &&
	       !c->is_dead && !c->at_eof && !b->is_stopping;
}

static void
watch_events(struct broker *b, struct conn *c)
{
	struct epoll_event ev = {.data.ptr = c};

	if (c->fd < 0)
		return;
	if (may_take(b, c) && c->left.len == 0)
		ev.events |= EPOLLIN;
	if (c->unsent > 0)
		ev.events |= EPOLLOUT;
	if (ev.events == c->epoll_events)
		return;
	c->epoll_events = ev.events;
	if (epoll_ctl(b->epoll_fd, EPOLL_CTL_MOD, c->fd, &ev) != 0)
		broker_conn_close(b, c, "epoll");
}

/* Starts what may: everything in order, but requests that may be pipelined
 * do not wait for earlier ones of their kind. */
static void
start_requests(struct broker *b, struct conn *c)
{
	for (struct request *r = c->first; r != NULL && !c->is_dead;
		r = r->next) {
		if (r->state == REQUEST_WAITS)
			broker_request_start(b, r);
		if (r->state != REQUEST_ANSWERED &&
			(r->next == NULL ||
				(r->api->flags & r->next->api->flags &
					API_PIPELINED) == 0))
			return;
	}
}

static void
settle_one(struct broker *b, struct conn *c)
{
	if (!broker_conn_send(b, c)) {
		broker_conn_close(b, c, NULL);
		return;
	}
	start_requests(b, c);
	if (c->left.len > 0 && may_take(b, c)) {
		struct buf left = c->left;

		buf_init(&c->left, LIMIT_KAFKA_FRAME_BYTES);
		broker_conn_feed(b, c, left.p, left.len);
		buf_fini(&left);
	}
	if (!c->is_dead && c->at_eof &&
		(c->first == NULL || c->first->abort != NULL))
		broker_conn_close(b, c, NULL);
	if (!c->is_dead)
		watch_events(b, c);
}

void
broker_conn_settle(struct broker *b)
{
	struct conn *c;

	while ((c = b->dirty) != NULL) {
		b->dirty = c->dirty_next;
		c->is_dirty = false;
		if (c->is_dead)
			free_conn(b, c);
		else
			settle_one(b, c);
	}
}

void
broker_conn_wake_starved(struct broker *b)
{
	struct conn *c = b->starved;

	if (b->mem_used >= b->mem_max - b->mem_max / 8)
		return;
	b->starved = NULL;
	b->starved_last = &b->starved;
	while (c != NULL) {
		struct conn *next = c->starved_next;

		c->is_starved = false;
		c->frame_since_ns = broker_now_ns();
		broker_conn_dirty(b, c);
		c = next;
	}
}

static const char *
overdue(const struct conn *c, int64_t now_ns)
{
	if (c->unsent > 0 && now_ns - c->last_write_ns > STALLED_NS)
		return "it does not read its answers";
	if ((c->in_frame || c->head_len > 0) && !c->is_starved &&
		c->left.len == 0 &&
		now_ns - c->frame_since_ns >
			FRAME_NS + (int64_t)c->frame_size * FRAME_NS_PER_BYTE)
		return "a request took too long to arrive";
	if (c->first == NULL && now_ns - c->last_read_ns > IDLE_NS)
		return "idle";
	return NULL;
}

void
broker_conn_sweep(struct broker *b, int64_t now_ns)
{
	for (struct conn *c = b->conns; c != NULL; c = c->next) {
		const char *why = overdue(c, now_ns);

		if (why != NULL)
			broker_conn_close(b, c, why);
	}
	if (b->listen_fd >= 0) {
		struct epoll_event ev = {
			.events = EPOLLIN, .data.ptr = &b->listen_fd};

		ERR_IGNORE(epoll_ctl(b->epoll_fd, EPOLL_CTL_ADD, b->listen_fd,
				   &ev),
			"it is there already, unless accept had failed");
	}
}
