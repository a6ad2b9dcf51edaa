#include "pipeline/pg_flow.h"

#include "base/log.h"
#include "persondb/pg.h"
#include "pg/schema.h"
#include "stats/stats.h"

/*
 * The marker: the row of this node in sluice.node says which of its batches was
 * committed last. It is changed in the transaction of each batch, so it is the
 * answer to every question about an outcome (pipeline-11).
 */
enum { MARKER_MAKE, MARKER_LOCK, MARKER_PUT, N_MARKER };

static const char *const texts[N_MARKER] = {
	[MARKER_MAKE] = "INSERT INTO sluice.node (node, batch) VALUES ($1, 0) "
			"ON CONFLICT (node) DO NOTHING",
	/* A transaction of ours that the server has not ended yet holds the
	 * row: the answer waits for its end. */
	[MARKER_LOCK] =
		"SELECT batch FROM sluice.node WHERE node = $1 FOR UPDATE",
	[MARKER_PUT] = "UPDATE sluice.node SET batch = $2, at = now() "
		       "WHERE node = $1 AND batch = $2 - 1",
};

static const struct pg_sql_set marker_sql = {"marker", texts, N_MARKER};

/* -1: there is no row. */
static int
read_marker(struct pg_flow *f, int64_t *out, struct err *e)
{
	struct pg_stmt *st;
	int r = 0;

	/* The first batch of a node makes the row. */
	if (f->state.batch == 0) {
		st = pg_get(f->conn, &marker_sql, MARKER_MAKE);
		pg_bind_uuid(st, 1, &f->state.node);
		r = pg_run(st, e);
	}
	if (r == 0) {
		st = pg_get(f->conn, &marker_sql, MARKER_LOCK);
		pg_bind_uuid(st, 1, &f->state.node);
		r = pg_run(st, e);
	}
	if (r != 0)
		return pg_flow_server(f, r, e);
	*out = pg_n_rows(f->conn) == 0 ? -1 : pg_col_i64(f->conn, 0, 0);
	return 0;
}

static int
connect_server(struct pg_flow *f, struct err *e)
{
	struct pg_schema schema;
	int r;

	if (pg_is_connected(f->conn))
		return 0;
	r = pg_connect(f->conn, e);
	if (r == 0)
		r = pg_schema_prepare(f->conn, &schema, e);
	if (r == 0)
		r = persondb_pg_connected(f->db, &schema, true, e);
	if (r != 0)
		pg_disconnect(f->conn);
	return pg_flow_server(f, r, e);
}

/* pipeline-12 */
static int
refuse(struct pg_flow *f, int64_t marker, struct err *e)
{
	int r;

	f->is_resolved = false;
	if (marker < 0)
		r = err_set(e, ERR_UNSUPPORTED,
			"this database does not know this node, which has "
			"committed %lld batches: it is another or an older "
			"database than the one that belongs to this folder",
			(long long)f->state.batch);
	else
		r = err_set(e, ERR_UNSUPPORTED,
			"the database has batch %lld of this node, this folder "
			"batch %lld: one of them is a copy or an older state; "
			"see docs/postgres.md",
			(long long)marker, (long long)f->state.batch);
	if (!f->has_said_refusal)
		log_error("postgres_refused", "error=%s", log_q(e->text));
	f->has_said_refusal = true;
	return r;
}

/* The prepared batch of a daemon that ended between the two stores. */
static int
finish_prepared(struct pg_flow *f, bool was_committed, struct err *e)
{
	struct pg_state *s = &f->state;
	struct input *in = NULL;
	int r;

	log_info("postgres_batch_found", "batch=%lld outcome=%s",
		(long long)s->prepared,
		was_committed ? "published" : "discarded");
	if (was_committed) {
		for (int i = 0; i < N_INPUTS; i++)
			if (f->p->inputs[i].topic == s->topic &&
				f->p->inputs[i].partition == s->partition)
				in = &f->p->inputs[i];
		pg_publish(f, s->prepared, in, s->next);
		r = pg_publish_settle(f, e);
		if (r == 0) {
			s->batch = s->prepared;
			if (in != NULL && !f->is_ready)
				in->next = s->next; /* nothing is read yet */
		}
	} else {
		r = pg_discard(f, e);
	}
	if (r == 0)
		s->prepared = 0;
	return r;
}

static int
resolve(struct pg_flow *f, struct err *e)
{
	int64_t marker;
	int r = read_marker(f, &marker, e);

	if (r != 0)
		return r;
	if (f->state.prepared != 0 && marker == f->state.prepared)
		r = finish_prepared(f, true, e);
	else if (marker != f->state.batch)
		return refuse(f, marker, e);
	else if (f->state.prepared != 0)
		r = finish_prepared(f, false, e);
	if (r == 0)
		f->is_resolved = true;
	return r;
}

int
pg_marker_ready(struct pg_flow *f, struct err *e)
{
	int r = connect_server(f, e);

	return r != 0 || f->is_resolved ? r : resolve(f, e);
}

int
pg_marker_put(struct pg_flow *f, int64_t batch, struct err *e)
{
	struct pg_stmt *st = pg_get(f->conn, &marker_sql, MARKER_PUT);
	int r;

	pg_bind_uuid(st, 1, &f->state.node);
	pg_bind_i64(st, 2, batch);
	r = pg_run(st, e);
	if (r != 0)
		return pg_flow_server(f, r, e);
	if (pg_n_changed(f->conn) == 1)
		return 0;
	/* Somebody else uses this node's id; asked again on the next try. */
	f->is_resolved = false;
	return pg_flow_server(f,
		err_set(e, ERR_BUSY, "the marker of this node has moved"), e);
}

/* Nothing is discarded: who resolves the next time decides. */
static int
leave_in_doubt(struct pg_flow *f, int64_t batch, const struct err *e)
{
	f->state.prepared = batch;
	f->is_prepared = false;
	f->is_resolved = false;
	return -(int)e->code;
}

int
pg_marker_ask(struct pg_flow *f, int64_t batch, struct err *e)
{
	int64_t marker = -1;
	int r;

	stats_add(STATS_POSTGRES_IN_DOUBT, 0, 1);
	log_warn("postgres_commit_unsure", "batch=%lld error=%s",
		(long long)batch, log_q(e->text));
	for (;;) {
		r = connect_server(f, e);
		if (r == 0)
			r = read_marker(f, &marker, e);
		if (r == 0)
			break;
		pg_flow_say(f, e);
		if (pg_flow_wait(f, e) != 0)
			return leave_in_doubt(f, batch, e);
	}
	log_info("postgres_commit_answered", "batch=%lld outcome=%s",
		(long long)batch,
		marker == batch ? "committed" : "rolled_back");
	if (marker == batch)
		return 0;
	r = err_set(e, ERR_BUSY, "the commit did not happen");
	return marker == batch - 1 ? r : leave_in_doubt(f, batch, e);
}
