#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "explore/console.h"
#include "explore/insight.h"
#include "explore/saved.h"
#include "store/store.h"
#include "tests/unit/remove_tree.h"

static const struct console_limits limits = {30, 600 * 1048576, 1000, 100};

struct said {
	int code, line, column;
	const char *words, *query, *message;
};

static void
errors_are_told_in_plain_words(void **state)
{
	static const struct said rows[] = {
		{62, 1, 14,
			"Code: 62. DB::Exception: Syntax error: failed at "
			"position 14 (x): x y. Expected one of: token (version "
			"26.7.2.1)",
			"select 1 frm x y",
			"The query is not understood at: x y."},
		{62, 2, 3,
			"Code: 62. DB::Exception: Syntax error: failed at "
			"position 11 (b): b. Expected one of: x",
			"sel\xC3\xA9 a\n  b",
			"The query is not understood at: b."},
		{62, 1, 9,
			"Code: 62. DB::Exception: Syntax error: failed at "
			"position 9 (end of query): . Expected one of: x",
			"select (", "The query ends too early."},
		{47, 2, 1,
			"Code: 47. DB::Exception: Unknown expression "
			"identifier `evnt` in scope SELECT evnt FROM t. Maybe "
			"you meant: ['event']. (UNKNOWN_IDENTIFIER) (version "
			"26)",
			"select xevnt,\nevnt from t",
			"There is no column evnt. Maybe you meant event."},
		{60, 1, 15,
			"Code: 60. DB::Exception: Unknown table expression "
			"identifier 'nope' in scope SELECT * FROM nope. "
			"(UNKNOWN_TABLE)",
			"select * from nope", "There is no table nope."},
		{497, 0, 0, "Code: 497. DB::Exception: Leave it. (version 2)",
			"x", "Leave it."},
		{497, 0, 0,
			"Code: 497. DB::Exception: default: Not enough "
			"privileges. To execute",
			"x",
			"The console only reads the tables of posthog: this "
			"needs more rights."},
		{394, 0, 0, "Code: 394. DB::Exception: Query was cancelled.",
			"x", "The query was cancelled."},
		{43, 0, 0,
			"Code: 43. DB::Exception: Illegal type: In scope "
			"SELECT 1. (ILLEGAL_TYPE_OF_ARGUMENT) (version 2)",
			"x", "Illegal type"},
		{159, 0, 0, "Code: 159. DB::Exception: Timeout", "x",
			"The query took longer than 30 seconds and was "
			"stopped. Narrow the time range, or read fewer "
			"columns."},
		{241, 0, 0, "", "x",
			"The query needed more memory than the console may "
			"use (600 MiB). Group by fewer values, or narrow the "
			"time range."},
		{1, 0, 0, "", "", "It failed"},
		/* A place beyond the text is none. */
		{62, 0, 0, "Syntax error: failed at position 999999 (x): y", "",
			"The query is not understood at: y"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct console_trouble t = {0};

		buf_init(&t.detail, 65536);
		console_explain(rows[i].code, slice_str(rows[i].words),
			rows[i].query, &limits, &t);
		assert_string_equal(t.message, rows[i].message);
		assert_int_equal(t.line, rows[i].line);
		assert_int_equal(t.column, rows[i].column);
		buf_fini(&t.detail);
	}
}

#define EVIL "ev'il\\'); DROP TABLE x --\n{p1:String}`\""

static struct insight
an_insight(enum insight_kind kind)
{
	return (struct insight){.kind = kind,
		.team_id = 7,
		.timezone = SLICE_LIT("Europe/Berlin"),
		.from_s = 1700000000,
		.to_s = 1700864000,
		.interval = INSIGHT_DAY,
		.event = SLICE_LIT(EVIL),
		.return_event = SLICE_LIT(EVIL),
		.breakdown = INSIGHT_BY_PROPERTY,
		.property = SLICE_LIT(EVIL),
		.steps = {SLICE_LIT(EVIL), SLICE_LIT("b")},
		.n_steps = 2,
		.window_h = 24,
		.is_users = true,
		.top = INSIGHT_TOP_VALUES,
		.limit = 5};
}

static bool
has(const struct buf *b, const char *text)
{
	return memmem(b->p, b->len, text, strlen(text)) != NULL;
}

/* explore-3 */
static void
what_comes_from_outside_is_never_text_of_the_query(void **state)
{
	(void)state;
	for (int kind = 0; kind < INSIGHT_N_KINDS; kind++) {
		struct insight i = an_insight((enum insight_kind)kind);
		const char *field = "";
		struct insight_query q;
		struct arena a;
		struct buf plain;
		struct err e;
		int n = 0;

		arena_init(&a, 1024 * 1024);
		buf_init(&plain, 65536);
		assert_int_equal(insight_check(&i, &field, &e), 0);
		assert_int_equal(insight_write(&i, &a, &q, &e), 0);
		assert_false(has(&q.text, "ev"
					  "'il"));
		assert_false(has(&q.text, "DROP"));
		assert_false(has(&q.text, "1700000000"));
		assert_true(has(&q.text, "team_id = {p"));
		for (size_t p = 0; p < q.n_params; p++)
			n += has(&(struct buf){.p = (char *)(uintptr_t)q
							    .params[p]
							    .value.p,
					 .len = q.params[p].value.len},
				"ev'il\\\\'); DROP TABLE x --\\n{p1");
		assert_true(n > 0);
		/* The plain form has it in quotes, escaped. */
		assert_int_equal(insight_write_plain(&i, &plain, &e), 0);
		assert_true(has(&plain, "'ev\\'il\\\\\\'); DROP TABLE x "
					"--\\n{p1:String}`\"'"));
		assert_true(has(&plain, "team_id = 7"));
		buf_fini(&plain);
		buf_fini(&q.text);
		arena_fini(&a);
	}
}

static void
expect_bad(struct insight i, const char *name)
{
	const char *field = "";
	struct err e;

	assert_int_equal(insight_check(&i, &field, &e), -ERR_INVALID);
	assert_string_equal(field, name);
}

static void
ill_asked_insights_are_refused(void **state)
{
	struct insight i = an_insight(INSIGHT_TRENDS);
	struct insight f = an_insight(INSIGHT_FUNNEL);
	struct insight r = an_insight(INSIGHT_RETENTION);
	struct insight t = an_insight(INSIGHT_TOP);
	struct insight x;

	(void)state;
	x = i, x.from_s = -1, expect_bad(x, "from");
	x = i, x.to_s = x.from_s, expect_bad(x, "to");
	x = i, x.to_s = INT64_MAX, expect_bad(x, "to");
	x = i, x.from_s = 0, expect_bad(x, "from");
	x = i, x.interval = INSIGHT_HOUR, x.from_s -= 60 * 86400,
	expect_bad(x, "interval");
	x = i, x.property = SLICE_LIT(""), expect_bad(x, "property");
	x = i, x.event = SLICE_LIT("a\0b"), expect_bad(x, "event");
	x = i, x.event = SLICE_LIT("a\xFF"), expect_bad(x, "event");
	x = i, x.timezone = SLICE_LIT("UTC'"), expect_bad(x, "timezone");
	x = f, x.n_steps = 1, expect_bad(x, "steps");
	x = f, x.steps[1] = SLICE_LIT(""), expect_bad(x, "steps");
	x = f, x.window_h = 0, expect_bad(x, "window_h");
	x = r, x.event = SLICE_LIT(""), expect_bad(x, "event");
	x = r, x.interval = INSIGHT_HOUR, expect_bad(x, "interval");
	x = t, x.limit = 0, expect_bad(x, "limit");
	assert_int_equal(insight_word(insight_kinds, INSIGHT_N_KINDS,
				 SLICE_LIT("funnel")),
		INSIGHT_FUNNEL);
	assert_int_equal(insight_word(insight_kinds, INSIGHT_N_KINDS,
				 SLICE_LIT("Funnel")),
		-1);
}

static const struct saved_who ann = {1, "Ann", false};
static const struct saved_who bob = {2, "Bob", false};
static const struct saved_who root = {3, "Root", true};

static int64_t
save(struct store *s, const struct saved_who *who, const char *name,
	bool is_shared)
{
	const struct saved_query q = {.name = slice_str(name),
		.query = SLICE_LIT("select 1"),
		.chart = SLICE_LIT("{\"kind\":\"bar\"}"),
		.is_shared = is_shared};
	struct buf out;
	struct err e;
	int64_t id;

	buf_init(&out, 65536);
	assert_int_equal(saved_create(s, who, &q, &out, &e), 0);
	assert_non_null(buf_cstr(&out));
	assert_int_equal(sscanf(out.p, "{\"id\":%ld", &id), 1);
	buf_fini(&out);
	return id;
}

static void
expect_list(struct store *s, const struct saved_who *who, const char *with,
	const char *without)
{
	struct buf out;
	struct err e;

	buf_init(&out, 1024 * 1024);
	assert_int_equal(saved_list(s, who, &out, &e), 0);
	assert_true(has(&out, with));
	assert_false(has(&out, without));
	buf_fini(&out);
}

/* explore-2 */
static void
check_owners(struct store *s)
{
	const struct saved_query q = {.name = SLICE_LIT("new"),
		.query = SLICE_LIT("select 2"),
		.chart = SLICE_LIT("{}")};
	int64_t own = save(s, &ann, "ann's own", false);
	int64_t shared = save(s, &ann, "ann's shared", true);
	struct buf out;
	struct err e;

	buf_init(&out, 65536);
	expect_list(s, &ann, "ann's own", "bob");
	expect_list(s, &bob, "ann's shared", "ann's own");
	assert_int_equal(saved_show(s, &bob, own, &out, &e), -ERR_NOT_FOUND);
	assert_int_equal(saved_show(s, &bob, shared, &out, &e), 0);
	assert_true(has(&out, "\"may_change\":false"));
	assert_int_equal(
		saved_change(s, &bob, own, &q, &out, &e), -ERR_NOT_FOUND);
	assert_int_equal(
		saved_change(s, &bob, shared, &q, &out, &e), -ERR_DENIED);
	assert_int_equal(saved_delete(s, &bob, own, &e), -ERR_NOT_FOUND);
	assert_int_equal(saved_delete(s, &bob, shared, &e), -ERR_DENIED);
	assert_int_equal(saved_change(s, &root, shared, &q, &out, &e), 0);
	assert_int_equal(saved_delete(s, &ann, own, &e), 0);
	assert_int_equal(saved_delete(s, &ann, own, &e), -ERR_NOT_FOUND);
	expect_list(s, &bob, "\"items\":[]", "ann");
	buf_fini(&out);
}

/* explore-4 */
static void
check_bounds(struct store *s)
{
	static char large[SAVED_CHART_BYTES + 2];
	struct saved_query q = {.name = SLICE_LIT("n"),
		.query = SLICE_LIT("select 1"),
		.chart = SLICE_LIT("{}")};
	struct saved_query x;
	struct buf out;
	struct err e;

	buf_init(&out, 65536);
	memset(large, 'x', sizeof(large) - 1);
	x = q, x.name = SLICE_LIT("");
	assert_int_equal(saved_create(s, &bob, &x, &out, &e), -ERR_INVALID);
	x = q, x.chart = slice_str(large);
	assert_int_equal(saved_create(s, &bob, &x, &out, &e), -ERR_INVALID);
	x = q, x.chart = SLICE_LIT("[]");
	assert_int_equal(saved_create(s, &bob, &x, &out, &e), -ERR_INVALID);
	for (int i = 0; i < SAVED_PER_OWNER; i++)
		save(s, &bob, "many", false);
	buf_reset(&out);
	assert_int_equal(saved_create(s, &bob, &q, &out, &e), -ERR_TOO_BIG);
	save(s, &ann, "another's is not counted", false);
	buf_fini(&out);
}

static void
kept_queries_have_owners_and_bounds(void **state)
{
	struct store_options o = {.kind = STORE_CONFIG, .queue_bytes = 1 << 20};
	const char *top = getenv("TMPDIR");
	struct store *s;
	struct err e;
	char dir[80];

	(void)state;
	snprintf(dir, sizeof(dir), "%s/explore-XXXXXX",
		top == NULL || strlen(top) > 40 ? "/tmp" : top);
	assert_non_null(mkdtemp(dir));
	o.dir = dir;
	assert_int_equal(store_open(&o, &s, &e), 0);
	check_owners(s);
	check_bounds(s);
	store_close(s);
	remove_tree(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(errors_are_told_in_plain_words),
		cmocka_unit_test(
			what_comes_from_outside_is_never_text_of_the_query),
		cmocka_unit_test(ill_asked_insights_are_refused),
		cmocka_unit_test(kept_queries_have_owners_and_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
