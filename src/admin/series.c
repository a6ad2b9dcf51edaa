#include <math.h>
#include <stdlib.h>

#include "admin/sample.h"
#include "base/clock.h"
#include "base/json_write.h"
#include "series/forecast.h"

/* What is kept of the last day, as JSON. */
#define POINTS_MAX 1440
#define TIME_MAX_S INT64_C(253402300799) /* the year 9999 */

struct asked {
	bool ids[SERIES_N];
	int step; /* of series_steps */
	int64_t from_s;
	int n; /* points */
};

static int
read_names(struct admin_call *c, struct asked *q, struct err *e)
{
	struct slice rest = admin_query(c, "names");

	for (int i = 0; rest.p == NULL && i < SERIES_N; i++)
		q->ids[i] = true;
	while (rest.len > 0) {
		const char *comma = memchr(rest.p, ',', rest.len);
		size_t n = comma == NULL ? rest.len : (size_t)(comma - rest.p);
		struct slice name = slice_of(rest.p, n);
		enum series_id id = series_find(name);

		if (id == SERIES_N)
			return admin_invalid(c, e, "names",
				"names: there is no series %.*s",
				SLICE_FMT(name));
		q->ids[id] = true;
		n += comma != NULL;
		rest = slice_of(rest.p + n, rest.len - n);
	}
	return 0;
}

/* step: in seconds; the finer one as long as it has the time asked for. */
static int
choose_step(struct admin_call *c, struct asked *q, int64_t from_s,
	int64_t now_s, struct err *e)
{
	const struct series_step *fine = &series_steps[SERIES_FINE];
	const struct series_step *coarse = &series_steps[SERIES_COARSE];
	int64_t step_s =
		from_s < now_s - fine->s * fine->n ? coarse->s : fine->s;
	int rc = admin_query_i64(c, "step", 1, coarse->s, &step_s, e);

	if (rc < 0)
		return rc;
	if (step_s != fine->s && step_s != coarse->s)
		return admin_invalid(c, e, "step",
			"step: %lld or %lld is wanted", (long long)fine->s,
			(long long)coarse->s);
	q->step = step_s == fine->s ? SERIES_FINE : SERIES_COARSE;
	return 0;
}

static int
read_time(struct admin_call *c, struct asked *q, struct err *e)
{
	const struct series_step *step = &series_steps[SERIES_FINE];
	int64_t now_s = clock_now_us() / 1000000, newest;
	int64_t from_s = now_s - step->s * step->n;
	int rc = admin_query_i64(c, "from", 0, TIME_MAX_S, &from_s, e);

	if (rc == 0)
		rc = choose_step(c, q, from_s, now_s, e);
	if (rc < 0)
		return rc;
	step = &series_steps[q->step];
	newest = series_newest(c->a->series, q->step);
	if (from_s <= newest - step->s * step->n)
		from_s = newest - step->s * (step->n - 1);
	q->from_s = (from_s + step->s - 1) / step->s * step->s;
	q->n = newest < q->from_s ? 0
				  : (int)((newest - q->from_s) / step->s) + 1;
	return 0;
}

static void
put_series(struct admin_call *c, const struct asked *q, enum series_id id)
{
	const struct series_def *d = &series_defs[id];
	double v[POINTS_MAX];

	series_read(c->a->series, q->step, id, q->from_s, v, q->n);
	buf_printf(&c->out,
		"{\"name\":\"%s\",\"unit\":\"%s\",\"kind\":\"%s\",\"help\":",
		d->name, d->unit, series_kind_names[d->kind]);
	json_put_string(&c->out, slice_str(d->help));
	buf_append_lit(&c->out, ",\"values\":[");
	for (int i = 0; i < q->n; i++) {
		if (i > 0)
			buf_append_char(&c->out, ',');
		if (isnan(v[i]))
			buf_append_lit(&c->out, "null");
		else if (fabs(v[i]) >= 1000)
			buf_printf(&c->out, "%.0f", v[i]);
		else
			buf_printf(&c->out, "%.6g", v[i]);
	}
	buf_append_lit(&c->out, "]}");
}

int
admin_series(struct admin_call *c, struct err *e)
{
	struct asked q = {.step = SERIES_FINE};
	bool first = true;
	int rc;

	if (c->a->series == NULL)
		return err_set(e, ERR_UNAVAILABLE,
			"series are those of a running daemon");
	rc = read_names(c, &q, e);
	if (rc == 0)
		rc = read_time(c, &q, e);
	if (rc < 0)
		return rc;
	buf_printf(&c->out, "{\"step\":%lld,\"from\":%lld,\"points\":%d,",
		(long long)series_steps[q.step].s, (long long)q.from_s, q.n);
	buf_append_lit(&c->out, "\"items\":[");
	for (int i = 0; i < SERIES_N; i++) {
		if (!q.ids[i])
			continue;
		if (!first)
			buf_append_char(&c->out, ',');
		first = false;
		put_series(c, &q, (enum series_id)i);
	}
	buf_append_lit(&c->out, "],\"next\":null}\n");
	return 0;
}

void
admin_put_forecast(
	struct admin *a, struct buf *b, const struct admin_disk *disk)
{
	struct forecast f;

	buf_append_lit(b, ",\"forecast\":");
	if (a->series == NULL || disk->total_bytes == 0) {
		buf_append_lit(b, "null");
		return;
	}
	forecast_disk(a->series, (double)disk->free_bytes,
		(double)disk->reserve_bytes, &f);
	buf_printf(b,
		"{\"state\":\"%s\",\"bytes_per_day\":%.0f,\"basis_s\":%lld,"
		"\"full_in_s\":",
		forecast_state_names[f.state], f.bytes_per_s * 86400,
		(long long)f.basis_s);
	if (f.state == FORECAST_FILLING)
		buf_printf(b, "%lld}", (long long)f.full_in_s);
	else
		buf_append_lit(b, "null}");
}
