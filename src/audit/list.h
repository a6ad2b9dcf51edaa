#ifndef SLUICE_AUDIT_LIST_H
#define SLUICE_AUDIT_LIST_H

#include <stddef.h>

#include "audit/audit.h"

/* Sums in a growing list; sorted by minute, project and hop after list_sort,
 * which also adds up those of one key. */
struct audit_list {
	struct audit_entry *v;
	size_t n, cap;
};
void audit_list_fini(struct audit_list *l);
/* TOO_BIG: over LIMIT_AUDIT_SUMS. NO_MEMORY. */
MUST_CHECK int audit_list_add(struct audit_list *l, enum audit_hop hop,
	int64_t minute, int64_t team_id, struct audit_sum sum, struct err *e);
/* All of an acc, which is empty after. */
MUST_CHECK int audit_list_take(
	struct audit_list *l, struct audit_acc *a, struct err *e);
void audit_list_sort(struct audit_list *l);
/* Adds lines of ClickHouse's TSV: minute, project, count, XOR. NUL-ended. */
MUST_CHECK int audit_list_read(struct audit_list *l, enum audit_hop hop,
	const char *tsv, struct err *e);
/* NULL if the sorted list has none. */
struct audit_entry *audit_list_find(const struct audit_list *l,
	enum audit_hop hop, int64_t minute, int64_t team_id);

#endif
