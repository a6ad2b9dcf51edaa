#ifndef SLUICE_ADMIN_SSE_H
#define SLUICE_ADMIN_SSE_H

#include "admin/admin_int.h"

/*
 * Server-sent events. A handler opens a client on a channel and is done; its
 * answer is a stream that goes on while whoever has the channel publishes.
 * Publishing waits for nobody: a client has SSE_CLIENT_BYTES, what does not fit
 * is dropped and counted, and it is told by the event "dropped" {"n"} when it
 * reads again (admin-6). A client that does not read is closed by the HTTP
 * server's deadline. After SSE_LIFE_NS, and when somebody's rights end, clients
 * are let go, so that their browsers come again and are checked anew.
 */
#define SSE_CLIENT_BYTES ((size_t)256 * 1024)
#define SSE_CLIENTS_MAX 64 /* of one channel */
#define SSE_HEARTBEAT_NS INT64_C(15000000000)
#define SSE_LIFE_NS INT64_C(600000000000)

struct sse_client;
struct sse_channel {
	struct lock lock; /* guards the list and its clients */
	struct sse_client *first;
	int n;
	bool closed;
	uint64_t n_dropped; /* events, of all clients */
};

void sse_init(struct sse_channel *ch);
/* Clients end at their next turn, and no more are let in. */
void sse_close(struct sse_channel *ch);
/* After the servers have stopped: no client is left. */
void sse_fini(struct sse_channel *ch);

/* Makes c's answer a stream of the channel. cookie is the caller's, for
 * sse_each; it is freed by free_cookie (NULL allowed) when the client has gone,
 * and at once if this fails. BUSY: there are too many. */
MUST_CHECK int sse_open(struct admin_call *c, struct sse_channel *ch,
	void *cookie, void (*free_cookie)(void *cookie), struct err *e);

/* An event for one client, inside sse_each; json is one JSON value. false: it
 * was dropped. */
bool sse_put(struct sse_client *s, const char *event, struct slice json);
/* Calls fn with each client. @thread any */
void sse_each(struct sse_channel *ch,
	void (*fn)(void *arg, struct sse_client *s, void *cookie), void *arg);
/* An event for all. @thread any */
void sse_publish(struct sse_channel *ch, const char *event, struct slice json);
int sse_n_clients(struct sse_channel *ch);

#endif
