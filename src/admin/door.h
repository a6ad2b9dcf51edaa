#ifndef SLUICE_ADMIN_DOOR_H
#define SLUICE_ADMIN_DOOR_H

#include "admin/admin_int.h"
#include "admin/head.h"

/*
 * Who asks, whether they may, and the row of the audit trail of what they
 * changed. The socket and commands on the files are an administrator.
 */

/* Fills c->who and checks it against the route: refused with 401, 403 (role,
 * scope, CSRF token, origin) or 400 (type of the body). */
MUST_CHECK int door_check(
	struct admin_call *c, const struct admin_route *r, struct err *e);
/* An answer that goes on ends when somebody may less than when it began: its
 * browser comes again and is checked anew. */
MUST_CHECK int door_guard(struct admin_call *c, struct err *e);
/* After a change that succeeded: admin-8. */
MUST_CHECK int door_record(
	struct admin_call *c, const struct admin_route *r, struct err *e);

/* Of the request; in process: no address, no agent. */
void door_origin(const struct admin_call *c, struct auth_origin *out);
bool door_is_https(const struct admin_call *c);
void door_set_cookie(
	struct admin_call *c, const char *token, int64_t max_age_s);
/* BUSY of an attempt to come in becomes 429 with Retry-After. */
int door_busy(struct admin_call *c, int rc, int retry_s, struct err *e);
/* Errors of src/auth that begin with a field's name get it as their field. */
int door_field(struct admin_call *c, int rc, const struct err *e);

/* The body as the trail keeps it: compact, without secrets, at most
 * AUTH_TRAIL_DETAIL_MAX bytes of JSON. */
void door_put_detail(
	const struct json_doc *d, struct arena *a, struct buf *out);

/* A JSON string, or null if there is no admin port. */
void admin_put_setup_url(struct admin *a, const char *token, struct buf *out);

#define DOOR_BARE_TEXT                                                         \
	"The admin can be reached from other machines, and what is sent to "   \
	"it, passwords too, can be read on the way: set admin.tls_cert and "   \
	"admin.tls_key, or admin.listen to 127.0.0.1 behind an https proxy."

/* "warnings":[…] of what stands wrong with the admin's door. */
void door_put_warnings(struct admin *a, struct buf *out);
/* Reachable from other machines without TLS. */
bool door_is_bare(const struct admin *a);

#endif
