#ifndef SLUICE_PIPELINE_PG_FLOW_H
#define SLUICE_PIPELINE_PG_FLOW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/thread.h"
#include "pg/pg.h"
#include "pipeline/pg_state.h"
#include "pipeline/pg_unit.h"
#include "pipeline/pipeline_int.h"

/*
 * Persons in Postgres: the inside of the flow. One thread, `persons`, does the
 * second half of batches and deletions one after the other, each as a unit:
 *
 *   1 Postgres: BEGIN, load, apply, save, the marker; not committed
 *   2 state.db: messages, counters and the position put aside (prepared)
 *   3 Postgres: COMMIT
 *   4 state.db: all that is shown (published), which the next unit's 1 does not
 *     wait for
 *
 * What goes wrong before 3 is rolled back and discarded, and done again.
 */
struct persondb_pg;

/* The publication under way; memory of the flow, because the unit is gone. */
struct pg_publication {
	struct store_job job;
	struct pg_flow *f;
	int64_t batch;
	struct input *in;
	int64_t position;
	/* guarded by the flow's lock */
	enum { PG_NOTHING, PG_UNDER_WAY, PG_FAILED } state;
	struct err why; /* of FAILED */
};

struct pg_flow {
	struct pipeline *p;
	struct pg_conn *conn;
	struct persondb_pg *db;
	struct thread thread;
	/* Persons thread only. */
	struct pg_state state; /* batch: committed last, published or soon */
	bool is_resolved; /* the marker and state.db agree */
	/* state.batch + 1 stands prepared in state.db and was not committed: to
	 * be discarded. Never what was found at the start (state.prepared). */
	bool is_prepared;
	bool was_server; /* the last error came from the server */
	bool was_size; /* … which does not take a person's properties */
	bool has_said_refusal;
	unsigned n_waits; /* in a row */
	struct pg_publication publication;

	struct lock lock;
	struct cond wake;
	/* guarded by lock */
	struct pg_unit *first, **last; /* waiting */
	bool is_busy; /* with a unit */
	bool is_ready; /* resolved for the first time: reading may begin */
	bool is_stopping; /* give up what cannot be done now */
	bool is_ending; /* no unit comes any more */
};

/* pg_flow.c @thread persons, but push and take_back: any */
void pg_flow_push(struct pg_flow *f, struct pg_unit *u);
/* Takes u back if it has not begun; false: it has. */
bool pg_flow_take_back(struct pg_flow *f, struct pg_unit *u);
/* Sleeps, growing with calls in a row (f->n_waits); STOPPING. */
MUST_CHECK int pg_flow_wait(struct pg_flow *f, struct err *e);
/* Sleeps after the n-th conflict. STOPPING. */
MUST_CHECK int pg_flow_yield(struct pg_flow *f, unsigned n, struct err *e);
/* For the operator: "postgres: ..."; logged the first time. */
void pg_flow_say(struct pg_flow *f, const struct err *why);
/* Notes that a failure came from the server; returns r. */
int pg_flow_server(struct pg_flow *f, int r, struct err *e);

/* pg_flow.c @thread main */
MUST_CHECK int pg_flow_new(struct pipeline *p, struct pg *pg,
	const struct pg_state *state, struct pg_flow **out, struct err *e);
MUST_CHECK int pg_flow_start(struct pg_flow *f, struct err *e);
/* Nothing waits any longer; what is under way has two more seconds. */
void pg_flow_quiesce(struct pg_flow *f);
/* After the last push. */
void pg_flow_stop(struct pg_flow *f);
void pg_flow_free(struct pg_flow *f); /* NULL allowed */
/* @thread any */
bool pg_flow_is_ready(struct pg_flow *f);
/* Until nothing is being published, or stopping. */
void pg_flow_settle(struct pg_flow *f);

/* pg_unit.c: all of a unit, with as many tries as it takes. */
MUST_CHECK int pg_unit_run(struct pg_flow *f, struct pg_unit *u, struct err *e);

/* pg_marker.c */
/* Connects, prepares the schema, and brings marker and state.db together. */
MUST_CHECK int pg_marker_ready(struct pg_flow *f, struct err *e);
/* In the transaction. UNSUPPORTED: the marker is not the one before. */
MUST_CHECK int pg_marker_put(struct pg_flow *f, int64_t batch, struct err *e);
/* After a COMMIT without answer: 0: it happened; BUSY: it did not; or
 * STOPPING, and the next start asks. */
MUST_CHECK int pg_marker_ask(struct pg_flow *f, int64_t batch, struct err *e);

/* pg_publish.c */
MUST_CHECK int pg_prepare(struct pg_flow *f, struct pg_unit *u, struct err *e);
/* Until it is done, or STOPPING. */
MUST_CHECK int pg_discard(struct pg_flow *f, struct err *e);
/* Submits, does not wait. */
void pg_publish(
	struct pg_flow *f, int64_t batch, struct input *in, int64_t position);
/* Until what was submitted is published, or STOPPING. */
MUST_CHECK int pg_publish_settle(struct pg_flow *f, struct err *e);

#endif
