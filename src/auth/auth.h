#ifndef SLUICE_AUTH_AUTH_H
#define SLUICE_AUTH_AUTH_H

#include "auth/role.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/net.h"

/*
 * Users, sessions, personal keys and the audit trail, all in config.db. Nothing
 * that opens a door is stored as it is: of passwords argon2id, of cookies and
 * keys a hash (auth-1). Every function but those that say otherwise may wait
 * for the disk, and may be called from any thread but the HTTP ones.
 */
struct auth;
struct store;

#define AUTH_TOKEN_MAX                                                         \
	64 /* text of a cookie, key or CSRF token, with its NUL */
#define AUTH_EMAIL_MAX 99
#define AUTH_NAME_MAX 99
#define AUTH_PASSWORD_LEAST 10 /* characters */
#define AUTH_PASSWORD_MAX 256 /* bytes */

struct auth_options {
	struct store *config;
	/* Asked at each use, in hours; NULL: the defaults. */
	int64_t (*idle_h)(void *cookie);
	int64_t (*max_h)(void *cookie);
	void *cookie;
};
MUST_CHECK int auth_new(
	const struct auth_options *o, struct auth **out, struct err *e);
void auth_free(struct auth *a); /* NULL allowed */
/* A number that grows whenever somebody may do less than before (sign-out,
 * another role or password, a revoked key): who holds a connection open looks
 * at it and has the door checked again. Waits for nothing. @thread any */
uint64_t auth_changes(const struct auth *a);

/* Where a request came from; texts are cut to what is kept. */
struct auth_origin {
	struct net_addr address;
	struct slice agent;
};

/*
 * Users. Lists end with the function's false. Errors name the field in
 * err.text; INVALID, EXISTS (the e-mail is taken, or it is the last
 * administrator), NOT_FOUND.
 */
struct auth_user {
	int64_t id;
	struct slice email, name; /* live during the call */
	enum auth_role role;
	int64_t created_at_us, seen_at_us; /* 0: never */
	int64_t n_sessions, n_keys;
};
typedef void auth_user_fn(void *cookie, const struct auth_user *u);
MUST_CHECK int auth_user_list(
	struct auth *a, auth_user_fn *fn, void *cookie, struct err *e);
/* NOT_FOUND. */
MUST_CHECK int auth_user_get(struct auth *a, int64_t id, auth_user_fn *fn,
	void *cookie, struct err *e);
MUST_CHECK int auth_user_find(
	struct auth *a, struct slice email, int64_t *id, struct err *e);
MUST_CHECK int auth_user_create(struct auth *a, struct slice email,
	struct slice name, enum auth_role role, struct slice password,
	int64_t *id, struct err *e);
/* name.p NULL, role AUTH_OPEN: as it was. */
MUST_CHECK int auth_user_change(struct auth *a, int64_t id, struct slice name,
	enum auth_role role, struct err *e);
/* Ends the user's sessions and gives its account's lock-out up. */
MUST_CHECK int auth_user_password(
	struct auth *a, int64_t id, struct slice password, struct err *e);
MUST_CHECK int auth_user_delete(struct auth *a, int64_t id, struct err *e);

/*
 * A session: the token is the cookie's value, the CSRF token follows from it.
 */
struct auth_pass {
	char token[AUTH_TOKEN_MAX], csrf[AUTH_TOKEN_MAX];
	struct auth_who who;
	int64_t max_age_s; /* of the cookie */
};
/* Why a sign-in was refused: DENIED (auth-2: one text for all reasons), BUSY
 * with *retry_s (locked out or too much at once). old: the cookie that came
 * with it; its session ends (auth-3). */
MUST_CHECK int auth_sign_in(struct auth *a, struct slice email,
	struct slice password, const struct auth_origin *from, struct slice old,
	struct auth_pass *out, int *retry_s, struct err *e);
/* DENIED: it is nobody's, or it is over. */
MUST_CHECK int auth_session_check(struct auth *a, struct slice token,
	const struct auth_origin *from, struct auth_who *who, struct err *e);
/* The CSRF token of a session's token. Waits for nothing. @thread any */
void auth_csrf(struct slice token, char out[AUTH_TOKEN_MAX]);
/* Whether two secrets are equal, in a time that does not tell where they
 * differ. @thread any */
bool auth_equal(struct slice x, struct slice y);
struct auth_session {
	int64_t id, user_id, created_at_us, seen_at_us, expires_at_us;
	struct slice address, agent;
};
typedef void auth_session_fn(void *cookie, const struct auth_session *s);
MUST_CHECK int auth_session_list(struct auth *a, int64_t user_id,
	auth_session_fn *fn, void *cookie, struct err *e);
/* One session of this user, or with id 0 all but `but`. NOT_FOUND. */
MUST_CHECK int auth_session_end(struct auth *a, int64_t user_id, int64_t id,
	int64_t but, struct err *e);
/* Changes one's own password: DENIED if `now` is not it. All sessions of the
 * user end, and out is a new one. */
MUST_CHECK int auth_own_password(struct auth *a, const struct auth_who *who,
	struct slice now, struct slice then, const struct auth_origin *from,
	struct auth_pass *out, int *retry_s, struct err *e);

/*
 * Set-up: a token that makes the first administrator, once, while there is no
 * user (auth-5).
 */
#define AUTH_SETUP_H 24
MUST_CHECK int auth_setup_needed(struct auth *a, bool *needed, struct err *e);
/* The one in force, or a new one. EXISTS: there are users. */
MUST_CHECK int auth_setup_token(struct auth *a, char token[AUTH_TOKEN_MAX],
	int64_t *expires_at_us, struct err *e);
MUST_CHECK int auth_setup(struct auth *a, struct slice token,
	struct slice email, struct slice name, struct slice password,
	const struct auth_origin *from, struct auth_pass *out, int *retry_s,
	struct err *e);

/*
 * Personal keys. A key may what its scopes say, and never more than its owner
 * may at that moment (auth-4).
 */
struct auth_key {
	int64_t id, user_id;
	struct slice email, name, prefix, scopes, used_address;
	int64_t created_at_us, expires_at_us, used_at_us; /* 0: never */
};
typedef void auth_key_fn(void *cookie, const struct auth_key *k);
/* user_id 0: of all. */
MUST_CHECK int auth_key_list(struct auth *a, int64_t user_id, auth_key_fn *fn,
	void *cookie, struct err *e);
/* scopes: words with blanks between. days 0: for ever. token: shown this once.
 * INVALID: a scope that is unknown, or beyond the owner's role. */
MUST_CHECK int auth_key_create(struct auth *a, int64_t user_id,
	struct slice name, struct slice scopes, int64_t days,
	char token[AUTH_TOKEN_MAX], int64_t *id, struct err *e);
/* user_id 0: whosever it is. NOT_FOUND. */
MUST_CHECK int auth_key_revoke(
	struct auth *a, int64_t user_id, int64_t id, struct err *e);
MUST_CHECK int auth_key_check(struct auth *a, struct slice token,
	const struct auth_origin *from, struct auth_who *who, struct err *e);

/*
 * The audit trail: rows are added, never changed; the oldest go by a rule that
 * stands in the table's own triggers (auth-6).
 */
struct auth_trail_row {
	int64_t id, at_us; /* given by trail_add */
	int64_t user_id, key_id;
	struct slice who, how, address, action, target, detail; /* JSON */
};
#define AUTH_TRAIL_DETAIL_MAX 2000
MUST_CHECK int auth_trail_add(
	struct auth *a, const struct auth_trail_row *row, struct err *e);
struct auth_trail_filter {
	struct slice who, how, action, target; /* .p NULL: any; action and
						* target by their beginning */
	int64_t from_us, to_us; /* 0: any */
	int64_t before_id; /* of a cursor; 0: from the newest */
	int limit;
};
typedef void auth_trail_fn(void *cookie, const struct auth_trail_row *row);
MUST_CHECK int auth_trail_list(struct auth *a,
	const struct auth_trail_filter *f, auth_trail_fn *fn, void *cookie,
	struct err *e);

#endif
