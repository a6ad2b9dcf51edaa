#include "base/limits.h"
#include "base/mem.h"
#include "store/store_int.h"
#include "topic/batch.h"

/*
 * Offset by time. Timestamps are the producers' and need not grow with the
 * offsets, but their running maximum does: one entry {base, running maximum}
 * per 64 rows is kept in memory, extended by each question up to the newest
 * row, so that only the first one walks a partition.
 */
#define BLOCK_ROWS 64
#define READ_BYTES ((size_t)64 * 1024)

static bool
add_entry(struct store_part *p, struct time_entry entry)
{
	if (p->n_times == p->cap_times) {
		size_t cap = p->cap_times == 0 ? 64 : p->cap_times * 2;
		struct time_entry *times =
			mem_realloc(p->times, cap * sizeof(struct time_entry));

		if (times == NULL)
			return false;
		p->times = times;
		p->cap_times = cap;
	}
	p->times[p->n_times++] = entry;
	return true;
}

/* A walk over whole blocks, apart from the shared index. */
struct walk {
	int64_t from; /* where it began */
	int64_t next; /* after the last whole block */
	int64_t max_ts;
	struct time_entry block;
	int n_rows;
};

/* Adds a finished block unless another reader was faster. */
static void
finish_block(struct store_part *p, struct walk *w)
{
	lock_take(&p->time_lock);
	if (p->time_next == w->from && add_entry(p, w->block)) {
		p->time_next = w->next;
		p->time_max = w->max_ts;
	}
	lock_release(&p->time_lock);
	w->from = w->next;
	w->n_rows = 0;
}

static int
extend(struct store_conn *c, struct store_part *p, struct err *e)
{
	struct store_stmt *st;
	struct walk w = {0};
	int r = sql_get(c, &store_sql, STORE_SQL_ROWS_FROM, &st, e);

	if (r != 0)
		return r;
	lock_take(&p->time_lock);
	w.from = p->time_next;
	w.max_ts = p->time_max;
	lock_release(&p->time_lock);
	sql_bind_i64(st, 1, STORE_ROW_ID(p->id, w.from));
	sql_bind_i64(
		st, 2, STORE_ROW_ID(p->id, atomic_load(&p->high_watermark)));
	while ((r = sql_step(st, e)) > 0) {
		int64_t ts = sql_col_i64(st, 2);

		if (w.n_rows++ == 0)
			w.block.base =
				sql_col_i64(st, 0) - STORE_ROW_ID(p->id, 0);
		if (ts > w.max_ts)
			w.max_ts = ts;
		w.block.max_ts = w.max_ts;
		w.next = sql_col_i64(st, 1) + 1;
		if (w.n_rows == BLOCK_ROWS)
			finish_block(p, &w);
	}
	return r;
}

/* The offset from which rows have to be looked at one by one. */
static int64_t
find_block(struct store_part *p, int64_t ts_ms)
{
	size_t lo = 0, hi;
	int64_t from;

	lock_take(&p->time_lock);
	hi = p->n_times;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (p->times[mid].max_ts < ts_ms)
			lo = mid + 1;
		else
			hi = mid;
	}
	from = lo < p->n_times ? p->times[lo].base : p->time_next;
	lock_release(&p->time_lock);
	return from;
}

/* First row from `from` with a timestamp at or after ts_ms; -1 none. */
static int
find_row(struct store_conn *c, const struct store_part *p, int64_t from,
	int64_t ts_ms, int64_t *base, struct err *e)
{
	struct store_stmt *st;
	int r = sql_get(c, &store_sql, STORE_SQL_ROWS_FROM, &st, e);

	if (r != 0)
		return r;
	*base = -1;
	sql_bind_i64(st, 1, STORE_ROW_ID(p->id, from));
	sql_bind_i64(
		st, 2, STORE_ROW_ID(p->id, atomic_load(&p->high_watermark)));
	while ((r = sql_step(st, e)) > 0) {
		if (sql_col_i64(st, 2) >= ts_ms) {
			*base = sql_col_i64(st, 0) - STORE_ROW_ID(p->id, 0);
			sql_reset(st);
			return 0;
		}
	}
	return r;
}

/* 1: found in this batch; 0: not. */
static int
find_record(struct slice batch, int64_t ts_ms, struct buf *raw, int64_t *offset,
	int64_t *found_ts_ms, struct err *e)
{
	struct batch_record_view v;
	struct batch_reader r;
	int rc = batch_reader_init(&r, batch, raw, e);

	if (rc != 0)
		return rc;
	if (r.info.max_ts < ts_ms)
		return 0;
	while ((rc = batch_next(&r, &v, e)) > 0) {
		if (v.ts_ms >= ts_ms) {
			*offset = v.offset;
			*found_ts_ms = v.ts_ms;
			return 1;
		}
	}
	return rc;
}

static int
find_in_batches(struct slice in, int64_t ts_ms, struct buf *raw,
	int64_t *offset, int64_t *found_ts_ms, struct err *e)
{
	while (in.len > 0) {
		struct batch_info h;
		int r = batch_peek(in, &h, e);

		if (r == 0)
			r = find_record(slice_of(in.p, h.bytes), ts_ms, raw,
				offset, found_ts_ms, e);
		if (r != 0)
			return r;
		in = slice_of(in.p + h.bytes, in.len - h.bytes);
	}
	return 0;
}

static int
refine(struct store_conn *c, const struct store_part *p, int64_t at,
	int64_t ts_ms, int64_t *offset, int64_t *found_ts_ms, struct err *e)
{
	struct buf in, raw;
	int64_t next = at;
	int r;

	buf_init(&in, LIMIT_KAFKA_FRAME_BYTES);
	buf_init(&raw, LIMIT_KAFKA_FRAME_BYTES);
	do {
		at = next;
		buf_reset(&in);
		r = store_read(c, p, at, READ_BYTES, &in, &next, e);
		if (r == 0)
			r = find_in_batches(buf_slice(&in), ts_ms, &raw, offset,
				found_ts_ms, e);
	} while (r == 0 && next > at);
	buf_fini(&in);
	buf_fini(&raw);
	return r < 0 ? r : 0;
}

int
store_offset_for_time(struct store_conn *c, const struct store_part *cp,
	int64_t ts_ms, int64_t *offset, int64_t *found_ts_ms, struct err *e)
{
	/* The index belongs to the partition, const only for callers. */
	struct store_part *p = (struct store_part *)(uintptr_t)cp;
	int64_t from, base, start = atomic_load(&p->log_start);
	int r;

	*offset = -1;
	*found_ts_ms = -1;
	if (atomic_load(&p->is_deleted))
		return 0;
	if ((r = extend(c, p, e)) != 0)
		return r;
	from = find_block(p, ts_ms);
	r = find_row(c, p, from > start ? from : start, ts_ms, &base, e);
	if (r != 0 || base < 0)
		return r;
	return refine(c, p, base, ts_ms, offset, found_ts_ms, e);
}
