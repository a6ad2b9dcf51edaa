#ifndef SLUICE_HTTP_TLS_H
#define SLUICE_HTTP_TLS_H

#include <stdint.h>

#include "base/err.h"
#include "stats/stats.h"

/*
 * A certificate chain and its key from two PEM files, replaced without restart
 * when the files change: looked at every two seconds, and at once by reload. A
 * connection keeps the pair that it began with. A new pair that cannot be used
 * is refused with one log line, and the one in use stays.
 */
struct http_tls;

#define HTTP_TLS_WARN_US (14LL * 86400 * 1000000) /* before it expires */

struct http_tls_state {
	char names
		[200]; /* that the certificate is for: "a.example, b.example" */
	int64_t not_before_us, not_after_us;
	int64_t loaded_at_us;
	uint32_t n_loads; /* since the start, the first one included */
	char error[240]; /* why the files as they are now are not in use; "" */
};

/* INVALID: the files cannot be read or do not belong together. Starts a thread
 * that watches them. expires: the gauge that tells when it expires. */
MUST_CHECK int http_tls_open(const char *cert_path, const char *key_path,
	enum stats_metric expires, struct http_tls **out, struct err *e);
/* Looks at the files now. NULL allowed. @thread any */
void http_tls_reload(struct http_tls *t);
void http_tls_state(struct http_tls *t, struct http_tls_state *out);
/* After the servers that use it have stopped. NULL allowed. */
void http_tls_close(struct http_tls *t);

#endif
