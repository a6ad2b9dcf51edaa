#include "admin/sse.h"

#include <string.h>

#include "auth/auth.h"
#include "base/clock.h"
#include "base/mem.h"

#define LINE_MAX 100

/* On its channel's list from open to the end of its stream. */
struct sse_client {
	struct sse_channel *channel;
	struct sse_client *next, **link;
	void *cookie;
	void (*free_cookie)(void *cookie);
	struct buf out; /* what is not yet written, from at on */
	size_t at;
	int64_t opened_ns, wrote_ns;
	int64_t n_dropped; /* since it was last told */
	const struct auth *auth; /* NULL: nobody signs in here */
	uint64_t changes; /* of auth, when it was let in */
};

void
sse_init(struct sse_channel *ch)
{
	memset(ch, 0, sizeof(*ch));
	lock_init(&ch->lock);
}

void
sse_close(struct sse_channel *ch)
{
	lock_take(&ch->lock);
	ch->closed = true;
	lock_release(&ch->lock);
}

void
sse_fini(struct sse_channel *ch)
{
	INVARIANT(ch->first == NULL, "admin-6");
	lock_fini(&ch->lock);
}

static void
free_client(void *cookie)
{
	struct sse_client *s = cookie;
	struct sse_channel *ch = s->channel;

	lock_take(&ch->lock);
	*s->link = s->next;
	if (s->next != NULL)
		s->next->link = s->link;
	ch->n--;
	lock_release(&ch->lock);
	if (s->free_cookie != NULL)
		s->free_cookie(s->cookie);
	buf_fini(&s->out);
	mem_free(s);
}

/* Room for n bytes more, behind what is not yet written. */
static bool
make_room(struct sse_client *s, size_t n)
{
	if (s->at > 0) {
		memmove(s->out.p, s->out.p + s->at, s->out.len - s->at);
		s->out.len -= s->at;
		s->at = 0;
	}
	return s->out.len + n <= SSE_CLIENT_BYTES;
}

/* A line break inside would end the event. */
static void
put_line(struct buf *b, struct slice json)
{
	for (size_t i = 0; i < json.len; i++) {
		char ch = json.p[i];

		buf_append_char(b, ch == '\n' || ch == '\r' ? ' ' : ch);
	}
}

bool
sse_put(struct sse_client *s, const char *event, struct slice json)
{
	struct buf *b = &s->out;

	/* The news of what was dropped is to fit in any case. */
	if (s->n_dropped > 0 ||
		!make_room(s, json.len + strlen(event) + 2 * LINE_MAX)) {
		s->n_dropped++;
		s->channel->n_dropped++;
		return false;
	}
	buf_printf(b, "event: %s\ndata: ", event);
	put_line(b, json);
	buf_append_lit(b, "\n\n");
	if (!b->failed)
		return true;
	s->n_dropped++; /* no memory: what waited is lost with it */
	s->channel->n_dropped++;
	return false;
}

/* More for a client that has read all. */
static void
refill(struct sse_client *s, int64_t now_ns)
{
	buf_reset(&s->out);
	s->at = 0;
	if (s->n_dropped > 0)
		buf_printf(&s->out, "event: dropped\ndata: {\"n\":%lld}\n\n",
			(long long)s->n_dropped);
	else if (now_ns - s->wrote_ns >= SSE_HEARTBEAT_NS)
		buf_append_lit(&s->out, ": still here\n\n");
	s->n_dropped = 0;
}

/* Somebody may do less than before: who comes again is checked anew. */
static bool
may_be_over(const struct sse_client *s)
{
	return s->auth != NULL && auth_changes(s->auth) != s->changes;
}

/* @thread http */
static long
give(void *cookie, char *out, size_t max)
{
	struct sse_client *s = cookie;
	int64_t now_ns = clock_mono_ns();
	size_t n;
	long rc = -2;

	if (may_be_over(s))
		return 0;
	lock_take(&s->channel->lock);
	if (s->at == s->out.len || s->out.failed)
		refill(s, now_ns);
	n = s->out.len - s->at;
	if (n > 0) {
		n = n < max ? n : max;
		memcpy(out, s->out.p + s->at, n);
		s->at += n;
		s->wrote_ns = now_ns;
		rc = (long)n;
	} else if (s->channel->closed || now_ns - s->opened_ns > SSE_LIFE_NS) {
		rc = 0;
	}
	lock_release(&s->channel->lock);
	return rc;
}

static int
enter(struct sse_channel *ch, struct sse_client *s, struct err *e)
{
	int rc = 0;

	lock_take(&ch->lock);
	if (ch->closed) {
		rc = err_set(e, ERR_STOPPING, "the daemon stops");
	} else if (ch->n >= SSE_CLIENTS_MAX) {
		rc = err_set(e, ERR_BUSY,
			"%d pages watch this already: close one",
			SSE_CLIENTS_MAX);
	} else {
		s->next = ch->first;
		s->link = &ch->first;
		if (s->next != NULL)
			s->next->link = &s->next;
		ch->first = s;
		ch->n++;
	}
	lock_release(&ch->lock);
	return rc;
}

int
sse_open(struct admin_call *c, struct sse_channel *ch, void *cookie,
	void (*free_cookie)(void *cookie), struct err *e)
{
	struct sse_client *s = mem_new(struct sse_client);
	int rc = s == NULL ? err_set(e, ERR_NO_MEMORY, "no memory") : 0;

	if (rc == 0) {
		s->channel = ch;
		s->cookie = cookie;
		s->free_cookie = free_cookie;
		if (c->a != NULL && c->a->auth != NULL) {
			s->auth = c->a->auth;
			s->changes = auth_changes(s->auth);
		}
		s->opened_ns = s->wrote_ns = clock_mono_ns();
		buf_init(&s->out, 2 * SSE_CLIENT_BYTES);
		/* At once, so that the browser knows that it is connected. */
		buf_append_lit(&s->out, "retry: 2000\n\n");
		rc = enter(ch, s, e);
	}
	if (rc < 0) {
		if (free_cookie != NULL)
			free_cookie(cookie);
		if (s != NULL)
			buf_fini(&s->out);
		mem_free(s);
		return rc;
	}
	c->content_type = "text/event-stream";
	admin_set_header(c, "Cache-Control", "no-store");
	/* nginx would hold events back. */
	admin_set_header(c, "X-Accel-Buffering", "no");
	c->stream = give;
	c->stream_free = free_client;
	c->stream_cookie = s;
	return 0;
}

void
sse_each(struct sse_channel *ch,
	void (*fn)(void *arg, struct sse_client *s, void *cookie), void *arg)
{
	lock_take(&ch->lock);
	for (struct sse_client *s = ch->first; s != NULL; s = s->next)
		fn(arg, s, s->cookie);
	lock_release(&ch->lock);
}

struct event {
	const char *name;
	struct slice json;
};

static void
put_event(void *arg, struct sse_client *s, void *cookie)
{
	const struct event *ev = arg;

	(void)cookie;
	sse_put(s, ev->name, ev->json);
}

void
sse_publish(struct sse_channel *ch, const char *event, struct slice json)
{
	struct event ev = {event, json};

	sse_each(ch, put_event, &ev);
}

int
sse_n_clients(struct sse_channel *ch)
{
	int n;

	lock_take(&ch->lock);
	n = ch->n;
	lock_release(&ch->lock);
	return n;
}
