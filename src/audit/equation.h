#ifndef SLUICE_AUDIT_EQUATION_H
#define SLUICE_AUDIT_EQUATION_H

#include "audit/list.h"

/* What must be equal, per minute and project (docs/audit.md). */
enum audit_eq {
	AUDIT_EQ_CAPTURED,
	AUDIT_EQ_REPLAYED,
	AUDIT_EQ_READ,
	AUDIT_EQ_ENDED,
	AUDIT_EQ_CLICKHOUSE,
	AUDIT_EQ_FRONT_KEPT,
	AUDIT_EQ_OWN_KEPT,
	AUDIT_EQ_OUTPUT_KEPT,
	AUDIT_N_EQS
};
struct audit_equation {
	uint64_t left, right; /* bits of hops */
	enum audit_hop hop; /* that is named in a difference */
	bool by_token; /* a project may have gone between the two counts */
	const char *left_text, *right_text;
};
extern const struct audit_equation audit_equations[AUDIT_N_EQS];

/* Minutes in which an equation can be told to hold; empty: not asked. */
struct audit_bounds {
	int64_t from, to;
};

struct audit_difference {
	enum audit_eq eq;
	int64_t minute, team_id;
	struct audit_sum left, right;
	/* Equal over all projects of the minute, and told by the key: a project
	 * was deleted, or a key replaced, between the two counts. */
	bool is_moved;
};
typedef int audit_differs_fn(
	void *cookie, const struct audit_difference *d, struct err *e);
/* Calls fn for each difference of a sorted list. */
MUST_CHECK int audit_compare(const struct audit_list *l, enum audit_eq eq,
	struct audit_bounds b, audit_differs_fn *fn, void *cookie,
	struct err *e);

#endif
