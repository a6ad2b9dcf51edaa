#include "tests.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "dedupe/dedupe.h"
#include "store/store.h"
#include "topic/batch.h"
#include "topic/topic.h"

/* The memory over a real spool.db: what commits is remembered, what is undone
 * is not, and a new process knows what the one before knew. */
#define HOUR_MS ((int64_t)3600000)

struct world {
	char dir[64];
	struct store *s;
	struct store_part *part;
	struct dedupe *d;
	struct dedupe_limits limits;
	int64_t opened_ms; /* by the monotonic clock */
};

static void
on_fatal(void *cookie, const struct err *why)
{
	(void)cookie;
	fprintf(stderr, "store: %s\n", why->text);
	abort();
}

static void
open_world(struct world *w)
{
	struct store_options o = {
		.dir = w->dir,
		.kind = STORE_SPOOL,
		.queue_bytes = 64 * 1024 * 1024,
		.on_fatal = on_fatal,
	};
	struct err e;

	assert_int_equal(store_open(&o, &w->s, &e), 0);
	assert_int_equal(store_part_open(w->s, topic_defs[TOPIC_INGESTION].name,
				 0, &w->part, &e),
		0);
	assert_int_equal(dedupe_new(w->s, &w->limits, &w->d, &e), 0);
	assert_ptr_equal(dedupe_of(w->s), w->d);
	w->opened_ms = clock_mono_ns() / 1000000;
}

static void
close_world(struct world *w)
{
	store_close(w->s);
	dedupe_free(w->d);
}

static void
begin_world(struct world *w)
{
	*w = (struct world){.dir = "/tmp/test_dedupe_XXXXXX",
		.limits = {.entries = 10000, .age_ms = 24 * HOUR_MS}};
	assert_non_null(mkdtemp(w->dir));
	open_world(w);
}

static void
end_world(struct world *w)
{
	static const char *const names[] = {
		"spool.db", "spool.db-wal", "spool.db-shm"};
	char path[128];

	close_world(w);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", w->dir, names[i]);
		unlink(path);
	}
	assert_int_equal(rmdir(w->dir), 0);
}

static void
restart(struct world *w)
{
	close_world(w);
	open_world(w);
}

static struct dedupe_print
print_of(struct world *w, int64_t team, int n, const char *name, const char *id)
{
	struct dedupe_print p;
	struct uuid u = {{0}};

	memcpy(u.b, &n, sizeof(n));
	dedupe_print_of(w->d, team, &u, slice_str(name), slice_str(id), &p);
	return p;
}

static struct dedupe_print
numbered(struct world *w, int n)
{
	return print_of(w, 1, n, "e", "d");
}

/* A job that takes prints first, …, first + n - 1 and says which it knew. */
#define TAKEN_MAX 20000
struct taking {
	struct store_job job;
	struct world *w;
	int first, n;
	bool fails; /* after all were taken */
	int n_known;
	bool known[TAKEN_MAX];
};

static int
take_all(struct store_job *j, struct store_conn *c, struct err *e)
{
	struct taking *t = (struct taking *)(void *)j;

	t->n_known = 0;
	for (int i = 0; i < t->n; i++) {
		struct dedupe_print p = numbered(t->w, t->first + i);

		dedupe_prefetch(t->w->d, &p);
		assert_ptr_equal(dedupe_of_conn(c), t->w->d);
		if (dedupe_take(t->w->d, c, &p, &t->known[i], e) != 0)
			return -(int)e->code;
		t->n_known += t->known[i];
	}
	return t->fails ? err_set(e, ERR_INVALID, "as asked") : 0;
}

static int
take(struct world *w, int first, int n)
{
	static struct taking t;
	struct err e;

	assert_true(n <= TAKEN_MAX);
	t = (struct taking){
		.job = {.run = take_all}, .w = w, .first = first, .n = n};
	assert_int_equal(store_call(w->s, &t.job, &e), 0);
	return t.n_known;
}

/* dedupe-1 */
static void
what_was_taken_is_known(void **state)
{
	struct world w;
	struct dedupe_state st;

	(void)state;
	begin_world(&w);
	assert_int_equal(take(&w, 0, 100), 0);
	assert_int_equal(take(&w, 0, 100), 100);
	assert_int_equal(take(&w, 50, 100), 50);
	dedupe_state(w.d, &st);
	assert_int_equal(st.entries, 150);
	assert_int_equal(st.known, 150);
	/* A request sent again costs a read, not one for each event. */
	assert_true(st.reads <= 2);
	assert_int_equal(st.doubts, 0);
	assert_true(st.bytes > 0);
	end_world(&w);
}

static void
nothing_costs_no_memory(void **state)
{
	struct dedupe_state st;
	struct world w;

	(void)state;
	begin_world(&w);
	dedupe_state(w.d, &st);
	assert_int_equal(st.entries, 0);
	assert_int_equal(st.bytes, 0);
	end_world(&w);
}

/* dedupe-3 */
static void
a_restart_forgets_nothing(void **state)
{
	struct world w;

	(void)state;
	begin_world(&w);
	for (int i = 0; i < 10; i++)
		assert_int_equal(take(&w, i * 500, 500), 0);
	restart(&w);
	assert_int_equal(take(&w, 0, 5000), 5000);
	assert_int_equal(take(&w, 5000, 1), 0);
	restart(&w);
	assert_int_equal(take(&w, 4990, 20), 11);
	end_world(&w);
}

static void
another_name_id_or_project_is_another_event(void **state)
{
	struct world w;
	struct dedupe_print p[5];

	(void)state;
	begin_world(&w);
	p[0] = print_of(&w, 1, 7, "name", "id");
	p[1] = print_of(&w, 1, 7, "nam", "eid");
	p[2] = print_of(&w, 2, 7, "name", "id");
	p[3] = print_of(&w, 1, 8, "name", "id");
	p[4] = print_of(&w, 1, 7, "name", "ID");
	for (size_t i = 0; i < ARRAY_LEN(p); i++)
		for (size_t k = 0; k < i; k++)
			assert_memory_not_equal(p[i].b, p[k].b, sizeof(p[i].b));
	p[1] = print_of(&w, 1, 7, "name", "id");
	assert_memory_equal(p[0].b, p[1].b, sizeof(p[0].b));
	restart(&w);
	p[1] = print_of(&w, 1, 7, "name", "id");
	assert_memory_equal(p[0].b, p[1].b, sizeof(p[0].b));
	end_world(&w);
}

/* A job that holds the writer, so that what follows is one group. */
struct gate {
	struct store_job job;
	struct lock lock;
	struct cond cond;
	bool is_in, may_go;
	int n_done;
};

static int
wait_at_gate(struct store_job *j, struct store_conn *c, struct err *e)
{
	struct gate *g = (struct gate *)(void *)j;

	(void)c;
	(void)e;
	lock_take(&g->lock);
	g->is_in = true;
	cond_broadcast(&g->cond);
	while (!g->may_go)
		cond_wait(&g->cond, &g->lock);
	lock_release(&g->lock);
	return 0;
}

static struct gate *the_gate;

static void
one_done(struct store_job *j, const struct err *result)
{
	j->result = *result;
	lock_take(&the_gate->lock);
	the_gate->n_done++;
	cond_broadcast(&the_gate->cond);
	lock_release(&the_gate->lock);
}

/* Runs the jobs in one group behind a gate of its own. */
static void
run_group(struct world *w, struct store_job *const *jobs, int n)
{
	struct gate g = {.job = {.run = wait_at_gate, .done = one_done}};
	struct err e;

	lock_init(&g.lock);
	cond_init(&g.cond);
	the_gate = &g;
	assert_int_equal(store_submit(w->s, &g.job, &e), 0);
	lock_take(&g.lock);
	while (!g.is_in)
		cond_wait(&g.cond, &g.lock);
	lock_release(&g.lock);
	for (int i = 0; i < n; i++) {
		jobs[i]->done = one_done;
		if (jobs[i]->run == NULL)
			assert_int_equal(
				store_submit_append(w->s,
					(struct store_append *)(void *)jobs[i],
					&e),
				0);
		else
			assert_int_equal(store_submit(w->s, jobs[i], &e), 0);
	}
	lock_take(&g.lock);
	g.may_go = true;
	cond_broadcast(&g.cond);
	while (g.n_done < n + 1)
		cond_wait(&g.cond, &g.lock);
	lock_release(&g.lock);
	cond_fini(&g.cond);
	lock_fini(&g.lock);
}

static struct taking *
new_taking(struct world *w, int first, int n, bool fails)
{
	struct taking *t = calloc(1, sizeof(*t));

	assert_non_null(t);
	*t = (struct taking){.job = {.run = take_all},
		.w = w,
		.first = first,
		.n = n,
		.fails = fails};
	return t;
}

/* dedupe-1: an undone job takes its entries back, those of the others stay. */
static void
an_undone_job_is_not_remembered(void **state)
{
	struct world w;
	struct taking *t[4];
	struct store_job *jobs[4];

	(void)state;
	begin_world(&w);
	t[0] = new_taking(&w, 0, 10, false);
	t[1] = new_taking(&w, 5, 20, true); /* knows 5, then is undone */
	t[2] = new_taking(&w, 20, 10, false); /* so this is new */
	t[3] = new_taking(&w, 0, 30, false);
	for (int i = 0; i < 4; i++)
		jobs[i] = &t[i]->job;
	run_group(&w, jobs, 4);
	assert_int_equal(t[1]->job.result.code, ERR_INVALID);
	assert_int_equal(t[1]->n_known, 5);
	assert_int_equal(t[2]->job.result.code, ERR_OK);
	assert_int_equal(t[2]->n_known, 0);
	assert_int_equal(t[3]->n_known, 20);
	restart(&w);
	assert_int_equal(take(&w, 0, 31), 30);
	for (int i = 0; i < 4; i++)
		free(t[i]);
	end_world(&w);
}

/* Alone in its group the whole transaction is undone. */
static void
an_undone_group_is_not_remembered(void **state)
{
	struct world w;
	struct taking *t;
	struct err e;

	(void)state;
	begin_world(&w);
	assert_int_equal(take(&w, 0, 5), 0);
	t = new_taking(&w, 0, 3000, true);
	assert_int_equal(store_call(w.s, &t->job, &e), -ERR_INVALID);
	assert_int_equal(t->n_known, 5);
	assert_int_equal(take(&w, 0, 3000), 5);
	restart(&w);
	assert_int_equal(take(&w, 0, 3001), 3000);
	free(t);
	end_world(&w);
}

/* A filter in front of an append, as capture has it. */
struct filtered {
	struct store_append a;
	struct world *w;
	int n; /* prints 0, …, n - 1, one record each */
	bool fails;
	struct buf batch;
};

static int
filter(struct store_append *a, struct store_conn *c, struct err *e)
{
	struct filtered *f = (struct filtered *)(void *)a;
	struct batch_writer w;
	int kept = 0;

	buf_reset(&f->batch);
	batch_begin(&w, &f->batch, 1000);
	for (int i = 0; i < f->n; i++) {
		struct dedupe_print p = numbered(f->w, i);
		bool is_known;

		if (dedupe_take(f->w->d, c, &p, &is_known, e) != 0)
			return -(int)e->code;
		if (is_known)
			continue;
		batch_record(&w, 1000, SLICE_NONE, SLICE_LIT("v"), NULL, 0);
		kept++;
	}
	assert_int_equal(batch_end(&w, BATCH_NONE, e), 0);
	a->batches = f->batch.p;
	a->len = f->batch.len;
	a->n_records = (uint32_t)kept;
	return f->fails ? err_set(e, ERR_NO_MEMORY, "as asked") : 0;
}

static void
make_filtered(struct world *w, struct filtered *f, int n)
{
	struct batch_writer bw;
	struct err e;

	*f = (struct filtered){.w = w, .n = n};
	buf_init(&f->batch, 1 << 20);
	batch_begin(&bw, &f->batch, 1000);
	for (int i = 0; i < n; i++)
		batch_record(&bw, 1000, SLICE_NONE, SLICE_LIT("v"), NULL, 0);
	assert_int_equal(batch_end(&bw, BATCH_NONE, &e), 0);
	f->a = (struct store_append){.part = w->part,
		.batches = f->batch.p,
		.len = f->batch.len,
		.n_records = (uint32_t)n,
		.max_ts_ms = 1000,
		.filter = filter};
}

static int64_t
high(struct world *w)
{
	struct store_part_state st;

	store_part_state(w->part, &st);
	return st.high_watermark;
}

/* Copies in one group commit: the first append has them, the others less or
 * nothing, and all succeed. */
static void
copies_in_one_group_are_appended_once(void **state)
{
	struct world w;
	struct filtered f[4];
	struct store_job *jobs[4];

	(void)state;
	begin_world(&w);
	make_filtered(&w, &f[0], 10);
	make_filtered(&w, &f[1], 10);
	make_filtered(&w, &f[2], 15);
	make_filtered(&w, &f[3], 3);
	for (int i = 0; i < 4; i++)
		jobs[i] = &f[i].a.job;
	run_group(&w, jobs, 4);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(f[i].a.job.result.code, ERR_OK);
		buf_fini(&f[i].batch);
	}
	assert_int_equal(high(&w), 15);
	assert_int_equal(f[2].a.base_offset, 10);
	restart(&w);
	assert_int_equal(high(&w), 15);
	assert_int_equal(take(&w, 0, 16), 15);
	end_world(&w);
}

/* dedupe-1: a filter's error undoes the group, with what it remembered. */
static void
a_failing_filter_undoes_the_group(void **state)
{
	struct world w;
	struct filtered f[2];
	struct store_job *jobs[2];

	(void)state;
	begin_world(&w);
	make_filtered(&w, &f[0], 5);
	make_filtered(&w, &f[1], 10);
	f[1].fails = true;
	for (int i = 0; i < 2; i++)
		jobs[i] = &f[i].a.job;
	run_group(&w, jobs, 2);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(f[i].a.job.result.code, ERR_NO_MEMORY);
		buf_fini(&f[i].batch);
	}
	assert_int_equal(high(&w), 0);
	assert_int_equal(take(&w, 0, 10), 0);
	end_world(&w);
}

/* dedupe-5 */
static void
the_oldest_go_by_count(void **state)
{
	struct dedupe_state st;
	struct world w;

	(void)state;
	begin_world(&w);
	w.limits.entries = 1000;
	restart(&w);
	for (int i = 0; i < 50; i++)
		assert_int_equal(take(&w, i * 100, 100), 0);
	dedupe_state(w.d, &st);
	assert_int_equal(st.entries, 1000);
	assert_int_equal(take(&w, 4000, 1000), 1000);
	assert_int_equal(take(&w, 3999, 1), 0);
	restart(&w);
	/* 4000 has made room for 3999. */
	assert_int_equal(take(&w, 4001, 999), 999);
	assert_int_equal(take(&w, 3999, 1), 1);
	assert_int_equal(take(&w, 4000, 1), 0);
	end_world(&w);
}

/* dedupe-5: in steps, with the commits that follow. The wall clock counts at a
 * start only, so one that jumps forgets nothing. */
static void
the_oldest_go_by_time(void **state)
{
	int64_t now = clock_now_us();
	struct world w;

	(void)state;
	clock_test_set_us(now);
	begin_world(&w);
	assert_int_equal(take(&w, 0, 100), 0);
	clock_test_set_us(now + 20 * HOUR_MS * 1000);
	restart(&w);
	assert_int_equal(take(&w, 0, 100), 100);
	assert_int_equal(take(&w, 100, 100), 0);
	clock_test_set_us(now + 48 * HOUR_MS * 1000);
	assert_int_equal(take(&w, 0, 200), 200);
	clock_test_set_us(now + 25 * HOUR_MS * 1000);
	restart(&w);
	assert_int_equal(take(&w, 500, 1), 0);
	assert_int_equal(take(&w, 100, 100), 100);
	assert_int_equal(take(&w, 0, 100), 0);
	restart(&w);
	assert_int_equal(take(&w, 0, 100), 100);
	/* One that is set back neither forgets nor keeps for ever. */
	clock_test_set_us(now - 24 * HOUR_MS * 1000);
	restart(&w);
	assert_int_equal(take(&w, 0, 100), 100);
	w.limits.age_ms = 1;
	restart(&w);
	while (clock_mono_ns() / 1000000 <= w.opened_ms + 1)
		continue;
	assert_int_equal(take(&w, 600, 1), 0);
	assert_int_equal(take(&w, 0, 1), 0);
	clock_test_set_us(0);
	end_world(&w);
}

static void
limits_change_without_a_restart(void **state)
{
	struct dedupe_limits off = {0, HOUR_MS}, on;
	struct dedupe_state st;
	struct world w;

	(void)state;
	begin_world(&w);
	on = w.limits;
	assert_int_equal(take(&w, 0, 100), 0);
	assert_true(dedupe_is_on(w.d));
	dedupe_reload(w.d, &off);
	assert_false(dedupe_is_on(w.d));
	assert_int_equal(take(&w, 0, 100), 0);
	assert_int_equal(take(&w, 0, 100), 0);
	dedupe_reload(w.d, &on);
	assert_int_equal(take(&w, 0, 100), 0);
	assert_int_equal(take(&w, 0, 100), 100);
	off = (struct dedupe_limits){1000, 0};
	dedupe_reload(w.d, &off);
	assert_int_equal(take(&w, 0, 100), 0);
	dedupe_reload(w.d, &on);
	restart(&w);
	assert_int_equal(take(&w, 0, 100), 0);
	dedupe_state(w.d, &st);
	assert_int_equal(st.entries, 100);
	end_world(&w);
}

/* A group of more than a row holds is in several. */
static void
many_at_once_are_found_again(void **state)
{
	struct world w;

	(void)state;
	begin_world(&w);
	w.limits.entries = 30000;
	restart(&w);
	assert_int_equal(take(&w, 0, 20000), 0);
	assert_int_equal(take(&w, 0, 20000), 20000);
	restart(&w);
	assert_int_equal(take(&w, 0, 20000), 20000);
	assert_int_equal(take(&w, 19999, 2), 1);
	end_world(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_taken_is_known),
		cmocka_unit_test(nothing_costs_no_memory),
		cmocka_unit_test(a_restart_forgets_nothing),
		cmocka_unit_test(another_name_id_or_project_is_another_event),
		cmocka_unit_test(an_undone_job_is_not_remembered),
		cmocka_unit_test(an_undone_group_is_not_remembered),
		cmocka_unit_test(copies_in_one_group_are_appended_once),
		cmocka_unit_test(a_failing_filter_undoes_the_group),
		cmocka_unit_test(the_oldest_go_by_count),
		cmocka_unit_test(the_oldest_go_by_time),
		cmocka_unit_test(limits_change_without_a_restart),
		cmocka_unit_test(many_at_once_are_found_again),
	};
	int failed = run_filter_tests();

	return cmocka_run_group_tests_name("dedupe", tests, NULL, NULL) +
	       failed;
}
