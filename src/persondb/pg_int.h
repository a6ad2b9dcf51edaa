#ifndef SLUICE_PERSONDB_PG_INT_H
#define SLUICE_PERSONDB_PG_INT_H

#include "persondb/pg.h"
#include "pg/pg.h"
#include "pg/schema.h"

/* Inside persondb/ only. */

#define PERSONDB_PG_ARRAY_MAX ((size_t)512 * 1024 * 1024)
#define PERSONDB_PG_TEAMS 4096 /* a power of two */

/* Row ids taken from a sequence and not used yet. They are ours whatever
 * happens to the transaction that took them. */
struct persondb_pg_pool {
	int64_t sequence; /* its oid */
	int64_t *ids;
	uint32_t n, at, cap;
	uint32_t n_asked; /* by the load that runs */
};

/* Parameters of one statement: columns to be filled, by type. */
struct persondb_pg_cols {
	struct pg_array i16[2], i32[2], i64[4], text[3], time[2], uuid, flag;
};

struct persondb_pg {
	struct pg_conn *c;
	struct pg_schema schema;
	struct persondb_pg_pool persons, ids;
	struct persondb_pg_cols cols;
	/* Ids that are looked up: all; and those whose persons are wanted with
	 * all their ids. */
	struct {
		struct pg_array team, id, uuid, personless;
		struct pg_array whole_team, whole_id, whole_uuid;
	} want;
	/* Projects known to have posthog_team.ingested_event, by hash. */
	int64_t teams[PERSONDB_PG_TEAMS];
	int32_t n_teams_asked; /* by the load that runs */
	/* Loads that lock what they look at, after a save that found a row
	 * changed: so a batch is not undone again and again. */
	int n_locking;
	struct buf scratch;
};

/* The statements. Of those with several forms the first is named here; which
 * one is meant depends on the tables (PG_FORM). */
enum persondb_pg_sql {
	PG_TUNE,
	PG_SEQUENCES,
	PG_NEXT_IDS,
	PG_LOCK_IDS,
	PG_LOCK_ROWS,
	PG_MAP, /* forms: soft persons, last_seen_at; soft ids, personless */
	PG_WHOLE = PG_MAP + 16, /* soft ids */
	PG_TYPES = PG_WHOLE + 2, /* by project */
	PG_GROUPS = PG_TYPES + 2, /* by project */
	PG_TEAMS_INGESTED = PG_GROUPS + 2,
	PG_PERSON_INSERT, /* last_seen_at */
	PG_PERSON_UPDATE =
		PG_PERSON_INSERT + 2, /* soft persons, last_seen_at */
	PG_PERSON_DELETE = PG_PERSON_UPDATE + 4,
	PG_SOFT_IDS_MOVE,
	PG_SOFT_IDS_DELETE,
	PG_IDS_LEFT,
	PG_PERSON_TOMBSTONE,
	PG_ID_INSERT,
	PG_ID_UPDATE, /* soft ids */
	PG_ID_DELETE = PG_ID_UPDATE + 2,
	PG_ID_TOMBSTONE,
	PG_COHORT_DEDUPE,
	PG_COHORT_MOVE,
	PG_COHORT_DELETE,
	PG_OVERRIDE_COPY,
	PG_OVERRIDE_DELETE,
	PG_PERSONLESS_INSERT,
	PG_PERSONLESS_MERGED,
	PG_TYPE_INSERT, /* by project, created_at */
	PG_GROUP_INSERT = PG_TYPE_INSERT + 4,
	PG_GROUP_PUT,
	PG_GROUP_UPDATE,
	PG_TEAM_INGESTED,
	PG_CHECK_NOW,
	PG_SIZES,
	PG_LIST, /* soft persons, last_seen_at */
	PG_FIND = PG_LIST + 4, /* the same */
	PG_SCANNED = PG_FIND + 4, /* soft persons */
	PG_SHOW_BY_ID = PG_SCANNED + 2, /* soft persons, last_seen_at */
	PG_SHOW_BY_UUID = PG_SHOW_BY_ID + 4, /* the same */
	PG_IDS_OF = PG_SHOW_BY_UUID + 4, /* soft ids */
	PG_LIST_GROUPS = PG_IDS_OF + 2, /* by project */
	PG_LIST_GROUPS_OF = PG_LIST_GROUPS + 2, /* by project */
	PG_SHOW_GROUP = PG_LIST_GROUPS_OF + 2, /* by project */
	PG_LIST_TYPES = PG_SHOW_GROUP + 2, /* by project */
	PG_COUNT = PG_LIST_TYPES + 2, /* soft persons */
	PG_ANY_ID = PG_COUNT + 2,
	PG_N_SQL
};
#define PG_FORM(one, two) ((one ? 1 : 0) + (two ? 2 : 0))
extern const struct pg_sql_set persondb_pg_sql;

/* form: PG_FORM, 0 for a statement of one form. */
static inline struct pg_stmt *
persondb_pg_get(struct persondb_pg *d, enum persondb_pg_sql i, int form)
{
	return pg_get(d->c, &persondb_pg_sql, (int)i + form);
}
int persondb_pg_person_form(const struct persondb_pg *d);

/* BUSY where another transaction was in the way: what it made has to be seen by
 * a new one. Returns the code. */
int persondb_pg_narrow(struct persondb_pg *d, struct err *e);

/* The columns, emptied. */
struct persondb_pg_cols *persondb_pg_cols(struct persondb_pg *d);

/* Fills the pool up to n ids, as part of a load's round trip. */
MUST_CHECK int persondb_pg_queue_ids(struct persondb_pg *d,
	struct persondb_pg_pool *p, uint32_t n, struct err *e);
MUST_CHECK int persondb_pg_read_ids(
	struct persondb_pg *d, struct persondb_pg_pool *p, struct err *e);
/* One more id; a load has seen to it that there is one (persondb-5). */
int64_t persondb_pg_take_id(struct persondb_pg_pool *p);

/* Whether posthog_team.ingested_event is known to be true. */
bool persondb_pg_team_known(const struct persondb_pg *d, int64_t team_id);

/* jsonb's text as our own: compact, numbers as event/ writes them. A copy in
 * the arena; p NULL without memory. */
struct slice persondb_pg_json(
	struct buf *scratch, struct arena *a, struct slice text);

/* A row of posthog_person. */
struct pg_person_row {
	int64_t id, team_id;
	struct uuid uuid;
	int64_t created_at_us, version, last_seen_at_us;
	bool is_identified, is_deleted, has_last_seen;
	struct slice text;
};

/* From col on, in a row of the last result; false: no memory. */
MUST_CHECK bool persondb_pg_read_row(struct persondb_pg *d, struct arena *a,
	int row, int col, struct pg_person_row *r);

/* Within what timestamptz can hold. */
int64_t persondb_pg_time(int64_t at_us);

/* A load: the ids that are looked up, in the order of the parameters. */
struct pg_lookup {
	struct persondb_pg *d;
	struct person_set *s;
	struct person_id **todo;
	uint32_t n_todo;
};
/* Enters the result of PG_MAP, then that of PG_WHOLE, into the set. */
MUST_CHECK int persondb_pg_enter_map(struct pg_lookup *l, struct err *e);
MUST_CHECK int persondb_pg_enter_whole(struct pg_lookup *l, struct err *e);
void persondb_pg_adopt(struct pg_lookup *l);

/* Group types and groups: queues the statements of a load, reads them. */
MUST_CHECK int persondb_pg_queue_groups(
	struct persondb_pg *d, struct person_set *s, struct err *e);
MUST_CHECK int persondb_pg_read_groups(
	struct persondb_pg *d, struct person_set *s, struct err *e);

/* A save: the statements sent so far and how many rows each has to change. */
#define PG_SAVE_STATEMENTS 24
struct pg_save {
	struct persondb_pg *d;
	struct person_set *s;
	struct {
		enum persondb_pg_sql sql;
		int64_t n_rows; /* changed, or found; -1: any number */
	} sent[PG_SAVE_STATEMENTS];
	int n_sent;
};
/* Queues a bound statement. */
MUST_CHECK int persondb_pg_send(struct pg_save *v, struct pg_stmt *st,
	enum persondb_pg_sql sql, int64_t n_rows, struct err *e);
MUST_CHECK int persondb_pg_save_ids(struct pg_save *v, struct err *e);
MUST_CHECK int persondb_pg_save_gone(struct pg_save *v, struct err *e);
MUST_CHECK int persondb_pg_save_personless(struct pg_save *v, struct err *e);
MUST_CHECK int persondb_pg_save_groups(struct pg_save *v, struct err *e);

/* After a save that failed for the size of properties: rolls back and names the
 * persons in s->refused. Always BUSY, or why that failed. */
MUST_CHECK int persondb_pg_find_large(
	struct persondb_pg *d, struct person_set *s, struct err *e);

#endif
