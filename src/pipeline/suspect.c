#include "pipeline/pipeline_int.h"

/*
 * An event that makes its batch fail as a whole, in the output or the commit,
 * is not named by the failure. It is looked for in smaller batches; alone, and
 * failing twice, it is condemned: with the next try it is a letter before the
 * second half of the steps (pipeline-1). Should that fail as well it was not
 * the event, and nothing becomes a letter (pipeline-7).
 */
static bool
is_of(const struct suspect *s, const struct pipeline_batch *b)
{
	return s->in == b->in && s->offset >= b->from && s->offset < b->next;
}

/* Whether the failure can be an event's fault; a constraint of a table
 * (EXISTS) is the store's matter. */
static bool
may_be_of_event(const struct pipeline_batch *b, const struct err *why)
{
	return why->code == ERR_INVALID || why->code == ERR_TOO_BIG ||
	       why->code == ERR_BUG ||
	       (b->is_alone && why->code == ERR_NO_MEMORY);
}

void
pipeline_suspect_note(struct pipeline *p, const struct pipeline_batch *b,
	const struct err *why)
{
	struct suspect *s = &p->suspect;

	if (!may_be_of_event(b, why) || s->is_acquitted)
		return;
	if (s->is_condemned) {
		/* It fails without the event too: this concerns the machine. */
		s->is_condemned = false;
		s->is_acquitted = true;
		return;
	}
	p->is_searching = true;
	p->n_under_limit = 0;
	p->limit_events = b->n_items / 4;
	if (p->limit_events == 0)
		p->limit_events = 1;
	if (b->n_items != 1)
		return;
	if (s->in == b->in && s->offset == b->items[0].rec.offset) {
		s->is_condemned = true;
		return;
	}
	*s = (struct suspect){
		.in = b->in,
		.offset = b->items[0].rec.offset,
		.step = b->failed_step,
		.why = *why,
	};
}

void
pipeline_suspect_kill(struct pipeline *p, struct pipeline_batch *b)
{
	const struct suspect *s = &p->suspect;

	if (!s->is_condemned || !is_of(s, b))
		return;
	for (int i = 0; i < b->n_items; i++)
		if (b->items[i].rec.offset == s->offset &&
			b->items[i].fate != ITEM_DEAD)
			pipeline_item_kill(&b->items[i], &b->arena,
				LETTER_STEP_FAILED, s->step, &s->why);
}

void
pipeline_suspect_passed(struct pipeline *p, const struct pipeline_batch *b)
{
	if (!is_of(&p->suspect, b) && !p->suspect.is_acquitted)
		return;
	if (p->suspect.is_condemned)
		p->limit_events = 0;
	p->suspect = (struct suspect){0};
}
