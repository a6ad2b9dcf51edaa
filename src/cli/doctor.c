#include "cli/doctor.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/json_write.h"
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
#define TEXT_MAX_BYTES 800

static const char *const words[] = {
	[DOCTOR_OK] = "ok", [DOCTOR_WARN] = "warn", [DOCTOR_FAIL] = "FAIL"};

static void
one_line(char *text)
{
	for (char *p = text; *p != '\0'; p++)
		if (*p == '\n')
			*p = ' ';
}

static void
put_text(struct buf *b, const char *text)
{
	struct buf clean;

	buf_init(&clean, 65536);
	utf8_append_lossy(&clean, slice_str(text));
	json_put_string(b, buf_slice(&clean));
	buf_fini(&clean);
}

static void
print_json(enum doctor_level level, const char *check, const char *text,
	const char *todo)
{
	struct buf b;

	buf_init(&b, 65536);
	buf_printf(&b,
		"{\"check\":\"%s\",\"ok\":%s,\"state\":\"%s\",\"text\":", check,
		level == DOCTOR_FAIL ? "false" : "true",
		level == DOCTOR_FAIL ? "fail" : words[level]);
	put_text(&b, text);
	buf_append_lit(&b, ",\"do\":");
	put_text(&b, todo);
	buf_append_lit(&b, "}\n");
	fwrite(b.p, 1, b.len, stdout);
	buf_fini(&b);
}

static void
find_text(struct doctor *d, enum doctor_level level, const char *check,
	const char *todo, char *text)
{
	one_line(text);
	d->n_bad += level == DOCTOR_FAIL;
	if (d->c->json) {
		print_json(level, check, text, todo);
		return;
	}
	printf("%-4s %-18s %s\n", words[level], check, text);
	if (todo[0] != '\0')
		printf("%-23s -> %s\n", "", todo);
}

void
doctor_find(struct doctor *d, enum doctor_level level, const char *check,
	const char *todo, const char *fmt, ...)
{
	char text[TEXT_MAX_BYTES];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	find_text(d, level, check, todo, text);
}

void
doctor_say(struct doctor *d, const char *check, bool ok, const char *fmt, ...)
{
	char text[TEXT_MAX_BYTES];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	find_text(d, ok ? DOCTOR_OK : DOCTOR_FAIL, check, "", text);
}

/* What the running daemon says of itself; then the way of an event. */
static void
check_daemon(struct doctor *d)
{
	static const struct cli_command online = {.name = "doctor"};
	const struct cli_command *mine = d->c->command;
	struct api_doc status;
	struct err e;
	bool ready;
	int rc;

	d->c->command = &online;
	rc = api_get(d->c, "GET", "/api/v1/status", NULL, &status, &e);
	if (rc == -ERR_UNAVAILABLE)
		doctor_find(d, DOCTOR_WARN, "daemon",
			"systemctl start sluice, or sluice run",
			"none runs on %s", d->c->data);
	else if (rc < 0)
		doctor_find(d, DOCTOR_FAIL, "daemon",
			"see its log: journalctl -u sluice", "%s", e.text);
	if (rc == 0) {
		d->daemon_runs = true;
		ready = json_raw(&status.json, json_member(&status.json, 0,
						       SLICE_LIT("ready")))
				.len == 4;
		doctor_find(d, ready ? DOCTOR_OK : DOCTOR_FAIL, "daemon",
			ready ? "" : "see the checks below",
			"version %s, process %s, up for %s s, missing %s",
			api_text(&status, 0, "version"),
			api_text(&status, 0, "pid"),
			api_text(&status, 0, "uptime_s"),
			api_text(&status, 0, "missing"));
		doctor_door(d, &status);
		doctor_path(d, &status);
		api_doc_fini(&status);
	}
	d->c->command = mine;
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
	struct daemon_options o = {c->data, c->config, c->set, false};
	struct conf_set *set;
	struct err e, again;

	/* What is wrong with config.db itself, its own check says. */
	if (settings_load(&o, &set, &e) < 0) {
		o.data_dir = NULL;
		if (settings_load(&o, &set, &again) < 0) {
			doctor_say(&d, "settings", false, "%s", e.text);
			return CLI_FAILED;
		}
		doctor_find(&d, DOCTOR_WARN, "settings",
			"see the check of config.db",
			"right; those made in the admin cannot be read");
	} else {
		doctor_say(&d, "settings", true, "right");
	}
	d.conf = conf_values(set);
	doctor_service(&d);
	if (doctor_folder(&d))
		check_daemon(&d);
	doctor_clock(&d);
	check_library(&d);
	check_postgres(&d);
	doctor_ports(&d);
	doctor_admin_door(&d);
	if (d.has_folder)
		doctor_files(&d);
	conf_free(set);
	return d.n_bad == 0 ? CLI_DONE : CLI_FAILED;
}
