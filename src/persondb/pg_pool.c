#include "base/mem.h"
#include "persondb/pg_int.h"

static uint32_t
left(const struct persondb_pg_pool *p)
{
	return p->n - p->at;
}

int
persondb_pg_queue_ids(struct persondb_pg *d, struct persondb_pg_pool *p,
	uint32_t n, struct err *e)
{
	struct pg_stmt *st;

	p->n_asked = left(p) < n ? n - left(p) : 0;
	if (p->n_asked == 0)
		return 0;
	st = persondb_pg_get(d, PG_NEXT_IDS, 0);
	pg_bind_i64(st, 1, p->sequence);
	pg_bind_i64(st, 2, p->n_asked);
	return pg_queue(st, e);
}

static bool
make_room(struct persondb_pg_pool *p, uint32_t n)
{
	if (p->at > 0) {
		memmove(p->ids, p->ids + p->at, left(p) * sizeof(*p->ids));
		p->n = left(p);
		p->at = 0;
	}
	if (p->n + n > p->cap) {
		int64_t *ids = mem_realloc(p->ids, (p->n + n) * sizeof(*ids));

		if (ids == NULL)
			return false;
		p->ids = ids;
		p->cap = p->n + n;
	}
	return true;
}

int
persondb_pg_read_ids(
	struct persondb_pg *d, struct persondb_pg_pool *p, struct err *e)
{
	uint32_t n;

	if (p->n_asked == 0)
		return 0;
	if (pg_next(d->c, e) != 0)
		return -(int)e->code;
	n = (uint32_t)pg_n_rows(d->c);
	if (!make_room(p, n))
		return err_set(e, ERR_NO_MEMORY, "no memory for persons");
	for (uint32_t i = 0; i < n; i++)
		p->ids[p->n++] = pg_col_i64(d->c, (int)i, 0);
	return 0;
}

int64_t
persondb_pg_take_id(struct persondb_pg_pool *p)
{
	INVARIANT(left(p) > 0, "persondb-5");
	return p->ids[p->at++];
}
