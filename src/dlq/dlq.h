#ifndef SLUICE_DLQ_DLQ_H
#define SLUICE_DLQ_DLQ_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"
#include "base/uuid.h"
#include "dlq/mark.h"
#include "topic/batch.h"

/*
 * Dead letters as a whole: an index of both partitions of
 * events_dead_letter_queue, kept behind the log by whoever calls dlq_sync, so
 * that nothing is scanned to list, find or count them.
 */
struct dlq;
struct store;

/* A partition is a file: 0 capture's spool.db, 1 the app server's state.db. */
#define DLQ_FILES 2
#define DLQ_GROUPS_MAX 5000 /* kinds of letters told apart in a file */
#define DLQ_ERROR_MAX 500 /* bytes of a normalised error */

/* A store may be NULL: its letters are not there. */
MUST_CHECK int dlq_new(struct store *spool, struct store *state,
	struct dlq **out, struct err *e);
void dlq_free(struct dlq *d); /* NULL allowed */

/* Takes in what was appended and forgets what retention deleted, in steps of
 * their own transactions, until all is done or the deadline (clock_mono_ns)
 * has passed. *behind: letters not yet taken in. @thread any but store */
MUST_CHECK int dlq_sync(
	struct dlq *d, int64_t deadline_ns, int64_t *behind, struct err *e);
/* Letters that were ever appended, and a number that changes with everything
 * that dlq_groups and dlq_scan could tell. */
uint64_t dlq_ever(struct dlq *d);
MUST_CHECK int dlq_changes(struct dlq *d, int64_t *out, struct err *e);

/* An error with its variable parts (numbers, uuids, hex, what is in quotes)
 * replaced, so that equal errors are equal; cut to DLQ_ERROR_MAX. */
void dlq_normalise(struct slice error, struct buf *out);

/* Which letters. */
struct dlq_filter {
	unsigned states; /* bits 1 << enum dlq_state */
	struct slice reason; /* .p NULL: any */
	/* As a letter has it, or as a group has it; .p NULL: any. */
	struct slice error;
	bool has_project;
	int64_t team_id;
};

struct dlq_group {
	int64_t team_id;
	struct slice reason, step, error;
	int64_t n[DLQ_N_STATES];
	int64_t first_ms, last_ms;
	int newest_partition;
	int64_t newest; /* offset of the letter that came last */
	struct uuid newest_id;
	bool has_id;
};
/* All that have a letter the filter wants, most of those first; in the arena.
 * Equal ones of both files are one. */
MUST_CHECK int dlq_groups(struct dlq *d, const struct dlq_filter *f,
	struct arena *a, struct dlq_group **out, uint32_t *n, struct err *e);
/* When the letter came that is pending longest; 0: none is. */
MUST_CHECK int dlq_oldest_pending(struct dlq *d, int64_t *at_ms, struct err *e);

/* One letter as the index has it. */
struct dlq_row {
	int partition;
	int64_t offset;
	struct uuid id;
	bool has_id;
	enum dlq_state state;
	int64_t at_ms;
	struct dlq_mark mark;
};
/* Where a walk stands: offsets in each partition, from and before. */
struct dlq_range {
	int64_t from[DLQ_FILES], to[DLQ_FILES];
};
/* All that the index has now. */
MUST_CHECK int dlq_range_all(
	struct dlq *d, struct dlq_range *out, struct err *e);
/* Letters of a range, merged by time, then partition, then offset. */
struct dlq_scan;
MUST_CHECK int dlq_scan_open(struct dlq *d, const struct dlq_filter *f,
	const struct dlq_range *range, struct dlq_scan **out, struct err *e);
void dlq_scan_close(struct dlq_scan *s); /* NULL allowed */
/* 1: *row and its record (rec NULL: not wanted), valid until the next call; 0:
 * no more; 2: none yet, but enough was looked at for one call: go on from
 * dlq_scan_at. */
MUST_CHECK int dlq_scan_next(struct dlq_scan *s, struct dlq_row *row,
	struct batch_record_view *rec, struct err *e);
/* Behind the row given last. */
void dlq_scan_at(const struct dlq_scan *s, struct dlq_range *out);

/* A letter by its id, or by PARTITION-OFFSET. NOT_FOUND. rec is copied into the
 * arena. */
MUST_CHECK int dlq_find(
	struct dlq *d, struct slice id, struct dlq_row *row, struct err *e);
MUST_CHECK int dlq_read(struct dlq *d, const struct dlq_row *row,
	struct arena *a, struct batch_record_view *rec, struct err *e);

/* Marks letters of one partition discarded, in one transaction. codes[i]: 0,
 * -EXISTS: it is not pending. Blocks. @thread any but store */
MUST_CHECK int dlq_discard(struct dlq *d, int partition, const int64_t *offsets,
	uint32_t n, struct slice who, int *codes, struct err *e);

#endif
