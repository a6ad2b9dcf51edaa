#include "capture/quota.h"

#include <stdatomic.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/thread.h"
#include "store/sql.h"
#include "store/store.h"

#define SAVE_AFTER_NS ((int64_t)5 * 1000000000)
#define MAX_PROJECTS 200000

struct usage {
	int64_t team_id; /* 0: free */
	int64_t month;
	int64_t n[TEAM_N_KINDS];
	bool changed;
};

struct quotas {
	struct store *spool;
	struct lock lock; /* guards the table */
	struct usage *slots; /* open addressing, at most half full */
	uint64_t size, used;
	_Atomic int64_t saved_ns;
	_Atomic bool is_saving;
	struct store_job job;
};

enum { SQL_ALL, SQL_PUT, N_SQL };
static const char *const texts[] = {
	[SQL_ALL] = "SELECT team_id, kind, month, count FROM quota",
	[SQL_PUT] = "INSERT OR REPLACE INTO quota (team_id, kind, month, "
		    "count) VALUES (?1, ?2, ?3, ?4)",
};
static const struct sql_set quota_sql = {"quota", texts, N_SQL};

static int64_t
month_of(int64_t now_us)
{
	struct clock_civil c;

	clock_to_civil(now_us, &c);
	return (int64_t)c.year * 100 + c.month;
}

static struct usage *
probe(struct usage *slots, uint64_t size, int64_t team_id)
{
	uint64_t i = (uint64_t)team_id * 0x9e3779b97f4a7c15u >> 20;

	while (slots[i & (size - 1)].team_id != 0 &&
		slots[i & (size - 1)].team_id != team_id)
		i++;
	return &slots[i & (size - 1)];
}

static bool
grow(struct quotas *q)
{
	uint64_t size = q->size == 0 ? 64 : q->size * 2;
	struct usage *slots = mem_zalloc(size, sizeof(*slots));

	if (slots == NULL)
		return false;
	for (uint64_t i = 0; i < q->size; i++)
		if (q->slots[i].team_id != 0)
			*probe(slots, size, q->slots[i].team_id) = q->slots[i];
	mem_free(q->slots);
	q->slots = slots;
	q->size = size;
	return true;
}

/* Of this month; NULL: no memory, or not there and not to be made. */
static struct usage *
usage_of(struct quotas *q, int64_t team_id, int64_t month, bool make)
{
	struct usage *u = NULL;

	if (q->size > 0)
		u = probe(q->slots, q->size, team_id);
	if (u == NULL || u->team_id == 0) {
		if (!make || q->used >= MAX_PROJECTS ||
			(q->used * 2 >= q->size && !grow(q)))
			return NULL;
		u = probe(q->slots, q->size, team_id);
		*u = (struct usage){.team_id = team_id, .month = month};
		q->used++;
	}
	/* A clock that goes back does not give a month twice. */
	if (month > u->month)
		*u = (struct usage){.team_id = team_id, .month = month};
	return u;
}

static int
load(struct quotas *q, struct store_conn *c, struct err *e)
{
	struct store_stmt *st;
	int r = sql_get(c, &quota_sql, SQL_ALL, &st, e);

	while (r == 0 && (r = sql_step(st, e)) == 1) {
		int64_t kind = sql_col_i64(st, 1);
		struct usage *u = usage_of(
			q, sql_col_i64(st, 0), sql_col_i64(st, 2), true);

		r = 0;
		if (u != NULL && kind >= 0 && kind < TEAM_N_KINDS &&
			sql_col_i64(st, 2) == u->month)
			u->n[kind] = sql_col_i64(st, 3);
	}
	return r;
}

static int
put(struct store_conn *c, const struct usage *u, struct err *e)
{
	int r = 0;

	for (int k = 0; k < TEAM_N_KINDS && r == 0; k++) {
		struct store_stmt *st;

		r = sql_get(c, &quota_sql, SQL_PUT, &st, e);
		if (r != 0)
			return r;
		sql_bind_i64(st, 1, u->team_id);
		sql_bind_i64(st, 2, k);
		sql_bind_i64(st, 3, u->month);
		sql_bind_i64(st, 4, u->n[k]);
		r = sql_run(st, e);
	}
	return r;
}

/* One row after the other, so that requests wait for none of them. */
static int
run_save(struct store_job *j, struct store_conn *c, struct err *e)
{
	struct quotas *q =
		(struct quotas *)(void *)((char *)j -
					  offsetof(struct quotas, job));
	uint64_t i = 0;
	int r = 0;

	while (r == 0) {
		struct usage u = {0};

		lock_take(&q->lock);
		while (i < q->size && !q->slots[i].changed)
			i++;
		if (i < q->size) {
			u = q->slots[i];
			q->slots[i].changed = false;
		}
		lock_release(&q->lock);
		if (u.team_id == 0)
			break;
		r = put(c, &u, e);
	}
	return r;
}

/* What could not be written is written whole the next time. */
static void
save_done(struct store_job *j, const struct err *result)
{
	struct quotas *q =
		(struct quotas *)(void *)((char *)j -
					  offsetof(struct quotas, job));

	if (result->code != ERR_OK) {
		lock_take(&q->lock);
		for (uint64_t i = 0; i < q->size; i++)
			q->slots[i].changed = q->slots[i].team_id != 0;
		lock_release(&q->lock);
		log_warn("quota_not_saved", "error=%s", log_q(result->text));
	}
	atomic_store(&q->is_saving, false);
}

int
quotas_new(struct store *spool, struct quotas **out, struct err *e)
{
	struct quotas *q = mem_new(struct quotas);
	struct store_conn *c;
	int r;

	if (q == NULL)
		return err_set(e, ERR_NO_MEMORY, "quotas");
	q->spool = spool;
	lock_init(&q->lock);
	atomic_store(&q->saved_ns, clock_mono_ns());
	r = store_reader_open(spool, &c, e);
	if (r == 0) {
		r = load(q, c, e);
		store_reader_close(c);
	}
	if (r != 0) {
		quotas_free(q);
		return r;
	}
	*out = q;
	return 0;
}

void
quotas_free(struct quotas *q)
{
	if (q == NULL)
		return;
	lock_fini(&q->lock);
	mem_free(q->slots);
	mem_free(q);
}

int64_t
quotas_left(struct quotas *q, int64_t team_id, const struct team_quotas *of,
	enum team_kind kind, int64_t now_us)
{
	int64_t max = of->per_month[kind], n = 0;
	struct usage *u;

	if (max < 0)
		return INT64_MAX;
	lock_take(&q->lock);
	u = usage_of(q, team_id, month_of(now_us), false);
	if (u != NULL)
		n = u->n[kind];
	lock_release(&q->lock);
	return n < max ? max - n : 0;
}

void
quotas_add(struct quotas *q, int64_t team_id, const uint32_t n[TEAM_N_KINDS],
	int64_t now_us)
{
	int64_t at_ns = clock_mono_ns();
	struct usage *u;
	bool expected = false;
	struct err e;

	lock_take(&q->lock);
	u = usage_of(q, team_id, month_of(now_us), true);
	for (int k = 0; k < TEAM_N_KINDS && u != NULL; k++)
		u->n[k] += n[k];
	if (u != NULL)
		u->changed = true;
	lock_release(&q->lock);
	if (at_ns - atomic_load(&q->saved_ns) < SAVE_AFTER_NS ||
		!atomic_compare_exchange_strong(&q->is_saving, &expected, true))
		return;
	atomic_store(&q->saved_ns, at_ns);
	q->job = (struct store_job){
		.bytes = 1024, .run = run_save, .done = save_done};
	if (store_submit(q->spool, &q->job, &e) != 0)
		atomic_store(&q->is_saving, false);
}

static int
run_nothing(struct store_job *j, struct store_conn *c, struct err *e)
{
	(void)j;
	(void)c;
	(void)e;
	return 0;
}

int
quotas_save(struct quotas *q, struct err *e)
{
	bool expected = false;

	/* A job under way comes first: its done is called before ours. From
	 * then on none is handed over. */
	while (!atomic_compare_exchange_strong(
		&q->is_saving, &expected, true)) {
		struct store_job wait = {.bytes = 1, .run = run_nothing};
		int r = store_call(q->spool, &wait, e);

		if (r != 0)
			return r;
		expected = false;
	}
	q->job = (struct store_job){.bytes = 1024, .run = run_save};
	return store_call(q->spool, &q->job, e);
}
