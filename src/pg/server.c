#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "pg/pg_int.h"

/* host:port/database of what the URL says; a list of hosts as it stands. */
static void
describe(struct pg *p)
{
	const char *host = pg_url_get(p, "host");
	const char *port = pg_url_get(p, "port");
	const char *db = pg_url_get(p, "dbname");

	if (host == NULL)
		host = pg_url_get(p, "hostaddr");
	snprintf(p->status.where, sizeof(p->status.where), "%s:%s/%s",
		host != NULL ? host : "localhost", port != NULL ? port : "5432",
		db != NULL ? db : "");
}

int
pg_new(const struct pg_options *o, struct pg **out, struct err *e)
{
	const char *schema = o->schema != NULL ? o->schema : "public";
	struct pg *p = mem_new(struct pg);
	int rc;

	if (p == NULL)
		return err_set(e, ERR_NO_MEMORY, "Postgres");
	lock_init(&p->lock);
	p->connect_timeout_ms = o->connect_timeout_ms;
	p->statement_timeout_ms = o->statement_timeout_ms;
	snprintf(p->schema, sizeof(p->schema), "%s", schema);
	rc = pg_url_parse(p, o->url, e);
	if (rc == 0 &&
		(schema[0] == '\0' || strlen(schema) >= sizeof(p->schema)))
		rc = err_set(e, ERR_INVALID,
			"postgres.schema has 1 to %zu bytes",
			sizeof(p->schema) - 1);
	if (rc != 0) {
		pg_free(p);
		return rc;
	}
	p->status.since_us = clock_now_us();
	describe(p);
	*out = p;
	return 0;
}

void
pg_free(struct pg *p)
{
	if (p == NULL)
		return;
	for (int i = 0; i < p->n; i++) {
		mem_free(p->keys[i]);
		mem_free(p->values[i]);
	}
	lock_fini(&p->lock);
	mem_free(p);
}

void
pg_status(const struct pg *p, struct pg_status *out)
{
	struct lock *l = (struct lock *)&p->lock;

	lock_take(l);
	*out = p->status;
	lock_release(l);
}

void
pg_set_up(struct pg *p, const struct pg_conn *c)
{
	const char *host = PQhost(c->db);

	lock_take(&p->lock);
	if (p->status.state != PG_UP)
		p->status.since_us = clock_now_us();
	p->status.state = PG_UP;
	p->status.version = PQserverVersion(c->db);
	p->status.is_tls = PQsslInUse(c->db) != 0;
	p->status.why[0] = '\0';
	snprintf(p->status.where, sizeof(p->status.where), "%s:%s/%s",
		host != NULL ? host : "", PQport(c->db), PQdb(c->db));
	lock_release(&p->lock);
}

void
pg_set_down(struct pg *p, const char *why)
{
	lock_take(&p->lock);
	if (p->status.state != PG_DOWN)
		p->status.since_us = clock_now_us();
	p->status.state = PG_DOWN;
	snprintf(p->status.why, sizeof(p->status.why), "%s", why);
	lock_release(&p->lock);
}
