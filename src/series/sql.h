#ifndef SLUICE_SERIES_SQL_H
#define SLUICE_SERIES_SQL_H

#include "store/sql.h"

/* Statements of series/, by name; on config.db. */
enum series_sql {
	SERIES_SQL_NAMES,
	SERIES_SQL_ADD_NAME,
	SERIES_SQL_POINTS,
	SERIES_SQL_PUT,
	SERIES_SQL_N
};
extern const struct sql_set series_sql;

#endif
