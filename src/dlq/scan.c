#include <string.h>

#include "base/mem.h"
#include "dlq/dlq_int.h"
#include "dlq/letter.h"
#include "dlq/sql.h"

/*
 * A walk over the index, both files merged. Rows are fetched some at a time, so
 * that no read transaction lasts; records are read for the rows that are given.
 */
#define ROWS 256
#define WINDOW 50000 /* offsets looked at by one statement */
/* What one call may look at before it gives up for now. */
#define WINDOWS_MAX 40
#define READ_MAX_BYTES ((size_t)64 * 1024 * 1024)

struct source {
	const struct dlq_file *f; /* NULL: it has nothing */
	struct dlq_reader r;
	int64_t next; /* the first offset not yet given */
	int64_t fetched; /* rows before this one are in rows, or are not wanted */
	int64_t to;
	struct dlq_row rows[ROWS];
	uint32_t at, n;
};

struct dlq_scan {
	struct dlq_filter filter;
	struct slice exact; /* the error a letter must have; .p NULL: any */
	struct buf error, exact_text, reason;
	struct arena a; /* of the letter looked at */
	int windows; /* looked at since the last row */
	struct source s[DLQ_FILES];
};

static void
keep(struct buf *b, struct slice *s)
{
	buf_append_slice(b, *s);
	*s = slice_of(b->len == 0 ? "" : b->p, b->len);
}

/* Slices of the caller's filter are copied. */
static int
take_filter(struct dlq_scan *x, const struct dlq_filter *f, struct err *e)
{
	buf_init(&x->error, (size_t)8 * DLQ_ERROR_MAX);
	buf_init(&x->exact_text, (size_t)1024 * 1024);
	buf_init(&x->reason, 4096);
	arena_init(&x->a, (size_t)256 * 1024 * 1024);
	x->filter = *f;
	if (f->reason.p != NULL)
		keep(&x->reason, &x->filter.reason);
	if (f->error.p != NULL) {
		dlq_normalise(f->error, &x->error);
		x->filter.error = slice_of(
			x->error.len == 0 ? "" : x->error.p, x->error.len);
		if (!slice_eq(x->filter.error, slice_trim(f->error))) {
			x->exact = f->error;
			keep(&x->exact_text, &x->exact);
		}
	}
	if (x->error.failed || x->exact_text.failed || x->reason.failed)
		return err_set(
			e, ERR_TOO_BIG, "the error or reason is too long");
	return 0;
}

static int
open_source(struct source *s, const struct dlq_file *f, int64_t from,
	int64_t to, struct err *e)
{
	s->next = s->fetched = from;
	s->to = to;
	if (f->s == NULL || from >= to)
		return 0;
	s->f = f;
	return dlq_reader_open(f->s, dlq_part(f), &s->r, e);
}

int
dlq_scan_open(struct dlq *d, const struct dlq_filter *f,
	const struct dlq_range *range, struct dlq_scan **out, struct err *e)
{
	struct dlq_scan *x = mem_new(struct dlq_scan);
	int r;

	if (x == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory to list letters");
	r = take_filter(x, f, e);
	for (int i = 0; r == 0 && i < DLQ_FILES; i++)
		r = open_source(
			&x->s[i], &d->f[i], range->from[i], range->to[i], e);
	if (r != 0) {
		dlq_scan_close(x);
		return r;
	}
	*out = x;
	return 0;
}

void
dlq_scan_close(struct dlq_scan *x)
{
	if (x == NULL)
		return;
	for (int i = 0; i < DLQ_FILES; i++)
		if (x->s[i].f != NULL)
			dlq_reader_close(&x->s[i].r);
	buf_fini(&x->error);
	buf_fini(&x->exact_text);
	buf_fini(&x->reason);
	arena_fini(&x->a);
	mem_free(x);
}

void
dlq_row_read(struct store_stmt *st, int partition, struct dlq_row *row)
{
	struct slice id = sql_col_blob(st, 1);

	*row = (struct dlq_row){
		.partition = partition,
		.offset = sql_col_i64(st, 0),
		.has_id = id.len == sizeof(row->id.b),
		.state = (enum dlq_state)(sql_col_i64(st, 2) % DLQ_N_STATES),
		.at_ms = sql_col_i64(st, 3),
	};
	if (row->has_id)
		memcpy(row->id.b, id.p, id.len);
	dlq_mark_read(st, 4, &row->mark);
}

/* The next rows of a window. */
static int
fetch(struct dlq_scan *x, struct source *s, struct err *e)
{
	bool is_pending = x->filter.states == 1U << DLQ_PENDING;
	int64_t end = s->to - s->fetched > WINDOW ? s->fetched + WINDOW : s->to;
	struct store_stmt *st;
	int r = sql_get(s->r.c, &dlq_sql,
		is_pending ? DLQ_SQL_SCAN_PENDING : DLQ_SQL_SCAN, &st, e);

	if (r != 0)
		return r;
	sql_bind_i64(st, 1, s->fetched);
	sql_bind_i64(st, 2, end);
	sql_bind_i64(st, 3, x->filter.states);
	dlq_bind_filter(st, 4, &x->filter);
	sql_bind_i64(st, 7, ROWS);
	s->at = s->n = 0;
	while ((r = sql_step(st, e)) == 1 && s->n < ROWS)
		dlq_row_read(st, s->f->partition, &s->rows[s->n++]);
	sql_reset(st);
	if (r < 0)
		return r;
	s->fetched = s->n == ROWS ? s->rows[ROWS - 1].offset + 1 : end;
	x->windows++;
	return 0;
}

/* Has a row at hand, if there is one. 1; 0: no more; 2: enough for now. */
static int
fill(struct dlq_scan *x, struct source *s, struct err *e)
{
	while (s->f != NULL && s->at == s->n) {
		int r;

		s->next = s->fetched;
		if (s->fetched >= s->to)
			return 0;
		if (x->windows >= WINDOWS_MAX)
			return 2;
		r = fetch(x, s, e);
		if (r != 0)
			return r;
	}
	return s->f != NULL;
}

/* The source whose row is next. As fill. */
static int
choose(struct dlq_scan *x, struct source **best, struct err *e)
{
	*best = NULL;
	for (int i = 0; i < DLQ_FILES; i++) {
		struct source *s = &x->s[i];
		int r = fill(x, s, e);

		if (r < 0 || r == 2)
			return r;
		if (r == 1 && (*best == NULL ||
				      s->rows[s->at].at_ms <
					      (*best)->rows[(*best)->at].at_ms))
			*best = s;
	}
	return *best != NULL;
}

static bool
has_error(struct dlq_scan *x, const struct batch_record_view *rec)
{
	struct letter l;

	if (x->exact.p == NULL)
		return true;
	arena_reset(&x->a);
	letter_read(rec, &x->a, &l);
	return slice_eq(l.error, x->exact);
}

int
dlq_scan_next(struct dlq_scan *x, struct dlq_row *row,
	struct batch_record_view *rec, struct err *e)
{
	size_t n_read = x->s[0].r.n_read + x->s[1].r.n_read;
	struct batch_record_view own;

	x->windows = 0;
	for (;;) {
		struct source *s;
		int r = choose(x, &s, e);

		if (r != 1)
			return r;
		if (x->s[0].r.n_read + x->s[1].r.n_read - n_read >
			READ_MAX_BYTES)
			return 2;
		*row = s->rows[s->at++];
		s->next = row->offset + 1;
		if (rec == NULL && x->exact.p == NULL)
			return 1;
		if (rec == NULL)
			rec = &own;
		r = dlq_reader_get(&s->r, row->offset, rec, e);
		if (r < 0)
			return r;
		/* Retention may have been quicker. */
		if (r == 1 && rec->offset == row->offset && has_error(x, rec))
			return 1;
	}
}

void
dlq_scan_at(const struct dlq_scan *x, struct dlq_range *out)
{
	for (int i = 0; i < DLQ_FILES; i++) {
		out->from[i] = x->s[i].next;
		out->to[i] = x->s[i].to;
	}
}
