#include "pipeline/step.h"

#include "base/fault.h"
#include "pipeline/flow.h"
#include "pipeline/pipeline_int.h"

/*
 * Saves the changes of persons and groups, appends the messages and moves the
 * position: all of it or nothing (pipeline-6). How is the flow's matter.
 */
struct to {
	struct store_conn *c;
	pipeline_append_fn *fn;
	struct pipeline *p;
};

static int
append(const struct to *t, enum output_id to, struct out *o, struct err *e)
{
	int64_t base;

	if (o->n_records == 0)
		return 0;
	return t->fn(t->c, t->p->outputs[to], o->b.p, o->b.len, o->n_records,
		o->ts_ms, &base, e);
}

int
pipeline_append_output(struct pipeline_batch *b, struct store_conn *c,
	pipeline_append_fn *fn, struct err *e)
{
	const struct to t = {c, fn, b->p};
	const struct {
		enum output_id to;
		struct out *o;
	} rest[] = {
		{OUTPUT_PERSON, &b->person_out},
		{OUTPUT_DISTINCT_ID, &b->id_out},
		{OUTPUT_GROUPS, &b->group_out},
		{OUTPUT_WARNINGS, &b->warning_out},
		{OUTPUT_LETTERS, &b->letter_out},
	};
	int r = 0;

	for (int i = 0; r == 0 && i < b->n_ranges; i++) {
		r = append(&t, OUTPUT_EVENTS, &b->ranges[i].events, e);
		if (r == 0)
			r = append(
				&t, OUTPUT_HEATMAPS, &b->ranges[i].heatmaps, e);
	}
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(rest); i++)
		r = append(&t, rest[i].to, rest[i].o, e);
	return r;
}

int
step_commit(struct pipeline_batch *b, struct err *e)
{
	if (fault_point("pipeline_commit", e) != 0)
		return -(int)e->code;
	for (int i = 0; i < b->n_items; i++)
		if (b->items[i].fate != ITEM_DEAD &&
			step_fault(&b->items[i], "commit", e) != 0)
			return -(int)e->code;
	return b->p->flow->commit(b, e);
}
