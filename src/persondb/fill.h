#ifndef SLUICE_PERSONDB_FILL_H
#define SLUICE_PERSONDB_FILL_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/uuid.h"

/*
 * Many persons at once, for measurements: user-00000000 to n - 1, each as the
 * app server would have made it of one page view of the load generator
 * (httpc/load) and one update, so that further page views of it change nothing
 * that is written, and updates nothing but a value. Only into a store that has
 * no persons yet.
 */
struct store;

#define PERSONDB_FILL_ID_BYTES 13
#define PERSONDB_FILL_CREATED_AT_US INT64_C(1700000000000000)
#define PERSONDB_FILL_MAX 99999999

/* One person. properties is appended to; scratch-free. id is not ended. */
void persondb_fill_person(int64_t team_id, int64_t i,
	char id[PERSONDB_FILL_ID_BYTES], struct uuid *uuid,
	struct buf *properties);
/* Bytes that n persons take on disk in SQLite, in all and while filling. */
int64_t persondb_fill_bytes(int64_t n);
/* Blocks; not on the store's thread. */
MUST_CHECK int persondb_fill(
	struct store *state, int64_t team_id, int64_t n, struct err *e);
/* The same into PostHog's tables in Postgres. EXISTS: the project has persons
 * already. */
MUST_CHECK int persondb_fill_postgres(
	const char *url, int64_t team_id, int64_t n, struct err *e);
/* Live persons of the project there. */
MUST_CHECK int persondb_fill_count_postgres(
	const char *url, int64_t team_id, int64_t *n, struct err *e);

#endif
