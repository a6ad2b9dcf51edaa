#ifndef SLUICE_PIPELINE_PIPELINE_INT_H
#define SLUICE_PIPELINE_PIPELINE_INT_H

#include <stdatomic.h>
#include <stdbool.h>

#include "audit/audit.h"
#include "base/thread.h"
#include "pipeline/batch.h"
#include "pipeline/flow.h"
#include "pipeline/input.h"
#include "pipeline/pipeline.h"
#include "topic/topic.h"

/* The inside of pipeline/: the object and its thread. */

/* Output partitions in state.db. */
enum output_id {
	OUTPUT_EVENTS,
	OUTPUT_PERSON,
	OUTPUT_DISTINCT_ID,
	OUTPUT_GROUPS,
	OUTPUT_WARNINGS, /* partition 1 */
	OUTPUT_LETTERS, /* partition 1 */
	OUTPUT_HEATMAPS,
	N_OUTPUTS
};

/* An event whose lone batch cannot be committed. */
struct suspect {
	struct input *in; /* NULL: there is none */
	int64_t offset;
	bool is_condemned; /* it failed twice: it becomes a letter */
	bool is_acquitted; /* nothing is suspected until a batch is done */
	const char *step;
	struct err why;
};

struct persondb_cache;
struct pool;
struct debounce;
struct definition_known;

struct pipeline {
	struct team_cache *teams;
	struct store *spool;
	struct store *state;
	struct store_conn *spool_reader;
	struct store_conn *state_reader;
	const struct pipeline_flow *flow;
	struct pg_flow *pg; /* NULL: SQLite */
	int n_threads;
	enum batch_codec codec;
	uint32_t merge_limit;
	struct pool *pool;
	struct persondb_cache *cache; /* NULL: none; state thread only */
	struct debounce *debounce; /* the flow's thread only */
	struct audit_acc counts; /* the flow's thread only */
	int64_t counts_forgot; /* minute */
	struct definition_known *definitions; /* the flow's thread only */
	struct input inputs[N_INPUTS];
	struct store_part *outputs[N_OUTPUTS];
	struct pipeline_batch batches[2];
	/* Settings that reload. */
	_Atomic int batch_events;
	_Atomic size_t batch_bytes;
	_Atomic int64_t batch_wait_ns;

	struct thread thread;
	/* Pipeline thread only. */
	struct pipeline_batch *in_flight; /* submitted, not yet taken back */
	int64_t last_began_ns; /* of the batch before */
	int limit_events; /* smaller batches after a failure of memory; 0: none */
	int n_under_limit; /* batches done since */
	struct suspect suspect;
	bool is_searching; /* for it: the next batch is smaller, at once */
	unsigned n_failures; /* in a row */

	struct lock lock;
	struct cond wake;
	/* guarded by lock */
	bool has_news; /* records came, or stopping */
	bool is_stopping;
	bool is_flown; /* the batch in flight is done */
	struct err outcome; /* of it */
	char trouble[256]; /* "" while it moves */
};

/* suspect.c @thread pipeline */
/* The second half of b failed. */
void pipeline_suspect_note(struct pipeline *p, const struct pipeline_batch *b,
	const struct err *why);
/* After the first half. */
void pipeline_suspect_kill(struct pipeline *p, struct pipeline_batch *b);
/* b was committed. */
void pipeline_suspect_passed(
	struct pipeline *p, const struct pipeline_batch *b);

/* loop.c @thread pipeline */
void pipeline_main(void *cookie);
/* NULL: it moves. @thread any */
void pipeline_set_trouble(struct pipeline *p, const struct err *why);
/* The position of in moved with a commit; in NULL: nothing but that all is
 * well. @thread any */
void pipeline_moved(struct pipeline *p, struct input *in, int64_t next);
/* Something may have changed that the thread waits for. @thread any */
void pipeline_wake(struct pipeline *p);
/* Called by the stores' writers. */
void pipeline_note_append(void *cookie, struct store_part *part);

#endif
