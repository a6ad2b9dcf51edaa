#include "pipeline/step.h"

#include <string.h>

#include "base/clock.h"
#include "pipeline/flow.h"
#include "pipeline/pipeline_int.h"

/*
 * Persons, distinct ids and groups: all that the batch looks at is loaded at
 * once, the events are applied strictly in the order of their offsets, the
 * changes wait in the working set (person/) for output and commit. Nothing
 * changes in the store between load and save, or the whole is done again.
 */

/* So many times the step begins anew because of an event that fails. */
#define REDOS_MAX 8

static bool
takes_part(const struct item *it)
{
	return it->fate == ITEM_GO;
}

/* Each range takes every n-th of b->shared, with memory of its own. */
static void
parse_range(struct range *r)
{
	struct pipeline_batch *b = r->b;

	for (uint32_t i = (uint32_t)(r - b->ranges); i < b->n_shared;
		i += (uint32_t)b->n_ranges)
		person_parse(b->shared[i], &r->turn);
}

static void
write_range(struct range *r)
{
	struct pipeline_batch *b = r->b;

	for (uint32_t i = (uint32_t)(r - b->ranges); i < b->n_shared;
		i += (uint32_t)b->n_ranges)
		person_write(b->shared[i], &r->turn, &r->scratch);
}

static int
load(struct pipeline_batch *b, struct err *e)
{
	int r = person_set_init(&b->persons, &b->turn, &b->scratch, e);

	b->persons.refused = b->refused;
	b->persons.merge_limit = b->p->merge_limit;
	for (int i = 0; r == 0 && i < b->n_items; i++)
		if (takes_part(&b->items[i]))
			r = person_want(&b->persons, &b->items[i].ev, e);
	if (r == 0)
		r = b->p->flow->load(b, e);
	if (r != 0)
		return r;
	b->shared = person_unparsed(&b->persons, &b->n_shared);
	return pipeline_batch_each_range(b, parse_range, e);
}

/* What is left to write for output and commit. */
static int
write_texts(struct pipeline_batch *b, struct err *e)
{
	int r;

	b->shared = person_unwritten(&b->persons, &b->n_shared);
	r = pipeline_batch_each_range(b, write_range, e);
	return r != 0 ? r : person_write_all(&b->persons, e);
}

static void
take_back_all(struct pipeline_batch *b)
{
	for (int i = 0; i < b->n_items; i++)
		if (takes_part(&b->items[i]))
			pipeline_item_take_back(&b->items[i]);
}

/* Index of the first event that failed, n_items if none did. */
static int
apply_all(struct pipeline_batch *b, struct event_work *w, struct err *e)
{
	for (int i = 0; i < b->n_items; i++) {
		struct item *it = &b->items[i];

		if (!takes_part(it))
			continue;
		if (person_apply(&b->persons, &it->ev, w, &it->person, e) !=
				0 ||
			step_fault(it, "persons", e) != 0)
			return i;
		if (it->ev.props.failed) {
			ERR_IGNORE(err_set(e, ERR_NO_MEMORY,
					   "no memory for an event"),
				"handled by the caller");
			return i;
		}
	}
	return b->n_items;
}

static enum letter_reason
reason_of(const struct err *why)
{
	return strcmp(why->text, PERSON_MERGE_LIMIT) == 0 ? LETTER_MERGE_LIMIT
							  : LETTER_STEP_FAILED;
}

int
step_persons(struct pipeline_batch *b, struct err *e)
{
	struct event_work w = {&b->turn, &b->scratch};
	int n_redos = 0;
	int r = pipeline_turn_begin(b, e);

	if (r != 0)
		return r;
	put_clock_init(&b->clock, clock_now_us());
	for (;;) {
		struct item *bad;
		struct err why;
		int at;

		r = load(b, e);
		if (r != 0)
			return r;
		at = apply_all(b, &w, &why);
		if (at == b->n_items)
			return write_texts(b, e);
		if (!pipeline_err_is_final(b, &why)) {
			*e = why;
			return -(int)e->code;
		}
		/* pipeline-4: the set may hold half of the event's changes, so
		 * it is made anew, once with the event and then without. */
		take_back_all(b);
		bad = &b->items[at];
		if (bad->was_retried || n_redos >= REDOS_MAX)
			pipeline_item_kill(bad, &b->turn, reason_of(&why),
				"persons", &why);
		bad->was_retried = true;
		n_redos++;
	}
}
