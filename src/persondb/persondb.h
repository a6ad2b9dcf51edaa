#ifndef SLUICE_PERSONDB_PERSONDB_H
#define SLUICE_PERSONDB_PERSONDB_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "person/person.h"
#include "store/sql.h"

/*
 * Loading and saving the working set of person/ in state.db (sql/state/). Both
 * run inside one job of the state store, so that nothing changes in between;
 * what is saved commits with the output and the read position.
 * @thread store (of state.db), but the read functions: any reader connection.
 */

/* Loads all that was wanted and is not loaded yet. */
MUST_CHECK int persondb_load(
	struct store_conn *c, struct person_set *s, struct err *e);
/* Writes the changes of the set. */
MUST_CHECK int persondb_save(
	struct store_conn *c, struct person_set *s, struct err *e);

/*
 * Reading, for the admin. Each result is appended to out as JSON text of
 * cli.md, lines ended by \n in lists. limit 1..1000. *cursor is the place to go
 * on from: 0 at first; 0 after the last page.
 */
MUST_CHECK int persondb_list(struct store_conn *c, int64_t team_id,
	int64_t *cursor, int limit, struct buf *out, struct err *e);
/* By distinct id, or by uuid text if distinct_id.p is NULL. NOT_FOUND. */
MUST_CHECK int persondb_show(struct store_conn *c, int64_t team_id,
	struct slice distinct_id, struct slice uuid, struct buf *out,
	struct err *e);

/*
 * Persons by a property, whose values are compared as text (strings without
 * their quotes, all else as in JSON). No index helps: at most scan_max persons
 * are looked at in a call, for at most so long, and *scanned says how many;
 * *cursor goes on behind the last of them, 0 when none is left.
 */
enum persondb_match {
	PERSONDB_IS,
	PERSONDB_CONTAINS, /* whatever the case of ASCII letters */
	PERSONDB_IS_SET,
	PERSONDB_N_MATCHES
};
struct persondb_find {
	struct slice property, value;
	enum persondb_match match;
	int limit; /* of persons found, 1..1000 */
	int scan_max;
	int64_t deadline_ns;
};
MUST_CHECK int persondb_find(struct store_conn *c, int64_t team_id,
	const struct persondb_find *f, int64_t *cursor, int64_t *scanned,
	struct buf *out, struct err *e);
/* Groups of one type; the cursor as in persondb_list_groups. */
MUST_CHECK int persondb_list_groups_of(struct store_conn *c, int64_t team_id,
	struct slice type, int64_t *cursor, int limit, struct buf *out,
	struct err *e);
MUST_CHECK int persondb_list_groups(struct store_conn *c, int64_t team_id,
	int64_t *cursor, int limit, struct buf *out, struct err *e);
MUST_CHECK int persondb_show_group(struct store_conn *c, int64_t team_id,
	struct slice type, struct slice key, struct buf *out, struct err *e);
/* {"index","type"} lines. */
MUST_CHECK int persondb_group_types(
	struct store_conn *c, int64_t team_id, struct buf *out, struct err *e);
/* How many live persons the project has. */
MUST_CHECK int persondb_count(
	struct store_conn *c, int64_t team_id, int64_t *n, struct err *e);

/*
 * Inside a job of the state store: loads what person_delete needs of the person
 * of a distinct id (or of a uuid if distinct_id.p is NULL) into s and deletes
 * it there; the caller writes the messages from s and then calls
 * persondb_save. NOT_FOUND.
 */
MUST_CHECK int persondb_delete(struct store_conn *c, struct person_set *s,
	int64_t team_id, struct slice distinct_id, struct slice uuid,
	struct err *e);

#endif
