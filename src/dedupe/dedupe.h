#ifndef SLUICE_DEDUPE_DEDUPE_H
#define SLUICE_DEDUPE_DEDUPE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "base/uuid.h"

/*
 * The memory of what projects sent lately, so that a request sent again is not
 * stored again: (project, client's uuid, event name, distinct id) as
 * fingerprints in the front log's file. What is taken into the memory commits
 * with the event (dedupe-1). A hit is confirmed by comparing whole fingerprints
 * (dedupe-2).
 */
struct dedupe;
struct store;
struct store_conn;

/* A fingerprint as it stands in the file: 16 bytes uuid, then 8 bytes, little
 * endian, of a keyed hash over project, uuid, event name and distinct id. */
#define DEDUPE_PRINT_BYTES 24
struct dedupe_print {
	uint8_t b[DEDUPE_PRINT_BYTES];
};

struct dedupe_limits {
	int64_t entries; /* at most DEDUPE_ENTRIES_MAX; 0: no memory */
	int64_t age_ms; /* 0: no memory */
};
#define DEDUPE_ENTRIES_MAX 12000000

struct dedupe_state {
	int64_t entries; /* that are remembered */
	int64_t bytes; /* in memory */
	int64_t known; /* copies found since the start */
	int64_t reads; /* blobs read to confirm, since the start */
	int64_t doubts; /* hits that were not confirmed, since the start */
	int64_t forgotten; /* that found no place in memory, since the start */
};

/*
 * Reads what spool.db remembers and hooks into the store: before its first
 * append. Blocks on the writer, which reads up to 24 bytes for each entry. Free
 * it after the store is closed.
 */
MUST_CHECK int dedupe_new(struct store *spool, const struct dedupe_limits *l,
	struct dedupe **out, struct err *e);
void dedupe_free(struct dedupe *d); /* NULL allowed */
/* The one of a store or of a connection to it; NULL: it has no memory. */
struct dedupe *dedupe_of(const struct store *spool);
struct dedupe *dedupe_of_conn(const struct store_conn *c);
/* Other limits from the next commit on. @thread any */
void dedupe_reload(struct dedupe *d, const struct dedupe_limits *l);
bool dedupe_is_on(const struct dedupe *d);
void dedupe_state(const struct dedupe *d, struct dedupe_state *out);

/* name and distinct_id are decoded text. @thread any */
void dedupe_print_of(const struct dedupe *d, int64_t team_id,
	const struct uuid *uuid, struct slice name, struct slice distinct_id,
	struct dedupe_print *out);
/* Begins to fetch what take will look at. @thread store */
void dedupe_prefetch(const struct dedupe *d, const struct dedupe_print *p);
/*
 * Inside a job or a filter of the spool: *is_known if the project sent this
 * before; if not it is remembered, if the job and its group commit. @thread
 * store
 */
MUST_CHECK int dedupe_take(struct dedupe *d, struct store_conn *c,
	const struct dedupe_print *p, bool *is_known, struct err *e);

#endif
