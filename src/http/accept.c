#include "http/http_int.h"

#include <errno.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

#define MAX_EVENTS 64
#define MAX_ACCEPTS 64 /* in a row, before knocks are looked at again */
#define ENDED (EPOLLRDHUP | EPOLLHUP | EPOLLERR)
#define PAUSE_NS 100000000

static int
watch(int epoll_fd, int fd, struct http_source *source)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = source};

	return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &ev);
}

static void
listen_again(struct http_server *s)
{
	s->accept.paused_until_ns = 0;
	for (int i = 0; i < s->n_doors; i++)
		if (watch(s->accept.epoll_fd, s->doors[i].listen_fd,
			    &s->doors[i].source) != 0)
			log_error("http_listen", "server=%s errno=%d",
				s->o.name, errno);
}

/* Out of descriptors or memory: the listener stays readable, so that waiting
 * for it would spin. Clients wait in its backlog. */
static void
pause_listening(struct http_server *s, int why)
{
	log_warn("http_accept_paused", "server=%s text=%s", s->o.name,
		log_q(strerror(why)));
	for (int i = 0; i < s->n_doors; i++)
		(void)epoll_ctl(s->accept.epoll_fd, EPOLL_CTL_DEL,
			s->doors[i].listen_fd, NULL);
	s->accept.paused_until_ns = clock_mono_ns() + PAUSE_NS;
}

static void
accept_some(struct http_server *s, struct http_door *door)
{
	for (int i = 0; i < MAX_ACCEPTS; i++) {
		struct sockaddr_storage from;
		socklen_t len = sizeof(from);
		int fd = accept4(door->listen_fd, (struct sockaddr *)&from,
			&len, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0) {
			http_knock(s, door, fd, &from, len);
		} else if (errno == EMFILE || errno == ENFILE ||
			   errno == ENOBUFS || errno == ENOMEM) {
			pause_listening(s, errno);
			return;
		} else if (errno == EAGAIN) {
			return;
		} /* else: that client is gone already */
	}
}

static int
wait_ms(const struct http_server *s)
{
	const struct http_accept *a = &s->accept;
	int64_t at = INT64_MAX, left;

	if (a->oldest != NULL)
		at = a->oldest->deadline_ns;
	if (a->paused_until_ns != 0 && a->paused_until_ns < at)
		at = a->paused_until_ns;
	if (at == INT64_MAX)
		return -1;
	left = at - clock_mono_ns();
	return left <= 0 ? 0 : (int)(left / 1000000) + 1;
}

/* Knocks first: a door may close a knock that an event points to. */
static void
serve(struct http_server *s, struct epoll_event *ev, int n)
{
	for (int i = 0; i < n; i++) {
		struct http_source *source = ev[i].data.ptr;

		if (source->kind != HTTP_SOURCE_KNOCK)
			continue;
		ev[i].data.ptr = NULL; /* it may be gone afterwards */
		http_knock_ready(s, (struct http_knock *)source,
			(ev[i].events & ENDED) != 0);
	}
	for (int i = 0; i < n; i++) {
		struct http_source *source = ev[i].data.ptr;

		if (source != NULL && source->kind == HTTP_SOURCE_DOOR &&
			s->accept.paused_until_ns == 0)
			accept_some(s, (struct http_door *)source);
	}
}

static void
accept_thread(void *cookie)
{
	struct http_server *s = cookie;
	struct http_accept *a = &s->accept;
	struct epoll_event ev[MAX_EVENTS];

	while (!atomic_load(&a->stop)) {
		int n = epoll_wait(a->epoll_fd, ev, MAX_EVENTS, wait_ms(s));

		serve(s, ev, n);
		http_knock_expire(s, false);
		if (a->paused_until_ns != 0 &&
			clock_mono_ns() >= a->paused_until_ns)
			listen_again(s);
	}
	http_knock_expire(s, true);
}

static void
close_all(struct http_server *s)
{
	struct http_accept *a = &s->accept;

	for (int i = 0; i < s->n_doors; i++)
		if (s->doors[i].listen_fd >= 0) {
			close(s->doors[i].listen_fd);
			s->doors[i].listen_fd = -1;
		}
	if (a->epoll_fd >= 0)
		close(a->epoll_fd);
	if (a->wake_fd >= 0)
		close(a->wake_fd);
	a->epoll_fd = a->wake_fd = -1;
}

int
http_accept_start(struct http_server *s, struct err *e)
{
	struct http_accept *a = &s->accept;
	char name[16];
	int err = 0;

	a->wake.kind = HTTP_SOURCE_WAKE;
	a->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	a->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (a->epoll_fd < 0 || a->wake_fd < 0 ||
		watch(a->epoll_fd, a->wake_fd, &a->wake) != 0)
		err = err_sys(e, ERR_IO, "%s: accepting", s->o.name);
	for (int i = 0; err == 0 && i < s->n_doors; i++)
		if (watch(a->epoll_fd, s->doors[i].listen_fd,
			    &s->doors[i].source) != 0)
			err = err_sys(e, ERR_IO, "%s: listening", s->o.name);
	(void)snprintf(name, sizeof(name), "%.8s-accept", s->o.name);
	if (err == 0)
		err = thread_start(&a->thread, name, accept_thread, s, e);
	if (err != 0)
		close_all(s);
	return err;
}

void
http_accept_stop(struct http_server *s)
{
	const uint64_t one = 1;

	atomic_store(&s->accept.stop, true);
	if (s->accept.wake_fd >= 0 &&
		write(s->accept.wake_fd, &one, sizeof(one)) < 0)
		log_error("http_accept_stop", "errno=%d", errno);
	thread_join(&s->accept.thread);
	close_all(s);
}
