#include "fixture.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "crash_work.h"

/*
 * Jobs as the app server's: rows, an append and the read position in one. Job
 * i sets the position to i and appends 1 + i % 3 records; between them stand
 * jobs that do the same and then fail.
 */
#define N_ROUNDS 2
#define N_GROUPS 4
#define N_JOBS 5

enum { SET_POSITION, GET_POSITION, N_TEXTS };
static const char *const texts[N_TEXTS] = {
	[SET_POSITION] = "INSERT INTO position (topic, idx, next)"
			 " VALUES ('in', 0, ?1) ON CONFLICT (topic, idx)"
			 " DO UPDATE SET next = ?1",
	[GET_POSITION] = "SELECT next FROM position WHERE topic = 'in'"
			 " AND idx = 0",
};
static const struct sql_set set = {"crash", texts, N_TEXTS};

struct job {
	struct store_job job;
	struct gate *g;
	struct store_part *p;
	int64_t i;
	bool must_fail;
	struct buf b;
};

static uint32_t
n_records(int64_t i)
{
	return 1 + (uint32_t)(i % 3);
}

static int
job_run(struct store_job *j, struct store_conn *c, struct err *e)
{
	struct job *x = (struct job *)(void *)j;
	struct store_stmt *st;
	int64_t base;
	int r = sql_get(c, &set, SET_POSITION, &st, e);

	if (r != 0)
		return r;
	sql_bind_i64(st, 1, x->i);
	if ((r = sql_run(st, e)) != 0)
		return r;
	r = store_tx_append(
		c, x->p, x->b.p, x->b.len, n_records(x->i), TS, &base, e);
	if (r == 0 && x->must_fail)
		return err_set(e, ERR_NOT_FOUND, "as asked");
	return r;
}

static void
job_done(struct store_job *j, const struct err *result)
{
	struct job *x = (struct job *)(void *)j;
	enum err_code want = x->must_fail ? ERR_NOT_FOUND : ERR_OK;

	if (result->code != want)
		work_failed("job", result);
	else if (!x->must_fail)
		shared->position = x->i;
	gate_count(x->g);
}

static int
submit_group(struct store *s, struct store_part *p, int64_t *i, struct err *e)
{
	struct job jobs[N_JOBS];
	struct gate g;

	if (gate_close(&g, s, e) != 0)
		return work_failed("gate", e);
	g.n_left += N_JOBS;
	for (int k = 0; k < N_JOBS; k++) {
		struct job *x = &jobs[k];

		*x = (struct job){.g = &g, .p = p};
		x->must_fail = k % 3 == 1;
		x->i = x->must_fail ? 900 : ++*i;
		buf_init(&x->b, 1 << 20);
		make_batch(&x->b, x->i * 10, n_records(x->i),
			(size_t)(k % 2) * 20000 + 10);
		x->job.run = job_run;
		x->job.done = job_done;
		if (store_submit(s, &x->job, e) != 0)
			return work_failed("submit", e);
	}
	gate_open_and_wait(&g);
	for (int k = 0; k < N_JOBS; k++)
		buf_fini(&jobs[k].b);
	return shared->error[0] != '\0';
}

static int
work_once(const char *dir, int64_t *i, struct err *e)
{
	struct store_options o = {
		.dir = dir, .kind = STORE_STATE, .queue_bytes = 16 << 20};
	struct store_part *p;
	struct store *s;

	if (store_open(&o, &s, e) != 0)
		return work_failed("open", e);
	if (store_part_open(s, "out", 0, &p, e) != 0)
		return work_failed("part", e);
	for (int g = 0; g < N_GROUPS; g++) {
		if (submit_group(s, p, i, e) != 0)
			return 1;
		if (g == 2)
			store_test_checkpoint(s);
	}
	store_close(s);
	return 0;
}

static int
run(const char *dir)
{
	int64_t i = 0;
	struct err e;

	for (int round = 0; round < N_ROUNDS; round++) {
		if (work_once(dir, &i, &e) != 0)
			return 1;
	}
	return 0;
}

/* Steps through the numbers that jobs 1, 2, ... wrote. */
struct expected {
	int64_t i;
	uint32_t k;
	bool is_wrong;
};

static void
expect_next(void *cookie, int64_t offset, struct slice value)
{
	struct expected *x = cookie;

	(void)offset;
	if (number_of(value) != x->i * 10 + x->k)
		x->is_wrong = true;
	if (++x->k == n_records(x->i)) {
		x->i++;
		x->k = 0;
	}
}

static int
get_position(struct fixture *f, int64_t *out)
{
	struct store_stmt *st;
	int r = sql_get(f->reader, &set, GET_POSITION, &st, &f->e);

	*out = 0;
	if (r == 0 && (r = sql_step(st, &f->e)) > 0) {
		*out = sql_col_i64(st, 0);
		sql_reset(st);
		r = 0;
	}
	return r;
}

static bool
check_open(struct fixture *f)
{
	struct store_part *p = store_part_find(f->s, SLICE_LIT("out"), 0);
	struct expected x = {.i = 1};
	struct store_part_state st;
	int64_t position;

	if (get_position(f, &position) != 0)
		return !work_failed("position", &f->e);
	if (position < shared->position)
		return !work_failed("an answered job is lost", NULL);
	if (p == NULL)
		return position == 0 || !work_failed("the log is lost", NULL);
	store_part_state(p, &st);
	if (read_all(f, p, 0, expect_next, &x) != st.high_watermark)
		return !work_failed("high watermark beyond the rows", NULL);
	if (x.is_wrong || x.k != 0)
		return !work_failed("the log has other records", NULL);
	if (x.i != position + 1)
		return !work_failed("position and log disagree", NULL);
	if (append(f, p, 1, 1, 10) != st.high_watermark)
		return !work_failed("an append after it", &f->e);
	return true;
}

static bool
check(const char *dir)
{
	struct store_options o = {
		.dir = dir, .kind = STORE_STATE, .queue_bytes = 16 << 20};
	struct fixture f = {.n_fatal = 0};
	bool ok;

	buf_init(&f.b, 1 << 20);
	if (store_open(&o, &f.s, &f.e) != 0 ||
		store_reader_open(f.s, &f.reader, &f.e) != 0)
		return !work_failed("open after it", &f.e);
	ok = check_open(&f);
	store_reader_close(f.reader);
	store_close(f.s);
	buf_fini(&f.b);
	return ok;
}

const struct crash_work crash_state = {"state", run, check};
