#ifndef SLUICE_TESTS_PERSON_STREAM_STORE_H
#define SLUICE_TESTS_PERSON_STREAM_STORE_H

#include "persondb/persondb.h"

/* The real store behind person_stream: batches run as jobs of state.db. */
struct stream_store;

struct stream_store *stream_store_open(const char *dir);
void stream_store_close(struct stream_store *x); /* NULL allowed */
int stream_store_run(struct stream_store *x,
	int (*fn)(void *cookie, struct store_conn *c, struct err *e),
	void *cookie, struct err *e);
/* The state of one project as a line of JSON, read from the tables. */
void stream_store_final(
	struct stream_store *x, int64_t team_id, struct buf *out);

#endif
