#ifndef SLUICE_HTTPC_HTTPC_H
#define SLUICE_HTTPC_HTTPC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

/*
 * HTTP client (libcurl behind its only door): one request, one answer,
 * blocking, over TCP or a unix socket. Follows no redirects, uses no proxy,
 * speaks http and https only.
 */
struct httpc_request {
	const char *url;
	const char *unix_path; /* connect to this socket instead; NULL: TCP */
	const char *method; /* NULL: GET, or POST when there is a body */
	struct slice body; /* .p NULL: none */
	const char *const *headers; /* "Name: value", NULL-ended; may be NULL */
	int64_t connect_timeout_ms; /* 0: 5000 */
	int64_t timeout_ms; /* of the whole; 0: none */
	int64_t max_body_bytes; /* of the answer; TOO_BIG over it. 0: 16 MiB */
	/* Called with each piece of the answer's body as it comes; false breaks
	 * off (STOPPING). NULL: the body is collected in httpc_answer. Called
	 * on the caller's thread; max_body_bytes does not apply. */
	bool (*on_body)(void *cookie, int status, struct slice piece);
	void *cookie;
};

struct httpc_answer {
	int status;
	struct buf body;
	struct buf headers; /* of the last answer: raw lines */
};

/*
 * 0 when there is an answer, whatever its status; then httpc_answer_fini frees
 * it. UNAVAILABLE: not connected, nothing was done. TIMEOUT, UNSURE: the
 * request was sent and no whole answer came. TOO_BIG, STOPPING: see above.
 * @thread any
 */
MUST_CHECK int httpc_do(
	const struct httpc_request *q, struct httpc_answer *out, struct err *e);
void httpc_answer_fini(struct httpc_answer *a);
/* The value of a header, trimmed; .p NULL when it is not there. */
struct slice httpc_header(const struct httpc_answer *a, const char *name);

/* The same with the usual fields only. */
MUST_CHECK int httpc_get(const char *url, const char *unix_path,
	int64_t timeout_ms, struct httpc_answer *out, struct err *e);
MUST_CHECK int httpc_post(const char *url, const char *unix_path,
	const char *content_type, struct slice body, int64_t timeout_ms,
	struct httpc_answer *out, struct err *e);

/* Appends text with everything but letters, digits and -._~ as %XX. */
void httpc_put_escaped(struct buf *b, struct slice text);

#endif
