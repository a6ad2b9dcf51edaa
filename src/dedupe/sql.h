#ifndef SLUICE_DEDUPE_SQL_H
#define SLUICE_DEDUPE_SQL_H

#include "store/sql.h"

/* Statements of dedupe/, by name; on spool.db. */
enum dedupe_sql {
	DEDUPE_SQL_KEY_GET,
	DEDUPE_SQL_KEY_PUT,
	DEDUPE_SQL_SPAN,
	DEDUPE_SQL_FROM,
	DEDUPE_SQL_ADD,
	DEDUPE_SQL_HOLDING,
	DEDUPE_SQL_OLDEST,
	DEDUPE_SQL_DELETE,
	DEDUPE_SQL_N
};
extern const struct sql_set dedupe_sql;

#endif
