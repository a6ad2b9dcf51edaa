#include <string.h>

#include "base/net.h"
#include "capture/capture.h"
#include "clickhouse/clickhouse.h"
#include "flag/flag.h"
#include "http/tls.h"
#include "remote/remote.h"
#include "run/daemon.h"
#include "run/datadir.h"
#include "run/parts_int.h"
#include "run/settings.h"

/* Says which setting to change when a port is taken. */
int
part_name_port(int rc, const char *setting, struct err *e)
{
	struct err why = *e;

	if (rc != -ERR_EXISTS)
		return rc;
	return err_set(e, ERR_EXISTS,
		"%.180s: stop what listens there, or set %s to another",
		why.text, setting);
}

int
part_start_tls(struct daemon *d, struct err *e)
{
	const struct conf *c = daemon_conf(d);

	if (strcmp(c->capture_tls_listen, "off") == 0)
		return 0;
	if (http_tls_open(c->capture_tls_cert, c->capture_tls_key,
		    STATS_TLS_EXPIRES, &d->tls, e) != 0)
		return err_prefix(e, "capture.tls_cert and capture.tls_key");
	return 0;
}

void
part_stop_tls(struct daemon *d)
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

int
part_start_capture(struct daemon *d, struct err *e)
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
	rc = part_name_port(rc, taken_door(d), e);
	if (rc < 0) {
		capture_free(d->capture);
		remote_free(d->remote);
		d->capture = NULL;
	}
	return rc;
}

void
part_stop_capture(struct daemon *d)
{
	capture_stop(d->capture, d->stop_deadline_ns);
	capture_free(d->capture);
	remote_free(d->remote);
	d->capture = NULL;
}

/* A query that takes long must not hold the stop: the child goes first. */
void
part_stop_admin(struct daemon *d)
{
	reload_close(d); /* a call may wait for one */
	clickhouse_quiesce(d->clickhouse, part_within(d, 5000));
	admin_stop(d->admin, part_within(d, 5000));
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

/* What the admin is given; its own TLS is opened first. */
static struct admin_options
admin_options_of(struct daemon *d)
{
	return (struct admin_options){
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
		.admin_tls = d->admin_tls,
		.settings = &d->settings,
		.disk = disk_state,
		.cookie = d->disk,
	};
}

static int
new_admin(struct daemon *d, struct err *e)
{
	struct admin_options o;
	int rc = open_admin_tls(d, e);

	if (rc < 0)
		return rc;
	d->settings = (struct admin_settings){try_settings, use_settings, d};
	o = admin_options_of(d);
	rc = admin_new(&o, &d->admin, e);
	if (rc < 0) {
		http_tls_close(d->admin_tls);
		d->admin_tls = NULL;
	}
	return rc;
}

int
part_start_admin(struct daemon *d, struct err *e)
{
	struct net_listen tcp = {.is_off = true};
	int fd;
	int rc = 0;

	if (daemon_has_role(d, "admin"))
		rc = net_listen_parse(daemon_conf(d)->admin_listen, &tcp, e);
	if (rc < 0)
		return err_prefix(e, "admin.listen");
	rc = new_admin(d, e);
	if (rc < 0)
		return rc;
	rc = datadir_listen(d->data_dir, &fd, e);
	if (rc == 0)
		rc = part_name_port(
			admin_start(d->admin, fd, &tcp, &d->ports.admin, e),
			"admin.listen", e);
	if (rc < 0)
		part_stop_admin(d);
	return rc < 0 ? rc : 0;
}
