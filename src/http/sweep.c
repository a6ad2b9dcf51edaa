#include "http/http_int.h"

#include <sys/socket.h>

#include "base/clock.h"
#include "base/mem.h"
#include "stats/refusal.h"
#include "stats/stats.h"

#define TICK_NS 200000000
#define SLOW_AFTER_MS 5000

/*
 * One thread per server keeps what libmicrohttpd does not: total deadlines of
 * head and body, deadlines of suspended requests, and the waking of streams
 * that had nothing to send. It reads each connection's request under the
 * connection's lock (http-2) and decides by the request's state.
 */
static void
cut(struct http_conn *c)
{
	shutdown(c->fd, SHUT_RDWR);
}

static void
expire_head(struct http_conn *c)
{
	static const char text[] =
		"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n"
		"Content-Length: 0\r\n\r\n";
	ssize_t n;

	stats_add(STATS_HTTP_REFUSED, REFUSAL_HEAD_TIMEOUT, 1);
	if (c->session == NULL) {
		n = send(c->fd, text, sizeof(text) - 1,
			MSG_DONTWAIT | MSG_NOSIGNAL);
		(void)n; /* a courtesy: the connection ends in any case */
	}
	http_tls_late(c);
	cut(c);
	atomic_store(&c->head_deadline_ns, INT64_MAX);
}

static void
expire_body(struct http_conn *c, struct http_request *r)
{
	int reading = HTTP_READING;

	if (!atomic_compare_exchange_strong(&r->state, &reading, HTTP_EXPIRED))
		return;
	stats_add(STATS_HTTP_REFUSED, REFUSAL_BODY_TIMEOUT, 1);
	if (r->is_started) {
		http_refuse(r, ERR_TIMEOUT);
		http_reply_raw(r, false);
	}
	cut(c);
}

static void
expire_suspended(struct http_request *r, bool force)
{
	if (!http_resume_begin(r))
		return;
	stats_add(STATS_HTTP_REFUSED,
		force ? REFUSAL_STOPPING : REFUSAL_NOT_ANSWERED, 1);
	http_refuse(r, force ? ERR_STOPPING : ERR_BUSY);
	http_resume_finish(r);
}

/* The client does not read. */
static void
expire_answer(struct http_conn *c, struct http_request *r)
{
	stats_add(STATS_HTTP_REFUSED, REFUSAL_SEND_TIMEOUT, 1);
	atomic_store(&r->deadline_ns, INT64_MAX);
	cut(c);
}

static void
wake_stream(struct http_request *r)
{
	struct http_server *s = r->s;

	http_answer_deadline(r, 0);
	atomic_store(&r->state, HTTP_SENDING);
	MHD_resume_connection(r->mc);
	atomic_fetch_sub(&s->n_waiting, 1);
}

/* A large body that has claimed its memory must keep coming. */
static bool
is_too_slow(const struct http_request *r, int64_t now)
{
	int64_t ms = (now - atomic_load(&r->deadline_ns)) / 1000000 +
		     r->s->o.request_timeout_ms;

	return atomic_load(&r->state) == HTTP_READING &&
	       r->accounted > (int64_t)HTTP_SMALL_BODY && ms > SLOW_AFTER_MS &&
	       (int64_t)r->body.len < ms * HTTP_SLOWEST_PER_MS;
}

static void
sweep_request(
	struct http_conn *c, struct http_request *r, int64_t now, bool force)
{
	if (now < atomic_load(&r->deadline_ns) && !force &&
		!is_too_slow(r, now))
		return;
	switch ((enum http_state)atomic_load(&r->state)) {
	case HTTP_READING:
		if (!force)
			expire_body(c, r);
		break;
	case HTTP_SUSPENDED:
		expire_suspended(r, force);
		break;
	case HTTP_WAITING:
		wake_stream(r);
		break;
	case HTTP_EXPIRED:
	case HTTP_HANDLING:
	case HTTP_ANSWERING:
		break;
	case HTTP_SENDING:
		if (!force)
			expire_answer(c, r);
		break;
	}
}

void
http_sweep_once(struct http_server *s, bool force)
{
	int64_t now = clock_mono_ns();
	bool crowded = atomic_load(&s->n_handshakes) > LIMIT_TLS_HANDSHAKES / 2;
	int n_shaking = 0;

	lock_take(&s->lock);
	for (struct http_conn *c = s->conns; c != NULL; c = c->next) {
		int64_t by = atomic_load(&c->head_deadline_ns);

		/* Many handshakes at once have less time each. */
		if (crowded && atomic_load(&c->is_shaking) &&
			c->began_ns + HTTP_HANDSHAKE_NS / 5 < by)
			by = c->began_ns + HTTP_HANDSHAKE_NS / 5;
		lock_take(&c->lock);
		if (c->req != NULL)
			sweep_request(c, c->req, now, force);
		else if (now >= by)
			expire_head(c);
		n_shaking += atomic_load(&c->is_shaking);
		lock_release(&c->lock);
	}
	lock_release(&s->lock);
	atomic_store(&s->n_handshakes, n_shaking);
}

void
http_sweep_thread(void *cookie)
{
	struct http_server *s = cookie;
	bool stop = false;

	while (!stop) {
		int64_t wait = atomic_load(&s->n_waiting) > 0
				       ? HTTP_STREAM_RETRY_NS
				       : TICK_NS;

		lock_take(&s->lock);
		if (!s->sweeper_stop)
			cond_wait_until(
				&s->wake, &s->lock, clock_mono_ns() + wait);
		stop = s->sweeper_stop;
		lock_release(&s->lock);
		http_sweep_once(s, false);
	}
}

void
http_suspend(struct http_request *r, int64_t timeout_ms)
{
	atomic_fetch_add(&r->s->n_suspended, 1);
	r->did_suspend = true;
	atomic_store(&r->deadline_ns, clock_mono_ns() + timeout_ms * 1000000);
	MHD_suspend_connection(r->mc);
	atomic_store(&r->state, HTTP_SUSPENDED);
}

/* http-3 */
bool
http_resume_begin(struct http_request *r)
{
	int suspended = HTTP_SUSPENDED;

	return atomic_compare_exchange_strong(
		&r->state, &suspended, HTTP_ANSWERING);
}

void
http_resume_finish(struct http_request *r)
{
	struct http_server *s = r->s;

	atomic_store(&r->state, HTTP_HANDLING);
	MHD_resume_connection(r->mc);
	/* The server waits for this count before it ends. */
	atomic_fetch_sub(&s->n_suspended, 1);
}

void
http_suspend_again(struct http_request *r, int64_t timeout_ms)
{
	atomic_store(&r->deadline_ns, clock_mono_ns() + timeout_ms * 1000000);
	atomic_store(&r->state, HTTP_SUSPENDED);
}

static bool
host_in_list(struct slice host, const char *list)
{
	while (*list != '\0') {
		size_t n = strcspn(list, ",");

		if (slice_eq_nocase(host, slice_trim(slice_of(list, n))))
			return true;
		list += n;
		list += *list == ',';
	}
	return false;
}

/* Without its port; [::1]:80 and ::1 too. */
static struct slice
host_name(struct slice h)
{
	const char *colon;

	if (h.len > 0 && h.p[0] == '[') {
		const char *end = memchr(h.p, ']', h.len);

		if (end != NULL)
			return slice_of(h.p + 1, (size_t)(end - h.p) - 1);
		return h;
	}
	colon = h.len == 0 ? NULL : memchr(h.p, ':', h.len);
	if (colon != NULL)
		h.len = (size_t)(colon - h.p);
	return h;
}

bool
http_host_allowed(const struct http_request *r)
{
	static const struct net_cidr loopback[] = {
		{{false, {127}}, 8},
		{{true, {[15] = 1}}, 128},
	};
	struct slice host;
	struct net_addr a;

	if (r->s->o.allowed_hosts == NULL || r->s->o.is_unix)
		return true;
	host = host_name(slice_trim(http_header(r, "Host")));
	if (host.len == 0)
		return false;
	if (slice_eq_nocase(host, SLICE_LIT("localhost")))
		return true;
	if (net_addr_parse(host, &a) &&
		(net_cidr_contains(&loopback[0], &a) ||
			net_cidr_contains(&loopback[1], &a)))
		return true;
	return host_in_list(host, *r->s->o.allowed_hosts);
}
