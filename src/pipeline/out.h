#ifndef SLUICE_PIPELINE_OUT_H
#define SLUICE_PIPELINE_OUT_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "topic/batch.h"

/*
 * Record batches for one partition, back to back in one buf, each of at most
 * LIMIT_BATCH_BYTES unless a single record is larger. Records carry the
 * batch's clock unless said otherwise. A record is begun, its value appended to
 * out_buf, then ended. Failures stay with the buf; out_finish tells.
 */
struct out {
	struct buf b;
	struct batch_writer w;
	struct buf spare; /* for a record that did not fit its batch */
	enum batch_codec codec;
	int64_t ts_ms;
	uint32_t n_records;
	bool is_open; /* a batch is begun */
	struct err failed; /* of a batch_end, kept for out_finish */
};

void out_init(struct out *o, size_t max_bytes);
void out_fini(struct out *o);
/* Empties it and keeps the memory. */
void out_reset(struct out *o, enum batch_codec codec, int64_t ts_ms);
/* The value goes to the returned buf. key_len_max: a hint. */
struct buf *out_begin(struct out *o, size_t key_len_max);
size_t out_value_len(const struct out *o);
/* key must not point into the value. */
void out_end(struct out *o, struct slice key,
	const struct batch_header_kv *headers, uint32_t n_headers);
/* The record carries this time instead of the batch's. */
void out_end_at(struct out *o, int64_t ts_ms, struct slice key,
	const struct batch_header_kv *headers, uint32_t n_headers);
void out_cancel(struct out *o);
/* Closes the last batch. NO_MEMORY, TOO_BIG. */
MUST_CHECK int out_finish(struct out *o, struct err *e);

#endif
