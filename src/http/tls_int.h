#ifndef SLUICE_HTTP_TLS_INT_H
#define SLUICE_HTTP_TLS_INT_H

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <stdatomic.h>

#include "base/limits.h"
#include "base/thread.h"
#include "http/tls.h"

struct http_conn;
struct MHD_Connection;

/* What one handshake needs; never changed. A connection holds a reference until
 * it is closed. */
struct http_cert {
	_Atomic int refs;
	gnutls_pcert_st chain[LIMIT_TLS_CHAIN];
	unsigned n_chain;
	gnutls_privkey_t key;
	/* Tickets live as long as the pair: who comes with an older one has a
	 * whole handshake and sees the new certificate. */
	gnutls_datum_t ticket_key;
	char names[200];
	int64_t not_before_us, not_after_us;
};

/* tls_cert.c */
MUST_CHECK int http_cert_load(const char *cert_path, const char *key_path,
	struct http_cert **out, struct err *e);
void http_cert_unref(struct http_cert *p); /* NULL allowed */

/* tls.c: with a reference */
struct http_cert *http_tls_cert(struct http_tls *t);

/* tls_conn.c */
#define HTTP_TLS_PRIORITIES                                                    \
	"NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-RSA:-DHE-RSA:"            \
	"%SERVER_PRECEDENCE"
/* The connection is new; its handshake follows. @thread http */
void http_tls_begin(struct http_conn *c, struct MHD_Connection *mc);
/* It is closed. @thread http */
void http_tls_end(struct http_conn *c);
/* The head's time has passed: if the handshake was waited for, it counts.
 * @thread sweeper */
void http_tls_late(struct http_conn *c);
/* Refused, as too many handshakes are under way. @thread accept */
void http_tls_crowded(void);
/* libmicrohttpd's callback for a handshake's certificate. @thread http */
gnutls_certificate_retrieve_function3 http_tls_choose;

#endif
