#include "base/limits.h"
#include "store/store_int.h"

/*
 * Prepared rows: committed, but not to be seen before another store committed,
 * too. A row of the file is prepared as a whole or not at all; the table
 * `prepared` says from which offset on. In memory such rows wait beside the
 * tail, which takes them when they are published (store-7, store-11).
 */

static int
run_with_part(struct store *s, enum store_sql i, const struct store_part *p,
	struct err *e)
{
	struct store_stmt *st;
	int r = sql_get(s->w, &store_sql, (int)i, &st, e);

	if (r != 0)
		return r;
	sql_bind_i64(st, 1, p->id);
	if (i == STORE_SQL_PREPARED_ADD)
		sql_bind_i64(st, 2, p->now.published);
	return sql_run(st, e);
}

/* The row being filled holds visible batches, so another one is begun. */
int
store_prepared_begin(struct store *s, struct store_part *p, struct err *e)
{
	int r = store_append_close_row(s, p, e);

	return r != 0 ? r : run_with_part(s, STORE_SQL_PREPARED_ADD, p, e);
}

int
store_tx_append_prepared(struct store_conn *c, struct store_part *p,
	char *batches, size_t len, uint32_t n_records, int64_t max_ts_ms,
	int64_t *base_offset, struct err *e)
{
	(void)max_ts_ms; /* the batches' own headers say it */
	INVARIANT(c == c->s->w && p->s == c->s, "store-9");
	if (len == 0 || len > LIMIT_KAFKA_FRAME_BYTES)
		return err_set(e, ERR_TOO_BIG, "an append of %zu bytes", len);
	return store_append_add_prepared(
		c->s, p, batches, len, n_records, base_offset, e);
}

/* A deleted partition loses its prepared rows with all others. */
static bool
has_prepared(struct store_conn *c, const struct store_part *p)
{
	INVARIANT(c == c->s->w && p->s == c->s, "store-9");
	return p->now.published < p->now.next && !atomic_load(&p->is_deleted);
}

int
store_tx_publish(struct store_conn *c, struct store_part *p, struct err *e)
{
	if (!has_prepared(c, p))
		return 0;
	store_append_touch(c->s, p);
	p->now.published = p->now.next;
	p->now.prepared_bytes = 0;
	return run_with_part(c->s, STORE_SQL_PREPARED_REMOVE, p, e);
}

static int
delete_prepared(struct store *s, struct store_part *p, struct err *e)
{
	struct store_stmt *st;
	int r = sql_get(s->w, &store_sql, STORE_SQL_ROWS_DELETE, &st, e);

	if (r != 0)
		return r;
	sql_bind_i64(st, 1, STORE_ROW_ID(p->id, p->now.published));
	sql_bind_i64(st, 2, STORE_ROW_ID(p->id + 1, 0));
	if ((r = sql_run(st, e)) != 0)
		return r;
	p->now.rows -= sql_changes(s->w);
	p->now.bytes -= p->now.prepared_bytes;
	p->now.prepared_bytes = 0;
	p->now.next = p->now.published;
	s->tx.has_discard = true;
	return 0;
}

/* The counts are written at once, as the row of the partition may have those of
 * a commit that held what is deleted here (store-4). */
int
store_tx_discard(struct store_conn *c, struct store_part *p, struct err *e)
{
	struct store *s = c->s;
	int r;

	if (!has_prepared(c, p))
		return 0;
	store_append_touch(s, p);
	r = store_append_close_row(s, p, e);
	if (r == 0)
		r = delete_prepared(s, p, e);
	if (r == 0)
		r = run_with_part(s, STORE_SQL_PREPARED_REMOVE, p, e);
	return r != 0 ? r : store_append_write_counts(s, p, e);
}

bool
store_part_is_prepared(const struct store_part *p)
{
	return atomic_load(&p->is_prepared) && !atomic_load(&p->is_deleted);
}

void
store_prepared_drop_held(struct store_part *p)
{
	struct store_chunk *c = p->held, *next;

	p->held = NULL;
	p->held_end = &p->held;
	for (; c != NULL; c = next) {
		next = c->tx_next;
		store_chunk_unref(c);
	}
}

static struct store_chunk *
reverse(struct store_chunk *c)
{
	struct store_chunk *out = NULL, *next;

	for (; c != NULL; c = next) {
		next = c->tx_next;
		c->tx_next = out;
		out = c;
	}
	return out;
}

/* What is left of a partition's rows is dense and ends with now.next, and a
 * discarded row ends beyond those that came after it: so, newest first, a row
 * is left if it ends where the one after it begins. */
static void
drop_discarded(struct store *s)
{
	struct store_chunk *c = reverse(s->tx.rows), *next;
	struct store_part *p;

	s->tx.rows = NULL;
	for (p = s->tx.parts; p != NULL; p = p->tx_link)
		p->live_from = p->now.next;
	for (; c != NULL; c = next) {
		next = c->tx_next;
		if (c->next != c->part->live_from) {
			store_chunk_unref(c);
			continue;
		}
		c->part->live_from = c->base;
		c->tx_next = s->tx.rows;
		s->tx.rows = c;
	}
	for (p = s->tx.parts; p != NULL; p = p->tx_link) {
		if (p->held != NULL && p->held_next != p->live_from)
			store_prepared_drop_held(p);
	}
}

static void
put_rows(struct store *s, struct store_chunk *c)
{
	struct store_chunk *next;

	for (; c != NULL; c = next) {
		struct store_part *p = c->part;

		next = c->tx_next;
		c->tx_next = NULL;
		if (c->base < p->now.published) {
			store_tail_put(s, c);
			continue;
		}
		*p->held_end = c;
		p->held_end = &c->tx_next;
		p->held_next = c->next;
	}
}

void
store_prepared_sort(struct store *s)
{
	if (s->tx.has_discard)
		drop_discarded(s);
	for (struct store_part *p = s->tx.parts; p != NULL; p = p->tx_link) {
		struct store_chunk *held = p->held;

		if (held == NULL || held->base >= p->now.published)
			continue;
		p->held = NULL;
		p->held_end = &p->held;
		put_rows(s, held);
	}
	put_rows(s, s->tx.rows);
}

static struct store_part *
find_by_id(struct store *s, int64_t id)
{
	struct store_part *p = atomic_load(&s->all_parts);

	while (p != NULL && p->id != id)
		p = p->all_next;
	return p;
}

static int
load_one(struct store_conn *c, struct store_part *p, int64_t published,
	struct err *e)
{
	struct store_stmt *st;
	int r;

	if (published < atomic_load(&p->log_start) || published > p->now.next)
		return err_set(e, ERR_CORRUPT,
			"%s: %s partition %d is prepared from %lld, its next "
			"offset is %lld",
			c->s->path, p->topic, p->idx, (long long)published,
			(long long)p->now.next);
	r = sql_get(c, &store_sql, STORE_SQL_PART_NEWER, &st, e);
	if (r != 0)
		return r;
	sql_bind_i64(st, 1, STORE_ROW_ID(p->id, published));
	sql_bind_i64(st, 2, STORE_ROW_ID(p->id + 1, 0));
	r = sql_step(st, e);
	if (r < 0)
		return r;
	p->now.prepared_bytes = sql_col_i64(st, 1);
	sql_reset(st);
	p->now.published = published;
	p->committed = p->now;
	atomic_store(&p->bytes, p->now.bytes - p->now.prepared_bytes);
	atomic_store(&p->high_watermark, published);
	atomic_store(&p->is_prepared, published < p->now.next);
	return 0;
}

int
store_prepared_load(struct store *s, struct store_conn *c, struct err *e)
{
	struct store_stmt *st;
	int64_t has_table = 0;
	/* A tool does not migrate, so an older file may be without it. */
	int r = store_conn_int(c,
		"SELECT count(*) FROM sqlite_schema WHERE name = 'prepared'",
		&has_table, e);

	if (r != 0 || has_table == 0)
		return r;
	r = sql_get(c, &store_sql, STORE_SQL_PREPARED_ALL, &st, e);
	while (r == 0 && (r = sql_step(st, e)) > 0) {
		struct store_part *p = find_by_id(s, sql_col_i64(st, 0));

		if (p == NULL)
			return err_set(e, ERR_CORRUPT,
				"%s: prepared records of no partition",
				s->path);
		r = 0;
		if (!atomic_load(&p->is_deleted))
			r = load_one(c, p, sql_col_i64(st, 1), e);
	}
	return r;
}
