#include "http/admit.h"

#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/rand.h"
#include "http/http_int.h"
#include "stats/refusal.h"
#include "stats/stats.h"

/*
 * Connections in all and of each address (an IPv6 network of 64 bits counts as
 * one). When all are in use, those that have been idle for longest between two
 * requests, or have sent no whole head yet, are closed to make room (http-9).
 */
#define MAKE_ROOM_EVERY_NS 50000000
#define IDLE_AT_LEAST_NS 500000000 /* between two requests */
#define SILENT_AT_LEAST_NS 5000000000 /* without a whole head */
#define CLOSE_AT_ONCE 64
#define LOG_EVERY_NS 10000000000

static struct http_address **
find(struct http_admission *a, const struct net_addr *key)
{
	unsigned h = key->is_v6;
	struct http_address **at;

	for (int i = 0; i < 16; i++)
		h = h * 31 + key->b[i];
	at = &a->buckets[h % HTTP_ADDRESS_BUCKETS];
	while (*at != NULL && ((*at)->key.is_v6 != key->is_v6 ||
				      memcmp((*at)->key.b, key->b, 16) != 0))
		at = &(*at)->next;
	return at;
}

static struct net_addr
key_of(const struct net_addr *client)
{
	struct net_addr key = *client;

	net_addr_mask(&key, 32, 64);
	return key;
}

void
http_admission_init(struct http_admission *a)
{
	lock_init(&a->lock);
}

void
http_admission_fini(struct http_admission *a)
{
	for (int i = 0; i < HTTP_ADDRESS_BUCKETS; i++)
		while (a->buckets[i] != NULL) {
			struct http_address *gone = a->buckets[i];

			a->buckets[i] = gone->next;
			mem_free(gone);
		}
	lock_fini(&a->lock);
}

/* false: the address has all that it may have. */
static bool
count_address(struct http_server *s, const struct net_addr *client)
{
	struct http_admission *a = &s->admission;
	const struct net_addr key = key_of(client);
	struct http_address **at;
	bool yes = true;

	lock_take(&a->lock);
	at = find(a, &key);
	if (*at == NULL && (*at = mem_new(struct http_address)) != NULL)
		(*at)->key = key;
	if (*at == NULL || (*at)->n >= s->o.max_connections_per_address)
		yes = false;
	else
		(*at)->n++;
	lock_release(&a->lock);
	return yes;
}

struct http_address *
http_address_of(struct http_server *s, const struct net_addr *client)
{
	const struct net_addr key = key_of(client);
	struct http_address *found;

	lock_take(&s->admission.lock);
	found = *find(&s->admission, &key);
	lock_release(&s->admission.lock);
	return found;
}

void
http_release(struct http_server *s, const struct net_addr *client)
{
	struct http_admission *a = &s->admission;
	const struct net_addr key = key_of(client);
	struct http_address **at;

	atomic_fetch_sub(&a->n, 1);
	lock_take(&a->lock);
	at = find(a, &key);
	if (*at != NULL && --(*at)->n == 0) {
		struct http_address *gone = *at;

		*at = gone->next;
		mem_free(gone);
	}
	lock_release(&a->lock);
}

struct oldest {
	struct http_conn *conns[CLOSE_AT_ONCE];
	int64_t idle_until_ns[CLOSE_AT_ONCE];
	int n;
};

static void
offer(struct oldest *o, struct http_conn *c, int64_t idle_until_ns)
{
	int i = o->n;

	if (i == CLOSE_AT_ONCE) {
		if (idle_until_ns >= o->idle_until_ns[i - 1])
			return;
		i--;
	} else {
		o->n++;
	}
	for (; i > 0 && o->idle_until_ns[i - 1] > idle_until_ns; i--) {
		o->conns[i] = o->conns[i - 1];
		o->idle_until_ns[i] = o->idle_until_ns[i - 1];
	}
	o->conns[i] = c;
	o->idle_until_ns[i] = idle_until_ns;
}

static bool
close_idle(struct http_conn *c)
{
	int unread = 0;
	bool yes;

	lock_take(&c->lock);
	yes = c->req == NULL && !c->is_evicted &&
	      ioctl(c->fd, FIONREAD, &unread) == 0 && unread == 0;
	if (yes) {
		c->is_evicted = true;
		shutdown(c->fd, SHUT_RDWR);
	}
	lock_release(&c->lock);
	return yes;
}

/* Closes those idle for longest; they count until they are gone, so as many may
 * come in at once. */
static void
make_room(struct http_server *s)
{
	int64_t now_ns = clock_mono_ns();
	int64_t silent = s->o.request_timeout_ms * 1000000;
	int64_t served = silent + s->o.idle_timeout_ms * 1000000;
	struct oldest o = {.n = 0};

	if (now_ns - s->admission.made_room_ns < MAKE_ROOM_EVERY_NS)
		return;
	s->admission.made_room_ns = now_ns;
	served -= IDLE_AT_LEAST_NS;
	silent -= SILENT_AT_LEAST_NS;
	lock_take(&s->lock);
	for (struct http_conn *c = s->conns; c != NULL; c = c->next) {
		int64_t at = atomic_load(&c->head_deadline_ns);

		/* A handshake has its own, shorter time. */
		if (!c->is_evicted && !atomic_load(&c->is_shaking) &&
			at - now_ns < (c->has_served ? served : silent))
			offer(&o, c, at);
	}
	for (int i = 0; i < o.n; i++)
		if (close_idle(o.conns[i])) {
			atomic_fetch_add(&s->admission.n_leaving, 1);
			stats_add(STATS_HTTP_REFUSED, REFUSAL_IDLE_CLOSED, 1);
		}
	lock_release(&s->lock);
}

static bool
has_room(const struct http_server *s)
{
	return atomic_load(&s->admission.n) -
		       atomic_load(&s->admission.n_leaving) <
	       s->o.max_connections;
}

/* The text is a courtesy, seen by who reads before writing. */
static void
turn_away(struct http_server *s, const struct http_door *door, int fd,
	enum refusal why)
{
	static const char form[] =
		"HTTP/1.1 503 Service Unavailable\r\nRetry-After: %u\r\n"
		"Connection: close\r\nContent-Length: 0\r\n\r\n";
	int64_t now_ns = clock_mono_ns();
	char text[160];
	int n = snprintf(
		text, sizeof(text), form, 1 + (unsigned)(rand_u64() % 5));

	stats_add(STATS_HTTP_REFUSED, (int)why, 1);
	if (now_ns >= s->admission.log_ns) {
		s->admission.log_ns = now_ns + LOG_EVERY_NS;
		log_warn("http_connections_refused", "server=%s reason=%s",
			s->o.name, stats_label(STATS_HTTP_REFUSED, (int)why));
	}
	if (!door->is_tls &&
		send(fd, text, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL) == n)
		shutdown(fd, SHUT_WR);
}

static bool
may_shake_hands(struct http_server *s, const struct http_door *door)
{
	if (!door->is_tls ||
		atomic_fetch_add(&s->n_handshakes, 1) < LIMIT_TLS_HANDSHAKES)
		return true;
	atomic_fetch_sub(&s->n_handshakes, 1);
	http_tls_crowded();
	return false;
}

bool
http_admit(struct http_server *s, const struct http_door *door, int fd,
	const struct net_addr *client)
{
	if (!has_room(s))
		make_room(s);
	if (!has_room(s)) {
		turn_away(s, door, fd, REFUSAL_CONNECTIONS);
		return false;
	}
	if (!may_shake_hands(s, door))
		return false;
	if (!count_address(s, client)) {
		if (door->is_tls)
			atomic_fetch_sub(&s->n_handshakes, 1);
		turn_away(s, door, fd, REFUSAL_ADDRESS_CONNECTIONS);
		return false;
	}
	atomic_fetch_add(&s->admission.n, 1);
	return true;
}

/* http-4: where more than half of the budget is in use, addresses with bodies
 * under way have equal parts of three quarters. */
bool
http_address_may_take(struct http_server *s, struct http_address *a, int64_t n)
{
	int64_t most = s->o.max_inflight_bytes;
	int64_t mine;
	int sharers;

	if (a == NULL || atomic_load(&s->inflight_bytes) + n <= most / 2)
		return true;
	mine = atomic_load(&a->bytes);
	sharers = atomic_load(&s->admission.n_sending) + (mine == 0);
	return mine + n <= most / 4 * 3 / (sharers < 1 ? 1 : sharers);
}

void
http_address_count(struct http_server *s, struct http_address *a, int64_t n)
{
	int64_t before;

	if (a == NULL || n == 0)
		return;
	before = atomic_fetch_add(&a->bytes, n);
	if (before == 0)
		atomic_fetch_add(&s->admission.n_sending, 1);
	else if (before + n == 0)
		atomic_fetch_sub(&s->admission.n_sending, 1);
}
