#ifndef SLUICE_TEAM_TEAM_PG_H
#define SLUICE_TEAM_TEAM_PG_H

#include "base/limits.h"
#include "pg/pg.h"
#include "team/team_int.h"

/* Projects in PostHog's posthog_team. Inside team/ only. */

#define TEAM_PG_POLL_S 5 /* how soon a change made elsewhere is seen */
#define TEAM_PG_POLL_NOTIFIED_S 30 /* where changes are told */
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
	TEAM_PG_REVOKE,
	TEAM_PG_NAME,
	TEAM_PG_ASK,
	TEAM_PG_LISTEN,
	TEAM_PG_HAS_TRIGGER,
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
	bool is_kicked; /* something changed: look now */
	char why[240]; /* of the last look that failed; "" after one that did not */
	_Atomic int64_t seen_since_ns; /* the last good look's begin; 0: none */
	_Atomic bool is_told; /* of each change, by a trigger and NOTIFY */
	struct thread thread;
	struct team_ask *ask; /* NULL: of a command, or not yet */
};

/* pg_sync.c: looks now, unless it did a moment ago. @thread any */
void team_pg_kick(struct team_pg *t);

/* denied.c: keys that are nobody's, for a while. @thread any */
struct team_denied;
struct team_denied *team_denied_new(void); /* NULL: no memory */
void team_denied_free(struct team_denied *d);
bool team_denied_has(struct team_denied *d, struct slice token);
void team_denied_add(struct team_denied *d, struct slice token);
void team_denied_clear(struct team_denied *d);

/* waiting.c: keys with letters to be put back (team.h). */
struct team_waiting;
struct team_waiting *team_waiting_new(void); /* NULL: no memory */
void team_waiting_free(struct team_waiting *w);

/* pg_ask.c: the thread that looks keys up and hears of changes. */
MUST_CHECK int team_ask_start(struct team_cache *c, struct err *e);
void team_ask_free(struct team_ask *a); /* NULL allowed */
/* The last try to ask failed. */
bool team_ask_is_away(const struct team_cache *c);
/* The keys of qs that posthog_team or sluice.old_token has: answers. */
MUST_CHECK int team_ask_keys(struct pg_conn *conn,
	struct team_question *const *qs, enum team_answer *answers, int n,
	struct err *e);

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
/* What changes share. @locks use (held) */
MUST_CHECK int team_pg_exists(struct team_cache *c, int64_t id, struct err *e);
/* DENIED: a table of PostHog, where what is done (team-5). */
MUST_CHECK int team_pg_must_be_ours(
	struct team_cache *c, const char *what, struct err *e);
/* What was changed is seen before it is answered (team-2); rc as it went. */
MUST_CHECK int team_pg_end_change(struct team_cache *c, int rc, struct err *e);

/* pg_key.c */
MUST_CHECK int team_pg_rotate(struct team_cache *c, int64_t id,
	const char *token, int64_t grace_h, struct err *e);
MUST_CHECK int team_pg_revoke(
	struct team_cache *c, int64_t id, const char *token, struct err *e);
MUST_CHECK int team_pg_rename(
	struct team_cache *c, int64_t id, const char *name, struct err *e);
MUST_CHECK int team_pg_delete(struct team_cache *c, int64_t id, struct err *e);

#endif
