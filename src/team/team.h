#ifndef SLUICE_TEAM_TEAM_H
#define SLUICE_TEAM_TEAM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

/*
 * Projects ("teams" in PostHog's tables). Kept in config.db, or in Postgres
 * with the last that was seen in config.db; all readers use an immutable
 * snapshot that is swapped when a project changes.
 */
struct pg;
struct store;

enum team_anonymize { TEAM_IP_KEEP, TEAM_IP_DROP, TEAM_IP_TRUNCATE };

struct team_rules;
struct team_quotas;

struct team {
	int64_t id;
	int64_t project_id; /* = id */
	char uuid[37];
	const char *name;
	const char *token;
	const char *settings_json; /* {"anonymize_ips":true,…}: what was set */
	enum team_anonymize anonymize;
	bool person_processing_opt_out;
	bool heatmaps_refused; /* heatmaps_opt_in is explicitly false */
	int64_t drop_older_than_s; /* 0: off */
	bool person_update_all;
	bool flag_called_personless;
	bool person_last_seen;
	int64_t rate_limit_per_second; /* of events; 0: none */
	const struct team_rules *rules; /* rules.h; NULL: none */
	const struct team_quotas *quotas; /* rules.h; NULL: none */
	bool dedupe_uuids; /* an event sent again is not stored again */
	int64_t created_at_us;
};

struct team_snapshot; /* immutable, reference-counted */
struct team_cache;

/* Loads all projects from config.db. */
MUST_CHECK int team_cache_new(
	struct store *config, struct team_cache **out, struct err *e);
void team_cache_free(struct team_cache *c);
/*
 * From now on projects are those of Postgres: the snapshot has what was last
 * seen there. Before any other thread knows c; pg must live longer.
 */
MUST_CHECK int team_cache_attach(
	struct team_cache *c, struct pg *pg, struct err *e);
/* Looks in Postgres once, on this thread. Nothing where projects are in
 * config.db. */
MUST_CHECK int team_cache_refresh(struct team_cache *c, struct err *e);
/* Starts the thread that looks every few seconds, and waits until it has done
 * or failed so once, at most so long. */
MUST_CHECK int team_cache_follow(
	struct team_cache *c, int64_t wait_ms, struct err *e);
/*
 * A key that the snapshot has not, where projects are in Postgres. NO: Postgres
 * said lately that nobody has it, or projects are in config.db. AWAY: it cannot
 * be asked; the key may be a project's. ASK: by team_ask. Never waits.
 */
enum team_answer { TEAM_ASK, TEAM_YES, TEAM_NO, TEAM_AWAY };
enum team_answer team_look(struct team_cache *c, struct slice token);
/*
 * Asks on another thread, many keys at once, equal ones once. done is called
 * there exactly once, within some seconds, with YES (the snapshot has it now),
 * NO or AWAY; it must not block. q and its token live until then. BUSY: too
 * many wait. STOPPING. @thread any
 */
struct team_question {
	struct team_question *next;
	struct slice token;
	void (*done)(struct team_question *q, enum team_answer answer);
};
MUST_CHECK int team_ask(
	struct team_cache *c, struct team_question *q, struct err *e);
/*
 * Keys that have dead letters to be put back, because Postgres was away (spec
 * capture 9). Events of such a key go behind them (team-7): A_MOMENT: they will
 * be through soon; LONG: as further letters. Nothing waits where projects are
 * in config.db. @thread any
 */
enum team_wait { TEAM_WAITS_NOT, TEAM_WAITS_A_MOMENT, TEAM_WAITS_LONG };
enum team_wait team_waits(struct team_cache *c, struct slice token);
/* Around the writing of letters of one key: begin before they are handed to the
 * writer, end once they are committed and before anybody is told, with the
 * offset of the last, or of one behind it; -1: they were not written. BUSY: too
 * many keys wait. */
struct team_letters {
	int64_t n, bytes; /* of their values */
	uint64_t hash; /* begin sets it */
};
MUST_CHECK int team_waiting_begin(struct team_cache *c, struct slice token,
	struct team_letters *l, struct err *e);
void team_waiting_end(
	struct team_cache *c, const struct team_letters *l, int64_t last);
int64_t team_waiting_bytes(const struct team_cache *c);
int64_t team_waiting_letters(const struct team_cache *c);
/* For who puts them back; not where projects are in config.db. A letter that
 * was there at the start: */
MUST_CHECK int team_waiting_found(struct team_cache *c, struct slice token,
	int64_t offset, int64_t bytes, struct err *e);
/* All before next are settled; so many of them are news. */
void team_waiting_settled(
	struct team_cache *c, int64_t next, int64_t letters, int64_t bytes);
/* Until there are new letters since *seen, woken, or the deadline. */
void team_waiting_watch(
	struct team_cache *c, uint64_t *seen, int64_t deadline_ns);
void team_waiting_wake(struct team_cache *c);
/* false: no look at all projects that began since at_ns (clock_mono_ns) has
 * succeeded yet. team_look_now: one begins at once. */
bool team_was_seen_since(const struct team_cache *c, int64_t at_ns);
void team_look_now(struct team_cache *c);
/* Ends that thread; what waits is answered AWAY, later questions STOPPING. */
void team_ask_stop(struct team_cache *c);
bool team_cache_has_postgres(const struct team_cache *c);
/* Why the last look at Postgres failed; "" if it did not. @thread any */
void team_cache_trouble(struct team_cache *c, char *out, size_t size);
/* Wait-free for readers apart from one short lock. @thread any */
const struct team_snapshot *team_snapshot_get(struct team_cache *c);
void team_snapshot_unref(const struct team_snapshot *s);
/* NULL if no project has it (rotated tokens count for their grace time). */
const struct team *team_by_token(
	const struct team_snapshot *s, struct slice token);
/* The canary's project is known to records alone: by its key in a record, not
 * in a request. */
#define TEAM_CANARY_ID (-1)
#define TEAM_CANARY_TOKEN "phx_sluice_canary"
const struct team *team_by_record_token(
	const struct team_snapshot *s, struct slice token);
const struct team *team_by_id(const struct team_snapshot *s, int64_t id);
int team_count(const struct team_snapshot *s);
const struct team *team_at(const struct team_snapshot *s, int i);

/* Why a token is not well formed: "empty", "too_long", "not_ascii",
 * "personal_api_key", "null_byte"; NULL if it is. s is already trimmed. */
const char *team_token_fault(struct slice token);

/* Changes; each commits, then swaps the snapshot. settings: NULL-ended array of
 * "name=value" (names and types: spec cli, "Project settings"); INVALID names
 * the setting and what is allowed; EXISTS: the token is taken. A token is made
 * if token is NULL. Blocks on the config writer. Where projects are in
 * Postgres: DENIED in a database that PostHog made, but for settings that only
 * Sluice has; UNAVAILABLE while it is away; UNSURE. */
MUST_CHECK int team_create(struct team_cache *c, const char *name,
	const char *token, const char *const *settings, int64_t *id,
	struct err *e);
MUST_CHECK int team_set(struct team_cache *c, int64_t id,
	const char *const *settings, struct err *e);
/* The old key goes on for so many hours; -1: as the project's setting says. */
MUST_CHECK int team_rotate_token(
	struct team_cache *c, int64_t id, int64_t grace_h, struct err *e);
/* Ends old keys before their time of grace: one, NOT_FOUND if there is none, or
 * all (token NULL). */
MUST_CHECK int team_revoke_old(
	struct team_cache *c, int64_t id, const char *token, struct err *e);
MUST_CHECK int team_rename(
	struct team_cache *c, int64_t id, const char *name, struct err *e);
MUST_CHECK int team_delete(struct team_cache *c, int64_t id, struct err *e);
/* {"id","name","api_token",…settings, all with their defaults}. */
struct buf;
void team_write_json(const struct team *t, struct buf *out);
/* [{"api_token","expires_at"},…]: keys that were replaced and still work. */
void team_write_old_tokens(
	const struct team_snapshot *s, int64_t id, struct buf *out);
/* [{"name","group","kind","default","min","max","choices","allowed","help"},…]:
 * every project setting. */
void team_write_settings_table(struct buf *out);
/* The value of a project setting as JSON text (default where unset); NULL name
 * unknown. Used by remote config. */
const char *team_setting_json(const struct team *t, const char *name);

#endif
