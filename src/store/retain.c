#include "base/clock.h"
#include "base/log.h"
#include "store/store_int.h"

/*
 * Deletion in steps: at most 4 MB or 64 rows a transaction, from the low end,
 * with the new log start in the same transaction.
 */
#define STEP_BYTES ((int64_t)4 * 1024 * 1024)
#define STEP_ROWS 64
#define LOOK_EVERY_NS ((int64_t)1000000000)
#define VACUUM_EVERY_NS ((int64_t)10000000000)
#define VACUUM_PAGES_MIN 256

struct step {
	struct store_part *p;
	bool is_deletion; /* of the whole partition */
	int64_t now_ms;
	int64_t until; /* first offset that stays */
	int64_t bytes, rows;
	bool is_last; /* of a deleted partition */
};

static bool
may_go(const struct step *x, int64_t last, int64_t ts_ms)
{
	const struct store_part *p = x->p;
	int64_t keep_ms = atomic_load(&p->retention_ms);
	int64_t keep_bytes = atomic_load(&p->retention_bytes);

	if (x->is_deletion)
		return true;
	/* store-10 */
	if (last >= store_part_floor(p) || last >= p->committed.published)
		return false;
	if (keep_ms >= 0 && ts_ms < x->now_ms - keep_ms)
		return true;
	return keep_bytes >= 0 &&
	       p->committed.bytes - p->committed.prepared_bytes - x->bytes >
		       keep_bytes;
}

static int
choose_rows(struct store *s, struct step *x, struct err *e)
{
	struct store_part *p = x->p;
	int64_t start = atomic_load(&p->log_start);
	struct store_stmt *st;
	int r = sql_get(s->w, &store_sql, STORE_SQL_ROWS_OLDEST, &st, e);

	if (r != 0)
		return r;
	x->until = start;
	x->bytes = x->rows = 0;
	sql_bind_i64(st, 1, STORE_ROW_ID(p->id, 0));
	sql_bind_i64(st, 2, STORE_ROW_ID(p->id + 1, 0));
	while ((r = sql_step(st, e)) > 0) {
		int64_t bytes = sql_col_i64(st, 2);

		if (!may_go(x, sql_col_i64(st, 0), sql_col_i64(st, 1)))
			break;
		if (x->rows == STEP_ROWS ||
			(x->rows > 0 && x->bytes + bytes > STEP_BYTES))
			break;
		x->until = sql_col_i64(st, 0) + 1;
		x->bytes += bytes;
		x->rows++;
	}
	x->is_last = x->is_deletion && r == 0;
	store_conn_reset_all(s->w);
	return r < 0 ? r : 0;
}

static int
run_with_id(struct store *s, enum store_sql i, int64_t id, struct err *e)
{
	struct store_stmt *st;
	int r = sql_get(s->w, &store_sql, (int)i, &st, e);

	if (r != 0)
		return r;
	sql_bind_i64(st, 1, id);
	return sql_run(st, e);
}

static int
remove_part(struct store *s, struct store_part *p, struct err *e)
{
	int r = run_with_id(s, STORE_SQL_PRODUCERS_DELETE, p->id, e);

	if (r == 0)
		r = run_with_id(s, STORE_SQL_EPOCHS_DELETE, p->id, e);
	if (r == 0)
		r = run_with_id(s, STORE_SQL_PREPARED_REMOVE, p->id, e);
	return r != 0 ? r : run_with_id(s, STORE_SQL_PART_REMOVE, p->id, e);
}

static int
delete_rows(struct store *s, void *cookie, struct err *e)
{
	struct step *x = cookie;
	struct store_part *p = x->p;
	struct store_stmt *st;
	int r = sql_get(s->w, &store_sql, STORE_SQL_ROWS_DELETE, &st, e);

	if (r != 0)
		return r;
	sql_bind_i64(st, 1, STORE_ROW_ID(p->id, 0));
	sql_bind_i64(st, 2, STORE_ROW_ID(p->id, x->until));
	if ((r = sql_run(st, e)) != 0)
		return r;
	if (x->is_last)
		return remove_part(s, p, e);
	r = sql_get(s->w, &store_sql, STORE_SQL_PART_COUNTS, &st, e);
	if (r != 0)
		return r;
	sql_bind_i64(st, 1, p->id);
	sql_bind_i64(st, 2, x->until);
	sql_bind_i64(st, 3, p->committed.next);
	sql_bind_i64(st, 4, p->committed.bytes - x->bytes);
	sql_bind_i64(st, 5, p->committed.rows - x->rows);
	return sql_run(st, e);
}

static void
publish(struct store *s, struct step *x)
{
	struct store_part *p = x->p;

	p->committed.bytes -= x->bytes;
	p->committed.rows -= x->rows;
	if (x->is_deletion) {
		/* Prepared rows go with the others. */
		store_prepared_drop_held(p);
		p->committed.published = p->committed.next;
		p->committed.prepared_bytes = 0;
	}
	p->now = p->committed;
	atomic_store(
		&p->bytes, p->committed.bytes - p->committed.prepared_bytes);
	atomic_fetch_sub(&s->row_bytes, x->bytes);
	atomic_store(&p->log_start, x->until);
	p->is_gone = x->is_last;
}

static void
step_failed(struct store *s, const struct err *e)
{
	/* store-5; the others are tried again. */
	if (e->code == ERR_IO || e->code == ERR_CORRUPT)
		store_fail(s, e);
	if (!atomic_load(&s->failed))
		log_warn("store_retention_failed", "path=%s error=%s text=%s",
			log_q(s->path), err_name(e->code), log_q(e->text));
}

/* Rows that are too old are not overwritten: it would write them twice. */
static int
commit_deletion(struct store *s, struct step *x, struct err *e)
{
	int r = store_conn_set_secure(s->w, false, e);

	return r != 0 ? r : store_commit_own(s, delete_rows, x, e);
}

/* 1: rows were deleted. */
static int
retain_part(struct store *s, struct store_part *p)
{
	struct step x = {.p = p, .now_ms = clock_now_us() / 1000};
	struct err e;
	int r;

	x.is_deletion = atomic_load(&p->is_deleted);
	s->w->tx_rc = 0;
	r = choose_rows(s, &x, &e);
	if (r == 0 && x.rows == 0 && !x.is_last) {
		p->retain_at_ns = clock_mono_ns() + LOOK_EVERY_NS;
		return 0;
	}
	if (r == 0)
		r = commit_deletion(s, &x, &e);
	if (r != 0) {
		step_failed(s, &e);
		p->retain_at_ns = clock_mono_ns() + LOOK_EVERY_NS;
		return 0;
	}
	publish(s, &x);
	return 1;
}

static bool
is_due(const struct store_part *p, int64_t now_ns, bool all)
{
	if (p->is_gone)
		return false;
	if (!atomic_load(&p->is_deleted) && atomic_load(&p->retention_ms) < 0 &&
		atomic_load(&p->retention_bytes) < 0)
		return false;
	return all || now_ns >= p->retain_at_ns;
}

static int
step_pages(struct store *s, enum store_sql i, int64_t *out, struct err *e)
{
	struct store_stmt *st;
	int r = sql_get(s->w, &store_sql, (int)i, &st, e);

	if (r != 0)
		return r;
	r = sql_step(st, e);
	if (r > 0)
		*out = sql_col_i64(st, 0);
	sql_reset(st);
	return r < 0 ? r : 0;
}

static int
vacuum_step(struct store *s, void *cookie, struct err *e)
{
	(void)cookie;
	return store_conn_run(s->w, STORE_SQL_VACUUM_STEP, e);
}

/* 1: pages were given back and more are to be. */
static int
vacuum(struct store *s)
{
	int64_t n_free = 0, n_all = 0;
	struct err e;
	int r;

	s->w->tx_rc = 0;
	r = step_pages(s, STORE_SQL_FREE_PAGES, &n_free, &e);
	if (r == 0)
		r = step_pages(s, STORE_SQL_ALL_PAGES, &n_all, &e);
	if (r == 0 && (n_free < VACUUM_PAGES_MIN || n_free * 4 <= n_all)) {
		s->vacuum_at_ns = clock_mono_ns() + VACUUM_EVERY_NS;
		/* Idle: its page cache is of no use. */
		sqlite3_db_release_memory(s->w->db);
		return 0;
	}
	if (r == 0)
		r = store_commit_own(s, vacuum_step, NULL, &e);
	if (r != 0) {
		step_failed(s, &e);
		s->vacuum_at_ns = clock_mono_ns() + VACUUM_EVERY_NS;
		return 0;
	}
	return 1;
}

int
store_retain_step(struct store *s, bool is_idle, bool all)
{
	int64_t now_ns = clock_mono_ns();
	struct store_part *p = atomic_load(&s->all_parts);

	for (; p != NULL; p = p->all_next) {
		if (is_due(p, now_ns, all) && retain_part(s, p) > 0)
			return 1;
		if (atomic_load(&s->failed))
			return 0;
	}
	return is_idle && (all || now_ns >= s->vacuum_at_ns) ? vacuum(s) : 0;
}
