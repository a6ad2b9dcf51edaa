#include "http/http_int.h"

#include <stddef.h>
#include <sys/epoll.h>

/*
 * libmicrohttpd (0.9.75, and its master) asks for 128 events, and when it got
 * 128 asks again before it handles any: with the whole of its timeout. If
 * nothing more happens, 128 connections, and all that was resumed meanwhile,
 * wait for the next byte from anybody. So this program's epoll_wait, which its
 * libraries call too, does not wait when the call before it, on this thread and
 * descriptor, filled its array (http-10). For any other caller that is one look
 * more.
 */
__attribute__((visibility("default"))) int
epoll_wait(int epoll_fd, struct epoll_event *events, int max, int timeout_ms)
{
	static _Thread_local int filled_fd = -1;
	int n = epoll_pwait(epoll_fd, events, max,
		filled_fd == epoll_fd ? 0 : timeout_ms, NULL);

	filled_fd = n == max ? epoll_fd : -1;
	return n;
}

void
http_epoll_keep(void)
{
}
