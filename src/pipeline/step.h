#ifndef SLUICE_PIPELINE_STEP_H
#define SLUICE_PIPELINE_STEP_H

#include "base/err.h"
#include "pipeline/batch.h"

/*
 * The steps of a batch; their order is the table pipeline_steps and nowhere
 * else. A step works on the whole batch and keeps nothing between batches. An
 * event that cannot be worked on is marked (pipeline_item_kill) and passed over
 * by the steps after; a step's own failure ends the batch, and nothing of it
 * happened.
 *
 * To add one: 1 write step_<name>.c with its function, 2 declare it here, 3 add
 * a row, 4 add its label to STEP in stats/labels.def, 5 name the invariants.
 */
enum step_final {
	STEP_DLQ, /* a final error of an event makes a letter */
	STEP_STOP, /* any error stops the batch */
};

/* The first half of a batch needs nothing but its records; the second is done
 * where the flow has it done (flow.h), and perhaps more than once. */
enum step_part { STEP_AHEAD, STEP_IN_TURN };

struct pipeline_step {
	const char *name;
	int (*run)(struct pipeline_batch *b, struct err *e);
	enum step_final on_final;
	enum step_part part;
	const char *keeps; /* invariants, README.md */
};
enum {
	STEP_DECODE,
	STEP_NORMALISE,
	STEP_PERSONS,
	STEP_OUTPUT,
	STEP_COMMIT,
	N_STEPS
};
extern const struct pipeline_step pipeline_steps[N_STEPS];

/* Runs the steps of one half, and counts. */
MUST_CHECK int pipeline_run_steps(
	struct pipeline_batch *b, enum step_part part, struct err *e);

/* One event alone, through decode; the item was only laid out. Also used when a
 * later step wants the event anew. */
MUST_CHECK int pipeline_decode_item(
	struct range *r, struct item *it, struct err *e);

/* Fault builds: fails if the event's property $sluice_fault names the step (and
 * the fault point `event` is not off). */
#ifdef SLUICE_FAULT_POINTS
MUST_CHECK int step_fault(
	const struct item *it, const char *step, struct err *e);
#else
MUST_CHECK static inline int
step_fault(const struct item *it, const char *step, struct err *e)
{
	(void)it;
	(void)step;
	(void)e;
	return 0;
}
#endif

MUST_CHECK int step_decode(struct pipeline_batch *b, struct err *e);
MUST_CHECK int step_normalise(struct pipeline_batch *b, struct err *e);
MUST_CHECK int step_persons(struct pipeline_batch *b, struct err *e);
MUST_CHECK int step_output(struct pipeline_batch *b, struct err *e);
/* Part of step output: what of the batch's events is not defined yet. */
void pipeline_note_definitions(struct pipeline_batch *b);

MUST_CHECK int step_commit(struct pipeline_batch *b, struct err *e);

#endif
