#include "fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

enum { PUT_SECRET, FORGET_SECRET, N_TEXTS };
static const char *const texts[N_TEXTS] = {
	[PUT_SECRET] = "INSERT INTO position (topic, idx, next)"
		       " VALUES (?1, ?2, 1)",
	[FORGET_SECRET] = "DELETE FROM position WHERE idx = 7",
};
static const struct sql_set set = {"wipe", texts, N_TEXTS};

struct secret {
	struct store_job job;
	int text;
	struct slice topic;
	int idx;
};

static int
run_secret(struct store_job *j, struct store_conn *c, struct err *e)
{
	struct secret *x = (struct secret *)(void *)j;
	struct store_stmt *st;
	int r = sql_get(c, &set, x->text, &st, e);

	if (r != 0)
		return r;
	if (x->text == PUT_SECRET) {
		sql_bind_text(st, 1, x->topic);
		sql_bind_i64(st, 2, x->idx);
	}
	return sql_run(st, e);
}

static bool
is_in_file(struct fixture *f, const char *name, struct slice what)
{
	char path[128];
	struct buf b;
	ssize_t n;
	bool is_there;
	int fd;

	assert_int_equal(file_join(path, sizeof(path), f->dir, name, &f->e), 0);
	buf_init(&b, 64 << 20);
	fd = open(path, O_RDONLY);
	assert_true(fd >= 0);
	do {
		char *to = buf_reserve(&b, 65536);

		assert_non_null(to);
		n = read(fd, to, 65536);
		assert_true(n >= 0);
		b.len += (size_t)n;
	} while (n > 0);
	close(fd);
	is_there = b.len > 0 && memmem(b.p, b.len, what.p, what.len) != NULL;
	buf_fini(&b);
	return is_there;
}

static void
put_secrets(struct fixture *f, char *text, size_t size)
{
	for (int i = 0; i < 200; i++) {
		struct secret x = {.job.run = run_secret, .text = PUT_SECRET};

		/* The one among others moves when pages are split. */
		snprintf(text, size, "%s%05d", i == 100 ? "hidden" : "public",
			(i * 7919) % 10000);
		memset(text + 11, 'x', size - 12);
		text[size - 1] = '\0';
		x.topic = slice_of(text, i % 3 == 0 ? size - 1 : 200);
		x.idx = i == 100 ? 7 : 1000 + i;
		assert_int_equal(store_call(f->s, &x.job, &f->e), 0);
		if (i == 150)
			store_test_checkpoint(f->s);
	}
}

/* store-13 */
static void
a_job_that_wipes_leaves_no_byte(void **state)
{
	struct fixture *f = *state;
	struct secret x = {.job = {.run = run_secret, .wipes = true},
		.text = FORGET_SECRET};
	char text[20000];

	put_secrets(f, text, sizeof(text));
	assert_true(is_in_file(f, "state.db", SLICE_LIT("hidden")) ||
		    is_in_file(f, "state.db-wal", SLICE_LIT("hidden")));
	assert_int_equal(store_call(f->s, &x.job, &f->e), 0);
	assert_true(x.job.is_wiped);
	assert_false(is_in_file(f, "state.db", SLICE_LIT("hidden")));
	assert_false(is_in_file(f, "state.db-wal", SLICE_LIT("hidden")));
	assert_true(is_in_file(f, "state.db", SLICE_LIT("public")));
	assert_int_equal(append(f, f->p, 0, 1, 10), 0);
	assert_int_equal(read_all(f, f->p, 0, NULL, NULL), 1);
}

static void
a_reader_that_does_not_end_keeps_the_wal(void **state)
{
	struct fixture *f = *state;
	struct secret x = {.job = {.run = run_secret, .wipes = true},
		.text = FORGET_SECRET};
	struct store_conn *slow;
	struct store_stmt *st;
	static const char *const sql[] = {
		"SELECT topic FROM part UNION ALL SELECT topic FROM part"};
	static const struct sql_set slow_set = {"slow", sql, 1};

	assert_int_equal(append(f, f->p, 0, 1, 10), 0);
	assert_int_equal(store_reader_open(f->s, &slow, &f->e), 0);
	assert_int_equal(sql_get(slow, &slow_set, 0, &st, &f->e), 0);
	assert_int_equal(sql_step(st, &f->e), 1);
	assert_int_equal(store_call(f->s, &x.job, &f->e), 0);
	assert_false(x.job.is_wiped);
	assert_int_equal(store_wipe_wal(f->s, &f->e), -ERR_BUSY);
	sql_reset(st);
	store_reader_close(slow);
	assert_int_equal(store_wipe_wal(f->s, &f->e), 0);
	assert_int_equal(append(f, f->p, 1, 1, 10), 1);
	assert_int_equal(f->n_fatal, 0);
}

int
run_wipe_tests(void)
{
#define ON_STATE(fn) cmocka_unit_test_setup_teardown(fn, open_state, close_all)
	const struct CMUnitTest tests[] = {
		ON_STATE(a_job_that_wipes_leaves_no_byte),
		ON_STATE(a_reader_that_does_not_end_keeps_the_wal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
