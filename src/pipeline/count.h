#ifndef SLUICE_PIPELINE_COUNT_H
#define SLUICE_PIPELINE_COUNT_H

#include "audit/audit.h"
#include "pipeline/batch.h"

/*
 * Audit counters of the app server (src/audit, docs/audit.md): what was read,
 * and how each of it ended.
 */

/* Fills it->who, whatever became of the item. */
void pipeline_identify(struct range *r, struct item *it);

/*
 * Inside the job that moves the position: adds up the batch and saves it by
 * audit_save, or, where the batch is published later, by audit_save_prepared;
 * then audit_publish or audit_discard goes with its publication.
 */
typedef int pipeline_save_counts_fn(
	struct audit_acc *a, struct store_conn *c, struct err *e);
MUST_CHECK int pipeline_count(struct pipeline_batch *b, struct store_conn *c,
	pipeline_save_counts_fn *save, struct err *e);

#endif
