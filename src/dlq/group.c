#include <stdlib.h>

#include "dlq/dlq_int.h"
#include "dlq/sql.h"

int
dlq_group_count(struct store_conn *c, int64_t group,
	const int64_t n[DLQ_N_STATES], struct err *e)
{
	struct store_stmt *st;
	int r = sql_get(c, &dlq_sql, DLQ_SQL_GROUP_COUNT, &st, e);

	if (r != 0)
		return r;
	sql_bind_i64(st, 1, group);
	for (int i = 0; i < DLQ_N_STATES; i++)
		sql_bind_i64(st, 2 + i, n[i]);
	return sql_run(st, e);
}

void
dlq_bind_filter(struct store_stmt *st, int first, const struct dlq_filter *f)
{
	if (f->reason.p != NULL)
		sql_bind_text(st, first, f->reason);
	else
		sql_bind_null(st, first);
	if (f->error.p != NULL)
		sql_bind_text(st, first + 1, f->error);
	else
		sql_bind_null(st, first + 1);
	if (f->has_project)
		sql_bind_i64(st, first + 2, f->team_id);
	else
		sql_bind_null(st, first + 2);
}

struct list {
	struct dlq_group *g;
	uint32_t n, cap;
	unsigned states;
	struct arena *a;
};

static int64_t
wanted(const struct dlq_group *g, unsigned states)
{
	int64_t n = 0;

	for (int i = 0; i < DLQ_N_STATES; i++)
		if ((states >> i & 1) != 0)
			n += g->n[i];
	return n;
}

static struct slice
copy(struct arena *a, struct slice s)
{
	return s.len == 0 ? SLICE_LIT("") : arena_dup_slice(a, s);
}

static int
read_group(struct store_stmt *st, int partition, struct arena *a,
	struct dlq_group *g)
{
	struct slice id = sql_col_blob(st, 10);

	*g = (struct dlq_group){
		.team_id = sql_col_i64(st, 0),
		.reason = copy(a, sql_col_text(st, 1)),
		.step = copy(a, sql_col_text(st, 2)),
		.error = copy(a, sql_col_text(st, 3)),
		.first_ms = sql_col_i64(st, 7),
		.last_ms = sql_col_i64(st, 8),
		.newest_partition = partition,
		.newest = sql_col_i64(st, 9),
		.has_id = id.len == sizeof(g->newest_id.b),
	};
	for (int i = 0; i < DLQ_N_STATES; i++)
		g->n[i] = sql_col_i64(st, 4 + i);
	if (g->has_id)
		memcpy(g->newest_id.b, id.p, id.len);
	return g->reason.p == NULL || g->step.p == NULL || g->error.p == NULL
		       ? -1
		       : 0;
}

static int
add(struct list *l, const struct dlq_group *g, struct err *e)
{
	if (wanted(g, l->states) == 0)
		return 0;
	if (l->n == l->cap) {
		uint32_t cap = l->cap == 0 ? 64 : l->cap * 2;
		struct dlq_group *more = arena_zalloc(l->a, cap, sizeof(*more));

		if (more == NULL)
			return err_set(e, ERR_NO_MEMORY,
				"no memory for groups of letters");
		if (l->n > 0)
			memcpy(more, l->g, l->n * sizeof(*more));
		l->g = more;
		l->cap = cap;
	}
	l->g[l->n++] = *g;
	return 0;
}

static int
read_file(struct list *l, const struct dlq_file *f,
	const struct dlq_filter *filter, struct err *e)
{
	struct store_conn *c;
	struct store_stmt *st;
	int r = store_reader_open(f->s, &c, e);

	if (r != 0)
		return r;
	r = sql_get(c, &dlq_sql, DLQ_SQL_GROUPS, &st, e);
	if (r == 0)
		dlq_bind_filter(st, 1, filter);
	while (r == 0 && (r = sql_step(st, e)) == 1) {
		struct dlq_group g;

		r = read_group(st, f->partition, l->a, &g) < 0
			    ? err_set(e, ERR_NO_MEMORY,
				      "no memory for groups of letters")
			    : add(l, &g, e);
	}
	store_reader_close(c);
	return r;
}

static int
by_key(const void *pa, const void *pb)
{
	const struct dlq_group *a = pa, *b = pb;
	int d = (a->team_id > b->team_id) - (a->team_id < b->team_id);

	if (d == 0)
		d = slice_cmp(a->reason, b->reason);
	if (d == 0)
		d = slice_cmp(a->step, b->step);
	return d != 0 ? d : slice_cmp(a->error, b->error);
}

/* Those with most pending first; ties by key, so that the order is one. */
static int
by_count(const void *pa, const void *pb)
{
	const struct dlq_group *a = pa, *b = pb;
	int64_t x = a->n[DLQ_PENDING], y = b->n[DLQ_PENDING];

	if (x == y) {
		x = a->n[DLQ_REPLAYED] + a->n[DLQ_DISCARDED];
		y = b->n[DLQ_REPLAYED] + b->n[DLQ_DISCARDED];
	}
	return x != y ? (x < y) - (x > y) : by_key(pa, pb);
}

static void
add_to(struct dlq_group *g, const struct dlq_group *same)
{
	for (int i = 0; i < DLQ_N_STATES; i++)
		g->n[i] += same->n[i];
	if (same->first_ms < g->first_ms)
		g->first_ms = same->first_ms;
	if (same->last_ms <= g->last_ms)
		return;
	g->last_ms = same->last_ms;
	g->newest_partition = same->newest_partition;
	g->newest = same->newest;
	g->newest_id = same->newest_id;
	g->has_id = same->has_id;
}

static void
merge_same(struct list *l)
{
	uint32_t n = 0;

	qsort(l->g, l->n, sizeof(*l->g), by_key);
	for (uint32_t i = 0; i < l->n; i++) {
		if (n > 0 && by_key(&l->g[n - 1], &l->g[i]) == 0)
			add_to(&l->g[n - 1], &l->g[i]);
		else
			l->g[n++] = l->g[i];
	}
	l->n = n;
	qsort(l->g, l->n, sizeof(*l->g), by_count);
}

int
dlq_groups(struct dlq *d, const struct dlq_filter *f, struct arena *a,
	struct dlq_group **out, uint32_t *n, struct err *e)
{
	struct dlq_filter by = *f;
	struct list l = {.a = a, .states = f->states};
	struct buf text;
	int r = 0;

	buf_init(&text, (size_t)8 * DLQ_ERROR_MAX);
	if (f->error.p != NULL) {
		dlq_normalise(f->error, &text);
		by.error = slice_of(text.len == 0 ? "" : text.p, text.len);
	}
	for (int i = 0; r == 0 && i < DLQ_FILES; i++)
		if (d->f[i].s != NULL)
			r = read_file(&l, &d->f[i], &by, e);
	buf_fini(&text);
	if (r != 0)
		return r;
	if (l.n > 0)
		merge_same(&l);
	*out = l.g;
	*n = l.n;
	return 0;
}
