#include "http/http_int.h"

#include <stdio.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/rand.h"

#define STREAM_BLOCK_BYTES (64 * 1024)

void
http_set_header(struct http_request *r, const char *name, const char *value)
{
	struct http_reply *a = &r->reply;
	char *copy;

	if (a->n_headers >= HTTP_MAX_HEADERS || strpbrk(value, "\r\n") != NULL)
		return;
	copy = arena_strndup(&r->arena, slice_str(value));
	if (copy == NULL)
		return;
	a->headers[a->n_headers++] = (struct http_header_kv){name, copy};
}

void
http_answer(struct http_request *r, int status, const char *content_type,
	struct slice body)
{
	struct http_reply *a = &r->reply;

	http_reply_drop(a);
	a->is_set = true;
	a->is_stream = false;
	a->status = status;
	a->content_type = content_type;
	a->body = body.len == 0 ? SLICE_NONE : arena_dup_slice(&r->arena, body);
	if (body.len > 0 && a->body.p == NULL) {
		a->status = 503;
		a->body.len = 0;
	}
}

void
http_answer_take(struct http_request *r, int status, const char *content_type,
	struct buf *body)
{
	struct http_reply *a = &r->reply;

	if (body->failed) {
		http_answer(r, 503, NULL, SLICE_NONE);
		return;
	}
	http_answer(r, status, content_type, SLICE_NONE);
	a->taken = buf_take(body, &a->body.len);
	a->body.p = a->taken;
}

void
http_answer_stream(struct http_request *r, int status, const char *content_type,
	long (*fn)(void *cookie, char *out, size_t max),
	void (*free_fn)(void *cookie), void *cookie)
{
	http_answer(r, status, content_type, SLICE_NONE);
	r->reply.is_stream = true;
	r->reply.stream = (struct http_stream){fn, free_fn, cookie};
}

void
http_reply_drop(struct http_reply *a)
{
	if (a->is_stream && a->stream.free_fn != NULL)
		a->stream.free_fn(a->stream.cookie);
	a->is_stream = false;
	mem_free(a->taken);
	a->taken = NULL;
}

static void
refuse_busy(struct http_request *r)
{
	char seconds[2] = {(char)('1' + rand_u64() % 3), '\0'};

	http_set_header(r, "Retry-After", seconds);
	http_answer(r, 503, "text/plain; charset=utf-8",
		SLICE_LIT("busy, please retry\n"));
}

void
http_refuse(struct http_request *r, enum err_code why)
{
	http_reply_drop(&r->reply);
	r->reply.is_set = false;
	if (r->s->o.refused != NULL)
		r->s->o.refused(r, why, r->bound);
	if (r->reply.is_set)
		return;
	if (why == ERR_TOO_BIG)
		http_answer(r, 413, "text/plain; charset=utf-8",
			SLICE_LIT("the request body is too large\n"));
	else if (why == ERR_TIMEOUT)
		http_answer(r, 408, "text/plain; charset=utf-8",
			SLICE_LIT("the client stopped sending\n"));
	else
		refuse_busy(r);
}

void
http_answer_deadline(struct http_request *r, size_t bytes)
{
	int64_t ms = r->s->o.request_timeout_ms +
		     (int64_t)(bytes / HTTP_SLOWEST_PER_MS);

	atomic_store(&r->deadline_ns, clock_mono_ns() + ms * 1000000);
}

/* @thread http */
static ssize_t
read_stream(void *cookie, uint64_t pos, char *out, size_t max)
{
	struct http_request *r = cookie;
	long n = r->reply.stream.fn(r->reply.stream.cookie, out, max);

	(void)pos;
	if (n > 0) {
		http_answer_deadline(r, (size_t)n);
		return n;
	}
	if (n == 0)
		return MHD_CONTENT_READER_END_OF_STREAM;
	if (n != -2 || atomic_load(&r->s->stopping_hard)) {
		/* libmicrohttpd would close only at its next event. */
		shutdown(r->conn->fd, SHUT_RDWR);
		return MHD_CONTENT_READER_END_WITH_ERROR;
	}
	/* Nothing yet: the sweeper wakes the connection again soon. */
	atomic_fetch_add(&r->s->n_waiting, 1);
	atomic_store(&r->deadline_ns, clock_mono_ns() + HTTP_STREAM_RETRY_NS);
	MHD_suspend_connection(r->mc);
	atomic_store(&r->state, HTTP_WAITING);
	return 0;
}

static struct MHD_Response *
make_response(struct http_request *r)
{
	struct http_reply *a = &r->reply;

	if (a->is_stream)
		return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN,
			STREAM_BLOCK_BYTES, read_stream, r, NULL);
	/* The bytes live until the request has ended, as the response does. */
	return MHD_create_response_from_buffer(a->body.len,
		a->body.len == 0 ? NULL : (void *)(uintptr_t)a->body.p,
		MHD_RESPMEM_PERSISTENT);
}

static void
finish_headers(struct http_request *r)
{
	if (r->s->o.decorate != NULL)
		r->s->o.decorate(r);
	if (r->reply.content_type != NULL)
		http_set_header(r, "Content-Type", r->reply.content_type);
	if (atomic_load(&r->s->stopping))
		http_set_header(r, "Connection", "close");
}

enum MHD_Result
http_reply_queue(struct http_request *r)
{
	struct http_reply *a = &r->reply;
	struct MHD_Response *resp;
	enum MHD_Result ok;

	finish_headers(r);
	resp = make_response(r);
	if (resp == NULL)
		return MHD_NO;
	for (int i = 0; i < a->n_headers; i++)
		if (MHD_add_response_header(resp, a->headers[i].name,
			    a->headers[i].value) != MHD_YES) {
			MHD_destroy_response(resp);
			return MHD_NO;
		}
	ok = MHD_queue_response(r->mc, (unsigned)a->status, resp);
	MHD_destroy_response(resp);
	if (r->s->o.answered != NULL)
		r->s->o.answered(r, a->status);
	return ok;
}

/* A courtesy: the connection ends in any case. */
static void
send_raw(struct http_conn *c, const struct buf *b, bool on_http_thread)
{
	ssize_t n;

	if (c->session == NULL)
		n = send(c->fd, b->p, b->len, MSG_DONTWAIT | MSG_NOSIGNAL);
	else if (on_http_thread)
		n = gnutls_record_send(c->session, b->p, b->len);
	else
		return;
	(void)n;
}

void
http_reply_raw(struct http_request *r, bool on_http_thread)
{
	struct http_reply *a = &r->reply;
	struct buf b;

	buf_init(&b, LIMIT_HTTP_HEADER_BYTES);
	finish_headers(r);
	buf_printf(&b, "HTTP/1.1 %d %s\r\nConnection: close\r\n", a->status,
		MHD_get_reason_phrase_for((unsigned)a->status));
	for (int i = 0; i < a->n_headers; i++)
		buf_printf(&b, "%s: %s\r\n", a->headers[i].name,
			a->headers[i].value);
	buf_printf(&b, "Content-Length: %zu\r\n\r\n", a->body.len);
	buf_append_slice(&b, a->body);
	if (!b.failed)
		send_raw(r->conn, &b, on_http_thread);
	buf_fini(&b);
	if (r->s->o.answered != NULL)
		r->s->o.answered(r, a->status);
}
