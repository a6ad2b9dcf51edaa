#include "admin/pg_test.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/thread.h"
#include "pg/pg.h"
#include "pg/schema.h"

#define CONNECT_MS 5000
#define STATEMENT_MS 5000
#define WAIT_NS INT64_C(20000000000) /* then who asked is told */
#define MINUTE_NS INT64_C(60000000000)
#define TESTS_A_MINUTE 10

enum test_sql { TEST_RIGHTS, TEST_PING, TEST_N };

static const char *const texts[TEST_N] = {
	[TEST_RIGHTS] =
		"SELECT current_user::text, "
		"coalesce(CASE WHEN to_regnamespace('sluice') IS NULL "
		"THEN has_database_privilege(current_database(), 'CREATE') "
		"ELSE has_schema_privilege(to_regnamespace('sluice')::oid, "
		"'CREATE') END, false), "
		"coalesce(has_schema_privilege(current_schema()::text, "
		"'CREATE'), false), "
		"coalesce(has_table_privilege(to_regclass('posthog_person')"
		"::oid, 'INSERT') AND has_table_privilege(to_regclass("
		"'posthog_person')::oid, 'UPDATE'), true), "
		"current_database()::text, "
		"coalesce(current_schema()::text, '')",
	[TEST_PING] = "SELECT 1::int8",
};
static const struct pg_sql_set test_sql = {"test", texts, TEST_N};

struct pg_test {
	struct lock lock; /* guards all but conn's use */
	struct cond ended; /* on lock */
	struct thread thread;
	bool has_thread; /* to be joined */
	bool is_running, is_stopped;
	char *url;
	char schema[64];
	struct pg_conn *conn; /* while it runs */
	struct pg_tested result;
	int64_t began_ns[TESTS_A_MINUTE]; /* ring; 0: none */
	int next;
};

int
pg_test_new(struct pg_test **out, struct err *e)
{
	struct pg_test *t = mem_new(struct pg_test);

	if (t == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory");
	lock_init(&t->lock);
	cond_init(&t->ended);
	*out = t;
	return 0;
}

void
pg_test_stop(struct pg_test *t)
{
	if (t == NULL)
		return;
	lock_take(&t->lock);
	t->is_stopped = true;
	if (t->conn != NULL)
		pg_interrupt(t->conn);
	cond_broadcast(&t->ended);
	lock_release(&t->lock);
}

void
pg_test_free(struct pg_test *t)
{
	if (t == NULL)
		return;
	pg_test_stop(t);
	if (t->has_thread)
		thread_join(&t->thread);
	cond_fini(&t->ended);
	lock_fini(&t->lock);
	mem_free(t->url);
	mem_free(t);
}

static void
fail(struct pg_tested *r, enum pg_cause cause, const struct err *e)
{
	r->cause = cause;
	snprintf(r->text, sizeof(r->text), "%s", e->text);
}

static double
ms_since(int64_t begin_ns)
{
	return (double)(clock_mono_ns() - begin_ns) / 1e6;
}

/* What must be there, or may be made. */
static void
judge_rights(
	struct pg_conn *conn, const struct pg_schema *s, struct pg_tested *r)
{
	bool may_sluice = pg_col_bool(conn, 0, 1);
	bool may_schema = pg_col_bool(conn, 0, 2);
	bool may_write = pg_col_bool(conn, 0, 3);
	struct slice db = pg_col_text(conn, 0, 4);
	struct slice schema = pg_col_text(conn, 0, 5);
	struct err e;

	r->may_create = may_sluice && (s->is_posthog || may_schema);
	if (!may_write) {
		ERR_IGNORE(err_set(&e, ERR_DENIED,
				   "GRANT SELECT, INSERT, UPDATE, DELETE ON "
				   "ALL TABLES IN SCHEMA \"%.*s\" TO \"%s\"",
				   (int)schema.len, schema.p, r->user),
			"shown");
		fail(r, PG_CAUSE_RIGHTS, &e);
	} else if (!s->is_prepared && !r->may_create) {
		ERR_IGNORE(err_set(&e, ERR_DENIED,
				   "GRANT CREATE ON DATABASE \"%.*s\" TO "
				   "\"%s\"; GRANT CREATE ON SCHEMA \"%.*s\" TO "
				   "\"%s\"",
				   (int)db.len, db.p, r->user, (int)schema.len,
				   schema.p, r->user),
			"shown");
		fail(r, PG_CAUSE_RIGHTS, &e);
	}
}

static void
look(struct pg_conn *conn, struct pg_tested *r)
{
	int64_t begin_ns = clock_mono_ns();
	struct pg_schema schema;
	struct err e;
	int rc = pg_run(pg_get(conn, &test_sql, TEST_PING), &e);

	if (rc == 0) {
		/* The first has the cost of preparing in it. */
		begin_ns = clock_mono_ns();
		rc = pg_run(pg_get(conn, &test_sql, TEST_PING), &e);
		r->latency_ms = ms_since(begin_ns);
	}
	if (rc != 0) {
		fail(r, pg_cause_of(e.text), &e);
		return;
	}
	rc = pg_schema_look(conn, &schema, &e);
	if (rc != 0) {
		fail(r,
			rc == -(int)ERR_DENIED ? PG_CAUSE_RIGHTS
					       : PG_CAUSE_SCHEMA,
			&e);
		return;
	}
	r->tables = schema.is_posthog       ? PG_TABLES_POSTHOG
		    : schema.made_by_sluice ? PG_TABLES_SLUICE
					    : PG_TABLES_NONE;
	rc = pg_run(pg_get(conn, &test_sql, TEST_RIGHTS), &e);
	if (rc != 0) {
		fail(r, PG_CAUSE_RIGHTS, &e);
		return;
	}
	snprintf(r->user, sizeof(r->user), "%.*s",
		SLICE_FMT(pg_col_text(conn, 0, 0)));
	judge_rights(conn, &schema, r);
}

static void
try_connect(struct pg_test *t, struct pg *pg, struct pg_tested *r)
{
	struct pg_conn *conn;
	struct pg_status st;
	struct err e;
	int64_t begin_ns = clock_mono_ns();
	int rc = pg_conn_new(pg, "test", &conn, &e);

	if (rc != 0) {
		fail(r, PG_CAUSE_OTHER, &e);
		return;
	}
	lock_take(&t->lock);
	t->conn = conn;
	if (t->is_stopped)
		pg_interrupt(conn);
	lock_release(&t->lock);
	rc = pg_connect(conn, &e);
	r->connect_ms = ms_since(begin_ns);
	pg_status(pg, &st);
	snprintf(r->server, sizeof(r->server), "%s", st.where);
	if (rc != 0) {
		fail(r, pg_cause_of(e.text), &e);
	} else {
		r->reached = true;
		r->version = st.version;
		r->is_tls = st.is_tls;
		look(conn, r);
	}
	lock_take(&t->lock);
	t->conn = NULL;
	lock_release(&t->lock);
	pg_conn_free(conn);
}

static void
run(void *cookie)
{
	struct pg_test *t = cookie;
	const struct pg_options o = {
		.url = t->url,
		.schema = t->schema,
		.connect_timeout_ms = CONNECT_MS,
		.statement_timeout_ms = STATEMENT_MS,
	};
	struct pg_tested r = {.cause = PG_CAUSE_NONE};
	struct pg *pg = NULL;
	struct err e;

	if (pg_new(&o, &pg, &e) != 0) {
		fail(&r, PG_CAUSE_URL, &e);
	} else {
		snprintf(r.user, sizeof(r.user), "%s", pg_user(pg));
		try_connect(t, pg, &r);
	}
	pg_free(pg);
	lock_take(&t->lock);
	t->result = r;
	t->is_running = false;
	cond_broadcast(&t->ended);
	lock_release(&t->lock);
}

/* @locks lock (held) */
static int
begin(struct pg_test *t, const char *url, const char *schema, bool *is_limited,
	struct err *e)
{
	int64_t now_ns = clock_mono_ns();
	int64_t oldest_ns = t->began_ns[t->next];
	int rc;

	if (t->is_stopped)
		return err_set(e, ERR_STOPPING, "the daemon stops");
	*is_limited = oldest_ns != 0 && now_ns - oldest_ns < MINUTE_NS;
	if (*is_limited)
		return err_set(e, ERR_BUSY,
			"more than %d tests in a minute: wait a little",
			TESTS_A_MINUTE);
	if (t->is_running)
		return err_set(e, ERR_BUSY,
			"another test runs: try again in some seconds");
	if (t->has_thread)
		thread_join(&t->thread); /* it has ended */
	t->has_thread = false;
	mem_free(t->url);
	t->url = mem_strdup(url);
	if (t->url == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory");
	snprintf(t->schema, sizeof(t->schema), "%s", schema);
	t->began_ns[t->next] = now_ns;
	t->next = (t->next + 1) % TESTS_A_MINUTE;
	t->is_running = true;
	rc = thread_start(&t->thread, "pg-test", run, t, e);
	t->is_running = t->has_thread = rc == 0;
	return rc;
}

int
pg_test_run(struct pg_test *t, const char *url, const char *schema,
	struct pg_tested *out, bool *is_limited, struct err *e)
{
	int64_t until_ns = clock_mono_ns() + WAIT_NS;
	int rc;

	*is_limited = false;
	lock_take(&t->lock);
	rc = begin(t, url, schema, is_limited, e);
	while (rc == 0 && t->is_running && !t->is_stopped)
		if (!cond_wait_until(&t->ended, &t->lock, until_ns))
			break;
	if (rc == 0 && t->is_stopped)
		rc = err_set(e, ERR_STOPPING, "the daemon stops");
	else if (rc == 0 && t->is_running)
		rc = err_set(e, ERR_TIMEOUT,
			"the test took too long: looking up the host's name "
			"can hang; check the name and this machine's DNS");
	if (rc == 0)
		*out = t->result;
	lock_release(&t->lock);
	return rc;
}
