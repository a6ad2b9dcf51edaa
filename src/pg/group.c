#include "pg/pg_int.h"

static bool
is_idle(const struct pg_conn *c)
{
	return c->n_pending == c->first;
}

/* pg-4: what is left of a group that failed is read away. */
static int
give_up(struct pg_conn *c, int rc)
{
	struct err more;

	if (c->db != NULL)
		ERR_IGNORE(pg_drain(c, false, &more),
			"the first error counts; the rest has not run");
	return rc;
}

int
pg_next(struct pg_conn *c, struct err *e)
{
	int rc = pg_sync(c, e);

	if (rc != 0)
		return rc;
	for (;;) {
		enum pg_kind kind;

		if (is_idle(c) || c->pending[c->first].kind == PG_SYNC)
			return err_set(e, ERR_BUG, "Postgres: nothing queued");
		kind = c->pending[c->first].kind;
		rc = pg_pop(c, false, e);
		if (rc != 0)
			return give_up(c, rc);
		if (kind != PG_STATEMENT)
			continue;
		break;
	}
	/* The SYNC behind the last one comes with it. */
	if (c->n_pending - c->first == 1 &&
		c->pending[c->first].kind == PG_SYNC) {
		PGresult *keep = c->res;

		c->res = NULL;
		rc = pg_drain(c, false, e);
		if (rc != 0) {
			PQclear(keep);
			return rc;
		}
		c->res = keep;
	}
	return 0;
}

int
pg_finish(struct pg_conn *c, struct err *e)
{
	int rc = pg_sync(c, e);

	return rc != 0 ? rc : pg_drain(c, false, e);
}

int
pg_run(struct pg_stmt *st, struct err *e)
{
	int rc = pg_queue(st, e);

	return rc != 0 ? rc : pg_next(st->c, e);
}

void
pg_cancel_group(struct pg_conn *c)
{
	struct err why;

	if (c->db == NULL || is_idle(c))
		return;
	if (pg_sync(c, &why) != 0)
		pg_close(c);
	else
		give_up(c, 0);
}

int
pg_begin(struct pg_conn *c, struct err *e)
{
	int rc;

	if (!pg_is_connected(c))
		return pg_lost(c, ERR_UNAVAILABLE, "lost", e);
	rc = pg_push(c, PG_HIDDEN, NULL, e);
	if (rc != 0)
		return rc;
	if (!PQsendQueryParams(c->db, "BEGIN", 0, NULL, NULL, NULL, NULL, 1))
		return pg_lost(c, ERR_UNAVAILABLE, "lost", e);
	return 0;
}

static int
send_end(struct pg_conn *c, const char *text, struct err *e)
{
	int rc = pg_push(c, PG_HIDDEN, NULL, e);

	if (rc != 0)
		return rc;
	if (!PQsendQueryParams(c->db, text, 0, NULL, NULL, NULL, NULL, 1))
		return pg_lost(c, ERR_UNAVAILABLE, "lost", e);
	return pg_sync(c, e);
}

/* COMMIT of a transaction that had failed is answered ROLLBACK. */
static int
check_tag(struct pg_conn *c, struct err *e)
{
	const char *tag = PQcmdStatus(c->res);

	if (tag != NULL && tag[0] == 'C')
		return 0;
	return err_set(e, ERR_BUSY,
		"Postgres: the transaction had failed before its commit");
}

int
pg_commit(struct pg_conn *c, struct err *e)
{
	struct err why;
	int rc = 0;

	if (!is_idle(c))
		rc = pg_finish(c, e);
	if (rc == 0 && !pg_is_connected(c))
		rc = pg_lost(c, ERR_UNAVAILABLE, "lost", e);
	if (rc != 0) {
		pg_rollback(c);
		return rc;
	}
	rc = send_end(c, "COMMIT", e);
	if (rc == 0)
		rc = pg_pop(c, true, e);
	if (c->db == NULL) {
		why = *e;
		pg_count_error(ERR_UNSURE);
		return err_set(e, ERR_UNSURE,
			"a commit without an answer: %.180s", why.text);
	}
	if (rc == 0)
		rc = check_tag(c, e);
	ERR_IGNORE(pg_drain(c, true, &why), "the outcome is known");
	if (c->db != NULL && PQtransactionStatus(c->db) != PQTRANS_IDLE)
		pg_close(c);
	if (rc == 0)
		c->n_failed = 0;
	return rc;
}

void
pg_rollback(struct pg_conn *c)
{
	struct err why;
	int rc = 0;

	pg_cancel_group(c);
	if (c->db == NULL)
		return;
	if (PQtransactionStatus(c->db) != PQTRANS_IDLE) {
		rc = send_end(c, "ROLLBACK", &why);
		if (rc == 0)
			rc = pg_drain(c, false, &why);
	}
	if (rc != 0)
		pg_close(c);
}
