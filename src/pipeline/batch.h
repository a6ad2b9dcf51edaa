#ifndef SLUICE_PIPELINE_BATCH_H
#define SLUICE_PIPELINE_BATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "definition/definition.h"
#include "event/normalise.h"
#include "person/person.h"
#include "pipeline/input.h"
#include "pipeline/out.h"
#include "pipeline/pg_unit.h"
#include "pipeline/put_clock.h"
#include "store/store.h"
#include "topic/batch.h"

/*
 * A batch: records of one input between two offsets, and all that is made of
 * them up to the commit. Two exist; each is used by one thread at a time: the
 * pipeline thread until it is submitted, then that of the flow until done, and
 * the pool's workers by ranges meanwhile.
 */
struct pipeline;
struct team_snapshot;

#define PIPELINE_RANGES_MAX 32
#define PIPELINE_RULES_CACHED 16
/* Memory of persons and rules that is kept for the next batch. */
#define PIPELINE_KEPT_MAX ((size_t)8 * 1024 * 1024)

enum item_fate {
	ITEM_GO,
	ITEM_DROPPED, /* no row; its warnings count */
	ITEM_ROWS_ONLY, /* $$heatmap: heatmap rows, no event row */
	ITEM_DEAD, /* becomes a letter */
};

/* Why an event became a letter (header dlq_reason). */
enum letter_reason {
	LETTER_UNKNOWN_TOKEN,
	LETTER_STEP_FAILED,
	LETTER_TOO_LARGE,
	LETTER_MERGE_LIMIT,
};

/* What persons and output change in an event, as it was before them. */
struct item_before {
	enum item_fate fate;
	bool is_personless;
	struct event_warnings warnings;
	struct slice *groups; /* $group_0 …; NULL: the event has no $groups */
};

/* Who the record is in the audit counters: by its headers, not its value. */
struct item_who {
	int64_t team_id; /* 0: unknown */
	uint64_t hash; /* of the uuid; 0: none is named */
	uint64_t row_hash; /* of the event row's; valid with a row */
	bool is_renamed; /* the value names another than the headers */
};

/* One record and its event. */
struct item {
	struct batch_record_view rec;
	enum item_fate fate;
	struct event ev; /* valid once is_read */
	bool is_read;
	bool was_retried;
	struct item_who who; /* after step normalise */
	struct item_before before;
	struct person_result person; /* after the persons step */
	/* Of dead ones. */
	enum letter_reason reason;
	const char *step;
	struct slice error; /* in the range's arena; p NULL: no memory */
	struct slice token; /* p NULL: none was found */
	struct slice uuid, distinct_id, name; /* as far as known */
	int64_t team_id; /* 0: unknown */
};

/* A run of items that one worker treats at a time. */
struct range {
	struct pipeline_batch *b;
	int from, to;
	struct arena arena;
	struct arena turn; /* of one try at persons and output */
	struct buf scratch;
	struct event_work work;
	const struct event_rules *rules[PIPELINE_RULES_CACHED];
	struct out events, heatmaps;
	struct err failed; /* stops the whole batch; OK: none */
};

struct pipeline_batch {
	struct store_job job; /* SQLite */
	struct pg_unit unit; /* Postgres */
	struct pipeline *p;
	struct input *in;
	int64_t from, next; /* offsets */
	struct buf bytes; /* record batches as read */
	struct arena arena; /* records and items */
	struct item *items;
	int n_items;
	struct range ranges[PIPELINE_RANGES_MAX];
	int n_ranges;
	const struct team_snapshot *teams;
	/* The second half of the steps. */
	struct arena turn; /* of one try at it */
	bool is_noted; /* the items' before is valid */
	struct store_conn *c; /* SQLite: while the job runs */
	struct buf scratch;
	struct person_set persons;
	struct person **shared; /* those that the ranges share out just now */
	uint32_t n_shared;
	struct person_refused *refused; /* by the database, at a try before */
	struct definition_set definitions;
	struct put_clock clock; /* the batch's: created_at, record times */
	struct out person_out, id_out, group_out, warning_out, letter_out;
	uint64_t n_results[4]; /* as the labels of INGEST_RESULT */
	int64_t began_ns;
	const char *failed_step; /* the last that stopped the batch */
	bool is_alone; /* one event that failed for memory before */
};

void pipeline_batch_init(struct pipeline_batch *b, struct pipeline *p);
void pipeline_batch_fini(struct pipeline_batch *b);
/* Forgets the events; keeps memory for the next. */
void pipeline_batch_reset(struct pipeline_batch *b);
/* Gives the memory back (idle). The batch must be reset. */
void pipeline_batch_shrink(struct pipeline_batch *b);

/*
 * Reads at most max_events records from in->next on and lays the items and
 * ranges out; in->next moves. 0 with n_items 0: nothing there. NOT_FOUND: the
 * log begins later. @thread pipeline
 */
MUST_CHECK int pipeline_batch_read(struct pipeline_batch *b, struct input *in,
	int max_events, size_t max_bytes, struct err *e);

/* fn on each range, on the pool; the first failure by order of ranges. */
MUST_CHECK int pipeline_batch_each_range(
	struct pipeline_batch *b, void (*fn)(struct range *r), struct err *e);

/* The item is again as it was before the persons step. */
void pipeline_item_take_back(struct item *it);
/* Makes the item a letter. why NULL: reason says it all. */
void pipeline_item_kill(struct item *it, struct arena *a,
	enum letter_reason reason, const char *step, const struct err *why);
/* True if an error of an event's step concerns the event and not the machine:
 * then it is tried again, then killed. An event that cannot be worked on for
 * memory although it is alone in its batch counts as that. */
bool pipeline_err_is_final(const struct pipeline_batch *b, const struct err *e);

#endif
