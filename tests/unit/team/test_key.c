#include "base/clock.h"
#include "team/team_pg.h"
#include "tests/unit/team/fixture.h"

/* Keys of projects: replaced, denied, waited for. */

static void
tokens_are_checked(void **state)
{
	static char long_one[66];

	(void)state;
	memset(long_one, 'x', 65);
	assert_string_equal(team_token_fault(SLICE_LIT("")), "empty");
	assert_string_equal(
		team_token_fault(slice_of(long_one, 65)), "too_long");
	assert_null(team_token_fault(slice_of(long_one, 64)));
	assert_string_equal(
		team_token_fault(SLICE_LIT("phc_\xc3\xa9")), "not_ascii");
	assert_string_equal(
		team_token_fault(SLICE_LIT("phx_a")), "personal_api_key");
	assert_string_equal(
		team_token_fault(SLICE_LIT("phc_\0a")), "null_byte");
}

static void
made_tokens_are_random_letters(void **state)
{
	char a[TEAM_TOKEN_RANDOM + 5], b[TEAM_TOKEN_RANDOM + 5];

	(void)state;
	team_token_make(a);
	team_token_make(b);
	assert_int_equal(strlen(a), 47);
	assert_memory_equal(a, "phc_", 4);
	assert_int_equal(
		strspn(a + 4, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrs"
			      "tuvwxyz0123456789"),
		43);
	assert_string_not_equal(a, b);
}

/* team-3 */
static void
a_token_belongs_to_one_project(void **state)
{
	struct fixture *f = *state;
	struct err e;
	int64_t id;

	assert_int_equal(team_create(f->c, "a", "phc_one", NULL, &id, &e), 0);
	assert_int_equal(
		team_create(f->c, "b", "phc_one", NULL, &id, &e), -ERR_EXISTS);
	assert_int_equal(
		team_create(f->c, "b", "phx_one", NULL, &id, &e), -ERR_INVALID);
	assert_int_equal(
		team_create(f->c, "", "phc_two", NULL, &id, &e), -ERR_INVALID);
	assert_int_equal(team_create(f->c, "b", " phc_two", NULL, &id, &e),
		-ERR_INVALID);
}

static int64_t
owner(struct fixture *f, const char *token)
{
	const struct team_snapshot *s = team_snapshot_get(f->c);
	const struct team *t = team_by_token(s, slice_str(token));
	int64_t id = t == NULL ? 0 : t->id;

	team_snapshot_unref(s);
	return id;
}

static void
a_replaced_token_works_for_its_time_of_grace(void **state)
{
	struct fixture *f = *state;
	const char *const grace[] = {"old_token_grace_h=2", NULL};
	const int64_t start = 1700000000000000;
	const int64_t hour = (int64_t)3600 * 1000000;
	struct err e;
	int64_t id, other;

	clock_test_set_us(start);
	assert_int_equal(
		team_create(f->c, "a", "phc_first", grace, &id, &e), 0);
	assert_int_equal(team_rotate_token(f->c, id, -1, &e), 0);
	assert_int_equal(owner(f, "phc_first"), id);
	clock_test_set_us(start + 2 * hour - 1);
	assert_int_equal(owner(f, "phc_first"), id);
	assert_int_equal(team_create(f->c, "b", "phc_first", NULL, &other, &e),
		-ERR_EXISTS);
	clock_test_set_us(start + 2 * hour);
	assert_int_equal(owner(f, "phc_first"), 0);
	assert_int_equal(
		team_create(f->c, "b", "phc_first", NULL, &other, &e), 0);
	assert_int_equal(owner(f, "phc_first"), other);
}

/* team-8: every replaced key stays good, and looking one up ends. */
static void
a_key_may_be_replaced_often(void **state)
{
	enum { TIMES = 200 };
	static char tokens[TIMES][64];
	struct fixture *f = *state;
	const struct team_snapshot *s;
	struct err e;
	int64_t id;

	clock_test_set_us(1700000000000000);
	assert_int_equal(team_create(f->c, "a", NULL, NULL, &id, &e), 0);
	for (int i = 0; i < TIMES; i++) {
		s = team_snapshot_get(f->c);
		snprintf(tokens[i], sizeof(tokens[i]), "%s",
			team_by_id(s, id)->token);
		team_snapshot_unref(s);
		assert_int_equal(team_rotate_token(f->c, id, -1, &e), 0);
	}
	for (int i = 0; i < TIMES; i++)
		assert_int_equal(owner(f, tokens[i]), id);
	assert_int_equal(owner(f, "phc_nobodys"), 0);
}

static void
a_deleted_project_is_gone(void **state)
{
	struct fixture *f = *state;
	struct err e;
	int64_t id, next;

	assert_int_equal(team_create(f->c, "a", "phc_a", NULL, &id, &e), 0);
	assert_int_equal(team_rotate_token(f->c, id, -1, &e), 0);
	assert_int_equal(team_delete(f->c, id, &e), 0);
	assert_int_equal(owner(f, "phc_a"), 0);
	assert_int_equal(team_delete(f->c, id, &e), -ERR_NOT_FOUND);
	assert_int_equal(team_create(f->c, "b", NULL, NULL, &next, &e), 0);
	assert_true(next > id); /* its number is not used again */
}

/* team-6 */
static void
a_denied_key_is_remembered_until_a_change(void **state)
{
	struct team_denied *d = team_denied_new();
	int n_kept = 0;
	char text[32];

	(void)state;
	assert_non_null(d);
	assert_false(team_denied_has(d, SLICE_LIT("phc_a")));
	assert_false(team_denied_has(d, SLICE_NONE));
	team_denied_add(d, SLICE_LIT("phc_a"));
	assert_true(team_denied_has(d, SLICE_LIT("phc_a")));
	assert_false(team_denied_has(d, SLICE_LIT("phc_")));
	team_denied_clear(d);
	assert_false(team_denied_has(d, SLICE_LIT("phc_a")));
	/* Any number of others: each is there at first, none for another. */
	for (int i = 0; i < 100000; i++) {
		snprintf(text, sizeof(text), "phc_%d", i);
		assert_false(team_denied_has(d, slice_str(text)));
		team_denied_add(d, slice_str(text));
	}
	for (int i = 0; i < 100000; i++) {
		snprintf(text, sizeof(text), "phc_%d", i);
		n_kept += team_denied_has(d, slice_str(text));
	}
	team_denied_free(d);
	/* What was added after clear in its nanosecond would not count. */
	assert_in_range(n_kept, LIMIT_TEAM_DENIED - 64, LIMIT_TEAM_DENIED);
}

static enum team_wait
waits(struct fixture *f, const char *token)
{
	return team_waits(f->c, slice_str(token));
}

/* team-7 */
static void
a_key_waits_for_its_letters(void **state)
{
	struct fixture *f = *state;
	struct team_letters a = {.n = 2, .bytes = 200},
			    b = {.n = 1, .bytes = 9};
	struct err e;

	/* Not where projects are in config.db. */
	assert_int_equal(
		team_waiting_begin(f->c, SLICE_LIT("phc_a"), &a, &e), 0);
	assert_int_equal(waits(f, "phc_a"), TEAM_WAITS_NOT);
	team_waiting_end(f->c, &a, 5);
	f->c->waiting = team_waiting_new();
	team_waiting_settled(f->c, 10, 0, 0);
	assert_int_equal(waits(f, "phc_a"), TEAM_WAITS_NOT);

	/* From before it is written. */
	assert_int_equal(
		team_waiting_begin(f->c, SLICE_LIT("phc_a"), &a, &e), 0);
	assert_int_equal(waits(f, "phc_a"), TEAM_WAITS_LONG);
	assert_int_equal(waits(f, "phc_b"), TEAM_WAITS_NOT);
	assert_int_equal(team_waiting_bytes(f->c), 200);
	team_waiting_end(f->c, &a, 11);
	assert_int_equal(waits(f, "phc_a"), TEAM_WAITS_LONG);
	/* One that was not written does not count. */
	assert_int_equal(
		team_waiting_begin(f->c, SLICE_LIT("phc_b"), &b, &e), 0);
	team_waiting_end(f->c, &b, -1);
	assert_int_equal(waits(f, "phc_b"), TEAM_WAITS_NOT);
	/* Until all of them are settled. */
	team_waiting_settled(f->c, 11, 1, 100);
	assert_int_equal(waits(f, "phc_a"), TEAM_WAITS_LONG);
	assert_int_equal(team_waiting_letters(f->c), 1);
	/* Another one is being written meanwhile. */
	assert_int_equal(
		team_waiting_begin(f->c, SLICE_LIT("phc_a"), &b, &e), 0);
	team_waiting_settled(f->c, 12, 1, 100);
	assert_int_equal(waits(f, "phc_a"), TEAM_WAITS_LONG);
	team_waiting_end(f->c, &b, 12);
	team_waiting_settled(f->c, 13, 1, 9);
	assert_int_equal(waits(f, "phc_a"), TEAM_WAITS_NOT);
	assert_int_equal(team_waiting_bytes(f->c), 0);
	assert_int_equal(team_waiting_letters(f->c), 0);
}

/* team-7 */
static void
many_keys_wait_and_are_forgotten(void **state)
{
	struct fixture *f = *state;
	char text[32];
	struct err e;

	f->c->waiting = team_waiting_new();
	for (int i = 0; i < 20000; i++) {
		snprintf(text, sizeof(text), "phc_%d", i);
		assert_int_equal(
			team_waiting_found(f->c, slice_str(text), i, 10, &e),
			0);
		/* Half of them are through when the table grows. */
		if (i % 2 == 1)
			team_waiting_settled(f->c, i / 2, i % 4 == 1, 10);
	}
	for (int i = 0; i < 20000; i++) {
		snprintf(text, sizeof(text), "phc_%d", i);
		assert_int_equal(waits(f, text),
			i < 19999 / 2 ? TEAM_WAITS_NOT : TEAM_WAITS_LONG);
	}
	team_waiting_settled(f->c, 20000, team_waiting_letters(f->c),
		team_waiting_bytes(f->c));
	for (int i = 0; i < 20000; i += 100) {
		snprintf(text, sizeof(text), "phc_%d", i);
		assert_int_equal(waits(f, text), TEAM_WAITS_NOT);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tokens_are_checked),
		cmocka_unit_test(made_tokens_are_random_letters),
		IN_FOLDER(a_token_belongs_to_one_project),
		IN_FOLDER(a_replaced_token_works_for_its_time_of_grace),
		IN_FOLDER(a_key_may_be_replaced_often),
		IN_FOLDER(a_deleted_project_is_gone),
		IN_FOLDER(a_key_waits_for_its_letters),
		IN_FOLDER(many_keys_wait_and_are_forgotten),
		cmocka_unit_test(a_denied_key_is_remembered_until_a_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
