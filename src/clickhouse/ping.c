#include "clickhouse/ping.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/slice.h"

/* Whatever address it listens on, the child answers to this name. */
#define REQUEST "GET /ping HTTP/1.0\r\nHost: localhost\r\n\r\n"

void
ping_init(struct ping *p)
{
	*p = (struct ping){.fd = -1};
}

void
ping_fini(struct ping *p)
{
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
}

/* A connection to the address that fd listens on. The wildcard address leads
 * to this machine. */
static int
connect_to(int listen_fd)
{
	struct sockaddr_storage sa = {0};
	socklen_t len = sizeof(sa);
	int fd;

	if (getsockname(listen_fd, (struct sockaddr *)&sa, &len) != 0)
		return -1;
	fd = socket(
		sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (connect(fd, (struct sockaddr *)&sa, len) != 0 &&
		errno != EINPROGRESS) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Without a connection nothing is known, and nothing is counted. */
static void
ask(struct ping *p, int listen_fd, int64_t now_ns)
{
	ssize_t sent;

	p->asked_at_ns = now_ns;
	p->fd = connect_to(listen_fd);
	if (p->fd < 0)
		return;
	sent = send(p->fd, REQUEST, sizeof(REQUEST) - 1,
		MSG_NOSIGNAL | MSG_DONTWAIT);
	if (sent < 0 && errno != EAGAIN && errno != ENOTCONN)
		ping_fini(p);
}

/* One that closes the connection, being too busy, does not hang. */
static bool
is_answered(struct ping *p)
{
	char byte;

	if (p->fd < 0)
		return false;
	if (recv(p->fd, &byte, 1, MSG_DONTWAIT) >= 0 || errno == ECONNRESET)
		return true;
	if (errno != EAGAIN && errno != EINTR && errno != ENOTCONN)
		ping_fini(p);
	return false;
}

void
ping_step(struct ping *p, int listen_fd, int64_t now_ns)
{
	if (is_answered(p)) {
		ping_fini(p);
		p->silent_since_ns = 0;
		p->n_missed = 0;
	} else if (p->fd >= 0 && now_ns - p->asked_at_ns >= PING_LIMIT_NS) {
		ping_fini(p);
		if (p->n_missed++ == 0)
			p->silent_since_ns = p->asked_at_ns;
	}
	if (p->fd < 0 && now_ns - p->asked_at_ns >= PING_EVERY_NS)
		ask(p, listen_fd, now_ns);
}
