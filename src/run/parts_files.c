#include <unistd.h>

#include "audit/audit.h"
#include "dedupe/dedupe.h"
#include "pg/pg.h"
#include "run/daemon.h"
#include "run/datadir.h"
#include "run/parts_int.h"
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

int
part_start_folder(struct daemon *d, struct err *e)
{
	int rc = datadir_prepare(d->data_dir, e);

	if (rc == 0)
		rc = datadir_lock(d->data_dir, &d->lock_fd, e);
	if (rc == 0)
		disk_before_start(d->data_dir);
	return rc;
}

void
part_stop_folder(struct daemon *d)
{
	close(d->lock_fd);
}

int
part_start_config(struct daemon *d, struct err *e)
{
	return open_store(d, STORE_CONFIG, QUEUE_BYTES, &d->config, e);
}

void
part_stop_config(struct daemon *d)
{
	store_close(d->config);
}

int
part_start_spool(struct daemon *d, struct err *e)
{
	int rc = open_store(d, STORE_SPOOL,
		(size_t)daemon_conf(d)->spool_queue_bytes, &d->spool, e);

	return rc == 0 ? open_topics(&d->spool, TOPIC_SPOOL, e) : rc;
}

void
part_stop_spool(struct daemon *d)
{
	store_close(d->spool);
	audit_hook_free(d->spool_audit);
	d->spool_audit = NULL;
	dedupe_free(d->dedupe);
	d->dedupe = NULL;
}

int
part_start_state(struct daemon *d, struct err *e)
{
	int rc = open_store(d, STORE_STATE, QUEUE_BYTES, &d->state, e);

	return rc == 0 ? open_topics(&d->state, TOPIC_STATE, e) : rc;
}

void
part_stop_state(struct daemon *d)
{
	store_close(d->state);
	audit_hook_free(d->state_audit);
	d->state_audit = NULL;
}

int
part_start_broker_db(struct daemon *d, struct err *e)
{
	return open_store(d, STORE_BROKER, QUEUE_BYTES, &d->broker_db, e);
}

void
part_stop_broker_db(struct daemon *d)
{
	store_close(d->broker_db);
}

int
part_start_postgres(struct daemon *d, struct err *e)
{
	return settings_postgres(daemon_conf(d), &d->pg, e);
}

void
part_stop_postgres(struct daemon *d)
{
	pg_free(d->pg);
	d->pg = NULL;
}

void
part_stop_teams(struct daemon *d)
{
	team_cache_free(d->teams);
	d->teams = NULL;
}

int
part_start_teams(struct daemon *d, struct err *e)
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
		part_stop_teams(d);
	return rc;
}

int
part_start_disk(struct daemon *d, struct err *e)
{
	return disk_start(d, &d->disk, e);
}

void
part_stop_disk(struct daemon *d)
{
	disk_stop(d->disk);
	d->disk = NULL;
}
