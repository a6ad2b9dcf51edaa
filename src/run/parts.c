#include <string.h>
#include <unistd.h>

#include "audit/audit.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/net.h"
#include "broker/broker.h"
#include "canary/canary.h"
#include "capture/capture.h"
#include "clickhouse/clickhouse.h"
#include "dedupe/dedupe.h"
#include "flag/flag.h"
#include "http/tls.h"
#include "pg/pg.h"
#include "pipeline/pipeline.h"
#include "pipeline/put_back.h"
#include "privacy/privacy.h"
#include "remote/remote.h"
#include "run/daemon.h"
#include "run/datadir.h"
#include "run/parts.h"
#include "run/settings.h"
#include "team/team.h"
#include "topic/topic.h"

#define FIRST_LOOK_MS 2000 /* at projects in Postgres, before keys are asked */
#define QUEUE_BYTES ((size_t)64 * 1024 * 1024)

static void
store_died(void *cookie, const struct err *why)
{
	daemon_fatal(cookie, why);
}

static int
open_store(struct daemon *d, enum store_kind kind, size_t queue_bytes,
	struct store **out, struct err *e)
{
	const struct store_options o = {
		.dir = d->data_dir,
		.kind = kind,
		.queue_bytes = queue_bytes,
		.on_fatal = store_died,
		.cookie = d,
	};

	return store_open(&o, out, e);
}

/* Sluice's own topics are there from the first start, whatever the roles, so
 * that readers find them empty rather than missing. */
static int
open_topics(struct store **s, enum topic_file file, struct err *e)
{
	struct store_part *part;
	int rc = 0;

	for (int t = 0; rc == 0 && t < TOPIC_N; t++)
		for (int p = 0; rc == 0 && p < topic_defs[t].n_partitions; p++)
			if (topic_defs[t].file[p] == file)
				rc = store_part_open(
					*s, topic_defs[t].name, p, &part, e);
	if (rc < 0) {
		store_close(*s);
		*s = NULL;
	}
	return rc;
}

/* Says which setting to change when a port is taken. */
static int
name_port(int rc, const char *setting, struct err *e)
{
	struct err why = *e;

	if (rc != -ERR_EXISTS)
		return rc;
	return err_set(e, ERR_EXISTS,
		"%.180s: stop what listens there, or set %s to another",
		why.text, setting);
}

/* A moment in so many ms, or the end of the stop if that comes before. */
static int64_t
within(const struct daemon *d, int64_t ms)
{
	int64_t at_ns = clock_mono_ns() + ms * 1000000;

	return at_ns < d->stop_deadline_ns ? at_ns : d->stop_deadline_ns;
}

static int
start_folder(struct daemon *d, struct err *e)
{
	int rc = datadir_prepare(d->data_dir, e);

	if (rc == 0)
		rc = datadir_lock(d->data_dir, &d->lock_fd, e);
	if (rc == 0)
		disk_before_start(d->data_dir);
	return rc;
}

static void
stop_folder(struct daemon *d)
{
	close(d->lock_fd);
}

static int
start_config(struct daemon *d, struct err *e)
{
	return open_store(d, STORE_CONFIG, QUEUE_BYTES, &d->config, e);
}

static void
stop_config(struct daemon *d)
{
	store_close(d->config);
}

static int
start_spool(struct daemon *d, struct err *e)
{
	int rc = open_store(d, STORE_SPOOL,
		(size_t)daemon_conf(d)->spool_queue_bytes, &d->spool, e);

	return rc == 0 ? open_topics(&d->spool, TOPIC_SPOOL, e) : rc;
}

static void
stop_spool(struct daemon *d)
{
	store_close(d->spool);
	audit_hook_free(d->spool_audit);
	d->spool_audit = NULL;
	dedupe_free(d->dedupe);
	d->dedupe = NULL;
}

static int
start_state(struct daemon *d, struct err *e)
{
	int rc = open_store(d, STORE_STATE, QUEUE_BYTES, &d->state, e);

	return rc == 0 ? open_topics(&d->state, TOPIC_STATE, e) : rc;
}

static void
stop_state(struct daemon *d)
{
	store_close(d->state);
	audit_hook_free(d->state_audit);
	d->state_audit = NULL;
}

static int
start_broker_db(struct daemon *d, struct err *e)
{
	return open_store(d, STORE_BROKER, QUEUE_BYTES, &d->broker_db, e);
}

static void
stop_broker_db(struct daemon *d)
{
	store_close(d->broker_db);
}

static int
start_postgres(struct daemon *d, struct err *e)
{
	return settings_postgres(daemon_conf(d), &d->pg, e);
}

static void
stop_postgres(struct daemon *d)
{
	pg_free(d->pg);
	d->pg = NULL;
}

static void
stop_teams(struct daemon *d)
{
	team_cache_free(d->teams);
	d->teams = NULL;
}

static int
start_teams(struct daemon *d, struct err *e)
{
	int rc = team_cache_new(d->config, &d->teams, e);

	if (rc < 0)
		return rc;
	if (d->pg != NULL)
		rc = team_cache_attach(d->teams, d->pg, e);
	if (rc == 0 && d->pg != NULL)
		rc = team_cache_follow(d->teams, FIRST_LOOK_MS, e);
	if (rc == 0 && d->is_demo)
		rc = service_demo_project(d, e);
	if (rc < 0)
		stop_teams(d);
	return rc;
}

static void
stop_with_store(struct daemon *d)
{
	(void)d; /* hooks go with their stores */
}

static int
start_disk(struct daemon *d, struct err *e)
{
	return disk_start(d, &d->disk, e);
}

static void
stop_disk(struct daemon *d)
{
	disk_stop(d->disk);
	d->disk = NULL;
}

static int
start_catalogue(struct daemon *d, struct err *e)
{
	const struct broker_options o = {
		.conf = daemon_conf(d),
		.spool = d->spool,
		.state = d->state,
		.broker = d->broker_db,
	};

	return broker_new(&o, &d->broker, e);
}

static void
stop_catalogue(struct daemon *d)
{
	broker_free(d->broker);
}

static int
start_broker(struct daemon *d, struct err *e)
{
	return name_port(
		broker_start(d->broker, &d->ports.kafka, e), "kafka.listen", e);
}

static void
stop_broker(struct daemon *d)
{
	broker_stop(d->broker);
}

static int
start_pipeline(struct daemon *d, struct err *e)
{
	const struct pipeline_options o = {
		.conf = daemon_conf(d),
		.teams = d->teams,
		.spool = d->spool,
		.state = d->state,
		.pg = d->pg,
	};
	int rc = pipeline_new(&o, &d->pipeline, e);

	if (rc < 0)
		return rc;
	rc = pipeline_start(d->pipeline, e);
	if (rc < 0) {
		pipeline_free(d->pipeline);
		d->pipeline = NULL;
	}
	return rc;
}

static void
stop_pipeline(struct daemon *d)
{
	pipeline_stop(d->pipeline);
	pipeline_free(d->pipeline);
	d->pipeline = NULL;
}

static int
start_tls(struct daemon *d, struct err *e)
{
	const struct conf *c = daemon_conf(d);

	if (strcmp(c->capture_tls_listen, "off") == 0)
		return 0;
	if (http_tls_open(c->capture_tls_cert, c->capture_tls_key,
		    STATS_TLS_EXPIRES, &d->tls, e) != 0)
		return err_prefix(e, "capture.tls_cert and capture.tls_key");
	return 0;
}

static void
stop_tls(struct daemon *d)
{
	http_tls_close(d->tls);
	d->tls = NULL;
}

/* Of the two the one that was not got: they are opened one after the other. */
static const char *
taken_door(const struct daemon *d)
{
	bool is_off = strcmp(daemon_conf(d)->capture_listen, "off") == 0;

	return is_off || d->ports.capture != 0 ? "capture.tls_listen"
					       : "capture.listen";
}

static int
start_letters(struct daemon *d, struct err *e)
{
	return put_back_start(d->teams, d->spool, &d->put_back, e);
}

static void
stop_letters(struct daemon *d)
{
	put_back_stop(d->put_back);
	d->put_back = NULL;
}

static int
start_capture(struct daemon *d, struct err *e)
{
	const struct capture_options o = {
		.conf = daemon_conf(d),
		.tls = d->tls,
		.teams = d->teams,
		.spool = d->spool,
		.may_accept = disk_may_accept,
		.cookie = d->disk,
	};
	struct http_routes more[] = {
		{flag_routes, &d->flags}, {remote_routes, NULL}, {NULL, NULL}};
	int rc = remote_new(d->teams, SLUICE_LIBDIR, &d->remote, e);

	if (rc < 0)
		return rc;
	d->flags.teams = d->teams;
	more[1].app = d->remote;
	rc = capture_new(&o, &d->capture, e);
	if (rc == 0)
		rc = capture_start(d->capture, more, &d->ports.capture,
			&d->ports.capture_tls, e);
	rc = name_port(rc, taken_door(d), e);
	if (rc < 0) {
		capture_free(d->capture);
		remote_free(d->remote);
		d->capture = NULL;
	}
	return rc;
}

static void
stop_capture(struct daemon *d)
{
	capture_stop(d->capture, d->stop_deadline_ns);
	capture_free(d->capture);
	remote_free(d->remote);
	d->capture = NULL;
}

static int
start_clickhouse(struct daemon *d, struct err *e)
{
	char self[DAEMON_PATH_MAX];
	const struct clickhouse_options o = {
		.conf = daemon_conf(d),
		.data_dir = d->data_dir,
		.kafka_port = d->ports.kafka,
		.self_path = self,
	};
	struct clickhouse_status st;
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	int rc;

	if (d->ports.kafka == 0)
		log_warn("clickhouse_off",
			"text=\"the local ClickHouse reads from the embedded "
			"broker, which is off: see roles and kafka.listen\"");
	if (daemon_conf(d)->clickhouse_mode != CONF_CH_EMBEDDED)
		return 0;
	if (n < 0)
		return err_sys(e, ERR_IO, "/proc/self/exe");
	self[n] = '\0';
	rc = name_port(clickhouse_start(&o, &d->clickhouse, e),
		"clickhouse.listen", e);
	if (rc != 0)
		return rc;
	clickhouse_status(d->clickhouse, &st);
	d->ports.clickhouse = st.port;
	return 0;
}

static void
stop_clickhouse(struct daemon *d)
{
	if (d->clickhouse != NULL)
		clickhouse_stop(d->clickhouse, within(d, 5000));
	d->clickhouse = NULL;
}

static void
stop_canary(struct daemon *d)
{
	canary_stop(d->canary);
	d->canary = NULL;
}

/* A query that takes long must not hold the stop: the child goes first. */
/* Its queries end with ClickHouse, which the admin ends before. */
static int
start_privacy(struct daemon *d, struct err *e)
{
	const struct privacy_options o = {
		.spool = d->spool,
		.state = d->state,
		.broker = d->broker,
		.pipeline = d->pipeline,
		.clickhouse = d->clickhouse,
		.has_postgres = d->pg != NULL,
	};

	return privacy_start(&o, &d->privacy, e);
}

static void
stop_privacy(struct daemon *d)
{
	privacy_stop(d->privacy);
	d->privacy = NULL;
}

static void
stop_admin(struct daemon *d)
{
	reload_close(d); /* a call may wait for one */
	clickhouse_quiesce(d->clickhouse, within(d, 5000));
	admin_stop(d->admin, within(d, 5000));
	admin_free(d->admin);
	d->admin = NULL;
	http_tls_close(d->admin_tls);
	d->admin_tls = NULL;
}

static int
try_settings(void *cookie, const struct conf_stored *rows, int n,
	struct conf_set **out, struct err *e)
{
	const struct daemon *d = cookie;

	return settings_try(&d->o, rows, n, out, e);
}

static int
use_settings(void *cookie, struct err *e)
{
	return reload_ask(cookie, e);
}

static int
open_admin_tls(struct daemon *d, struct err *e)
{
	const struct conf *c = daemon_conf(d);

	if (c->admin_tls_cert[0] == '\0' || !daemon_has_role(d, "admin"))
		return 0;
	if (http_tls_open(c->admin_tls_cert, c->admin_tls_key,
		    STATS_ADMIN_TLS_EXPIRES, &d->admin_tls, e) != 0)
		return err_prefix(e, "admin.tls_cert and admin.tls_key");
	return 0;
}

static int
start_admin(struct daemon *d, struct err *e)
{
	const struct conf *c = daemon_conf(d);
	struct admin_options o = {
		.conf = d->conf,
		.data_dir = d->data_dir,
		.config = d->config,
		.spool = d->spool,
		.state = d->state,
		.broker_db = d->broker_db,
		.teams = d->teams,
		.broker = d->broker,
		.pipeline = d->pipeline,
		.clickhouse = d->clickhouse,
		.privacy = d->privacy,
		.canary = d->canary,
		.pg = d->pg,
		.tls = d->tls,
		.settings = &d->settings,
		.disk = disk_state,
		.cookie = d->disk,
	};
	struct net_listen tcp = {.is_off = true};
	int fd;
	int rc = 0;

	if (daemon_has_role(d, "admin"))
		rc = net_listen_parse(c->admin_listen, &tcp, e);
	if (rc < 0)
		return err_prefix(e, "admin.listen");
	d->settings = (struct admin_settings){try_settings, use_settings, d};
	rc = open_admin_tls(d, e);
	if (rc < 0)
		return rc;
	o.admin_tls = d->admin_tls;
	rc = admin_new(&o, &d->admin, e);
	if (rc < 0) {
		http_tls_close(d->admin_tls);
		d->admin_tls = NULL;
		return rc;
	}
	rc = datadir_listen(d->data_dir, &fd, e);
	if (rc == 0)
		rc = name_port(
			admin_start(d->admin, fd, &tcp, &d->ports.admin, e),
			"admin.listen", e);
	if (rc < 0) {
		stop_admin(d);
		return rc;
	}
	return 0;
}

/* To add one: add a row behind all that it needs. */
const struct part daemon_parts[] = {
	{"folder", NULL, "", 100, start_folder, stop_folder},
	{"config", NULL, "folder", 2000, start_config, stop_config},
	{"spool", NULL, "folder", 5000, start_spool, stop_spool},
	{"state", NULL, "folder", 5000, start_state, stop_state},
	{"broker_db", NULL, "folder", 5000, start_broker_db, stop_broker_db},
	{"postgres", NULL, "", 100, start_postgres, stop_postgres},
	{"projects", NULL, "config postgres", 2500, start_teams, stop_teams},
	{"audit", NULL, "projects spool state", 100, audit_start,
		stop_with_store},
	{"dedupe", NULL, "spool", 100, dedupe_start, stop_with_store},
	{"disk", NULL, "spool", 1000, start_disk, stop_disk},
	{"catalogue", NULL, "spool state broker_db", 1000, start_catalogue,
		stop_catalogue},
	{"broker", "broker", "catalogue", 2000, start_broker, stop_broker},
	{"pipeline", "ingest", "projects spool state catalogue dedupe", 10000,
		start_pipeline, stop_pipeline},
	{"tls", "capture", "", 1000, start_tls, stop_tls},
	{"letters", NULL, "projects spool dedupe", 2000, start_letters,
		stop_letters},
	{"capture", "capture", "projects spool disk dedupe tls letters", 10000,
		start_capture, stop_capture},
	{"clickhouse", "clickhouse", "catalogue", 5000, start_clickhouse,
		stop_clickhouse},
	{"privacy", NULL, "state catalogue", 2000, start_privacy, stop_privacy},
	{"canary", "capture", "audit disk catalogue", 1000, audit_start_canary,
		stop_canary},
	{"admin", NULL, "projects catalogue disk privacy", 5000, start_admin,
		stop_admin},
	{NULL, NULL, NULL, 0, NULL, NULL},
};
