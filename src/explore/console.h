#ifndef SLUICE_EXPLORE_CONSOLE_H
#define SLUICE_EXPLORE_CONSOLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

/*
 * Queries of people on the local ClickHouse: under the read-only role
 * (clickhouse-10), within limits, few at once, each with a name by which it can
 * be cancelled.
 */
struct clickhouse;
struct clickhouse_pair;
struct console;

#define CONSOLE_RUNNING_MAX 2 /* explore-1 */
#define CONSOLE_QUERY_BYTES (64 * 1024)
#define CONSOLE_ROWS_MAX 10000
#define CONSOLE_RESULT_BYTES (16 * 1024 * 1024)

struct console_limits {
	int64_t time_s;
	int64_t memory_bytes;
	int64_t rows_read;
	int64_t result_rows; /* at most CONSOLE_ROWS_MAX */
};

struct console_query {
	struct slice id; /* a uuid's text, chosen by who asks; .p NULL: none */
	int64_t owner; /* user id; 0: the socket */
	const char *text;
	const struct clickhouse_pair *params;
	size_t n_params;
	struct console_limits limits;
};

/* What went wrong, for the one who wrote the query. */
struct console_trouble {
	int code; /* ClickHouse's; 0: it is not about the query */
	int line, column; /* from 1, in characters; 0: not known */
	char message[400];
	struct buf detail; /* ClickHouse's own words; init and fini by owner */
};

struct console *console_new(void); /* NULL: no memory */
void console_free(struct console *c); /* NULL allowed */

/*
 * Runs a query and appends to out the members "columns", "rows", "n_rows",
 * "truncated" and "statistics" of an object, without its braces. INVALID:
 * trouble says what is wrong with it; BUSY: too many run; UNAVAILABLE; TOO_BIG.
 * Blocks for as long as the query runs. @thread any
 */
MUST_CHECK int console_run(struct console *c, struct clickhouse *ch,
	struct arena *a, const struct console_query *q, struct buf *out,
	struct console_trouble *trouble, struct err *e);

/*
 * Ends the query with this id, if owner may (explore-2): its own, or any with
 * is_admin. NOT_FOUND: no such query runs. Blocks for at most two seconds.
 */
MUST_CHECK int console_cancel(struct console *c, struct clickhouse *ch,
	struct slice id, int64_t owner, bool is_admin, struct err *e);

/* ClickHouse's words made plain; text is the query as sent. (trouble.c) */
void console_explain(int code, struct slice words, const char *text,
	const struct console_limits *limits, struct console_trouble *out);

#endif
