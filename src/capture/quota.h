#ifndef SLUICE_CAPTURE_QUOTA_H
#define SLUICE_CAPTURE_QUOTA_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "team/rules.h"

/*
 * What projects with quotas used in this month (UTC), by kind. Counted after
 * the commit, so requests under way together may go over a quota by what they
 * hold. Written to spool.db every few seconds and at the stop: a kill -9
 * forgets what was counted since.
 */
struct quotas;
struct store;

/* Reads what was written. */
MUST_CHECK int quotas_new(
	struct store *spool, struct quotas **out, struct err *e);
void quotas_free(struct quotas *q); /* NULL allowed */
/* How many more the project may send. @thread any */
int64_t quotas_left(struct quotas *q, int64_t team_id,
	const struct team_quotas *of, enum team_kind kind, int64_t now_us);
/* After a commit; may hand a job to the writer. @thread any */
void quotas_add(struct quotas *q, int64_t team_id,
	const uint32_t n[TEAM_N_KINDS], int64_t now_us);
/* Writes what is not yet written and waits; the last call before free. Not on
 * the writer. */
MUST_CHECK int quotas_save(struct quotas *q, struct err *e);

#endif
