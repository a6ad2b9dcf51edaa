#ifndef SLUICE_AUDIT_ACTIVITY_H
#define SLUICE_AUDIT_ACTIVITY_H

#include <stdint.h>

#include "base/err.h"

/* How much projects sent lately, from the counters of capture. */
struct store_conn;

struct audit_activity {
	int64_t team_id;
	int64_t recent; /* events since the second minute asked for */
	int64_t all; /* events since the first */
	int64_t last_minute; /* the last in which one came */
};
/* Calls fn for each project that sent something since from_minute, by id; c is
 * a reader of spool.db. */
MUST_CHECK int audit_activity(struct store_conn *c, int64_t from_minute,
	int64_t recent_minute,
	void (*fn)(void *cookie, const struct audit_activity *a), void *cookie,
	struct err *e);

#endif
