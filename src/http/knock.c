#include "http/http_int.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "http/proxy.h"
#include "stats/stats.h"

#define HEADER_TIME_NS 5000000000

/* Indexes of the label list PROXY_HEADER. */
enum proxy_label {
	LABEL_V1,
	LABEL_V2,
	LABEL_LOCAL,
	LABEL_NONE,
	LABEL_MALFORMED,
	LABEL_LATE,
	LABEL_CROWDED,
};

/*
 * A new socket whose peer is a proxy is looked at by MSG_PEEK until the header
 * is complete; then exactly the header is read, so that the first byte of HTTP
 * or TLS is the next one (http-6). Edge-triggered: half a header wakes nobody
 * twice.
 */
static void
count(enum proxy_label label)
{
	stats_add(STATS_PROXY_HEADERS, (int)label, 1);
}

static void
refuse_header(enum proxy_label label, const char *text)
{
	count(label);
	log_warn("proxy_header_refused", "text=%s", log_q(text));
}

static socklen_t
to_sockaddr(const struct proxy_header *h, struct sockaddr_storage *out)
{
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
	struct sockaddr_in v4 = {.sin_family = AF_INET};

	if (h->client.is_v6) {
		memcpy(&v6.sin6_addr, h->client.b, 16);
		v6.sin6_port = htons(h->client_port);
		memcpy(out, &v6, sizeof(v6));
		return sizeof(v6);
	}
	memcpy(&v4.sin_addr, h->client.b, 4);
	v4.sin_port = htons(h->client_port);
	memcpy(out, &v4, sizeof(v4));
	return sizeof(v4);
}

/* From here on the socket is libmicrohttpd's or closed. */
static void
hand_over(struct http_server *s, struct http_door *door, int fd,
	const struct sockaddr_storage *from, socklen_t len)
{
	struct net_addr client = {.is_v6 = false};

	if (!s->o.is_unix)
		net_addr_from_sockaddr((const struct sockaddr *)from, &client);
	if (!http_admit(s, door, fd, &client)) {
		close(fd);
		return;
	}
	if (MHD_add_connection(door->daemon, fd, (const struct sockaddr *)from,
		    len) != MHD_YES) {
		log_debug("http_not_added", "server=%s", s->o.name);
		http_release(s, &client);
	}
}

/* The socket of k if it stays open, else -1; k is gone. */
static int
forget(struct http_server *s, struct http_knock *k, bool keep)
{
	struct http_accept *a = &s->accept;
	int fd = k->fd;

	if (k->next != NULL)
		k->next->prev = k->prev;
	else
		a->newest = k->prev;
	if (k->prev != NULL)
		k->prev->next = k->next;
	else
		a->oldest = k->next;
	a->n_knocks--;
	(void)epoll_ctl(a->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
	mem_free(k);
	if (keep)
		return fd;
	close(fd);
	return -1;
}

enum outcome { WAIT, HAND_OVER, CLOSE };

static bool
consume(int fd, size_t n)
{
	char gone[LIMIT_PROXY_HEADER_BYTES];

	return recv(fd, gone, n, 0) == (ssize_t)n;
}

static enum outcome
take_header(struct http_knock *k, const struct proxy_header *h,
	enum proxy_label label)
{
	if (!consume(k->fd, h->len))
		return CLOSE;
	count(label);
	if (h->has_client)
		k->from_len = to_sockaddr(h, &k->from);
	return HAND_OVER;
}

/* Looks at what has come so far. */
static enum outcome
look(struct http_knock *k)
{
	char in[LIMIT_PROXY_HEADER_BYTES];
	struct proxy_header h;
	ssize_t n = recv(k->fd, in, sizeof(in), MSG_PEEK);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return WAIT;
	if (n <= 0)
		return CLOSE; /* gone without a word */
	switch (proxy_read(slice_of(in, (size_t)n), &h)) {
	case PROXY_SHORT:
		return WAIT;
	case PROXY_NONE:
		if (k->proxy == HTTP_PROXY_ON)
			break;
		count(LABEL_NONE);
		return HAND_OVER;
	case PROXY_BAD:
		break;
	case PROXY_V1:
		return take_header(k, &h, LABEL_V1);
	case PROXY_V2:
		return take_header(k, &h, LABEL_V2);
	case PROXY_LOCAL:
		return take_header(k, &h, LABEL_LOCAL);
	}
	refuse_header(LABEL_MALFORMED,
		"a trusted proxy did not begin with a PROXY header that can "
		"be read");
	return CLOSE;
}

static bool
keep_waiting(struct http_server *s, const struct http_knock *from)
{
	struct http_accept *a = &s->accept;
	struct http_knock *k = mem_new(struct http_knock);
	struct epoll_event ev = {
		.events = EPOLLIN | EPOLLRDHUP | EPOLLET, .data.ptr = k};

	if (k == NULL)
		return false;
	*k = *from;
	k->source.kind = HTTP_SOURCE_KNOCK;
	if (epoll_ctl(a->epoll_fd, EPOLL_CTL_ADD, k->fd, &ev) != 0) {
		mem_free(k);
		return false;
	}
	if (a->n_knocks == LIMIT_HTTP_KNOCKS) {
		refuse_header(LABEL_CROWDED,
			"too many connections whose PROXY header is not there "
			"yet; the oldest is closed");
		(void)forget(s, a->oldest, false);
	}
	k->prev = a->newest;
	if (k->prev != NULL)
		k->prev->next = k;
	else
		a->oldest = k;
	a->newest = k;
	a->n_knocks++;
	return true;
}

void
http_knock(struct http_server *s, struct http_door *door, int fd,
	const struct sockaddr_storage *from, socklen_t from_len)
{
	struct http_knock k = {.door = door,
		.fd = fd,
		.proxy = HTTP_PROXY_OFF,
		.from = *from,
		.from_len = from_len};
	enum outcome what = HAND_OVER;
	struct net_addr peer;

	if (s->o.proxy != NULL && !s->o.is_unix) {
		net_addr_from_sockaddr((const struct sockaddr *)from, &peer);
		k.proxy = s->o.proxy(s->o.app, &peer);
	}
	if (k.proxy != HTTP_PROXY_OFF) {
		k.deadline_ns = clock_mono_ns() + HEADER_TIME_NS;
		what = look(&k);
	}
	if (what == HAND_OVER)
		hand_over(s, door, fd, &k.from, k.from_len);
	else if (what == CLOSE || !keep_waiting(s, &k))
		close(fd);
}

static void
settle(struct http_server *s, struct http_knock *k, enum outcome what)
{
	const struct http_knock copy = *k;

	if (what == WAIT)
		return;
	if (forget(s, k, what == HAND_OVER) >= 0)
		hand_over(s, copy.door, copy.fd, &copy.from, copy.from_len);
}

/* Where headers may be absent, silence so far is a client that has connected in
 * advance, and less than a header's first word may be a slow one's request. */
static enum outcome
when_late(const struct http_knock *k)
{
	char first[6];

	if (k->proxy == HTTP_PROXY_AUTO &&
		recv(k->fd, first, sizeof(first), MSG_PEEK) <
			(ssize_t)sizeof(first)) {
		count(LABEL_NONE);
		return HAND_OVER;
	}
	refuse_header(LABEL_LATE,
		"a trusted proxy did not send its PROXY header in 5 s");
	return CLOSE;
}

void
http_knock_ready(struct http_server *s, struct http_knock *k, bool has_ended)
{
	enum outcome what = look(k);

	if (what == WAIT && has_ended)
		what = CLOSE; /* the rest of it will not come any more */
	settle(s, k, what);
}

void
http_knock_expire(struct http_server *s, bool all)
{
	struct http_accept *a = &s->accept;

	while (all && a->oldest != NULL)
		(void)forget(s, a->oldest, false);
	while (a->oldest != NULL && clock_mono_ns() >= a->oldest->deadline_ns)
		settle(s, a->oldest, when_late(a->oldest));
}
