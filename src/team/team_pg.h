#ifndef SLUICE_TEAM_TEAM_PG_H
#define SLUICE_TEAM_TEAM_PG_H

#include "pg/pg.h"
#include "team/team_int.h"

/* Projects in PostHog's posthog_team. Inside team/ only. */

#define TEAM_PG_POLL_S 5 /* how soon a change made elsewhere is seen */
#define TEAM_PG_RETRY_S 1

enum team_pg_sql {
	TEAM_PG_COLUMNS,
	TEAM_PG_CHECKSUM,
	TEAM_PG_OLD_TOKENS,
	TEAM_PG_LIST,
	TEAM_PG_INSERT,
	TEAM_PG_SETTINGS,
	TEAM_PG_TOKEN,
	TEAM_PG_PURGE,
	TEAM_PG_OLD_TOKEN,
	TEAM_PG_DELETE,
	TEAM_PG_DELETE_OLD,
	TEAM_PG_N_SQL
};
extern const struct pg_sql_set team_pg_sql;
/* The column of each setting; NULL: Sluice's alone. */
extern const char *const team_columns[TEAM_N_SETTINGS];

struct team_pg {
	struct lock use; /* guards what follows; held over the network */
	struct pg_conn *conn;
	bool is_known; /* the next two are right */
	bool made_by_sluice;
	bool has_column[TEAM_N_SETTINGS];
	char seen[160]; /* sums of what the snapshot has */

	struct lock lock; /* guards what follows */
	struct cond cond;
	bool is_stopping, was_tried;
	char why[240]; /* of the last look that failed; "" after one that did not */
	_Atomic int64_t fresh_at_ns; /* 0: never since the start */
	struct thread thread;
};

void team_pg_free(struct team_pg *t);

/* pg_load.c: reads what has changed into config.db and swaps the snapshot.
 * always: looks even if nothing seems to have changed. @locks use (held) */
MUST_CHECK int team_pg_refresh(
	struct team_cache *c, bool always, struct err *e);
/* Connects and learns what the table is like. @locks use (held) */
MUST_CHECK int team_pg_connect(struct team_pg *t, struct err *e);

/* pg_change.c */
MUST_CHECK int team_pg_create(struct team_cache *c, const char *name,
	const char *token, const char *const *settings, int64_t *id,
	struct err *e);
MUST_CHECK int team_pg_set(struct team_cache *c, int64_t id,
	const char *const *settings, struct err *e);
MUST_CHECK int team_pg_rotate(
	struct team_cache *c, int64_t id, const char *token, struct err *e);
MUST_CHECK int team_pg_delete(struct team_cache *c, int64_t id, struct err *e);

#endif
