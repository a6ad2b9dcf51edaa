#ifndef SLUICE_EXPLORE_SQL_H
#define SLUICE_EXPLORE_SQL_H

#include "store/sql.h"

/* Statements of explore/, on config.db. */
enum explore_sql {
	EXPLORE_SQL_LIST,
	EXPLORE_SQL_SHOW,
	EXPLORE_SQL_COUNT,
	EXPLORE_SQL_CREATE,
	EXPLORE_SQL_CHANGE,
	EXPLORE_SQL_DELETE,
	EXPLORE_SQL_N
};
extern const struct sql_set explore_sql;

#endif
