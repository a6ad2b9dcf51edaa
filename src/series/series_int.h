#ifndef SLUICE_SERIES_SERIES_INT_H
#define SLUICE_SERIES_SERIES_INT_H

#include "base/thread.h"
#include "series/series.h"
#include "store/store.h"

/* Values in a row of the file; names that are gone keep their place. */
#define SERIES_COLUMNS_MAX 256
#define SERIES_ROWS_AT_ONCE 16

/* One point of everything. */
struct series_point {
	int64_t at_s; /* begin of its step; 0: none */
	bool is_unsaved;
	double v[SERIES_N];
};

/* The points of one step: the one that begins at t stands in slot
 * t / step % n, so that a new one takes the place of the oldest (series-1). */
struct series_ring {
	struct series_step step;
	struct series_point *points;
	int64_t newest_s;
	/* The step under way. */
	int64_t now_s; /* its begin; 0: none */
	uint32_t count[SERIES_N];
	double sum[SERIES_N], max[SERIES_N], last[SERIES_N];
};
MUST_CHECK int series_ring_init(
	struct series_ring *r, struct series_step step, struct err *e);
void series_ring_fini(struct series_ring *r);
/* Returns whether a step was finished. */
bool series_ring_add(struct series_ring *r, int64_t now_s, const double *v);
/* Ends the step under way: its point is that of what it has. */
void series_ring_finish(struct series_ring *r);
/* A point that was read from the file; one that is too old or of the future is
 * left out. */
void series_ring_put(
	struct series_ring *r, int64_t at_s, int64_t now_s, const double *v);
struct series_point *series_ring_slot(struct series_ring *r, int64_t at_s);

/* Rows on their way to the file. */
struct series_write {
	struct store_job job;
	struct series *s;
	int n_rows, n_columns;
	struct series_row {
		int ring, slot;
		int64_t at_s;
		double columns[SERIES_COLUMNS_MAX];
	} rows[SERIES_ROWS_AT_ONCE];
};

struct series {
	struct lock lock; /* guards all below */
	struct cond written;
	struct store *config; /* NULL: memory only */
	struct series_ring rings[SERIES_N_STEPS];
	int column[SERIES_N]; /* where a series stands in a row */
	int n_columns;
	bool is_writing; /* write is the writer's */
	bool is_failing; /* the last write failed: it is logged once */
	struct series_write write;
};
/* Gives each series its place in a row, then reads the rows. */
MUST_CHECK int series_load(struct series *s, int64_t now_s, struct err *e);
/* Hands unsaved points to the writer, if it has none of them. */
void series_write_some(struct series *s);

#endif
