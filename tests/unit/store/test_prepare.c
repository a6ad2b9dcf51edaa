#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/rand.h"
#include "base/thread.h"

/*
 * A step is a job whose text says what it does: 'a' appends, 'p' appends
 * prepared, 'P' publishes, 'D' discards, '!' fails as asked. Each append writes
 * the next number of the step.
 */
struct step {
	struct store_job job;
	struct fixture *f;
	char ops[8];
	int64_t number;
	size_t size; /* of a record */
	enum err_code result;
	int *n_left;
	struct lock *lock;
	struct cond *cond;
};

static int
run_append(struct step *x, struct store_conn *c, char op, int64_t number,
	struct err *e)
{
	int64_t base;
	struct buf b;
	int r;

	buf_init(&b, 64 << 20);
	make_batch(&b, number, 1, x->size);
	r = op == 'a' ? store_tx_append(c, x->f->p, b.p, b.len, 1, TS, &base, e)
		      : store_tx_append_prepared(
				c, x->f->p, b.p, b.len, 1, TS, &base, e);
	buf_fini(&b);
	return r;
}

static int
run_step(struct store_job *j, struct store_conn *c, struct err *e)
{
	struct step *x = (struct step *)(void *)j;
	int64_t number = x->number;
	int r = 0;

	for (const char *op = x->ops; *op != '\0' && r == 0; op++) {
		if (*op == 'P')
			r = store_tx_publish(c, x->f->p, e);
		else if (*op == 'D')
			r = store_tx_discard(c, x->f->p, e);
		else if (*op == '!')
			r = err_set(e, ERR_NOT_FOUND, "as asked");
		else
			r = run_append(x, c, *op, number++, e);
	}
	return r;
}

static int
step(struct fixture *f, const char *ops, int64_t number, size_t size)
{
	struct step x = {.job.run = run_step, .f = f};

	snprintf(x.ops, sizeof(x.ops), "%s", ops);
	x.number = number;
	x.size = size;
	return store_call(f->s, &x.job, &f->e);
}

static int64_t
high_watermark(struct fixture *f)
{
	struct store_part_state st;

	store_part_state(f->p, &st);
	return st.high_watermark;
}

static void
expect_offset(void *cookie, int64_t offset, struct slice value)
{
	(void)cookie;
	assert_int_equal(number_of(value), offset);
}

/* All visible records, cached and from the file. */
static void
expect_numbers_up_to(struct fixture *f, int64_t n)
{
	assert_int_equal(high_watermark(f), n);
	assert_int_equal(read_all(f, f->p, 0, expect_offset, NULL), n);
	store_test_drop_tail(f->s);
	assert_int_equal(read_all(f, f->p, 0, expect_offset, NULL), n);
}

static void
count_moves(void *cookie, struct store_part *p)
{
	(void)p;
	++*(int *)cookie;
}

/* store-11 */
static void
nobody_sees_prepared_rows_before_they_are_published(void **state)
{
	struct fixture *f = *state;
	int64_t offset, ts;
	int n_moves = 0;

	store_watch(f->s, count_moves, &n_moves);
	assert_int_equal(step(f, "aa", 0, 10), 0);
	assert_int_equal(n_moves, 1);
	assert_false(store_part_is_prepared(f->p));
	assert_int_equal(step(f, "ppp", 2, 10), 0);
	assert_int_equal(n_moves, 1);
	assert_true(store_part_is_prepared(f->p));
	expect_numbers_up_to(f, 2);
	assert_int_equal(store_offset_for_time(
				 f->reader, f->p, TS + 2, &offset, &ts, &f->e),
		0);
	assert_int_equal(offset, -1);
	store_part_set_retention(f->p, -1, 0);
	store_test_maintain(f->s);
	store_part_set_retention(f->p, -1, -1);
	assert_int_equal(step(f, "P", 0, 0), 0);
	assert_int_equal(n_moves, 2);
	assert_false(store_part_is_prepared(f->p));
	assert_int_equal(high_watermark(f), 5);
	assert_int_equal(read_all(f, f->p, 2, expect_offset, NULL), 5);
	assert_int_equal(store_offset_for_time(
				 f->reader, f->p, TS + 2, &offset, &ts, &f->e),
		0);
	assert_int_equal(offset, 2);
	/* Nothing is left to publish or discard. */
	assert_int_equal(step(f, "PD", 0, 0), 0);
	assert_int_equal(high_watermark(f), 5);
	assert_int_equal(append(f, f->p, 5, 1, 10), 5);
}

/* store-11: publish of one and preparation of the next are one step. */
static void
publish_and_prepare_go_in_one_job(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 10; i++) {
		assert_int_equal(step(f, "Pp", i, 10), 0);
		assert_int_equal(high_watermark(f), i);
		assert_int_equal(read_all(f, f->p, 0, expect_offset, NULL), i);
	}
	assert_int_equal(step(f, "pPp", 10, 10), 0);
	expect_numbers_up_to(f, 11);
	assert_int_equal(step(f, "Pap", 12, 10), 0);
	expect_numbers_up_to(f, 13);
	assert_int_equal(step(f, "D", 0, 0), 0);
	expect_numbers_up_to(f, 13);
}

static void
another_append_is_busy_alone(void **state)
{
	struct fixture *f = *state;
	struct store_part *other;

	assert_int_equal(store_part_open(f->s, "other", 0, &other, &f->e), 0);
	assert_int_equal(step(f, "p", 0, 10), 0);
	assert_int_equal(append(f, f->p, 9, 1, 10), -ERR_BUSY);
	assert_int_equal(step(f, "a", 9, 10), -ERR_BUSY);
	assert_int_equal(step(f, "pa", 9, 10), -ERR_BUSY);
	assert_int_equal(append(f, other, 0, 1, 10), 0);
	assert_int_equal(step(f, "p", 1, 10), 0);
	assert_int_equal(step(f, "P", 0, 0), 0);
	expect_numbers_up_to(f, 2);
	assert_int_equal(f->n_fatal, 0);
}

/* store-12 */
static void
discarded_offsets_are_given_again(void **state)
{
	struct fixture *f = *state;
	struct store_part_state before, after;

	assert_int_equal(append(f, f->p, 0, 2, 10), 0);
	store_part_state(f->p, &before);
	assert_int_equal(step(f, "ppp", 100, 500000), 0);
	assert_int_equal(step(f, "D", 0, 0), 0);
	assert_false(store_part_is_prepared(f->p));
	expect_numbers_up_to(f, 2);
	store_part_state(f->p, &after);
	assert_int_equal(after.bytes, before.bytes);
	reopen(f, STORE_SPOOL);
	store_part_state(f->p, &after);
	assert_int_equal(after.bytes, before.bytes);
	assert_int_equal(append(f, f->p, 2, 1, 10), 2);
	assert_int_equal(step(f, "pDa", 9, 10), 0);
	assert_int_equal(high_watermark(f), 4);
}

/* store-12: counts taken while rows were prepared must not outlive them. */
static void
a_restart_keeps_what_was_prepared(void **state)
{
	struct fixture *f = *state;
	struct store *tool;

	for (int i = 0; i < 2; i++) {
		int64_t n = i * 2;

		assert_int_equal(step(f, "aap", n, 10), 0);
		reopen(f, STORE_SPOOL);
		assert_true(store_part_is_prepared(f->p));
		expect_numbers_up_to(f, n + 2);
		assert_int_equal(append(f, f->p, 9, 1, 10), -ERR_BUSY);
		assert_int_equal(step(f, "p", n + 3, 10), 0);
		reopen(f, STORE_SPOOL);
		assert_int_equal(step(f, i == 0 ? "D" : "P", 0, 0), 0);
		expect_numbers_up_to(f, i == 0 ? 2 : 6);
		reopen(f, STORE_SPOOL);
		expect_numbers_up_to(f, i == 0 ? 2 : 6);
	}
	assert_int_equal(step(f, "p", 0, 10), 0);
	close_store(f);
	assert_int_equal(
		store_open_readonly(f->dir, STORE_SPOOL, &tool, &f->e), 0);
	assert_true(store_part_is_prepared(
		store_part_find(tool, SLICE_LIT("t"), 0)));
	store_close(tool);
	open_store(f, STORE_SPOOL);
}

/* What should be there, in numbers. */
#define MODEL_MAX 4096
struct model {
	int64_t numbers[MODEL_MAX];
	int64_t n_visible, n;
};

static enum err_code
apply(struct model *m, const struct step *x)
{
	struct model was = *m;
	int64_t number = x->number;

	for (const char *op = x->ops; *op != '\0'; op++) {
		if (*op == '!' || (*op == 'a' && m->n_visible < m->n)) {
			*m = was;
			return *op == '!' ? ERR_NOT_FOUND : ERR_BUSY;
		}
		if (*op == 'P')
			m->n_visible = m->n;
		else if (*op == 'D')
			m->n = m->n_visible;
		else
			m->numbers[m->n++] = number++;
		if (*op == 'a')
			m->n_visible = m->n;
	}
	return ERR_OK;
}

static void
step_done(struct store_job *j, const struct err *result)
{
	struct step *x = (struct step *)(void *)j;

	x->result = result->code;
	lock_take(x->lock);
	--*x->n_left;
	cond_signal(x->cond);
	lock_release(x->lock);
}

static void
make_step(
	struct step *x, struct fixture *f, struct rand_state *r, int64_t number)
{
	static const char ops[] = "appppPPD";
	size_t n = 1 + rand_below(r, 5);

	*x = (struct step){.job = {.run = run_step, .done = step_done},
		.f = f,
		.number = number};
	x->size = rand_below(r, 8) == 0 ? 300000 : 10 + rand_below(r, 2000);
	for (size_t i = 0; i < n; i++)
		x->ops[i] = ops[rand_below(r, 8)];
	if (rand_below(r, 5) == 0)
		x->ops[n] = '!';
}

#define GROUP_MAX 6
/* The first job holds the writer's lock-step: all are submitted before it can
 * be over, so that most share a transaction. */
static void
run_group(struct fixture *f, struct model *m, struct rand_state *r,
	int64_t *number)
{
	struct step steps[GROUP_MAX];
	int n = 1 + (int)rand_below(r, GROUP_MAX), n_left = n;
	struct lock lock;
	struct cond cond;

	lock_init(&lock);
	cond_init(&cond);
	for (int i = 0; i < n; i++) {
		make_step(&steps[i], f, r, *number);
		steps[i].lock = &lock;
		steps[i].cond = &cond;
		steps[i].n_left = &n_left;
		*number += 8;
	}
	for (int i = 0; i < n; i++)
		assert_int_equal(store_submit(f->s, &steps[i].job, &f->e), 0);
	lock_take(&lock);
	while (n_left > 0)
		cond_wait(&cond, &lock);
	lock_release(&lock);
	for (int i = 0; i < n; i++)
		assert_int_equal(apply(m, &steps[i]), steps[i].result);
	cond_fini(&cond);
	lock_fini(&lock);
}

static void
expect_model_number(void *cookie, int64_t offset, struct slice value)
{
	const struct model *m = cookie;

	assert_int_equal(number_of(value), m->numbers[offset]);
}

static void
expect_model(struct fixture *f, struct model *m)
{
	assert_int_equal(high_watermark(f), m->n_visible);
	assert_int_equal(store_part_is_prepared(f->p), m->n_visible < m->n);
	assert_int_equal(
		read_all(f, f->p, 0, expect_model_number, m), m->n_visible);
}

/* store-3, store-4, store-7, store-11, store-12 */
static void
memory_and_file_agree_whatever_is_undone(void **state)
{
	struct fixture *f = *state;
	const char *text = getenv("SLUICE_TEST_SEED");
	struct model *m = mem_xzalloc(1, sizeof(*m));
	uint64_t seed = text != NULL ? strtoull(text, NULL, 10)
				     : rand_u64() % 1000000000;
	struct rand_state r;
	int64_t number = 0;

	print_message(
		"seed %llu (SLUICE_TEST_SEED)\n", (unsigned long long)seed);
	rand_seed(&r, seed);
	for (int i = 0; i < 150 && m->n < MODEL_MAX - 200; i++) {
		run_group(f, m, &r, &number);
		expect_model(f, m);
		if (rand_below(&r, 4) == 0)
			store_test_drop_tail(f->s);
		if (rand_below(&r, 6) == 0)
			reopen(f, STORE_SPOOL);
		expect_model(f, m);
	}
	assert_true(m->n_visible > 50);
	mem_free(m);
}

static void
deleting_a_partition_takes_its_prepared_rows(void **state)
{
	struct fixture *f = *state;
	struct store_part *old = f->p;

	assert_int_equal(step(f, "aapp", 0, 10), 0);
	assert_int_equal(store_part_delete(f->s, old, &f->e), 0);
	assert_false(store_part_is_prepared(old));
	assert_int_equal(step(f, "P", 0, 0), 0);
	store_test_maintain(f->s);
	assert_int_equal(step(f, "D", 0, 0), 0);
	assert_int_equal(store_part_open(f->s, "t", 0, &f->p, &f->e), 0);
	assert_ptr_not_equal(f->p, old);
	assert_int_equal(step(f, "ap", 0, 10), 0);
	reopen(f, STORE_SPOOL);
	assert_int_equal(step(f, "P", 0, 0), 0);
	expect_numbers_up_to(f, 2);
	assert_int_equal(f->n_fatal, 0);
}

static int
drop_table(struct store_job *j, struct store_conn *c, struct err *e)
{
	static const char *const text[] = {"DROP TABLE prepared"};
	static const struct sql_set set = {"drop", text, 1};
	struct store_stmt *st;
	int r = sql_get(c, &set, 0, &st, e);

	(void)j;
	return r != 0 ? r : sql_run(st, e);
}

static void
a_tool_reads_a_file_from_before_there_was_such_a_table(void **state)
{
	struct fixture *f = *state;
	struct store_job job = {.run = drop_table};
	struct store *tool;

	assert_int_equal(append(f, f->p, 0, 2, 10), 0);
	assert_int_equal(store_call(f->s, &job, &f->e), 0);
	assert_int_equal(
		store_open_readonly(f->dir, STORE_STATE, &tool, &f->e), 0);
	assert_false(store_part_is_prepared(
		store_part_find(tool, SLICE_LIT("t"), 0)));
	store_close(tool);
}

int
run_prepare_tests(void)
{
#define ON(open, fn) cmocka_unit_test_setup_teardown(fn, open, close_all)
	const struct CMUnitTest tests[] = {
		ON(open_spool,
			nobody_sees_prepared_rows_before_they_are_published),
		ON(open_spool, publish_and_prepare_go_in_one_job),
		ON(open_spool, another_append_is_busy_alone),
		ON(open_spool, discarded_offsets_are_given_again),
		ON(open_spool, a_restart_keeps_what_was_prepared),
		ON(open_spool, memory_and_file_agree_whatever_is_undone),
		ON(open_spool, deleting_a_partition_takes_its_prepared_rows),
		ON(open_state,
			a_tool_reads_a_file_from_before_there_was_such_a_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
