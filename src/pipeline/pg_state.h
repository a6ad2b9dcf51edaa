#ifndef SLUICE_PIPELINE_PG_STATE_H
#define SLUICE_PIPELINE_PG_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/uuid.h"
#include "pipeline/input.h"

/*
 * What state.db knows of the batches that are committed in Postgres: the table
 * `postgres`.
 */
struct store;
struct store_conn;
struct conf;

struct pg_state {
	bool exists; /* persons were kept in Postgres at some time */
	bool in_use; /* … when the daemon last ran */
	struct uuid node;
	int64_t batch; /* published last; 0: none yet */
	int64_t prepared; /* 0: none */
	/* The input that moves when it is published; topic TOPIC_N: none. */
	enum topic_id topic;
	int partition;
	int64_t next;
};

MUST_CHECK int pg_state_read(
	struct store_conn *c, struct pg_state *out, struct err *e);

/*
 * At the start: which store of persons this folder belongs to. Makes the node's
 * id at the first start with Postgres. UNSUPPORTED: persons are in the other
 * store, and postgres.switch_store does not say that this is meant; or a batch
 * is prepared and Postgres is not to be used. Blocks. @thread main
 */
MUST_CHECK int pg_state_choose(struct store *state, struct store_conn *reader,
	const struct conf *conf, struct pg_state *out, struct err *e);

/* The same question alone: nothing is changed. */
MUST_CHECK int pg_state_allows(struct store_conn *reader,
	const struct conf *conf, struct pg_state *out, struct err *e);

/* Inside a job. BUSY: the batch before is not published yet. in NULL: nothing
 * is read in this batch. */
MUST_CHECK int pg_state_prepare(struct store_conn *c, int64_t batch,
	const struct input *in, int64_t next, struct err *e);
/* The batch is done, the position moves. BUG: it was not prepared. */
MUST_CHECK int pg_state_publish(
	struct store_conn *c, int64_t batch, bool is_batch, struct err *e);
MUST_CHECK int pg_state_discard(
	struct store_conn *c, int64_t batch, struct err *e);

#endif
