#include "http/http_int.h"

#include "base/clock.h"
#include "stats/refusal.h"
#include "stats/stats.h"

/*
 * From the head to the handler: route, bounds, the body, and what is thrown
 * away. libmicrohttpd takes an answer before the first body byte or after the
 * last one only, so a body that is too large is read and dropped up to its
 * bound once more, and the connection is cut beyond that.
 */
static enum http_method
method_of(const char *text)
{
	static const struct {
		const char *text;
		enum http_method method;
	} methods[] = {
		{"POST", HTTP_POST},
		{"GET", HTTP_GET},
		{"HEAD", HTTP_GET},
		{"OPTIONS", HTTP_OPTIONS},
		{"PUT", HTTP_PUT},
		{"DELETE", HTTP_DELETE},
		{"PATCH", HTTP_PATCH},
	};

	for (size_t i = 0; i < ARRAY_LEN(methods); i++)
		if (strcmp(text, methods[i].text) == 0)
			return methods[i].method;
	return HTTP_OTHER;
}

static void
start_discarding(struct http_request *r, enum err_code why)
{
	r->is_discarding = true;
	r->has_refusal = why != ERR_OK;
	r->refusal = why;
	r->discard_left = 2 * r->bound - (int64_t)r->body.len;
	buf_fini(&r->body);
	atomic_fetch_sub(&r->s->inflight_bytes, r->accounted);
	http_address_count(r->s, r->address, -r->accounted);
	r->accounted = 0;
}

/* Finds the route, or sets the answer to what has none. */
static void
find_route(struct http_request *r)
{
	struct http_server *s = r->s;
	unsigned allowed;
	char allow[80];

	r->app = s->o.app;
	r->bound = LIMIT_CONTROL_BODY_BYTES;
	if (!http_host_allowed(r)) {
		http_answer(r, 403, "text/plain; charset=utf-8",
			SLICE_LIT("this host name is not served here\n"));
		return;
	}
	bool found = http_router_find(
		&s->router, r->path, r->method, &r->route, &r->app, &allowed);

	if (r->route == NULL)
		r->app = s->o.app;
	if (r->route == NULL && r->method == HTTP_OPTIONS &&
		s->o.options != NULL) {
		s->o.options(r);
	} else if (!found) {
		if (s->o.not_found != NULL)
			s->o.not_found(r);
		else
			http_answer(r, 404, NULL, SLICE_NONE);
	} else if (r->route == NULL) {
		http_router_allow(allowed, allow, sizeof(allow));
		http_set_header(r, "Allow", allow);
		http_answer(r, 405, NULL, SLICE_NONE);
	} else if (r->route->max_body_bytes != NULL) {
		r->bound = r->route->max_body_bytes(r->app);
	}
}

static int64_t
content_length(const struct http_request *r)
{
	struct slice s = http_header(r, "Content-Length");
	int64_t n = 0;

	if (s.p == NULL || s.len == 0)
		return -1;
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] < '0' || s.p[i] > '9' || n > INT64_MAX / 10 - 9)
			return INT64_MAX;
		n = n * 10 + (s.p[i] - '0');
	}
	return n;
}

static enum MHD_Result
on_head(struct http_request *r, const char *method)
{
	int64_t n;

	if (atomic_load(&r->state) != HTTP_READING)
		return MHD_NO;
	r->is_started = true;
	r->method = method_of(method);
	r->method_text = method;
	find_route(r);
	n = content_length(r);
	if (r->reply.is_set)
		start_discarding(r, ERR_OK);
	if (n > r->bound && n - r->bound > r->bound) {
		if (!r->reply.is_set)
			http_refuse(r, ERR_TOO_BIG);
		http_answer_deadline(r, r->reply.body.len);
		atomic_store(&r->state, HTTP_SENDING);
		return http_reply_queue(r);
	}
	if (atomic_load(&r->s->stopping_hard))
		return MHD_NO;
	/* A body whose length was told takes no more memory than that. */
	r->told_bytes = n;
	r->body.max_bytes = (size_t)(n >= 0 && n < r->bound ? n : r->bound);
	if (!r->reply.is_set && n > r->bound)
		start_discarding(r, ERR_TOO_BIG);
	return MHD_YES;
}

static void
shed(struct http_request *r, enum err_code why, enum refusal reason)
{
	stats_add(STATS_HTTP_REFUSED, (int)reason, 1);
	start_discarding(r, why);
}

/* What the body's buffer is to hold, to take n more. A body that gets large
 * claims all of its length at once, if that was told: were all let grow until
 * there is no more, none would ever be whole. */
static size_t
size_for(const struct http_request *r, size_t n)
{
	size_t need = r->body.len + n, twice = 2 * r->body.cap;

	if (need <= r->body.cap)
		return r->body.cap;
	if (need > HTTP_SMALL_BODY && r->told_bytes >= (int64_t)need)
		return (size_t)r->told_bytes;
	if (need < twice)
		need = twice;
	return need < r->body.max_bytes ? need : r->body.max_bytes;
}

/* http-4. The last quarter of the budget is for small bodies, so that a few
 * large ones do not keep them out. */
static bool
claim(struct http_request *r, size_t size, enum refusal *why)
{
	struct http_server *s = r->s;
	int64_t more = (int64_t)size - r->accounted;
	int64_t most = s->o.max_inflight_bytes;
	bool is_large = size > HTTP_SMALL_BODY;

	if (more <= 0)
		return true;
	*why = REFUSAL_ADDRESS_BYTES;
	if (is_large && !http_address_may_take(s, r->address, more))
		return false;
	*why = REFUSAL_INFLIGHT_BYTES;
	if (atomic_fetch_add(&s->inflight_bytes, more) + more >
		(is_large ? most - most / 4 : most)) {
		atomic_fetch_sub(&s->inflight_bytes, more);
		return false;
	}
	http_address_count(s, r->address, more);
	r->accounted += more;
	return true;
}

/* Accounts for the body's memory against the budget of all bodies. */
static void
take_bytes(struct http_request *r, const char *p, size_t n)
{
	if ((int64_t)(r->body.len + n) > r->bound) {
		start_discarding(r, ERR_TOO_BIG);
		return;
	}
	if (r->body.cap - r->body.len < n ||
		(int64_t)r->body.cap > r->accounted) {
		size_t size = size_for(r, n);
		enum refusal why;

		if (!claim(r, size, &why)) {
			shed(r, ERR_BUSY, why);
			return;
		}
		if (buf_reserve(&r->body, size - r->body.len) == NULL) {
			shed(r, ERR_NO_MEMORY, REFUSAL_NO_MEMORY);
			return;
		}
	}
	buf_append(&r->body, p, n);
}

static enum MHD_Result
on_chunk(struct http_request *r, const char *p, size_t *n)
{
	if (atomic_load(&r->state) != HTTP_READING)
		return MHD_NO;
	if (!r->is_discarding)
		take_bytes(r, p, *n);
	if (r->is_discarding) {
		if ((int64_t)*n > r->discard_left) {
			if (!r->reply.is_set)
				http_refuse(r, r->refusal);
			http_reply_raw(r, true);
			return MHD_NO;
		}
		r->discard_left -= (int64_t)*n;
	}
	*n = 0;
	return MHD_YES;
}

enum MHD_Result
http_on_access(void *cookie, struct MHD_Connection *mc, const char *url,
	const char *method, const char *version, const char *upload,
	size_t *upload_size, void **con_cls)
{
	struct http_request *r = *con_cls;
	int reading = HTTP_READING;

	(void)cookie;
	(void)url;
	(void)version;
	if (r == NULL)
		return MHD_NO;
	r->mc = mc;
	if (!r->is_started || *upload_size > 0) {
		enum MHD_Result ok;

		/* http-2: the sweeper may be refusing this very request. */
		lock_take(&r->conn->lock);
		ok = r->is_started ? on_chunk(r, upload, upload_size)
				   : on_head(r, method);
		lock_release(&r->conn->lock);
		return ok;
	}
	if (atomic_compare_exchange_strong(
		    &r->state, &reading, HTTP_HANDLING)) {
		atomic_store(&r->deadline_ns, INT64_MAX);
		if (r->has_refusal)
			http_refuse(r, r->refusal);
		else if (!r->reply.is_set)
			r->route->handler(r);
		if (r->did_suspend)
			return MHD_YES; /* called again when resumed */
	} else if (reading != HTTP_HANDLING) {
		/* Expired; or a wake-up before http_resume_finish: wait on. */
		return reading == HTTP_EXPIRED ? MHD_NO : MHD_YES;
	}
	if (!r->reply.is_set)
		http_answer(r, 500, NULL, SLICE_NONE);
	http_answer_deadline(r, r->reply.body.len);
	atomic_store(&r->state, HTTP_SENDING);
	return http_reply_queue(r);
}
