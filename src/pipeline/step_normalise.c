#include "pipeline/step.h"

#include "definition/definition.h"
#include "pipeline/count.h"

/*
 * Checks and normal form of each event (ingestion spec 1.1 steps 7 to 25 but
 * for persons and groups); the rules are those of event/.
 */
static int
normalise(struct range *r, struct item *it, struct err *e)
{
	enum event_next next = event_check(&it->ev, &r->work);

	if (next == EVENT_GO)
		next = event_normalise(&it->ev, &r->work);
	if (step_fault(it, "normalise", e) != 0)
		return -(int)e->code;
	if (it->ev.props.failed || it->ev.set.failed || it->ev.set_once.failed)
		return err_set(e, ERR_NO_MEMORY, "no memory for an event");
	it->ev.shape = definition_shape(&it->ev);
	if (next == EVENT_DROP)
		it->fate = ITEM_DROPPED;
	else if (it->ev.kind == EVENT_HEATMAP)
		it->fate = ITEM_ROWS_ONLY;
	return 0;
}

static void
normalise_range(struct range *r)
{
	for (int i = r->from; i < r->to; i++) {
		struct item *it = &r->b->items[i];
		struct err e;

		pipeline_identify(r, it);
		if (it->fate != ITEM_GO)
			continue;
		if (normalise(r, it, &e) == 0)
			continue;
		/* Once more from the record: it was changed in place. */
		if (pipeline_decode_item(r, it, &e) == 0 &&
			(it->fate != ITEM_GO || normalise(r, it, &e) == 0))
			continue;
		if (!pipeline_err_is_final(r->b, &e)) {
			r->failed = e;
			return;
		}
		pipeline_item_kill(
			it, &r->arena, LETTER_STEP_FAILED, "normalise", &e);
	}
}

int
step_normalise(struct pipeline_batch *b, struct err *e)
{
	return pipeline_batch_each_range(b, normalise_range, e);
}
