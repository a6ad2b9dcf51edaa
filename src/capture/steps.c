#include "capture/capture_int.h"

#include "base/mem.h"

/*
 * The order of work on a request (spec capture 4.2) is this table. A step that
 * fails has filled the refusal; the first failure is the answer.
 */
static const struct capture_step v0_steps[] = {
	{"query", capture_read_query},
	{"decode", capture_decode},
	{"parse", capture_parse},
	{"filter", capture_drop_filtered},
	{"token", capture_check_token},
	{"project", capture_check_project},
	{"events", capture_check_events},
	{"address", capture_find_address},
	{"rules", capture_apply_rules},
	{"records", capture_write_records},
	{NULL, NULL},
};

/* Reports of browsers join the same way once they are events. */
static const struct capture_step csp_steps[] = {
	{"reports", capture_csp_read},
	{"token", capture_check_token},
	{"project", capture_check_project},
	{"events", capture_check_events},
	{"address", capture_find_address},
	{"rules", capture_apply_rules},
	{"records", capture_write_records},
	{NULL, NULL},
};

struct heavy_item {
	struct queue_node node;
	struct http_request *r;
	const struct capture_step *steps;
	unsigned path_flags;
};

static void
answer(struct capture_ctx *x, bool is_suspended)
{
	if (x->no.status != 0)
		capture_answer_refusal(x->r, &x->no);
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

/* capture-3: what does not fit an HTTP thread's time goes to one other. */
static void
hand_to_heavy(struct capture_ctx *x)
{
	struct capture *c = x->c;
	struct http_request *r = x->r;
	struct heavy_item *h = arena_new(x->a, struct heavy_item);

	x->is_heavy = false;
	if (h == NULL) {
		capture_refused(r, ERR_BUSY, 0);
		return;
	}
	h->r = r;
	h->steps = x->steps;
	h->path_flags = x->path_flags;
	http_ref(r);
	http_suspend(r, CAPTURE_HEAVY_TIMEOUT_MS);
	if (queue_put(&c->heavy, &h->node, 1) == 0)
		return;
	if (http_resume_begin(r)) {
		capture_refused(r, ERR_BUSY, 0);
		http_resume_finish(r);
	}
	http_unref(r);
}

void
capture_run(struct capture_ctx *x, bool is_suspended)
{
	bool failed = false;

	x->s = capture_scratch_get(x->c);
	if (x->s == NULL) {
		(void)(capture_refuse(x, 503, CAPTURE_OVERLOAD,
			       "transient error, please retry") != 0);
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
		hand_to_heavy(x);
	else if (failed || x->is_done || x->job->n_outs == 0)
		answer(x, is_suspended);
	else
		capture_submit(x, is_suspended);
	if (x->job != NULL)
		capture_job_put(x->job); /* it had nothing to store */
}

static void
start(struct capture_ctx *x, struct http_request *r,
	const struct capture_step *steps, unsigned path_flags,
	bool is_suspended)
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
	x->on_heavy = is_suspended;
	x->max_decoded = x->conf->max_decoded_bytes;
	if (!is_suspended && x->max_decoded > CAPTURE_LIGHT_BYTES)
		x->max_decoded = CAPTURE_LIGHT_BYTES;
	x->now_len = (size_t)clock_format(x->now_us, CLOCK_RFC3339, x->now);
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

	while ((list = queue_take_all(&c->heavy, INT64_MAX)) != NULL) {
		while (list != NULL) {
			struct heavy_item *h =
				QUEUE_OWNER(list, struct heavy_item, node);
			struct http_request *r = h->r;
			const struct capture_step *steps = h->steps;
			unsigned flags = h->path_flags;
			struct capture_ctx x;

			list = list->next;
			queue_done(&c->heavy, 1, 1);
			/* Then nobody else touches the request or its arena. */
			if (!http_resume_begin(r)) {
				http_unref(r);
				continue;
			}
			start(&x, r, steps, flags, true);
			capture_run(&x, true);
			wait_for_writer(c);
		}
	}
}

static void
on_request(struct http_request *r, unsigned path_flags)
{
	struct capture_ctx x;

	start(&x, r, v0_steps, path_flags, false);
	capture_run(&x, false);
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
	capture_run(&x, false);
}

static void
capture_on_v1_ai(struct http_request *r)
{
	struct capture_ctx x;

	start(&x, r, capture_v1_steps, PATH_AI, false);
	capture_run(&x, false);
}

void
capture_on_csp(struct http_request *r)
{
	struct capture_ctx x;

	start(&x, r, csp_steps, 0, false);
	capture_run(&x, false);
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
	{HTTP_GET, "/", NULL, capture_on_readiness},
	{HTTP_GET, "/_readiness", NULL, capture_on_readiness},
	{HTTP_GET, "/_readiness/", NULL, capture_on_readiness},
	{HTTP_GET, "/_liveness", NULL, capture_on_liveness},
	{HTTP_GET, "/_liveness/", NULL, capture_on_liveness},
	{0, NULL, NULL, NULL},
};
