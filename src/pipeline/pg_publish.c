#include "pipeline/pg_flow.h"

#include "audit/audit.h"
#include "base/fault.h"

/* What state.db has of a unit: prepared, then published or discarded. */

struct aside {
	struct store_job job;
	struct pg_flow *f;
	struct pg_unit *u;
	int64_t batch;
};

static int
run_prepare(struct store_job *j, struct store_conn *c, struct err *e)
{
	struct aside *x = (struct aside *)(void *)j;
	int r = pg_state_prepare(c, x->batch, x->u->in, x->u->position, e);

	return r != 0 ? r : x->u->append(x->u, c, e);
}

int
pg_prepare(struct pg_flow *f, struct pg_unit *u, struct err *e)
{
	struct aside x = {
		.job = {.run = run_prepare, .bytes = u->bytes},
		.f = f,
		.u = u,
		.batch = f->state.batch + 1,
	};
	int r = store_call(f->p->state, &x.job, e);

	/* UNSURE: the store is broken for good; the next start finds out. */
	if (r == 0)
		f->is_prepared = true;
	return r;
}

static int
run_discard(struct store_job *j, struct store_conn *c, struct err *e)
{
	struct aside *x = (struct aside *)(void *)j;
	int r = pg_state_discard(c, x->batch, e);

	for (int i = 0; r == 0 && i < N_OUTPUTS; i++)
		r = store_tx_discard(c, x->f->p->outputs[i], e);
	return r != 0 ? r : audit_discard(c, e);
}

int
pg_discard(struct pg_flow *f, struct err *e)
{
	struct aside x = {.f = f, .batch = f->state.batch + 1};
	int r;

	for (;;) {
		x.job = (struct store_job){.run = run_discard, .bytes = 4096};
		r = store_call(f->p->state, &x.job, e);
		if (r == 0)
			break;
		pipeline_set_trouble(f->p, e);
		if (err_retry_class(e->code) != ERR_RETRY_LATER ||
			pg_flow_wait(f, e) != 0)
			return -(int)e->code;
	}
	f->is_prepared = false;
	return 0;
}

static int
run_publish(struct store_job *j, struct store_conn *c, struct err *e)
{
	struct pg_publication *x = (struct pg_publication *)(void *)j;
	int r = fault_point("pipeline_publish", e);

	if (r == 0)
		r = pg_state_publish(c, x->batch, x->in != NULL, e);

	for (int i = 0; r == 0 && i < N_OUTPUTS; i++)
		r = store_tx_publish(c, x->f->p->outputs[i], e);
	return r != 0 ? r : audit_publish(c, e);
}

/* @thread store */
static void
published(struct store_job *j, const struct err *result)
{
	struct pg_publication *x = (struct pg_publication *)(void *)j;
	struct pg_flow *f = x->f;

	if (result->code == ERR_OK)
		pipeline_moved(f->p, x->in, x->position);
	lock_take(&f->lock);
	x->state = result->code == ERR_OK ? PG_NOTHING : PG_FAILED;
	x->why = *result;
	cond_broadcast(&f->wake);
	lock_release(&f->lock);
}

static void
submit(struct pg_flow *f)
{
	struct pg_publication *x = &f->publication;
	struct err e;

	x->job = (struct store_job){
		.run = run_publish,
		.done = published,
		.bytes = 4096,
	};
	lock_take(&f->lock);
	x->state = PG_UNDER_WAY;
	lock_release(&f->lock);
	if (store_submit(f->p->state, &x->job, &e) != 0)
		published(&x->job, &e);
}

void
pg_publish(struct pg_flow *f, int64_t batch, struct input *in, int64_t position)
{
	struct pg_publication *x = &f->publication;

	x->f = f;
	x->batch = batch;
	x->in = in;
	x->position = position;
	submit(f);
}

int
pg_publish_settle(struct pg_flow *f, struct err *e)
{
	struct pg_publication *x = &f->publication;

	for (;;) {
		bool has_failed;

		lock_take(&f->lock);
		while (x->state == PG_UNDER_WAY)
			cond_wait(&f->wake, &f->lock);
		has_failed = x->state == PG_FAILED;
		*e = x->why;
		lock_release(&f->lock);
		if (!has_failed)
			return 0;
		pipeline_set_trouble(f->p, e);
		if (err_retry_class(e->code) != ERR_RETRY_LATER ||
			pg_flow_wait(f, e) != 0)
			return -(int)e->code;
		submit(f);
	}
}
