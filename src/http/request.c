#include "http/http_int.h"

#include <sys/socket.h>

#include "base/mem.h"

#define ARENA_MAX_BYTES (192u * 1024 * 1024)

/* Requests are pooled, so that a request costs no allocation of its own. */
struct http_request *
http_request_get(struct http_server *s)
{
	struct http_request *r;

	lock_take(&s->lock);
	r = s->pool;
	if (r != NULL) {
		s->pool = r->next_free;
		s->n_pool--;
	}
	lock_release(&s->lock);
	if (r == NULL) {
		r = mem_new(struct http_request);
		if (r == NULL)
			return NULL;
		r->s = s;
		arena_init(&r->arena, ARENA_MAX_BYTES);
		buf_init(&r->body, (size_t)1 << 32);
	}
	atomic_store(&r->refs, 1);
	atomic_store(&r->state, HTTP_READING);
	atomic_fetch_add(&s->n_live, 1);
	return r;
}

static void
request_free(struct http_request *r)
{
	arena_fini(&r->arena);
	buf_fini(&r->body);
	mem_free(r);
}

/* Back to the pool, with what memory is worth keeping. */
static void
request_put(struct http_request *r)
{
	struct http_server *s = r->s;

	http_reply_drop(&r->reply);
	atomic_fetch_sub(&s->inflight_bytes, r->accounted);
	r->accounted = 0;
	if (r->body.cap > HTTP_POOL_BODY_KEEP)
		buf_fini(&r->body);
	buf_reset(&r->body);
	arena_reset(&r->arena);
	r->conn = NULL;
	r->mc = NULL;
	r->is_started = r->is_discarding = r->has_refusal = false;
	r->did_suspend = false;
	r->route = NULL;
	r->app = NULL;
	r->cookie = NULL;
	r->path = r->query = SLICE_NONE;
	r->bound = r->discard_left = 0;
	r->reply.is_set = false;
	r->reply.is_stream = false;
	r->reply.n_headers = 0;
	r->reply.body = SLICE_NONE;
	lock_take(&s->lock);
	if (s->n_pool < HTTP_POOL_MAX) {
		r->next_free = s->pool;
		s->pool = r;
		s->n_pool++;
		r = NULL;
	}
	/* Under the lock: http_stop frees the server when it sees zero. */
	atomic_fetch_sub(&s->n_live, 1);
	lock_release(&s->lock);
	if (r != NULL)
		request_free(r);
}

void
http_request_pool_free(struct http_server *s)
{
	while (s->pool != NULL) {
		struct http_request *r = s->pool;

		s->pool = r->next_free;
		request_free(r);
	}
}

void
http_ref(struct http_request *r)
{
	atomic_fetch_add(&r->refs, 1);
}

void
http_unref(struct http_request *r)
{
	if (atomic_fetch_sub(&r->refs, 1) == 1)
		request_put(r);
}

void *
http_app(const struct http_request *r)
{
	return r->app;
}

enum http_method
http_method(const struct http_request *r)
{
	return r->method;
}

const char *
http_method_text(const struct http_request *r)
{
	return r->method_text;
}

struct slice
http_path(const struct http_request *r)
{
	return r->path;
}

struct slice
http_query(const struct http_request *r)
{
	return r->query;
}

struct slice
http_body(const struct http_request *r)
{
	return buf_slice(&r->body);
}

struct slice
http_header(const struct http_request *r, const char *name)
{
	const char *value = NULL;
	size_t len = 0;

	if (r->mc == NULL ||
		MHD_lookup_connection_value_n(r->mc, MHD_HEADER_KIND, name,
			strlen(name), &value, &len) != MHD_YES ||
		value == NULL)
		return SLICE_NONE;
	return slice_of(value, len);
}

void
http_peer(const struct http_request *r, struct net_addr *out)
{
	*out = r->peer;
}

bool
http_peer_is_unix(const struct http_request *r)
{
	return r->s->o.is_unix;
}

bool
http_peer_uid(const struct http_request *r, uint32_t *uid)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (!r->s->o.is_unix || r->conn == NULL ||
		getsockopt(r->conn->fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) !=
			0)
		return false;
	*uid = peer.uid;
	return true;
}

bool
http_is_tls(const struct http_request *r)
{
	return r->conn != NULL && r->conn->session != NULL;
}

struct arena *
http_arena(struct http_request *r)
{
	return &r->arena;
}

int64_t
http_received_at_us(const struct http_request *r)
{
	return r->received_at_us;
}

uint32_t *
http_connection_note(struct http_request *r)
{
	return &r->conn->note;
}

void **
http_cookie(struct http_request *r)
{
	return &r->cookie;
}
