#ifndef SLUICE_PERSONDB_PG_H
#define SLUICE_PERSONDB_PG_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "person/person.h"

/*
 * The person store in Postgres: PostHog's own tables, the same working set and
 * the same JSON as persondb.h. Every call uses the connection alone until it
 * returns; none may be made while another's results are still to be read.
 *
 * A batch: BEGIN (READ COMMITTED); persondb_pg_load; person_apply for each
 * event; persondb_pg_save; the marker; later COMMIT. Errors and what to do:
 *
 * BUSY: another node was there first (or Postgres chose this transaction to
 *   break a deadlock, or size: below). ROLLBACK and begin the persons step
 *   anew with a fresh set.
 * UNAVAILABLE, TIMEOUT: the connection is lost or too slow. Nothing was
 *   committed. Again later on a connection that works.
 * others: as usual; the transaction is to be rolled back.
 *
 * @thread any, one at a time per connection
 */
struct pg_conn;

/*
 * Loads all that was wanted and is not loaded yet. Persons are locked in the
 * order of their ids, then groups, then the group types of projects, so that
 * no two nodes wait for each other; what is in the set when it returns cannot
 * be changed by another node until the transaction ends. BUSY.
 */
MUST_CHECK int persondb_pg_load(
	struct pg_conn *c, struct person_set *s, struct err *e);

/*
 * Sends the changes of the set and waits until all of them are done: a failure
 * comes out of it and never later. BUSY when a row is not as it was loaded.
 *
 * A database may refuse properties that the rules let through
 * (check_properties_size counts another form of them). Then the transaction
 * has been rolled back, the persons concerned are in s->refused and the result
 * is BUSY: the caller gives that list to the set of the next try (its entries
 * live in the arena of s), where the rules refuse their changes with a warning
 * (5.11). Each such try adds at least one person, so they come to an end.
 */
MUST_CHECK int persondb_pg_save(
	struct pg_conn *c, struct person_set *s, struct err *e);

/* The first events of projects: posthog_team.ingested_event becomes true where
 * it was false. In the transaction of the batch. */
MUST_CHECK int persondb_pg_mark_ingested(
	struct pg_conn *c, const int64_t *team_ids, int n_teams, struct err *e);

/* Reading, for the admin: results, cursors and errors as in persondb.h. */
MUST_CHECK int persondb_pg_list(struct pg_conn *c, int64_t team_id,
	int64_t *cursor, int limit, struct buf *out, struct err *e);
MUST_CHECK int persondb_pg_show(struct pg_conn *c, int64_t team_id,
	struct slice distinct_id, struct slice uuid, struct buf *out,
	struct err *e);
MUST_CHECK int persondb_pg_list_groups(struct pg_conn *c, int64_t team_id,
	int64_t *cursor, int limit, struct buf *out, struct err *e);
MUST_CHECK int persondb_pg_show_group(struct pg_conn *c, int64_t team_id,
	struct slice type, struct slice key, struct buf *out, struct err *e);
MUST_CHECK int persondb_pg_group_types(
	struct pg_conn *c, int64_t team_id, struct buf *out, struct err *e);
MUST_CHECK int persondb_pg_count(
	struct pg_conn *c, int64_t team_id, int64_t *n, struct err *e);

/*
 * Inside a transaction: loads what person_delete needs of the person of a
 * distinct id (or of a uuid if distinct_id.p is NULL) into s and deletes it
 * there; the caller writes the messages from s and then calls
 * persondb_pg_save. NOT_FOUND, BUSY.
 */
MUST_CHECK int persondb_pg_delete(struct pg_conn *c, struct person_set *s,
	int64_t team_id, struct slice distinct_id, struct slice uuid,
	struct err *e);

#endif
