#ifndef SLUICE_PIPELINE_LETTER_H
#define SLUICE_PIPELINE_LETTER_H

#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"
#include "topic/batch.h"

/*
 * A dead letter as it is read back (spec ingestion 1.4): the message it holds.
 * Slices live in the record and the arena.
 */
struct letter {
	struct slice value; /* the message as capture wrote it */
	struct slice key; /* p NULL: the message names no token */
	struct batch_header_kv *headers; /* its own, without dlq_* */
	uint32_t n_headers;
	struct slice topic; /* dlq_topic; p NULL: none */
};
/* INVALID: the record is no letter. */
MUST_CHECK int letter_read(const struct batch_record_view *rec, struct arena *a,
	struct letter *out, struct err *e);

#endif
