#ifndef SLUICE_SERIES_FORECAST_H
#define SLUICE_SERIES_FORECAST_H

#include "series/series.h"

/* What becomes of the free space if it goes on as in the last day. */
enum forecast_state {
	FORECAST_TOO_EARLY, /* less than ten minutes are known */
	FORECAST_STEADY, /* it does not get less, or not within ten years */
	FORECAST_FILLING,
	FORECAST_FULL, /* the reserve is reached */
};
struct forecast {
	enum forecast_state state;
	double bytes_per_s; /* of free space; negative: it gets less */
	int64_t full_in_s; /* until the reserve is reached; FILLING only */
	int64_t basis_s; /* time that was looked at */
};
extern const char *const forecast_state_names[];

/* free_now: the newest value; reserve: what is not to be used. */
void forecast_disk(struct series *s, double free_now, double reserve,
	struct forecast *out);
/* The same of n points, at[] rising; NAN values are left out. Medians are
 * compared, so that one large file written or deleted tells nothing. */
void forecast_points(const int64_t *at, const double *v, int n, double free_now,
	double reserve, struct forecast *out);

#endif
