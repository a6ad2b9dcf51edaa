#include "run/notify.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/log.h"

#define TEXT_MAX_BYTES 1024
#define SEND_TIMEOUT_S 2

/* A number in the environment; false: not there, or none. */
static bool
env_number(const char *name, int64_t *out)
{
	const char *text = getenv(name);
	char *end;

	if (text == NULL)
		return false;
	errno = 0;
	*out = strtoll(text, &end, 10);
	return errno == 0 && end != text && *end == '\0';
}

static void
read_watchdog(struct notify *n)
{
	int64_t us, pid;

	if (!env_number("WATCHDOG_USEC", &us) || us <= 0)
		return;
	if (getenv("WATCHDOG_PID") != NULL &&
		(!env_number("WATCHDOG_PID", &pid) || pid != getpid()))
		return; /* it is meant for another */
	n->watchdog_us = us;
}

static void
open_socket(struct notify *n, const char *path)
{
	const struct timeval most = {.tv_sec = SEND_TIMEOUT_S};
	size_t len = path == NULL ? 0 : strlen(path);

	if (len == 0)
		return;
	if ((path[0] != '/' && path[0] != '@') ||
		len >= sizeof(n->to.sun_path)) {
		log_warn("notify_unusable", "socket=%s", log_q(path));
		return;
	}
	n->to.sun_family = AF_UNIX;
	memcpy(n->to.sun_path, path, len);
	if (path[0] == '@') /* of the abstract name space: no NUL at its end */
		n->to.sun_path[0] = '\0';
	n->to_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len +
				(path[0] == '/'));
	n->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (n->fd >= 0)
		setsockopt(n->fd, SOL_SOCKET, SO_SNDTIMEO, &most, sizeof(most));
}

void
notify_open(struct notify *n)
{
	*n = (struct notify){.fd = -1};
	open_socket(n, getenv("NOTIFY_SOCKET"));
	if (notify_is_on(n))
		read_watchdog(n);
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
}

void
notify_close(struct notify *n)
{
	if (n->fd >= 0)
		close(n->fd);
	n->fd = -1;
}

static void
send_text(const struct notify *n, int flags, const char *fmt, va_list ap)
{
	char text[TEXT_MAX_BYTES];
	int len = vsnprintf(text, sizeof(text), fmt, ap);

	if (!notify_is_on(n) || len < 0)
		return;
	if ((size_t)len >= sizeof(text))
		len = sizeof(text) - 1;
	if (sendto(n->fd, text, (size_t)len, MSG_NOSIGNAL | flags,
		    (const struct sockaddr *)&n->to, n->to_len) < 0 &&
		!(errno == EAGAIN && (flags & MSG_DONTWAIT) != 0))
		log_warn("notify_failed", "error=%s", log_q(strerror(errno)));
}

void
notify_send(const struct notify *n, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	send_text(n, 0, fmt, ap);
	va_end(ap);
}

/* One that does not fit is left out: the next says as much. */
static void send_if_it_fits(const struct notify *n, const char *fmt, ...)
	PRINTF(2, 3);
static void
send_if_it_fits(const struct notify *n, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	send_text(n, MSG_DONTWAIT, fmt, ap);
	va_end(ap);
}

void
notify_step(const struct notify *n, const char *what, const char *part,
	int64_t extend_ms)
{
	send_if_it_fits(n, "STATUS=%s: %s\nEXTEND_TIMEOUT_USEC=%lld%s", what,
		part, (long long)extend_ms * 1000,
		n->watchdog_us > 0 ? "\nWATCHDOG=1" : "");
}
