#ifndef SLUICE_DLQ_READ_H
#define SLUICE_DLQ_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "topic/batch.h"

/* Records of a partition by offset: cheap where offsets ascend. Used by one
 * thread. */
struct store;
struct store_conn;
struct store_part;

struct dlq_reader {
	struct store_conn *c;
	struct store_part *part;
	struct buf bytes, raw;
	size_t at; /* of the batch after the one in batch */
	struct batch_reader batch;
	bool has_batch;
	int64_t next; /* offset of the record after the one given last */
	size_t n_read; /* bytes from the file so far */
};
/* part NULL: it is empty. Close it also if this fails. */
MUST_CHECK int dlq_reader_open(struct store *s, struct store_part *part,
	struct dlq_reader *r, struct err *e);
void dlq_reader_close(struct dlq_reader *r);
/* The first record at or after an offset, valid until the next call. 0: there
 * is none before the high watermark; 1. */
MUST_CHECK int dlq_reader_get(struct dlq_reader *r, int64_t offset,
	struct batch_record_view *out, struct err *e);

#endif
