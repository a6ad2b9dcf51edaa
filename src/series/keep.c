#include <endian.h>
#include <math.h>
#include <string.h>

#include "base/log.h"
#include "series/series_int.h"
#include "series/sql.h"

/*
 * The rows of config.db. points is a double of 8 bytes, little endian, for each
 * row of `series`, at eight times its id; a row written before a series was
 * added is shorter (series-4).
 */
static double
get_double(const char *p)
{
	uint64_t bits;
	double v;

	memcpy(&bits, p, sizeof(bits));
	bits = le64toh(bits);
	memcpy(&v, &bits, sizeof(v));
	return v;
}

static double
to_little_endian(double v)
{
	uint64_t bits;

	memcpy(&bits, &v, sizeof(bits));
	bits = htole64(bits);
	memcpy(&v, &bits, sizeof(v));
	return v;
}

struct naming {
	struct store_job job;
	struct series *s;
};

static int
read_names(struct series *s, struct store_conn *c, struct err *e)
{
	struct store_stmt *st;
	int rc = sql_get(c, &series_sql, SERIES_SQL_NAMES, &st, e);

	if (rc < 0)
		return rc;
	s->n_columns = 0;
	while ((rc = sql_step(st, e)) == 1) {
		int64_t id = sql_col_i64(st, 0);
		enum series_id i = series_find(sql_col_text(st, 1));

		if (id < 0 || id >= SERIES_COLUMNS_MAX)
			continue;
		if (i < SERIES_N)
			s->column[i] = (int)id;
		if (id >= s->n_columns)
			s->n_columns = (int)id + 1;
	}
	sql_reset(st);
	return rc;
}

static int
run_naming(struct store_job *j, struct store_conn *c, struct err *e)
{
	struct series *s = ((struct naming *)(void *)j)->s;
	struct store_stmt *st;
	int rc = 0;

	for (int i = 0; i < SERIES_N; i++)
		s->column[i] = -1;
	rc = read_names(s, c, e);
	for (int i = 0; rc == 0 && i < SERIES_N; i++) {
		if (s->column[i] >= 0)
			continue;
		rc = sql_get(c, &series_sql, SERIES_SQL_ADD_NAME, &st, e);
		if (rc < 0)
			break;
		sql_bind_text(st, 1, slice_str(series_defs[i].name));
		rc = sql_run(st, e);
	}
	return rc < 0 ? rc : read_names(s, c, e);
}

static void
take_row(struct series *s, struct store_stmt *st, int64_t now_s)
{
	struct slice points = sql_col_blob(st, 2);
	double v[SERIES_N];

	for (int i = 0; i < SERIES_N; i++) {
		size_t at = (size_t)s->column[i] * 8;

		v[i] = s->column[i] >= 0 && at + 8 <= points.len
			       ? get_double(points.p + at)
			       : (double)NAN;
	}
	for (int i = 0; i < SERIES_N_STEPS; i++)
		if (s->rings[i].step.s == sql_col_i64(st, 0))
			series_ring_put(
				&s->rings[i], sql_col_i64(st, 1), now_s, v);
}

static int
read_points(struct series *s, int64_t now_s, struct err *e)
{
	struct store_conn *c;
	struct store_stmt *st;
	int rc = store_reader_open(s->config, &c, e);

	if (rc < 0)
		return rc;
	rc = sql_get(c, &series_sql, SERIES_SQL_POINTS, &st, e);
	if (rc == 0) {
		while ((rc = sql_step(st, e)) == 1)
			take_row(s, st, now_s);
		sql_reset(st);
	}
	store_reader_close(c);
	return rc;
}

int
series_load(struct series *s, int64_t now_s, struct err *e)
{
	struct naming n = {
		.job = {.bytes = sizeof(n), .run = run_naming},
		.s = s,
	};
	int rc = store_call(s->config, &n.job, e);

	return rc < 0 ? rc : read_points(s, now_s, e);
}

static int
run_write(struct store_job *j, struct store_conn *c, struct err *e)
{
	struct series_write *w = (struct series_write *)(void *)j;
	struct store_stmt *st;
	int rc = 0;

	for (int i = 0; rc == 0 && i < w->n_rows; i++) {
		const struct series_row *row = &w->rows[i];

		rc = sql_get(c, &series_sql, SERIES_SQL_PUT, &st, e);
		if (rc < 0)
			break;
		sql_bind_i64(st, 1, series_steps[row->ring].s);
		sql_bind_i64(st, 2, row->slot);
		sql_bind_i64(st, 3, row->at_s);
		sql_bind_blob(st, 4,
			slice_of((const char *)row->columns,
				(size_t)w->n_columns * sizeof(double)));
		rc = sql_run(st, e);
	}
	return rc;
}

/* What was not written stays unsaved and is tried again after the next step. */
static void
unsave(struct series_write *w)
{
	for (int i = 0; i < w->n_rows; i++) {
		struct series_ring *r = &w->s->rings[w->rows[i].ring];

		r->points[w->rows[i].slot].is_unsaved = true;
	}
}

static void
wrote(struct store_job *j, const struct err *result)
{
	struct series_write *w = (struct series_write *)(void *)j;
	struct series *s = w->s;
	bool has_failed = result->code != ERR_OK;

	lock_take(&s->lock);
	if (has_failed)
		unsave(w);
	if (has_failed && !s->is_failing)
		log_warn("series_not_saved", "code=%s text=%s",
			err_name(result->code), log_q(result->text));
	s->is_failing = has_failed;
	s->is_writing = false;
	cond_broadcast(&s->written);
	lock_release(&s->lock);
}

static void
add_row(struct series *s, int ring, int slot)
{
	struct series_write *w = &s->write;
	struct series_point *p = &s->rings[ring].points[slot];
	struct series_row *row = &w->rows[w->n_rows++];

	row->ring = ring;
	row->slot = slot;
	row->at_s = p->at_s;
	for (int i = 0; i < s->n_columns; i++)
		row->columns[i] = to_little_endian((double)NAN);
	for (int i = 0; i < SERIES_N; i++)
		if (s->column[i] >= 0)
			row->columns[s->column[i]] = to_little_endian(p->v[i]);
	p->is_unsaved = false;
}

/* The newest first: what waits longest is of least use. */
void
series_write_some(struct series *s)
{
	struct series_write *w = &s->write;
	struct err e;

	if (s->is_writing)
		return;
	*w = (struct series_write){.n_rows = 0};
	for (int k = 0; k < SERIES_N_STEPS; k++) {
		struct series_ring *r = &s->rings[k];
		int at = (int)(r->newest_s / r->step.s % r->step.n);

		for (int i = 0; i < r->step.n; i++) {
			int slot = (at - i + r->step.n) % r->step.n;

			if (w->n_rows < SERIES_ROWS_AT_ONCE &&
				r->points[slot].is_unsaved)
				add_row(s, k, slot);
		}
	}
	if (w->n_rows == 0)
		return;
	w->s = s;
	w->n_columns = s->n_columns;
	w->job.bytes = sizeof(*w);
	w->job.run = run_write;
	w->job.done = wrote;
	s->is_writing = true;
	if (store_submit(s->config, &w->job, &e) < 0) {
		s->is_writing = false;
		unsave(w);
	}
}
