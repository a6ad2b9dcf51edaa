#include "pg/pg_int.h"

int
pg_run_text(struct pg_conn *c, const char *text, struct err *e)
{
	int rc = 0;
	PGresult *r;

	if (!PQsendQuery(c->db, text))
		return pg_lost(c, ERR_UNAVAILABLE, "lost", e);
	for (;;) {
		struct err why;
		int taken = pg_take(c, false, &r, &why);

		if (taken != 0) {
			*e = why;
			return taken;
		}
		if (r == NULL)
			return rc;
		if (rc == 0 && PQresultStatus(r) == PGRES_FATAL_ERROR)
			rc = pg_result_err(c, r, e);
		PQclear(r);
		if (c->db == NULL)
			return rc;
	}
}

int
pg_run_script(struct pg_conn *c, const char *text, struct err *e)
{
	int rc;

	if (!pg_is_connected(c) || !PQexitPipelineMode(c->db))
		return pg_lost(c, ERR_UNAVAILABLE, "lost", e);
	rc = pg_run_text(c, text, e);
	if (c->db != NULL && !PQenterPipelineMode(c->db)) {
		pg_close(c);
		if (rc == 0)
			rc = err_set(e, ERR_UNAVAILABLE, "Postgres: lost");
	}
	return rc;
}
