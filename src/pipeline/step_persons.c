#include "pipeline/step.h"

#include "base/clock.h"
#include "persondb/persondb.h"

/*
 * Persons, distinct ids and groups: all that the batch looks at is loaded at
 * once, the events are applied strictly in the order of their offsets, the
 * changes wait in the working set (person/) for output and commit. On the state
 * thread, inside the batch's transaction: nothing changes between load and
 * save.
 */

/* So many times the step begins anew because of an event that fails. */
#define REDOS_MAX 8

static bool
takes_part(const struct item *it)
{
	return it->fate == ITEM_GO;
}

static int
load(struct pipeline_batch *b, struct err *e)
{
	int r = person_set_init(&b->persons, &b->arena, &b->scratch, e);

	for (int i = 0; r == 0 && i < b->n_items; i++)
		if (takes_part(&b->items[i]))
			r = person_want(&b->persons, &b->items[i].ev, e);
	if (r == 0)
		r = persondb_load(b->c, &b->persons, e);
	return r;
}

/* Takes back what a try before added to the event. $group_N it set stand until
 * they are set again; the same groups get the same numbers. */
static void
take_back(struct item *it)
{
	it->ev.warnings = it->warnings_before;
	if (it->ev.warnings.tail == NULL || it->ev.warnings.first == NULL)
		it->ev.warnings = (struct event_warnings){0};
	else
		*it->ev.warnings.tail = NULL;
}

/* Index of the first event that failed, n_items if none did. */
static int
apply_all(struct pipeline_batch *b, struct event_work *w, struct err *e)
{
	for (int i = 0; i < b->n_items; i++) {
		struct item *it = &b->items[i];

		if (!takes_part(it))
			continue;
		take_back(it);
		if (person_apply(&b->persons, &it->ev, w, &it->person, e) != 0)
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

int
step_persons(struct pipeline_batch *b, struct err *e)
{
	struct event_work w = {&b->arena, &b->scratch};
	int n_redos = 0;

	put_clock_init(&b->clock, clock_now_us());
	for (int i = 0; i < b->n_items; i++)
		b->items[i].warnings_before = b->items[i].ev.warnings;
	for (;;) {
		struct item *bad;
		int r = load(b, e);
		int at;

		if (r != 0)
			return r;
		at = apply_all(b, &w, e);
		if (at == b->n_items)
			return 0;
		if (!pipeline_err_is_final(b, e))
			return -(int)e->code;
		/* pipeline-4: the set may hold half of the event's changes, so
		 * it is made anew, once with the event and then without. */
		bad = &b->items[at];
		if (bad->was_retried || n_redos >= REDOS_MAX) {
			take_back(bad);
			pipeline_item_kill(bad, &b->arena, LETTER_STEP_FAILED,
				"persons", e);
		}
		bad->was_retried = true;
		n_redos++;
	}
}
