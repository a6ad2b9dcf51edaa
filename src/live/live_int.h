#ifndef SLUICE_LIVE_LIVE_INT_H
#define SLUICE_LIVE_LIVE_INT_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/thread.h"
#include "live/live.h"
#include "topic/batch.h"
#include "topic/topic.h"

#define LIVE_KNOWN 2048 /* events a viewer is told the state of, a power of 2 */
#define LIVE_NEEDLE_MAX (LIVE_TEXT_MAX * 6)

enum live_kind { LIVE_CAPTURED, LIVE_PROCESSED, LIVE_LETTER };

/* What is read. */
struct live_source {
	enum topic_id topic;
	int partition;
	enum live_kind kind;
	size_t budget; /* bytes in one look; what is more is skipped */
};
#define LIVE_SOURCES 7
extern const struct live_source live_sources[LIVE_SOURCES];

/* One record, as far as it was looked into. */
struct live_item {
	const struct live_source *source;
	int64_t offset, at_ms;
	int64_t team_id; /* 0: of no project */
	uint64_t hash; /* of the uuid */
	struct slice uuid, event, distinct_id;
	struct slice value;
	struct slice person_id, person_mode, error;
};

/* LIVE_NEW -> LIVE_RECENT -> LIVE_ON, by the thread. */
enum live_stage {
	LIVE_NEW, /* it has got nothing yet */
	LIVE_RECENT, /* it gets what has just passed */
	LIVE_ON, /* it gets what passes */
};

struct live_viewer {
	struct live *live;
	struct live_viewer *next;
	live_put *put;
	void *cookie;
	int64_t team_id;
	char event[LIVE_TEXT_MAX], distinct_id[LIVE_TEXT_MAX];
	size_t event_len, distinct_id_len;
	char needle[LIVE_NEEDLE_MAX]; /* escaped as it is in a record */
	size_t needle_len;
	enum live_stage stage;
	int recent;
	double per_s, left; /* a bucket of what may be shown */
	int64_t filled_ns;
	int64_t matched, shown, left_out, skipped; /* since the last flow */
	uint64_t known[LIVE_KNOWN]; /* hashes of uuids that were shown */
};

struct live {
	struct live_options o;
	struct thread thread;
	struct lock lock; /* guards viewers and what is in them, stopping */
	struct cond wake;
	bool stopping;
	int64_t look_every_ns, flow_every_ns;
	int n_viewers;
	struct live_viewer *viewers;
	/* The thread's. */
	int64_t next[LIVE_SOURCES]; /* offset; -1: from the end */
	struct store_conn *conn[2]; /* of spool.db, of state.db; NULL: closed */
	struct buf batches, raw, json;
	struct arena arena;
};

/* Looks into a record; false: it is nothing to show. Texts are views into the
 * record or in the arena. */
bool live_item_read(struct live_item *it, const struct live_source *src,
	const struct batch_record_view *rec, struct arena *a);
/* What a row of the output log says besides; for those that somebody knows. */
void live_item_read_rest(struct live_item *it,
	const struct batch_record_view *rec, struct arena *a);
/* Whose it is, by the key in the header. */
struct slice live_item_token(const struct batch_record_view *rec);
/* seen_ms -1: it passed before. */
void live_item_put(struct buf *b, const struct live_item *it, int64_t seen_ms);
void live_state_put(struct buf *b, const struct live_item *it, int64_t seen_ms);
/* The part of a record's value that a text is looked for in. */
struct slice live_item_properties(const struct live_item *it);

/* Sets the filter. INVALID. */
MUST_CHECK int live_viewer_set(
	struct live_viewer *v, const struct live_filter *f, struct err *e);
bool live_matches(const struct live_viewer *v, const struct live_item *it);
/* Gives it to the viewer, if it is for it. scratch holds the JSON while items
 * of one record are given to several. */
void live_give(struct live_viewer *v, const struct live_item *it,
	struct buf *scratch, int64_t now_ns, int64_t seen_ms);
/* Whether any may want to know what the output log has of the event. */
bool live_knows(const struct live_viewer *v, uint64_t hash);
void live_flow(struct live_viewer *v, struct buf *scratch);

/* One look at everything. @thread live */
void live_look(struct live *l);
void live_close_readers(struct live *l);

#endif
