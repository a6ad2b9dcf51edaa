#ifndef SLUICE_PRIVACY_SQL_H
#define SLUICE_PRIVACY_SQL_H

#include "store/sql.h"

/* Statements of privacy/ on state.db, by name. */
enum privacy_sql {
	PRIVACY_SQL_BY_ID,
	PRIVACY_SQL_BY_PERSON, /* the newest */
	PRIVACY_SQL_OPEN, /* the oldest that is not done */
	PRIVACY_SQL_INSERT,
	PRIVACY_SQL_SAVE,
	PRIVACY_SQL_FORGET,
	PRIVACY_SQL_N
};
extern const struct sql_set privacy_sql;

#endif
