#include "clickhouse/console.h"
#include "clickhouse/host_run.h"

#include "base/limits.h"

/*
 * A query of the console (clickhouse-10). Three things hold it, each enough for
 * most of what could be tried: ClickHouse's own rights, as the connection has
 * only the console's role; readonly = 1, under which no setting can be changed
 * and nothing written; and the check of the canonical text, for what those two
 * let through (the function file, INTO OUTFILE, settings of subqueries, tables
 * of the server). Limits are settings of the request, made before.
 */
#define SCOPE ": In scope SELECT formatQuerySingleLine("

/* ClickHouse quotes the whole text in its message: only what was written by
 * the user is of use. */
static void
cut_scope(struct buf *text)
{
	const char *at = text->len == 0 ? NULL
					: memmem(text->p, text->len, SCOPE,
						  sizeof(SCOPE) - 1);

	if (at != NULL)
		text->len = (size_t)(at - text->p);
}

static bool
make_canonical(struct host_run *r)
{
	struct buf sql;
	bool ok;

	buf_init(&sql, LIMIT_CLICKHOUSE_QUERY_BYTES);
	buf_append_lit(&sql, "SELECT formatQuerySingleLine(");
	host_run_quote(&sql, '\'', r->scan.statement);
	buf_append_char(&sql, ')');
	ok = host_run_small(r, &sql, &r->canonical);
	buf_fini(&sql);
	if (!ok) {
		cut_scope(&r->o.text);
		return false;
	}
	if (r->canonical.failed) {
		host_run_fail(r, 223, "The query is too long");
		return false;
	}
	/* A statement always has a text. A query that is cancelled before it
	 * gave its row ends without one and without an error. */
	if (r->canonical.len == 0) {
		host_run_fail(
			r, 394, "Query was cancelled. (QUERY_WAS_CANCELLED)");
		return false;
	}
	return true;
}

static bool
set_role(struct host_run *r, const char *text)
{
	struct buf sql;
	bool ok;

	buf_init(&sql, 200);
	buf_append_str(&sql, text);
	ok = host_run_small(r, &sql, NULL);
	buf_fini(&sql);
	return ok;
}

void
host_run_console(struct host_run *r)
{
	char why[CONSOLE_WHY_MAX];

	if (r->scan.kind == SQL_EMPTY) {
		host_run_fail(r, 62, "Syntax error: empty query");
		return;
	}
	if (!set_role(r, "SET allow_introspection_functions = 0, "
			 "allow_ddl = 0") ||
		!set_role(r, "SET ROLE " CONSOLE_ROLE) ||
		!set_role(r, "SET readonly = 1") || !make_canonical(r))
		return;
	r->scan.statement = slice_trim(buf_slice(&r->canonical));
	if (!sql_console_allows(r->scan.statement, why)) {
		host_run_fail(r, 497, why);
		return;
	}
	r->format =
		r->q->format.len > 0 ? r->q->format : SLICE_LIT("JSONCompact");
	host_run_whole(r);
}
