#include "broker/handle.h"

#include "broker/db.h"

/* InitProducerId: ids are taken from blocks that were reserved durably, so
 * none is given twice, whatever happens (broker-3). */

#define BLOCK 1000

struct pid_work {
	struct broker_job job; /* first */
	struct request *r;
	int64_t next;
};

static int
run_reserve(struct store_job *j, struct store_conn *c, struct err *e)
{
	struct pid_work *w = (struct pid_work *)(void *)j;
	struct store_stmt *st;
	int r = sql_get(c, &broker_sql, BROKER_SQL_PID_GET, &st, e);

	if (r != 0)
		return r;
	r = sql_step(st, e);
	if (r < 0)
		return r;
	if (r == 0)
		return err_set(e, ERR_CORRUPT, "broker.db: pid_block is empty");
	w->next = sql_col_i64(st, 0);
	sql_reset(st);
	r = sql_get(c, &broker_sql, BROKER_SQL_PID_SET, &st, e);
	if (r != 0)
		return r;
	sql_bind_i64(st, 1, w->next + BLOCK);
	return sql_run(st, e);
}

static void
answer(struct broker *b, struct request *r, enum kerr k)
{
	struct producer_id_resp resp = {
		.error = (int16_t)k, .producer_id = -1, .epoch = -1};

	if (k == KERR_NONE) {
		resp.producer_id = b->pid_next++;
		resp.epoch = 0;
	}
	broker_request_answer(b, r, &resp);
}

static void
on_reserved(struct broker *b, struct broker_job *j)
{
	struct pid_work *w = (struct pid_work *)(void *)j;
	struct request *r = w->r;

	if (j->result.code == ERR_OK && b->pid_next == b->pid_end) {
		b->pid_next = w->next;
		b->pid_end = w->next + BLOCK;
	}
	answer(b, r,
		b->pid_next < b->pid_end ? KERR_NONE : KERR_NOT_COORDINATOR);
	broker_request_unref(b, r);
}

void
broker_handle_producer_id(struct broker *b, struct request *r)
{
	const struct producer_id_req *req = r->body;
	struct pid_work *w;
	struct err e;

	if (req->transactional_id.p != NULL) {
		answer(b, r, KERR_TXN_DENIED);
		return;
	}
	if (b->pid_next < b->pid_end) {
		answer(b, r, KERR_NONE);
		return;
	}
	w = broker_request_alloc(b, r, 1, sizeof(*w));
	if (w == NULL)
		return;
	w->r = r;
	w->job.job.run = run_reserve;
	w->job.job.bytes = 64;
	w->job.finish = on_reserved;
	if (broker_job_submit(b, b->files[TOPIC_BROKER], &w->job, &e) != 0)
		answer(b, r, KERR_NOT_COORDINATOR);
	else
		broker_request_ref(r);
}
