#ifndef SLUICE_PIPELINE_PIPELINE_H
#define SLUICE_PIPELINE_PIPELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* The app server: front log -> persons, groups -> output log, exactly once. */
struct pipeline;
struct conf;
struct store;
struct team_cache;

struct pipeline_options {
	const struct conf *conf;
	struct team_cache *teams;
	struct store *spool; /* read only */
	struct store *state; /* written */
};
MUST_CHECK int pipeline_new(const struct pipeline_options *o,
	struct pipeline **out, struct err *e);
MUST_CHECK int pipeline_start(struct pipeline *p, struct err *e);
void pipeline_reload(struct pipeline *p, const struct conf *conf);
/* Finishes the batch under way, then stops. */
void pipeline_stop(struct pipeline *p);
void pipeline_free(struct pipeline *p); /* NULL allowed */

/* One row per front partition that is read. */
struct pipeline_position {
	const char *topic;
	int partition;
	int64_t position; /* next offset to read, as committed */
	int64_t high_watermark;
};
int pipeline_positions(const struct pipeline *p, struct pipeline_position *out,
	int max);
/* Why the pipeline does not move ("" if it does); @thread any. */
void pipeline_trouble(const struct pipeline *p, char *out, size_t size);

/* Puts dead letters of the app server (partition 1) back: appends raw_payload
 * to partition 1 of its ingestion topic and marks the letter replayed, in one
 * transaction of state.db. EXISTS: replayed before and again is false. */
MUST_CHECK int pipeline_replay_letter(struct pipeline *p, int64_t offset,
	bool again, struct err *e);

#endif
