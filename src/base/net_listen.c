#include "base/net.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BACKLOG 1024
#define PASSED_MAX 8

/* Sockets that were open when we started; written before threads are. */
static struct {
	const char *name;
	int fd;
} passed[PASSED_MAX];
static int n_passed;

static uint16_t
bound_port(int fd)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	if (getsockname(fd, (struct sockaddr *)&ss, &len) != 0)
		return 0;
	if (ss.ss_family == AF_INET6)
		return ntohs(((struct sockaddr_in6 *)&ss)->sin6_port);
	return ntohs(((struct sockaddr_in *)&ss)->sin_port);
}

int
net_pass(const char *name, int fd, struct err *e)
{
	int listens = 0, flags;
	socklen_t len = sizeof(listens);
	struct sockaddr_storage ss;
	socklen_t ss_len = sizeof(ss);

	if (n_passed == PASSED_MAX)
		return err_set(e, ERR_INVALID, "too many sockets were passed");
	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len) != 0 ||
		listens == 0 ||
		getsockname(fd, (struct sockaddr *)&ss, &ss_len) != 0 ||
		(ss.ss_family != AF_INET && ss.ss_family != AF_INET6))
		return err_set(e, ERR_INVALID,
			"descriptor %d, passed as %s, is no listening TCP "
			"socket",
			fd, name);
	flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
		fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return err_sys(e, ERR_INVALID, "descriptor %d", fd);
	passed[n_passed].name = name;
	passed[n_passed++].fd = fd;
	return 0;
}

/* With the address it has, as if that had been the text. */
static int
parse_passed(const char *name, struct net_listen *l, struct err *e)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	struct net_addr a;
	char host[NET_ADDR_TEXT];

	for (int i = 0; i < n_passed; i++) {
		if (strcmp(name, passed[i].name) != 0)
			continue;
		*l = (struct net_listen){.is_passed = true, .fd = passed[i].fd};
		if (getsockname(l->fd, (struct sockaddr *)&ss, &len) != 0)
			return err_sys(e, ERR_IO, "passed socket %s", name);
		net_addr_from_sockaddr((struct sockaddr *)&ss, &a);
		net_addr_format(&a, host);
		snprintf(l->host, sizeof(l->host), "%s", host);
		l->port = bound_port(l->fd);
		return 0;
	}
	return err_set(e, ERR_INVALID,
		"no socket of the name %.60s was passed by the service manager",
		name);
}

int
net_listen_parse(const char *text, struct net_listen *l, struct err *e)
{
	const char *colon = strrchr(text, ':');
	struct net_listen v = {.is_off = false};
	size_t len;
	char *end;
	unsigned long port;

	if (strcmp(text, "off") == 0) {
		*l = (struct net_listen){.is_off = true};
		return 0;
	}
	if (strncmp(text, "passed:", 7) == 0 && colon == text + 6 &&
		(colon[1] < '0' || colon[1] > '9'))
		return parse_passed(text + 7, l, e);
	if (colon == NULL || colon[1] < '0' || colon[1] > '9')
		return err_set(e, ERR_INVALID,
			"\"%.80s\" is not host:port or off", text);
	port = strtoul(colon + 1, &end, 10);
	if (*end != '\0' || port > 65535)
		return err_set(e, ERR_INVALID,
			"\"%.80s\" has no port from 0 to 65535", text);
	v.port = (uint16_t)port;
	len = (size_t)(colon - text);
	if (len >= 2 && text[0] == '[' && text[len - 1] == ']') {
		text++;
		len -= 2;
	} else if (memchr(text, ':', len) != NULL) {
		return err_set(e, ERR_INVALID,
			"\"%.80s\": write an IPv6 address as [address]:port",
			text);
	}
	if (len >= sizeof(v.host))
		return err_set(e, ERR_TOO_BIG, "\"%.80s\" is too long", text);
	memcpy(v.host, len == 0 ? "0.0.0.0" : text, len == 0 ? 7 : len);
	*l = v;
	return 0;
}

static int
open_socket(const struct net_listen *l, const struct addrinfo *ai, int *out,
	struct err *e)
{
	int on = 1, off = 0, r;
	int fd = socket(
		ai->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return err_sys(e, ERR_UNAVAILABLE, "cannot make a socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (ai->ai_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (bind(fd, ai->ai_addr, ai->ai_addrlen) == 0 &&
		listen(fd, BACKLOG) == 0) {
		*out = fd;
		return 0;
	}
	r = err_sys(e,
		errno == EADDRINUSE ? ERR_EXISTS
		: errno == EACCES   ? ERR_DENIED
				    : ERR_UNAVAILABLE,
		"cannot listen on %s port %u", l->host, l->port);
	close(fd);
	return r;
}

/* Of a name with several addresses an IPv4 one: that is what clients of
 * "localhost" try, at first or at last. */
static const struct addrinfo *
pick_address(const struct addrinfo *list)
{
	for (const struct addrinfo *ai = list; ai != NULL; ai = ai->ai_next) {
		if (ai->ai_family == AF_INET)
			return ai;
	}
	return list;
}

int
net_listen_tcp(
	const struct net_listen *l, int *fd, uint16_t *port, struct err *e)
{
	struct addrinfo hints = {
		.ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_PASSIVE | AI_NUMERICSERV,
	};
	struct addrinfo *list = NULL;
	char service[8];
	int r;

	if (l->is_off)
		return err_set(e, ERR_INVALID, "this listener is off");
	if (l->is_passed) {
		/* The first one stays open: who connects while we are started
		 * anew waits instead of being refused. */
		*fd = fcntl(l->fd, F_DUPFD_CLOEXEC, 3);
		*port = l->port;
		return *fd < 0 ? err_sys(e, ERR_UNAVAILABLE, "passed socket")
			       : 0;
	}
	snprintf(service, sizeof(service), "%u", l->port);
	r = getaddrinfo(l->host, service, &hints, &list);
	if (r != 0)
		return err_set(e, ERR_INVALID, "cannot find the address %s: %s",
			l->host, gai_strerror(r));
	r = open_socket(l, pick_address(list), fd, e);
	freeaddrinfo(list);
	if (r == 0)
		*port = bound_port(*fd);
	return r;
}
