#ifndef SLUICE_LIVE_LIVE_H
#define SLUICE_LIVE_LIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

/*
 * Events as they pass, for people who look on: one reader of the newest records
 * of the front log, the output log and the dead letters for all of them. It
 * reads while somebody watches, and leaves out rather than hold anything up.
 */
struct live;
struct live_viewer;
struct store;
struct team_cache;

struct live_options {
	struct store *spool, *state; /* NULL: not on this node */
	struct team_cache *teams;
};
MUST_CHECK int live_new(
	const struct live_options *o, struct live **out, struct err *e);
/* All viewers are gone. NULL allowed. */
void live_free(struct live *l);

#define LIVE_VIEWERS_MAX 64
#define LIVE_TEXT_MAX 200 /* bytes of each text of a filter */
#define LIVE_PER_S_MAX 200
#define LIVE_RECENT_MAX 500

/* Empty texts: any. */
struct live_filter {
	int64_t team_id; /* 0: of all projects */
	struct slice event, distinct_id; /* equal to */
	struct slice text; /* stands in the event's properties */
	int per_s; /* events shown at most in a second, 1 to LIVE_PER_S_MAX */
	/* Of each log so many of the newest records are looked through at the
	 * beginning, at most LIVE_RECENT_MAX. */
	int recent;
};
/*
 * put gets, one after the other:
 *   event: {"uuid","project_id","event","distinct_id","at_ms","seen_ms",
 *     "state":"captured"|"dead_letter","topic","partition","offset","bytes",
 *     "error"}
 *   state: {"uuid","project_id","state":"processed"|"dead_letter","seen_ms",
 *     "offset","person_id","person_mode","error"}, of one that was put before
 *     seen_ms is null of what passed before it came.
 *   flow, once a second: {"matched","shown","left_out","skipped"}: how many
 *     events of the second before were for this viewer, were put and were not,
 *     and how many were not even looked at.
 * It must not block, and does not call back. false: there was no room.
 * @thread live, with a lock held
 */
typedef bool live_put(void *cookie, const char *event, struct slice json);
/* BUSY: there are LIVE_VIEWERS_MAX. The filter's texts are copied; INVALID: one
 * is too long. */
MUST_CHECK int live_watch(struct live *l, const struct live_filter *f,
	live_put *put, void *cookie, struct live_viewer **out, struct err *e);
/* After it put is not called any more. */
void live_unwatch(struct live_viewer *v);

#endif
