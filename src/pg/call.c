#include "base/clock.h"
#include "base/mem.h"
#include "pg/pg_int.h"
#include "stats/stats.h"

static struct pg_stmt *
add_set(struct pg_conn *c, const struct pg_sql_set *set)
{
	struct pg_stmt *stmts = mem_xzalloc((size_t)set->n, sizeof(*stmts));

	INVARIANT(c->n_sets < PG_SETS_MAX, "pg-2");
	for (int i = 0; i < set->n; i++) {
		INVARIANT(set->texts[i] != NULL, "pg-2");
		stmts[i].c = c;
		stmts[i].text = set->texts[i];
		snprintf(stmts[i].name, sizeof(stmts[i].name), "%s_%d",
			set->name, i);
	}
	c->sets[c->n_sets++] = (struct pg_set){set, stmts};
	return stmts;
}

struct pg_stmt *
pg_get(struct pg_conn *c, const struct pg_sql_set *set, int i)
{
	struct pg_stmt *stmts = NULL;

	for (int k = 0; k < c->n_sets; k++)
		if (c->sets[k].set == set)
			stmts = c->sets[k].stmts;
	if (stmts == NULL)
		stmts = add_set(c, set);
	INVARIANT(i >= 0 && i < set->n, "pg-2");
	c->bound.n = 0;
	c->bound.is_too_big = false;
	return &stmts[i];
}

int
pg_push(struct pg_conn *c, enum pg_kind kind, struct pg_stmt *st, struct err *e)
{
	if (c->n_pending == c->cap) {
		int cap = c->cap == 0 ? 64 : c->cap * 2;
		struct pg_pending *more = NULL;

		if (c->cap < PG_PENDING_MAX)
			more = mem_realloc(
				c->pending, (size_t)cap * sizeof(*more));
		if (more == NULL)
			return err_set(e, ERR_TOO_BIG,
				"Postgres: over %d statements at once", c->cap);
		c->pending = more;
		c->cap = cap;
	}
	c->pending[c->n_pending++] = (struct pg_pending){kind, st};
	c->is_synced = kind == PG_SYNC;
	return 0;
}

static int
not_sent(struct pg_conn *c, struct err *e)
{
	return pg_lost(c, ERR_UNAVAILABLE, "lost", e);
}

int
pg_queue(struct pg_stmt *st, struct err *e)
{
	struct pg_conn *c = st->c;
	const struct pg_bound *b = &c->bound;
	int rc;

	if (!pg_is_connected(c))
		return not_sent(c, e);
	if (b->is_too_big)
		return err_set(e, ERR_TOO_BIG,
			"Postgres: a parameter of %s is too large", st->name);
	if (!st->is_prepared) {
		rc = pg_push(c, PG_PREPARE, st, e);
		if (rc != 0)
			return rc;
		if (!PQsendPrepare(c->db, st->name, st->text, b->n, b->types))
			return not_sent(c, e);
		st->is_prepared = true;
	}
	rc = pg_push(c, PG_STATEMENT, st, e);
	if (rc != 0)
		return rc;
	if (!PQsendQueryPrepared(
		    c->db, st->name, b->n, b->values, b->lens, b->formats, 1))
		return not_sent(c, e);
	return 0;
}

int
pg_sync(struct pg_conn *c, struct err *e)
{
	int rc;

	if (!pg_is_connected(c))
		return not_sent(c, e);
	if (c->is_synced || c->n_pending == c->first)
		return 0;
	rc = pg_push(c, PG_SYNC, NULL, e);
	if (rc != 0)
		return rc;
	if (!PQpipelineSync(c->db) || PQflush(c->db) < 0)
		return not_sent(c, e);
	c->sync_at_ns = clock_mono_ns();
	return 0;
}

/* A FATAL error ends the connection after it was told. */
static bool
is_fatal(const PGresult *r)
{
	const char *s = PQresultErrorField(r, PG_DIAG_SEVERITY_NONLOCALIZED);

	return s != NULL && (s[0] == 'F' || s[0] == 'P');
}

static int
judge(struct pg_conn *c, const struct pg_pending *p, struct err *e)
{
	int rc = 0;

	switch (PQresultStatus(c->res)) {
	case PGRES_COMMAND_OK:
	case PGRES_TUPLES_OK:
	case PGRES_EMPTY_QUERY:
	case PGRES_PIPELINE_SYNC:
		return 0;
	case PGRES_PIPELINE_ABORTED:
		rc = err_set(e, ERR_BUG, "Postgres: read beyond an error");
		break;
	case PGRES_FATAL_ERROR:
	case PGRES_BAD_RESPONSE:
	case PGRES_NONFATAL_ERROR:
		rc = pg_result_err(c, c->res, e);
		break;
	case PGRES_COPY_OUT:
	case PGRES_COPY_IN:
	case PGRES_COPY_BOTH:
	case PGRES_SINGLE_TUPLE:
		rc = err_set(e, ERR_BUG, "Postgres: COPY");
		break;
	}
	if (p->kind == PG_PREPARE)
		p->st->is_prepared = false;
	if (c->db != NULL && is_fatal(c->res)) {
		pg_set_down(c->pg, e->text);
		pg_close(c);
	}
	return rc;
}

int
pg_pop(struct pg_conn *c, bool without_stop, struct err *e)
{
	struct pg_pending p;
	PGresult *end;
	int rc;

	PQclear(c->res);
	c->res = NULL;
	if (!pg_is_connected(c))
		return not_sent(c, e);
	INVARIANT(c->first < c->n_pending, "pg-2");
	p = c->pending[c->first];
	rc = pg_take(c, without_stop, &c->res, e);
	if (rc != 0)
		return rc;
	if (c->res == NULL)
		return pg_lost(c, ERR_UNAVAILABLE, "an answer is missing", e);
	rc = judge(c, &p, e);
	if (c->db == NULL)
		return rc;
	c->first++;
	if (c->first == c->n_pending)
		c->first = c->n_pending = 0;
	if (p.kind == PG_SYNC)
		return rc;
	/* libpq closes the result of each statement with a NULL. */
	for (end = c->res; end != NULL;) {
		struct err why;
		int taken = pg_take(c, without_stop, &end, &why);

		if (taken != 0) {
			*e = rc != 0 ? *e : why;
			return rc != 0 ? rc : taken;
		}
		if (end != c->res)
			PQclear(end);
	}
	return rc;
}

int
pg_drain(struct pg_conn *c, bool without_stop, struct err *e)
{
	int first_rc = 0;
	struct err why;

	while (c->n_pending > c->first) {
		bool was_last = c->pending[c->first].kind == PG_SYNC;
		int rc = pg_pop(c, without_stop, &why);

		if (rc != 0 && first_rc == 0 &&
			(c->db == NULL || rc != -ERR_BUG)) {
			first_rc = rc;
			*e = why;
		}
		if (c->db == NULL)
			return first_rc;
		if (was_last)
			stats_observe(STATS_PG_ROUND_TRIP, 0,
				(double)(clock_mono_ns() - c->sync_at_ns) /
					1e9);
	}
	PQclear(c->res);
	c->res = NULL;
	return first_rc;
}
