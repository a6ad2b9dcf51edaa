#include "capture/capture_int.h"

#include <string.h>

#include "stats/stats.h"

/*
 * Requests that wait for an answer about their key, or until letters of it are
 * put back. They wait suspended, with nothing decoded; then they go through
 * their steps once more on a thread of their own, or on the heavy one if they
 * are large.
 */
#define HELD_NS INT64_C(10000000)

static void
refuse(struct http_request *r)
{
	if (http_resume_begin(r)) {
		capture_refused(r, ERR_BUSY, 0);
		http_resume_finish(r);
	}
	http_unref(r);
}

/* @thread project-keys */
static void
answered(struct team_question *q, enum team_answer answer)
{
	struct capture_again *g =
		(struct capture_again *)(void *)((char *)q -
						 offsetof(struct capture_again,
							 question));

	g->answer = answer;
	if (queue_put_always(&g->c->again, &g->node, 1) != 0)
		refuse(g->r);
}

/* For an answer, or until the letters of its key are put back. */
static void
begin_wait(struct capture_again *g, enum capture_wait what)
{
	struct err e;
	int rc = 0;

	switch (what) {
	case CAPTURE_GOES_ON:
		break;
	case CAPTURE_WAITS_FOR_KEY:
		rc = team_ask(g->c->teams, &g->question, &e);
		break;
	case CAPTURE_WAITS_FOR_LETTERS:
		g->has_waited = true;
		stats_add(STATS_REQUESTS_BEHIND, 0, 1);
		g->until_ns = clock_mono_ns() +
			      LIMIT_TEAM_WAITING_MS * INT64_C(1000000);
		rc = queue_put(&g->c->again, &g->node, 1);
		break;
	}
	if (rc != 0)
		refuse(g->r);
}

void
capture_wait(struct capture_ctx *x, bool is_suspended)
{
	struct http_request *r = x->r;
	struct capture_again *g = capture_again_new(x);

	if (g == NULL || x->token.len > sizeof(g->token)) {
		capture_refused(r, ERR_BUSY, 0);
		if (is_suspended) {
			http_resume_finish(r);
			http_unref(r);
		}
		return;
	}
	memcpy(g->token, x->token.p, x->token.len);
	g->question.token = slice_of(g->token, x->token.len);
	g->question.done = answered;
	if (is_suspended) {
		http_suspend_again(r, CAPTURE_KEY_TIMEOUT_MS);
	} else {
		http_ref(r);
		http_suspend(r, CAPTURE_KEY_TIMEOUT_MS);
	}
	begin_wait(g, x->wait);
}

static void
go(struct capture_again *g)
{
	if (!http_resume_begin(g->r)) {
		http_unref(g->r);
		return;
	}
	if (!g->is_heavy) {
		(void)capture_run_again(g);
		return;
	}
	http_suspend_again(g->r, CAPTURE_HEAVY_TIMEOUT_MS);
	capture_hand_to_heavy(g);
}

static bool
is_held(const struct capture_again *g)
{
	return g->until_ns != 0 && clock_mono_ns() < g->until_ns &&
	       team_waits(g->c->teams, g->question.token) ==
		       TEAM_WAITS_A_MOMENT;
}

/* Those that need wait no more go, in the order in which they came. */
static struct queue_node *
let_go(struct capture *c, struct queue_node *list, bool all)
{
	struct queue_node *held = NULL, **last = &held;

	while (list != NULL) {
		struct capture_again *g =
			QUEUE_OWNER(list, struct capture_again, node);

		list = list->next;
		if (!all && is_held(g)) {
			g->node.next = NULL;
			*last = &g->node;
			last = &g->node.next;
			continue;
		}
		queue_done(&c->again, 1, 1);
		go(g);
	}
	return held;
}

static struct queue_node *
join(struct queue_node *a, struct queue_node *b)
{
	struct queue_node **end = &a;

	while (*end != NULL)
		end = &(*end)->next;
	*end = b;
	return a;
}

/* What is held is looked at again every few milliseconds; it keeps its room in
 * the queue. */
void
capture_again_thread(void *cookie)
{
	struct capture *c = cookie;
	struct queue_node *held = NULL;

	for (;;) {
		int64_t until_ns =
			held == NULL ? INT64_MAX : clock_mono_ns() + HELD_NS;
		struct queue_node *more = queue_take_all(&c->again, until_ns);

		if (more == NULL && held == NULL)
			return;
		held = let_go(
			c, join(held, more), atomic_load(&c->is_stopping));
	}
}
