#include "pipeline/flow.h"

#include "pipeline/pipeline_int.h"

/*
 * Tries at the second half of a batch. What persons and output change in an
 * event is small: its fate, its warnings, whether it is personless, and the
 * properties $group_0 to $group_4.
 */
static const struct slice group_names[LIMIT_GROUP_TYPES] = {
	{"$group_0", 8},
	{"$group_1", 8},
	{"$group_2", 8},
	{"$group_3", 8},
	{"$group_4", 8},
};

static int
note(struct pipeline_batch *b, struct item *it, struct err *e)
{
	struct item_before *was = &it->before;

	*was = (struct item_before){
		.fate = it->fate,
		.is_personless = it->ev.is_personless,
		.warnings = it->ev.warnings,
	};
	if (!it->is_read || !props_has(&it->ev.props, SLICE_LIT("$groups")))
		return 0;
	was->groups = arena_zalloc(
		&b->arena, LIMIT_GROUP_TYPES, sizeof(struct slice));
	if (was->groups == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory for a batch");
	for (int i = 0; i < LIMIT_GROUP_TYPES; i++) {
		const struct prop *p = props_get(&it->ev.props, group_names[i]);

		was->groups[i] = p == NULL ? SLICE_NONE : p->value;
	}
	return 0;
}

void
pipeline_item_take_back(struct item *it)
{
	struct event_warnings *w = &it->ev.warnings;
	const struct item_before *was = &it->before;

	it->fate = was->fate;
	it->ev.is_personless = was->is_personless;
	*w = was->warnings;
	if (w->tail == NULL || w->first == NULL)
		*w = (struct event_warnings){0};
	else
		*w->tail = NULL;
	for (int i = 0; was->groups != NULL && i < LIMIT_GROUP_TYPES; i++) {
		if (was->groups[i].p != NULL)
			props_set(
				&it->ev.props, group_names[i], was->groups[i]);
		else
			props_unset(&it->ev.props, group_names[i]);
	}
}

int
pipeline_turn_begin(struct pipeline_batch *b, struct err *e)
{
	int r = 0;

	for (int i = 0; r == 0 && i < b->n_items; i++) {
		struct item *it = &b->items[i];

		if (!b->is_noted)
			r = note(b, it, e);
		else
			pipeline_item_take_back(it);
		it->was_retried = false;
	}
	if (r != 0)
		return r;
	b->is_noted = true;
	arena_rewind(&b->turn, PIPELINE_KEPT_MAX);
	for (int i = 0; i < b->n_ranges; i++)
		arena_rewind(&b->ranges[i].turn,
			PIPELINE_KEPT_MAX / (size_t)b->n_ranges);
	/* Together they may have what the batch may have. */
	b->turn.max_bytes = b->arena.total < b->arena.max_bytes
				    ? b->arena.max_bytes - b->arena.total
				    : 0;
	return 0;
}
