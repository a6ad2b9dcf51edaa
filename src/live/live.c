#include "base/clock.h"
#include "base/mem.h"
#include "live/live_int.h"

#define LOOK_EVERY_NS INT64_C(100000000)
/* Who looks on takes a twentieth of one processor's time at most. */
#define LOOK_PART 20
#define LOOK_SELDOM_NS INT64_C(2000000000)
#define FLOW_EVERY_NS INT64_C(1000000000)
#define BATCHES_MAX_BYTES ((size_t)80 * 1024 * 1024)
#define ARENA_MAX_BYTES ((size_t)8 * 1024 * 1024)

/* Nothing is read while nobody watches (live-1). false: it is over.
 * @guarded lock */
static bool
wait_for_viewers(struct live *l)
{
	while (!l->stopping && l->viewers == NULL) {
		if (l->conn[0] != NULL || l->conn[1] != NULL) {
			lock_release(&l->lock);
			live_close_readers(l);
			lock_take(&l->lock);
			continue;
		}
		for (int i = 0; i < LIVE_SOURCES; i++)
			l->next[i] = -1;
		cond_wait(&l->wake, &l->lock);
	}
	return !l->stopping;
}

static void
tell_flow(struct live *l)
{
	for (struct live_viewer *v = l->viewers; v != NULL; v = v->next)
		live_flow(v, &l->json);
}

/* live-4: when the next look is due after one that began then. */
static int64_t
next_look(const struct live *l, int64_t began_ns)
{
	int64_t rest = LOOK_PART * (clock_mono_ns() - began_ns);

	if (rest > LOOK_SELDOM_NS)
		rest = LOOK_SELDOM_NS;
	return began_ns + (rest > l->look_every_ns ? rest : l->look_every_ns);
}

static void
keep_looking(void *cookie)
{
	struct live *l = cookie;
	int64_t flow_at = 0;

	thread_step_back();
	lock_take(&l->lock);
	while (wait_for_viewers(l)) {
		int64_t now = clock_mono_ns(), next;

		lock_release(&l->lock);
		live_look(l);
		next = next_look(l, now);
		lock_take(&l->lock);
		if (now >= flow_at) {
			tell_flow(l);
			flow_at = now + l->flow_every_ns;
		}
		if (!l->stopping)
			cond_wait_until(&l->wake, &l->lock, next);
	}
	lock_release(&l->lock);
	live_close_readers(l);
}

int
live_new(const struct live_options *o, struct live **out, struct err *e)
{
	struct live *l = mem_new(struct live);
	int rc;

	if (l == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory");
	l->o = *o;
	l->look_every_ns = LOOK_EVERY_NS;
	l->flow_every_ns = FLOW_EVERY_NS;
	lock_init(&l->lock);
	cond_init(&l->wake);
	buf_init(&l->batches, BATCHES_MAX_BYTES);
	buf_init(&l->raw, BATCHES_MAX_BYTES);
	buf_init(&l->json, 64 * 1024);
	arena_init(&l->arena, ARENA_MAX_BYTES);
	rc = thread_start(&l->thread, "live", keep_looking, l, e);
	if (rc < 0) {
		live_free(l);
		return rc;
	}
	*out = l;
	return 0;
}

void
live_free(struct live *l)
{
	if (l == NULL)
		return;
	lock_take(&l->lock);
	l->stopping = true;
	cond_signal(&l->wake);
	lock_release(&l->lock);
	thread_join(&l->thread);
	arena_fini(&l->arena);
	buf_fini(&l->json);
	buf_fini(&l->raw);
	buf_fini(&l->batches);
	cond_fini(&l->wake);
	lock_fini(&l->lock);
	mem_free(l);
}

int
live_watch(struct live *l, const struct live_filter *f, live_put *put,
	void *cookie, struct live_viewer **out, struct err *e)
{
	struct live_viewer *v = mem_new(struct live_viewer);
	int rc;

	if (v == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory");
	v->live = l;
	v->put = put;
	v->cookie = cookie;
	v->filled_ns = clock_mono_ns();
	rc = live_viewer_set(v, f, e);
	lock_take(&l->lock);
	if (rc == 0 && l->n_viewers >= LIVE_VIEWERS_MAX)
		rc = err_set(e, ERR_BUSY, "%d live views are open: close some",
			LIVE_VIEWERS_MAX);
	if (rc == 0) {
		v->next = l->viewers;
		l->viewers = v;
		l->n_viewers++;
		cond_signal(&l->wake);
	}
	lock_release(&l->lock);
	if (rc < 0)
		mem_free(v);
	else
		*out = v;
	return rc;
}

void
live_unwatch(struct live_viewer *v)
{
	struct live *l = v->live;
	struct live_viewer **at = &l->viewers;

	lock_take(&l->lock);
	while (*at != v)
		at = &(*at)->next;
	*at = v->next;
	l->n_viewers--;
	lock_release(&l->lock);
	mem_free(v);
}
