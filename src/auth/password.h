#ifndef SLUICE_AUTH_PASSWORD_H
#define SLUICE_AUTH_PASSWORD_H

#include "base/err.h"
#include "base/slice.h"
#include "base/thread.h"

/*
 * Hashing of passwords: argon2id with 64 MiB and two passes, a tenth of a
 * second of one processor. AUTH_HASHES_MAX run at once and as many wait, for a
 * few seconds; more are refused with BUSY (auth-8).
 */
#define AUTH_HASHES_MAX 2
#define AUTH_HASHES_WAITING_MAX 1
#define AUTH_HASH_WAIT_MS 3000
#define AUTH_PASSWORD_TEXT 128 /* of a hash, with its NUL */

struct auth_hashing {
	struct lock lock; /* guards both */
	struct cond free;
	int n_running, n_waiting;
};

/* Before anything else of this folder. */
MUST_CHECK int auth_sodium(struct err *e);
void auth_hashing_init(struct auth_hashing *h);
void auth_hashing_fini(struct auth_hashing *h);
/* BUSY, NO_MEMORY. Takes long. */
MUST_CHECK int auth_password_hash(struct auth_hashing *h, struct slice password,
	char out[AUTH_PASSWORD_TEXT], struct err *e);
/* DENIED: it is another. stored.p NULL: takes as long and is DENIED. *is_old:
 * made with other costs than are asked for today. */
MUST_CHECK int auth_password_check(struct auth_hashing *h, struct slice stored,
	struct slice password, bool *is_old, struct err *e);
/* Whether it may be somebody's password; INVALID says why not. */
MUST_CHECK int auth_password_allowed(
	struct slice password, struct slice email, struct err *e);

#endif
