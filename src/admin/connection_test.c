#include <stdio.h>

#include "admin/admin_int.h"
#include "admin/pg_test.h"
#include "base/json_write.h"
#include "conf/conf.h"
#include "pg/pg.h"
#include "pipeline/pipeline.h"

static void
put_text(struct buf *b, const char *member, const char *text)
{
	buf_printf(b, ",\"%s\":", member);
	json_put_string(b, slice_str(text));
}

static void
put_flag(struct buf *b, const char *member, bool yes)
{
	buf_printf(b, ",\"%s\":%s", member, yes ? "true" : "false");
}

/* Parameters that make libpq read or write files which nobody at the machine
 * laid down for it. */
int
admin_check_pg_url(const char *url, struct err *e)
{
	static const char *const refused[] = {
		"passfile", "service", "servicefile", "sslkeylogfile", NULL};
	const struct pg_options o = {.url = url};
	struct pg *pg;
	int rc = url[0] == '\0' ? 0 : pg_new(&o, &pg, e);

	if (rc != 0 || url[0] == '\0')
		return rc;
	for (int i = 0; rc == 0 && refused[i] != NULL; i++)
		if (pg_has_param(pg, refused[i]))
			rc = err_set(e, ERR_INVALID,
				"postgres.url: %s is not taken from the admin; "
				"set it in the file of settings",
				refused[i]);
	pg_free(pg);
	return rc;
}

static void
put_tested(struct admin_call *c, const struct pg_tested *r, const char *warning)
{
	static const char *const tables[] = {
		[PG_TABLES_UNKNOWN] = "unknown",
		[PG_TABLES_NONE] = "none",
		[PG_TABLES_SLUICE] = "sluice",
		[PG_TABLES_POSTHOG] = "posthog",
	};
	struct buf *b = &c->out;

	buf_printf(
		b, "{\"ok\":%s", r->cause == PG_CAUSE_NONE ? "true" : "false");
	put_flag(b, "reached", r->reached);
	put_text(b, "cause", pg_cause_word(r->cause));
	put_text(b, "text", r->text);
	put_text(b, "todo", pg_cause_todo(r->cause));
	put_text(b, "server", r->server);
	put_text(b, "user", r->user);
	buf_printf(b, ",\"version\":\"%d.%d\"", r->version / 10000,
		r->version % 10000);
	put_flag(b, "tls", r->is_tls);
	put_text(b, "tables", tables[r->tables]);
	put_flag(b, "may_create", r->may_create);
	buf_printf(b, ",\"connect_ms\":%.1f", r->connect_ms);
	if (r->reached)
		buf_printf(b, ",\"latency_ms\":%.2f", r->latency_ms);
	else
		buf_append_lit(b, ",\"latency_ms\":null");
	put_text(b, "warning", warning);
	buf_append_lit(b, "}\n");
}

/* "" unless a start with Postgres would be refused for the persons here. */
static void
store_warning(struct admin *a, char out[240])
{
	static char any[] = "postgresql:";
	struct conf would = *admin_conf(a);
	struct err e;

	would.postgres_url = any;
	out[0] = '\0';
	if (a->o.state != NULL && pipeline_store_allows(a->o.state, &would,
					  &e) == -(int)ERR_UNSUPPORTED)
		snprintf(out, 240, "%s", e.text);
}

static int
run_test(struct admin_call *c, const char *url, const char *schema,
	struct err *e)
{
	struct admin *a = c->a;
	struct pg_tested r = {0};
	bool is_limited = false;
	char warning[240];
	int rc;

	/* admin-3 */
	if (__atomic_fetch_add(&a->n_queries, 1, __ATOMIC_RELAXED) >=
		ADMIN_QUERIES_MAX)
		rc = err_set(e, ERR_BUSY,
			"%d queries or tests run already: try again",
			ADMIN_QUERIES_MAX);
	else
		rc = pg_test_run(a->pg_test, url, schema, &r, &is_limited, e);
	__atomic_fetch_sub(&a->n_queries, 1, __ATOMIC_RELAXED);
	if (is_limited)
		return admin_refuse(c, e, 429, "too_many",
			"more than ten tests in a minute: wait a little");
	if (rc < 0)
		return rc;
	store_warning(a, warning);
	put_tested(c, &r, warning);
	return 0;
}

int
admin_postgres_test(struct admin_call *c, struct err *e)
{
	const struct conf *now = admin_conf(c->a);
	const char *url, *schema;
	int rc = admin_body_string(c, "url", &url, e);

	c->is_no_change = true;
	if (rc == 0)
		rc = admin_body_string(c, "schema", &schema, e);
	if (rc < 0)
		return rc;
	if (schema == NULL || schema[0] == '\0')
		schema = now->postgres_schema;
	if (url == NULL) {
		if (now->postgres_url[0] == '\0')
			return admin_invalid(c, e, "url",
				"url: no Postgres is set, so one is to be "
				"named");
		return run_test(c, now->postgres_url, schema, e);
	}
	if (url[0] == '\0')
		return admin_invalid(c, e, "url", "url: one is wanted");
	if (admin_check_pg_url(url, e) < 0) {
		snprintf(c->field, sizeof(c->field), "url");
		return -(int)e->code;
	}
	return run_test(c, url, schema, e);
}
