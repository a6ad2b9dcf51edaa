#include "fixture.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"

enum { SET_POSITION, GET_POSITION, COUNT, BROKEN, N_TEXTS };
static const char *const texts[N_TEXTS] = {
	[SET_POSITION] = "INSERT INTO position (topic, idx, next)"
			 " VALUES (?1, ?2, ?3) ON CONFLICT (topic, idx)"
			 " DO UPDATE SET next = ?3",
	[GET_POSITION] = "SELECT next FROM position WHERE topic = ?1"
			 " AND idx = ?2",
	[COUNT] = "SELECT count(*) FROM position",
	[BROKEN] = "SELECT nothing FROM nowhere",
};
static const struct sql_set set = {"test", texts, N_TEXTS};

struct move {
	struct store_job job;
	struct fixture *f;
	int64_t next;
	int fail_with; /* after the work: this error code */
	bool break_sql, leave_open;
	int64_t base;
	int n_done;
	struct lock *lock;
	struct cond *cond;
	int *n_left;
	struct buf b;
};

static int
move_run(struct store_job *j, struct store_conn *c, struct err *e)
{
	struct move *m = (struct move *)(void *)j;
	struct store_stmt *st;
	int r = sql_get(c, &set, SET_POSITION, &st, e);

	if (r != 0)
		return r;
	sql_bind_text(st, 1, SLICE_LIT("in"));
	sql_bind_i64(st, 2, 0);
	sql_bind_i64(st, 3, m->next);
	if ((r = sql_run(st, e)) != 0)
		return r;
	r = store_tx_append(c, m->f->p, m->b.p, m->b.len, 2, TS, &m->base, e);
	if (r != 0)
		return r;
	if (m->leave_open) {
		r = sql_get(c, &set, COUNT, &st, e);
		return r != 0 ? r : sql_step(st, e) < 0 ? -(int)e->code : 0;
	}
	if (m->break_sql)
		return sql_get(c, &set, BROKEN, &st, e);
	if (m->fail_with != 0)
		return err_set(e, (enum err_code)m->fail_with, "as asked");
	return 0;
}

static void
move_done(struct store_job *j, const struct err *result)
{
	struct move *m = (struct move *)(void *)j;

	(void)result;
	lock_take(m->lock);
	m->n_done++;
	--*m->n_left;
	cond_signal(m->cond);
	lock_release(m->lock);
}

static int64_t
position(struct fixture *f)
{
	struct store_stmt *st;
	int64_t next = -1;

	assert_int_equal(sql_get(f->reader, &set, GET_POSITION, &st, &f->e), 0);
	sql_bind_text(st, 1, SLICE_LIT("in"));
	sql_bind_i64(st, 2, 0);
	if (sql_step(st, &f->e) == 1)
		next = sql_col_i64(st, 0);
	sql_reset(st);
	return next;
}

static void
set_up_move(struct move *m, struct fixture *f, int64_t next)
{
	*m = (struct move){
		.job = {.run = move_run, .bytes = 100}, .f = f, .next = next};
	buf_init(&m->b, 4096);
	make_batch(&m->b, next, 2, 30);
}

static void
note_number(void *cookie, int64_t offset, struct slice value)
{
	int64_t *numbers = cookie;

	numbers[offset] = number_of(value);
}

/* store-3 */
static void
rows_append_and_position_commit_together(void **state)
{
	struct fixture *f = *state;
	struct move m;

	set_up_move(&m, f, 7);
	assert_int_equal(store_call(f->s, &m.job, &f->e), 0);
	assert_int_equal(m.base, 0);
	assert_int_equal(position(f), 7);
	assert_int_equal(read_all(f, f->p, 0, NULL, NULL), 2);
	buf_fini(&m.b);
	set_up_move(&m, f, 8);
	m.fail_with = ERR_BUSY;
	assert_int_equal(store_call(f->s, &m.job, &f->e), -ERR_BUSY);
	assert_string_equal(f->e.text, "as asked");
	assert_int_equal(position(f), 7);
	assert_int_equal(read_all(f, f->p, 0, NULL, NULL), 2);
	m.fail_with = 0;
	m.break_sql = true;
	assert_int_equal(store_call(f->s, &m.job, &f->e), -ERR_BUG);
	m.break_sql = false;
	m.leave_open = true;
	assert_int_equal(store_call(f->s, &m.job, &f->e), 0);
	assert_int_equal(m.base, 2);
	assert_int_equal(position(f), 8);
	buf_fini(&m.b);
	assert_int_equal(f->n_fatal, 0);
}

/* Keeps the writer busy until told, so that what follows is one group. */
struct gate {
	struct store_job job;
	struct lock lock;
	struct cond cond;
	bool is_open;
};

static int
gate_run(struct store_job *j, struct store_conn *c, struct err *e)
{
	struct gate *g = (struct gate *)(void *)j;

	(void)c;
	(void)e;
	lock_take(&g->lock);
	while (!g->is_open)
		cond_wait(&g->cond, &g->lock);
	lock_release(&g->lock);
	return 0;
}

static void
gate_done(struct store_job *j, const struct err *result)
{
	(void)j;
	(void)result;
}

static void
submit_all(struct fixture *f, struct move *m, int n, int *n_left)
{
	struct gate g = {.job = {.run = gate_run, .done = gate_done}};
	struct lock lock;
	struct cond cond;

	lock_init(&g.lock);
	cond_init(&g.cond);
	lock_init(&lock);
	cond_init(&cond);
	assert_int_equal(store_submit(f->s, &g.job, &f->e), 0);
	for (int i = 0; i < n; i++) {
		m[i].lock = &lock;
		m[i].cond = &cond;
		m[i].n_left = n_left;
		m[i].job.done = move_done;
		assert_int_equal(store_submit(f->s, &m[i].job, &f->e), 0);
	}
	lock_take(&g.lock);
	g.is_open = true;
	cond_signal(&g.cond);
	lock_release(&g.lock);
	lock_take(&lock);
	while (*n_left > 0)
		cond_wait(&cond, &lock);
	lock_release(&lock);
	cond_fini(&cond);
	lock_fini(&lock);
	cond_fini(&g.cond);
	lock_fini(&g.lock);
}

/* store-3, store-2: offsets stay dense around the failed ones. */
static void
a_failing_job_of_a_group_is_undone_alone(void **state)
{
	struct fixture *f = *state;
	struct move m[9];
	int64_t numbers[16] = {0};
	int n_left = 9, n = 0;

	for (int i = 0; i < 9; i++) {
		set_up_move(&m[i], f, 100 * (i + 1));
		m[i].fail_with = i % 3 == 1 ? ERR_NOT_FOUND : 0;
		m[i].break_sql = i == 8;
	}
	submit_all(f, m, 9, &n_left);
	for (int i = 0; i < 9; i++) {
		enum err_code want = i == 8       ? ERR_BUG
				     : i % 3 == 1 ? ERR_NOT_FOUND
						  : ERR_OK;

		assert_int_equal(m[i].job.result.code, want);
		assert_int_equal(m[i].n_done, 1);
		if (want == ERR_OK)
			assert_int_equal(m[i].base, 2 * n++);
		buf_fini(&m[i].b);
	}
	assert_int_equal(read_all(f, f->p, 0, note_number, numbers), 2 * n);
	assert_int_equal(numbers[0], 100);
	assert_int_equal(numbers[2], 300);
	assert_int_equal(numbers[3], 301);
	assert_int_equal(numbers[2 * n - 1], 701);
	assert_int_equal(position(f), 700);
	store_test_drop_tail(f->s);
	assert_int_equal(read_all(f, f->p, 0, NULL, NULL), 2 * n);
	reopen(f, STORE_STATE);
	assert_int_equal(read_all(f, f->p, 0, NULL, NULL), 2 * n);
	assert_int_equal(append(f, f->p, 1, 1, 20), 2 * n);
	assert_int_equal(f->n_fatal, 0);
}

struct calling {
	struct thread t;
	struct fixture *f;
	struct move m;
	int r;
};

static void
call_move(void *cookie)
{
	struct calling *c = cookie;
	struct err e;

	c->r = store_call(c->f->s, &c->m.job, &e);
}

/* store-6 */
static void
the_queue_is_bounded_and_a_call_still_goes_in(void **state)
{
	struct fixture *f = *state;
	struct gate g = {.job = {.run = gate_run, .done = gate_done}};
	struct store_job big = {.run = gate_run, .done = gate_done};
	struct calling c = {.f = f};

	lock_init(&g.lock);
	cond_init(&g.cond);
	g.job.bytes = 64 << 20;
	big.bytes = 1;
	assert_int_equal(store_submit(f->s, &g.job, &f->e), 0);
	assert_int_equal(store_submit(f->s, &big, &f->e), -ERR_BUSY);
	set_up_move(&c.m, f, 1);
	assert_int_equal(thread_start(&c.t, "caller", call_move, &c, &f->e), 0);
	lock_take(&g.lock);
	g.is_open = true;
	cond_signal(&g.cond);
	lock_release(&g.lock);
	thread_join(&c.t);
	assert_int_equal(c.r, 0);
	assert_int_equal(position(f), 1);
	buf_fini(&c.m.b);
	cond_fini(&g.cond);
	lock_fini(&g.lock);
}

static void
what_was_answered_is_there_after_close_and_open(void **state)
{
	struct fixture *f = *state;
	struct move m;

	set_up_move(&m, f, 3);
	assert_int_equal(store_call(f->s, &m.job, &f->e), 0);
	reopen(f, STORE_STATE);
	assert_int_equal(position(f), 3);
	buf_fini(&m.b);
}

static int
met_run(struct store_job *j, struct store_conn *c, struct err *e)
{
	int r = move_run(j, c, e);

	ERR_IGNORE(err_set(e, ERR_INVALID, "met and handled"), "handled");
	return r;
}

/* store-3: what counts is what run returns. */
static void
an_error_that_a_job_handled_is_no_failure(void **state)
{
	struct fixture *f = *state;
	struct move m;

	set_up_move(&m, f, 3);
	m.job.run = met_run;
	assert_int_equal(store_call(f->s, &m.job, &f->e), 0);
	assert_int_equal(m.job.result.code, ERR_OK);
	assert_int_equal(position(f), 3);
	buf_fini(&m.b);
}

/* store-9: a statement that is not there ends the process. */
static void
a_mistake_of_the_program_ends_it(void **state)
{
	struct fixture *f = *state;
	struct store_stmt *st;
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		close(STDERR_FILENO);
		signal(SIGABRT, SIG_DFL);
		ERR_IGNORE(sql_get(f->reader, &set, N_TEXTS, &st, &f->e),
			"does not return");
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
}

int
run_job_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			rows_append_and_position_commit_together, open_state,
			close_all),
		cmocka_unit_test_setup_teardown(
			an_error_that_a_job_handled_is_no_failure, open_state,
			close_all),
		cmocka_unit_test_setup_teardown(
			a_failing_job_of_a_group_is_undone_alone, open_state,
			close_all),
		cmocka_unit_test_setup_teardown(
			the_queue_is_bounded_and_a_call_still_goes_in,
			open_state, close_all),
		cmocka_unit_test_setup_teardown(
			a_mistake_of_the_program_ends_it, open_state,
			close_all),
		cmocka_unit_test_setup_teardown(
			what_was_answered_is_there_after_close_and_open,
			open_state, close_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
