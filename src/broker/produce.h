#ifndef SLUICE_BROKER_PRODUCE_H
#define SLUICE_BROKER_PRODUCE_H

#include "broker/db.h"
#include "topic/batch.h"

/*
 * One batch on its way to a partition's log. Allocated in the request's arena;
 * each holds a reference to its request while the store has it, as the batch
 * stands in the request's frame.
 */
struct append {
	struct store_append sa; /* first */
	struct post post;
	struct err result;
	struct broker *b;
	struct request *r;
	struct append *next; /* in the retry list */
	struct bpart *part;
	struct produce_part_resp *out;
	int64_t append_time_ms; /* LogAppendTime, else -1 */
	/* idempotent producers; pid -1: none */
	int64_t pid;
	int16_t epoch;
	int32_t first_seq;
	enum kerr kerr; /* set by run */
};

/*
 * Checks of spec kafka 2.4 on one partition's records, in their order. out is
 * set when the answer is KERR_NONE.
 */
enum kerr broker_produce_check(const struct btopic *t, int16_t version,
	bool is_transactional, struct slice records, struct batch_info *out,
	const char **why);
/* Sets LogAppendTime in a checked batch; its CRC is made anew. */
void broker_produce_stamp(char *batch, size_t len, int64_t now_ms);

/* store_job.run of an append by an idempotent producer (spec kafka 2.7): the
 * test and the append are one transaction on the writer (broker-3). */
int broker_producer_run(
	struct store_job *j, struct store_conn *c, struct err *e);
#define PRODUCER_EXPIRE_MS 86400000
#define PRODUCER_RING 5
struct producer_batch {
	int32_t first, last;
	int64_t base, max_ts;
};
struct producer_state {
	bool is_known;
	int16_t epoch;
	uint32_t n;
	struct producer_batch ring[PRODUCER_RING]; /* newest last */
};
/* KERR_NONE with *duplicate >= 0: it is in the log already, at this offset. */
enum kerr broker_producer_test(const struct producer_state *s, int16_t epoch,
	int32_t first, int32_t last, int64_t *duplicate);
void broker_producer_note(struct producer_state *s, int16_t epoch,
	const struct producer_batch *batch);
int32_t broker_producer_last(int32_t first, uint32_t n_records);

#endif
