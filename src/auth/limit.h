#ifndef SLUICE_AUTH_LIMIT_H
#define SLUICE_AUTH_LIMIT_H

#include "base/err.h"
#include "base/net.h"
#include "base/slice.h"

/*
 * Failed sign-ins by account and by address. Some are free; each one more locks
 * the account or address for twice as long, up to 15 minutes. Failures are
 * forgiven one by one as time passes. The memory is a fixed number of slots
 * found by a keyed hash: names that nobody has fill it up as little as others,
 * and none is ever pushed out (auth-7). Accounts that do not exist are treated
 * as those that do.
 */
struct auth_limit;

#define AUTH_LIMIT_ACCOUNT_FREE 5
#define AUTH_LIMIT_ADDRESS_FREE 20
#define AUTH_LIMIT_FIRST_S 5
#define AUTH_LIMIT_MAX_S 900

MUST_CHECK int auth_limit_new(struct auth_limit **out, struct err *e);
void auth_limit_free(struct auth_limit *l); /* NULL allowed */
/* Counts an attempt before its outcome is known, so that many at once are
 * counted too. BUSY: locked, for *retry_s seconds; nothing is counted. An
 * account of no bytes: the address alone. @thread any */
MUST_CHECK int auth_limit_begin(struct auth_limit *l, struct slice account,
	const struct net_addr *address, int64_t now_ns, int *retry_s,
	struct err *e);
/* It was right: the account's failures are forgotten, the address's attempt is
 * taken back. */
void auth_limit_succeeded(struct auth_limit *l, struct slice account,
	const struct net_addr *address);
/* It was not looked at: the attempt is taken back. */
void auth_limit_undo(struct auth_limit *l, struct slice account,
	const struct net_addr *address);
void auth_limit_forgive(struct auth_limit *l, struct slice account);

#endif
