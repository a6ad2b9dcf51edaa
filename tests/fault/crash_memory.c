#include "fixture.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "crash_work.h"
#include "dedupe/dedupe.h"

/*
 * The memory of what was sent (dedupe-1, dedupe-3): appends behind a filter
 * that takes the numbers of their records into it, each number twice. After a
 * crash the log has each number once at most, and the memory knows those that
 * the log has and no other.
 */
#define N_ROUNDS 2
#define N_GROUPS 3
#define N_JOBS 4
#define NUMBERS_MAX 256

static const char topic[] = "a";
static const struct dedupe_limits limits = {1000, (int64_t)24 * 3600000};

struct memory_job {
	struct store_append a;
	struct gate *g;
	struct dedupe *d;
	int64_t first;
	uint32_t n;
	struct buf b;
};

static struct dedupe_print
print_of(const struct dedupe *d, int64_t number)
{
	struct uuid u = {{1}};
	struct dedupe_print p;

	memcpy(u.b + 8, &number, sizeof(number));
	dedupe_print_of(d, 1, &u, SLICE_LIT("e"), SLICE_LIT("d"), &p);
	return p;
}

/* Keeps the numbers that are new. */
static int
filter(struct store_append *a, struct store_conn *c, struct err *e)
{
	struct memory_job *x = (struct memory_job *)(void *)a;

	buf_reset(&x->b);
	a->n_records = 0;
	for (uint32_t i = 0; i < x->n; i++) {
		int64_t number = x->first + i;
		struct dedupe_print p = print_of(x->d, number);
		bool is_known;
		int r = dedupe_take(x->d, c, &p, &is_known, e);

		if (r != 0)
			return r;
		if (is_known)
			continue;
		make_batch(&x->b, number, 1, 2000);
		a->n_records++;
	}
	a->batches = x->b.p;
	a->len = x->b.len;
	return 0;
}

static void
note_ack(struct store_job *j, const struct err *result)
{
	struct memory_job *x = (struct memory_job *)(void *)j;

	if (result->code == ERR_OK) {
		int i = shared->n_acks;

		shared->acks[i] = (struct ack){.n = x->n, .first = x->first};
		shared->n_acks = i + 1;
	} else {
		work_failed("append", result);
	}
	gate_count(x->g);
}

static int
submit_group(struct store *s, struct dedupe *d, struct store_part *part,
	int64_t *number, struct err *e)
{
	struct memory_job jobs[N_JOBS];
	struct gate g;

	if (gate_close(&g, s, e) != 0)
		return work_failed("gate", e);
	g.n_left += N_JOBS;
	for (int i = 0; i < N_JOBS; i++) {
		struct memory_job *x = &jobs[i];

		/* Every second job repeats the one before, and more. */
		*x = (struct memory_job){
			.g = &g, .d = d, .first = *number, .n = 2};
		x->n += (uint32_t)i;
		*number += i % 2 == 0 ? 0 : x->n;
		buf_init(&x->b, 1 << 20);
		make_batch(&x->b, x->first, x->n, 2000);
		x->a = (struct store_append){.part = part,
			.batches = x->b.p,
			.len = x->b.len,
			.n_records = x->n,
			.filter = filter};
		x->a.job.done = note_ack;
		if (store_submit_append(s, &x->a, e) != 0)
			return work_failed("submit", e);
	}
	gate_open_and_wait(&g);
	for (int i = 0; i < N_JOBS; i++)
		buf_fini(&jobs[i].b);
	return shared->error[0] != '\0';
}

static int
work_once(const char *dir, int64_t *number, struct err *e)
{
	struct store_options o = {
		.dir = dir, .kind = STORE_SPOOL, .queue_bytes = 16 << 20};
	struct store_part *part;
	struct dedupe *d;
	struct store *s;

	if (store_open(&o, &s, e) != 0)
		return work_failed("open", e);
	if (store_part_open(s, topic, 0, &part, e) != 0)
		return work_failed("part", e);
	if (dedupe_new(s, &limits, &d, e) != 0)
		return work_failed("memory", e);
	for (int g = 0; g < N_GROUPS; g++) {
		if (submit_group(s, d, part, number, e) != 0)
			return 1;
		if (g == 1)
			store_test_checkpoint(s);
	}
	store_close(s);
	dedupe_free(d);
	return 0;
}

static int
run(const char *dir)
{
	int64_t number = 0;
	struct err e;

	for (int i = 0; i < N_ROUNDS; i++)
		if (work_once(dir, &number, &e) != 0)
			return 1;
	return 0;
}

struct seen {
	uint8_t times[NUMBERS_MAX];
};

static void
note_record(void *cookie, int64_t offset, struct slice value)
{
	struct seen *seen = cookie;
	int64_t number = number_of(value);

	(void)offset;
	assert_true(number < NUMBERS_MAX);
	seen->times[number]++;
}

static bool
check_acks(const struct seen *seen)
{
	for (int i = 0; i < shared->n_acks; i++) {
		const struct ack *a = &shared->acks[i];

		for (uint32_t k = 0; k < a->n; k++)
			if (seen->times[a->first + k] == 0)
				return !work_failed(
					"acknowledged but lost", NULL);
	}
	for (int i = 0; i < NUMBERS_MAX; i++)
		if (seen->times[i] > 1)
			return !work_failed("a record is there twice", NULL);
	return true;
}

struct asking {
	struct store_job job;
	struct dedupe *d;
	bool known[NUMBERS_MAX];
};

static int
ask(struct store_job *j, struct store_conn *c, struct err *e)
{
	struct asking *x = (struct asking *)(void *)j;
	int r = 0;

	for (int i = 0; i < NUMBERS_MAX && r == 0; i++) {
		struct dedupe_print p = print_of(x->d, i);

		r = dedupe_take(x->d, c, &p, &x->known[i], e);
	}
	return r;
}

static bool
check_memory(struct store *s, const struct seen *seen)
{
	struct asking x = {.job = {.run = ask}};
	struct err e;
	bool ok = true;

	if (dedupe_new(s, &limits, &x.d, &e) != 0 ||
		store_call(s, &x.job, &e) != 0)
		return !work_failed("memory after it", &e);
	for (int i = 0; i < NUMBERS_MAX && ok; i++)
		if (x.known[i] != (seen->times[i] == 1))
			ok = !work_failed(x.known[i] ? "known and not stored"
						     : "stored and not known",
				NULL);
	return ok;
}

static bool
check(const char *dir)
{
	struct store_options o = {
		.dir = dir, .kind = STORE_SPOOL, .queue_bytes = 16 << 20};
	struct fixture f = {.n_fatal = 0};
	struct seen seen = {{0}};
	struct store_part_state st;
	struct dedupe *d;
	bool ok;

	buf_init(&f.b, 1 << 20);
	if (store_open(&o, &f.s, &f.e) != 0 ||
		store_reader_open(f.s, &f.reader, &f.e) != 0)
		return !work_failed("open after it", &f.e);
	f.p = store_part_find(f.s, slice_str(topic), 0);
	if (f.p != NULL) {
		store_part_state(f.p, &st);
		read_all(&f, f.p, st.log_start, note_record, &seen);
	}
	ok = check_acks(&seen) && check_memory(f.s, &seen);
	d = dedupe_of(f.s);
	store_reader_close(f.reader);
	store_close(f.s);
	dedupe_free(d);
	buf_fini(&f.b);
	return ok;
}

const struct crash_work crash_memory = {"memory", run, check};
