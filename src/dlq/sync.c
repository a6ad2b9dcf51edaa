#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "dlq/dlq_int.h"
#include "dlq/sql.h"

/* The index follows the log: new letters in, deleted ones out (dlq-2,
 * dlq-3). */
#define FORGET_OFFSETS 5000 /* in one step */
#define STEP_ARENA_MAX ((size_t)64 * 1024 * 1024)
#define STEP_READ_MAX ((size_t)4 * 1024 * 1024)

struct forget {
	struct store_job job;
	int64_t before;
};

/* What was counted of the rows that go. */
static int
uncount(struct store_conn *c, int64_t before, struct err *e)
{
	struct store_stmt *st;
	int r = sql_get(c, &dlq_sql, DLQ_SQL_ROWS_BELOW, &st, e);

	if (r != 0)
		return r;
	sql_bind_i64(st, 1, before);
	while ((r = sql_step(st, e)) == 1) {
		int64_t n[DLQ_N_STATES] = {0};

		n[sql_col_i64(st, 1) % DLQ_N_STATES] = -sql_col_i64(st, 2);
		r = dlq_group_count(c, sql_col_i64(st, 0), n, e);
		if (r != 0)
			break;
	}
	return r;
}

static int
run_on(struct store_conn *c, enum dlq_sql which, int64_t offset, struct err *e)
{
	struct store_stmt *st;
	int r = sql_get(c, &dlq_sql, which, &st, e);

	if (r != 0)
		return r;
	sql_bind_i64(st, 1, offset);
	return sql_run(st, e);
}

static int
count_groups(struct store_conn *c, int64_t *n, struct err *e)
{
	struct store_stmt *st;
	int r = sql_get(c, &dlq_sql, DLQ_SQL_GROUPS_RECOUNT, &st, e);

	if (r == 0)
		r = sql_step(st, e);
	if (r < 0)
		return r;
	*n = sql_col_i64(st, 0);
	sql_reset(st);
	return 0;
}

static int
drop_empty_groups(struct store_conn *c, int64_t *n, struct err *e)
{
	struct store_stmt *st;
	int r = sql_get(c, &dlq_sql, DLQ_SQL_GROUP_FORGET, &st, e);

	if (r == 0)
		r = sql_run(st, e);
	return r == 0 ? count_groups(c, n, e) : r;
}

static int
run_forget(struct store_job *j, struct store_conn *c, struct err *e)
{
	const struct forget *x = (const struct forget *)(const void *)j;
	struct dlq_position at;
	struct store_stmt *st;
	int r = dlq_position_get(c, &at, e);

	if (r == 0)
		r = uncount(c, x->before, e);
	if (r == 0)
		r = run_on(c, DLQ_SQL_ROWS_FORGET, x->before, e);
	if (r == 0)
		r = run_on(c, DLQ_SQL_MARKS_FORGET, x->before, e);
	if (r == 0)
		r = drop_empty_groups(c, &at.groups, e);
	if (r == 0)
		r = sql_get(c, &dlq_sql, DLQ_SQL_POSITION_PUT, &st, e);
	if (r != 0)
		return r;
	sql_bind_i64(st, 1, x->before);
	sql_bind_i64(st, 2, at.next < x->before ? x->before : at.next);
	sql_bind_i64(st, 3, at.groups);
	return sql_run(st, e);
}

/* Forgets some of what lies before the log's start. */
static int
forget(struct dlq_file *f, const struct dlq_position *at, int64_t log_start,
	struct err *e)
{
	struct forget x = {.job.run = run_forget};

	x.before = at->first + FORGET_OFFSETS;
	if (x.before > log_start || at->next <= at->first)
		x.before = log_start;
	return store_call(f->s, &x.job, e);
}

static int
fill(struct dlq_file *f, struct dlq_step *x, struct err *e)
{
	struct batch_record_view rec;
	struct dlq_reader r;
	int64_t at = x->from;
	int rc = dlq_reader_open(f->s, dlq_part(f), &r, e);

	if (rc == 0)
		while ((rc = dlq_reader_get(&r, at, &rec, e)) == 1) {
			if (!dlq_step_add(x, &rec))
				break;
			at = rec.offset + 1;
			if (r.n_read > STEP_READ_MAX)
				break;
		}
	if (rc == 1 && x->n_taken == 0)
		rc = err_set(e, ERR_NO_MEMORY, "no memory to index a letter");
	dlq_reader_close(&r);
	return rc < 0 ? rc : 0;
}

/* Takes in some of what lies behind the index. */
static int
take_in(struct dlq_file *f, const struct dlq_position *at, struct err *e)
{
	struct dlq_step *x = mem_new(struct dlq_step);
	int r;

	if (x == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory to index letters");
	arena_init(&x->a, STEP_ARENA_MAX);
	x->job.run = dlq_step_run;
	x->from = x->next = at->next;
	r = fill(f, x, e);
	if (r == 0 && x->n_taken > 0)
		r = store_call(f->s, &x->job, e);
	arena_fini(&x->a);
	mem_free(x);
	return r;
}

/* One step. 1: something was done; 0: nothing is left to do. */
static int
step(struct dlq_file *f, struct store_conn *c, int64_t *behind, struct err *e)
{
	struct store_part *p = dlq_part(f);
	struct store_part_state st;
	struct dlq_position at;
	int64_t before;
	int r;

	*behind = 0;
	if (p == NULL)
		return 0;
	store_part_state(p, &st);
	r = dlq_position_get(c, &at, e);
	if (r != 0)
		return r;
	if (at.first < st.log_start) {
		*behind = st.high_watermark - at.next;
		r = forget(f, &at, st.log_start, e);
		return r != 0 ? r : 1;
	}
	before = at.next;
	if (before >= st.high_watermark)
		return 0;
	r = take_in(f, &at, e);
	if (r == 0)
		r = dlq_position_get(c, &at, e);
	*behind = st.high_watermark - at.next;
	return r != 0 ? r : at.next > before;
}

static int
sync_file(
	struct dlq_file *f, int64_t deadline_ns, int64_t *behind, struct err *e)
{
	struct store_conn *c;
	int r;

	lock_take(&f->lock);
	r = store_reader_open(f->s, &c, e);
	if (r == 0) {
		do {
			r = step(f, c, behind, e);
		} while (r == 1 && clock_mono_ns() < deadline_ns);
		store_reader_close(c);
	}
	lock_release(&f->lock);
	return r < 0 ? r : 0;
}

int
dlq_sync(struct dlq *d, int64_t deadline_ns, int64_t *behind, struct err *e)
{
	int r = 0;

	*behind = 0;
	for (int i = 0; r == 0 && i < DLQ_FILES; i++) {
		int64_t n = 0;

		if (d->f[i].s != NULL)
			r = sync_file(&d->f[i], deadline_ns, &n, e);
		*behind += n;
	}
	return r;
}
