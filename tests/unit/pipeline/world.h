#ifndef TEST_PIPELINE_WORLD_H
#define TEST_PIPELINE_WORLD_H

#include <stdint.h>

#include "base/buf.h"
#include "conf/conf.h"
#include "pipeline/pipeline.h"
#include "store/store.h"
#include "team/team.h"
#include "topic/batch.h"
#include "topic/topic.h"

/*
 * A data folder with one project, a front log that is written as capture writes
 * it, and the pipeline over it. Shared by the unit tests and the bench; what
 * cannot be set up ends the program with a line.
 */
#define WORLD_TOKEN "phc_world_0000000000000000000000000000000000000"

struct world {
	char dir[64];
	struct store *config, *spool, *state;
	struct team_cache *teams;
	int64_t team_id;
	struct conf_set *conf;
	struct pipeline *p;
};

/* One event as a client sends it. NULL members are left out. */
struct world_event {
	const char *token; /* NULL: WORLD_TOKEN */
	const char *uuid;
	const char *distinct_id;
	const char *name;
	const char *properties; /* JSON object; NULL: {} */
	int64_t now_us;
};

/* Makes the folder, the project and the stores. */
void world_make(struct world *w);
/* set: NULL-ended "key=value"; the pipeline is made. */
void world_prepare(struct world *w, const char *const *set);
/* … and started. */
void world_start(struct world *w, const char *const *set);
/* Stops the pipeline and closes the files, as a daemon that ends. */
void world_stop(struct world *w);
/* Opens the files again, without a pipeline. */
void world_open(struct world *w);
/* Closed: removes state.db, so that the front log is worked on anew. */
void world_forget_state(struct world *w);
void world_remove(struct world *w);

/* Appends the records in b (whole batches) to a partition. */
void world_append(struct world *w, struct store *s, enum topic_id topic,
	int partition, struct buf *b, uint32_t n);
/* The message of capture spec 5.1 as one record. */
void world_put_event(struct batch_writer *bw, const struct world_event *ev);
/* One event, one batch. */
void world_send(struct world *w, const struct world_event *ev);
/* A record with this value and no headers. */
void world_send_raw(struct world *w, struct slice value);
/* Until fn says so, at most 60 s. */
void world_wait(struct world *w, bool (*fn)(struct world *w), const char *what);
/* Until all of the front log is worked on, at most 60 s. */
void world_drain(struct world *w);
/* Until the pipeline says that it is in trouble, at most 10 s. */
void world_wait_trouble(struct world *w);

/* All records of a partition, oldest first. */
void world_each(struct world *w, enum topic_id topic, int partition,
	void (*fn)(void *cookie, const struct batch_record_view *rec),
	void *cookie);
int64_t world_count(struct world *w, enum topic_id topic, int partition);
/* "key value\n" of each record, into out. */
void world_text(
	struct world *w, enum topic_id topic, int partition, struct buf *out);

#endif
