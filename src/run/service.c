#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/net.h"
#include "run/daemon.h"
#include "team/team.h"

int
service_demo_project(struct daemon *d, struct err *e)
{
	static const char *const none[] = {NULL};
	const struct team_snapshot *snap = team_snapshot_get(d->teams);
	bool is_there =
		team_by_token(snap, slice_str(DAEMON_DEMO_TOKEN)) != NULL;
	int64_t id;
	int rc;

	team_snapshot_unref(snap);
	if (is_there)
		return 0;
	rc = team_create(d->teams, "Demo", DAEMON_DEMO_TOKEN, none, &id, e);
	if (rc == 0 || d->pg == NULL)
		return rc;
	/* Another node may have made it, or Postgres is away or not ours. */
	log_warn("no_demo_project", "code=%s text=%s", err_name(e->code),
		log_q(e->text));
	return 0;
}

void
service_host(const char *listen, char *out, size_t size)
{
	struct net_listen l;
	struct err e;

	if (net_listen_parse(listen, &l, &e) < 0 || l.is_off)
		l.host[0] = '\0';
	if (l.host[0] == '\0' || strcmp(l.host, "0.0.0.0") == 0 ||
		strcmp(l.host, "::") == 0)
		snprintf(out, size, "127.0.0.1");
	else
		snprintf(out, size, "%s", l.host);
}

/* As in a URL. */
static void
host_of(const char *listen, char *out, size_t size)
{
	char host[SERVICE_HOST_MAX];

	service_host(listen, host, sizeof(host));
	snprintf(out, size, strchr(host, ':') == NULL ? "%s" : "[%s]", host);
}

static void
print_url(
	const char *what, const char *scheme, const char *listen, uint16_t port)
{
	char host[SERVICE_HOST_MAX + 2];

	if (port == 0)
		return;
	host_of(listen, host, sizeof(host));
	fprintf(stderr, "  %-11s %s%s:%u\n", what, scheme, host, port);
}

/* How to make the first user; what is wrong with the admin port. */
static void
print_admin(const struct daemon *d)
{
	const char *warning = admin_warning(d->admin);
	char link[512];
	struct err e;

	if (admin_setup_link(d->admin, link, sizeof(link), &e) < 0)
		log_warn("no_setup_link", "code=%s text=%s", err_name(e.code),
			log_q(e.text));
	else if (link[0] != '\0')
		fprintf(stderr,
			"\nSet it up in a browser (this link works once, for a "
			"day; sluice user setup prints it again):\n  %s\n\n",
			link);
	if (warning != NULL)
		log_warn("admin_without_tls", "text=%s", log_q(warning));
}

void
service_print_start(const struct daemon *d)
{
	const struct conf *c = daemon_conf(d);
	char host[SERVICE_HOST_MAX + 2];

	fprintf(stderr, "Sluice %s runs on %s\n", PACKAGE_VERSION, d->data_dir);
	print_url("capture", "http://", c->capture_listen, d->ports.capture);
	print_url("capture", "https://", c->capture_tls_listen,
		d->ports.capture_tls);
	print_url("admin",
		c->admin_tls_cert[0] == '\0' ? "http://" : "https://",
		c->admin_listen, d->ports.admin);
	print_url("Kafka", "", c->kafka_listen, d->ports.kafka);
	print_url("ClickHouse", "http://", c->clickhouse_listen,
		d->ports.clickhouse);
	print_admin(d);
	if (!d->is_demo)
		return;
	host_of(c->capture_listen, host, sizeof(host));
	fprintf(stderr,
		"  project key %s\n\n"
		"Send an event:\n"
		"  curl -H 'Content-Type: application/json' -d "
		"'{\"api_key\":\"%s\",\"event\":\"hello\",\"distinct_id\":"
		"\"user-1\"}' http://%s:%u/i/v0/e/\n"
		"See it:\n"
		"  %s sql --data %s \"SELECT event, distinct_id, "
		"person_id, "
		"timestamp FROM events\"\n",
		DAEMON_DEMO_TOKEN, DAEMON_DEMO_TOKEN, host, d->ports.capture,
		program_invocation_name, d->data_dir);
}
