#include "admin/admin_int.h"
#include "admin/letters.h"
#include "pipeline/pipeline.h"

int
letter_replay(
	struct admin *a, const struct letter *l, bool again, struct err *e)
{
	if (a->o.pipeline == NULL)
		return err_set(e, ERR_UNAVAILABLE,
			"the role ingest is off: letters cannot be replayed");
	if (l->partition == 0)
		return pipeline_replay_capture_letter(
			a->o.pipeline, l->record.offset, again, e);
	return pipeline_replay_letter(
		a->o.pipeline, l->record.offset, again, e);
}
