#include <stdio.h>

#include "admin/admin_int.h"
#include "base/clock.h"
#include "pg/pg.h"

/*
 * Asks Postgres every two seconds on a connection of its own, so that one that
 * is stopped or hangs is known whether or not there are events.
 */
#define PROBE_EVERY_NS INT64_C(2000000000)
/* No answer for so long: it hangs. */
#define PROBE_LATE_NS INT64_C(4000000000)

static const char *const texts[] = {"SELECT 1::int8"};
static const struct pg_sql_set probe_sql = {"probe", texts, 1};

static int
ask(struct pg_conn *conn, struct err *e)
{
	int rc = pg_connect(conn, e);

	return rc == 0 ? pg_run(pg_get(conn, &probe_sql, 0), e) : rc;
}

/* Asks once; what came of it is kept. */
static void
probe(struct admin *a)
{
	struct err e = {0};
	int rc;

	lock_take(&a->lock);
	a->probe_asked_ns = clock_mono_ns();
	lock_release(&a->lock);
	rc = ask(a->probe_conn, &e);
	lock_take(&a->lock);
	a->probe_asked_ns = 0;
	snprintf(a->probe_text, sizeof(a->probe_text), "%s",
		rc == 0 ? "" : e.text);
	lock_release(&a->lock);
}

static void
keep_probing(void *cookie)
{
	struct admin *a = cookie;

	lock_take(&a->lock);
	while (!a->stopping) {
		int64_t until;

		lock_release(&a->lock);
		probe(a);
		until = clock_mono_ns() + PROBE_EVERY_NS;
		lock_take(&a->lock);
		while (!a->stopping &&
			cond_wait_until(&a->sampler_wake, &a->lock, until))
			;
	}
	lock_release(&a->lock);
}

int
admin_probe_start(struct admin *a, struct err *e)
{
	int rc;

	if (a->o.pg == NULL)
		return 0;
	rc = pg_conn_new(a->o.pg, "probe", &a->probe_conn, e);
	return rc == 0 ? thread_start(
				 &a->prober, "pg-probe", keep_probing, a, e)
		       : rc;
}

void
admin_probe_stop(struct admin *a)
{
	if (a->probe_conn != NULL)
		pg_interrupt(a->probe_conn);
	thread_join(&a->prober);
	pg_conn_free(a->probe_conn);
	a->probe_conn = NULL;
}

bool
admin_probe_is_good(struct admin *a, char why[240])
{
	int64_t now_ns = clock_mono_ns();
	bool good;

	lock_take(&a->lock);
	good = a->probe_text[0] == '\0';
	snprintf(why, 240, "%s", a->probe_text);
	if (a->probe_asked_ns != 0 &&
		now_ns - a->probe_asked_ns >= PROBE_LATE_NS) {
		good = false;
		snprintf(why, 240,
			"the server does not answer: silent for "
			"%lld s",
			(long long)((now_ns - a->probe_asked_ns) / 1000000000));
	}
	lock_release(&a->lock);
	return good;
}
