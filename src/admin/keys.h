#ifndef SLUICE_ADMIN_KEYS_H
#define SLUICE_ADMIN_KEYS_H

#include "admin/door.h"

/* Personal keys, of a user's own account and of all. */

/* {"items":[…]} of the keys of this user, or of all with 0. */
MUST_CHECK int keys_put_list(
	struct admin_call *c, int64_t user_id, struct err *e);
/* Makes one as the body says, and answers with it. */
MUST_CHECK int keys_create(
	struct admin_call *c, int64_t user_id, struct err *e);
/* The one in the path; user_id 0: whosever it is. */
MUST_CHECK int keys_revoke(
	struct admin_call *c, int64_t user_id, struct err *e);
/* ,"name":"time" or null for 0. */
void keys_put_time(struct buf *b, const char *name, int64_t at_us);

#endif
