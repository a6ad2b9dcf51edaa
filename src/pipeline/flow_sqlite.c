#include "pipeline/flow.h"

#include "persondb/cache.h"
#include "persondb/definitions.h"
#include "persondb/persondb.h"
#include "pipeline/count.h"
#include "pipeline/pipeline_int.h"
#include "pipeline/step.h"
#include "stats/stats.h"

/*
 * Persons in state.db: the second half of a batch is one job of its writer, and
 * the changes, the messages and the position are one transaction (pipeline-6).
 */
static int
run_job(struct store_job *j, struct store_conn *c, struct err *e)
{
	struct pipeline_batch *b = (struct pipeline_batch *)(void *)j;
	int r;

	b->c = c;
	r = pipeline_run_steps(b, STEP_IN_TURN, e);
	b->c = NULL;
	return r;
}

static void
job_done(struct store_job *j, const struct err *result)
{
	struct pipeline_batch *b = (struct pipeline_batch *)(void *)j;

	if (result->code == ERR_OK) {
		persondb_cache_committed(b->p->state, &b->persons);
		pipeline_moved(b->p, b->in, b->next);
	}
	pipeline_flown(b, result);
}

static int
submit(struct pipeline_batch *b, struct err *e)
{
	b->job = (struct store_job){
		.bytes = b->bytes.len,
		.run = run_job,
		.done = job_done,
	};
	return store_submit(b->p->state, &b->job, e);
}

static int
load(struct pipeline_batch *b, struct err *e)
{
	return persondb_load(b->c, &b->persons, e);
}

/* What cannot be saved is found again, and the batch goes on without; but a
 * failure of the machine may have ended the transaction. */
static int
save_definitions(struct pipeline_batch *b, struct err *e)
{
	if (b->definitions.failed ||
		persondb_save_definitions(b->c, &b->definitions, e) == 0)
		return 0;
	b->definitions.failed = true;
	stats_add(STATS_DEFINITION_FAILURES, 0, 1);
	return e->code == ERR_EXISTS || e->code == ERR_INVALID ||
			       e->code == ERR_TOO_BIG
		       ? 0
		       : -(int)e->code;
}

static int
commit(struct pipeline_batch *b, struct err *e)
{
	int r = persondb_save(b->c, &b->persons, e);

	if (r == 0)
		r = save_definitions(b, e);
	if (r == 0)
		r = pipeline_append_output(b, b->c, store_tx_append, e);
	if (r == 0)
		r = pipeline_input_move(b->c, b->in, b->next, e);
	if (r == 0)
		r = pipeline_count(b, b->c, audit_save, e);
	return r;
}

const struct pipeline_flow pipeline_flow_sqlite = {
	.name = "sqlite",
	.submit = submit,
	.load = load,
	.commit = commit,
};
