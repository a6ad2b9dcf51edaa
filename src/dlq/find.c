#include "dlq/dlq_int.h"
#include "dlq/sql.h"

/* PARTITION-OFFSET. */
static bool
is_place(struct slice id, int *partition, int64_t *offset)
{
	int64_t n = 0;

	if (id.len < 3 || id.len > 15 || id.p[0] < '0' ||
		id.p[0] >= '0' + DLQ_FILES || id.p[1] != '-')
		return false;
	for (size_t i = 2; i < id.len; i++) {
		if (id.p[i] < '0' || id.p[i] > '9')
			return false;
		n = n * 10 + (id.p[i] - '0');
	}
	*partition = id.p[0] - '0';
	*offset = n;
	return true;
}

static int
find_offset(struct store_conn *c, const struct uuid *u, int64_t *offset,
	struct err *e)
{
	struct store_stmt *st;
	int r = sql_get(c, &dlq_sql, DLQ_SQL_ROW_FIND, &st, e);

	if (r != 0)
		return r;
	sql_bind_blob(st, 1, slice_of((const char *)u->b, sizeof(u->b)));
	r = sql_step(st, e);
	if (r == 1) {
		*offset = sql_col_i64(st, 0);
		sql_reset(st);
	}
	return r;
}

static int
find_row(struct store_conn *c, int partition, int64_t offset,
	struct dlq_row *row, struct err *e)
{
	struct store_stmt *st;
	struct dlq_filter any = {.states = (1U << DLQ_N_STATES) - 1};
	int r = sql_get(c, &dlq_sql, DLQ_SQL_SCAN, &st, e);

	if (r != 0)
		return r;
	sql_bind_i64(st, 1, offset);
	sql_bind_i64(st, 2, offset + 1);
	sql_bind_i64(st, 3, any.states);
	dlq_bind_filter(st, 4, &any);
	sql_bind_i64(st, 7, 1);
	r = sql_step(st, e);
	if (r == 1) {
		dlq_row_read(st, partition, row);
		sql_reset(st);
	}
	return r;
}

int
dlq_find(struct dlq *d, struct slice id, struct dlq_row *row, struct err *e)
{
	struct uuid u;
	int64_t offset = 0;
	int place = -1;
	int r = 0;

	if (!is_place(id, &place, &offset) && !uuid_parse(id, &u))
		return err_set(e, ERR_NOT_FOUND,
			"no dead letter has the id %.*s: see sluice dlq list",
			SLICE_FMT(id));
	for (int i = 0; r == 0 && i < DLQ_FILES; i++) {
		struct store_conn *c;

		if (d->f[i].s == NULL || (place >= 0 && place != i))
			continue;
		r = store_reader_open(d->f[i].s, &c, e);
		if (r != 0)
			return r;
		r = place >= 0 ? 1 : find_offset(c, &u, &offset, e);
		if (r == 1)
			r = find_row(c, i, offset, row, e);
		store_reader_close(c);
	}
	if (r == 0)
		r = err_set(e, ERR_NOT_FOUND,
			"no dead letter has the id %.*s: see sluice dlq list",
			SLICE_FMT(id));
	return r < 0 ? r : 0;
}

int
dlq_read(struct dlq *d, const struct dlq_row *row, struct arena *a,
	struct batch_record_view *rec, struct err *e)
{
	const struct dlq_file *f = &d->f[row->partition];
	struct dlq_reader r;
	int rc = dlq_reader_open(f->s, dlq_part(f), &r, e);

	if (rc == 0)
		rc = dlq_reader_get(&r, row->offset, rec, e);
	if (rc == 0 || (rc == 1 && rec->offset != row->offset))
		rc = err_set(e, ERR_NOT_FOUND, "the letter was deleted");
	if (rc == 1) {
		if (rec->value.p != NULL)
			rec->value = arena_dup_slice(a, rec->value);
		rec->headers = arena_dup_slice(a, rec->headers);
		rec->key = SLICE_NONE;
		rc = 0;
	}
	dlq_reader_close(&r);
	return rc;
}
