#ifndef SLUICE_SERIES_SERIES_H
#define SLUICE_SERIES_SERIES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

/*
 * What the daemon was doing in the last day: a fixed list of series, a fixed
 * number of points of each, in memory and in config.db. All times are whole
 * seconds since 1970, all values doubles; NAN: not known.
 */
struct series;
struct store;

enum series_kind { SERIES_MEAN, SERIES_MAX, SERIES_SUM, SERIES_LAST };
enum series_id {
#define SERIES(id, name, unit, kind, help) SERIES_##id,
#include "series/series.def"
#undef SERIES
	SERIES_N
};
struct series_def {
	const char *name, *unit;
	enum series_kind kind;
	const char *help;
};
extern const struct series_def series_defs[SERIES_N];
extern const char *const series_kind_names[];
/* SERIES_N: there is none of that name. */
enum series_id series_find(struct slice name);

/* Points of 10 s for an hour, of a minute for a day. */
enum { SERIES_FINE, SERIES_COARSE, SERIES_N_STEPS };
struct series_step {
	int64_t s; /* seconds of one point */
	int n; /* points */
};
extern const struct series_step series_steps[SERIES_N_STEPS];

/* Reads what config.db has of the last day; NULL: memory only. Blocks.
 * @thread any but store */
MUST_CHECK int series_new(struct store *config, struct series **out,
	int64_t now_s, struct err *e);
/* Writes what was not written yet, the steps under way too. Before config.db
 * is closed; NULL allowed. */
void series_free(struct series *s);

/* One look at everything, about once a second: v[SERIES_N]. What a finished
 * step has become is handed to the writer of config.db, which is not waited
 * for. @thread one */
void series_sample(struct series *s, int64_t now_s, const double *v);

/*
 * The points of a series from from_s on, one for each step, as many as fit:
 * out[i] is that of the step which begins at from_s + i * step. from_s must be
 * a multiple of the step. Points before the kept time, in gaps and in the
 * future are NAN. @thread any
 */
void series_read(struct series *s, int step, enum series_id id, int64_t from_s,
	double *out, int n);
/* The begin of the newest finished step, 0: none. @thread any */
int64_t series_newest(struct series *s, int step);

#endif
