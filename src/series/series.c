#include "series/series_int.h"

#include <math.h>

#include "base/mem.h"

const struct series_def series_defs[SERIES_N] = {
#define SERIES(id, name, unit, kind, help)                                     \
	[SERIES_##id] = {name, unit, SERIES_##kind, help},
#include "series/series.def"
#undef SERIES
};

const char *const series_kind_names[] = {
	[SERIES_MEAN] = "mean",
	[SERIES_MAX] = "max",
	[SERIES_SUM] = "sum",
	[SERIES_LAST] = "last",
};

const struct series_step series_steps[SERIES_N_STEPS] = {
	[SERIES_FINE] = {10, 360},
	[SERIES_COARSE] = {60, 1440},
};

enum series_id
series_find(struct slice name)
{
	int i = 0;

	while (i < SERIES_N && !slice_eq_str(name, series_defs[i].name))
		i++;
	return (enum series_id)i;
}

int
series_new(
	struct store *config, struct series **out, int64_t now_s, struct err *e)
{
	struct series *s = mem_new(struct series);
	int rc = 0;

	if (s == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory");
	lock_init(&s->lock);
	cond_init(&s->written);
	for (int i = 0; rc == 0 && i < SERIES_N_STEPS; i++)
		rc = series_ring_init(&s->rings[i], series_steps[i], e);
	s->config = config;
	if (rc == 0 && config != NULL)
		rc = series_load(s, now_s, e);
	if (rc < 0) {
		s->config = NULL;
		series_free(s);
		return rc;
	}
	*out = s;
	return 0;
}

/* Until all is written, or the file takes nothing any more. */
static void
write_rest(struct series *s)
{
	bool is_all = false;

	for (int i = 0; i < SERIES_N_STEPS; i++)
		series_ring_finish(&s->rings[i]);
	do {
		series_write_some(s);
		is_all = !s->is_writing;
		while (s->is_writing)
			cond_wait(&s->written, &s->lock);
	} while (!is_all && !s->is_failing);
}

void
series_free(struct series *s)
{
	if (s == NULL)
		return;
	lock_take(&s->lock);
	while (s->is_writing)
		cond_wait(&s->written, &s->lock);
	if (s->config != NULL)
		write_rest(s);
	lock_release(&s->lock);
	for (int i = 0; i < SERIES_N_STEPS; i++)
		series_ring_fini(&s->rings[i]);
	cond_fini(&s->written);
	lock_fini(&s->lock);
	mem_free(s);
}

void
series_sample(struct series *s, int64_t now_s, const double *v)
{
	bool is_finished = false;

	lock_take(&s->lock);
	for (int i = 0; i < SERIES_N_STEPS; i++)
		if (series_ring_add(&s->rings[i], now_s, v))
			is_finished = true;
	if (is_finished && s->config != NULL)
		series_write_some(s);
	lock_release(&s->lock);
}

void
series_read(struct series *s, int step, enum series_id id, int64_t from_s,
	double *out, int n)
{
	struct series_ring *r = &s->rings[step];

	lock_take(&s->lock);
	for (int i = 0; i < n; i++) {
		int64_t at_s = from_s + i * r->step.s;
		const struct series_point *p = series_ring_slot(r, at_s);

		out[i] = at_s > 0 && p->at_s == at_s && at_s <= r->newest_s
				 ? p->v[id]
				 : (double)NAN;
	}
	lock_release(&s->lock);
}

int64_t
series_newest(struct series *s, int step)
{
	int64_t at_s;

	lock_take(&s->lock);
	at_s = s->rings[step].newest_s;
	lock_release(&s->lock);
	return at_s;
}
