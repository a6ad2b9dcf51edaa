#ifndef SLUICE_RUN_NOTIFY_H
#define SLUICE_RUN_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/attr.h"

/*
 * What the service manager is told (sd_notify(3)): datagrams of NAME=VALUE
 * lines to the socket in NOTIFY_SOCKET. Without one all of it does nothing.
 * @thread main
 */
struct notify {
	int fd; /* -1: nobody listens */
	struct sockaddr_un to;
	socklen_t to_len;
	int64_t watchdog_us; /* a WATCHDOG=1 is due within it; 0: never */
};
/* Takes NOTIFY_SOCKET and the WATCHDOG_ names out of the environment, so that
 * children do not speak for us. */
void notify_open(struct notify *n);
void notify_close(struct notify *n);
static inline bool
notify_is_on(const struct notify *n)
{
	return n->fd >= 0;
}
/* Lines with \n between. Waits for room at the manager, at most 2 s. */
void notify_send(const struct notify *n, const char *fmt, ...) PRINTF(2, 3);
/* A start or stop that goes on; extend_ms is what it may still take. Waits for
 * nothing: it is left out if the manager has no room for it. */
void notify_step(const struct notify *n, const char *what, const char *part,
	int64_t extend_ms);

#endif
