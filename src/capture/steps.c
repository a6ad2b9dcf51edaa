#include "capture/capture_int.h"

#include "base/mem.h"
#include "stats/stats.h"

/*
 * The order of work on a request (spec capture 4.2) is this table. A step that
 * fails has filled the refusal; the first failure is the answer.
 */
const struct capture_step capture_v0_steps[] = {
	{"query", capture_read_query},
	{"decode", capture_decode},
	{"parse", capture_parse},
	{"filter", capture_drop_filtered},
	{"token", capture_check_token},
	{"project", capture_check_project},
	{"rate", capture_check_rate},
	{"quota", capture_check_quota},
	{"events", capture_check_events},
	{"address", capture_find_address},
	{"rules", capture_apply_rules},
	{"records", capture_write_records},
	{NULL, NULL},
};

/* Reports of browsers join the same way once they are events. */
const struct capture_step capture_csp_steps[] = {
	{"reports", capture_csp_read},
	{"token", capture_check_token},
	{"project", capture_check_project},
	{"rate", capture_check_rate},
	{"quota", capture_check_quota},
	{"events", capture_check_events},
	{"address", capture_find_address},
	{"rules", capture_apply_rules},
	{"records", capture_write_records},
	{NULL, NULL},
};

static void
answer(struct capture_ctx *x, bool is_suspended)
{
	if (x->no.status != 0)
		capture_answer_refusal(x->r, &x->no);
	else if (x->is_over_quota)
		capture_answer_over_quota(
			x->r, (x->path_flags & PATH_RECORDING) != 0);
	else if (x->job != NULL)
		http_answer(x->r, 200, "application/json",
			buf_slice(&x->job->answer));
	else
		capture_answer_ok(x->r, x->q.beacon);
	if (is_suspended) {
		http_resume_finish(x->r);
		http_unref(x->r);
	}
}

struct capture_again *
capture_again_new(struct capture_ctx *x)
{
	struct capture_again *g = arena_new(x->a, struct capture_again);

	if (g == NULL)
		return NULL;
	*g = (struct capture_again){
		.c = x->c,
		.r = x->r,
		.steps = x->steps,
		.path_flags = x->path_flags,
		.is_heavy = x->on_heavy || x->is_heavy,
		.answer = x->answer,
		.has_waited = x->has_waited,
	};
	return g;
}

void
capture_hand_to_heavy(struct capture_again *g)
{
	struct http_request *r = g->r;

	if (queue_put(&g->c->heavy, &g->node, 1) == 0)
		return;
	if (http_resume_begin(r)) {
		stats_add(STATS_HTTP_REFUSED, REFUSAL_LARGE_QUEUE, 1);
		capture_refused(r, ERR_BUSY, 0);
		http_resume_finish(r);
	}
	http_unref(r);
}

/* capture-3: what does not fit an HTTP thread's time goes to one other. */
static void
hand_to_heavy(struct capture_ctx *x, bool is_suspended)
{
	struct capture_again *g = capture_again_new(x);

	x->is_heavy = false;
	if (g == NULL) {
		stats_add(STATS_HTTP_REFUSED, REFUSAL_NO_MEMORY, 1);
		capture_refused(x->r, ERR_BUSY, 0);
		if (is_suspended) {
			http_resume_finish(x->r);
			http_unref(x->r);
		}
		return;
	}
	if (is_suspended) {
		http_suspend_again(x->r, CAPTURE_HEAVY_TIMEOUT_MS);
	} else {
		http_ref(x->r);
		http_suspend(x->r, CAPTURE_HEAVY_TIMEOUT_MS);
	}
	capture_hand_to_heavy(g);
}

void
capture_run(struct capture_ctx *x, bool is_suspended)
{
	bool failed = false;

	x->s = capture_scratch_get(x->c);
	if (x->s == NULL) {
		(void)(capture_shed(x, CAPTURE_OVERLOAD, REFUSAL_NO_MEMORY) !=
			0);
		answer(x, is_suspended);
		return;
	}
	for (const struct capture_step *st = x->steps;
		st->run != NULL && !failed && !x->is_done; st++)
		failed = st->run(x) != 0;
	team_snapshot_unref(x->teams);
	capture_scratch_put(x->c, x->s);
	if (failed && x->job != NULL) {
		capture_job_put(x->job);
		x->job = NULL;
	}
	if (x->is_heavy)
		hand_to_heavy(x, is_suspended);
	else if (x->wait != CAPTURE_GOES_ON)
		capture_wait(x, is_suspended);
	else if (failed || x->is_done || x->job->n_outs == 0)
		answer(x, is_suspended);
	else
		capture_submit(x, is_suspended);
	if (x->job != NULL)
		capture_job_put(x->job); /* it had nothing to store */
}

static void
start(struct capture_ctx *x, struct http_request *r,
	const struct capture_step *steps, unsigned path_flags, bool on_heavy)
{
	struct capture *c = http_app(r);

	*x = (struct capture_ctx){
		.c = c,
		.conf = atomic_load(&c->conf),
		.r = r,
		.a = http_arena(r),
		.steps = steps,
		.path_flags = path_flags,
		.query_text = http_query(r),
		.raw = http_body(r),
		.content_type = http_header(r, "Content-Type"),
		.content_encoding = http_header(r, "Content-Encoding"),
		.now_us = http_received_at_us(r),
	};
	x->on_heavy = on_heavy;
	x->max_decoded = x->conf->max_decoded_bytes;
	if (!on_heavy && x->max_decoded > CAPTURE_LIGHT_BYTES)
		x->max_decoded = CAPTURE_LIGHT_BYTES;
	x->now_len = (size_t)clock_format(x->now_us, CLOCK_RFC3339, x->now);
}

uint32_t
capture_run_again(struct capture_again *g)
{
	struct capture_ctx x;

	start(&x, g->r, g->steps, g->path_flags, g->is_heavy);
	x.answer = g->answer;
	x.has_waited = g->has_waited;
	capture_run(&x, true);
	return x.share;
}

/* Until what was large has been written and its memory is free again. */
static void
wait_for_writer(struct capture *c)
{
	bool waited = false;

	lock_take(&c->lock);
	while (c->heavy_bytes > CAPTURE_HEAVY_BYTES) {
		waited = true;
		cond_wait(&c->heavy_written, &c->lock);
	}
	lock_release(&c->lock);
	if (waited)
		mem_trim();
}

void
capture_heavy_thread(void *cookie)
{
	struct capture *c = cookie;
	struct queue_node *list;

	thread_step_back();
	while ((list = queue_take_all(&c->heavy, INT64_MAX)) != NULL) {
		while (list != NULL) {
			struct capture_again *g =
				QUEUE_OWNER(list, struct capture_again, node);

			list = list->next;
			queue_done(&c->heavy, 1, 1);
			/* Then nobody else touches the request or its arena. */
			if (!http_resume_begin(g->r)) {
				http_unref(g->r);
				continue;
			}
			capture_run_again(g);
			wait_for_writer(c);
		}
	}
}

static void
on_request(struct http_request *r, unsigned path_flags)
{
	struct capture_ctx x;

	start(&x, r, capture_v0_steps, path_flags, false);
	lane_run(&x);
}

void
capture_on_events(struct http_request *r)
{
	on_request(r, 0);
}

static void
capture_on_ai(struct http_request *r)
{
	on_request(r, PATH_AI);
}

void
capture_on_legacy(struct http_request *r)
{
	on_request(r, PATH_LEGACY);
}

void
capture_on_engage(struct http_request *r)
{
	on_request(r, PATH_LEGACY | PATH_ENGAGE);
}

void
capture_on_recording(struct http_request *r)
{
	on_request(r, PATH_RECORDING);
}

void
capture_on_v1(struct http_request *r)
{
	struct capture_ctx x;

	start(&x, r, capture_v1_steps, 0, false);
	lane_run(&x);
}

static void
capture_on_v1_ai(struct http_request *r)
{
	struct capture_ctx x;

	start(&x, r, capture_v1_steps, PATH_AI, false);
	lane_run(&x);
}

void
capture_on_csp(struct http_request *r)
{
	struct capture_ctx x;

	start(&x, r, capture_csp_steps, PATH_CSP, false);
	lane_run(&x);
}

static int64_t
csp_bound(void *app)
{
	(void)app;
	return LIMIT_CSP_BODY_BYTES;
}

static int64_t
v1_bound(void *app)
{
	(void)app;
	return LIMIT_V1_BODY_BYTES;
}

static int64_t
body_bound(void *app)
{
	const struct capture *c = app;

	return atomic_load(&c->conf)->max_body_bytes;
}

static int64_t
recording_bound(void *app)
{
	const struct capture *c = app;

	return atomic_load(&c->conf)->max_recording_body_bytes;
}

#define BOTH (HTTP_GET | HTTP_POST)
const struct http_route capture_routes[] = {
	{BOTH, "/e", body_bound, capture_on_legacy},
	{BOTH, "/e/", body_bound, capture_on_legacy},
	{BOTH, "/i/v0/e", body_bound, capture_on_events},
	{BOTH, "/i/v0/e/", body_bound, capture_on_events},
	{BOTH, "/batch", body_bound, capture_on_events},
	{BOTH, "/batch/", body_bound, capture_on_events},
	{BOTH, "/capture", body_bound, capture_on_legacy},
	{BOTH, "/capture/", body_bound, capture_on_legacy},
	{BOTH, "/track", body_bound, capture_on_legacy},
	{BOTH, "/track/", body_bound, capture_on_legacy},
	{BOTH, "/engage", body_bound, capture_on_engage},
	{BOTH, "/engage/", body_bound, capture_on_engage},
	{HTTP_POST, "/i/v0/ai/batch", body_bound, capture_on_ai},
	{HTTP_POST, "/i/v0/ai/batch/", body_bound, capture_on_ai},
	{BOTH, "/s", recording_bound, capture_on_recording},
	{BOTH, "/s/", recording_bound, capture_on_recording},
	{HTTP_POST, "/i/v1/analytics/events", v1_bound, capture_on_v1},
	{HTTP_POST, "/i/v1/analytics/events/", v1_bound, capture_on_v1},
	{HTTP_POST, "/i/v1/ai/events", v1_bound, capture_on_v1_ai},
	{HTTP_POST, "/i/v1/ai/events/", v1_bound, capture_on_v1_ai},
	{HTTP_POST, "/report", csp_bound, capture_on_csp},
	{HTTP_POST, "/report/", csp_bound, capture_on_csp},
	{BOTH, "/test/black_hole", body_bound, capture_on_black_hole},
	{BOTH, "/test/black_hole/", body_bound, capture_on_black_hole},
	{HTTP_GET, "/", NULL, capture_on_readiness},
	{HTTP_GET, "/_readiness", NULL, capture_on_readiness},
	{HTTP_GET, "/_readiness/", NULL, capture_on_readiness},
	{HTTP_GET, "/_liveness", NULL, capture_on_liveness},
	{HTTP_GET, "/_liveness/", NULL, capture_on_liveness},
	{0, NULL, NULL, NULL},
};
