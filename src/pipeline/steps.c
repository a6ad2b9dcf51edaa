#include "pipeline/step.h"

#include <string.h>

#include "base/clock.h"
#include "base/fault.h"
#include "stats/stats.h"

const struct pipeline_step pipeline_steps[N_STEPS] = {
	[STEP_DECODE] = {"decode", step_decode, STEP_DLQ, STEP_AHEAD,
		"pipeline-1"},
	[STEP_NORMALISE] = {"normalise", step_normalise, STEP_DLQ, STEP_AHEAD,
		"pipeline-2"},
	[STEP_PERSONS] = {"persons", step_persons, STEP_DLQ, STEP_IN_TURN,
		"pipeline-3 pipeline-4"},
	[STEP_OUTPUT] = {"output", step_output, STEP_DLQ, STEP_IN_TURN,
		"pipeline-5"},
	[STEP_COMMIT] = {"commit", step_commit, STEP_STOP, STEP_IN_TURN,
		"pipeline-6"},
};

static uint64_t
count_dead(const struct pipeline_batch *b)
{
	uint64_t n = 0;

	for (int i = 0; i < b->n_items; i++)
		n += b->items[i].fate == ITEM_DEAD;
	return n;
}

int
pipeline_run_steps(struct pipeline_batch *b, enum step_part part, struct err *e)
{
	for (int i = 0; i < N_STEPS; i++) {
		const struct pipeline_step *s = &pipeline_steps[i];
		int64_t began_ns = clock_mono_ns();
		uint64_t dead = count_dead(b);
		int r;

		if (s->part != part)
			continue;
		r = s->run(b, e);
		stats_add(STATS_INGEST_STEP_TIME, i,
			(uint64_t)(clock_mono_ns() - began_ns) / 1000);
		if (r != 0) {
			stats_add(STATS_INGEST_STEP_FAILURES, i, 1);
			b->failed_step = s->name;
			return err_prefix(e, "step %s", s->name);
		}
		stats_add(STATS_INGEST_STEP_EVENTS, i, (uint64_t)b->n_items);
		stats_add(STATS_INGEST_STEP_LETTERS, i, count_dead(b) - dead);
	}
	return 0;
}

#ifdef SLUICE_FAULT_POINTS
int
step_fault(const struct item *it, const char *step, struct err *e)
{
	const struct prop *p =
		it->is_read ? props_get_lit(&it->ev.props, "$sluice_fault")
			    : NULL;
	size_t len = strlen(step);

	if (p == NULL || p->value.len != len + 2 ||
		memcmp(p->value.p + 1, step, len) != 0 || fault_is_off("event"))
		return 0;
	return err_set(e, ERR_INVALID, "a failure was asked for");
}
#endif
