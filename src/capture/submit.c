#include "capture/capture_int.h"

#include "base/log.h"
#include "base/mem.h"
#include "stats/stats.h"

/*
 * Jobs carry a request's record batches to the writer of the front log and its
 * answer back. They are pooled with their buffers.
 */
#define JOB_BUF_KEEP ((size_t)256 * 1024)
#define JOBS_MAX 512
#define BATCHES_MAX_BYTES ((size_t)1 << 30)
#define SCRATCH_KEEP ((size_t)1024 * 1024)

struct capture_job *
capture_job_get(struct capture *c)
{
	struct capture_job *j;

	lock_take(&c->lock);
	j = c->jobs;
	if (j != NULL) {
		c->jobs = j->next_free;
		c->n_jobs--;
	}
	lock_release(&c->lock);
	if (j != NULL)
		return j;
	j = mem_new(struct capture_job);
	if (j == NULL)
		return NULL;
	j->c = c;
	for (int i = 0; i < CAPTURE_OUTS; i++)
		buf_init(&j->outs[i].batches, BATCHES_MAX_BYTES);
	buf_init(&j->answer, LIMIT_CONTROL_BODY_BYTES);
	buf_init(&j->prints,
		LIMIT_REQUEST_EVENTS * sizeof(struct capture_print));
	return j;
}

static void
job_free(struct capture_job *j)
{
	for (int i = 0; i < CAPTURE_OUTS; i++)
		buf_fini(&j->outs[i].batches);
	buf_fini(&j->answer);
	buf_fini(&j->prints);
	mem_free(j);
}

static void
trim(struct buf *b, size_t keep)
{
	if (b->cap > keep)
		buf_fini(b);
	buf_reset(b);
}

void
capture_job_put(struct capture_job *j)
{
	struct capture *c = j->c;

	for (int i = 0; i < CAPTURE_OUTS; i++)
		trim(&j->outs[i].batches, JOB_BUF_KEEP);
	trim(&j->answer, JOB_BUF_KEEP);
	trim(&j->prints, JOB_BUF_KEEP);
	j->n_known = 0;
	j->n_outs = 0;
	j->r = NULL;
	if (j->share_cost > 0)
		share_give(&c->shares, j->share, j->share_cost);
	j->share_cost = 0;
	j->letters = (struct team_letters){0};
	lock_take(&c->lock);
	if (c->n_jobs < JOBS_MAX) {
		j->next_free = c->jobs;
		c->jobs = j;
		c->n_jobs++;
		j = NULL;
	}
	lock_release(&c->lock);
	if (j != NULL)
		job_free(j);
}

struct capture_scratch *
capture_scratch_get(struct capture *c)
{
	struct capture_scratch *s;

	lock_take(&c->lock);
	s = c->scratches;
	if (s != NULL)
		c->scratches = s->next;
	lock_release(&c->lock);
	if (s != NULL)
		return s;
	s = mem_new(struct capture_scratch);
	if (s == NULL)
		return NULL;
	buf_init(&s->a, BATCHES_MAX_BYTES);
	buf_init(&s->b, BATCHES_MAX_BYTES);
	buf_init(&s->events,
		LIMIT_REQUEST_EVENTS * sizeof(struct capture_event));
	return s;
}

/* As many live as threads have worked at once. */
void
capture_scratch_put(struct capture *c, struct capture_scratch *s)
{
	trim(&s->a, SCRATCH_KEEP);
	trim(&s->b, SCRATCH_KEEP);
	trim(&s->events, SCRATCH_KEEP);
	lock_take(&c->lock);
	s->next = c->scratches;
	c->scratches = s;
	lock_release(&c->lock);
}

void
capture_jobs_free(struct capture *c)
{
	while (c->jobs != NULL) {
		struct capture_job *j = c->jobs;

		c->jobs = j->next_free;
		job_free(j);
	}
	while (c->scratches != NULL) {
		struct capture_scratch *s = c->scratches;

		c->scratches = s->next;
		buf_fini(&s->a);
		buf_fini(&s->b);
		buf_fini(&s->events);
		mem_free(s);
	}
}

static enum refusal
refusal_of(const struct err *result)
{
	if (result->code == ERR_NO_SPACE)
		return REFUSAL_DISK_FULL;
	if (result->code == ERR_NO_MEMORY)
		return REFUSAL_NO_MEMORY;
	if (result->code == ERR_STOPPING)
		return REFUSAL_STOPPING;
	return result->code == ERR_BUSY ? REFUSAL_QUEUE_FULL
					: REFUSAL_LOG_FAILED;
}

/* The caller has the right to answer. */
static void
answer(struct capture_job *j, const struct err *result)
{
	struct capture_refusal no = {
		.status = 503,
		.error = CAPTURE_RETRYABLE_SINK,
		.retry_after = true,
		.retry_s =
			result->code == ERR_NO_SPACE ? CAPTURE_FULL_RETRY_S : 0,
		.text = "transient error, please retry",
	};

	if (result->code != ERR_OK) {
		stats_add(STATS_HTTP_REFUSED, (int)refusal_of(result), 1);
		if (j->answer.len > 0)
			capture_word_v1(&no, "service_unavailable",
				"transient error, please retry");
		capture_answer_refusal(j->r, &no);
		return;
	}
	if (j->answer.len > 0)
		http_answer(
			j->r, 200, "application/json", buf_slice(&j->answer));
	else
		capture_answer_ok(j->r, j->beacon);
}

static void
count_heavy(struct capture *c, size_t n, bool add)
{
	if (n == 0)
		return;
	lock_take(&c->lock);
	c->heavy_bytes += add ? n : -n;
	cond_broadcast(&c->heavy_written);
	lock_release(&c->lock);
}

/* capture-8: before anybody is told. */
static void
end_letters(struct capture_job *j, const struct err *result)
{
	struct store_part_state st;

	if (j->letters.n == 0)
		return;
	store_part_state(j->c->letters, &st);
	team_waiting_end(j->c->teams, &j->letters,
		result->code == ERR_OK ? st.high_watermark - 1 : -1);
}

/* capture-1: success is answered here and only after the commit. */
static void
finish(struct capture_job *j, const struct err *result)
{
	struct http_request *r = j->r;
	struct capture *c = j->c;
	size_t heavy_bytes = j->heavy_bytes;

	enum { CAUSE_DUPLICATE = 3 };

	end_letters(j, result);
	if (result->code == ERR_OK) {
		stats_add(STATS_CAPTURE_INGESTED, 0, j->n_events - j->n_known);
		stats_add(STATS_CAPTURE_DROPPED, CAUSE_DUPLICATE, j->n_known);
	}
	/* Copies count for the quota unless there is nothing else. */
	if (result->code == ERR_OK && j->quota_team != 0 &&
		j->n_known < j->n_events)
		quotas_add(c->quotas, j->quota_team, j->used, clock_now_us());
	if (http_resume_begin(r)) {
		answer(j, result);
		http_resume_finish(r);
	}
	capture_job_put(j);
	http_unref(r);
	/* Last, so that the heavy thread finds their memory free. */
	count_heavy(c, heavy_bytes, false);
}

/* @thread store */
static void
append_done(struct store_job *sj, const struct err *result)
{
	finish((struct capture_job *)(void *)sj, result);
}

static void
multi_done(struct store_job *sj, const struct err *result)
{
	finish((struct capture_job *)(void *)((char *)sj -
					      offsetof(struct capture_job,
						      multi)),
		result);
}

/* Whole batches from p on, at most CAPTURE_PIECE_BYTES unless one has more. */
static int
next_piece(struct slice rest, size_t *len, uint32_t *n_records, struct err *e)
{
	struct batch_info b;

	*len = 0;
	*n_records = 0;
	while (*len < rest.len) {
		int err = batch_peek(
			slice_of(rest.p + *len, rest.len - *len), &b, e);

		if (err != 0)
			return err;
		if (*len > 0 && *len + b.bytes > CAPTURE_PIECE_BYTES)
			break;
		*len += b.bytes;
		*n_records += b.n_records;
	}
	return 0;
}

/* The tally goes with the first piece of what is counted; the others bring
 * nothing more. */
static int
append_out(struct store_conn *conn, struct capture_out *o,
	const struct audit_tally **tally, struct err *e)
{
	static const struct audit_tally nothing;

	for (size_t at = 0; at < o->batches.len;) {
		struct slice rest =
			slice_of(o->batches.p + at, o->batches.len - at);
		uint32_t n_records;
		int64_t base;
		size_t len;
		int err = next_piece(rest, &len, &n_records, e);

		if (err == 0)
			err = store_tx_append_noted(conn, o->part,
				o->batches.p + at, len, n_records, *tally,
				&base, e);
		if (err != 0)
			return err;
		*tally = &nothing;
		at += len;
	}
	return 0;
}

/* Only what the app server reads is counted, and takes the tally. */
static bool
is_counted(const struct capture *c, const struct store_part *p)
{
	return p == c->main || p == c->historical || p == c->overflow;
}

/* capture-2: the whole request in one transaction. @thread store */
static int
multi_run(struct store_job *sj, struct store_conn *conn, struct err *e)
{
	struct capture_job *j =
		(struct capture_job *)(void *)((char *)sj -
					       offsetof(struct capture_job,
						       multi));
	static const struct audit_tally nothing;
	const struct audit_tally *tally = &j->tally, *none = &nothing;
	int err = capture_drop_known(j, conn, e);

	for (int i = 0; i < j->n_outs && err == 0; i++)
		err = append_out(conn, &j->outs[i],
			is_counted(j->c, j->outs[i].part) ? &tally : &none, e);
	return err;
}

/* @thread store */
static int
filter_append(struct store_append *a, struct store_conn *conn, struct err *e)
{
	struct capture_job *j = (struct capture_job *)(void *)a;
	int err = capture_drop_known(j, conn, e);

	a->batches = j->outs[0].batches.p;
	a->len = j->outs[0].batches.len;
	a->n_records = j->outs[0].n;
	return err;
}

static int
hand_over(struct capture_job *j, struct err *e)
{
	struct capture_out *o = &j->outs[0];

	if (j->n_outs == 1 && o->batches.len <= CAPTURE_PIECE_BYTES) {
		j->append = (struct store_append){
			.job = {.bytes = o->batches.len,
				.share = j->share,
				.is_counted = true,
				.done = append_done},
			.part = o->part,
			.batches = o->batches.p,
			.len = o->batches.len,
			.n_records = o->n,
			.max_ts_ms = o->max_ts_ms,
			.note = &j->tally,
			.filter = j->prints.len > 0 ? filter_append : NULL,
		};
		return store_submit_append(j->c->spool, &j->append, e);
	}
	j->multi = (struct store_job){
		.share = j->share,
		.is_counted = true,
		.run = multi_run,
		.done = multi_done,
	};
	for (int i = 0; i < j->n_outs; i++)
		j->multi.bytes += j->outs[i].batches.len;
	return store_submit(j->c->spool, &j->multi, e);
}

void
capture_submit(struct capture_ctx *x, bool is_suspended)
{
	struct capture_job *j = x->job;
	struct err e;
	int err;

	j->r = x->r;
	j->beacon = x->q.beacon;
	x->job = NULL;
	j->heavy_bytes = 0;
	for (int i = 0; i < j->n_outs && x->on_heavy; i++)
		j->heavy_bytes += j->outs[i].batches.len;
	count_heavy(x->c, j->heavy_bytes, true);
	/* The request is suspended before the writer may see the job. */
	if (is_suspended) {
		http_suspend_again(x->r, CAPTURE_COMMIT_TIMEOUT_MS);
	} else {
		http_ref(x->r);
		http_suspend(x->r, CAPTURE_COMMIT_TIMEOUT_MS);
	}
	err = j->letters.n == 0 ? 0
				: team_waiting_begin(j->c->teams, x->token,
					  &j->letters, &e);
	if (err == 0)
		err = hand_over(j, &e);
	if (err != 0)
		finish(j, &e);
}
