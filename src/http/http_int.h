#ifndef SLUICE_HTTP_HTTP_INT_H
#define SLUICE_HTTP_HTTP_INT_H

#include <microhttpd.h>
#include <stdatomic.h>

#include "base/limits.h"
#include "base/thread.h"
#include "http/accept.h"
#include "http/admit.h"
#include "http/http.h"
#include "http/tls_int.h"

#define HTTP_MAX_HEADERS 24
#define HTTP_POOL_BODY_KEEP (64 * 1024)
#define HTTP_POOL_MAX 512
#define HTTP_HANDSHAKE_NS 10000000000
#define HTTP_SMALL_BODY ((size_t)64 * 1024)
#define HTTP_SLOWEST_PER_MS 16
#define HTTP_STREAM_RETRY_NS 20000000

/*
 * READING -> HANDLING [access callback, body complete]
 * READING -> EXPIRED [sweeper, deadline passed; the connection is cut]
 * HANDLING -> SUSPENDED [http_suspend]
 * SUSPENDED -> ANSWERING [http_resume_begin or the sweeper: one of them wins]
 * ANSWERING -> HANDLING [http_resume_finish; the connection runs again]
 * HANDLING -> SENDING [answer handed to libmicrohttpd]
 * SENDING -> WAITING [a stream has nothing yet] -> SENDING [sweeper]
 */
enum http_state {
	HTTP_READING,
	HTTP_EXPIRED,
	HTTP_HANDLING,
	HTTP_SUSPENDED,
	HTTP_ANSWERING,
	HTTP_SENDING,
	HTTP_WAITING,
};

struct http_header_kv {
	const char *name, *value;
};

struct http_stream {
	long (*fn)(void *cookie, char *out, size_t max);
	void (*free_fn)(void *cookie);
	void *cookie;
};

struct http_reply {
	bool is_set;
	int status;
	const char *content_type;
	int n_headers;
	struct http_header_kv headers[HTTP_MAX_HEADERS];
	struct slice body; /* in the arena or in taken */
	char *taken; /* mem_free at the end */
	bool is_stream;
	struct http_stream stream;
};

/* One TCP connection; freed when libmicrohttpd says that it is closed. */
struct http_conn {
	struct http_conn *next, *prev; /* guarded by lock http.server */
	struct http_server *s;
	int fd;
	struct net_addr peer;
	gnutls_session_t session; /* NULL: no TLS */
	struct http_cert *pair; /* of the session */
	int64_t began_ns;
	_Atomic bool is_shaking; /* the handshake is under way */
	struct lock lock; /* guards req against the sweeper */
	struct http_request *req;
	_Atomic int64_t head_deadline_ns; /* while there is no request */
	uint32_t note; /* the handler's */
	struct http_address *address;
	_Atomic bool has_served; /* a request */
	bool is_evicted; /* told to go; guarded by lock */
};

struct http_request {
	struct http_server *s;
	struct http_conn *conn; /* NULL once the connection let go */
	struct MHD_Connection *mc;
	_Atomic int refs;
	_Atomic int state; /* enum http_state */
	_Atomic int64_t deadline_ns;
	struct arena arena;
	struct buf body;
	int64_t accounted, told_bytes; /* of the body; -1: not told */
	struct http_address *address; /* NULL once the connection let go */
	struct slice path, query;
	enum http_method method;
	const char *method_text;
	bool is_started, is_discarding, has_refusal;
	bool did_suspend; /* touched by the HTTP thread alone */
	enum err_code refusal; /* why the body is thrown away */
	int64_t bound, discard_left;
	const struct http_route *route;
	void *app;
	void *cookie;
	int64_t received_at_us;
	struct net_addr peer;
	struct http_reply reply;
	struct http_request *next_free;
};

struct http_entry {
	const struct http_route *route;
	void *app;
	int next; /* next row of the same path, or -1 */
};

struct http_router {
	struct http_entry *entries;
	int n;
	int *slots; /* exact paths by hash; -1 empty */
	unsigned mask;
	int first_prefix; /* chain of prefix rows, longest first; -1 none */
};

struct http_server {
	struct http_options o;
	struct http_router router;
	struct http_admission admission;
	struct http_door doors[HTTP_MAX_DOORS];
	int n_doors;
	struct http_accept accept;
	struct lock lock; /* guards conns, sweeper_stop, pool */
	struct cond wake; /* the sweeper */
	struct http_conn *conns;
	bool sweeper_stop;
	struct thread sweeper;
	struct http_request *pool;
	int n_pool;
	/* Under way. Counted up when admitted, down when done; what was lost in
	 * between comes right at the sweeper's next look. */
	_Atomic int n_handshakes;
	_Atomic int n_conns, n_requests, n_suspended, n_waiting;
	_Atomic int n_live; /* requests with references, outside the pool */
	_Atomic bool stopping, stopping_hard;
	_Atomic int64_t inflight_bytes;
};

/* router.c */
MUST_CHECK int http_router_init(struct http_router *rt,
	const struct http_routes *routes, struct err *e);
void http_router_fini(struct http_router *rt);
/* NULL: no route has the path. *allowed is the union of its methods; route and
 * app of the row that serves the method, or row NULL. false: no such path. */
bool http_router_find(const struct http_router *rt, struct slice path,
	enum http_method m, const struct http_route **route, void **app,
	unsigned *allowed);
/* "GET, HEAD, POST" */
void http_router_allow(unsigned methods, char *out, size_t size);

/* request.c */
struct http_request *http_request_get(struct http_server *s);
void http_request_pool_free(struct http_server *s);

/* body.c: what libmicrohttpd calls for a request */
enum MHD_Result http_on_access(void *cookie, struct MHD_Connection *mc,
	const char *url, const char *method, const char *version,
	const char *upload, size_t *upload_size, void **con_cls);

/* answer.c */
/* The client has the request's time, and more for a long answer, to read it. */
void http_answer_deadline(struct http_request *r, size_t bytes);
/* Hands the reply to libmicrohttpd. @thread http */
enum MHD_Result http_reply_queue(struct http_request *r);
/* Writes the reply on the socket as it is, where libmicrohttpd takes none in
 * mid-upload. Best effort; the caller cuts the connection. Under TLS only the
 * HTTP thread may write; elsewhere it is left out. */
void http_reply_raw(struct http_request *r, bool on_http_thread);
/* Fills the reply for a refused body by the server's hook or a plain text. */
void http_refuse(struct http_request *r, enum err_code why);
void http_reply_drop(struct http_reply *a);

/* sweep.c */
void http_sweep_thread(void *cookie);
/* Does nothing: who calls it has this program's epoll_wait linked, also where a
 * sanitizer's library brings one that the linker would be content with. */
void http_epoll_keep(void);
void http_sweep_once(struct http_server *s, bool force);
bool http_host_allowed(const struct http_request *r);

#endif
