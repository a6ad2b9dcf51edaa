#include "base/clock.h"
#include "persondb/pg.h"
#include "pipeline/count.h"
#include "pipeline/pg_flow.h"
#include "pipeline/step.h"
#include "stats/stats.h"

/*
 * Persons in Postgres: the second half of a batch is a unit of the persons
 * thread (pg_flow.h).
 */
static struct pipeline_batch *
batch_of(struct pg_unit *u)
{
	return (struct pipeline_batch *)(void *)((char *)u -
						 offsetof(struct pipeline_batch,
							 unit));
}

static void
count_time(int label, int64_t began_ns)
{
	stats_add(STATS_POSTGRES_TIME, label,
		(uint64_t)(clock_mono_ns() - began_ns) / 1000);
}

static int
work(struct pg_flow *f, struct pg_unit *u, struct err *e)
{
	(void)f;
	return pipeline_run_steps(batch_of(u), STEP_IN_TURN, e);
}

static int
append(struct pg_unit *u, struct store_conn *c, struct err *e)
{
	struct pipeline_batch *b = batch_of(u);
	int r = pipeline_append_output(b, c, store_tx_append_prepared, e);

	return r != 0 ? r : pipeline_count(b, c, audit_save_prepared, e);
}

/* After the commit, in a transaction of their own: many nodes find the same
 * ones, and no batch is to be done again for it. What cannot be saved is found
 * again. */
static void
save_definitions(struct pipeline_batch *b)
{
	struct err e;

	if (b->definitions.failed || persondb_pg_save_definitions(b->p->pg->db,
					     &b->definitions, &e) == 0)
		return;
	b->definitions.failed = true;
	stats_add(STATS_DEFINITION_FAILURES, 0, 1);
}

static void
done(struct pg_unit *u, const struct err *outcome)
{
	struct pipeline_batch *b = batch_of(u);

	if (outcome->code == ERR_OK)
		save_definitions(b);
	pipeline_flown(b, outcome);
}

static int
submit(struct pipeline_batch *b, struct err *e)
{
	(void)e;
	b->unit = (struct pg_unit){
		.work = work,
		.append = append,
		.done = done,
		.in = b->in,
		.position = b->next,
		.bytes = b->bytes.len,
		.waits = true,
	};
	pg_flow_push(b->p->pg, &b->unit);
	return 0;
}

static int
load(struct pipeline_batch *b, struct err *e)
{
	struct pg_flow *f = b->p->pg;
	int64_t began_ns = clock_mono_ns();
	int r = persondb_pg_load(f->db, &b->persons, e);

	count_time(0, began_ns);
	return pg_flow_server(f, r, e);
}

/* The persons that the database refused, kept for the next try: the set's
 * memory ends with this one. */
static int
keep_refused(struct pipeline_batch *b, struct err *e)
{
	struct person_refused **at = &b->refused;

	for (const struct person_refused *p = b->persons.refused; p != NULL;
		p = p->next) {
		struct person_refused *copy =
			arena_new(&b->arena, struct person_refused);

		if (copy == NULL)
			return err_set(
				e, ERR_NO_MEMORY, "no memory for a batch");
		copy->team_id = p->team_id;
		copy->uuid = p->uuid;
		*at = copy;
		at = &copy->next;
	}
	return -(int)e->code;
}

static int
commit(struct pipeline_batch *b, struct err *e)
{
	struct pg_flow *f = b->p->pg;
	int64_t began_ns = clock_mono_ns();
	int r = persondb_pg_save(f->db, &b->persons, e);

	count_time(1, began_ns);
	if (r == -ERR_BUSY && b->persons.refused != b->refused) {
		f->was_size = true;
		r = keep_refused(b, e);
	}
	return pg_flow_server(f, r, e);
}

static void
settle(struct pipeline *p)
{
	pg_flow_settle(p->pg);
}

static bool
is_ready(struct pipeline *p)
{
	return pg_flow_is_ready(p->pg);
}

const struct pipeline_flow pipeline_flow_pg = {
	.name = "postgres",
	.submit = submit,
	.load = load,
	.commit = commit,
	.settle = settle,
	.is_ready = is_ready,
};
