#ifndef SLUICE_AUDIT_AUDIT_H
#define SLUICE_AUDIT_AUDIT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

/*
 * Audit counters: at each hop, per minute of receipt and project, how many
 * events passed and the XOR of the xxHash64 of their uuid texts. They commit
 * with the data they count. The minute is that of the record's timestamp.
 */
struct store;
struct store_conn;

enum audit_file { AUDIT_SPOOL, AUDIT_STATE, AUDIT_ASKED };
enum audit_hop {
#define AUDIT_HOP(id, number, name, file, text) AUDIT_##id,
#include "audit/hops.def"
#undef AUDIT_HOP
	AUDIT_N_HOPS
};
struct audit_hop_row {
	int number; /* in the files; never changes */
	const char *name;
	enum audit_file file;
	const char *text;
};
extern const struct audit_hop_row audit_hops[AUDIT_N_HOPS];
/* AUDIT_N_HOPS if there is none. */
enum audit_hop audit_hop_by_number(int64_t number);

#define AUDIT_MINUTE_MS 60000
/* Counters are kept as long as the topic that is kept longest (28 days). */
#define AUDIT_KEEP_MINUTES (28 * 24 * 60)
/* The canary's project: PostHog's ids are positive, 0 is "unknown". */
#define AUDIT_CANARY_TEAM ((int64_t)-1)

int64_t audit_minute(int64_t ts_ms);
/* Of 36 characters: as ClickHouse's xxHash64(toString(uuid)), whatever the case
 * of the letters. */
uint64_t audit_uuid_hash(struct slice uuid);

/* Count and XOR of hashes. */
struct audit_sum {
	uint64_t count;
	uint64_t bits;
};

/*
 * Sums by hop, minute and project, in bounded memory: when it is full, spill
 * takes all and it goes on empty. Zeroed memory is an empty one.
 */
#define AUDIT_SLOTS 1024
#define AUDIT_SLOTS_USED (AUDIT_SLOTS / 4 * 3)
struct audit_entry {
	int64_t minute, team_id;
	struct audit_sum sum;
	enum audit_hop hop;
	bool is_used;
};
struct audit_acc {
	struct audit_entry slots[AUDIT_SLOTS];
	int used[AUDIT_SLOTS_USED]; /* which slots, in the order they came */
	int n_used;
	int last; /* the slot that was added to last */
	int (*spill)(void *cookie, struct audit_acc *a, struct err *e);
	void *cookie;
};
void audit_acc_reset(struct audit_acc *a);
/* Fails only by spill (none: BUG). */
MUST_CHECK int audit_acc_add(struct audit_acc *a, enum audit_hop hop,
	int64_t minute, int64_t team_id, struct audit_sum sum, struct err *e);
static inline int
audit_acc_one(struct audit_acc *a, enum audit_hop hop, int64_t minute,
	int64_t team_id, uint64_t hash, struct err *e)
{
	return audit_acc_add(
		a, hop, minute, team_id, (struct audit_sum){1, hash}, e);
}

/*
 * Into the tables, inside a job of the file (spool.db or state.db); empties a.
 * prepared: aside, until publish adds them or discard forgets them (state.db,
 * for a batch whose persons commit in Postgres).
 */
MUST_CHECK int audit_save(
	struct audit_acc *a, struct store_conn *c, struct err *e);
MUST_CHECK int audit_save_prepared(
	struct audit_acc *a, struct store_conn *c, struct err *e);
MUST_CHECK int audit_publish(struct store_conn *c, struct err *e);
MUST_CHECK int audit_discard(struct store_conn *c, struct err *e);
/* One sum, inside a job. */
MUST_CHECK int audit_save_one(
	const struct audit_entry *x, struct store_conn *c, struct err *e);
/* Deletes what is older than AUDIT_KEEP_MINUTES, an hour of it at a time. */
MUST_CHECK int audit_forget(
	struct store_conn *c, int64_t now_minute, struct err *e);

/* The app server's committed position; 0: none yet. */
MUST_CHECK int audit_position(struct store_conn *c, const char *topic,
	int partition, int64_t *next, struct err *e);

/* Who a record of the front log is, by its headers; .p NULL: not said. */
struct batch_record_view;
void audit_identify(const struct batch_record_view *rec, struct slice *token,
	struct slice *uuid);
/* A record of clickhouse_events_json: by its key and the begin of its value.
 * false: it is none. */
bool audit_identify_output(const struct batch_record_view *rec,
	int64_t *team_id, struct slice *uuid);

/* Projects by token: 0 if none has it. */
struct audit_teams {
	int64_t (*by_token)(void *cookie, struct slice token);
	void *cookie;
};
/* The last answers, because tokens come in runs. */
#define AUDIT_TOKENS 64
struct audit_memo {
	const struct audit_teams *teams;
	struct {
		char token[64];
		size_t len;
		int64_t team_id;
	} slots[AUDIT_TOKENS];
};
void audit_memo_reset(struct audit_memo *m, const struct audit_teams *t);
int64_t audit_memo_team(struct audit_memo *m, struct slice token);

/* Visits the records of whole batches from one offset to before another. A
 * batch that cannot be read is left out: it is reported where it is read. memo:
 * only for the front log. */
enum audit_kind { AUDIT_OF_FRONT, AUDIT_OF_OUTPUT };
struct audit_visit {
	int64_t offset, ts_ms, team_id;
	uint64_t hash;
};
typedef int audit_visit_fn(
	void *cookie, const struct audit_visit *v, struct err *e);
struct audit_range {
	enum audit_kind kind;
	int64_t from, to; /* offsets */
	struct audit_memo *memo;
};
MUST_CHECK int audit_walk(struct slice batches, const struct audit_range *r,
	audit_visit_fn *fn, void *cookie, struct err *e);

/*
 * What the one who appends says of it, as struct store_append's note or to
 * store_tx_append_noted; NULL there: an outside producer.
 */
struct audit_tally {
	enum audit_hop hop;
	int64_t minute, team_id;
	struct audit_sum sum;
};

/*
 * Counts what is appended to the app server's inputs in a file, in the same
 * transaction: hooks into the store. Make it before the first append, free it
 * after the store is closed.
 */
struct audit_hook;
MUST_CHECK int audit_hook_new(struct store *s, const struct audit_teams *teams,
	struct audit_hook **out, struct err *e);
void audit_hook_free(struct audit_hook *h);

#endif
