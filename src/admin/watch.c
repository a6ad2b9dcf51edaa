#include "admin/watch.h"

#include "admin/sse.h"
#include "base/clock.h"
#include "base/mem.h"

#define LOOK_EVERY_NS INT64_C(1000000000)
#define STATUS_MAX_BYTES (SSE_CLIENT_BYTES / 2)

struct watch {
	struct admin *a;
	struct thread thread;
	struct lock lock; /* guards stopping, has_come */
	struct cond wake;
	bool stopping;
	bool has_come; /* somebody who has seen nothing yet */
	struct sse_channel status;
	struct live_views views;
};

static void
tell_status(struct watch *w)
{
	struct buf b;

	buf_init(&b, STATUS_MAX_BYTES);
	admin_put_status(w->a, &b, false);
	if (!b.failed)
		sse_publish(&w->status, "status", buf_slice(&b));
	buf_fini(&b);
}

static void
keep_telling(void *cookie)
{
	struct watch *w = cookie;

	lock_take(&w->lock);
	while (!w->stopping) {
		int64_t until = clock_mono_ns() + LOOK_EVERY_NS;

		w->has_come = false;
		lock_release(&w->lock);
		if (sse_n_clients(&w->status) > 0)
			tell_status(w);
		lock_take(&w->lock);
		while (!w->stopping && !w->has_come &&
			cond_wait_until(&w->wake, &w->lock, until))
			;
	}
	lock_release(&w->lock);
}

int
watch_start(struct admin *a, struct err *e)
{
	struct watch *w = mem_new(struct watch);
	int rc;

	if (w == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory");
	a->watch = w;
	w->a = a;
	lock_init(&w->lock);
	cond_init(&w->wake);
	sse_init(&w->status);
	rc = live_views_start(&w->views, a, e);
	if (rc == 0)
		rc = thread_start(&w->thread, "status", keep_telling, w, e);
	return rc;
}

void
watch_stop(struct admin *a)
{
	struct watch *w = a->watch;

	if (w == NULL)
		return;
	lock_take(&w->lock);
	w->stopping = true;
	cond_signal(&w->wake);
	lock_release(&w->lock);
	thread_join(&w->thread);
	sse_close(&w->status);
	live_views_stop(&w->views);
}

void
watch_free(struct admin *a)
{
	struct watch *w = a->watch;

	if (w == NULL)
		return;
	live_views_free(&w->views);
	sse_fini(&w->status);
	cond_fini(&w->wake);
	lock_fini(&w->lock);
	mem_free(w);
	a->watch = NULL;
}

struct live_views *
watch_views(struct admin *a)
{
	return a->watch == NULL ? NULL : &a->watch->views;
}

int
admin_status_stream(struct admin_call *c, struct err *e)
{
	struct watch *w = c->a->watch;
	int rc;

	if (w == NULL)
		return err_set(e, ERR_UNAVAILABLE,
			"the status is that of a running daemon");
	rc = sse_open(c, &w->status, NULL, NULL, e);
	if (rc < 0)
		return rc;
	lock_take(&w->lock);
	w->has_come = true;
	cond_signal(&w->wake);
	lock_release(&w->lock);
	return 0;
}
