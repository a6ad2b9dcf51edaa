#ifndef SLUICE_PIPELINE_FLOW_H
#define SLUICE_PIPELINE_FLOW_H

#include <stdint.h>

#include "base/err.h"
#include "pipeline/batch.h"

/*
 * Where the second half of a batch is done (persons, output, commit) and what
 * makes it one. SQLite: a job of the state store, one transaction. Postgres:
 * transactions of two stores, held together by a protocol (pg_flow.h). The
 * steps are the same for every kind; what differs is behind this table.
 */
struct pipeline_flow {
	const char *name;
	/* Takes the batch over; pipeline_flown is called for it, once, if 0 was
	 * returned. BUSY, STOPPING. @thread pipeline */
	int (*submit)(struct pipeline_batch *b, struct err *e);
	/* Step persons: loads all that b->persons wants. */
	int (*load)(struct pipeline_batch *b, struct err *e);
	/* Step commit: saves b->persons, appends the messages, moves the
	 * position. */
	int (*commit)(struct pipeline_batch *b, struct err *e);
	/* NULL: nothing to do. Waits until the positions are those of the last
	 * batch that was flown, or stopping. @thread pipeline */
	void (*settle)(struct pipeline *p);
	/* NULL: at once. Whether records may be read. @thread pipeline */
	bool (*is_ready)(struct pipeline *p);
};
extern const struct pipeline_flow pipeline_flow_sqlite;
extern const struct pipeline_flow pipeline_flow_pg;

/* The batch is done: outcome OK, or why nothing of it happened. The batch is
 * the pipeline thread's again. @thread any but pipeline */
void pipeline_flown(struct pipeline_batch *b, const struct err *outcome);

/* Appends the batch's messages to the output partitions, by store_tx_append or
 * a function like it. Inside a job of state.db. */
typedef int pipeline_append_fn(struct store_conn *c, struct store_part *p,
	char *batches, size_t len, uint32_t n_records, int64_t max_ts_ms,
	int64_t *base_offset, struct err *e);
MUST_CHECK int pipeline_append_output(struct pipeline_batch *b,
	struct store_conn *c, pipeline_append_fn *fn, struct err *e);

/*
 * Before each try at persons and output: notes what they change in the events,
 * and takes back what a try before changed, so that a try depends on nothing
 * but the events and the store. Empties b->turn.
 */
MUST_CHECK int pipeline_turn_begin(struct pipeline_batch *b, struct err *e);

#endif
