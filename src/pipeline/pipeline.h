#ifndef SLUICE_PIPELINE_PIPELINE_H
#define SLUICE_PIPELINE_PIPELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

/* The app server: front log -> persons, groups -> output log, exactly once. */
struct pipeline;
struct conf;
struct pg;
struct store;
struct store_conn;
struct team_cache;

struct pipeline_options {
	const struct conf *conf;
	struct team_cache *teams;
	struct store *spool; /* read; written by replays of capture's letters */
	struct store *state; /* written */
	struct pg *pg; /* persons are there; NULL: in state.db */
};
/* Whether a start with these settings would be let: UNSUPPORTED if the folder's
 * persons are in the other store. state may be open for reading only. */
MUST_CHECK int pipeline_store_allows(
	struct store *state, const struct conf *conf, struct err *e);
MUST_CHECK int pipeline_new(
	const struct pipeline_options *o, struct pipeline **out, struct err *e);
MUST_CHECK int pipeline_start(struct pipeline *p, struct err *e);
void pipeline_reload(struct pipeline *p, const struct conf *conf);
/* Finishes the batch under way, then stops and closes its connections. */
void pipeline_stop(struct pipeline *p);
/* The stores call into it after each append: free it when both are closed or
 * nothing appends to the front log any more. NULL allowed. */
void pipeline_free(struct pipeline *p);

/* One row per front partition that is read. */
struct pipeline_position {
	const char *topic;
	int partition;
	int64_t position; /* next offset to read, as committed */
	int64_t high_watermark;
};
int pipeline_positions(
	const struct pipeline *p, struct pipeline_position *out, int max);
/* Why the pipeline does not move ("" if it does); @thread any. */
void pipeline_trouble(const struct pipeline *p, char *out, size_t size);

/*
 * Puts dead letters of one partition back: appends their messages to the log
 * they came by and marks the letters replayed, in one transaction for some of
 * them at a time. The app server's letters (partition 1, state.db) go to
 * partition 1 of events_plugin_ingestion; capture's (partition 0, spool.db) to
 * partition 0 of their topic. Each item is told how it went: 0; EXISTS:
 * replayed or discarded before and again is false; NOT_FOUND; INVALID, TOO_BIG:
 * no letter, or the edited event is none; else as the call failed. Blocks.
 * @thread any but store
 */
#define PIPELINE_REPLAY_MAX 500 /* items of one call */
struct pipeline_replay {
	int64_t offset;
	int code; /* out */
	char why[240]; /* out */
};
struct pipeline_replay_how {
	bool again;
	const char *who; /* kept with the mark */
	struct slice event; /* instead of the letter's own; .p NULL: none */
	size_t max_bytes; /* of the message with that event */
};
MUST_CHECK int pipeline_replay_letters(struct pipeline *p, int partition,
	struct pipeline_replay *items, uint32_t n,
	const struct pipeline_replay_how *how, struct err *e);
/* One of them. */
MUST_CHECK int pipeline_replay_letter(
	struct pipeline *p, int64_t offset, bool again, struct err *e);
MUST_CHECK int pipeline_replay_capture_letter(
	struct pipeline *p, int64_t offset, bool again, struct err *e);

/* Deletes a person (by distinct id, or by uuid text if distinct_id.p is NULL)
 * and sends the messages of it. What it frees in state.db is overwritten, and
 * older images of it in the WAL are cut off. NOT_FOUND. Blocks. @thread any but
 * store */
struct person_set;
struct pipeline_erasure {
	int64_t team_id;
	struct slice distinct_id, uuid;
	/* Adds rows of its own to the transaction of state.db that has
	 * the messages; s holds the person and its ids. May be NULL.
	 * @thread store */
	int (*record)(void *cookie, struct store_conn *c,
		const struct person_set *s, struct err *e);
	void *cookie;
	bool is_wiped; /* out: false: a reader keeps the WAL */
};
MUST_CHECK int pipeline_erase_person(
	struct pipeline *p, struct pipeline_erasure *x, struct err *e);

#endif
