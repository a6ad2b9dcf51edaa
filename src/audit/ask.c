#include "audit/gather.h"

#include <stdlib.h>

#include "base/mem.h"

/*
 * ClickHouse gets each row at least once, and its tables collapse rows of one
 * uuid when they like to. So rows are first counted as they stand, which is
 * cheap and nearly always right; where that differs, rows of one uuid count
 * once, and what the output log has more than once, because a client sent it
 * so, is added again.
 */
#define SUSPECTS_MAX 4096
#define HASHES_MAX_BYTES ((size_t)256 * 1024 * 1024)

struct suspect {
	int64_t minute, team_id;
};
struct suspects {
	struct suspect v[SUSPECTS_MAX];
	int n;
	bool is_full;
};

static int
note(void *cookie, const struct audit_difference *d, struct err *e)
{
	struct suspects *x = cookie;

	(void)e;
	if (x->n == SUSPECTS_MAX)
		x->is_full = true;
	else
		x->v[x->n++] = (struct suspect){d->minute, d->team_id};
	return 0;
}

static int
find_suspects(struct audit_gather *g, struct suspects *x, struct err *e)
{
	x->n = 0;
	x->is_full = false;
	return audit_compare(&g->list, AUDIT_EQ_CLICKHOUSE,
		g->bounds[AUDIT_EQ_CLICKHOUSE], note, x, e);
}

static int
ask(struct audit_gather *g, int64_t from, int64_t to, bool distinct,
	struct audit_list *out, struct err *e)
{
	const struct audit_clickhouse *c = &g->s->clickhouse;

	return c->ask(c->cookie, from, to, c->offset, distinct, out, e);
}

/* The sum of a suspect, made if ClickHouse has no row of it. */
static int
make_entries(struct audit_gather *g, const struct suspects *x, struct err *e)
{
	int r = 0;

	for (int i = 0; r == 0 && i < x->n; i++)
		r = audit_list_add(&g->list, AUDIT_CLICKHOUSE, x->v[i].minute,
			x->v[i].team_id, (struct audit_sum){0, 0}, e);
	audit_list_sort(&g->list);
	return r;
}

static int
count_distinct(struct audit_gather *g, const struct suspects *x, struct err *e)
{
	struct audit_list fresh = {0};
	int64_t to = x->v[x->n - 1].minute + 1;
	int r = ask(g, x->v[0].minute, to, true, &fresh, e);

	audit_list_sort(&fresh);
	for (int i = 0; r == 0 && i < x->n; i++) {
		const struct audit_entry *f = audit_list_find(&fresh,
			AUDIT_CLICKHOUSE, x->v[i].minute, x->v[i].team_id);
		struct audit_entry *had = audit_list_find(&g->list,
			AUDIT_CLICKHOUSE, x->v[i].minute, x->v[i].team_id);

		if (had != NULL)
			had->sum =
				f == NULL ? (struct audit_sum){0, 0} : f->sum;
	}
	audit_list_fini(&fresh);
	return r;
}

/* A row of the output log that is under suspicion. */
struct row {
	int32_t suspect;
	uint64_t hash;
};
struct collecting {
	const struct suspects *x;
	struct buf rows;
	int64_t first; /* minute of the first record */
};

static int
by_time(const void *a, const void *b)
{
	const struct suspect *x = a, *y = b;

	if (x->minute != y->minute)
		return x->minute < y->minute ? -1 : 1;
	return (x->team_id > y->team_id) - (x->team_id < y->team_id);
}

static int
collect(void *cookie, const struct audit_visit *v, struct err *e)
{
	struct collecting *c = cookie;
	const struct suspect key = {audit_minute(v->ts_ms), v->team_id};
	const struct suspect *s =
		bsearch(&key, c->x->v, (size_t)c->x->n, sizeof(key), by_time);
	struct row row;

	if (c->first == INT64_MAX)
		c->first = key.minute;
	if (s == NULL)
		return 0;
	row = (struct row){(int32_t)(s - c->x->v), v->hash};
	buf_append(&c->rows, &row, sizeof(row));
	return c->rows.failed ? err_set(e, ERR_NO_MEMORY,
					"no memory for the rows that differ")
			      : 0;
}

static int
by_row(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (x->suspect != y->suspect)
		return x->suspect < y->suspect ? -1 : 1;
	return (x->hash > y->hash) - (x->hash < y->hash);
}

/* What the log has of a suspect: all rows, and each uuid once. */
struct seen {
	struct audit_sum all, once;
};

static size_t
add_rows(const struct row *rows, size_t i, size_t n, struct seen *s)
{
	size_t from = i;

	*s = (struct seen){0};
	for (; i < n && rows[i].suspect == rows[from].suspect; i++) {
		s->all.count++;
		s->all.bits ^= rows[i].hash;
		if (i > from && rows[i].hash == rows[i - 1].hash)
			continue;
		s->once.count++;
		s->once.bits ^= rows[i].hash;
	}
	return i;
}

/* ClickHouse has been counted with each uuid once: what clients sent more than
 * once is added again. */
static void
settle(struct audit_gather *g, const struct suspect *who, const struct seen *s)
{
	struct audit_entry *had = audit_list_find(
		&g->list, AUDIT_CLICKHOUSE, who->minute, who->team_id);

	if (had == NULL)
		return;
	had->sum.count += s->all.count - s->once.count;
	had->sum.bits ^= s->all.bits ^ s->once.bits;
	g->n_copies += s->all.count - s->once.count;
}

static void
settle_all(struct audit_gather *g, const struct collecting *c)
{
	struct row *rows = (struct row *)(void *)c->rows.p;
	size_t n = c->rows.len / sizeof(*rows);

	if (n == 0)
		return;
	qsort(rows, n, sizeof(*rows), by_row);
	for (size_t i = 0; i < n;) {
		const struct suspect *who = &c->x->v[rows[i].suspect];
		struct seen s;

		i = add_rows(rows, i, n, &s);
		settle(g, who, &s);
	}
}

static int
look_closer(struct audit_gather *g, struct suspects *x, struct err *e)
{
	const struct audit_log *l = &g->logs[AUDIT_LOG_OUTPUT];
	int64_t to = g->s->clickhouse.offset, reached;
	struct collecting c = {.x = x, .first = INT64_MAX};
	int r;

	buf_init(&c.rows, HASHES_MAX_BYTES);
	r = audit_log_read(g, AUDIT_LOG_OUTPUT, l->start,
		to < l->end ? to : l->end, SIZE_MAX, collect, &c, &reached, e);
	if (r == 0)
		settle_all(g, &c);
	buf_fini(&c.rows);
	return r;
}

static int
doubt(struct audit_gather *g, struct suspects *x, struct err *e)
{
	int r = find_suspects(g, x, e);

	if (r != 0 || x->n == 0)
		return r;
	r = make_entries(g, x, e);
	if (r == 0)
		r = count_distinct(g, x, e);
	if (r == 0)
		r = find_suspects(g, x, e);
	if (r != 0 || x->n == 0)
		return r;
	return look_closer(g, x, e);
}

int
audit_ask_clickhouse(struct audit_gather *g, struct err *e)
{
	const struct audit_bounds *b = &g->bounds[AUDIT_EQ_CLICKHOUSE];
	struct suspects *x;
	int r = ask(g, b->from, b->to, false, &g->list, e);

	audit_list_sort(&g->list);
	if (r != 0)
		return r;
	x = mem_new(struct suspects);
	if (x == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory for the audit");
	r = doubt(g, x, e);
	mem_free(x);
	return r;
}
