#include "dlq/dlq.h"

#include "base/mem.h"
#include "dlq/dlq_int.h"
#include "dlq/sql.h"
#include "topic/topic.h"

int
dlq_new(struct store *spool, struct store *state, struct dlq **out,
	struct err *e)
{
	struct dlq *d = mem_new(struct dlq);

	if (d == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory");
	d->f[0].s = spool;
	d->f[1].s = state;
	for (int i = 0; i < DLQ_FILES; i++) {
		d->f[i].partition = i;
		lock_init(&d->f[i].lock);
	}
	*out = d;
	return 0;
}

void
dlq_free(struct dlq *d)
{
	if (d == NULL)
		return;
	for (int i = 0; i < DLQ_FILES; i++)
		lock_fini(&d->f[i].lock);
	mem_free(d);
}

struct store_part *
dlq_part(const struct dlq_file *f)
{
	return store_part_find(f->s,
		slice_str(topic_defs[TOPIC_DEAD_LETTERS].name), f->partition);
}

int
dlq_position_get(struct store_conn *c, struct dlq_position *out, struct err *e)
{
	struct store_stmt *st;
	int r = sql_get(c, &dlq_sql, DLQ_SQL_POSITION_GET, &st, e);

	*out = (struct dlq_position){0};
	if (r == 0)
		r = sql_step(st, e);
	if (r < 0)
		return r;
	if (r == 0)
		return err_set(
			e, ERR_CORRUPT, "the index of letters has no position");
	out->first = sql_col_i64(st, 0);
	out->next = sql_col_i64(st, 1);
	out->groups = sql_col_i64(st, 2);
	out->changes = sql_col_i64(st, 3);
	sql_reset(st);
	return 0;
}

static int
read_position(const struct dlq_file *f, struct dlq_position *out, struct err *e)
{
	struct store_conn *c;
	int r = store_reader_open(f->s, &c, e);

	if (r != 0)
		return r;
	r = dlq_position_get(c, out, e);
	store_reader_close(c);
	return r;
}

uint64_t
dlq_ever(struct dlq *d)
{
	uint64_t n = 0;

	for (int i = 0; i < DLQ_FILES; i++) {
		struct store_part_state st;
		struct store_part *p =
			d->f[i].s == NULL ? NULL : dlq_part(&d->f[i]);

		if (p == NULL)
			continue;
		store_part_state(p, &st);
		n += (uint64_t)st.high_watermark;
	}
	return n;
}

int
dlq_changes(struct dlq *d, int64_t *out, struct err *e)
{
	int r = 0;

	*out = 0;
	for (int i = 0; r == 0 && i < DLQ_FILES; i++) {
		struct dlq_position at = {0};

		if (d->f[i].s != NULL)
			r = read_position(&d->f[i], &at, e);
		*out += at.changes;
	}
	return r;
}

int
dlq_range_all(struct dlq *d, struct dlq_range *out, struct err *e)
{
	int r = 0;

	*out = (struct dlq_range){0};
	for (int i = 0; r == 0 && i < DLQ_FILES; i++) {
		struct dlq_position at = {0};

		if (d->f[i].s != NULL)
			r = read_position(&d->f[i], &at, e);
		out->from[i] = at.first;
		out->to[i] = at.next;
	}
	return r;
}

static int
oldest_of(const struct dlq_file *f, int64_t *at_ms, struct err *e)
{
	struct store_conn *c;
	struct store_stmt *st;
	int r = store_reader_open(f->s, &c, e);

	if (r != 0)
		return r;
	r = sql_get(c, &dlq_sql, DLQ_SQL_OLDEST_PENDING, &st, e);
	if (r == 0)
		r = sql_step(st, e);
	if (r == 1 && (*at_ms == 0 || sql_col_i64(st, 0) < *at_ms))
		*at_ms = sql_col_i64(st, 0);
	store_reader_close(c);
	return r < 0 ? r : 0;
}

int
dlq_oldest_pending(struct dlq *d, int64_t *at_ms, struct err *e)
{
	int r = 0;

	*at_ms = 0;
	for (int i = 0; r == 0 && i < DLQ_FILES; i++)
		if (d->f[i].s != NULL)
			r = oldest_of(&d->f[i], at_ms, e);
	return r;
}
