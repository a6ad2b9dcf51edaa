#include "capture/capture_int.h"

#include <string.h>

/*
 * Requests that wait for an answer about their key. They wait suspended, with
 * nothing decoded; then they go through their steps once more on a thread of
 * their own, or on the heavy one if they are large.
 */
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

static void
ask(struct capture_again *g)
{
	struct err e;

	if (team_ask(g->c->teams, &g->question, &e) != 0)
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
	ask(g);
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

void
capture_again_thread(void *cookie)
{
	struct capture *c = cookie;
	struct queue_node *list;

	while ((list = queue_take_all(&c->again, INT64_MAX)) != NULL) {
		while (list != NULL) {
			struct capture_again *g =
				QUEUE_OWNER(list, struct capture_again, node);

			list = list->next;
			queue_done(&c->again, 1, 1);
			go(g);
		}
	}
}
