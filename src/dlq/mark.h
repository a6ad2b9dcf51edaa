#ifndef SLUICE_DLQ_MARK_H
#define SLUICE_DLQ_MARK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

/*
 * What was done with a letter. Marks stand in the letter's own file, so that
 * they commit with the message that is put back (dlq-1).
 */
struct store_conn;

enum dlq_state { DLQ_PENDING, DLQ_REPLAYED, DLQ_DISCARDED };
#define DLQ_N_STATES 3
extern const char *const dlq_state_names[DLQ_N_STATES];

#define DLQ_WHO_MAX 256
#define DLQ_REASON_MAX 64
struct dlq_mark {
	int64_t replayed_at_us; /* last time; 0: never */
	int64_t discarded_at_us; /* 0: not */
	int64_t replays;
	int64_t edits; /* replays with an edited event */
	char who[DLQ_WHO_MAX]; /* did the last of these */
	/* Instead of the letter's, found out later; "": none. */
	char reason[DLQ_REASON_MAX], error[DLQ_REASON_MAX];
};
enum dlq_state dlq_mark_state(const struct dlq_mark *m);
/* Zeros if there is none. On a reader or inside a job. */
MUST_CHECK int dlq_mark_get(struct store_conn *c, int64_t offset,
	struct dlq_mark *out, struct err *e);
/* Inside a job. EXISTS: it is in a state from which that needs again. */
MUST_CHECK int dlq_mark_may_replay(
	struct store_conn *c, int64_t offset, bool again, struct err *e);
MUST_CHECK int dlq_mark_replayed(struct store_conn *c, int64_t offset,
	int64_t now_us, bool is_edited, struct slice who, struct err *e);
/* It stays pending, for another reason than it says (spec capture 9). Both
 * texts are literals, shorter than DLQ_REASON_MAX. */
MUST_CHECK int dlq_mark_reason(struct store_conn *c, int64_t offset,
	const char *reason, const char *error, struct err *e);
/* EXISTS: it is not pending. */
MUST_CHECK int dlq_mark_discarded(struct store_conn *c, int64_t offset,
	int64_t now_us, struct slice who, struct err *e);

#endif
