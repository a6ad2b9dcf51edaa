#ifndef SLUICE_PERSONDB_DEFINITIONS_H
#define SLUICE_PERSONDB_DEFINITIONS_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "definition/definition.h"
#include "store/sql.h"

/*
 * Event and property definitions in state.db.
 */

/* Writes the set, inside a job of the state store. A failure leaves the rows
 * before it and the transaction as it was; the set is then not to be learned.
 * @thread store (of state.db) */
MUST_CHECK int persondb_save_definitions(
	struct store_conn *c, const struct definition_set *s, struct err *e);

/*
 * Lists of a project, lines of JSON; limit and cursor as in persondb.h. On any
 * reader connection.
 *   events: {"name","created_at","last_seen_at"}
 *   properties: {"name","type":"event|person|group","group_type_index",
 *     "property_type","is_numerical"}
 *   event properties: {"event","property"}
 */
MUST_CHECK int persondb_list_event_definitions(struct store_conn *c,
	int64_t project_id, int64_t *cursor, int limit, struct buf *out,
	struct err *e);
MUST_CHECK int persondb_list_property_definitions(struct store_conn *c,
	int64_t project_id, int64_t *cursor, int limit, struct buf *out,
	struct err *e);
MUST_CHECK int persondb_list_event_properties(struct store_conn *c,
	int64_t project_id, int64_t *cursor, int limit, struct buf *out,
	struct err *e);

#endif
