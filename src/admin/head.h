#ifndef SLUICE_ADMIN_HEAD_H
#define SLUICE_ADMIN_HEAD_H

#include "auth/auth.h"
#include "base/arena.h"
#include "base/net.h"
#include "base/slice.h"

/*
 * What of a request's head decides who asks. Read on the HTTP thread and
 * copied, as the head may be gone when a worker gets to it.
 */
struct http_request;

#define HEAD_COOKIE "sluice_session"

struct head {
	bool is_unix;
	bool is_tls; /* the connection itself */
	bool has_uid;
	uint32_t uid; /* at the other end of the socket */
	struct net_addr peer;
	/* Absent: .p NULL. */
	struct slice cookie, authorization, csrf, origin, host, agent,
		forwarded_for, forwarded_proto, content_type, fetch_site;
};
void head_read(struct http_request *r, struct head *out); /* @thread http */

/* The value of the session's cookie; .p NULL: none. */
struct slice head_session(const struct head *h);
/* What stands behind "Bearer"; .p NULL: none. */
struct slice head_bearer(const struct head *h);
/* The client, as seen through proxies of this list of networks. */
void head_client(
	const struct head *h, const char *proxies, struct net_addr *out);
/* Whether the browser's side is https. */
bool head_is_https(const struct head *h, const char *proxies);
/* Whether the Origin is the host asked, or of the list; also without one. */
bool head_origin_is_own(const struct head *h, const char *hosts);

#endif
