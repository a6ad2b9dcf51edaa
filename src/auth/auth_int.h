#ifndef SLUICE_AUTH_AUTH_INT_H
#define SLUICE_AUTH_AUTH_INT_H

#include <stdatomic.h>

#include "auth/auth.h"
#include "auth/limit.h"
#include "auth/password.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/thread.h"
#include "store/sql.h"
#include "store/store.h"

#define AUTH_SECRET_BYTES 32
#define AUTH_HASH_BYTES 32
#define AUTH_TOUCH_US 60000000 /* how exact "last seen" is */
#define AUTH_HOUR_US 3600000000
#define AUTH_DAY_US 86400000000

enum auth_sql {
	AUTH_SQL_USER_LIST,
	AUTH_SQL_USER_GET,
	AUTH_SQL_USER_FIND,
	AUTH_SQL_USER_COUNT,
	AUTH_SQL_USER_OTHER_ADMINS,
	AUTH_SQL_USER_INSERT,
	AUTH_SQL_USER_NAME,
	AUTH_SQL_USER_ROLE,
	AUTH_SQL_USER_PASSWORD,
	AUTH_SQL_USER_SEEN,
	AUTH_SQL_USER_DELETE,
	AUTH_SQL_SESSION_INSERT,
	AUTH_SQL_SESSION_CHECK,
	AUTH_SQL_SESSION_SEEN,
	AUTH_SQL_SESSION_LIST,
	AUTH_SQL_SESSION_END,
	AUTH_SQL_SESSION_END_HASH,
	AUTH_SQL_SESSION_END_OTHERS,
	AUTH_SQL_SESSION_PURGE,
	AUTH_SQL_SESSION_CUT,
	AUTH_SQL_SETUP_GET,
	AUTH_SQL_SETUP_PUT,
	AUTH_SQL_SETUP_CLEAR,
	AUTH_SQL_KEY_LIST,
	AUTH_SQL_KEY_COUNT,
	AUTH_SQL_KEY_INSERT,
	AUTH_SQL_KEY_CHECK,
	AUTH_SQL_KEY_SEEN,
	AUTH_SQL_KEY_REVOKE,
	AUTH_SQL_KEY_REVOKE_ALL,
	AUTH_SQL_TRAIL_INSERT,
	AUTH_SQL_TRAIL_TRIM,
	AUTH_SQL_TRAIL_LIST,
	AUTH_N_SQL
};
extern const struct sql_set auth_sql;

struct auth {
	struct auth_options o;
	struct lock lock; /* guards reader */
	struct store_conn *reader; /* NULL until first used */
	struct auth_limit *limit;
	struct auth_hashing hashing;
	_Atomic uint64_t changes;
};

/* A change on the writer's thread of config.db, waited for. */
struct auth_change {
	struct store_job job;
	struct auth *a;
	int (*fn)(struct auth_change *ch, struct store_conn *c, struct err *e);
	int64_t now_us;
	int64_t id, user_id, but; /* in or out, as fn says */
	struct slice email, name, password, token, text, was;
	enum auth_role role;
	int64_t expires_at_us;
	const struct auth_origin *from;
	unsigned char hash[AUTH_HASH_BYTES], old[AUTH_HASH_BYTES];
	bool has_old;
};
MUST_CHECK int auth_commit(
	struct auth *a, struct auth_change *ch, struct err *e);
/* The statement on the reading connection, whose lock is held until
 * auth_read_end, whatever comes between. */
MUST_CHECK int auth_read(struct auth *a, enum auth_sql which,
	struct store_stmt **out, struct err *e);
void auth_read_end(struct auth *a, struct store_stmt *st);
/* Writes a time of use without waiting. */
void auth_touch(struct auth *a, enum auth_sql which, int64_t id,
	const struct auth_origin *from);
void auth_less(struct auth *a); /* auth_changes grows */

/* Secrets as text: 32 random bytes in URL-safe base64. */
void auth_secret(const char *prefix, char out[AUTH_TOKEN_MAX]);
void auth_hash(struct slice secret, unsigned char out[AUTH_HASH_BYTES]);

/* Checks and brings into the form that is stored: lower case, no blanks
 * around. out is of AUTH_EMAIL_MAX + 1. INVALID. */
MUST_CHECK int auth_email(
	struct slice text, char *out, struct slice *email, struct err *e);
MUST_CHECK int auth_name(struct slice *name, struct err *e);
void auth_cut(struct slice text, size_t max, struct slice *out);

int64_t auth_idle_us(const struct auth *a);
int64_t auth_max_us(const struct auth *a);

/* In a job: a session for ch->user_id, under ch->hash. */
MUST_CHECK int auth_tx_session(
	struct auth_change *ch, struct store_conn *c, struct err *e);
/* In a job: inserts ch's user; ch->user_id is its id. */
MUST_CHECK int auth_tx_user(
	struct auth_change *ch, struct store_conn *c, struct err *e);
/* Runs which with ?1 = id, and ?2 = other. */
MUST_CHECK int auth_tx_run(
	struct store_conn *c, enum auth_sql which, int64_t id, struct err *e);
MUST_CHECK int auth_tx_run2(struct store_conn *c, enum auth_sql which,
	int64_t id, int64_t other, struct err *e);
/* A number by which, with ?1 = id. */
MUST_CHECK int auth_tx_number(struct store_conn *c, enum auth_sql which,
	int64_t id, int64_t *out, struct err *e);
/* Fills out of a change that made a session. */
void auth_pass_fill(struct auth *a, const struct auth_change *ch,
	const char *token, struct auth_pass *out);

#endif
