#ifndef SLUICE_PERSONDB_PG_H
#define SLUICE_PERSONDB_PG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "definition/definition.h"
#include "person/person.h"

/*
 * The person store in Postgres: PostHog's own tables, the same working set and
 * the same JSON as persondb.h. A struct persondb_pg belongs to one connection
 * and keeps memory from batch to batch. Every call uses the connection alone
 * until it returns; none may be made while another's results are still to be
 * read.
 *
 * A batch: pg_begin; persondb_pg_load; person_apply for each event;
 * persondb_pg_save; the marker; later pg_commit. Errors, and what to do:
 *
 * BUSY: another node was there first (or Postgres chose this transaction to
 *   break a deadlock, or size: see persondb_pg_save). pg_rollback and begin the
 *   persons step anew with a fresh set.
 * UNAVAILABLE, TIMEOUT: the connection is lost or too slow; nothing was
 *   committed. Again later on a connection that works.
 * others: as in pg.h; the transaction is to be rolled back.
 *
 * @thread any, one at a time per connection
 */
struct pg_conn;
struct pg_schema;
struct persondb_pg;

/* c must live longer. */
MUST_CHECK int persondb_pg_new(
	struct pg_conn *c, struct persondb_pg **out, struct err *e);
void persondb_pg_free(struct persondb_pg *d); /* NULL allowed */
/* To be called after each pg_connect, with what pg_schema_prepare found, before
 * anything below. tunes: this connection is a pipeline's and gets the planner
 * settings that load and save want, for all its statements. */
MUST_CHECK int persondb_pg_connected(struct persondb_pg *d,
	const struct pg_schema *schema, bool tunes, struct err *e);

/*
 * Loads all that was wanted and is not loaded yet, as it is now. No locks are
 * taken: what the batch does not change may be changed by another node before
 * this one commits, which is the same as after it. (For some batches after a
 * BUSY the persons are locked here, so that the next try comes through.) BUSY.
 */
MUST_CHECK int persondb_pg_load(
	struct persondb_pg *d, struct person_set *s, struct err *e);

/*
 * Locks the persons that change, in the order of all nodes, sends the changes
 * and waits until all of them are done: a failure comes out of it and never
 * later. BUSY when a row is not as it was loaded. The projects of the set get
 * posthog_team.ingested_event.
 *
 * A database may refuse properties that the rules let through
 * (check_properties_size counts another form of them). Then the transaction
 * has been rolled back, the persons concerned are in s->refused and the result
 * is BUSY: the caller gives that list to the set of the next try (its entries
 * live in the arena of s), where the rules refuse their changes with a warning
 * (5.11). Each such try adds at least one person, so they come to an end.
 */
MUST_CHECK int persondb_pg_save(
	struct persondb_pg *d, struct person_set *s, struct err *e);

/* Reading, for the admin: results, cursors and errors as in persondb.h. */
MUST_CHECK int persondb_pg_list(struct persondb_pg *d, int64_t team_id,
	int64_t *cursor, int limit, struct buf *out, struct err *e);
struct persondb_find;
MUST_CHECK int persondb_pg_find(struct persondb_pg *d, int64_t team_id,
	const struct persondb_find *f, int64_t *cursor, int64_t *scanned,
	struct buf *out, struct err *e);
MUST_CHECK int persondb_pg_list_groups_of(struct persondb_pg *d,
	int64_t team_id, struct slice type, int64_t *cursor, int limit,
	struct buf *out, struct err *e);
MUST_CHECK int persondb_pg_show(struct persondb_pg *d, int64_t team_id,
	struct slice distinct_id, struct slice uuid, struct buf *out,
	struct err *e);
MUST_CHECK int persondb_pg_list_groups(struct persondb_pg *d, int64_t team_id,
	int64_t *cursor, int limit, struct buf *out, struct err *e);
MUST_CHECK int persondb_pg_show_group(struct persondb_pg *d, int64_t team_id,
	struct slice type, struct slice key, struct buf *out, struct err *e);
MUST_CHECK int persondb_pg_group_types(
	struct persondb_pg *d, int64_t team_id, struct buf *out, struct err *e);
MUST_CHECK int persondb_pg_count(
	struct persondb_pg *d, int64_t team_id, int64_t *n, struct err *e);

/*
 * Event and property definitions: a transaction of their own, not inside
 * another, best after that of the batch is committed. A failure (BUSY and
 * EXISTS among them) leaves no row; the set is then not to be learned. Nothing
 * in a database that has no tables of definitions.
 */
MUST_CHECK int persondb_pg_save_definitions(
	struct persondb_pg *d, const struct definition_set *s, struct err *e);
/* Lists as in definitions.h. */
MUST_CHECK int persondb_pg_list_event_definitions(struct persondb_pg *d,
	int64_t team_id, int64_t *cursor, int limit, struct buf *out,
	struct err *e);
MUST_CHECK int persondb_pg_list_property_definitions(struct persondb_pg *d,
	int64_t team_id, int64_t *cursor, int limit, struct buf *out,
	struct err *e);
MUST_CHECK int persondb_pg_list_event_properties(struct persondb_pg *d,
	int64_t team_id, int64_t *cursor, int limit, struct buf *out,
	struct err *e);

/*
 * Inside a transaction: loads what person_delete needs of the person of a
 * distinct id (or of a uuid if distinct_id.p is NULL) into s and deletes it
 * there; the caller writes the messages from s and then calls
 * persondb_pg_save. NOT_FOUND, BUSY.
 */
MUST_CHECK int persondb_pg_delete(struct persondb_pg *d, struct person_set *s,
	int64_t team_id, struct slice distinct_id, struct slice uuid,
	struct err *e);

#endif
