#include "base/clock.h"
#include "base/log.h"
#include "dedupe/dedupe_int.h"
#include "dedupe/sql.h"

/*
 * Rows of table dedupe: fingerprints back to back (24 bytes each, dedupe.h) in
 * the order of their numbers. A commit adds its own as one row, or as several
 * of at most DEDUPE_ROW_PRINTS; the oldest go with later commits, at least as
 * fast as new ones come.
 */
#define DELETE_ROWS_MIN 64
#define AHEAD ((size_t)8 * DEDUPE_PRINT_BYTES)

/*
 * Ages are counted by the monotonic clock, so that a wall clock that jumps
 * while the daemon runs forgets nothing; a start takes the wall clock's time,
 * but none before the newest row.
 */
static int64_t
now_ms(const struct dedupe *d)
{
	return clock_mono_ns() / 1000000 + d->time_ms;
}

static void
set_time(struct dedupe *d, int64_t newest_ms)
{
	int64_t wall_ms = clock_now_us() / 1000;

	d->time_ms = (wall_ms > newest_ms ? wall_ms : newest_ms) -
		     clock_mono_ns() / 1000000;
}

static bool
is_whole(struct slice prints, int64_t n)
{
	return n > 0 && prints.len == (size_t)n * DEDUPE_PRINT_BYTES;
}

static void
load_row(struct dedupe *d, int64_t id, struct slice prints)
{
	struct filter *f = &d->f;

	/* Numbers that are missing are of a row that could not be read. */
	if (id > f->next)
		f->next = id;
	for (size_t at = 0; at < prints.len; at += DEDUPE_PRINT_BYTES) {
		if (at + AHEAD < prints.len)
			filter_prefetch(f, dedupe_hash(prints.p + at + AHEAD));
		if (id + (int64_t)(at / DEDUPE_PRINT_BYTES) >= f->oldest)
			filter_add(f, dedupe_hash(prints.p + at));
	}
}

static int
load_rows(struct dedupe *d, struct store_conn *c, struct err *e)
{
	struct store_stmt *st;
	int r = sql_get(c, &dedupe_sql, DEDUPE_SQL_FROM, &st, e);

	if (r != 0)
		return r;
	sql_bind_i64(st, 1, d->f.oldest);
	while ((r = sql_step(st, e)) == 1) {
		struct slice prints = sql_col_blob(st, 2);

		if (is_whole(prints, sql_col_i64(st, 1)))
			load_row(d, sql_col_i64(st, 0), prints);
		else
			log_warn("dedupe_row_ignored",
				"id=%lld text=\"it is not whole\"",
				(long long)sql_col_i64(st, 0));
	}
	sql_reset(st);
	return r;
}

int
dedupe_rows_load(struct dedupe *d, struct store_conn *c, struct err *e)
{
	struct store_stmt *st;
	int r = sql_get(c, &dedupe_sql, DEDUPE_SQL_SPAN, &st, e);
	int64_t end, first;

	if (r == 0)
		r = sql_step(st, e);
	if (r < 0)
		return r;
	set_time(d, r == 0 ? INT64_MIN : sql_col_i64(st, 1));
	if (r == 0) {
		d->oldest = (struct dedupe_oldest){
			.is_known = true, .is_none = true};
		return 0;
	}
	end = sql_col_i64(st, 0);
	first = sql_col_i64(st, 2);
	sql_reset(st);
	d->f.oldest = end - d->limit > first ? end - d->limit : first;
	d->f.next = d->f.oldest;
	if (d->limit > 0) {
		filter_reserve(&d->f, end - d->f.oldest);
		r = load_rows(d, c, e);
		if (r != 0)
			return r;
	}
	d->f.next = end;
	d->committed = end;
	return 0;
}

static const struct dedupe_row *
cached(const struct dedupe *d, int64_t number)
{
	for (int i = 0; i < DEDUPE_CACHED_ROWS; i++) {
		const struct dedupe_row *row = &d->rows[i];

		if (number >= row->id && number < row->id + row->n)
			return row;
	}
	return NULL;
}

/* The row that holds the number; NULL: there is none. */
static int
read_row(struct dedupe *d, struct store_conn *c, int64_t number,
	const struct dedupe_row **out, struct err *e)
{
	struct dedupe_row *row = &d->rows[d->next_row];
	struct store_stmt *st;
	struct slice prints;
	int r = sql_get(c, &dedupe_sql, DEDUPE_SQL_HOLDING, &st, e);

	*out = NULL;
	if (r != 0)
		return r;
	sql_bind_i64(st, 1, number);
	r = sql_step(st, e);
	if (r != 1)
		return r;
	atomic_fetch_add(&d->reads, 1);
	row->n = 0;
	row->id = sql_col_i64(st, 0);
	prints = sql_col_blob(st, 2);
	buf_reset(&row->prints);
	buf_append_slice(&row->prints, prints);
	if (is_whole(buf_slice(&row->prints), sql_col_i64(st, 1))) {
		row->n = sql_col_i64(st, 1);
		d->next_row = (d->next_row + 1) % DEDUPE_CACHED_ROWS;
		*out = number < row->id + row->n ? row : NULL;
	}
	sql_reset(st);
	if (row->prints.failed)
		return err_set(e, ERR_NO_MEMORY,
			"no memory for a row of what is remembered");
	return 0;
}

int
dedupe_rows_confirm(struct dedupe *d, struct store_conn *c, int64_t number,
	const struct dedupe_print *p, bool *is_it, struct err *e)
{
	const struct dedupe_row *row = cached(d, number);
	int r = row != NULL ? 0 : read_row(d, c, number, &row, e);

	*is_it = r == 0 && row != NULL &&
		 memcmp(row->prints.p +
				 (size_t)(number - row->id) * sizeof(p->b),
			 p->b, sizeof(p->b)) == 0;
	return r;
}

static int
add_rows(struct dedupe *d, struct store_conn *c, int64_t at_ms, struct err *e)
{
	int64_t n = (int64_t)(d->n_pending / DEDUPE_PRINT_BYTES);
	int r = 0;

	for (int64_t at = 0; r == 0 && at < n; at += DEDUPE_ROW_PRINTS) {
		int64_t some =
			n - at < DEDUPE_ROW_PRINTS ? n - at : DEDUPE_ROW_PRINTS;
		struct store_stmt *st;

		r = sql_get(c, &dedupe_sql, DEDUPE_SQL_ADD, &st, e);
		if (r != 0)
			return r;
		sql_bind_i64(st, 1, d->committed + at);
		sql_bind_i64(st, 2, at_ms);
		sql_bind_i64(st, 3, some);
		sql_bind_blob(st, 4,
			slice_of(d->pending + at * DEDUPE_PRINT_BYTES,
				(size_t)some * DEDUPE_PRINT_BYTES));
		r = sql_run(st, e);
		if (r == 0 && d->oldest.is_none)
			d->oldest = (struct dedupe_oldest){
				true, false, d->committed + at, at_ms, some};
	}
	return r;
}

static bool
is_over(const struct dedupe *d, const struct dedupe_oldest *row, int64_t at_ms)
{
	int64_t age_ms = atomic_load(&d->age_ms);

	return row->id + row->n <= d->f.next - d->limit ||
	       at_ms - row->at_ms >= age_ms;
}

/* The first of at most max rows that stays; is_known false: not among them. */
static int
find_oldest(struct dedupe *d, struct store_conn *c, int64_t at_ms, int64_t max,
	int64_t *keep_from, struct err *e)
{
	struct dedupe_oldest row = {.is_known = true};
	struct store_stmt *st;
	int64_t n = 0;
	int r = sql_get(c, &dedupe_sql, DEDUPE_SQL_OLDEST, &st, e);

	if (r != 0)
		return r;
	sql_bind_i64(st, 1, max);
	d->oldest = (struct dedupe_oldest){.is_known = false};
	*keep_from = INT64_MIN;
	while ((r = sql_step(st, e)) == 1) {
		n++;
		row.id = sql_col_i64(st, 0);
		row.at_ms = sql_col_i64(st, 1);
		row.n = sql_col_i64(st, 2);
		if (!is_over(d, &row, at_ms)) {
			d->oldest = row;
			*keep_from = row.id;
			break;
		}
		*keep_from = row.id + 1;
	}
	sql_reset(st);
	if (r == 0 && n < max)
		d->oldest.is_known = d->oldest.is_none = true;
	return r < 0 ? r : 0;
}

int
dedupe_rows_save(struct dedupe *d, struct store_conn *c, struct err *e)
{
	int64_t at_ms = now_ms(d), keep_from;
	int64_t n = (int64_t)(d->n_pending / DEDUPE_PRINT_BYTES);
	struct store_stmt *st;
	int r = add_rows(d, c, at_ms, e);

	if (r != 0 ||
		(d->oldest.is_known &&
			(d->oldest.is_none || !is_over(d, &d->oldest, at_ms))))
		return r;
	r = find_oldest(d, c, at_ms, DELETE_ROWS_MIN + 2 * n, &keep_from, e);
	if (r == 0)
		r = sql_get(c, &dedupe_sql, DEDUPE_SQL_DELETE, &st, e);
	if (r != 0)
		return r;
	sql_bind_i64(st, 1, keep_from);
	return sql_run(st, e);
}
