#include "broker/broker.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "broker/catalog.h"
#include "broker/group.h"
#include "broker/produce.h"
#include "broker/topic_config.h"

#define SCRATCH_BYTES ((size_t)64 * 1024)
#define EXPIRE_NS (600 * (int64_t)1000000000)

enum kerr
broker_kerr_of(enum err_code code)
{
	switch (code) {
	case ERR_OK:
		return KERR_NONE;
	case ERR_INVALID:
		return KERR_INVALID_REQUEST;
	case ERR_TOO_BIG:
		return KERR_TOO_LARGE;
	case ERR_DENIED:
		return KERR_TOPIC_DENIED;
	case ERR_NOT_FOUND:
		return KERR_UNKNOWN_TOPIC;
	case ERR_EXISTS:
		return KERR_TOPIC_EXISTS;
	case ERR_UNSUPPORTED:
		return KERR_UNSUPPORTED_VERSION;
	case ERR_BUSY:
	case ERR_TIMEOUT:
	case ERR_UNSURE:
		return KERR_TIMED_OUT;
	case ERR_UNAVAILABLE:
		return KERR_LEADER_NOT_AVAILABLE;
	case ERR_STOPPING:
		return KERR_NOT_LEADER;
	case ERR_NO_SPACE:
	case ERR_IO:
		return KERR_STORAGE;
	case ERR_CORRUPT:
		return KERR_CORRUPT;
	case ERR_NO_MEMORY:
	case ERR_BUG:
	case ERR_N_CODES:
		break;
	}
	return KERR_UNKNOWN;
}

static int
set_advertised(struct broker *b, struct err *e)
{
	const char *text = b->conf->kafka_advertised;
	const char *colon = strrchr(text, ':');
	size_t len = colon == NULL ? 0 : (size_t)(colon - text);
	long port = 0;

	if (text[0] == '\0')
		return 0;
	for (const char *p = colon == NULL ? "x" : colon + 1; *p != '\0'; p++)
		port = *p >= '0' && *p <= '9' && port < 65536
			       ? port * 10 + (*p - '0')
			       : 65536;
	if (len == 0 || len >= sizeof(b->advertised_host) || port < 1 ||
		port > 65535)
		return err_set(e, ERR_INVALID,
			"kafka.advertised is %s: it must be host:port", text);
	if (text[0] == '[' && text[len - 1] == ']') {
		text++;
		len -= 2;
	}
	memcpy(b->advertised_host, text, len);
	b->advertised_port = (uint16_t)port;
	return 0;
}

static void
init(struct broker *b, const struct broker_options *o)
{
	b->conf = o->conf;
	b->files[TOPIC_SPOOL] = o->spool;
	b->files[TOPIC_STATE] = o->state;
	b->files[TOPIC_BROKER] = o->broker;
	b->epoll_fd = b->event_fd = b->listen_fd = -1;
	b->mem_max = (size_t)o->conf->kafka_memory_max_bytes;
	b->starved_last = &b->starved;
	b->posts_last = &b->posts;
	b->retry_last = &b->retry;
	b->pool.last = &b->pool.first;
	lock_init(&b->lock);
	lock_init(&b->post_lock);
	lock_init(&b->pool.lock);
	cond_init(&b->pool.wake);
	broker_map_init(&b->topics);
	broker_map_init(&b->topic_ids);
	broker_map_init(&b->store_parts);
	broker_map_init(&b->groups);
	broker_timer_wheel_init(&b->timers, broker_now_ns());
}

static int
open_fds(struct broker *b, struct err *e)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = &b->event_fd};

	b->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	b->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (b->epoll_fd < 0 || b->event_fd < 0 ||
		epoll_ctl(b->epoll_fd, EPOLL_CTL_ADD, b->event_fd, &ev) != 0)
		return err_sys(e, ERR_IO, "broker: epoll");
	return 0;
}

int
broker_new(const struct broker_options *o, struct broker **out, struct err *e)
{
	struct broker *b = mem_new(struct broker);
	int r;

	if (b == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory for the broker");
	init(b, o);
	b->scratch = mem_alloc(SCRATCH_BYTES);
	r = b->scratch == NULL
		    ? err_set(e, ERR_NO_MEMORY, "no memory for the broker")
		    : set_advertised(b, e);
	if (r == 0)
		r = open_fds(b, e);
	if (r == 0)
		r = broker_catalog_load(b, e);
	if (r == 0)
		r = broker_groups_load(b, e);
	if (r == 0)
		r = broker_watch_init(b, e);
	if (r != 0) {
		broker_free(b);
		return r;
	}
	*out = b;
	return 0;
}

/* Forgets old states of idempotent producers. */
static int
run_expire(struct store_job *j, struct store_conn *c, struct err *e)
{
	struct store_stmt *st;
	int r = sql_get(c, &broker_sql, BROKER_SQL_PRODUCERS_EXPIRE, &st, e);

	(void)j;
	if (r != 0)
		return r;
	sql_bind_i64(st, 1, clock_now_us() / 1000 - PRODUCER_EXPIRE_MS);
	return sql_run(st, e);
}

static void
on_expired(struct broker *b, struct broker_job *j)
{
	(void)b;
	if (j->result.code != ERR_OK)
		log_warn("broker_expire_failed", "text=%s",
			log_q(j->result.text));
	mem_free(j);
}

static void
on_expire_timer(struct broker *b, struct timer *t)
{
	for (int f = 1; f < BROKER_N_FILES && !b->is_stopping; f++) {
		struct broker_job *j = mem_new(struct broker_job);
		struct err e;

		if (j == NULL)
			break;
		j->job.run = run_expire;
		j->job.bytes = 64;
		j->finish = on_expired;
		if (broker_job_submit(b, b->files[f], j, &e) != 0)
			mem_free(j);
	}
	broker_timer_set(&b->timers, t, broker_now_ns() + EXPIRE_NS);
}

static int
open_listener(struct broker *b, uint16_t *port, struct err *e)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = &b->listen_fd};
	struct net_listen l;
	struct net_addr a;
	int r = net_listen_parse(b->conf->kafka_listen, &l, e);

	*port = 0;
	if (r != 0)
		return err_prefix(e, "kafka.listen");
	if (l.is_off)
		return 0;
	r = net_listen_tcp(&l, &b->listen_fd, &b->port, e);
	if (r != 0)
		return err_prefix(e, "kafka.listen");
	b->listens_on_loopback =
		strcmp(l.host, "localhost") == 0 ||
		(net_addr_parse(slice_str(l.host), &a) &&
			(a.is_v6 ? a.b[15] == 1 : a.b[0] == 127));
	*port = b->port;
	if (epoll_ctl(b->epoll_fd, EPOLL_CTL_ADD, b->listen_fd, &ev) != 0)
		return err_sys(e, ERR_IO, "broker: epoll");
	return 0;
}

int
broker_start(struct broker *b, uint16_t *port, struct err *e)
{
	int r = open_listener(b, port, e);

	if (r == 0)
		r = broker_pool_start(b, e);
	if (r != 0)
		return r;
	b->expire.fn = on_expire_timer;
	broker_timer_set(&b->timers, &b->expire, broker_now_ns() + EXPIRE_NS);
	lock_take(&b->lock);
	r = thread_start(&b->net, "broker", broker_net_main, b, e);
	b->net_runs = r == 0;
	lock_release(&b->lock);
	return r;
}

void
broker_reload(struct broker *b, const struct conf *conf)
{
	lock_take(&b->lock);
	b->conf = conf;
	for (struct btopic *t = b->all_topics; t != NULL; t = t->next)
		if (t->state == TOPIC_LIVE)
			broker_topic_config_apply(b, t);
	lock_release(&b->lock);
}

void
broker_stop(struct broker *b)
{
	uint64_t one = 1;

	bool runs;

	lock_take(&b->lock);
	b->is_stopping = true;
	runs = b->net_runs;
	b->net_runs = false;
	lock_release(&b->lock);
	if (runs) {
		/* Fails only when the counter is full: then it is readable. */
		(void)!write(b->event_fd, &one, sizeof(one));
		thread_join(&b->net);
	}
	broker_pool_stop(b);
	broker_watch_off(b);
}

void
broker_free(struct broker *b)
{
	if (b == NULL)
		return;
	broker_conn_free_all(b);
	broker_group_free_all(b);
	broker_catalog_free(b);
	broker_watch_off(b);
	if (b->listen_fd >= 0)
		close(b->listen_fd);
	if (b->event_fd >= 0)
		close(b->event_fd);
	if (b->epoll_fd >= 0)
		close(b->epoll_fd);
	mem_free(b->scratch);
	cond_fini(&b->pool.wake);
	lock_fini(&b->pool.lock);
	lock_fini(&b->post_lock);
	lock_fini(&b->lock);
	mem_free(b);
}
