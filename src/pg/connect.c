#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "pg/pg_int.h"
#include "stats/stats.h"

#define PARAMS_MAX (PG_URL_PARAMS_MAX + 16)
#define SETUP_MAX_BYTES 1024

static _Atomic int n_open;

/* Parameters for one host of the list. */
struct params {
	const char *keys[PARAMS_MAX + 1], *values[PARAMS_MAX + 1];
	int n;
	char host[256], addr[64], port[16], user_timeout[24];
};

static void
put(struct params *a, const char *key, const char *value)
{
	INVARIANT(a->n < PARAMS_MAX, "pg-2");
	a->keys[a->n] = key;
	a->values[a->n++] = value;
}

static void
put_default(struct params *a, const struct pg *p, const char *key,
	const char *value)
{
	if (pg_url_get(p, key) == NULL)
		put(a, key, value);
}

/* libpq's own list of hosts has one deadline for all: here each has its own. */
static void
put_host(struct params *a, const struct pg *p, int i, const char *key,
	char *room, size_t size)
{
	const char *all = pg_url_get(p, key);

	if (all == NULL)
		return;
	pg_list_at(all, i, room, size);
	put(a, key, room);
}

static void
fill(struct params *a, const struct pg_conn *c, int host)
{
	static const char *const own[] = {"host", "hostaddr", "port",
		"connect_timeout", "client_encoding", NULL};
	const struct pg *p = c->pg;

	for (int i = 0; i < p->n; i++) {
		int k = 0;

		while (own[k] != NULL && strcmp(own[k], p->keys[i]) != 0)
			k++;
		if (own[k] == NULL)
			put(a, p->keys[i], p->values[i]);
	}
	put_host(a, p, host, "host", a->host, sizeof(a->host));
	put_host(a, p, host, "hostaddr", a->addr, sizeof(a->addr));
	put_host(a, p, host, "port", a->port, sizeof(a->port));
	snprintf(a->user_timeout, sizeof(a->user_timeout), "%lld",
		(long long)(p->statement_timeout_ms + 3LL * PG_GRACE_MS));
	put(a, "client_encoding", "UTF8");
	put_default(a, p, "fallback_application_name", c->name);
	put_default(a, p, "keepalives_idle", "30");
	put_default(a, p, "keepalives_interval", "10");
	put_default(a, p, "keepalives_count", "3");
	if (p->statement_timeout_ms > 0)
		put_default(a, p, "tcp_user_timeout", a->user_timeout);
	put_default(a, p, "target_session_attrs", "read-write");
	a->keys[a->n] = a->values[a->n] = NULL;
}

static void
be_silent(void *cookie, const char *text)
{
	(void)cookie;
	(void)text;
}

static int
try_host(struct pg_conn *c, int host, struct err *e)
{
	int64_t ms = c->hurry_ms != 0 ? c->hurry_ms : c->pg->connect_timeout_ms;
	int64_t end_ns = clock_mono_ns() + ms * 1000000;
	struct params a = {.n = 0};

	fill(&a, c, host);
	c->db = PQconnectStartParams(a.keys, a.values, 0);
	if (c->db == NULL)
		return err_set(e, ERR_NO_MEMORY, "Postgres");
	atomic_fetch_add(&n_open, 1);
	stats_set(STATS_PG_CONNECTIONS, 0, atomic_load(&n_open));
	if (PQstatus(c->db) == CONNECTION_BAD)
		return pg_lost(c, ERR_UNAVAILABLE, "cannot connect", e);
	PQsetNoticeProcessor(c->db, be_silent, NULL);
	for (short events = POLLOUT;;) {
		int rc = pg_wait(c, events, end_ns, false, e);

		if (rc == -ERR_STOPPING) {
			pg_close(c);
			return rc;
		}
		if (rc != 0)
			return pg_lost(c, ERR_UNAVAILABLE,
				"cannot connect: no answer in time", e);
		switch (PQconnectPoll(c->db)) {
		case PGRES_POLLING_OK:
			return 0;
		case PGRES_POLLING_READING:
			events = POLLIN;
			break;
		case PGRES_POLLING_WRITING:
			events = POLLOUT;
			break;
		case PGRES_POLLING_FAILED:
		case PGRES_POLLING_ACTIVE:
			return pg_lost(c, ERR_UNAVAILABLE, "cannot connect", e);
		}
	}
}

/*
 * pg-5: a commit that was answered must be on the server's disk, as events are
 * published on its word; a role or database with synchronous_commit off is
 * overruled.
 */
static int
set_up(struct pg_conn *c, struct err *e)
{
	struct buf b;
	char *schema =
		PQescapeIdentifier(c->db, c->pg->schema, strlen(c->pg->schema));
	const char *text;
	struct err ignored;
	int rc;

	if (schema == NULL)
		return err_set(
			e, ERR_INVALID, "postgres.schema is not UTF-8 text");
	buf_init(&b, SETUP_MAX_BYTES);
	buf_printf(&b,
		"SET statement_timeout = %lld; "
		"SET idle_in_transaction_session_timeout = %d; "
		"SET timezone = 'UTC'; SET search_path = %s; "
		"SET default_transaction_isolation = 'read committed'; "
		"SELECT set_config('synchronous_commit', 'on', false) "
		"WHERE current_setting('synchronous_commit') = 'off'",
		(long long)c->pg->statement_timeout_ms, PG_IDLE_MS, schema);
	PQfreemem(schema);
	text = buf_cstr(&b);
	rc = text == NULL ? err_set(e, ERR_NO_MEMORY, "Postgres")
			  : pg_run_text(c, text, e);
	buf_fini(&b);
	/* The server sees while it works that we are gone. Not there before 14,
	 * nor on every system. */
	if (rc == 0)
		ERR_IGNORE(pg_run_text(c,
				   "SET client_connection_check_interval = "
				   "10000",
				   &ignored),
			"it only frees the server sooner");
	if (rc == 0 && c->db == NULL)
		rc = err_set(e, ERR_UNAVAILABLE, "Postgres: lost");
	return rc;
}

static int
start_session(struct pg_conn *c, struct err *e)
{
	int rc;

	if (PQserverVersion(c->db) < 110000) {
		int major = PQserverVersion(c->db) / 10000;

		pg_close(c);
		return err_set(e, ERR_UNSUPPORTED,
			"Postgres %d is too old: 11 or newer is needed", major);
	}
	if (PQsetnonblocking(c->db, 1) != 0)
		return pg_lost(c, ERR_UNAVAILABLE, "cannot connect", e);
	rc = set_up(c, e);
	if (rc == 0 && !PQenterPipelineMode(c->db))
		rc = pg_lost(c, ERR_UNAVAILABLE, "cannot connect", e);
	if (rc != 0)
		pg_close(c);
	return rc;
}

int
pg_connect(struct pg_conn *c, struct err *e)
{
	int n = pg_url_n_hosts(c->pg);
	int rc = 0;

	if (pg_is_alive(c))
		return 0;
	pg_close(c);
	if (atomic_load(&c->is_stopped))
		return err_set(e, ERR_STOPPING, "Postgres: stopping");
	for (int i = 0; i < n; i++) {
		rc = try_host(c, i, e);
		if (rc == 0)
			rc = start_session(c, e);
		if (rc == 0 || rc == -ERR_STOPPING)
			break;
	}
	stats_add(STATS_PG_CONNECTS, rc != 0, 1);
	if (rc != 0) {
		if (rc != -ERR_STOPPING)
			pg_set_down(c->pg, e->text);
		return rc;
	}
	c->connected_at_ns = clock_mono_ns();
	pg_set_up(c->pg, c);
	return 0;
}

void
pg_close(struct pg_conn *c)
{
	PQclear(c->res);
	c->res = NULL;
	c->n_pending = c->first = 0;
	c->is_synced = false;
	for (int i = 0; i < c->n_sets; i++)
		for (int k = 0; k < c->sets[i].set->n; k++)
			c->sets[i].stmts[k].is_prepared = false;
	if (c->db == NULL)
		return;
	PQfinish(c->db);
	c->db = NULL;
	atomic_fetch_sub(&n_open, 1);
	stats_set(STATS_PG_CONNECTIONS, 0, atomic_load(&n_open));
}

void
pg_disconnect(struct pg_conn *c)
{
	pg_close(c);
}

bool
pg_is_connected(const struct pg_conn *c)
{
	return c->db != NULL && PQstatus(c->db) == CONNECTION_OK;
}

bool
pg_is_alive(struct pg_conn *c)
{
	/* A server that stops sends its reason, then closes. */
	for (int i = 0; i < 4 && pg_is_connected(c); i++) {
		struct pollfd f = {.fd = PQsocket(c->db), .events = POLLIN};

		if (poll(&f, 1, 0) <= 0)
			return true;
		if (!PQconsumeInput(c->db))
			pg_close(c);
	}
	return pg_is_connected(c);
}

int
pg_conn_new(struct pg *p, const char *name, struct pg_conn **out, struct err *e)
{
	struct pg_conn *c = mem_new(struct pg_conn);

	if (c == NULL)
		return err_set(e, ERR_NO_MEMORY, "Postgres");
	c->pg = p;
	snprintf(c->name, sizeof(c->name), "sluice %s", name);
	c->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (c->stop_fd < 0) {
		int rc = err_sys(e, ERR_NO_MEMORY, "eventfd");

		mem_free(c);
		return rc;
	}
	*out = c;
	return 0;
}

void
pg_conn_free(struct pg_conn *c)
{
	if (c == NULL)
		return;
	pg_close(c);
	for (int i = 0; i < c->n_sets; i++)
		mem_free(c->sets[i].stmts);
	mem_free(c->pending);
	close(c->stop_fd);
	mem_free(c);
}

struct pg *
pg_of(struct pg_conn *c)
{
	return c->pg;
}
