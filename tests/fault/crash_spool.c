#include "fixture.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "crash_work.h"
#include "topic/batch.h"

#define N_ROUNDS 2
#define N_GROUPS 4
#define N_JOBS 6
#define NUMBERS_MAX 4096

static const char *const topics[2] = {"a", "b"};

struct job {
	struct store_append a;
	struct gate *g;
	int part;
	int64_t first;
	struct buf b;
};

static void
note_ack(struct store_job *j, const struct err *result)
{
	struct job *x = (struct job *)(void *)j;

	if (result->code == ERR_OK) {
		int i = shared->n_acks;

		shared->acks[i] = (struct ack){
			x->part, x->a.n_records, x->first, x->a.base_offset};
		shared->n_acks = i + 1;
	} else {
		work_failed("append", result);
	}
	gate_count(x->g);
}

static int
submit_group(struct store *s, struct store_part **parts, int group,
	int64_t *number, struct err *e)
{
	struct job jobs[N_JOBS];
	struct gate g;
	int r = gate_close(&g, s, e);

	if (r != 0)
		return work_failed("gate", e);
	g.n_left += N_JOBS;
	for (int i = 0; i < N_JOBS; i++) {
		struct job *x = &jobs[i];
		uint32_t n = 1 + (uint32_t)(group + i) % 3;
		size_t size = (size_t)((group * 7 + i) % 5) * 9000 + 10;

		*x = (struct job){.g = &g, .part = i % 2, .first = *number};
		buf_init(&x->b, 1 << 20);
		make_batch(&x->b, *number, n, size);
		*number += n;
		x->a = (struct store_append){.part = parts[i % 2],
			.batches = x->b.p,
			.len = x->b.len,
			.n_records = n};
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
	struct store_part *parts[2];
	struct store *s;

	if (store_open(&o, &s, e) != 0)
		return work_failed("open", e);
	for (int i = 0; i < 2; i++) {
		if (store_part_open(s, topics[i], 0, &parts[i], e) != 0)
			return work_failed("part", e);
	}
	for (int g = 0; g < N_GROUPS; g++) {
		if (submit_group(s, parts, g, number, e) != 0)
			return 1;
		if (g == 1)
			store_test_checkpoint(s);
		if (g == 2) {
			store_part_set_floor(parts[1], STORE_FLOOR_PIPELINE, 3);
			store_part_set_retention(parts[0], -1, 50000);
			store_part_set_retention(parts[1], -1, 50000);
			store_test_maintain(s);
		}
	}
	store_close(s);
	return 0;
}

static int
run(const char *dir)
{
	int64_t number = 0;
	struct err e;

	for (int i = 0; i < N_ROUNDS; i++) {
		if (work_once(dir, &number, &e) != 0)
			return 1;
	}
	return 0;
}

struct seen {
	int64_t at[NUMBERS_MAX]; /* by offset, one more than the number */
	uint8_t times[NUMBERS_MAX]; /* by number, over both partitions */
};

static void
note_record(void *cookie, int64_t offset, struct slice value)
{
	struct seen *seen = cookie;
	int64_t number = number_of(value);

	assert_true(number < NUMBERS_MAX && offset < NUMBERS_MAX);
	seen->at[offset] = number + 1;
	seen->times[number]++;
}

static bool
check_acks(int part, const struct store_part_state *st, const struct seen *seen)
{
	for (int i = 0; i < shared->n_acks; i++) {
		const struct ack *a = &shared->acks[i];

		for (uint32_t k = 0; a->part == part && k < a->n; k++) {
			int64_t offset = a->base + k;

			if (offset >= st->log_start &&
				seen->at[offset] != a->first + k + 1)
				return !work_failed(
					"acknowledged but lost", NULL);
			if (offset >= st->high_watermark)
				return !work_failed(
					"acknowledged above the high watermark",
					NULL);
		}
	}
	for (int i = 0; i < NUMBERS_MAX; i++) {
		if (seen->times[i] > 1)
			return !work_failed("a record is there twice", NULL);
	}
	return true;
}

static bool
check_part(struct fixture *f, int part, struct seen *seen)
{
	struct store_part *p =
		store_part_find(f->s, slice_str(topics[part]), 0);
	struct store_part_state st = {.bytes = 0};

	memset(seen->at, 0, sizeof(seen->at));
	if (p == NULL)
		return check_acks(part, &st, seen);
	store_part_state(p, &st);
	/* Asserts dense offsets and CRCs. */
	if (read_all(f, p, st.log_start, note_record, seen) !=
		st.high_watermark)
		return !work_failed("high watermark beyond the rows", NULL);
	if (part == 1 && st.log_start > 3)
		return !work_failed("deleted above the floor", NULL);
	if (!check_acks(part, &st, seen))
		return false;
	if (append(f, p, 100000, 2, 100) != st.high_watermark)
		return !work_failed("an append after it", &f->e);
	return true;
}

static bool
check(const char *dir)
{
	struct store_options o = {
		.dir = dir, .kind = STORE_SPOOL, .queue_bytes = 16 << 20};
	struct seen *seen = mem_xzalloc(1, sizeof(*seen));
	struct fixture f = {.n_fatal = 0};
	bool ok;

	buf_init(&f.b, 1 << 20);
	if (store_open(&o, &f.s, &f.e) != 0 ||
		store_reader_open(f.s, &f.reader, &f.e) != 0)
		return !work_failed("open after it", &f.e);
	ok = check_part(&f, 0, seen) && check_part(&f, 1, seen);
	store_reader_close(f.reader);
	store_close(f.s);
	buf_fini(&f.b);
	mem_free(seen);
	return ok;
}

const struct crash_work crash_spool = {"spool", run, check};
