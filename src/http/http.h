#ifndef SLUICE_HTTP_HTTP_H
#define SLUICE_HTTP_HTTP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/net.h"
#include "base/slice.h"

/*
 * HTTP server (libmicrohttpd behind its only door): limits, routes, suspend and
 * resume, one arena per request.
 */
enum http_method {
	HTTP_GET = 1,
	HTTP_POST = 2,
	HTTP_OPTIONS = 4,
	HTTP_PUT = 8,
	HTTP_DELETE = 16,
	HTTP_PATCH = 32,
	HTTP_OTHER = 64,
};

struct http_server;
struct http_tls;
struct http_request;
typedef void http_handler(struct http_request *r);

/* To add a route: add a row. HEAD is answered as GET without its body. */
struct http_route {
	unsigned methods;
	const char *
		path; /* exact; a path that ends in / * (no blank) is a prefix */
	/* Body bound: reads the setting each time; NULL:
	 * LIMIT_CONTROL_BODY_BYTES */
	int64_t (*max_body_bytes)(void *app);
	http_handler *handler; /* must answer or suspend before it returns */
};

/* A folder's routes with what http_app gives their handlers. */
struct http_routes {
	const struct http_route *rows; /* the last row's path is NULL */
	void *app;
};

/* Whether connections of a peer begin with a header of the PROXY protocol. */
enum http_proxy {
	HTTP_PROXY_OFF, /* no; also of a peer that is not believed */
	HTTP_PROXY_ON, /* yes; those without one are closed */
	HTTP_PROXY_AUTO, /* maybe */
};

struct http_options {
	const char *name; /* for logs and thread names: "capture" */
	/* From net_listen_tcp or a unix socket; owned; -1: none */
	int listen_fd;
	bool is_unix;
	struct http_tls *tls; /* NULL: no TLS; outlives the server */
	int tls_listen_fd; /* with tls: whose connections have it; owned */
	const struct http_routes
		*routes; /* the last one's rows is NULL; copied */
	void *app; /* http_app for requests without a route */
	int n_threads; /* 0: one per processor */
	int max_connections, max_connections_per_address;
	int64_t max_inflight_bytes; /* all bodies together; over it 503 */
	/* Of memory for a head and what is made of it; longer ones get 414 or
	 * 431. 0: LIMIT_HTTP_HEADER_BYTES. A connection holds so much. */
	size_t head_max_bytes;
	int64_t request_timeout_ms; /* head and body; then 408 */
	int64_t idle_timeout_ms;
	/* Asked at each new TCP connection with its real peer; NULL: OFF. The
	 * address in the header then is the peer in all that follows.
	 * @thread accept */
	enum http_proxy (*proxy)(void *app, const struct net_addr *peer);
	/* Host header check: NULL: any; else loopback names and the hosts of
	 * this comma-separated list are answered, others get 403. Read at each
	 * request. */
	const char *const *allowed_hosts;
	/* Called before every answer (CORS and the like); may be NULL. */
	void (*decorate)(struct http_request *r);
	/* Answers a path that no route has; NULL: 404, empty. */
	http_handler *not_found;
	/* Answers OPTIONS on every path whose routes do not list it; NULL:
	 * OPTIONS is a method as others. */
	http_handler *options;
	/* Told of each answer once it is handed to the socket; may be NULL. */
	void (*answered)(struct http_request *r, int status);
	/* Text for a refused body (TOO_BIG with the bound, TIMEOUT, BUSY):
	 * fills the answer; NULL: plain texts. */
	void (*refused)(
		struct http_request *r, enum err_code why, int64_t bound);
};

MUST_CHECK int http_start(
	const struct http_options *o, struct http_server **out, struct err *e);
/* Stops accepting; requests under way are finished until the deadline, then
 * connections are closed. NULL allowed. */
void http_stop(struct http_server *s, int64_t deadline_ns);
int http_n_connections(const struct http_server *s);

/* The request; valid until its answer is sent. */
void *http_app(const struct http_request *r);
enum http_method http_method(const struct http_request *r);
const char *http_method_text(const struct http_request *r);
struct slice http_path(const struct http_request *r); /* as sent, no query */
struct slice http_query(const struct http_request *r); /* raw, without ? */
struct slice http_body(const struct http_request *r);
/* Case-insensitive; .p NULL when absent. */
struct slice http_header(const struct http_request *r, const char *name);
void http_peer(const struct http_request *r, struct net_addr *out);
bool http_peer_is_unix(const struct http_request *r);
/* Of a unix socket: the system's user at its other end; false: not known. */
bool http_peer_uid(const struct http_request *r, uint32_t *uid);
bool http_is_tls(const struct http_request *r);
struct arena *http_arena(struct http_request *r);
int64_t http_received_at_us(const struct http_request *r);
/* A place for the handler's own state, NULL at first. */
void **http_cookie(struct http_request *r);

/* A number of the connection for the handler's use, 0 at first. Only in the
 * handler, on the HTTP thread. */
uint32_t *http_connection_note(struct http_request *r);

/* Answer. Headers first, then exactly one of the answers. The body and a
 * header's value are copied; its name and content_type (NULL: none) are
 * borrowed for ever: literals. */
void http_set_header(
	struct http_request *r, const char *name, const char *value);
void http_answer(struct http_request *r, int status, const char *content_type,
	struct slice body);
/* As answer, but takes the buf's memory. */
void http_answer_take(struct http_request *r, int status,
	const char *content_type, struct buf *body);
/* A body of unknown length: fn is called on an HTTP thread to fill at most max
 * bytes; returns the count, 0: the end, -1: break off, -2: nothing yet (asked
 * again soon). free is called once at the end. */
void http_answer_stream(struct http_request *r, int status,
	const char *content_type,
	long (*fn)(void *cookie, char *out, size_t max),
	void (*free_fn)(void *cookie), void *cookie);
/* Wait for another thread: suspend in the handler, BEFORE the work is handed
 * over; the other thread calls http_resume exactly once, after setting the
 * answer. A request that is not resumed within timeout_ms is answered
 * by on_timeout on the HTTP side (503); then http_resume returns false and the
 * other thread must not touch r again except through http_unref. */
void http_suspend(struct http_request *r, int64_t timeout_ms);
/* true: the caller now owns the right to answer: call an answer function and
 * then http_resume_finish. false: too late. */
bool http_resume_begin(struct http_request *r);
void http_resume_finish(struct http_request *r);
/* Instead of finish: gives the right to answer back, to wait for yet another
 * thread; r stays suspended, with a new deadline. */
void http_suspend_again(struct http_request *r, int64_t timeout_ms);
/* References keep r, its body and arena alive past the connection. */
void http_ref(struct http_request *r);
void http_unref(struct http_request *r);

/* Percent-decoding of query and form parts: + and %20 are spaces, bytes that
 * are not UTF-8 become U+FFFD. Walks name=value pairs; false at the end. */
struct http_pair {
	struct slice name, value; /* decoded, in the arena */
};
bool http_pair_next(struct arena *a, struct slice *rest, struct http_pair *out);

#endif
