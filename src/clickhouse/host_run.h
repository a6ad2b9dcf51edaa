#ifndef SLUICE_CLICKHOUSE_HOST_RUN_H
#define SLUICE_CLICKHOUSE_HOST_RUN_H

#include "clickhouse/host_query.h"
#include "clickhouse/scan.h"

/* One query while it runs. */
struct host_run {
	struct host_query *q;
	const struct chdb *lib;
	struct chdb_handle **conn;
	struct host_outcome o;
	struct buf decoded; /* the body, if it was compressed */
	struct buf joined; /* query and body, if both are needed in one */
	struct buf canonical; /* of a query of the console */
	struct slice body;
	struct sql_scan scan;
	struct slice format; /* of the result */
};

/* Notes an error of our own, in ClickHouse's form. */
void host_run_fail(struct host_run *r, int code, const char *text);
/* False, and the error noted, if this is no result. */
bool host_run_check(struct host_run *r, struct chdb_result *res);
/* Adds the result's figures to the summary. */
void host_run_note(struct host_run *r, struct chdb_result *res);
/* Runs a statement of our own; its result goes to out unless that is NULL. */
bool host_run_small(struct host_run *r, const struct buf *sql, struct buf *out);
/* text as a literal of SQL, or a name with another quote. */
void host_run_quote(struct buf *b, char quote, struct slice text);
/* Runs the statement and answers with its result as a whole. */
void host_run_whole(struct host_run *r);
/* The same under the console's role: checked, read-only, the result whole
 * (clickhouse-10). */
void host_run_console(struct host_run *r);
/* Runs a SELECT whose format allows it piece by piece, and answers. */
void host_run_stream(struct host_run *r);

#endif
