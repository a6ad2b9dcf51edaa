#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "dlq/dlq.h"
#include "dlq/edit.h"
#include "dlq/letter.h"
#include "store/sql.h"
#include "store/store.h"
#include "tests/unit/remove_tree.h"
#include "topic/topic.h"

#define FOREVER INT64_MAX

struct world {
	char dir[40];
	struct store *spool, *state;
	struct dlq *dlq;
	struct arena a;
};

static struct store *
open_file(struct world *w, enum store_kind kind)
{
	const struct store_options o = {
		.dir = w->dir, .kind = kind, .queue_bytes = 1 << 24};
	struct store *s;
	struct err e;

	assert_int_equal(store_open(&o, &s, &e), 0);
	return s;
}

static int
set_up(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct err e;

	assert_non_null(w);
	snprintf(w->dir, sizeof(w->dir), "/tmp/sluice-dlq-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	w->spool = open_file(w, STORE_SPOOL);
	w->state = open_file(w, STORE_STATE);
	assert_int_equal(dlq_new(w->spool, w->state, &w->dlq, &e), 0);
	arena_init(&w->a, (size_t)1 << 28);
	*state = w;
	return 0;
}

static int
tear_down(void **state)
{
	struct world *w = *state;

	dlq_free(w->dlq);
	store_close(w->state);
	store_close(w->spool);
	arena_fini(&w->a);
	remove_tree(w->dir);
	free(w);
	return 0;
}

struct append_job {
	struct store_job job;
	struct store_part *part;
	struct buf batch;
	uint32_t n;
	int64_t ts_ms;
};

static int
run_append(struct store_job *job, struct store_conn *c, struct err *e)
{
	struct append_job *j = (struct append_job *)(void *)job;
	int64_t base;

	return store_tx_append(
		c, j->part, j->batch.p, j->batch.len, j->n, j->ts_ms, &base, e);
}

static struct store_part *
part_of(struct world *w, int partition)
{
	struct store_part *p;
	struct err e;

	assert_int_equal(
		store_part_open(partition == 0 ? w->spool : w->state,
			topic_defs[TOPIC_DEAD_LETTERS].name, partition, &p, &e),
		0);
	return p;
}

/* Letters from..to - 1 in one batch; their error has a number of kind. */
static void
append(struct world *w, int partition, int from, int to, int kinds)
{
	struct append_job j = {
		.job.run = run_append, .n = (uint32_t)(to - from)};
	const struct batch_header_kv h[] = {
		{SLICE_LIT("dlq_reason"), SLICE_LIT("step_failed")},
		{SLICE_LIT("dlq_step"), SLICE_LIT("persons")},
	};
	struct batch_writer bw;
	struct err e;

	j.part = part_of(w, partition);
	buf_init(&j.batch, 1 << 24);
	batch_begin(&bw, &j.batch, 1000);
	for (int i = from; i < to; i++) {
		char text[200];

		snprintf(text, sizeof(text),
			"{\"id\":\"%08x-0000-7000-8000-00000000000%d\","
			"\"team_id\":7,\"error\":\"kind%c%c is bad at %d\"}",
			(unsigned)i, partition, 'a' + i % kinds / 26 % 26,
			'a' + i % kinds % 26, i);
		batch_record(&bw, 1000 + i, SLICE_NONE, slice_str(text), h, 2);
	}
	assert_int_equal(batch_end(&bw, BATCH_NONE, &e), 0);
	j.job.bytes = j.batch.len;
	j.ts_ms = 1000 + to;
	assert_int_equal(
		store_call(partition == 0 ? w->spool : w->state, &j.job, &e),
		0);
	buf_fini(&j.batch);
}

static void
sync_all(struct world *w)
{
	int64_t behind;
	struct err e;

	assert_int_equal(dlq_sync(w->dlq, FOREVER, &behind, &e), 0);
	assert_int_equal(behind, 0);
}

static uint32_t
groups(struct world *w, unsigned states, const char *error,
	struct dlq_group **out)
{
	struct dlq_filter f = {.states = states, .error = slice_str(error)};
	uint32_t n;
	struct err e;

	if (error == NULL)
		f.error = SLICE_NONE;
	assert_int_equal(dlq_groups(w->dlq, &f, &w->a, out, &n, &e), 0);
	return n;
}

static int
count(struct world *w, unsigned states, const char *error)
{
	struct dlq_filter f = {.states = states, .error = slice_str(error)};
	struct batch_record_view rec;
	struct dlq_range range;
	struct dlq_scan *s;
	struct dlq_row row;
	int64_t last_ms = 0;
	struct err e;
	int n = 0, r;

	if (error == NULL)
		f.error = SLICE_NONE;
	assert_int_equal(dlq_range_all(w->dlq, &range, &e), 0);
	assert_int_equal(dlq_scan_open(w->dlq, &f, &range, &s, &e), 0);
	while ((r = dlq_scan_next(s, &row, &rec, &e)) == 1) {
		assert_int_equal(rec.offset, row.offset);
		assert_true(row.at_ms >= last_ms);
		last_ms = row.at_ms;
		n++;
	}
	assert_int_equal(r, 0);
	dlq_scan_close(s);
	return n;
}

static void
is_normalised(const char *text, const char *wanted)
{
	struct buf b;

	buf_init(&b, 1 << 16);
	dlq_normalise(slice_str(text), &b);
	assert_string_equal(buf_cstr(&b), wanted);
	/* What is normalised stays so: a group can be named by its error. */
	buf_reset(&b);
	dlq_normalise(slice_str(wanted), &b);
	assert_string_equal(buf_cstr(&b), wanted);
	buf_fini(&b);
}

static void
equal_errors_are_equal(void **state)
{
	(void)state;
	is_normalised("Merge limit exceeded", "Merge limit exceeded");
	is_normalised("byte 17 of 42.5 (x2)", "byte <n> of <n> (x<n>)");
	is_normalised("person 0190aaaa-0000-7000-8000-00000000000f is gone",
		"person <uuid> is gone");
	is_normalised("hash 12ab34cd56 and deadbeef and facade",
		"hash <hex> and deadbeef and facade");
	is_normalised("no \"a\" in 'b c'; it's o'clock 'x'",
		"no <text> in <text>; it's o'clock <text>");
	is_normalised("at 2026-01-02 10:20:30", "at <n>-<n>-<n> <n>:<n>:<n>");
	is_normalised("  \"open", "\"open");
	is_normalised("\xc3\xa4rgerlich 5", "\xc3\xa4rgerlich <n>");
	is_normalised("", "");
}

static void
a_long_error_is_cut_between_characters(void **state)
{
	char text[1200];
	struct buf b;

	(void)state;
	memset(text, 'x', 499);
	for (int i = 499; i < 1199; i += 2)
		memcpy(text + i, "\xc3\xa4", 2);
	text[1199] = '\0';
	buf_init(&b, 1 << 16);
	dlq_normalise(slice_str(text), &b);
	assert_int_equal(b.len, 499);
	buf_fini(&b);
}

/* dlq-2 */
static void
letters_are_indexed_and_grouped(void **state)
{
	struct world *w = *state;
	struct dlq_group *g;
	struct dlq_row row;
	struct err e;

	append(w, 0, 0, 6, 3);
	append(w, 1, 6, 8, 2);
	sync_all(w);
	assert_int_equal(groups(w, 1, NULL, &g), 3);
	assert_true(slice_eq_str(g[0].error, "kindaa is bad at <n>"));
	assert_int_equal(g[0].n[DLQ_PENDING], 3);
	assert_int_equal(g[0].team_id, 7);
	assert_true(slice_eq_str(g[0].reason, "step_failed"));
	assert_true(slice_eq_str(g[0].step, "persons"));
	assert_int_equal(g[0].first_ms, 1000);
	assert_int_equal(g[0].last_ms, 1006);
	assert_int_equal(g[0].newest_partition, 1);
	assert_int_equal(count(w, 1, NULL), 8);
	assert_int_equal(count(w, 1, "kindaa is bad at <n>"), 3);
	assert_int_equal(count(w, 1, "kindaa is bad at 3"), 1);
	assert_int_equal(count(w, 1, "kindaa is bad at 4"), 0);
	assert_int_equal(
		dlq_find(w->dlq,
			SLICE_LIT("00000007-0000-7000-8000-000000000001"), &row,
			&e),
		0);
	assert_int_equal(row.partition, 1);
	assert_int_equal(row.offset, 1);
	assert_int_equal(dlq_find(w->dlq, SLICE_LIT("0-5"), &row, &e), 0);
	assert_int_equal(
		dlq_find(w->dlq, SLICE_LIT("0-6"), &row, &e), -ERR_NOT_FOUND);
	assert_int_equal(
		dlq_find(w->dlq,
			SLICE_LIT("00000009-0000-7000-8000-000000000001"), &row,
			&e),
		-ERR_NOT_FOUND);
}

static void
discard(struct world *w, int partition, int64_t offset, int code)
{
	int got = 1;
	struct err e;

	assert_int_equal(dlq_discard(w->dlq, partition, &offset, 1,
				 SLICE_LIT("me"), &got, &e),
		0);
	assert_int_equal(got, code);
}

/* dlq-1, dlq-2, dlq-4: a mark counts once, before and after the letter is
 * indexed. */
static void
marks_and_counts_agree(void **state)
{
	struct world *w = *state;
	struct dlq_group *g;
	int64_t before, after, at_ms;
	struct err e;

	append(w, 0, 0, 4, 1);
	discard(w, 0, 1, 0);
	sync_all(w);
	assert_int_equal(groups(w, 7, NULL, &g), 1);
	assert_int_equal(g[0].n[DLQ_PENDING], 3);
	assert_int_equal(g[0].n[DLQ_DISCARDED], 1);
	assert_int_equal(dlq_changes(w->dlq, &before, &e), 0);
	discard(w, 0, 0, 0);
	discard(w, 0, 0, -ERR_EXISTS);
	assert_int_equal(dlq_changes(w->dlq, &after, &e), 0);
	assert_true(after > before);
	assert_int_equal(groups(w, 7, NULL, &g), 1);
	assert_int_equal(g[0].n[DLQ_PENDING], 2);
	assert_int_equal(g[0].n[DLQ_DISCARDED], 2);
	assert_int_equal(count(w, 1U << DLQ_DISCARDED, NULL), 2);
	assert_int_equal(count(w, 1U << DLQ_PENDING, NULL), 2);
	assert_int_equal(dlq_oldest_pending(w->dlq, &at_ms, &e), 0);
	assert_int_equal(at_ms, 1002);
	discard(w, 0, 2, 0);
	discard(w, 0, 3, 0);
	assert_int_equal(groups(w, 1U << DLQ_PENDING, NULL, &g), 0);
	assert_int_equal(dlq_oldest_pending(w->dlq, &at_ms, &e), 0);
	assert_int_equal(at_ms, 0);
}

struct reason_job {
	struct store_job job;
	int64_t offset;
};

static int
run_reason(struct store_job *job, struct store_conn *c, struct err *e)
{
	return dlq_mark_reason(c, ((struct reason_job *)(void *)job)->offset,
		"unknown_token", "Unknown API key", e);
}

static void
find_out(struct world *w, int64_t offset)
{
	struct reason_job j = {
		.job = {.run = run_reason, .bytes = 1}, .offset = offset};
	struct err e;

	assert_int_equal(store_call(w->spool, &j.job, &e), 0);
}

/* dlq-2: also one that is indexed after its reason was found out. */
static void
a_reason_found_out_later_counts(void **state)
{
	struct world *w = *state;
	struct dlq_group *g;
	struct dlq_row row;
	struct err e;

	append(w, 0, 0, 4, 1);
	find_out(w, 1);
	sync_all(w);
	find_out(w, 2);
	find_out(w, 2);
	assert_int_equal(groups(w, 7, NULL, &g), 2);
	assert_int_equal(
		groups(w, 1U << DLQ_PENDING, "Unknown API key", &g), 1);
	assert_int_equal(g[0].n[DLQ_PENDING], 2);
	assert_int_equal(g[0].team_id, 7);
	assert_true(slice_eq_str(g[0].reason, "unknown_token"));
	assert_true(slice_eq_str(g[0].step, "persons"));
	assert_int_equal(g[0].newest, 2);
	assert_int_equal(count(w, 1U << DLQ_PENDING, "Unknown API key"), 2);
	assert_int_equal(count(w, 1U << DLQ_PENDING, NULL), 4);
	assert_int_equal(dlq_find(w->dlq, SLICE_LIT("0-1"), &row, &e), 0);
	assert_string_equal(row.mark.reason, "unknown_token");
	assert_int_equal(row.state, DLQ_PENDING);
	/* It can still be discarded, once. */
	discard(w, 0, 1, 0);
	discard(w, 0, 1, -ERR_EXISTS);
	assert_int_equal(groups(w, 1U << DLQ_DISCARDED, NULL, &g), 1);
	assert_int_equal(g[0].n[DLQ_DISCARDED], 1);
	assert_int_equal(g[0].n[DLQ_PENDING], 1);
	assert_true(slice_eq_str(g[0].reason, "unknown_token"));
	find_out(w, 0);
	find_out(w, 3);
	assert_int_equal(groups(w, 7, NULL, &g), 1);
}

static int64_t
number(struct store *s, const char *sql)
{
	const char *texts[] = {sql};
	/* A set of its own for each: statements are kept by their set. */
	struct sql_set *set = calloc(1, sizeof(*set));
	struct store_conn *c;
	struct store_stmt *st;
	struct err e;
	int64_t n;

	assert_non_null(set);
	*set = (struct sql_set){"test", texts, 1};
	assert_int_equal(store_reader_open(s, &c, &e), 0);
	assert_int_equal(sql_get(c, set, 0, &st, &e), 0);
	assert_int_equal(sql_step(st, &e), 1);
	n = sql_col_i64(st, 0);
	sql_reset(st);
	store_reader_close(c);
	free(set);
	return n;
}

/* dlq-3 */
static void
what_retention_deletes_is_forgotten(void **state)
{
	struct world *w = *state;
	struct store_part *p = part_of(w, 1);
	struct store_part_state st;
	struct dlq_group *g;
	int64_t deadline_ns;

	for (int i = 0; i < 20; i++)
		append(w, 1, i * 400, i * 400 + 400, 2);
	discard(w, 1, 0, 0);
	sync_all(w);
	assert_int_equal(groups(w, 7, NULL, &g), 2);
	assert_int_equal(g[0].n[DLQ_PENDING] + g[1].n[DLQ_PENDING], 7999);
	store_part_set_retention(p, -1, 1);
	deadline_ns = clock_mono_ns() + INT64_C(30000000000);
	store_part_state(p, &st);
	/* The writer looks once a second, between commits. */
	for (int i = 0; st.log_start < 8000; i++) {
		assert_true(clock_mono_ns() < deadline_ns);
		append(w, 0, i, i + 1, 1); /* the other file's writer */
		append(w, 1, 8000 + i, 8001 + i, 1);
		store_part_state(p, &st);
	}
	sync_all(w);
	store_part_state(p, &st);
	assert_int_equal(number(w->state, "SELECT count(*) FROM letter"), 0);
	assert_int_equal(number(w->state, "SELECT count(*) FROM letter_index"),
		st.high_watermark - st.log_start);
	assert_int_equal(
		number(w->state,
			"SELECT coalesce(sum(pending), 0) FROM letter_group"),
		st.high_watermark - st.log_start);
}

/* Kinds of errors without end are counted, not kept apart. */
static void
groups_are_bounded(void **state)
{
	struct world *w = *state;
	struct dlq_group *g;
	struct batch_writer bw;
	struct append_job j = {.job.run = run_append, .n = 12000};
	int64_t sum = 0;
	uint32_t n;
	struct err e;

	j.part = part_of(w, 0);
	buf_init(&j.batch, 1 << 24);
	for (int i = 0; i < 12000; i++) {
		char text[64];

		snprintf(text, sizeof(text), "{\"team_id\":%d,\"error\":\"x\"}",
			i);
		if (i % 1000 == 0)
			batch_begin(&bw, &j.batch, 1000);
		batch_record(&bw, 1000, SLICE_NONE, slice_str(text), NULL, 0);
		if (i % 1000 == 999)
			assert_int_equal(batch_end(&bw, BATCH_NONE, &e), 0);
	}
	j.job.bytes = j.batch.len;
	assert_int_equal(store_call(w->spool, &j.job, &e), 0);
	buf_fini(&j.batch);
	sync_all(w);
	n = groups(w, 7, NULL, &g);
	assert_true(n <= DLQ_GROUPS_MAX + 200);
	for (uint32_t i = 0; i < n; i++)
		sum += g[i].n[DLQ_PENDING];
	assert_int_equal(sum, 12000);
}

/* The deadline ends a look; the next goes on. */
static void
a_sync_goes_on_where_the_last_ended(void **state)
{
	struct world *w = *state;
	int64_t behind;
	struct err e;

	for (int i = 0; i < 6; i++)
		append(w, 0, i * 1000, i * 1000 + 1000, 1);
	assert_int_equal(dlq_sync(w->dlq, 0, &behind, &e), 0);
	assert_int_equal(behind, 5500);
	assert_int_equal(count(w, 1, NULL), 500);
	sync_all(w);
	assert_int_equal(count(w, 1, NULL), 6000);
}

#define MESSAGE                                                                \
	"{\"uuid\":\"00000000-0000-4000-8000-000000000001\",\"distinct_id\":"  \
	"\"d\",\"ip\":\"\",\"data\":\"{\\\"event\\\":\\\"e\\\","               \
	"\\\"timestamp\\\":\\\"t\\\"}\",\"now\":\"n\",\"token\":\"k\","        \
	"\"event\":\"e\",\"timestamp\":\"T\"}"

static struct letter_message
message(struct batch_header_kv *h)
{
	h[0] = (struct batch_header_kv){SLICE_LIT("token"), SLICE_LIT("k")};
	h[1] = (struct batch_header_kv){
		SLICE_LIT("distinct_id"), SLICE_LIT("d")};
	h[2] = (struct batch_header_kv){
		SLICE_LIT("timestamp"), SLICE_LIT("12")};
	return (struct letter_message){
		.value = SLICE_LIT(MESSAGE), .headers = h, .n_headers = 3};
}

static void
an_edited_event_takes_the_place_of_the_old(void **state)
{
	struct world *w = *state;
	struct batch_header_kv h[3];
	struct letter_message m = message(h), out;
	struct err e;

	assert_int_equal(
		letter_edit(&m,
			SLICE_LIT(" {\"event\":\"f\", \"distinct_id\":\"x\","
				  "\"timestamp\":\"t\"} "),
			1000, &w->a, &out, &e),
		0);
	assert_true(slice_eq_str(out.value,
		"{\"uuid\":\"00000000-0000-4000-8000-000000000001\","
		"\"distinct_id\":\"x\",\"event\":\"f\",\"data\":\"{"
		"\\\"event\\\":"
		"\\\"f\\\",\\\"distinct_id\\\":\\\"x\\\",\\\"timestamp\\\":"
		"\\\"t\\\"}\",\"ip\":\"\",\"now\":\"n\",\"token\":\"k\","
		"\"timestamp\":\"T\"}"));
	assert_true(slice_eq_str(out.key, "k:x"));
	assert_true(slice_eq_str(letter_header(&out, "distinct_id"), "x"));
	assert_true(slice_eq_str(letter_header(&out, "event"), "f"));
	assert_true(slice_eq_str(letter_header(&out, "timestamp"), "12"));
	assert_true(slice_eq_str(letter_header(&m, "distinct_id"), "d"));
	/* Another time is not the one that was computed. */
	assert_int_equal(
		letter_edit(&m,
			SLICE_LIT("{\"event\":\"f\",\"properties\":{\"distinct_"
				  "id\":7},"
				  "\"timestamp\":\"u\",\"uuid\":"
				  "\"00000000-0000-4000-8000-00000000000A\"}"),
			1000, &w->a, &out, &e),
		0);
	assert_null(letter_header(&out, "timestamp").p);
	assert_true(slice_eq_str(out.key, "k:7"));
	assert_true(slice_eq_str(letter_header(&out, "uuid"),
		"00000000-0000-4000-8000-00000000000a"));
}

static void
an_edited_event_is_checked(void **state)
{
	static const char *const bad[] = {"", "[]", "{", "{\"event\":\"e\"}",
		"{\"distinct_id\":\"d\"}",
		"{\"event\":\"\",\"distinct_id\":\"d\"}",
		"{\"event\":7,\"distinct_id\":\"d\"}",
		"{\"event\":\"e\",\"distinct_id\":\"  \"}",
		"{\"event\":\"e\",\"distinct_id\":\"d\",\"uuid\":\"x\"}",
		"{\"event\":\"e\",\"distinct_id\":\"d\",\"properties\":[]}",
		"{\"event\":\"e\",\"distinct_id\":\"d\",\"timestamp\":true}"};
	struct world *w = *state;
	struct batch_header_kv h[3];
	struct letter_message m = message(h), out;
	struct err e;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(letter_edit(&m, slice_str(bad[i]), 1000, &w->a,
					 &out, &e),
			-ERR_INVALID);
	assert_int_equal(
		letter_edit(&m,
			SLICE_LIT("{\"event\":\"e\",\"distinct_id\":\"d\"}"),
			100, &w->a, &out, &e),
		-ERR_TOO_BIG);
	/* What cannot be read is written anew, from the headers. */
	m.value = SLICE_LIT("\xff no JSON");
	assert_int_equal(
		letter_edit(&m,
			SLICE_LIT("{\"event\":\"e\",\"distinct_id\":\"d\"}"),
			1000, &w->a, &out, &e),
		-ERR_INVALID);
	assert_int_equal(
		letter_edit(&m,
			SLICE_LIT("{\"event\":\"e\",\"distinct_id\":\"d\","
				  "\"uuid\":"
				  "\"00000000-0000-4000-8000-000000000002\"}"),
			1000, &w->a, &out, &e),
		0);
	assert_true(slice_eq_str(out.key, "k:d"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(equal_errors_are_equal),
		TEST(a_long_error_is_cut_between_characters),
		TEST(letters_are_indexed_and_grouped),
		TEST(marks_and_counts_agree),
		TEST(a_reason_found_out_later_counts),
		TEST(what_retention_deletes_is_forgotten),
		TEST(groups_are_bounded),
		TEST(a_sync_goes_on_where_the_last_ended),
		TEST(an_edited_event_takes_the_place_of_the_old),
		TEST(an_edited_event_is_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
