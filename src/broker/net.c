#include "broker/int.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "broker/fetch.h"
#include "broker/group.h"

#define EVENTS_MAX 64
#define SWEEP_NS (1000 * TIMER_MS)
#define STOP_NS (5000 * TIMER_MS)
#define WATCH_PARTS_MAX 256

/*
 * What the stores' writers tell: partitions that grew. A store calls until it
 * is closed, which may be after the broker is freed: so this is never freed,
 * only kept in a list.
 */
struct watch {
	struct watch *older;
	struct lock lock; /* guards the rest */
	struct broker *b; /* NULL: nobody listens any more */
	struct store_part *parts[WATCH_PARTS_MAX];
	uint32_t n;
	bool all; /* more than fit */
	bool is_posted;
	struct post post;
};

static struct watch *all_watches; /* written by broker_new only */

int64_t
broker_now_ns(void)
{
	return clock_mono_ns();
}

static void
ring(struct broker *b)
{
	uint64_t one = 1;

	/* It can only fail when the counter is full: then it is readable. */
	(void)!write(b->event_fd, &one, sizeof(one));
}

void
broker_post(struct broker *b, struct post *p)
{
	bool was_empty;

	lock_take(&b->post_lock);
	was_empty = b->posts == NULL;
	p->next = NULL;
	*b->posts_last = p;
	b->posts_last = &p->next;
	/* Rung inside the lock: after the last post nothing of b is used. */
	if (was_empty)
		ring(b);
	lock_release(&b->post_lock);
}

static void
run_posts(struct broker *b)
{
	struct post *p;
	uint64_t n;

	(void)!read(b->event_fd, &n, sizeof(n));
	lock_take(&b->post_lock);
	p = b->posts;
	b->posts = NULL;
	b->posts_last = &b->posts;
	lock_release(&b->post_lock);
	while (p != NULL) {
		struct post *next = p->next;

		p->fn(b, p);
		p = next;
	}
}

static void
on_grown(struct broker *b, struct post *p)
{
	struct watch *w =
		(struct watch *)(void *)((char *)p -
					 offsetof(struct watch, post));
	struct store_part *parts[WATCH_PARTS_MAX];
	uint32_t n;
	bool all;

	lock_take(&w->lock);
	n = w->n;
	all = w->all;
	memcpy(parts, w->parts, n * sizeof(parts[0]));
	w->n = 0;
	w->all = w->is_posted = false;
	lock_release(&w->lock);
	if (all)
		broker_fetch_wake_all(b);
	for (uint32_t i = 0; i < n && !all; i++)
		broker_fetch_wake(b, parts[i]);
}

/* @thread store */
static void
on_commit(void *cookie, struct store_part *p)
{
	struct watch *w = cookie;

	lock_take(&w->lock);
	if (w->b == NULL || atomic_load_explicit(&w->b->n_parked,
				    memory_order_seq_cst) == 0) {
		lock_release(&w->lock);
		return;
	}
	if (w->n == WATCH_PARTS_MAX)
		w->all = true;
	else if (w->n == 0 || w->parts[w->n - 1] != p)
		w->parts[w->n++] = p;
	if (!w->is_posted) {
		w->is_posted = true;
		broker_post(w->b, &w->post);
	}
	lock_release(&w->lock);
}

int
broker_watch_init(struct broker *b, struct err *e)
{
	struct watch *w = mem_new(struct watch);

	if (w == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory for the broker");
	lock_init(&w->lock);
	w->b = b;
	w->post.fn = on_grown;
	w->older = all_watches;
	all_watches = w;
	b->watch = w;
	for (int f = 1; f < BROKER_N_FILES; f++)
		store_watch(b->files[f], on_commit, w);
	return 0;
}

void
broker_watch_off(struct broker *b)
{
	if (b->watch == NULL)
		return;
	lock_take(&b->watch->lock);
	b->watch->b = NULL;
	lock_release(&b->watch->lock);
	b->watch = NULL;
}

static void
on_sweep(struct broker *b, struct timer *t)
{
	int64_t file_bytes, wal_bytes, row_bytes;

	store_sizes(
		b->files[TOPIC_BROKER], &file_bytes, &wal_bytes, &row_bytes);
	b->is_full = row_bytes >= b->conf->kafka_max_bytes;
	broker_conn_sweep(b, broker_now_ns());
	if (b->conns != NULL || b->listen_fd >= 0)
		broker_timer_set(&b->timers, t, broker_now_ns() + SWEEP_NS);
}

static void
take_events(struct broker *b, const struct epoll_event *ev, int n)
{
	for (int i = 0; i < n; i++) {
		struct conn *c = ev[i].data.ptr;

		if (ev[i].data.ptr == &b->event_fd)
			continue; /* the round runs the posts */
		if (ev[i].data.ptr == &b->listen_fd) {
			if (b->listen_fd >= 0)
				broker_conn_accept(b);
		} else if (ev[i].events & (EPOLLHUP | EPOLLERR)) {
			/* What was sent before may still be there to read. */
			broker_conn_readable(b, c);
			if (c->first == NULL || c->first->abort != NULL ||
				!(ev[i].events & EPOLLIN))
				broker_conn_close(b, c, NULL);
		} else if (ev[i].events & EPOLLIN) {
			broker_conn_readable(b, c);
		} else {
			broker_conn_dirty(b, c);
		}
	}
}

/* true: the thread may end. */
static bool
stop_step(struct broker *b)
{
	if (b->listen_fd >= 0) {
		close(b->listen_fd);
		b->listen_fd = -1;
		b->stop_deadline_ns = broker_now_ns() + STOP_NS;
		broker_fetch_stop(b);
		broker_group_stop(b);
		broker_conn_settle(b);
	}
	for (struct conn *c = b->conns; c != NULL; c = c->next)
		if (c->first == NULL || broker_now_ns() > b->stop_deadline_ns)
			broker_conn_close(b, c, NULL);
	broker_conn_settle(b);
	return b->conns == NULL && b->n_outside == 0;
}

void
broker_net_round(struct broker *b)
{
	run_posts(b);
	broker_timer_run(&b->timers, b, broker_now_ns());
	broker_conn_wake_starved(b);
	broker_conn_settle(b);
}

void
broker_net_main(void *cookie)
{
	struct broker *b = cookie;
	struct epoll_event ev[EVENTS_MAX];
	bool done = false;

	b->sweep.fn = on_sweep;
	lock_take(&b->lock);
	broker_timer_set(&b->timers, &b->sweep, broker_now_ns() + SWEEP_NS);
	while (!done) {
		int wait_ms = broker_timer_wait_ms(&b->timers, broker_now_ns());
		int n;

		if (b->is_stopping && (wait_ms < 0 || wait_ms > 50))
			wait_ms = 50;
		lock_release(&b->lock);
		n = epoll_wait(b->epoll_fd, ev, EVENTS_MAX, wait_ms);
		lock_take(&b->lock);
		if (n < 0 && errno != EINTR)
			log_error("broker_epoll_failed", "errno=%d", errno);
		take_events(b, ev, n);
		broker_net_round(b);
		if (b->is_stopping)
			done = stop_step(b);
	}
	lock_release(&b->lock);
}
