#include "definition/definition.h"
#include "pipeline/pipeline_int.h"
#include "pipeline/step.h"
#include "team/team.h"

void
pipeline_note_definitions(struct pipeline_batch *b)
{
	definition_set_init(
		&b->definitions, b->p->definitions, &b->turn, b->clock.us);
	for (int i = 0; i < b->n_items; i++) {
		const struct item *it = &b->items[i];
		int index = -1;

		/* The canary is nobody's event. */
		if (it->fate != ITEM_GO || it->team_id == TEAM_CANARY_ID)
			continue;
		if (it->ev.has_group)
			index = person_group_type_index(
				&b->persons, it->team_id, it->ev.group_type);
		definition_note(&b->definitions, &it->ev, index);
	}
}
