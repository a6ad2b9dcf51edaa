#include "pipeline/step.h"

#include "persondb/persondb.h"
#include "pipeline/pipeline_int.h"

/*
 * Saves the changes of persons and groups, appends the messages and moves the
 * position, all in the job's transaction (pipeline-6).
 */
static int
append(struct pipeline_batch *b, enum output_id to, struct out *o,
	struct err *e)
{
	int64_t base;

	if (o->n_records == 0)
		return 0;
	return store_tx_append(b->c, b->p->outputs[to], o->b.p, o->b.len,
		o->n_records, o->ts_ms, &base, e);
}

static int
append_all(struct pipeline_batch *b, struct err *e)
{
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
		r = append(b, OUTPUT_EVENTS, &b->ranges[i].events, e);
		if (r == 0)
			r = append(
				b, OUTPUT_HEATMAPS, &b->ranges[i].heatmaps, e);
	}
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(rest); i++)
		r = append(b, rest[i].to, rest[i].o, e);
	return r;
}

int
step_commit(struct pipeline_batch *b, struct err *e)
{
	int r = persondb_save(b->c, &b->persons, e);

	if (r == 0)
		r = append_all(b, e);
	if (r == 0)
		r = pipeline_input_move(b->c, b->in, b->next, e);
	return r;
}
