#include "series/forecast.h"

#include <math.h>
#include <stdlib.h>

#define WINDOWS 48 /* that the time is cut into */
#define WINDOWS_MIN 5
#define BASIS_MIN_S 600
#define FAR_S (INT64_C(10) * 365 * 86400)
#define POINTS_MAX 1440

const char *const forecast_state_names[] = {
	[FORECAST_TOO_EARLY] = "too_early",
	[FORECAST_STEADY] = "steady",
	[FORECAST_FILLING] = "filling",
	[FORECAST_FULL] = "full",
};

static int
by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double
median(double *v, int n)
{
	qsort(v, (size_t)n, sizeof(*v), by_value);
	return n % 2 == 1 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

struct window {
	double at_s, value;
};

/* Medians of equal parts of the time; how many have any point. */
static int
cut_windows(const int64_t *at, const double *v, int n, int64_t from,
	int64_t width, struct window out[WINDOWS])
{
	double in[POINTS_MAX];
	int i = 0, n_out = 0;

	for (int w = 0; w < WINDOWS; w++) {
		int64_t end = from + (w + 1) * width;
		double sum_at = 0;
		int m = 0;

		for (; i < n && (at[i] < end || w == WINDOWS - 1); i++) {
			if (isnan(v[i]) || m == POINTS_MAX)
				continue;
			in[m++] = v[i];
			sum_at += (double)(at[i] - from);
		}
		if (m > 0)
			out[n_out++] =
				(struct window){sum_at / m, median(in, m)};
	}
	return n_out;
}

/* The median of the slopes between any two windows (Theil and Sen). */
static double
slope_of(const struct window *w, int n)
{
	double slopes[WINDOWS * (WINDOWS - 1) / 2] = {0};
	int m = 0;

	for (int i = 0; i < n; i++)
		for (int k = i + 1; k < n; k++)
			slopes[m++] = (w[k].value - w[i].value) /
				      (w[k].at_s - w[i].at_s);
	return median(slopes, m);
}

void
forecast_points(const int64_t *at, const double *v, int n, double free_now,
	double reserve, struct forecast *out)
{
	struct window w[WINDOWS];
	int first = 0, last = n - 1, n_windows;
	double left = free_now - reserve;

	*out = (struct forecast){.state = FORECAST_TOO_EARLY};
	while (first < n && isnan(v[first]))
		first++;
	while (last > first && isnan(v[last]))
		last--;
	if (last > first)
		out->basis_s = at[last] - at[first];
	if (left <= 0) {
		out->state = FORECAST_FULL;
		return;
	}
	if (out->basis_s < BASIS_MIN_S)
		return;
	n_windows = cut_windows(at + first, v + first, last - first + 1,
		at[first], out->basis_s / WINDOWS + 1, w);
	if (n_windows < WINDOWS_MIN)
		return;
	out->bytes_per_s = slope_of(w, n_windows);
	out->state = FORECAST_STEADY;
	if (out->bytes_per_s < 0 && left / -out->bytes_per_s < (double)FAR_S) {
		out->state = FORECAST_FILLING;
		out->full_in_s = (int64_t)(left / -out->bytes_per_s);
	}
}

void
forecast_disk(
	struct series *s, double free_now, double reserve, struct forecast *out)
{
	const struct series_step *step = &series_steps[SERIES_COARSE];
	int64_t newest = series_newest(s, SERIES_COARSE);
	int64_t at[POINTS_MAX];
	double v[POINTS_MAX];
	int n = newest == 0 ? 0 : step->n;

	for (int i = 0; i < n; i++)
		at[i] = newest - (n - 1 - i) * step->s;
	if (n > 0)
		series_read(s, SERIES_COARSE, SERIES_DISK_FREE, at[0], v, n);
	forecast_points(at, v, n, free_now, reserve, out);
}
