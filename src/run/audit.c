#include "audit/audit.h"

#include "audit/erase.h"
#include "canary/canary.h"
#include "run/daemon.h"
#include "team/team.h"

static int64_t
team_of(void *cookie, struct slice token)
{
	const struct team_snapshot *s = team_snapshot_get(cookie);
	const struct team *t = team_by_record_token(s, token);
	int64_t id = t == NULL ? 0 : t->id;

	team_snapshot_unref(s);
	return id;
}

int
audit_start(struct daemon *d, struct err *e)
{
	const struct audit_teams teams = {team_of, d->teams};
	int rc = audit_hook_new(d->spool, &teams, &d->spool_audit, e);

	if (rc == 0)
		rc = audit_hook_new(d->state, &teams, &d->state_audit, e);
	if (rc == 0 && daemon_has_role(d, "clickhouse") &&
		daemon_conf(d)->clickhouse_mode != CONF_CH_OFF)
		rc = audit_clickhouse_begins(d->state, e);
	return rc;
}

int
audit_start_canary(struct daemon *d, struct err *e)
{
	const struct canary_options o = {
		.conf = daemon_conf(d),
		.spool = d->spool,
		.state = d->state,
		.broker = d->broker,
		.clickhouse = d->clickhouse,
		.has_ingest = d->pipeline != NULL,
		.may_accept = disk_may_accept,
		.cookie = d->disk,
	};

	return canary_start(&o, &d->canary, e);
}
