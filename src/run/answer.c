#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/net.h"
#include "run/daemon.h"

/*
 * Before the service manager hears READY=1: every file takes a write, and every
 * port answers (run-8).
 */
#define WAIT_MS 30000
#define AGAIN_MS 50

struct door {
	const char *setting, *listen;
	uint16_t port; /* 0: off */
	bool speaks_http;
};

static bool
wait_for(int fd, short events)
{
	struct pollfd p = {fd, events, 0};

	return poll(&p, 1, WAIT_MS) == 1;
}

static bool
is_connected(int fd, const struct addrinfo *ai)
{
	int failed = 0;
	socklen_t len = sizeof(failed);

	if (connect(fd, ai->ai_addr, ai->ai_addrlen) == 0)
		return true;
	return errno == EINPROGRESS && wait_for(fd, POLLOUT) &&
	       getsockopt(fd, SOL_SOCKET, SO_ERROR, &failed, &len) == 0 &&
	       failed == 0;
}

static bool
is_answered(int fd)
{
	static const char ask[] = "GET /_liveness HTTP/1.1\r\n"
				  "Host: localhost\r\n"
				  "Connection: close\r\n\r\n";
	char got[8];

	return write(fd, ask, sizeof(ask) - 1) == sizeof(ask) - 1 &&
	       wait_for(fd, POLLIN) &&
	       read(fd, got, sizeof(got)) == sizeof(got) &&
	       memcmp(got, "HTTP/1.1", sizeof(got)) == 0;
}

static bool
answers(const struct door *door)
{
	struct addrinfo hints = {
		.ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICSERV,
	};
	struct addrinfo *list = NULL;
	char host[SERVICE_HOST_MAX], service[8];
	bool ok = false;
	int fd = -1;

	service_host(door->listen, host, sizeof(host));
	snprintf(service, sizeof(service), "%u", door->port);
	if (getaddrinfo(host, service, &hints, &list) != 0)
		return false;
	fd = socket(
		list->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd >= 0) {
		ok = is_connected(fd, list) &&
		     (!door->speaks_http || is_answered(fd));
		close(fd);
	}
	freeaddrinfo(list);
	return ok;
}

static int
check_door(const struct door *door, struct err *e)
{
	int64_t until_ns = clock_mono_ns() + INT64_C(1000000) * WAIT_MS;

	if (door->port == 0)
		return 0;
	while (!answers(door)) {
		if (clock_mono_ns() > until_ns)
			return err_set(e, ERR_UNAVAILABLE,
				"nothing answers on port %u, which %s opened: "
				"see whether a firewall keeps this machine "
				"from itself",
				door->port, door->setting);
		poll(NULL, 0, AGAIN_MS);
	}
	return 0;
}

static int
check_files(struct daemon *d, struct err *e)
{
	struct store *const files[] = {
		d->config, d->spool, d->state, d->broker_db};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < ARRAY_LEN(files); i++)
		rc = watchdog_write(files[i], e);
	/* A full disk refuses events, and is no reason not to run. */
	return rc == -(int)ERR_NO_SPACE ? 0 : rc;
}

int
daemon_check_answers(struct daemon *d, struct err *e)
{
	const struct conf *c = daemon_conf(d);
	const struct door doors[] = {
		{"capture.listen", c->capture_listen, d->ports.capture,
			c->capture_proxy_protocol == CONF_PROXY_OFF},
		{"capture.tls_listen", c->capture_tls_listen,
			d->ports.capture_tls, false},
		{"admin.listen", c->admin_listen, d->ports.admin, false},
		{"kafka.listen", c->kafka_listen, d->ports.kafka, false},
		{"clickhouse.listen", c->clickhouse_listen, d->ports.clickhouse,
			false},
	};
	int rc = check_files(d, e);

	for (size_t i = 0; rc == 0 && i < ARRAY_LEN(doors); i++)
		rc = check_door(&doors[i], e);
	return rc;
}
