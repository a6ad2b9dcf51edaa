#include "capture/lane.h"

#include "capture/capture_int.h"

#define WINDOW_NS INT64_C(100000000)
/* A connection's note: the slot of its last requests and how many there were.
 * After CHECK_EVERY one is run here to see whether it is still that slot's. */
#define NOTE_SLOT(note) ((note) % SHARE_SLOTS)
#define NOTE_RUN(note) ((note) / SHARE_SLOTS)
#define NOTE(slot, run) ((uint32_t)(run)*SHARE_SLOTS + (slot))
#define SURE_AFTER 2
#define CHECK_EVERY 16

void
lane_init(struct lane *l, int n_http_threads)
{
	*l = (struct lane){.n_http_threads = n_http_threads};
	l->n_threads = n_http_threads / 2;
	if (l->n_threads < 1)
		l->n_threads = 1;
	if (l->n_threads > LANE_THREADS_MAX)
		l->n_threads = LANE_THREADS_MAX;
	lock_init(&l->lock);
	queue_init(&l->queue, LANE_QUEUE, SIZE_MAX);
}

/* Busy is who had over a quarter of the threads' time while others sent. */
static void
turn_window(struct lane *l, int64_t now_ns)
{
	int64_t begin_ns = atomic_load(&l->window_ns);
	int64_t most = (now_ns - begin_ns) * l->n_http_threads / 4;
	int n = 0;

	for (int i = 0; i < SHARE_SLOTS; i++)
		n += atomic_load_explicit(
			     &l->work_ns[i], memory_order_relaxed) > 0;
	for (int i = 0; i < SHARE_SLOTS; i++) {
		int64_t work = atomic_exchange(&l->work_ns[i], 0);

		atomic_store_explicit(&l->is_busy[i], n > 1 && work > most,
			memory_order_relaxed);
	}
	atomic_store(&l->window_ns, now_ns);
}

void
lane_note(struct lane *l, uint32_t slot, int64_t now_ns, int64_t work_ns)
{
	atomic_fetch_add_explicit(
		&l->work_ns[slot], work_ns, memory_order_relaxed);
	if (now_ns - atomic_load(&l->window_ns) < WINDOW_NS)
		return;
	lock_take(&l->lock);
	if (now_ns - atomic_load(&l->window_ns) >= WINDOW_NS)
		turn_window(l, now_ns);
	lock_release(&l->lock);
}

bool
lane_is_busy(const struct lane *l, uint32_t slot)
{
	return atomic_load_explicit(&l->is_busy[slot], memory_order_relaxed);
}

static void
run_noted(struct capture_ctx *x, bool is_suspended)
{
	struct lane *l = &x->c->lane;
	int64_t from_ns = clock_mono_ns(), now_ns;

	capture_run(x, is_suspended);
	now_ns = clock_mono_ns();
	lane_note(l, x->share, now_ns, now_ns - from_ns);
}

/* false: it is to be run here. */
static bool
hand_over(struct capture_ctx *x)
{
	struct http_request *r = x->r;
	struct capture_again *g = capture_again_new(x);

	if (g == NULL)
		return false;
	http_ref(r);
	http_suspend(r, CAPTURE_HEAVY_TIMEOUT_MS);
	if (queue_put(&x->c->lane.queue, &g->node, 1) == 0)
		return true;
	if (http_resume_begin(r))
		run_noted(x, true);
	else
		http_unref(r);
	return true;
}

void
lane_run(struct capture_ctx *x)
{
	uint32_t *at = http_connection_note(x->r), note = *at;
	uint32_t slot = NOTE_SLOT(note), run = NOTE_RUN(note);

	if (run >= SURE_AFTER && run < CHECK_EVERY &&
		lane_is_busy(&x->c->lane, slot)) {
		*at = NOTE(slot, run + 1);
		if (hand_over(x))
			return;
	}
	run_noted(x, false);
	if (x->share != slot || run == 0)
		run = 0;
	else if (run >= SURE_AFTER)
		run = SURE_AFTER - 1;
	*at = NOTE(x->share, run + 1);
}

static void
lane_thread(void *cookie)
{
	struct capture *c = cookie;
	struct queue_node *list;

	thread_step_back();
	while ((list = queue_take_all(&c->lane.queue, INT64_MAX)) != NULL) {
		while (list != NULL) {
			struct capture_again *g =
				QUEUE_OWNER(list, struct capture_again, node);
			int64_t from_ns = clock_mono_ns(), now_ns;
			uint32_t share;

			list = list->next;
			queue_done(&c->lane.queue, 1, 1);
			if (!http_resume_begin(g->r)) {
				http_unref(g->r);
				continue;
			}
			share = capture_run_again(g);
			now_ns = clock_mono_ns();
			lane_note(&c->lane, share, now_ns, now_ns - from_ns);
		}
	}
}

int
lane_start(struct lane *l, struct capture *c, struct err *e)
{
	int err = 0;

	for (int i = 0; err == 0 && i < l->n_threads; i++)
		err = thread_start(
			&l->threads[i], "capture-lane", lane_thread, c, e);
	return err;
}

void
lane_stop(struct lane *l)
{
	queue_close(&l->queue);
	for (int i = 0; i < l->n_threads; i++)
		thread_join(&l->threads[i]);
	queue_fini(&l->queue);
	lock_fini(&l->lock);
}
