#include "base/clock.h"
#include "base/limits.h"
#include "stats/stats.h"
#include "store/store_int.h"

#define IDLE_WAKE_NS ((int64_t)1000000000)

static void
look_at_helper(struct store *s)
{
	if (atomic_load(&s->checkpoint_failed)) {
		struct err why;

		lock_take(&s->checkpoint.lock);
		why = s->checkpoint_err;
		lock_release(&s->checkpoint.lock);
		store_fail(s, &why);
	}
}

/* Housekeeping between two groups; true: call again soon. */
static bool
keep_house(struct store *s)
{
	int64_t now = clock_mono_ns();
	bool is_idle = now - s->last_job_ns > IDLE_WAKE_NS;

	if (atomic_load(&s->failed) || s->kind == STORE_CONFIG)
		return false;
	if (s->maintain_fully) {
		s->maintain_fully = false;
		while (store_retain_step(s, true, true) > 0)
			continue;
		return false;
	}
	if (now < s->maintain_at_ns)
		return true;
	if (store_retain_step(s, is_idle, false) > 0) {
		/* Steps of 4 MB: at most 200 MB/s beside the appends. */
		s->maintain_at_ns = now + 20000000;
		return true;
	}
	s->maintain_at_ns = now + IDLE_WAKE_NS;
	return false;
}

/* How long to wait for more: 0, or until what waits may run. */
static int64_t
run_group(struct store *s)
{
	int64_t from_ns = clock_mono_ns();
	struct store_job *list;

	look_at_helper(s);
	list = store_group_take(s);
	if (list == NULL)
		return s->held_until_ns;
	store_commit_group(s, list);
	store_group_took(s, from_ns);
	return 0;
}

void
store_writer_main(void *cookie)
{
	struct store *s = cookie;

	for (;;) {
		bool more = keep_house(s);
		int64_t until = more ? s->maintain_at_ns
				     : clock_mono_ns() + IDLE_WAKE_NS;
		struct queue_node *n = queue_take_all(&s->queue, until);

		if (n == NULL) {
			if (atomic_load(&s->stopping))
				break;
			look_at_helper(s);
			continue;
		}
		store_group_add(s, n);
		while (s->waiting != NULL) {
			int64_t held_until = run_group(s);

			keep_house(s);
			/* Who came meanwhile may have a turn before who has
			 * much waiting. */
			if (s->waiting != NULL)
				store_group_add(s,
					queue_take_all(&s->queue, held_until));
		}
		s->last_job_ns = clock_mono_ns();
		lock_take(&s->queue.lock);
		stats_set(STATS_STORE_QUEUE_BYTES, (int)s->kind,
			(double)s->queue.bytes);
		lock_release(&s->queue.lock);
	}
}

static int
put_job(struct store *s, struct store_job *j, struct err *e)
{
	int r;

	if (s->is_readonly)
		return err_set(
			e, ERR_UNSUPPORTED, "%s is open for reading", s->path);
	if (atomic_load(&s->failed))
		return err_set(
			e, ERR_IO, "%s failed: %s", s->path, s->why.text);
	r = j->is_counted ? queue_put_always(&s->queue, &j->node, j->bytes)
			  : queue_put(&s->queue, &j->node, j->bytes);
	if (r == 0)
		return 0;
	if (r == -(int)ERR_BUSY)
		return err_set(e, ERR_BUSY, "the queue of %s is full", s->path);
	return err_set(e, ERR_STOPPING, "%s is being closed", s->path);
}

int
store_submit(struct store *s, struct store_job *j, struct err *e)
{
	INVARIANT(j->run != NULL && j->done != NULL, "store-6");
	return put_job(s, j, e);
}

int
store_submit_append(struct store *s, struct store_append *a, struct err *e)
{
	if (a->len == 0 || a->len > LIMIT_KAFKA_FRAME_BYTES)
		return err_set(
			e, ERR_TOO_BIG, "an append of %zu bytes", a->len);
	a->job.run = NULL;
	a->job.bytes = a->len;
	return put_job(s, &a->job, e);
}

int
store_tx_append(struct store_conn *c, struct store_part *p, char *batches,
	size_t len, uint32_t n_records, int64_t max_ts_ms, int64_t *base_offset,
	struct err *e)
{
	(void)max_ts_ms; /* the batches' own headers say it */
	return store_tx_append_noted(
		c, p, batches, len, n_records, NULL, base_offset, e);
}

int
store_tx_append_noted(struct store_conn *c, struct store_part *p, char *batches,
	size_t len, uint32_t n_records, const void *note, int64_t *base_offset,
	struct err *e)
{
	int r;

	INVARIANT(c == c->s->w && p->s == c->s, "store-9");
	if (len == 0 || len > LIMIT_KAFKA_FRAME_BYTES)
		return err_set(e, ERR_TOO_BIG, "an append of %zu bytes", len);
	r = store_append_add(c->s, p, batches, len, n_records, base_offset, e);
	if (r != 0)
		return r;
	return store_hooks_note(c->s, p, slice_of(batches, len), note, true, e);
}

/* A caller that waits: wraps the caller's job. */
struct call_job {
	struct store_job job;
	struct store_job *inner;
	struct lock lock;
	struct cond over;
	bool is_over;
};

static int
call_run(struct store_job *j, struct store_conn *c, struct err *e)
{
	struct call_job *call = (struct call_job *)(void *)j;
	struct store_append *a = (struct store_append *)(void *)call->inner;

	if (call->inner->run != NULL)
		return call->inner->run(call->inner, c, e);
	return store_tx_append_noted(c, a->part, a->batches, a->len,
		a->n_records, a->note, &a->base_offset, e);
}

static void
call_done(struct store_job *j, const struct err *result)
{
	struct call_job *call = (struct call_job *)(void *)j;

	call->inner->result = *result;
	call->inner->is_wiped = j->is_wiped;
	lock_take(&call->lock);
	call->is_over = true;
	cond_signal(&call->over);
	lock_release(&call->lock);
}

int
store_call(struct store *s, struct store_job *j, struct err *e)
{
	struct call_job call = {
		.job = {.bytes = j->bytes,
			.wipes = j->wipes,
			.run = call_run,
			.done = call_done},
		.inner = j,
	};
	int r;

	INVARIANT(!pthread_equal(pthread_self(), s->thread.id), "store-6");
	INVARIANT(j->run != NULL ||
			  ((struct store_append *)(void *)j)->filter == NULL,
		"store-9");
	if (s->is_readonly)
		return err_set(
			e, ERR_UNSUPPORTED, "%s is open for reading", s->path);
	lock_init(&call.lock);
	cond_init(&call.over);
	/* The caller waits, so it is bounded by the number of threads and goes
	 * in although the queue may be full. */
	r = queue_put_always(&s->queue, &call.job.node, call.job.bytes);
	if (r == 0) {
		lock_take(&call.lock);
		while (!call.is_over)
			cond_wait(&call.over, &call.lock);
		lock_release(&call.lock);
		*e = j->result;
		r = -(int)e->code;
	} else {
		r = err_set(e, ERR_STOPPING, "%s is being closed", s->path);
	}
	cond_fini(&call.over);
	lock_fini(&call.lock);
	return r;
}

void
store_watch(struct store *s, void (*fn)(void *cookie, struct store_part *p),
	void *cookie)
{
	INVARIANT(s->n_watchers < STORE_WATCHERS_MAX, "store-9");
	s->watchers[s->n_watchers++] = (struct store_watcher){fn, cookie};
}
