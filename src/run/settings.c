#include "run/settings.h"

#include <string.h>

#include "admin/stored.h"
#include "base/log.h"
#include "base/net.h"
#include "conf/conf.h"
#include "pg/pg.h"
#include "pipeline/pipeline.h"
#include "run/daemon.h"
#include "run/passed.h"
#include "store/store.h"

#define STORED_ARENA_BYTES ((size_t)32 * 1024 * 1024)
#define DEMO_LISTEN "capture.listen=127.0.0.1:8000"

static const char *const known_roles[] = {
	"admin", "broker", "capture", "clickhouse", "ingest", NULL};

static int
check_roles(const struct conf *c, struct err *e)
{
	const char *at = c->roles;
	char role[64];

	while (conf_list_next(&at, role, sizeof(role))) {
		int i = 0;

		while (known_roles[i] != NULL &&
			!slice_eq_str(slice_str(role), known_roles[i]))
			i++;
		if (known_roles[i] == NULL)
			return err_set(e, ERR_INVALID,
				"setting roles = %s: '%s' is none of admin, "
				"broker, capture, clickhouse, ingest",
				c->roles, role);
	}
	return 0;
}

static int
check_listen(const char *name, const char *value, struct err *e)
{
	struct net_listen l;

	if (net_listen_parse(value, &l, e) == 0)
		return 0;
	return err_prefix(e, "setting %s = %s", name, value);
}

/* What is not built yet is refused, not left out in silence. */
static int
check_modes(const struct conf *c, struct err *e)
{
	if (c->kafka_mode == CONF_KAFKA_EXTERNAL)
		return err_set(e, ERR_UNSUPPORTED,
			"setting kafka.mode = external: this version has the "
			"embedded broker only; set embedded");
	if (c->clickhouse_mode == CONF_CH_EXTERNAL)
		return err_set(e, ERR_UNSUPPORTED,
			"setting clickhouse.mode = external: this version has "
			"embedded and off only");
	return 0;
}

/* Half of it would look as if TLS were on. */
static int
check_tls(const struct conf *c, struct err *e)
{
	bool is_off = strcmp(c->capture_tls_listen, "off") == 0;
	bool has_cert = c->capture_tls_cert[0] != '\0';
	bool has_key = c->capture_tls_key[0] != '\0';
	int rc = check_listen("capture.tls_listen", c->capture_tls_listen, e);

	if (rc != 0)
		return rc;
	if (!is_off && !(has_cert && has_key))
		return err_set(e, ERR_INVALID,
			"setting capture.tls_listen = %s needs capture.%s",
			c->capture_tls_listen,
			has_cert ? "tls_key" : "tls_cert");
	if (is_off && (has_cert || has_key))
		return err_set(e, ERR_INVALID,
			"setting capture.%s is without effect while "
			"capture.tls_listen is off: set it, as in :8443",
			has_cert ? "tls_cert" : "tls_key");
	return 0;
}

static int
check_admin_tls(const struct conf *c, struct err *e)
{
	bool has_cert = c->admin_tls_cert[0] != '\0';
	bool has_key = c->admin_tls_key[0] != '\0';

	if (has_cert == has_key)
		return 0;
	return err_set(e, ERR_INVALID,
		"setting admin.%s needs admin.%s: both, or neither",
		has_cert ? "tls_cert" : "tls_key",
		has_cert ? "tls_key" : "tls_cert");
}

static int
check_postgres(const struct conf *c, struct err *e)
{
	struct pg *p;
	int rc = settings_postgres(c, &p, e);

	if (rc == 0)
		pg_free(p);
	return rc;
}

static int
check(const struct conf *c, struct err *e)
{
	int rc = check_roles(c, e);

	if (rc == 0)
		rc = check_listen("admin.listen", c->admin_listen, e);
	if (rc == 0)
		rc = check_listen("capture.listen", c->capture_listen, e);
	if (rc == 0)
		rc = check_tls(c, e);
	if (rc == 0)
		rc = check_admin_tls(c, e);
	if (rc == 0)
		rc = check_listen("clickhouse.listen", c->clickhouse_listen, e);
	if (rc == 0)
		rc = check_listen("kafka.listen", c->kafka_listen, e);
	if (rc == 0)
		rc = check_postgres(c, e);
	return rc == 0 ? check_modes(c, e) : rc;
}

/* The local ClickHouse reads from the embedded broker. */
static bool
clickhouse_cannot_run(const struct conf *c)
{
	return c->clickhouse_mode == CONF_CH_EMBEDDED &&
	       (!conf_list_has(c->roles, "clickhouse") ||
		       !conf_list_has(c->roles, "broker") ||
		       strcmp(c->kafka_listen, "off") == 0);
}

/* Loads once more with settings that follow from others; those given by the
 * user win. */
static int
load_more(const struct daemon_options *o, const struct stored *st,
	bool demo_listen, bool clickhouse_off, struct conf_set **c,
	struct err *e)
{
	const char *more[DAEMON_SETS_MAX + PASSED_MAX + 3] = {NULL};
	int n = 0;

	if (demo_listen)
		more[n++] = DEMO_LISTEN;
	for (int i = 0;
		i < DAEMON_SETS_MAX && o->set != NULL && o->set[i] != NULL; i++)
		more[n++] = o->set[i];
	if (clickhouse_off)
		more[n++] = "clickhouse.mode=off";
	for (int i = 0; passed_setting(i) != NULL && i < PASSED_MAX; i++)
		more[n++] = passed_setting(i);
	conf_free(*c);
	*c = NULL;
	return conf_load_stored(o->config_file, more, st->rows, st->n, c, e);
}

/* With the checks over several settings. */
static int
load_checked(const struct daemon_options *o, const struct stored *st,
	struct conf_set **out, struct err *e)
{
	struct conf_set *c = NULL;
	bool demo_listen, clickhouse_off;
	int rc = conf_load_stored(
		o->config_file, o->set, st->rows, st->n, &c, e);

	if (rc < 0)
		return rc;
	demo_listen = o->is_demo &&
		      conf_source_of(c, "capture.listen") == CONF_DEFAULT;
	clickhouse_off = clickhouse_cannot_run(conf_values(c));
	if (demo_listen || clickhouse_off || passed_setting(0) != NULL)
		rc = load_more(o, st, demo_listen, clickhouse_off, &c, e);
	if (rc == 0)
		rc = check(conf_values(c), e);
	if (rc < 0) {
		conf_free(c);
		return rc;
	}
	*out = c;
	return 0;
}

/* The same text for all that are not to be used, in the arena. */
static const char *
keep_text(struct arena *a, const char *text)
{
	const char *copy = arena_strndup(a, slice_str(text));

	return copy != NULL ? copy : "no memory";
}

/*
 * Together they cannot work: the one without which they can is left out, or
 * else all (run-6).
 */
static int
leave_out(const struct daemon_options *o, struct stored *st, struct arena *a,
	struct conf_set **out, struct err *e)
{
	const char *why = keep_text(a, e->text);
	const struct stored none = {NULL, 0};
	int rc = load_checked(o, &none, out, e);

	if (rc < 0)
		return rc; /* it is not because of them */
	conf_free(*out);
	for (int i = 0; i < st->n; i++) {
		const char *before = st->rows[i].why;

		st->rows[i].why = why;
		if (load_checked(o, st, out, e) == 0)
			return 0;
		st->rows[i].why = before;
	}
	for (int i = 0; i < st->n; i++)
		st->rows[i].why = why;
	return load_checked(o, st, out, e);
}

/* A start would be refused with the other store of persons than this folder's;
 * not because of a setting made in the admin. */
static int
check_store(const struct daemon_options *o, struct stored *st, struct arena *a,
	struct conf_set **c, struct err *e)
{
	if (conf_source_of(*c, "postgres.url") != CONF_ADMIN ||
		settings_store_allows(o->data_dir, *c, e) == 0)
		return 0;
	for (int i = 0; i < st->n; i++)
		if (strcmp(st->rows[i].name, "postgres.url") == 0)
			st->rows[i].why = keep_text(a, e->text);
	conf_free(*c);
	*c = NULL;
	return load_checked(o, st, c, e);
}

int
settings_load(
	const struct daemon_options *o, struct conf_set **out, struct err *e)
{
	struct conf_set *c = NULL;
	struct stored st = {NULL, 0};
	struct arena a;
	int rc = 0;

	arena_init(&a, STORED_ARENA_BYTES);
	if (o->data_dir != NULL)
		rc = stored_read_folder(o->data_dir, &a, &st, e);
	if (rc == 0) {
		rc = load_checked(o, &st, &c, e);
		if (rc < 0 && st.n > 0)
			rc = leave_out(o, &st, &a, &c, e);
	}
	if (rc == 0 && o->data_dir != NULL)
		rc = check_store(o, &st, &a, &c, e);
	arena_fini(&a);
	if (rc < 0) {
		conf_free(c);
		return rc;
	}
	*out = c;
	return 0;
}

int
settings_try(const struct daemon_options *o, const struct conf_stored *rows,
	int n, struct conf_set **out, struct err *e)
{
	const struct stored st = {(struct conf_stored *)(uintptr_t)rows, n};
	int rc = load_checked(o, &st, out, e);

	if (rc == 0 && conf_source_of(*out, "postgres.url") == CONF_ADMIN)
		rc = settings_store_allows(o->data_dir, *out, e);
	if (rc < 0) {
		conf_free(*out);
		*out = NULL;
	}
	return rc;
}

int
settings_store_allows(
	const char *data_dir, const struct conf_set *c, struct err *e)
{
	struct store *state;
	int rc;

	/* What else is wrong with the file is for the start to say. */
	if (data_dir == NULL ||
		store_open_readonly(data_dir, STORE_STATE, &state, e) != 0)
		return 0;
	rc = pipeline_store_allows(state, conf_values(c), e);
	store_close(state);
	return rc == -(int)ERR_UNSUPPORTED ? rc : 0;
}

void
settings_log_ignored(const struct conf_set *c)
{
	const struct conf_row *row;

	for (int i = 0; (row = conf_row_at(i)) != NULL; i++)
		if (conf_ignored(c, row->name) != NULL)
			log_warn("setting_ignored",
				"name=%s error=%s text=\"what was set in the "
				"admin does not count\"",
				row->name, log_q(conf_ignored(c, row->name)));
}

int
settings_postgres(const struct conf *c, struct pg **out, struct err *e)
{
	const struct pg_options o = {
		.url = c->postgres_url,
		.schema = c->postgres_schema,
		.connect_timeout_ms = c->postgres_connect_timeout_ms,
		.statement_timeout_ms = c->postgres_statement_timeout_ms,
	};

	*out = NULL;
	return c->postgres_url[0] == '\0' ? 0 : pg_new(&o, out, e);
}
