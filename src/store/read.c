#include <string.h>

#include "store/store_int.h"
#include "topic/batch.h"

#define TAIL_ROWS_MAX 64

/* Where the bytes of a row are: in memory, or in an open blob. */
struct row {
	const char *p;
	sqlite3_blob *blob;
	struct store_conn *c;
	size_t len;
};

/* What of a row is to be read. */
struct range {
	size_t start, end;
	int64_t next; /* offset after end */
};

static int
read_row(const struct row *row, size_t at, void *out, size_t n, struct err *e)
{
	int rc;

	if (row->p != NULL) {
		memcpy(out, row->p + at, n);
		return 0;
	}
	rc = sqlite3_blob_read(row->blob, out, (int)n, (int)at);
	return rc == SQLITE_OK ? 0 : store_conn_err(row->c, rc, "blob_read", e);
}

static int
peek_row(const struct row *row, size_t at, struct batch_info *h, struct err *e)
{
	char header[BATCH_HEADER_BYTES];
	size_t left = row->len - at;
	int r;

	if (left < sizeof(header))
		return err_set(e, ERR_CORRUPT, "a row ends in %zu bytes", left);
	if ((r = read_row(row, at, header, sizeof(header), e)) != 0)
		return r;
	/* The peek reads the header only; the length is that of the row. */
	r = batch_peek(slice_of(header, left), h, e);
	if (r != 0)
		e->code = ERR_CORRUPT;
	return r == 0 ? 0 : -(int)ERR_CORRUPT;
}

/* From the batch that contains from, as many as fit into room; at least one if
 * must. */
static int
find_range(const struct row *row, int64_t from, size_t room, bool must,
	struct range *out, struct err *e)
{
	size_t at = 0;
	bool is_begun = false;

	*out = (struct range){0, 0, from};
	while (at < row->len) {
		struct batch_info h;
		int64_t next;
		int r = peek_row(row, at, &h, e);

		if (r != 0)
			return r;
		next = h.base_offset + h.last_offset_delta + 1;
		if (next > from) {
			if (!is_begun)
				out->start = out->end = at;
			if (at + h.bytes - out->start > room &&
				!(must && !is_begun))
				return 0;
			is_begun = true;
			out->end = at + h.bytes;
			out->next = next;
		}
		at += h.bytes;
	}
	return 0;
}

struct reading {
	int64_t from; /* moves on */
	int64_t until; /* the high watermark when it began */
	size_t room;
	bool is_begun;
	struct buf *out;
};

/* 1: go on with the next row; 0: enough. */
static int
take_row(struct reading *g, const struct row *row, int64_t base, int64_t next,
	struct err *e)
{
	struct range range = {0, row->len, next};
	char *to;
	int r;

	if (g->from > base || row->len > g->room) {
		r = find_range(row, g->from, g->room, !g->is_begun, &range, e);
		if (r != 0)
			return r;
	}
	if (range.end == range.start)
		return 0;
	to = buf_reserve(g->out, range.end - range.start);
	if (to == NULL)
		return err_set(e, ERR_NO_MEMORY,
			"no memory for %zu bytes of the log",
			range.end - range.start);
	r = read_row(row, range.start, to, range.end - range.start, e);
	if (r != 0)
		return r;
	g->out->len += range.end - range.start;
	g->from = range.next;
	g->is_begun = true;
	g->room -= g->room < range.end - range.start ? g->room
						     : range.end - range.start;
	return range.end == row->len && g->room > 0 && g->from < g->until;
}

/* 1: read from the cache; 0: it does not reach down to from. */
static int
read_tail(struct store_part *p, struct reading *g, struct err *e)
{
	struct store_chunk *chunks[TAIL_ROWS_MAX];
	size_t n;
	int r = 1;

	do {
		n = store_tail_get(p, g->from, g->room, chunks, TAIL_ROWS_MAX);
		if (n == 0)
			return g->is_begun;
		for (size_t i = 0; i < n; i++) {
			struct store_chunk *c = chunks[i];
			struct row row = {.p = c->bytes, .len = c->len};

			if (r > 0 && c->base < g->until)
				r = take_row(g, &row, c->base, c->next, e);
			store_chunk_unref(c);
		}
	} while (n == TAIL_ROWS_MAX && r > 0);
	return r < 0 ? r : 1;
}

static int
open_blob(struct store_conn *c, int64_t id, sqlite3_blob **blob, struct err *e)
{
	int rc = *blob == NULL ? sqlite3_blob_open(c->db, "main", "batch",
					 "data", id, 0, blob)
			       : sqlite3_blob_reopen(*blob, id);

	return rc == SQLITE_OK ? 0 : store_conn_err(c, rc, "blob_open", e);
}

/* The row that contains from, or the next one after it. */
static int
find_first(struct store_conn *c, const struct store_part *p, int64_t from,
	int64_t *id, struct err *e)
{
	struct store_stmt *st;
	int r = sql_get(c, &store_sql, STORE_SQL_ROW_FLOOR, &st, e);

	if (r != 0)
		return r;
	sql_bind_i64(st, 1, STORE_ROW_ID(p->id, 0));
	sql_bind_i64(st, 2, STORE_ROW_ID(p->id, from));
	*id = STORE_ROW_ID(p->id, from);
	r = sql_step(st, e);
	if (r > 0) {
		if (sql_col_i64(st, 1) >= from)
			*id = sql_col_i64(st, 0);
		sql_reset(st);
	}
	return r < 0 ? r : 0;
}

static int
read_rows(struct store_conn *c, const struct store_part *p, struct reading *g,
	sqlite3_blob **blob, struct err *e)
{
	struct store_stmt *st;
	int64_t first;
	int r = find_first(c, p, g->from, &first, e);

	if (r == 0)
		r = sql_get(c, &store_sql, STORE_SQL_ROWS_FROM, &st, e);
	if (r != 0)
		return r;
	sql_bind_i64(st, 1, first);
	sql_bind_i64(st, 2, STORE_ROW_ID(p->id, g->until));
	while ((r = sql_step(st, e)) > 0) {
		int64_t base = sql_col_i64(st, 0) - STORE_ROW_ID(p->id, 0);
		struct row row = {.c = c, .len = (size_t)sql_col_i64(st, 3)};

		r = open_blob(c, sql_col_i64(st, 0), blob, e);
		row.blob = *blob;
		if (r == 0 && (size_t)sqlite3_blob_bytes(*blob) != row.len)
			r = err_set(e, ERR_CORRUPT, "%s: row %lld has %d bytes",
				c->s->path, (long long)sql_col_i64(st, 0),
				sqlite3_blob_bytes(*blob));
		if (r == 0)
			r = take_row(g, &row, base, sql_col_i64(st, 1) + 1, e);
		if (r <= 0)
			break;
	}
	sql_reset(st);
	return r;
}

static int
read_file(struct store_conn *c, const struct store_part *p, struct reading *g,
	struct err *e)
{
	sqlite3_blob *blob = NULL;
	struct err ignored;
	int r = store_conn_run(c, STORE_SQL_BEGIN_READ, e);

	if (r != 0)
		return r;
	r = read_rows(c, p, g, &blob, e);
	sqlite3_blob_close(blob);
	/* Nothing was written, so nothing can be lost here. */
	ERR_IGNORE(store_conn_run(c, STORE_SQL_ROLLBACK, &ignored),
		"end of a read transaction");
	return r;
}

static int
below_start(const struct store_part *p, int64_t from, struct err *e)
{
	return err_set(e, ERR_NOT_FOUND,
		"%s partition %d begins at offset %lld, not %lld", p->topic,
		p->idx, (long long)atomic_load(&p->log_start), (long long)from);
}

int
store_read(struct store_conn *c, const struct store_part *p, int64_t from,
	size_t max_bytes, struct buf *out, int64_t *next, struct err *e)
{
	struct reading g = {.from = from, .room = max_bytes, .out = out};
	int r;

	*next = from;
	g.until = atomic_load(&p->high_watermark);
	if (atomic_load(&p->is_deleted) || from >= g.until)
		return 0;
	if (from < atomic_load(&p->log_start))
		return below_start(p, from, e);
	/* The cache is of the partition, which is const only for callers. */
	r = read_tail((struct store_part *)(uintptr_t)p, &g, e);
	if (r == 0)
		r = read_file(c, p, &g, e);
	if (r < 0)
		return r;
	/* Retention may have deleted what was asked for in the meantime. */
	if (!g.is_begun && from < atomic_load(&p->log_start))
		return below_start(p, from, e);
	*next = g.from;
	return 0;
}

int
store_reader_open(struct store *s, struct store_conn **out, struct err *e)
{
	int flags = s->uri == NULL ? SQLITE_OPEN_READONLY
				   : SQLITE_OPEN_READONLY | SQLITE_OPEN_URI;
	struct store_conn *c;
	int r = store_conn_open(s, flags, &c, e);

	if (r != 0)
		return r;
	r = store_conn_exec(c,
		"PRAGMA query_only=1; PRAGMA temp_store=MEMORY;"
		" PRAGMA cache_size=-4096; PRAGMA mmap_size=0",
		e);
	if (r == 0)
		r = store_conn_prepare_ends(c, e);
	if (r != 0) {
		store_conn_close(c);
		return r;
	}
	*out = c;
	return 0;
}

void
store_reader_close(struct store_conn *c)
{
	store_conn_close(c);
}
