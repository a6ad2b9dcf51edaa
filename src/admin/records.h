#ifndef SLUICE_ADMIN_RECORDS_H
#define SLUICE_ADMIN_RECORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "topic/batch.h"

/*
 * Reads the records of a topic, its partitions merged by timestamp, then
 * partition, then offset. Used by one thread at a time.
 */
struct admin;
struct records;

#define RECORDS_FROM_START (-1)
#define RECORDS_FROM_END (-2)

#define RECORDS_PARTITIONS_MAX 64 /* merged at once */

struct records_options {
	const char *topic;
	int partition; /* -1: all */
	int64_t from; /* an offset, RECORDS_FROM_START or RECORDS_FROM_END */
	bool follow; /* goes on behind what is there when it is opened */
	/* By partition, from the first that is read on: where to begin, and
	 * before which offset to end; NULL: from, and what is there now. */
	const int64_t *starts, *ends;
};
/* NOT_FOUND: no such topic or partition. */
MUST_CHECK int records_open(struct admin *a, const struct records_options *o,
	struct records **out, struct err *e);
void records_close(struct records *r); /* NULL allowed */
/* 1: *out is the next record, valid until the next call; 0: no more (with
 * follow: for now). */
MUST_CHECK int records_next(struct records *r, int *partition,
	struct batch_record_view *out, struct err *e);
/* {"partition","offset","timestamp_ms","key","headers","value"} and a new
 * line. */
void records_write_json(
	struct buf *b, int partition, const struct batch_record_view *v);
/* "headers":{…} */
void records_put_headers(struct buf *b, const struct batch_record_view *v);
/* Text as a JSON string under name, or as base64 under name_base64. */
void records_put_text(struct buf *b, const char *name, struct slice text);

/* Where a partition stands, whether or not there is a broker. */
struct store;
struct store_part;
MUST_CHECK int records_find_part(struct admin *a, const char *topic,
	int partition, struct store **file, struct store_part **part,
	struct err *e);
/* The offset of the first record that is not older than ms; the end of the log
 * if there is none. NOT_FOUND: no such partition. */
MUST_CHECK int records_offset_at(struct admin *a, const char *topic,
	int partition, int64_t ms, int64_t *offset, struct err *e);

#endif
