#ifndef SLUICE_CLICKHOUSE_SQL_SCAN_H
#define SLUICE_CLICKHOUSE_SQL_SCAN_H

#include <stdbool.h>

#include "base/slice.h"

/*
 * What has to be known of a statement before libchdb gets it: it takes the data
 * of an INSERT apart from the statement, formats each piece of a streamed
 * result as a document of its own, and would write files for INTO OUTFILE.
 */
enum sql_kind {
	SQL_EMPTY, /* blanks and comments only */
	SQL_OTHER, /* run as it is, the result as a whole */
	SQL_SELECT, /* may be streamed, if its format allows */
	SQL_INSERT_DATA, /* INSERT … FORMAT x or VALUES, data follows */
	SQL_INSERT_BARE, /* INSERT INTO t (…) and nothing more */
	SQL_OUTFILE, /* … INTO OUTFILE: refused */
	SQL_INFILE, /* … FROM INFILE: refused */
};

struct sql_scan {
	enum sql_kind kind;
	struct slice statement; /* INSERT_DATA: what stands before FORMAT */
	struct slice format; /* of its FORMAT clause; .p NULL if none */
	struct slice values; /* INSERT_DATA: data that follows, maybe empty */
	bool has_settings; /* a SETTINGS clause */
	bool has_totals; /* WITH TOTALS, or a word like it */
};
void sql_scan(struct slice text, struct sql_scan *out);
/* True if pieces in this format, one after the other, are the format itself
 * (clickhouse-8). */
bool sql_format_is_streamable(struct slice format);
/* Content-Type of a format. */
const char *sql_format_content_type(struct slice format);

#endif
