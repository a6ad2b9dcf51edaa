#include "capture/capture_int.h"

#include "base/log.h"
#include "base/mem.h"

#define MAX_ROUTE_TABLES 16

static void
free_conf(struct capture_conf *conf)
{
	if (conf == NULL)
		return;
	capture_list_fini(&conf->rules.drop);
	capture_list_fini(&conf->rules.force_overflow);
	mem_free(conf);
}

/* false: no memory. */
static bool
read_rules(struct capture_rules *r, const struct conf *from)
{
	r->historical_us =
		from->capture_historical_rerouting_h * 3600 * 1000000;
	r->overflow.per_s = (double)from->capture_overflow_per_second;
	r->overflow.burst = (double)from->capture_overflow_burst;
	r->global.per_s = (double)from->capture_global_limit_per_minute / 60;
	r->global.burst = (double)from->capture_global_limit_per_minute;
	return capture_list_init(&r->drop,
		       from->capture_drop_events_by_token_distinct_id) &&
	       capture_list_init(&r->force_overflow,
		       from->capture_force_overflow_by_token_distinct_id);
}

static struct capture_conf *
read_conf(const struct conf *from)
{
	struct capture_conf *conf = mem_new(struct capture_conf);
	const char *at = from->capture_trusted_proxies;
	char word[80];

	if (conf == NULL)
		return NULL;
	conf->max_body_bytes = from->capture_max_body_bytes;
	conf->max_recording_body_bytes = from->capture_max_recording_body_bytes;
	conf->max_decoded_bytes = (size_t)from->capture_max_decompressed_bytes;
	conf->max_event_bytes = (size_t)from->capture_max_event_bytes;
	conf->max_recording_bytes = (size_t)from->capture_max_recording_bytes;
	conf->keep_unknown = from->capture_unknown_token == CONF_KEEP;
	conf->keep_unknown_max_bytes = from->capture_unknown_token_max_bytes;
	if (!read_rules(&conf->rules, from)) {
		free_conf(conf);
		return NULL;
	}
	conf->proxy = from->capture_proxy_protocol;
	while (conf_list_next(&at, word, sizeof(word))) {
		if (conf->n_proxies == CAPTURE_MAX_PROXIES ||
			!net_cidr_parse(slice_str(word),
				&conf->proxies[conf->n_proxies])) {
			log_warn("capture_proxy_ignored",
				"setting=capture.trusted_proxies value=%s",
				log_q(word));
			continue;
		}
		conf->n_proxies++;
	}
	return conf;
}

static int
open_parts(struct capture *c, struct err *e)
{
	const struct {
		enum topic_id id;
		struct store_part **part;
	} parts[] = {
		{TOPIC_INGESTION, &c->main},
		{TOPIC_INGESTION_HISTORICAL, &c->historical},
		{TOPIC_INGESTION_OVERFLOW, &c->overflow},
		{TOPIC_INGESTION_REDIRECTED, &c->redirected},
		{TOPIC_RECORDINGS, &c->recordings},
		{TOPIC_RECORDINGS_OVERFLOW, &c->recordings_overflow},
		{TOPIC_RECORDINGS_DLQ, &c->recordings_dlq},
		{TOPIC_DEAD_LETTERS, &c->letters},
	};

	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		int err = store_part_open(c->spool,
			topic_defs[parts[i].id].name, 0, parts[i].part, e);

		if (err != 0)
			return err;
	}
	return 0;
}

int
capture_new(
	const struct capture_options *o, struct capture **out, struct err *e)
{
	struct capture *c = mem_new(struct capture);
	int err;

	if (c == NULL)
		return err_set(e, ERR_NO_MEMORY, "capture");
	c->teams = o->teams;
	c->spool = o->spool;
	c->dedupe = dedupe_of(o->spool);
	c->may_accept = o->may_accept;
	c->cookie = o->cookie;
	c->timeout_ms = o->conf->capture_body_timeout_ms;
	c->max_inflight_bytes = o->conf->capture_max_inflight_bytes;
	c->n_threads = (int)o->conf->capture_threads;
	c->max_connections = (int)o->conf->capture_max_connections;
	c->max_connections_per_address =
		(int)o->conf->capture_max_connections_per_address;
	share_init(&c->shares, o->conf->spool_queue_bytes);
	lane_init(&c->lane, c->n_threads > 0 ? c->n_threads : thread_n_cpus());
	lock_init(&c->lock);
	cond_init(&c->heavy_written);
	queue_init(&c->heavy, CAPTURE_HEAVY_QUEUE, SIZE_MAX);
	queue_init(&c->again, LIMIT_TEAM_QUESTIONS, SIZE_MAX);
	c->tls = o->tls;
	c->listen_text = mem_strdup(o->conf->capture_listen);
	c->tls_listen_text = mem_strdup(o->conf->capture_tls_listen);
	atomic_store(&c->conf, read_conf(o->conf));
	c->overflow_rate = buckets_new();
	c->global = buckets_new();
	c->project_rate = buckets_new();
	if (c->listen_text == NULL || c->tls_listen_text == NULL ||
		atomic_load(&c->conf) == NULL || c->overflow_rate == NULL ||
		c->global == NULL || c->project_rate == NULL)
		err = err_set(e, ERR_NO_MEMORY, "capture");
	else
		err = open_parts(c, e);
	if (err == 0)
		err = quotas_new(c->spool, &c->quotas, e);
	if (err == 0)
		err = thread_start(&c->heavy_thread, "capture-heavy",
			capture_heavy_thread, c, e);
	if (err == 0)
		err = lane_start(&c->lane, c, e);
	if (err == 0)
		err = thread_start(&c->again_thread, "capture-again",
			capture_again_thread, c, e);
	if (err != 0) {
		capture_free(c);
		return err;
	}
	*out = c;
	return 0;
}

/* *fd is -1 where the setting says off. */
static int
listen_at(const char *text, int *fd, uint16_t *port, struct err *e)
{
	struct net_listen l;
	int err = net_listen_parse(text, &l, e);

	*fd = -1;
	*port = 0;
	if (err != 0 || l.is_off)
		return err;
	return net_listen_tcp(&l, fd, port, e);
}

int
capture_start(struct capture *c, const struct http_routes *more, uint16_t *port,
	uint16_t *tls_port, struct err *e)
{
	struct http_routes tables[MAX_ROUTE_TABLES] = {{capture_routes, c}};
	struct http_options o = {
		.name = "capture",
		.routes = tables,
		.app = c,
		.n_threads = c->n_threads,
		.max_connections = c->max_connections,
		.max_connections_per_address = c->max_connections_per_address,
		.max_inflight_bytes = c->max_inflight_bytes,
		.request_timeout_ms = c->timeout_ms,
		.idle_timeout_ms = 75000,
		.proxy = capture_proxy,
		.decorate = capture_decorate,
		.options = capture_on_options,
		.refused = capture_refused,
		.answered = capture_answered,
	};
	int err, n = 1;

	for (; more != NULL && more->rows != NULL; more++) {
		if (n == MAX_ROUTE_TABLES - 1)
			return err_set(e, ERR_BUG, "too many route tables");
		tables[n++] = *more;
	}
	*tls_port = 0;
	err = listen_at(c->listen_text, &o.listen_fd, port, e);
	if (err != 0)
		return err_prefix(e, "capture.listen");
	if (c->tls != NULL) {
		err = listen_at(
			c->tls_listen_text, &o.tls_listen_fd, tls_port, e);
		if (err != 0)
			return err_prefix(e, "capture.tls_listen");
		o.tls = c->tls;
	}
	if (o.listen_fd < 0 && o.tls == NULL)
		return 0;
	return http_start(&o, &c->http, e);
}

/* Of those behind it: nothing reads one that was replaced so long ago. */
static void
forget_confs(struct capture_conf *conf)
{
	int64_t before_ns = clock_mono_ns() - CAPTURE_CONF_KEPT_NS;
	struct capture_conf *next;

	while (conf->older != NULL && conf->older->replaced_ns > before_ns)
		conf = conf->older;
	next = conf->older;
	conf->older = NULL;
	while (next != NULL) {
		struct capture_conf *older = next->older;

		free_conf(next);
		next = older;
	}
}

void
capture_reload(struct capture *c, const struct conf *conf)
{
	struct capture_conf *fresh = read_conf(conf);

	if (fresh == NULL)
		return; /* the values in use stay */
	/* Requests under way may still read the older one. */
	fresh->older = atomic_load(&c->conf);
	fresh->older->replaced_ns = clock_mono_ns();
	forget_confs(fresh->older);
	atomic_store(&c->conf, fresh);
}

void
capture_stop(struct capture *c, int64_t deadline_ns)
{
	atomic_store(&c->is_stopping, true);
	team_ask_stop(c->teams); /* no request waits for an answer any more */
	http_stop(c->http, deadline_ns);
	c->http = NULL;
}

void
capture_free(struct capture *c)
{
	struct capture_conf *conf;
	struct err e;

	if (c == NULL)
		return;
	atomic_store(&c->is_stopping, true);
	lane_stop(&c->lane);
	team_ask_stop(c->teams);
	queue_close(&c->again);
	thread_join(&c->again_thread);
	queue_fini(&c->again);
	queue_close(&c->heavy);
	thread_join(&c->heavy_thread);
	queue_fini(&c->heavy);
	/* The writer may still be in its call for a job of the heavy thread. */
	lock_take(&c->lock);
	while (c->heavy_bytes > 0)
		cond_wait(&c->heavy_written, &c->lock);
	lock_release(&c->lock);
	conf = atomic_load(&c->conf);
	while (conf != NULL) {
		struct capture_conf *older = conf->older;

		free_conf(conf);
		conf = older;
	}
	if (c->quotas != NULL && quotas_save(c->quotas, &e) != 0)
		log_warn("quota_not_saved", "error=%s", log_q(e.text));
	quotas_free(c->quotas);
	capture_jobs_free(c);
	buckets_free(c->overflow_rate);
	buckets_free(c->global);
	buckets_free(c->project_rate);
	cond_fini(&c->heavy_written);
	lock_fini(&c->lock);
	share_fini(&c->shares);
	mem_free(c->listen_text);
	mem_free(c->tls_listen_text);
	mem_free(c);
}
