#ifndef SLUICE_ADMIN_LETTERS_H
#define SLUICE_ADMIN_LETTERS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/json_read.h"
#include "base/slice.h"
#include "topic/batch.h"

/* A dead letter as it stands in events_dead_letter_queue (spec ingestion
 * 1.4). */
struct letter {
	int partition; /* 0: capture's, 1: the app server's */
	struct batch_record_view record;
	struct json_doc json; /* the value; n_nodes 0: it is no JSON object */
	struct slice id, error, event, distinct_id; /* decoded */
	struct slice reason, step; /* of the headers */
	int64_t team_id;
	int64_t replayed_at_us; /* 0: not yet */
};

struct admin;
struct letters;
struct buf;

/* Walks all letters, oldest first. Used by one thread. */
MUST_CHECK int letters_open(
	struct admin *a, struct letters **out, struct err *e);
void letters_close(struct letters *l); /* NULL allowed */
/* 1: *out is valid until the next call; 0: no more. */
MUST_CHECK int letters_next(
	struct letters *l, struct letter *out, struct err *e);
/* {"id","topic",…}; whole: with the original message and the headers. */
void letter_write_json(
	struct buf *b, const struct letter *l, struct arena *a, bool whole);
/* Puts it back (spec ingestion 1.4). EXISTS: it was before. */
MUST_CHECK int letter_replay(
	struct admin *a, const struct letter *l, bool again, struct err *e);

#endif
