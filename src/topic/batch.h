#ifndef SLUICE_TOPIC_BATCH_H
#define SLUICE_TOPIC_BATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/*
 * Kafka record batch v2 (layout: spec kafka 2.4). Writing: batch_begin, then
 * records, then batch_end; several batches may follow each other in one buf.
 * Records are written in place; no allocation but the buf's growth.
 */
#define BATCH_HEADER_BYTES 61

enum batch_codec {
	BATCH_NONE,
	BATCH_GZIP,
	BATCH_SNAPPY,
	BATCH_LZ4,
	BATCH_ZSTD
};

struct batch_header_kv {
	struct slice key;
	struct slice value; /* .p NULL: null value */
};

struct batch_writer {
	struct buf *b;
	size_t start; /* of the batch in b */
	size_t value_start; /* of the record being written */
	size_t value_room; /* gap before it, closed by record_end */
	int64_t base_ts, max_ts;
	uint32_t n;
};

void batch_begin(struct batch_writer *w, struct buf *b, int64_t base_ts_ms);
/* One record at once. key/value .p NULL: null. */
void batch_record(struct batch_writer *w, int64_t ts_ms, struct slice key,
	struct slice value, const struct batch_header_kv *headers,
	uint32_t n_headers);
/* Or: begin, append the value's bytes to w->b directly, end. The value is not
 * copied but moved by the few bytes that its prefix leaves over. */
void batch_value_begin(struct batch_writer *w, size_t key_len_max);
size_t batch_value_len(const struct batch_writer *w);
void batch_value_end(struct batch_writer *w, int64_t ts_ms, struct slice key,
	const struct batch_header_kv *headers, uint32_t n_headers);
/* Throws away the record begun. */
void batch_value_cancel(struct batch_writer *w);
size_t batch_bytes(const struct batch_writer *w); /* so far, with the header */
/* Finishes header and CRC-32C (base offset 0); with a codec the records are
 * compressed. Removes the batch if it has no record. Check b->failed after. */
MUST_CHECK int batch_end(
	struct batch_writer *w, enum batch_codec codec, struct err *e);

/* Header of the batch at p. */
struct batch_info {
	int64_t base_offset;
	size_t bytes; /* whole, header included */
	int32_t leader_epoch;
	uint32_t crc;
	int16_t attributes;
	int32_t last_offset_delta;
	int64_t base_ts, max_ts;
	int64_t producer_id;
	int16_t producer_epoch;
	int32_t base_sequence;
	uint32_t n_records;
};
/* INVALID: fewer bytes than the header says, magic not 2, impossible counts. */
MUST_CHECK int batch_peek(
	struct slice in, struct batch_info *out, struct err *e);
/* Checks the CRC-32C too. CORRUPT. */
MUST_CHECK int batch_check_crc(struct slice batch, struct err *e);
/* Writes the base offset (and leader epoch) in place: outside the CRC. */
void batch_set_base(char *batch, int64_t base_offset, int32_t leader_epoch);

struct batch_record_view {
	int64_t offset;
	int64_t ts_ms;
	struct slice key; /* .p NULL: null */
	struct slice value; /* .p NULL: null */
	struct slice headers; /* raw; batch_header_next */
	uint32_t n_headers;
};
/* Walks the records of one batch. raw holds the inflated records if the batch
 * is compressed (bounded by max_inflated). */
struct batch_reader {
	const char *at, *end;
	struct batch_info info;
	uint32_t left;
};
MUST_CHECK int batch_reader_init(struct batch_reader *r, struct slice batch,
	struct buf *raw, struct err *e);
/* 1: *out is the next record; 0: no more; negative: INVALID. */
MUST_CHECK int batch_next(
	struct batch_reader *r, struct batch_record_view *out, struct err *e);
/* Next header of a record; false at the end (or when malformed). */
bool batch_header_next(struct slice *headers, struct batch_header_kv *out);
bool batch_header_find(const struct batch_record_view *r, const char *key,
	struct slice *value);

#endif
