#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "broker/broker.h"
#include "canary/canary.h"
#include "clickhouse/clickhouse.h"
#include "pipeline/pipeline.h"
#include "pipeline/put_back.h"
#include "privacy/privacy.h"
#include "run/daemon.h"
#include "run/parts.h"
#include "run/parts_int.h"

/* A moment in so many ms, or the end of the stop if that comes before. */
int64_t
part_within(const struct daemon *d, int64_t ms)
{
	int64_t at_ns = clock_mono_ns() + ms * 1000000;

	return at_ns < d->stop_deadline_ns ? at_ns : d->stop_deadline_ns;
}

static void
stop_with_store(struct daemon *d)
{
	(void)d; /* hooks go with their stores */
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
	return part_name_port(
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
	rc = part_name_port(clickhouse_start(&o, &d->clickhouse, e),
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
		clickhouse_stop(d->clickhouse, part_within(d, 5000));
	d->clickhouse = NULL;
}

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

/* Its queries end with ClickHouse, which the admin ends before. */
static void
stop_privacy(struct daemon *d)
{
	privacy_stop(d->privacy);
	d->privacy = NULL;
}

static void
stop_canary(struct daemon *d)
{
	canary_stop(d->canary);
	d->canary = NULL;
}

/* To add one: add a row behind all that it needs. */
const struct part daemon_parts[] = {
	{"folder", NULL, "", 100, part_start_folder, part_stop_folder},
	{"config", NULL, "folder", 2000, part_start_config, part_stop_config},
	{"spool", NULL, "folder", 5000, part_start_spool, part_stop_spool},
	{"state", NULL, "folder", 5000, part_start_state, part_stop_state},
	{"broker_db", NULL, "folder", 5000, part_start_broker_db,
		part_stop_broker_db},
	{"postgres", NULL, "", 100, part_start_postgres, part_stop_postgres},
	{"projects", NULL, "config postgres", 2500, part_start_teams,
		part_stop_teams},
	{"audit", NULL, "projects spool state", 100, audit_start,
		stop_with_store},
	{"dedupe", NULL, "spool", 100, dedupe_start, stop_with_store},
	{"disk", NULL, "spool", 1000, part_start_disk, part_stop_disk},
	{"catalogue", NULL, "spool state broker_db", 1000, start_catalogue,
		stop_catalogue},
	{"broker", "broker", "catalogue", 2000, start_broker, stop_broker},
	{"pipeline", "ingest", "projects spool state catalogue dedupe", 10000,
		start_pipeline, stop_pipeline},
	{"tls", "capture", "", 1000, part_start_tls, part_stop_tls},
	{"letters", NULL, "projects spool dedupe", 2000, start_letters,
		stop_letters},
	{"capture", "capture", "projects spool disk dedupe tls letters", 10000,
		part_start_capture, part_stop_capture},
	{"clickhouse", "clickhouse", "catalogue", 5000, start_clickhouse,
		stop_clickhouse},
	{"privacy", NULL, "state catalogue", 2000, start_privacy, stop_privacy},
	{"canary", "capture", "audit disk catalogue", 1000, audit_start_canary,
		stop_canary},
	{"admin", NULL, "projects catalogue disk privacy", 5000,
		part_start_admin, part_stop_admin},
	{NULL, NULL, NULL, 0, NULL, NULL},
};
