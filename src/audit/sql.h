#ifndef SLUICE_AUDIT_SQL_H
#define SLUICE_AUDIT_SQL_H

#include "store/sql.h"

/* Statements of audit/, by name; on spool.db and state.db. */
enum audit_sql {
	AUDIT_SQL_ADD,
	AUDIT_SQL_ADD_PREPARED,
	AUDIT_SQL_PUBLISH,
	AUDIT_SQL_DISCARD,
	AUDIT_SQL_FORGET,
	AUDIT_SQL_BEGIN,
	AUDIT_SQL_END,
	AUDIT_SQL_SINCE,
	AUDIT_SQL_LIST,
	AUDIT_SQL_POSITION,
	AUDIT_SQL_LOG_END,
	AUDIT_SQL_N
};
extern const struct sql_set audit_sql;

#endif
