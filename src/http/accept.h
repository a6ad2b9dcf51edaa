#ifndef SLUICE_HTTP_ACCEPT_H
#define SLUICE_HTTP_ACCEPT_H

#include <stdatomic.h>
#include <sys/socket.h>

#include "base/thread.h"
#include "http/http.h"

/*
 * Accepting, on one thread per server. A new socket is a knock until its client
 * is known: at once, or when the header of the PROXY protocol has been read.
 * Then it is admitted (admit.c) and handed to the HTTP threads with the
 * client's address, or closed.
 */
#define HTTP_MAX_DOORS 2

enum http_source_kind { HTTP_SOURCE_WAKE, HTTP_SOURCE_DOOR, HTTP_SOURCE_KNOCK };

/* First in all that the accepting thread's epoll points to. */
struct http_source {
	enum http_source_kind kind;
};

/* A listening socket with the threads that serve what it accepts. */
struct http_door {
	struct http_source source;
	int listen_fd; /* -1: closed */
	bool is_tls;
	struct MHD_Daemon *daemon;
};

/* Touched by the accepting thread alone. */
struct http_knock {
	struct http_source source;
	struct http_knock *next, *prev; /* oldest first */
	struct http_door *door;
	int fd;
	enum http_proxy proxy;
	int64_t deadline_ns;
	socklen_t from_len;
	struct sockaddr_storage from;
};

struct http_accept {
	struct thread thread;
	struct http_source wake;
	int epoll_fd, wake_fd; /* -1: none */
	_Atomic bool stop;
	/* The accepting thread's own. */
	struct http_knock *oldest, *newest;
	int n_knocks;
	int64_t paused_until_ns; /* 0: listening */
};

/* accept.c; the doors of s are open and have their daemons. */
MUST_CHECK int http_accept_start(struct http_server *s, struct err *e);
/* No connection comes in any more: listeners and knocks are closed. */
void http_accept_stop(struct http_server *s);

/* knock.c @thread accept */
/* A new socket; fd is owned. */
void http_knock(struct http_server *s, struct http_door *door, int fd,
	const struct sockaddr_storage *from, socklen_t from_len);
/* Bytes came, or (has_ended) the last of them. k may be gone afterwards. */
void http_knock_ready(
	struct http_server *s, struct http_knock *k, bool has_ended);
/* Settles knocks that are over their time; all: those that are not, too. */
void http_knock_expire(struct http_server *s, bool all);

#endif
