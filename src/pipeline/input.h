#ifndef SLUICE_PIPELINE_INPUT_H
#define SLUICE_PIPELINE_INPUT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "store/store.h"
#include "topic/topic.h"

/* The partitions that are read, in the order of their rank. */
enum input_id {
	INPUT_CAPTURE, /* events_plugin_ingestion 0, spool.db */
	INPUT_OWN, /* events_plugin_ingestion 1, state.db: replays */
	INPUT_OVERFLOW,
	INPUT_HISTORICAL,
	N_INPUTS
};

struct input {
	enum topic_id topic;
	int partition;
	struct store_part *part;
	struct store_conn *reader; /* borrowed; pipeline thread only */
	_Atomic int64_t position; /* committed */
	int64_t next; /* to read next; pipeline thread only */
	unsigned share; /* batches it may have before a lower rank has one */
	unsigned taken;
};

/*
 * Opens the partitions and reads their positions. A position beyond the log
 * (an older spool.db was put back, or a new one made) goes to the log's end.
 * Blocks. @thread main
 */
MUST_CHECK int pipeline_inputs_open(struct input in[N_INPUTS],
	struct store *spool, struct store *state,
	struct store_conn *spool_reader, struct store_conn *state_reader,
	struct err *e);
/* The input whose turn it is, NULL if none has records. @thread pipeline */
struct input *pipeline_inputs_pick(struct input in[N_INPUTS]);
/* All inputs go back to their committed positions. @thread pipeline */
void pipeline_inputs_rewind(struct input in[N_INPUTS]);
/* Inside a job: the position moves with the job's transaction. */
MUST_CHECK int pipeline_input_move(struct store_conn *c, const struct input *in,
	int64_t next, struct err *e);
/* After the commit. */
void pipeline_input_moved(struct input *in, int64_t next);
/* Records not yet worked on, over all inputs. @thread any */
int64_t pipeline_inputs_lag(const struct input in[N_INPUTS]);

#endif
