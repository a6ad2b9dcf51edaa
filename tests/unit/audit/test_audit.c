#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/equation.h"
#include "audit/list.h"
#include "audit/sql.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/thread.h"
#include "store/store.h"
#include "tests/unit/remove_tree.h"
#include "topic/batch.h"
#include "topic/topic.h"

#define UUID_A "0190a0b0-0000-7000-8000-00000000000a"
#define UUID_B "0190a0b0-0000-7000-8000-00000000000b"
#define MINUTE 28333333
#define TS ((int64_t)MINUTE * AUDIT_MINUTE_MS + 1500)

/* audit-4 */
static void
numbers_of_hops_are_unique(void **state)
{
	(void)state;
	assert_true(AUDIT_N_HOPS <= 64);
	for (int i = 0; i < AUDIT_N_HOPS; i++)
		assert_int_equal(audit_hop_by_number(audit_hops[i].number), i);
	assert_int_equal(audit_hop_by_number(99), AUDIT_N_HOPS);
}

static void
a_minute_begins_at_its_first_millisecond(void **state)
{
	(void)state;
	assert_int_equal(audit_minute(TS), MINUTE);
	assert_int_equal(audit_minute(60000), 1);
	assert_int_equal(audit_minute(59999), 0);
	assert_int_equal(audit_minute(-1), -1);
	assert_int_equal(audit_minute(-60000), -1);
}

static void
the_hash_is_that_of_lower_case_text(void **state)
{
	(void)state;
	assert_true(
		audit_uuid_hash(SLICE_LIT(UUID_A)) == hash_xx64(UUID_A, 36));
	assert_true(audit_uuid_hash(SLICE_LIT(
			    "0190A0B0-0000-7000-8000-00000000000A")) ==
		    hash_xx64(UUID_A, 36));
	assert_true(
		audit_uuid_hash(SLICE_LIT(UUID_B)) != hash_xx64(UUID_A, 36));
}

struct spilled {
	uint64_t n;
	int times;
};

static int
spill(void *cookie, struct audit_acc *a, struct err *e)
{
	struct spilled *x = cookie;

	(void)e;
	x->times++;
	for (int i = 0; i < a->n_used; i++)
		x->n += a->slots[a->used[i]].sum.count;
	return 0;
}

/* audit-3 */
static void
sums_spill_when_they_are_many_and_lose_none(void **state)
{
	static struct audit_acc a;
	struct spilled x = {0};
	struct err e;

	(void)state;
	a.spill = spill;
	a.cookie = &x;
	for (int i = 0; i < 5000; i++)
		for (int k = 0; k < 3; k++)
			assert_int_equal(
				audit_acc_one(&a, AUDIT_READ, i / 7, i, 5, &e),
				0);
	assert_true(x.times > 0);
	assert_int_equal(spill(&x, &a, &e), 0);
	assert_int_equal(x.n, 15000);
	audit_acc_reset(&a);
	assert_int_equal(a.n_used, 0);
	assert_int_equal(audit_acc_one(&a, AUDIT_READ, 1, 1, 5, &e), 0);
	assert_int_equal(audit_acc_one(&a, AUDIT_READ, 1, 1, 6, &e), 0);
	assert_int_equal(a.n_used, 1);
	assert_int_equal(a.slots[a.used[0]].sum.count, 2);
	assert_int_equal(a.slots[a.used[0]].sum.bits, 3);
}

static void
a_row_is_known_by_key_and_value(void **state)
{
	static const struct {
		const char *key, *value;
		int64_t team_id; /* -9: none */
	} rows[] = {
		{"12:d", "{\"uuid\":\"" UUID_A "\",\"event\":\"e\"}", 12},
		{"-1:d", "{\"uuid\":\"" UUID_A "\"}", -1},
		{"12d", "{\"uuid\":\"" UUID_A "\"}", -9},
		{":d", "{\"uuid\":\"" UUID_A "\"}", -9},
		{"", "{\"uuid\":\"" UUID_A "\"}", -9},
		{"12:d", "{\"id\":\"" UUID_A "\"}", -9},
		{"12:d", "{\"uuid\":\"0190\"}", -9},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct batch_record_view rec = {.key = slice_str(rows[i].key),
			.value = slice_str(rows[i].value)};
		struct slice uuid;
		int64_t team_id;
		bool yes = audit_identify_output(&rec, &team_id, &uuid);

		assert_int_equal(yes, rows[i].team_id != -9);
		if (!yes)
			continue;
		assert_int_equal(team_id, rows[i].team_id);
		assert_true(slice_eq_str(uuid, UUID_A));
	}
}

struct found {
	int n;
	struct audit_difference last;
};

static int
note(void *cookie, const struct audit_difference *d, struct err *e)
{
	struct found *f = cookie;

	(void)e;
	f->n++;
	f->last = *d;
	return 0;
}

static void
add(struct audit_list *l, enum audit_hop hop, int64_t minute, int64_t team_id,
	uint64_t n, uint64_t bits)
{
	struct err e;

	assert_int_equal(audit_list_add(l, hop, minute, team_id,
				 (struct audit_sum){n, bits}, &e),
		0);
}

static struct found
compare(struct audit_list *l, enum audit_eq eq)
{
	const struct audit_bounds all = {INT64_MIN, INT64_MAX};
	struct found f = {0};
	struct err e;

	audit_list_sort(l);
	assert_int_equal(audit_compare(l, eq, all, note, &f, &e), 0);
	return f;
}

static void
what_is_equal_makes_no_difference(void **state)
{
	struct audit_list l = {0};

	(void)state;
	add(&l, AUDIT_FRONT, 1, 1, 3, 7);
	add(&l, AUDIT_CAPTURE, 1, 1, 2, 5);
	add(&l, AUDIT_PUT_BACK, 1, 1, 1, 2);
	add(&l, AUDIT_UNREAD, 1, 1, 1, 4);
	add(&l, AUDIT_READ, 1, 1, 2, 3);
	add(&l, AUDIT_OUTPUT, 1, 1, 1, 1);
	add(&l, AUDIT_LETTER, 1, 1, 1, 2);
	assert_int_equal(compare(&l, AUDIT_EQ_CAPTURED).n, 0);
	assert_int_equal(compare(&l, AUDIT_EQ_READ).n, 0);
	assert_int_equal(compare(&l, AUDIT_EQ_ENDED).n, 0);
	audit_list_fini(&l);
}

static void
a_difference_names_minute_and_project(void **state)
{
	struct audit_list l = {0};
	struct found f;

	(void)state;
	add(&l, AUDIT_READ, 1, 1, 3, 7);
	add(&l, AUDIT_OUTPUT, 1, 1, 3, 7);
	add(&l, AUDIT_READ, 2, 1, 3, 7);
	add(&l, AUDIT_OUTPUT, 2, 1, 2, 6);
	add(&l, AUDIT_READ, 2, 2, 1, 9);
	add(&l, AUDIT_OUTPUT, 2, 2, 1, 9);
	f = compare(&l, AUDIT_EQ_ENDED);
	assert_int_equal(f.n, 1);
	assert_int_equal(f.last.minute, 2);
	assert_int_equal(f.last.team_id, 1);
	assert_int_equal(f.last.left.count, 3);
	assert_int_equal(f.last.right.count, 2);
	audit_list_fini(&l);
}

static void
as_many_but_others_is_a_difference(void **state)
{
	struct audit_list l = {0};

	(void)state;
	add(&l, AUDIT_READ, 1, 1, 3, 7);
	add(&l, AUDIT_OUTPUT, 1, 1, 3, 8);
	assert_int_equal(compare(&l, AUDIT_EQ_ENDED).n, 1);
	audit_list_fini(&l);
}

static void
a_project_that_went_moves_its_events_and_loses_none(void **state)
{
	struct audit_list l = {0};
	struct found f;

	(void)state;
	add(&l, AUDIT_FRONT, 1, 7, 3, 7);
	add(&l, AUDIT_READ, 1, 7, 1, 1);
	add(&l, AUDIT_READ, 1, 0, 2, 6);
	f = compare(&l, AUDIT_EQ_READ);
	assert_int_equal(f.n, 2);
	assert_true(f.last.is_moved);
	add(&l, AUDIT_READ, 1, 0, 1, 9);
	f = compare(&l, AUDIT_EQ_READ);
	assert_int_equal(f.n, 2);
	assert_false(f.last.is_moved);
	audit_list_fini(&l);
}

/* Over real files. */
struct world {
	char dir[64];
	struct store *s;
	struct store_part *front, *other;
	struct audit_hook *hook;
	struct buf b;
	struct err e;
};

static int64_t
by_token(void *cookie, struct slice token)
{
	(void)cookie;
	return slice_eq_str(token, "phc_seven") ? 7 : 0;
}

static int
open_world(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	const struct audit_teams teams = {by_token, NULL};
	const char *top = getenv("TMPDIR");
	struct store_options o = {.kind = STORE_SPOOL, .queue_bytes = 1 << 20};

	assert_non_null(w);
	snprintf(w->dir, sizeof(w->dir), "%s/audit-XXXXXX",
		top == NULL || strlen(top) > 40 ? "/tmp" : top);
	assert_non_null(mkdtemp(w->dir));
	o.dir = w->dir;
	buf_init(&w->b, 1 << 20);
	assert_int_equal(store_open(&o, &w->s, &w->e), 0);
	assert_int_equal(audit_hook_new(w->s, &teams, &w->hook, &w->e), 0);
	w->front = store_part_find(
		w->s, slice_str(topic_defs[TOPIC_INGESTION].name), 0);
	assert_int_equal(
		store_part_open(w->s, "other", 0, &w->other, &w->e), 0);
	*state = w;
	return 0;
}

static int
close_world(void **state)
{
	struct world *w = *state;

	store_close(w->s);
	audit_hook_free(w->hook);
	buf_fini(&w->b);
	remove_tree(w->dir);
	free(w);
	return 0;
}

/* A batch of one record of the front log. */
static void
make_batch(struct buf *b, const char *token, const char *uuid)
{
	const struct batch_header_kv headers[] = {
		{SLICE_LIT("token"), slice_str(token)},
		{SLICE_LIT("uuid"), slice_str(uuid)},
	};
	struct batch_writer w;
	struct err e;

	buf_reset(b);
	batch_begin(&w, b, TS);
	batch_record(&w, TS, SLICE_LIT("k"), SLICE_LIT("{}"), headers,
		uuid[0] == '\0' ? 1 : 2);
	assert_int_equal(batch_end(&w, BATCH_NONE, &e), 0);
}

struct expected {
	enum audit_hop hop;
	int64_t team_id;
	uint64_t count, bits;
};

static void
assert_sums(struct world *w, const struct expected *want, int n)
{
	struct store_conn *c;
	struct store_stmt *st;
	int rows = 0;

	assert_int_equal(store_reader_open(w->s, &c, &w->e), 0);
	assert_int_equal(sql_get(c, &audit_sql, AUDIT_SQL_LIST, &st, &w->e), 0);
	sql_bind_i64(st, 1, 0);
	sql_bind_i64(st, 2, INT64_MAX);
	while (sql_step(st, &w->e) == 1) {
		bool is_known = false;

		for (int i = 0; i < n; i++)
			is_known |=
				sql_col_i64(st, 0) ==
					audit_hops[want[i].hop].number &&
				sql_col_i64(st, 1) == MINUTE &&
				sql_col_i64(st, 2) == want[i].team_id &&
				(uint64_t)sql_col_i64(st, 3) == want[i].count &&
				(uint64_t)sql_col_i64(st, 4) == want[i].bits;
		assert_true(is_known);
		rows++;
	}
	assert_int_equal(rows, n);
	sql_reset(st);
	store_reader_close(c);
}

static int
n_rows(struct world *w)
{
	struct store_conn *c;
	struct store_stmt *st;
	int n = 0;

	assert_int_equal(store_reader_open(w->s, &c, &w->e), 0);
	assert_int_equal(sql_get(c, &audit_sql, AUDIT_SQL_LIST, &st, &w->e), 0);
	sql_bind_i64(st, 1, 0);
	sql_bind_i64(st, 2, INT64_MAX);
	while (sql_step(st, &w->e) == 1)
		n++;
	store_reader_close(c);
	return n;
}

static void
append(struct world *w, struct store_part *p, const struct audit_tally *t)
{
	struct store_append a = {.part = p,
		.batches = w->b.p,
		.len = w->b.len,
		.n_records = 1,
		.note = t,
		.job = {.bytes = w->b.len}};

	assert_int_equal(store_call(w->s, &a.job, &w->e), 0);
}

static struct audit_tally
tally(const char *uuid)
{
	return (struct audit_tally){AUDIT_CAPTURE, MINUTE, 7,
		{1, audit_uuid_hash(slice_str(uuid))}};
}

/* audit-2 */
static void
an_append_is_counted_by_both_sides(void **state)
{
	struct world *w = *state;
	uint64_t a = hash_xx64(UUID_A, 36), b = hash_xx64(UUID_B, 36);
	struct audit_tally t = tally(UUID_A);

	make_batch(&w->b, "phc_seven", UUID_A);
	append(w, w->front, &t);
	append(w, w->other, &t); /* none of the inputs */
	make_batch(&w->b, "phc_seven", UUID_B);
	t = tally(UUID_B);
	append(w, w->front, &t);
	assert_sums(w,
		(struct expected[]){{AUDIT_CAPTURE, 7, 2, a ^ b},
			{AUDIT_FRONT, 7, 2, a ^ b}},
		2);
}

static void
an_outside_record_is_its_own_witness(void **state)
{
	struct world *w = *state;
	uint64_t a = hash_xx64(UUID_A, 36);

	make_batch(&w->b, "phc_nobody", UUID_A);
	append(w, w->front, NULL);
	make_batch(&w->b, "phc_seven", "");
	append(w, w->front, NULL);
	assert_sums(w,
		(struct expected[]){
			{AUDIT_PRODUCED, 0, 2, a}, {AUDIT_FRONT, 0, 2, a}},
		2);
}

/* Holds the writer until the other jobs wait, so that they are one group. */
struct gate {
	struct store_job job;
	struct lock lock;
	struct cond wake;
	bool is_open;
	int n_done;
};

static int
gate_run(struct store_job *j, struct store_conn *c, struct err *e)
{
	struct gate *g = (struct gate *)(void *)j;

	(void)c;
	(void)e;
	lock_take(&g->lock);
	while (!g->is_open)
		cond_wait(&g->wake, &g->lock);
	lock_release(&g->lock);
	return 0;
}

static void
gate_done(struct store_job *j, const struct err *result)
{
	(void)j;
	(void)result;
}

struct inner {
	struct store_job job;
	struct world *w;
	struct gate *g;
	struct audit_tally t;
	struct buf b;
	bool fails;
};

static int
inner_run(struct store_job *j, struct store_conn *c, struct err *e)
{
	struct inner *x = (struct inner *)(void *)j;
	int64_t base;
	int r = store_tx_append_noted(
		c, x->w->front, x->b.p, x->b.len, 1, &x->t, &base, e);

	assert_int_equal(r, 0);
	return x->fails ? err_set(e, ERR_INVALID, "as asked") : 0;
}

static void
inner_done(struct store_job *j, const struct err *result)
{
	struct inner *x = (struct inner *)(void *)j;

	assert_int_equal(result->code, x->fails ? ERR_INVALID : ERR_OK);
	lock_take(&x->g->lock);
	x->g->n_done++;
	cond_broadcast(&x->g->wake);
	lock_release(&x->g->lock);
}

/* audit-1 */
static void
what_is_undone_is_not_counted(void **state)
{
	struct world *w = *state;
	uint64_t a = hash_xx64(UUID_A, 36), b = hash_xx64(UUID_B, 36);
	struct gate g = {.job = {.run = gate_run, .done = gate_done}};
	struct inner x[3];

	lock_init(&g.lock);
	cond_init(&g.wake);
	assert_int_equal(store_submit(w->s, &g.job, &w->e), 0);
	for (int i = 0; i < 3; i++) {
		const char *uuid = i == 2 ? UUID_B : UUID_A;

		x[i] = (struct inner){
			.job = {.run = inner_run, .done = inner_done},
			.w = w,
			.g = &g,
			.t = tally(uuid),
			.fails = i == 1,
		};
		buf_init(&x[i].b, 1 << 16);
		make_batch(&x[i].b, "phc_seven", uuid);
		assert_int_equal(store_submit(w->s, &x[i].job, &w->e), 0);
	}
	lock_take(&g.lock);
	g.is_open = true;
	cond_broadcast(&g.wake);
	while (g.n_done < 3)
		cond_wait(&g.wake, &g.lock);
	lock_release(&g.lock);
	assert_sums(w,
		(struct expected[]){{AUDIT_CAPTURE, 7, 2, a ^ b},
			{AUDIT_FRONT, 7, 2, a ^ b}},
		2);
	for (int i = 0; i < 3; i++)
		buf_fini(&x[i].b);
	cond_fini(&g.wake);
	lock_fini(&g.lock);
}

static struct audit_acc acc;

static int
forget_run(struct store_job *j, struct store_conn *c, struct err *e)
{
	(void)j;
	return audit_forget(c, MINUTE + AUDIT_KEEP_MINUTES + 1, e);
}

static int
save_run(struct store_job *j, struct store_conn *c, struct err *e)
{
	(void)j;
	assert_int_equal(audit_acc_one(&acc, AUDIT_FRONT, MINUTE, 7, 1, e), 0);
	assert_int_equal(
		audit_acc_one(&acc, AUDIT_FRONT, MINUTE + 1, 7, 2, e), 0);
	return audit_save(&acc, c, e);
}

static void
call(struct world *w,
	int (*run)(struct store_job *j, struct store_conn *c, struct err *e))
{
	struct store_job j = {.run = run};

	assert_int_equal(store_call(w->s, &j, &w->e), 0);
}

static int
drop_newer(struct store_job *j, struct store_conn *c, struct err *e)
{
	(void)j;
	return audit_forget(c, MINUTE + AUDIT_KEEP_MINUTES + 1000, e);
}

static void
old_counters_go(void **state)
{
	struct world *w = *state;

	call(w, save_run);
	call(w, forget_run); /* the first minute is too old by now */
	assert_int_equal(n_rows(w), 1);
	call(w, drop_newer);
	assert_sums(w, NULL, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_of_hops_are_unique),
		cmocka_unit_test(a_minute_begins_at_its_first_millisecond),
		cmocka_unit_test(the_hash_is_that_of_lower_case_text),
		cmocka_unit_test(sums_spill_when_they_are_many_and_lose_none),
		cmocka_unit_test(a_row_is_known_by_key_and_value),
		cmocka_unit_test(what_is_equal_makes_no_difference),
		cmocka_unit_test(a_difference_names_minute_and_project),
		cmocka_unit_test(as_many_but_others_is_a_difference),
		cmocka_unit_test(
			a_project_that_went_moves_its_events_and_loses_none),
		cmocka_unit_test_setup_teardown(
			an_append_is_counted_by_both_sides, open_world,
			close_world),
		cmocka_unit_test_setup_teardown(
			an_outside_record_is_its_own_witness, open_world,
			close_world),
		cmocka_unit_test_setup_teardown(
			what_is_undone_is_not_counted, open_world, close_world),
		cmocka_unit_test_setup_teardown(
			old_counters_go, open_world, close_world),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
