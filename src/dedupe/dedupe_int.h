#ifndef SLUICE_DEDUPE_DEDUPE_INT_H
#define SLUICE_DEDUPE_DEDUPE_INT_H

#include <stdatomic.h>

#include "base/buf.h"
#include "dedupe/dedupe.h"
#include "dedupe/filter.h"
#include "store/store.h"

/* The inside of dedupe/. */

/* A row holds at most so many: what is read to confirm one is at most 96 KB. */
#define DEDUPE_ROW_PRINTS 4096
#define DEDUPE_CACHED_ROWS 8

/* The oldest row in the file. */
struct dedupe_oldest {
	bool is_known; /* else it is to be looked up */
	bool is_none;
	int64_t id, at_ms, n;
};

struct dedupe_row {
	int64_t id, n; /* n 0: empty */
	struct buf prints;
};

struct dedupe {
	struct store *spool;
	uint64_t key[2]; /* of the hash; set by dedupe_new */
	_Atomic int64_t entries, age_ms; /* limits */
	_Atomic int64_t n_live, bytes, known, reads, doubts, forgotten;

	/* writer only */
	struct filter f;
	int64_t limit; /* as the filter has it */
	int64_t committed; /* numbers below are in the file */
	/* Prints of this group, from number committed on; bytes. */
	char *pending;
	size_t n_pending, pending_cap;
	size_t marked; /* n_pending at the last mark */
	struct dedupe_oldest oldest, oldest_before; /* before: the group */
	int64_t time_ms; /* of the memory, less the monotonic clock's */
	struct dedupe_row rows[DEDUPE_CACHED_ROWS]; /* read last */
	int next_row; /* that is replaced */
};

/* rows.c: what is in the file. @thread store */
/* Everything that is there, into the filter; sets the time. */
MUST_CHECK int dedupe_rows_load(
	struct dedupe *d, struct store_conn *c, struct err *e);
/* Whether entry number is this print. */
MUST_CHECK int dedupe_rows_confirm(struct dedupe *d, struct store_conn *c,
	int64_t number, const struct dedupe_print *p, bool *is_it,
	struct err *e);
/* Adds what is pending, deletes a few rows that are over the limits. */
MUST_CHECK int dedupe_rows_save(
	struct dedupe *d, struct store_conn *c, struct err *e);

uint64_t dedupe_hash(const void *print);

#endif
