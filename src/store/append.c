#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "store/store_int.h"
#include "topic/batch.h"

#define COUNT_EVERY_NS ((int64_t)1000000000)

/*
 * Rows inside the writer's transaction. Batches are numbered in place, copied
 * once into the open row (a chunk) of their partition, and a full row is
 * inserted from there; after the commit the chunk enters the tail cache.
 */

/* Counts what the batches say; nothing is changed yet. */
static int
check_batches(const char *p, size_t len, uint32_t *n_records, struct err *e)
{
	uint64_t n = 0;

	while (len > 0) {
		struct batch_info h;
		int r = batch_peek(slice_of(p, len), &h, e);

		if (r != 0)
			return r;
		n += (uint64_t)h.last_offset_delta + 1;
		p += h.bytes;
		len -= h.bytes;
	}
	if (n == 0 || n > UINT32_MAX)
		return err_set(e, ERR_INVALID, "%llu records to append",
			(unsigned long long)n);
	*n_records = (uint32_t)n;
	return 0;
}

void
store_append_touch(struct store *s, struct store_part *p)
{
	struct store_tx *tx = &s->tx;

	if (!p->in_tx) {
		p->in_tx = true;
		p->tx_link = tx->parts;
		tx->parts = p;
	}
	if (tx->in_savepoint && p->saved_in != tx->savepoint) {
		p->saved_in = tx->savepoint;
		p->saved = p->now;
		p->savepoint_link = tx->savepoint_parts;
		tx->savepoint_parts = p;
	}
}

static int
insert_row(struct store *s, struct store_part *p, struct err *e)
{
	struct store_chunk *c = p->open;
	struct store_stmt *st;
	int r = sql_get(s->w, &store_sql, STORE_SQL_ROW_ADD, &st, e);

	if (r != 0)
		return r;
	sql_bind_i64(st, 1, STORE_ROW_ID(p->id, c->base));
	sql_bind_i64(st, 2, c->next - 1);
	sql_bind_i64(st, 3, c->max_ts);
	sql_bind_i64(st, 4, clock_now_us() / 1000);
	sql_bind_i64(st, 5, (int64_t)c->len);
	sql_bind_i64(st, 6, c->n_records);
	sql_bind_blob(st, 7, slice_of(c->bytes, c->len));
	r = sql_run(st, e);
	if (r != 0)
		return r;
	p->now.bytes += (int64_t)c->len;
	p->now.rows++;
	if (c->base >= p->now.published)
		p->now.prepared_bytes += (int64_t)c->len;
	p->open = NULL;
	*s->tx.rows_end = c;
	s->tx.rows_end = &c->tx_next;
	return 0;
}

static int
open_row(struct store *s, struct store_part *p, size_t bytes, struct err *e)
{
	size_t cap =
		p->to_come < LIMIT_ROW_BYTES ? p->to_come : LIMIT_ROW_BYTES;

	if (cap < bytes)
		cap = bytes;
	p->open = store_chunk_new(p, cap);
	if (p->open == NULL) {
		int r = err_set(e, ERR_NO_MEMORY,
			"no memory for a row of %zu bytes", cap);

		/* Jobs before this one may have bytes in the open row. */
		s->w->tx_rc = SQLITE_NOMEM;
		s->w->tx_err = *e;
		return r;
	}
	p->open->base = p->open->next = p->now.next;
	p->open->max_ts = INT64_MIN;
	return 0;
}

static int
add_batch(struct store *s, struct store_part *p, char *batch,
	const struct batch_info *h, struct err *e)
{
	struct store_chunk *c = p->open;
	int r;

	batch_set_base(batch, p->now.next, 0);
	if (c != NULL && c->cap - c->len < h->bytes) {
		if ((r = insert_row(s, p, e)) != 0)
			return r;
		c = NULL;
	}
	if (c == NULL) {
		if ((r = open_row(s, p, h->bytes, e)) != 0)
			return r;
		c = p->open;
	}
	memcpy(c->bytes + c->len, batch, h->bytes);
	c->len += h->bytes;
	c->n_records += h->n_records;
	if (h->max_ts > c->max_ts)
		c->max_ts = h->max_ts;
	p->now.next += (int64_t)h->last_offset_delta + 1;
	c->next = p->now.next;
	p->to_come -= p->to_come < h->bytes ? p->to_come : h->bytes;
	return 0;
}

static int
check_append(struct store_part *p, const char *batches, size_t len,
	uint32_t n_records, struct err *e)
{
	uint32_t n = 0;
	int r = check_batches(batches, len, &n, e);

	if (r != 0)
		return r;
	if (n != n_records)
		return err_set(e, ERR_INVALID,
			"%u records to append, but the batches hold %u",
			n_records, n);
	if (atomic_load(&p->is_deleted))
		return err_set(e, ERR_NOT_FOUND, "%s partition %d was deleted",
			p->topic, p->idx);
	INVARIANT(p->now.next + n < STORE_OFFSET_END, "store-2");
	return 0;
}

static int
add_batches(struct store *s, struct store_part *p, bool is_prepared,
	char *batches, size_t len, int64_t *base, struct err *e)
{
	*base = p->now.next;
	while (len > 0) {
		struct batch_info h;
		int r = batch_peek(slice_of(batches, len), &h, e);

		if (r == 0)
			r = add_batch(s, p, batches, &h, e);
		if (r != 0)
			return r;
		if (!is_prepared)
			p->now.published = p->now.next;
		batches += h.bytes;
		len -= h.bytes;
	}
	return 0;
}

int
store_append_add(struct store *s, struct store_part *p, char *batches,
	size_t len, uint32_t n_records, int64_t *base, struct err *e)
{
	int r = check_append(p, batches, len, n_records, e);

	if (r != 0)
		return r;
	if (p->now.published < p->now.next)
		return err_set(e, ERR_BUSY,
			"%s partition %d has prepared records", p->topic,
			p->idx);
	store_append_touch(s, p);
	return add_batches(s, p, false, batches, len, base, e);
}

int
store_append_add_prepared(struct store *s, struct store_part *p, char *batches,
	size_t len, uint32_t n_records, int64_t *base, struct err *e)
{
	int r = check_append(p, batches, len, n_records, e);

	if (r != 0)
		return r;
	store_append_touch(s, p);
	if (p->now.published == p->now.next)
		r = store_prepared_begin(s, p, e);
	return r != 0 ? r : add_batches(s, p, true, batches, len, base, e);
}

int
store_append_close_row(struct store *s, struct store_part *p, struct err *e)
{
	return p->open == NULL ? 0 : insert_row(s, p, e);
}

int
store_append_flush(struct store *s, struct err *e)
{
	for (struct store_part *p = s->tx.parts; p != NULL; p = p->tx_link) {
		int r = store_append_close_row(s, p, e);

		if (r != 0)
			return r;
	}
	return 0;
}

int
store_append_write_counts(struct store *s, struct store_part *p, struct err *e)
{
	struct store_stmt *st;
	int r = sql_get(s->w, &store_sql, STORE_SQL_PART_COUNTS, &st, e);

	if (r != 0)
		return r;
	sql_bind_i64(st, 1, p->id);
	sql_bind_i64(st, 2, atomic_load(&p->log_start));
	sql_bind_i64(st, 3, p->now.next);
	sql_bind_i64(st, 4, p->now.bytes);
	sql_bind_i64(st, 5, p->now.rows);
	return sql_run(st, e);
}

/* Not in each commit: it would cost a page of 32 KB each time, and what came
 * after the last update is counted again at the next start (store-4). */
int
store_append_counts(struct store *s, struct err *e)
{
	int64_t now_ns = clock_mono_ns();

	for (struct store_part *p = s->tx.parts; p != NULL; p = p->tx_link) {
		int r;

		if (p->counted_at_ns != 0 &&
			now_ns - p->counted_at_ns < COUNT_EVERY_NS)
			continue;
		p->counted_at_ns = now_ns;
		if ((r = store_append_write_counts(s, p, e)) != 0)
			return r;
	}
	return 0;
}

static void
drop_rows(struct store_chunk **from)
{
	struct store_chunk *c = *from, *next;

	*from = NULL;
	for (; c != NULL; c = next) {
		next = c->tx_next;
		store_chunk_unref(c);
	}
}

static void
drop_open(struct store_part *p)
{
	if (p->open != NULL)
		store_chunk_unref(p->open);
	p->open = NULL;
}

void
store_append_begin_savepoint(struct store *s)
{
	s->tx.savepoint++;
	s->tx.in_savepoint = true;
	s->tx.savepoint_parts = NULL;
	s->tx.savepoint_rows_end = s->tx.rows_end;
}

void
store_append_end_savepoint(struct store *s, bool keep)
{
	struct store_tx *tx = &s->tx;

	tx->in_savepoint = false;
	if (keep)
		return;
	for (struct store_part *p = tx->savepoint_parts; p != NULL;
		p = p->savepoint_link) {
		drop_open(p);
		p->now = p->saved;
	}
	drop_rows(tx->savepoint_rows_end);
	tx->rows_end = tx->savepoint_rows_end;
}

static void
end_tx(struct store *s)
{
	struct store_part *p = s->tx.parts, *next;

	for (; p != NULL; p = next) {
		next = p->tx_link;
		p->in_tx = false;
		p->to_come = 0;
	}
	s->tx.parts = NULL;
	s->tx.rows = NULL;
	s->tx.rows_end = &s->tx.rows;
	s->tx.in_savepoint = false;
	s->tx.has_discard = false;
}

void
store_append_discard(struct store *s)
{
	for (struct store_part *p = s->tx.parts; p != NULL; p = p->tx_link) {
		drop_open(p);
		p->now = p->committed;
	}
	drop_rows(&s->tx.rows);
	end_tx(s);
}

/* store-1: runs after the commit only; the rows are cached before the high
 * watermark that makes readers look for them. */
void
store_append_publish(struct store *s)
{
	store_prepared_sort(s);
	for (struct store_part *p = s->tx.parts; p != NULL; p = p->tx_link) {
		bool moved = p->now.published != p->committed.published;

		atomic_fetch_add(
			&s->row_bytes, p->now.bytes - p->committed.bytes);
		p->committed = p->now;
		atomic_store(&p->bytes, p->now.bytes - p->now.prepared_bytes);
		atomic_store(&p->is_prepared, p->now.published < p->now.next);
		atomic_store(&p->high_watermark, p->now.published);
		for (int i = 0; moved && i < s->n_watchers; i++)
			s->watchers[i].fn(s->watchers[i].cookie, p);
	}
	end_tx(s);
}
