#include "base/clock.h"
#include "persondb/pg.h"
#include "pipeline/delete.h"
#include "pipeline/pg_flow.h"
#include "pipeline/sql.h"

/* Deletion of a person by hand in Postgres: a unit like a batch, so that its
 * messages and its rows come together (pg_flow.h). */

/* So long a deletion waits for its turn. */
#define TURN_NS INT64_C(30000000000)

struct pg_deletion {
	struct pg_unit unit;
	struct deletion *x;
	struct lock lock;
	struct cond wake;
	/* guarded by lock */
	bool is_done;
	struct err outcome;
};

static int
work(struct pg_flow *f, struct pg_unit *u, struct err *e)
{
	struct deletion *x = ((struct pg_deletion *)(void *)u)->x;
	const struct pipeline_erasure *a = x->asked;
	int r;

	arena_reset(&x->arena);
	r = person_set_init(&x->set, &x->arena, &x->scratch, e);
	if (r == 0)
		r = persondb_pg_delete(
			f->db, &x->set, a->team_id, a->distinct_id, a->uuid, e);
	if (r == -ERR_NOT_FOUND)
		return r;
	if (r == 0 && (r = deletion_build(x, e)) != 0)
		return r;
	if (r == 0)
		r = persondb_pg_save(f->db, &x->set, e);
	return pg_flow_server(f, r, e);
}

/* What was recorded waits as the messages do (pg_unit.h). */
static int
append(struct pg_unit *u, struct store_conn *c, struct err *e)
{
	struct deletion *x = ((struct pg_deletion *)(void *)u)->x;
	struct store_stmt *st;
	int r = deletion_append(x, c, store_tx_append_prepared, e);

	if (r == 0 && x->asked->record != NULL)
		r = sql_get(
			c, &pipeline_sql, PIPELINE_SQL_ERASURE_HIDE, &st, e);
	if (r != 0 || x->asked->record == NULL)
		return r;
	return sql_run(st, e);
}

static void
done(struct pg_unit *u, const struct err *outcome)
{
	struct pg_deletion *d = (struct pg_deletion *)(void *)u;

	lock_take(&d->lock);
	d->is_done = true;
	d->outcome = *outcome;
	cond_signal(&d->wake);
	lock_release(&d->lock);
}

/* True: it is done; false: it did not begin in time, and will not. */
static bool
wait(struct pg_flow *f, struct pg_deletion *d)
{
	int64_t deadline_ns = clock_mono_ns() + TURN_NS;
	bool is_done;

	lock_take(&d->lock);
	while (!d->is_done && cond_wait_until(&d->wake, &d->lock, deadline_ns))
		;
	is_done = d->is_done;
	lock_release(&d->lock);
	if (is_done || pg_flow_take_back(f, &d->unit))
		return is_done;
	lock_take(&d->lock);
	while (!d->is_done)
		cond_wait(&d->wake, &d->lock);
	lock_release(&d->lock);
	return true;
}

int
deletion_run_pg(struct deletion *x, struct err *e)
{
	struct pg_flow *f = x->p->pg;
	struct pg_deletion d = {
		.unit =
			{
				.work = work,
				.append = append,
				.done = done,
				.bytes = 4096,
			},
		.x = x,
	};
	bool is_done;

	lock_init(&d.lock);
	cond_init(&d.wake);
	pg_flow_push(f, &d.unit);
	is_done = wait(f, &d);
	cond_fini(&d.wake);
	lock_fini(&d.lock);
	if (!is_done)
		return err_set(e, ERR_UNAVAILABLE,
			"the app server waits for Postgres");
	*e = d.outcome;
	if (e->code == ERR_OK)
		pg_flow_settle(f);
	return -(int)e->code;
}
