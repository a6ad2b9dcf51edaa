#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "series/series_int.h"

int
series_ring_init(struct series_ring *r, struct series_step step, struct err *e)
{
	r->step = step;
	r->points = mem_zalloc((size_t)step.n, sizeof(*r->points));
	if (r->points == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory");
	return 0;
}

void
series_ring_fini(struct series_ring *r)
{
	mem_free(r->points);
}

struct series_point *
series_ring_slot(struct series_ring *r, int64_t at_s)
{
	return &r->points[(at_s / r->step.s) % r->step.n];
}

/* series-2 */
static double
value_of(const struct series_ring *r, int i)
{
	if (r->count[i] == 0)
		return (double)NAN;
	switch (series_defs[i].kind) {
	case SERIES_MEAN:
		return r->sum[i] / r->count[i];
	case SERIES_MAX:
		return r->max[i];
	case SERIES_SUM:
		return r->sum[i];
	case SERIES_LAST:
		break;
	}
	return r->last[i];
}

/* A step that a restart cut in two. */
static double
joined(enum series_kind kind, double was, double is)
{
	if (isnan(was))
		return is;
	if (isnan(is))
		return was;
	switch (kind) {
	case SERIES_SUM:
		return was + is;
	case SERIES_MAX:
		return fmax(was, is);
	case SERIES_MEAN:
	case SERIES_LAST:
		break;
	}
	return is;
}

void
series_ring_finish(struct series_ring *r)
{
	struct series_point *p;

	if (r->now_s == 0)
		return;
	p = series_ring_slot(r, r->now_s);
	for (int i = 0; i < SERIES_N; i++) {
		double v = value_of(r, i);

		p->v[i] = p->at_s == r->now_s
				  ? joined(series_defs[i].kind, p->v[i], v)
				  : v;
	}
	p->at_s = r->now_s;
	p->is_unsaved = true;
	if (r->now_s > r->newest_s)
		r->newest_s = r->now_s;
	r->now_s = 0;
}

/* The clock went back: what stands after now never was (series-3). */
static void
forget_after(struct series_ring *r, int64_t now_s)
{
	r->newest_s = 0;
	for (int i = 0; i < r->step.n; i++) {
		struct series_point *p = &r->points[i];

		if (p->at_s > now_s)
			*p = (struct series_point){0};
		else if (p->at_s > r->newest_s)
			r->newest_s = p->at_s;
	}
}

static void
begin(struct series_ring *r, int64_t at_s)
{
	r->now_s = at_s;
	memset(r->count, 0, sizeof(r->count));
	memset(r->sum, 0, sizeof(r->sum));
}

static void
add(struct series_ring *r, const double *v)
{
	for (int i = 0; i < SERIES_N; i++) {
		if (isnan(v[i]))
			continue;
		r->max[i] = r->count[i] == 0 ? v[i] : fmax(r->max[i], v[i]);
		r->sum[i] += v[i];
		r->last[i] = v[i];
		r->count[i]++;
	}
}

bool
series_ring_add(struct series_ring *r, int64_t now_s, const double *v)
{
	int64_t at_s = now_s - now_s % r->step.s;
	bool is_finished = false;

	if (now_s <= 0)
		return false;
	/* A clock that is set right steps back a little now and then. */
	if (r->now_s != 0 && at_s != r->now_s && at_s != r->now_s - r->step.s) {
		series_ring_finish(r);
		is_finished = true;
	}
	if (r->newest_s > at_s)
		forget_after(r, at_s);
	if (r->now_s == 0)
		begin(r, at_s);
	add(r, v);
	return is_finished;
}

void
series_ring_put(
	struct series_ring *r, int64_t at_s, int64_t now_s, const double *v)
{
	struct series_point *p = series_ring_slot(r, at_s);

	if (at_s <= 0 || at_s % r->step.s != 0 || at_s > now_s ||
		at_s <= now_s - r->step.s * r->step.n)
		return;
	p->at_s = at_s;
	memcpy(p->v, v, sizeof(p->v));
	if (at_s > r->newest_s)
		r->newest_s = at_s;
}
