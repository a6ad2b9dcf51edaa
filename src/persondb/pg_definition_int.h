#ifndef SLUICE_PERSONDB_PG_DEFINITION_INT_H
#define SLUICE_PERSONDB_PG_DEFINITION_INT_H

#include "persondb/pg_int.h"

/* Statements of definitions; forms as in pg_int.h. Inside persondb/ only. */
enum persondb_pg_definition_sql {
	PG_EVENT_SEEN, /* definitions by project */
	PG_EVENT_INSERT = PG_EVENT_SEEN + 2, /* the same, enforcement_mode */
	PG_PROPERTY_TYPED = PG_EVENT_INSERT + 4, /* by project */
	PG_PROPERTY_INSERT = PG_PROPERTY_TYPED + 2, /* by project */
	PG_PAIR_INSERT = PG_PROPERTY_INSERT + 2, /* by project */
	PG_LIST_EVENTS = PG_PAIR_INSERT + 2, /* by project */
	PG_LIST_PROPERTIES = PG_LIST_EVENTS + 2, /* by project */
	PG_LIST_PAIRS = PG_LIST_PROPERTIES + 2, /* by project */
	PG_DEFINITION_N_SQL = PG_LIST_PAIRS + 2
};
extern const struct pg_sql_set persondb_pg_definition_sql;

#endif
