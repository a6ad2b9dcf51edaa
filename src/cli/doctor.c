#include "cli/doctor.h"

#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/json_write.h"
#include "base/net.h"
#include "base/utf8.h"
#include "cli/api.h"
#include "cli/cmd.h"
#include "clickhouse/lib.h"
#include "conf/conf.h"
#include "pg/pg.h"
#include "pg/schema.h"
#include "run/daemon.h"
#include "run/settings.h"

#define LIBRARY_PATH_MAX 4096
#define YEAR_2024_US 1704067200000000

void
doctor_say(struct doctor *d, const char *check, bool ok, const char *fmt, ...)
{
	char text[600];
	struct buf b, clean;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	for (char *p = text; *p != '\0'; p++)
		if (*p == '\n')
			*p = ' ';
	d->n_bad += !ok;
	if (!d->c->json) {
		printf("%-4s %-16s %s\n", ok ? "ok" : "BAD", check, text);
		return;
	}
	buf_init(&b, 65536);
	buf_init(&clean, 65536);
	utf8_append_lossy(&clean, slice_str(text));
	buf_printf(&b, "{\"check\":\"%s\",\"ok\":%s,\"text\":", check,
		ok ? "true" : "false");
	json_put_string(&b, buf_slice(&clean));
	buf_append_lit(&b, "}\n");
	fwrite(b.p, 1, b.len, stdout);
	buf_fini(&b);
	buf_fini(&clean);
}

/* false: nothing in it can be looked at. */
static bool
check_folder(struct doctor *d)
{
	const char *dir = d->c->data;
	struct stat st;

	if (stat(dir, &st) != 0) {
		doctor_say(d, "folder", false,
			"%s is not there: sluice run makes it", dir);
		return false;
	}
	if (!S_ISDIR(st.st_mode))
		doctor_say(d, "folder", false,
			"%s is no folder: name another by --data", dir);
	else if (access(dir, R_OK | W_OK | X_OK) != 0)
		doctor_say(d, "folder", false,
			"%s cannot be read and written by this user: run as "
			"its "
			"owner (uid %u), or mount it writable",
			dir, (unsigned)st.st_uid);
	else if ((st.st_mode & 077) != 0)
		doctor_say(d, "folder", false,
			"%s is open to other users: chmod 0700", dir);
	else
		doctor_say(d, "folder", true, "%s", dir);
	return S_ISDIR(st.st_mode);
}

static void
check_disk(struct doctor *d)
{
	unsigned long long free_bytes, total;
	struct err e;

	if (file_free_bytes(d->c->data, &free_bytes, &total, &e) < 0)
		doctor_say(d, "disk", false, "%s", e.text);
	else if ((int64_t)free_bytes < d->conf->spool_min_free_bytes)
		doctor_say(d, "disk", false,
			"%llu of %llu bytes are free; below "
			"spool.min_free_bytes = %lld events are refused: free "
			"some space",
			free_bytes, total,
			(long long)d->conf->spool_min_free_bytes);
	else
		doctor_say(d, "disk", true, "%llu of %llu bytes are free",
			free_bytes, total);
}

static void
check_clock(struct doctor *d)
{
	char text[CLOCK_TEXT_MAX];
	int64_t now_us = clock_now_us();

	clock_format(now_us, CLOCK_RFC3339, text);
	doctor_say(d, "clock", now_us > YEAR_2024_US, "%s%s", text,
		now_us > YEAR_2024_US
			? ""
			: " cannot be: set the clock, else events "
			  "get wrong times");
}

static void
check_port(struct doctor *d, const char *setting, const char *value)
{
	struct net_listen l;
	uint16_t port;
	struct err e;
	int fd;

	if (net_listen_parse(value, &l, &e) < 0) {
		doctor_say(d, setting, false, "%s", e.text);
		return;
	}
	if (l.is_off) {
		doctor_say(d, setting, true, "off");
		return;
	}
	if (net_listen_tcp(&l, &fd, &port, &e) < 0) {
		doctor_say(d, setting, false,
			"%s: stop what listens there, or "
			"set %s",
			e.text, setting);
		return;
	}
	close(fd);
	doctor_say(d, setting, true, "%s is free", value);
}

static void
check_ports(struct doctor *d)
{
	if (d->daemon_runs)
		return;
	check_port(d, "admin.listen", d->conf->admin_listen);
	check_port(d, "capture.listen", d->conf->capture_listen);
	check_port(d, "clickhouse.listen", d->conf->clickhouse_listen);
	check_port(d, "kafka.listen", d->conf->kafka_listen);
}

/* What the running daemon says of itself. */
static void
check_daemon(struct doctor *d)
{
	static const struct cli_command online = {.name = "doctor"};
	const struct cli_command *mine = d->c->command;
	struct api_doc status;
	struct err e;
	uint32_t child;
	int rc;

	d->c->command = &online;
	rc = api_get(d->c, "GET", "/api/v1/status", NULL, &status, &e);
	d->c->command = mine;
	if (rc == -ERR_UNAVAILABLE) {
		doctor_say(d, "daemon", true, "none runs on %s", d->c->data);
		return;
	}
	if (rc < 0) {
		doctor_say(d, "daemon", false, "%s", e.text);
		return;
	}
	d->daemon_runs = true;
	doctor_say(d, "daemon",
		json_raw(&status.json,
			json_member(&status.json, 0, SLICE_LIT("ready")))
				.len == 4,
		"version %s, process %s, missing %s",
		api_text(&status, 0, "version"), api_text(&status, 0, "pid"),
		api_text(&status, 0, "missing"));
	child = json_member(&status.json, 0, SLICE_LIT("children"));
	if (child != 0 && status.json.nodes[child].n > 0)
		doctor_say(d, "clickhouse", true, "%s %s %s",
			api_text(&status, child + 1, "state"),
			api_text(&status, child + 1, "version"),
			api_text(&status, child + 1, "text"));
	api_doc_fini(&status);
}

static void
check_library(struct doctor *d)
{
	char path[LIBRARY_PATH_MAX];
	struct err e;

	if (d->conf->clickhouse_mode != CONF_CH_EMBEDDED)
		doctor_say(
			d, "libchdb", true, "clickhouse.mode is not embedded");
	else if (clickhouse_lib_find(d->conf->clickhouse_library, SLUICE_LIBDIR,
			 path, sizeof(path), &e) < 0)
		doctor_say(d, "libchdb", false, "%s", e.text);
	else
		doctor_say(d, "libchdb", true, "%s", path);
}

static int
look_at_postgres(struct pg *p, struct pg_schema *schema, struct err *e)
{
	struct pg_conn *c;
	int rc = pg_conn_new(p, "doctor", &c, e);

	if (rc != 0)
		return rc;
	rc = pg_connect(c, e);
	if (rc == 0)
		rc = pg_schema_look(c, schema, e);
	pg_conn_free(c);
	return rc;
}

/* Connects as the daemon does, and looks at the tables without making any. */
static void
check_postgres(struct doctor *d)
{
	struct pg_schema schema;
	struct pg_status st;
	struct pg *p;
	struct err e;
	int rc = settings_postgres(d->conf, &p, &e);

	if (rc == 0 && p == NULL)
		return;
	if (rc == 0)
		rc = look_at_postgres(p, &schema, &e);
	if (rc != 0)
		doctor_say(d, "postgres", false, "%s", e.text);
	if (rc == 0) {
		pg_status(p, &st);
		doctor_say(d, "postgres", true, "%s, version %d.%d%s, %s",
			st.where, st.version / 10000, st.version % 10000,
			st.is_tls ? ", TLS" : "",
			!schema.is_prepared     ? "sluice run makes its tables"
			: schema.made_by_sluice ? "made by Sluice"
						: "made by PostHog");
	}
	if (rc == 0 || p != NULL)
		pg_free(p);
}

int
cmd_doctor(struct cli *c)
{
	struct doctor d = {.c = c};
	const struct daemon_options o = {c->data, c->config, c->set, false};
	struct conf_set *set;
	struct err e;

	if (settings_load(&o, &set, &e) < 0) {
		doctor_say(&d, "settings", false, "%s", e.text);
		return CLI_FAILED;
	}
	d.conf = conf_values(set);
	doctor_say(&d, "settings", true, "right");
	check_clock(&d);
	check_library(&d);
	check_postgres(&d);
	if (check_folder(&d)) {
		check_disk(&d);
		check_daemon(&d);
		doctor_files(&d);
	}
	check_ports(&d);
	conf_free(set);
	return d.n_bad == 0 ? CLI_DONE : CLI_FAILED;
}
