#ifndef SLUICE_CLI_BENCH_STATE_H
#define SLUICE_CLI_BENCH_STATE_H

#include "cli/bench.h"

/*
 * The persons that `bench ingest` works on: built once, straight into the
 * store, and kept with what runs added to them (DIR/persons) if the folder is.
 */
struct bench_state {
	int64_t n_persons; /* user-00000000 ... */
	int64_t team_id;
	int64_t n_fresh, n_merges; /* by the runs so far */
	int64_t n_events; /* that went in so far */
	const char *postgres; /* NULL: SQLite */
	double build_seconds; /* 0: it was there */
};

/* Finds or builds n persons; says on stderr how much disk it takes with
 * n_events more, NO_SPACE if that is not there. EXISTS: the folder or the
 * database holds others. No daemon may run. */
MUST_CHECK int bench_state_open(struct bench *b, struct bench_state *s,
	int64_t n, int64_t n_events, const char *postgres, struct err *e);
/* Writes down what the runs added. */
MUST_CHECK int bench_state_save(
	struct bench *b, const struct bench_state *s, struct err *e);
/*
 * Reads state.db once, so that it is in the system's memory if that is large
 * enough: a store that has been at work for a while is. Its bytes.
 */
MUST_CHECK int bench_state_warm(
	struct bench *b, int64_t *n_bytes, struct err *e);
/* How many persons there should be, and how many the store has. */
int64_t bench_state_expected(const struct bench_state *s);
MUST_CHECK int bench_state_count(struct bench *b, const struct bench_state *s,
	int64_t *n, struct err *e);

#endif
