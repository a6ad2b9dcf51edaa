#ifndef SLUICE_ADMIN_PERSON_STORE_H
#define SLUICE_ADMIN_PERSON_STORE_H

#include "admin/admin_int.h"

/* Where persons are: state.db, or Postgres over a connection of this call's
 * own. Inside admin/ only. */
struct pg_conn;
struct persondb_pg;
struct store_conn;

struct admin_persons {
	struct store_conn *conn; /* NULL: in Postgres */
	struct pg_conn *pg;
	struct persondb_pg *db;
};

/* UNAVAILABLE: no daemon, or Postgres is away. */
MUST_CHECK int admin_persons_open(
	struct admin *a, struct admin_persons *out, struct err *e);
void admin_persons_close(struct admin_persons *p);

enum admin_list {
	ADMIN_LIST_PERSONS,
	ADMIN_LIST_GROUPS,
	ADMIN_LIST_EVENTS,
	ADMIN_LIST_PROPERTIES,
	ADMIN_LIST_EVENT_PROPERTIES
};
/* As persondb_list and its like. */
MUST_CHECK int admin_persons_page(struct admin_persons *p, enum admin_list what,
	int64_t team_id, int64_t *cursor, int limit, struct buf *out,
	struct err *e);
struct persondb_find;
MUST_CHECK int admin_persons_find(struct admin_persons *p, int64_t team_id,
	const struct persondb_find *f, int64_t *cursor, int64_t *scanned,
	struct buf *out, struct err *e);
MUST_CHECK int admin_persons_groups_of(struct admin_persons *p, int64_t team_id,
	struct slice type, int64_t *cursor, int limit, struct buf *out,
	struct err *e);
MUST_CHECK int admin_persons_one(struct admin_persons *p, int64_t team_id,
	struct slice distinct_id, struct slice uuid, struct buf *out,
	struct err *e);
MUST_CHECK int admin_persons_group(struct admin_persons *p, int64_t team_id,
	struct slice type, struct slice key, struct buf *out, struct err *e);
MUST_CHECK int admin_persons_types(struct admin_persons *p, int64_t team_id,
	struct buf *out, struct err *e);

#endif
