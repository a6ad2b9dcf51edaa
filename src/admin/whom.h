#ifndef SLUICE_ADMIN_WHOM_H
#define SLUICE_ADMIN_WHOM_H

#include "admin/admin_int.h"
#include "base/uuid.h"

/* The person or group that a path names, and which rows of events are its own.
 * Inside admin/ only. */
#define WHOM_QUERY_BYTES ((size_t)250 * 1024)

struct whom {
	int64_t team_id;
	struct buf person; /* JSON; empty: there is none */
	char uuid[UUID_TEXT + 1];
	struct buf ids; /* its distinct ids as SQL literals; failed: too many */
	int group_index; /* a group, and not a person; -1 */
	struct slice group_key;
};
/* By the second parameter of the path: a distinct id, or a uuid with by_uuid.
 * NOT_FOUND. whom_free is called whatever the result. */
MUST_CHECK int whom_find(struct admin_call *c, struct whom *w, struct err *e);
/* By the second and third, type and key. */
MUST_CHECK int whom_find_group(
	struct admin_call *c, struct whom *w, struct err *e);
void whom_free(struct whom *w);
/* The condition of its rows in posthog.events. */
void whom_put_condition(struct buf *q, const struct whom *w);
/* Text in quotes for ClickHouse. */
void whom_put_literal(struct buf *b, struct slice s);

#endif
