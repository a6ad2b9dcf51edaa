#ifndef SLUICE_PIPELINE_SQL_H
#define SLUICE_PIPELINE_SQL_H

#include "store/sql.h"

/* Statements of pipeline/, by name. LETTER_*: on state.db and spool.db. */
enum pipeline_sql {
	PIPELINE_SQL_POSITION_GET,
	PIPELINE_SQL_POSITION_PUT,
	PIPELINE_SQL_LETTER_GET,
	PIPELINE_SQL_LETTER_PUT,
	PIPELINE_SQL_LETTER_FORGET,
	PIPELINE_SQL_N
};
extern const struct sql_set pipeline_sql;

#endif
