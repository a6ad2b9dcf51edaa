#include "run/watchdog.h"

#include "base/clock.h"
#include "base/fault.h"
#include "run/daemon.h"
#include "store/sql.h"

/* A commit may take the rest of the manager's patience. */
#define PART_OF_PATIENCE 4
#define LOOK_MS 50
#define MS_NS INT64_C(1000000)

enum { PROBE_WRITE, PROBE_N };
static const char *const texts[PROBE_N] = {
	[PROBE_WRITE] = "INSERT INTO probe (one, at_us) VALUES (1, ?1) "
			"ON CONFLICT (one) DO UPDATE SET at_us = "
			"excluded.at_us",
};
static const struct sql_set statements = {"probe", texts, PROBE_N};

static int
write_probe(struct store_job *j, struct store_conn *c, struct err *e)
{
	struct store_stmt *st;
	int rc = fault_point("watchdog.probe", e);

	(void)j;
	if (rc == 0)
		rc = sql_get(c, &statements, PROBE_WRITE, &st, e);
	if (rc < 0)
		return rc;
	sql_bind_i64(st, 1, clock_now_us());
	return sql_run(st, e);
}

static void
answered(struct store_job *j, const struct err *result)
{
	struct watchdog *w = QUEUE_OWNER(j, struct watchdog, job);

	__atomic_store_n(&w->result, (int)result->code, __ATOMIC_RELAXED);
	__atomic_store_n(&w->state, WATCHDOG_ANSWERED, __ATOMIC_RELEASE);
}

int
watchdog_write(struct store *s, struct err *e)
{
	struct store_job j = {.run = write_probe};

	return store_call(s, &j, e);
}

void
watchdog_start(struct daemon *d)
{
	struct watchdog *w = &d->watchdog;

	w->period_ns = d->notify.watchdog_us * 1000 / PART_OF_PATIENCE;
	w->due_ns = clock_mono_ns();
}

/* What the operator sees in "systemctl status". */
static void
feed(struct daemon *d)
{
	struct admin_disk disk;

	disk_state(d->disk, &disk);
	notify_send(&d->notify, "WATCHDOG=1\nSTATUS=%s%s",
		disk.events_refused ? "Refuses events: " : "Takes events",
		disk.events_refused ? disk.reason : "");
}

/*
 * A full disk is no reason to be started anew: capture refuses events by itself
 * and takes them again when there is room. All other errors are; most of them
 * end the daemon at once (run-4).
 */
static bool
is_well(int code)
{
	return code == ERR_OK || code == ERR_NO_SPACE;
}

static int
until_due_ms(const struct watchdog *w)
{
	int64_t ms = (w->due_ns - clock_mono_ns()) / MS_NS + 1;

	return ms < 1 ? 1 : ms > 60000 ? 60000 : (int)ms;
}

int
watchdog_turn(struct daemon *d)
{
	struct watchdog *w = &d->watchdog;
	int state = __atomic_load_n(&w->state, __ATOMIC_ACQUIRE);
	struct err e;

	if (w->period_ns == 0)
		return -1;
	if (state == WATCHDOG_ASKED)
		return LOOK_MS;
	if (state == WATCHDOG_ANSWERED) {
		if (is_well(__atomic_load_n(&w->result, __ATOMIC_RELAXED)))
			feed(d); /* run-7 */
		w->state = WATCHDOG_IDLE;
		w->due_ns += w->period_ns;
	}
	if (clock_mono_ns() < w->due_ns)
		return until_due_ms(w);
	w->due_ns = clock_mono_ns();
	w->job = (struct store_job){.run = write_probe, .done = answered};
	w->state = WATCHDOG_ASKED;
	if (store_submit(d->spool, &w->job, &e) < 0)
		w->state = WATCHDOG_IDLE; /* its queue is full: soon again */
	return LOOK_MS;
}
