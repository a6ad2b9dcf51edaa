#ifndef SLUICE_AUDIT_ERASE_H
#define SLUICE_AUDIT_ERASE_H

#include "audit/list.h"

/*
 * Event rows that are deleted from ClickHouse on purpose: what goes is counted
 * before it goes, so that it is not missed. Inside a job of state.db. A step of
 * a task that was counted before is not counted again.
 */
MUST_CHECK int audit_erase_once(struct store_conn *c, int64_t task,
	int64_t step, const struct audit_list *l, struct err *e);

/* Once, before a ClickHouse reads for the first time: which minutes it will get
 * whole. Blocks. @thread any but store */
MUST_CHECK int audit_clickhouse_begins(struct store *state, struct err *e);

#endif
