#include "fixture.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "crash_work.h"

/*
 * Two stores as the app server has them: batch k is prepared here, then decided
 * in another database (here: shared->position, which no crash loses), then
 * published or discarded. Every fourth is not committed there. After the crash
 * the other database says what becomes of a prepared batch, and the log must
 * hold exactly the batches committed there.
 */
#define N_ROUNDS 2
#define N_BATCHES 16

enum { SET_BATCH, GET_BATCH, N_TEXTS };
static const char *const texts[N_TEXTS] = {
	[SET_BATCH] = "INSERT INTO position (topic, idx, next)"
		      " VALUES ('prepared', 0, ?1) ON CONFLICT (topic, idx)"
		      " DO UPDATE SET next = ?1",
	[GET_BATCH] = "SELECT next FROM position WHERE topic = 'prepared'"
		      " AND idx = 0",
};
static const struct sql_set set = {"crash_prepare", texts, N_TEXTS};

enum fate { LEAVE, PUBLISH, DISCARD };

struct job {
	struct store_job job;
	struct store_part *p;
	enum fate before; /* of the batch prepared before */
	int64_t k; /* to be prepared; 0: none */
};

static uint32_t
n_records(int64_t k)
{
	return 1 + (uint32_t)(k % 3);
}

static bool
is_committed(int64_t k)
{
	return k % 4 != 2;
}

static int
prepare(struct job *x, struct store_conn *c, struct err *e)
{
	struct store_stmt *st;
	int r = sql_get(c, &set, SET_BATCH, &st, e);

	if (r != 0)
		return r;
	sql_bind_i64(st, 1, x->k);
	r = sql_run(st, e);
	for (uint32_t i = 0; i < n_records(x->k) && r == 0; i++) {
		int64_t base;
		struct buf b;

		buf_init(&b, 1 << 20);
		make_batch(&b, x->k * 10 + i, 1, (size_t)(x->k % 2) * 9000 + 9);
		r = store_tx_append_prepared(
			c, x->p, b.p, b.len, 1, TS, &base, e);
		buf_fini(&b);
	}
	return r;
}

static int
run_job(struct store_job *j, struct store_conn *c, struct err *e)
{
	struct job *x = (struct job *)(void *)j;
	int r = 0;

	if (x->before == PUBLISH)
		r = store_tx_publish(c, x->p, e);
	if (x->before == DISCARD)
		r = store_tx_discard(c, x->p, e);
	return r != 0 || x->k == 0 ? r : prepare(x, c, e);
}

static int
do_job(struct store *s, struct store_part *p, enum fate before, int64_t k,
	struct err *e)
{
	struct job x = {.job.run = run_job, .p = p, .before = before, .k = k};

	return store_call(s, &x.job, e);
}

static int
work_once(const char *dir, int64_t *k, struct err *e)
{
	struct store_options o = {
		.dir = dir, .kind = STORE_STATE, .queue_bytes = 16 << 20};
	enum fate before = LEAVE;
	struct store_part *p;
	struct store *s;

	if (store_open(&o, &s, e) != 0)
		return work_failed("open", e);
	if (store_part_open(s, "out", 0, &p, e) != 0)
		return work_failed("part", e);
	for (int i = 0; i < N_BATCHES; i++) {
		++*k;
		/* Some settle the one before in a job of its own. */
		if (*k % 3 == 0 && do_job(s, p, before, 0, e) != 0)
			return work_failed("settle", e);
		if (do_job(s, p, *k % 3 == 0 ? LEAVE : before, *k, e) != 0)
			return work_failed("prepare", e);
		if (is_committed(*k))
			shared->position = *k;
		before = is_committed(*k) ? PUBLISH : DISCARD;
		if (i == N_BATCHES / 2)
			store_test_checkpoint(s);
	}
	if (do_job(s, p, before, 0, e) != 0)
		return work_failed("settle the last", e);
	store_close(s);
	return 0;
}

static int
run(const char *dir)
{
	int64_t k = 0;
	struct err e;

	for (int round = 0; round < N_ROUNDS; round++) {
		if (work_once(dir, &k, &e) != 0)
			return 1;
	}
	return 0;
}

/* Steps through the numbers of the batches that were committed. */
struct expected {
	int64_t k;
	uint32_t i;
	bool is_wrong;
};

static void
expect_next(void *cookie, int64_t offset, struct slice value)
{
	struct expected *x = cookie;

	(void)offset;
	if (number_of(value) != x->k * 10 + x->i)
		x->is_wrong = true;
	if (++x->i < n_records(x->k))
		return;
	x->i = 0;
	do {
		x->k++;
	} while (!is_committed(x->k));
}

static bool
log_is_whole(struct fixture *f, struct store_part *p)
{
	struct expected x = {.k = 1};
	struct store_part_state st;
	int64_t last = 0;

	store_part_state(p, &st);
	if (read_all(f, p, 0, expect_next, &x) != st.high_watermark)
		return !work_failed("high watermark beyond the rows", NULL);
	for (int64_t k = 1; k < x.k; k++)
		last = is_committed(k) ? k : last;
	if (x.is_wrong || x.i != 0)
		return !work_failed("the log has other records", NULL);
	if (last != shared->position)
		return !work_failed("the log ends elsewhere", NULL);
	return true;
}

static int
get_batch(struct fixture *f, int64_t *out)
{
	struct store_stmt *st;
	int r = sql_get(f->reader, &set, GET_BATCH, &st, &f->e);

	*out = 0;
	if (r == 0 && (r = sql_step(st, &f->e)) > 0) {
		*out = sql_col_i64(st, 0);
		sql_reset(st);
		r = 0;
	}
	return r;
}

static bool
settle(struct fixture *f, struct store_part *p)
{
	bool is_prepared = store_part_is_prepared(p);
	enum fate fate = DISCARD;
	int64_t k;

	if (get_batch(f, &k) != 0)
		return !work_failed("batch", &f->e);
	if (k == shared->position)
		fate = PUBLISH;
	if (is_prepared && append(f, p, 1, 1, 10) != -ERR_BUSY)
		return !work_failed("an append beside prepared rows", NULL);
	if (do_job(f->s, p, is_prepared ? fate : LEAVE, 0, &f->e) != 0)
		return !work_failed("settle after it", &f->e);
	return !store_part_is_prepared(p) ||
	       !work_failed("still prepared", NULL);
}

static bool
open_and_check(struct fixture *f, const char *dir, int pass)
{
	struct store_options o = {
		.dir = dir, .kind = STORE_STATE, .queue_bytes = 16 << 20};
	struct store_part *p;
	bool ok;

	if (store_open(&o, &f->s, &f->e) != 0 ||
		store_reader_open(f->s, &f->reader, &f->e) != 0)
		return !work_failed("open after it", &f->e);
	p = store_part_find(f->s, SLICE_LIT("out"), 0);
	ok = p != NULL || shared->position == 0 ||
	     !work_failed("the log is lost", NULL);
	if (p != NULL && ok)
		ok = settle(f, p) && log_is_whole(f, p);
	/* What comes after it is as if nothing had been. */
	if (p != NULL && ok && pass == 1)
		ok = do_job(f->s, p, LEAVE, 100, &f->e) == 0 &&
		     do_job(f->s, p, DISCARD, 100, &f->e) == 0 &&
		     do_job(f->s, p, DISCARD, 0, &f->e) == 0 &&
		     append(f, p, 1, 1, 10) >= 0;
	if (!ok && shared->error[0] == '\0')
		work_failed("new batches after it", &f->e);
	store_reader_close(f->reader);
	store_close(f->s);
	return ok;
}

static bool
check(const char *dir)
{
	struct fixture f = {.n_fatal = 0};
	bool ok;

	buf_init(&f.b, 1 << 20);
	ok = open_and_check(&f, dir, 0) && open_and_check(&f, dir, 1);
	buf_fini(&f.b);
	return ok;
}

const struct crash_work crash_prepare = {"prepare", run, check};
