#include "capture/capture_int.h"

#include "base/log.h"
#include "stats/stats.h"

/*
 * Jobs carry a request's record batches to the writer of the front log and its
 * answer back.
 */
static enum refusal
refusal_of(enum err_code code)
{
	if (code == ERR_NO_SPACE)
		return REFUSAL_DISK_FULL;
	if (code == ERR_NO_MEMORY)
		return REFUSAL_NO_MEMORY;
	if (code == ERR_STOPPING)
		return REFUSAL_STOPPING;
	return code == ERR_BUSY ? REFUSAL_QUEUE_FULL : REFUSAL_LOG_FAILED;
}

/* The caller has the right to answer. */
static void
answer(struct capture_job *j, enum err_code code)
{
	struct capture_refusal no = {
		.status = 503,
		.error = CAPTURE_RETRYABLE_SINK,
		.retry_after = true,
		.retry_s = code == ERR_NO_SPACE ? CAPTURE_FULL_RETRY_S : 0,
		.text = "transient error, please retry",
	};

	if (code != ERR_OK) {
		stats_add(STATS_HTTP_REFUSED, (int)refusal_of(code), 1);
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

/* capture-9: before anybody is told. */
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

/* capture-1: success is answered here and only after the last commit. */
static void
finish_request(struct capture_job *head)
{
	struct http_request *r = head->r;
	enum err_code code = (enum err_code)atomic_load(&head->failed);

	enum { CAUSE_DUPLICATE = 3 };

	if (code == ERR_OK) {
		stats_add(STATS_CAPTURE_INGESTED, 0,
			head->n_events - head->n_known);
		stats_add(
			STATS_CAPTURE_DROPPED, CAUSE_DUPLICATE, head->n_known);
	}
	/* Copies count for the quota unless there is nothing else. */
	if (code == ERR_OK && head->quota_team != 0 &&
		head->n_known < head->n_events)
		quotas_add(head->c->quotas, head->quota_team, head->used,
			clock_now_us());
	if (http_resume_begin(r)) {
		answer(head, code);
		http_resume_finish(r);
	}
	capture_job_put_one(head);
	http_unref(r);
}

/* Of one portion; the last to end finishes the request. */
static void
finish(struct capture_job *j, const struct err *result)
{
	struct capture_job *head = j->head;
	struct capture *c = j->c;
	size_t heavy_bytes = j->heavy_bytes;
	int none = ERR_OK;

	end_letters(j, result);
	if (result->code != ERR_OK)
		atomic_compare_exchange_strong(
			&head->failed, &none, (int)result->code);
	else if (j != head)
		head->n_known += j->n_known;
	if (j != head)
		capture_job_put_one(j);
	if (atomic_fetch_sub(&head->n_unfinished, 1) == 1)
		finish_request(head);
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

/* capture-2: all of a portion in one transaction, none behind one that failed.
 * @thread store */
static int
multi_run(struct store_job *sj, struct store_conn *conn, struct err *e)
{
	struct capture_job *j =
		(struct capture_job *)(void *)((char *)sj -
					       offsetof(struct capture_job,
						       multi));
	static const struct audit_tally nothing;
	const struct audit_tally *tally = &j->tally, *no_tally = &nothing;
	int err = atomic_load(&j->head->failed), none = ERR_OK;

	if (err != 0)
		return err_set(e, (enum err_code)err,
			"an earlier portion of the request failed");
	err = capture_drop_known(j, conn, e);
	for (int i = 0; i < j->n_outs && err == 0; i++)
		err = append_out(conn, &j->outs[i],
			is_counted(j->c, j->outs[i].part) ? &tally : &no_tally,
			e);
	if (err != 0)
		atomic_compare_exchange_strong(
			&j->head->failed, &none, (int)e->code);
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

	if (j->head->n_portions == 1 && j->n_outs == 1 &&
		o->batches.len <= CAPTURE_PIECE_BYTES) {
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

/* The other portions follow the one that failed, and are not written. */
static void
hand_over_all(struct capture_job *head, int err, struct err *e)
{
	struct capture_job *j = head;

	while (j != NULL) {
		struct capture_job *next = j->next_portion;

		j->next_portion = NULL;
		if (err == 0)
			err = hand_over(j, e);
		if (err != 0)
			finish(j, e); /* the head may be gone after the last */
		j = next;
	}
}

void
capture_submit(struct capture_ctx *x, bool is_suspended)
{
	struct capture_job *head = x->job;
	struct err e;
	int err;

	head->r = x->r;
	head->beacon = x->q.beacon;
	x->job = NULL;
	atomic_store(&head->failed, ERR_OK);
	atomic_store(&head->n_unfinished, head->n_portions);
	for (struct capture_job *j = head; j != NULL; j = j->next_portion) {
		j->heavy_bytes = 0;
		for (int i = 0; i < j->n_outs && x->on_heavy; i++)
			j->heavy_bytes += j->outs[i].batches.len;
		count_heavy(x->c, j->heavy_bytes, true);
	}
	/* The request is suspended before the writer may see the job. */
	if (is_suspended) {
		http_suspend_again(x->r, CAPTURE_COMMIT_TIMEOUT_MS);
	} else {
		http_ref(x->r);
		http_suspend(x->r, CAPTURE_COMMIT_TIMEOUT_MS);
	}
	err = head->letters.n == 0 ? 0
				   : team_waiting_begin(head->c->teams,
					     x->token, &head->letters, &e);
	hand_over_all(head, err, &e);
}
