#ifndef SLUICE_TEAM_TEAM_INT_H
#define SLUICE_TEAM_TEAM_INT_H

#include <stdatomic.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/thread.h"
#include "store/sql.h"
#include "store/store.h"
#include "team/rules.h"
#include "team/team.h"

#define TEAM_TOKEN_RANDOM 43
#define TEAM_MAX_PROJECTS 100000
#define TEAM_MAX_OLD_TOKENS 100000 /* replaced, and still good */
#define TEAM_SETTINGS_MAX_BYTES ((size_t)1024 * 1024)
#define TEAM_NAME_MAX_BYTES 400

enum team_setting {
#define TEAM_SETTING(id, name, kind, def, min, max, allowed, group, help)      \
	TEAM_SET_##id,
#include "team/settings.def"
#undef TEAM_SETTING
	TEAM_N_SETTINGS
};

/* What is behind a struct team: its values as JSON text, NULL where unset. */
struct team_row {
	struct team t; /* first: a struct team is cast to its row */
	const char *values[TEAM_N_SETTINGS];
};

struct team_token {
	const char *text;
	const struct team *t;
	int64_t expires_at_us; /* INT64_MAX: the token in use */
};

struct team_snapshot {
	_Atomic int refs;
	struct arena arena;
	struct team_row *rows; /* by id */
	int n;
	struct team_token *tokens; /* open hash table; text NULL: free */
	unsigned mask;
};

struct team_cache {
	struct store *config;
	struct store_conn *reader; /* guarded by lock team.change */
	struct lock change; /* one change at a time */
	struct lock lock; /* guards current */
	struct team_snapshot *current;
	struct team_pg *pg; /* NULL: projects are in config.db */
	struct team_waiting *waiting; /* NULL: the same */
};

enum team_sql {
	TEAM_SQL_LIST,
	TEAM_SQL_LIST_OLD,
	TEAM_SQL_INSERT,
	TEAM_SQL_SETTINGS,
	TEAM_SQL_NAME,
	TEAM_SQL_TOKEN,
	TEAM_SQL_OLD_TOKEN,
	TEAM_SQL_PURGE_OLD,
	TEAM_SQL_DELETE,
	TEAM_SQL_DELETE_OLD,
	TEAM_SQL_REVOKE,
	/* What was last seen in Postgres. */
	TEAM_SQL_PG_LIST,
	TEAM_SQL_PG_LIST_OLD,
	TEAM_SQL_PG_CLEAR,
	TEAM_SQL_PG_CLEAR_OLD,
	TEAM_SQL_PG_PUT,
	TEAM_SQL_PG_PUT_OLD,
	TEAM_SQL_PG_SETTING,
	TEAM_SQL_PG_FORGET,
	TEAM_N_SQL
};
extern const struct sql_set team_sql;

/* settings.c */
/* The setting's index or -1. */
int team_setting_find(struct slice name);
const char *team_setting_name(int i);
const char *team_setting_default(int i);
/* Checks "name=value"; *json is the value's JSON text in the arena, NULL when
 * the setting goes back to its default. INVALID. */
MUST_CHECK int team_setting_parse(struct arena *a, const char *text, int *i,
	const char **json, struct err *e);
/* {"name":value,…} of what is set. */
void team_settings_write(const char *const *values, struct buf *out);
/* The inverse; unknown names are skipped. CORRUPT. */
MUST_CHECK int team_settings_read(
	struct arena *a, struct slice text, const char **values, struct err *e);
/* Fills the fields of t that follow from the values. A rule that cannot be read
 * is logged and does not apply. */
void team_settings_apply(struct arena *a, struct team_row *row);

/* rules.c: *out NULL where the setting says nothing. INVALID. */
MUST_CHECK int team_rules_read(struct arena *a, const char *text,
	const struct team_rules **out, struct err *e);
MUST_CHECK int team_quotas_read(struct arena *a, const char *text,
	const struct team_quotas **out, struct err *e);

/* change.c */
MUST_CHECK int team_check_name(const char *name, struct err *e);
/* How long an old key goes on; grace_h -1: as the project's setting says. */
int64_t team_grace_us(const struct team *t, int64_t grace_h);
/* team-3: name and token of a new project. */
MUST_CHECK int team_check_new(const struct team_snapshot *s, const char *name,
	struct slice token, struct err *e);
/* Parses settings into values and marks which are named. */
MUST_CHECK int team_settings_merge(struct arena *a, const char *const *settings,
	const char **values, bool *is_named, struct err *e);

/* snapshot.c */
MUST_CHECK int team_snapshot_load(struct store_conn *c, bool in_postgres,
	struct team_snapshot **out, struct err *e);
/* Loads anew and swaps. @locks team.change (held) */
MUST_CHECK int team_cache_reload(struct team_cache *c, struct err *e);

/* token.c */
void team_token_make(char out[TEAM_TOKEN_RANDOM + 5]);

#endif
