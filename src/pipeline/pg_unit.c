#include "pipeline/pg_flow.h"

#include <string.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "stats/stats.h"

/* Conflicts in a row with something that is there and does not go away: then it
 * is an event's fault, or ours. */
#define CONFLICTS_MAX 8

/* In the order of the labels POSTGRES_REDO. */
enum redo {
	REDO_BUSY,
	REDO_EXISTS,
	REDO_GONE,
	REDO_LOST,
	REDO_SIZE,
	REDO_OTHER
};

enum fate {
	FATE_REDO, /* another node was there first */
	FATE_WAIT, /* for the server */
	FATE_END, /* the unit's or the machine's matter */
};

static int
commit(struct pg_flow *f, int64_t batch, struct err *e)
{
	int64_t began_ns = clock_mono_ns();
	int r = pg_commit(f->conn, e);

	stats_add(STATS_POSTGRES_TIME, 2,
		(uint64_t)(clock_mono_ns() - began_ns) / 1000);
	if (r == -ERR_UNSURE)
		return pg_marker_ask(f, batch, e);
	return pg_flow_server(f, r, e);
}

/* One try; on failure nothing stands in Postgres. Prepared comes before COMMIT
 * (pipeline-9). */
static int
attempt(struct pg_flow *f, struct pg_unit *u, struct err *e)
{
	int64_t batch = f->state.batch + 1;
	int r = pg_marker_ready(f, e);

	batch = f->state.batch + 1;
	if (r == 0)
		r = pg_flow_server(f, pg_begin(f->conn, e), e);
	if (r == 0)
		r = u->work(f, u, e);
	if (r == 0)
		r = pg_marker_put(f, batch, e);
	if (r == 0)
		r = pg_prepare(f, u, e);
	if (r == 0)
		r = fault_point("pipeline_prepared", e);
	if (r == 0)
		r = commit(f, batch, e);
	return r;
}

/* SQLSTATE classes 22 and 23: what was sent is at fault. */
static bool
is_data(const struct pg_flow *f)
{
	const char *state = pg_sqlstate(f->conn);

	return strncmp(state, "22", 2) == 0 || strncmp(state, "23", 2) == 0;
}

/* pipeline-7: an error of the server is no event's fault unless it says so. */
static enum fate
fate_of_server(const struct pg_flow *f, const struct err *e)
{
	switch (e->code) {
	case ERR_BUSY:
	case ERR_EXISTS:
	case ERR_NOT_FOUND:
		return FATE_REDO;
	case ERR_INVALID:
		return is_data(f) ? FATE_END : FATE_WAIT;
	case ERR_NO_MEMORY:
	case ERR_TOO_BIG:
	case ERR_STOPPING:
	case ERR_BUG:
		return FATE_END;
	case ERR_OK:
	case ERR_UNSURE:
	case ERR_TIMEOUT:
	case ERR_UNAVAILABLE:
	case ERR_DENIED:
	case ERR_UNSUPPORTED:
	case ERR_NO_SPACE:
	case ERR_IO:
	case ERR_CORRUPT:
	case ERR_N_CODES:
		break;
	}
	return FATE_WAIT;
}

static enum fate
fate_of(struct pg_flow *f, const struct pg_unit *u, const struct err *e)
{
	enum fate fate;

	if (!f->is_resolved)
		fate = FATE_WAIT; /* refused */
	else if (f->was_server)
		fate = fate_of_server(f, e);
	else
		/* BUSY: the batch before is not published, or the queue is
		 * full, or a fault point. */
		fate = e->code == ERR_BUSY ? FATE_REDO : FATE_END;
	if (!u->waits && (fate == FATE_WAIT || e->code == ERR_NOT_FOUND))
		fate = FATE_END;
	return fate;
}

static void
count_redo(const struct pg_flow *f, const struct err *e)
{
	enum redo why = REDO_OTHER;

	if (f->was_size)
		why = REDO_SIZE;
	else if (e->code == ERR_BUSY)
		why = REDO_BUSY;
	else if (e->code == ERR_EXISTS)
		why = REDO_EXISTS;
	else if (e->code == ERR_NOT_FOUND)
		why = REDO_GONE;
	else if (e->code == ERR_UNAVAILABLE || e->code == ERR_TIMEOUT)
		why = REDO_LOST;
	stats_add(STATS_POSTGRES_REDOS, (int)why, 1);
	log_debug("postgres_redo", "code=%s sqlstate=%s error=%s",
		err_name(e->code), pg_sqlstate(f->conn), log_q(e->text));
}

/* Nothing of the try is left behind (pipeline-13). */
static int
undo(struct pg_flow *f, struct err *e)
{
	int r = 0;

	if (pg_is_connected(f->conn))
		pg_rollback(f->conn);
	if (f->is_prepared)
		r = pg_discard(f, e);
	return r != 0 ? r : pg_publish_settle(f, e);
}

/* How it goes on after a failed try: 0: again. */
static int
after(struct pg_flow *f, struct pg_unit *u, unsigned *n_conflicts,
	struct err *why, struct err *e)
{
	enum fate fate = fate_of(f, u, why);
	bool is_lasting = why->code == ERR_EXISTS || why->code == ERR_NOT_FOUND;
	int r = undo(f, e);

	if (r != 0)
		return r;
	*e = *why;
	if (fate == FATE_END)
		return -(int)e->code;
	count_redo(f, why);
	if (fate == FATE_WAIT) {
		pg_flow_say(f, why);
		return pg_flow_wait(f, e);
	}
	if (is_lasting && *n_conflicts >= CONFLICTS_MAX) {
		e->code = ERR_INVALID;
		return -(int)e->code;
	}
	/* Whoever was there first is most often done by now. */
	return ++*n_conflicts == 1 ? 0 : pg_flow_yield(f, *n_conflicts, e);
}

int
pg_unit_run(struct pg_flow *f, struct pg_unit *u, struct err *e)
{
	unsigned n_conflicts = 0;

	for (;;) {
		struct err why = {0};
		int r;

		f->was_server = f->was_size = false;
		if (attempt(f, u, &why) == 0)
			break;
		r = after(f, u, &n_conflicts, &why, e);
		if (r != 0)
			return r;
	}
	f->n_waits = 0;
	f->is_prepared = false;
	f->state.batch++;
	if (fault_point("pipeline_committed", e) != 0)
		log_warn("fault", "text=\"an error here means nothing\"");
	pg_publish(f, f->state.batch, u->in, u->position);
	return 0;
}
