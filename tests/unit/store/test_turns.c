#include "fixture.h"

#include "base/clock.h"
#include "base/thread.h"
#include "store/store_int.h"

#define MIB ((size_t)1024 * 1024)
#define JOBS_MAX 64

/* The first job holds the writer until all others are submitted. */
struct turns {
	struct fixture *f;
	struct lock lock;
	struct cond cond;
	bool is_open, has_begun;
	int n, n_done;
	struct turn_job {
		struct store_job job;
		struct turns *t;
		int number;
	} jobs[JOBS_MAX], gate;
	int order[JOBS_MAX]; /* numbers as the jobs were run */
	int n_run;
	int n_groups, seen_done; /* jobs that run after others were done */
};

static struct turn_job *
turn_job(struct store_job *j)
{
	return (struct turn_job *)(void *)j;
}

static int
gate_run(struct store_job *j, struct store_conn *c, struct err *e)
{
	struct turns *t = turn_job(j)->t;

	(void)c;
	(void)e;
	lock_take(&t->lock);
	t->has_begun = true;
	cond_broadcast(&t->cond);
	while (!t->is_open)
		cond_wait(&t->cond, &t->lock);
	lock_release(&t->lock);
	return 0;
}

static int
note_run(struct store_job *j, struct store_conn *c, struct err *e)
{
	struct turns *t = turn_job(j)->t;

	(void)c;
	(void)e;
	t->n_groups += t->n_run == 0 || t->seen_done != t->n_done;
	t->seen_done = t->n_done;
	t->order[t->n_run++] = turn_job(j)->number;
	return 0;
}

static void
note_done(struct store_job *j, const struct err *result)
{
	struct turns *t = turn_job(j)->t;

	lock_take(&t->lock);
	t->n_done += result->code == ERR_OK;
	cond_broadcast(&t->cond);
	lock_release(&t->lock);
}

static void
begin(struct turns *t, struct fixture *f)
{
	*t = (struct turns){.f = f};
	lock_init(&t->lock);
	cond_init(&t->cond);
	t->gate.t = t;
	t->gate.job.run = gate_run;
	t->gate.job.done = note_done;
	assert_int_equal(store_submit(f->s, &t->gate.job, &f->e), 0);
	lock_take(&t->lock);
	while (!t->has_begun)
		cond_wait(&t->cond, &t->lock);
	lock_release(&t->lock);
}

static void
add(struct turns *t, uint32_t share, size_t bytes)
{
	struct turn_job *j = &t->jobs[t->n];

	j->t = t;
	j->number = t->n++;
	if (j->job.run == NULL)
		j->job.run = note_run;
	j->job.done = note_done;
	j->job.share = share;
	j->job.bytes = bytes;
	assert_int_equal(store_submit(t->f->s, &j->job, &t->f->e), 0);
}

static void
run_all(struct turns *t)
{
	lock_take(&t->lock);
	t->is_open = true;
	cond_broadcast(&t->cond);
	while (t->n_done < t->n + 1)
		cond_wait(&t->cond, &t->lock);
	lock_release(&t->lock);
	assert_int_equal(t->n_run, t->n);
	cond_fini(&t->cond);
	lock_fini(&t->lock);
}

static int
place_of(const struct turns *t, int number)
{
	for (int i = 0; i < t->n_run; i++)
		if (t->order[i] == number)
			return i;
	fail();
	return -1;
}

static void
check_order_of_share(const struct turns *t, uint32_t share)
{
	int last = -1;

	for (int i = 0; i < t->n; i++) {
		if (t->jobs[i].job.share != share)
			continue;
		assert_true(place_of(t, i) > last);
		last = place_of(t, i);
	}
}

/* store-14 */
static void
one_with_much_waiting_does_not_hold_up_others(void **state)
{
	struct turns t;

	begin(&t, *state);
	for (int i = 0; i < 20; i++)
		add(&t, 1, MIB);
	for (int i = 0; i < 6; i++)
		add(&t, 2 + (uint32_t)i % 3, 1000);
	run_all(&t);
	/* One job of the first, then all of the others. */
	for (int i = 20; i < 26; i++)
		assert_true(place_of(&t, i) <= 7);
	for (uint32_t share = 1; share < 5; share++)
		check_order_of_share(&t, share);
}

/* store-14 */
static void
a_job_larger_than_a_group_goes_after_small_ones_but_goes(void **state)
{
	struct turns t;

	begin(&t, *state);
	add(&t, 1, 20 * MIB);
	add(&t, 1, 10);
	add(&t, 2, 6 * MIB);
	for (int i = 0; i < 8; i++)
		add(&t, 3, MIB);
	add(&t, 4, 100);
	run_all(&t);
	/* One of share 3 and share 4 are the first group. */
	assert_true(place_of(&t, 11) < place_of(&t, 0));
	assert_true(place_of(&t, 3) < place_of(&t, 0));
	assert_true(place_of(&t, 0) < place_of(&t, 10));
	assert_true(place_of(&t, 0) < place_of(&t, 2));
	check_order_of_share(&t, 1);
	check_order_of_share(&t, 3);
}

/* store-6 */
static void
one_share_keeps_its_order(void **state)
{
	struct turns t;

	begin(&t, *state);
	for (int i = 0; i < 40; i++)
		add(&t, 7, i % 3 == 0 ? MIB : 10);
	run_all(&t);
	for (int i = 0; i < t.n; i++)
		assert_int_equal(t.order[i], i);
}

/* store-6 */
static void
a_job_that_wipes_waits_for_all_before_it(void **state)
{
	struct turns t;

	begin(&t, *state);
	for (int i = 0; i < 8; i++)
		add(&t, 1 + (uint32_t)i % 2, MIB);
	t.jobs[t.n].job.wipes = true;
	add(&t, 3, 10);
	add(&t, 4, 10);
	run_all(&t);
	assert_int_equal(t.order[8], 8);
	assert_int_equal(t.order[9], 9);
}

/* store-14: he who sent lately is not to wait for a large group of another. */
static void
groups_stay_small_for_a_while_after_others_came(void **state)
{
	struct turns t;

	begin(&t, *state);
	for (int i = 0; i < 6; i++)
		add(&t, 1, MIB / 2);
	add(&t, 2, 10);
	run_all(&t);
	begin(&t, *state);
	for (int i = 0; i < 12; i++)
		add(&t, 1, MIB / 2);
	run_all(&t);
	check_order_of_share(&t, 1);
	assert_true(t.n_groups >= 6);
}

static int
release_run(struct store_job *j, struct store_conn *c, struct err *e)
{
	turn_job(j)->t->f->s->held_until_ns = 0;
	return note_run(j, c, e);
}

/* store-14: he who had most of a transaction waits a while; others do not. */
static void
one_that_is_held_lets_others_go_first(void **state)
{
	struct turns t;
	struct store *s;

	begin(&t, *state);
	s = t.f->s; /* its writer is in the gate */
	s->held_slot = 1;
	s->held_until_ns = clock_mono_ns() + INT64_C(3600000000000);
	for (int i = 0; i < 3; i++)
		add(&t, 1, MIB);
	add(&t, 2, 10);
	t.jobs[t.n].job.run = release_run;
	add(&t, 3, 10);
	run_all(&t);
	for (int i = 0; i < 3; i++)
		assert_int_equal(t.order[i + 2], i);
	assert_int_equal(t.order[0], 3);
	assert_int_equal(t.order[1], 4);
}

int
run_turn_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			one_with_much_waiting_does_not_hold_up_others,
			open_spool, close_all),
		cmocka_unit_test_setup_teardown(
			a_job_larger_than_a_group_goes_after_small_ones_but_goes,
			open_spool, close_all),
		cmocka_unit_test_setup_teardown(
			one_share_keeps_its_order, open_spool, close_all),
		cmocka_unit_test_setup_teardown(
			a_job_that_wipes_waits_for_all_before_it, open_spool,
			close_all),
		cmocka_unit_test_setup_teardown(
			groups_stay_small_for_a_while_after_others_came,
			open_spool, close_all),
		cmocka_unit_test_setup_teardown(
			one_that_is_held_lets_others_go_first, open_spool,
			close_all),
	};

	return cmocka_run_group_tests_name("store: turns", tests, NULL, NULL);
}
