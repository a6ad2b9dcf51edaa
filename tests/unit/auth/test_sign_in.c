#include "base/clock.h"
#include "base/mem.h"
#include "tests/unit/auth/fixture.h"

/* Sessions, from the sign-in to their end. */

static void
a_sign_in_makes_a_session_that_time_and_sign_out_end(void **state)
{
	struct world *w = *state;
	int64_t id = make_user(w, "anna@example.org", AUTH_MEMBER);
	struct auth_who who;
	char first[AUTH_TOKEN_MAX], csrf[AUTH_TOKEN_MAX];

	assert_int_equal(sign_in(w, "Anna@example.org", GOOD), 0);
	assert_int_equal(check(w, w->pass.token, &who), 0);
	assert_int_equal(who.user_id, id);
	assert_int_equal(who.role, AUTH_MEMBER);
	assert_string_equal(who.name, "anna@example.org");
	auth_csrf(slice_str(w->pass.token), csrf);
	assert_string_equal(csrf, w->pass.csrf);
	assert_string_not_equal(csrf, w->pass.token);
	memcpy(first, w->pass.token, sizeof(first));
	/* auth-3: the cookie that comes with a sign-in ends */
	assert_int_equal(auth_sign_in(w->auth, SLICE_LIT("anna@example.org"),
				 GOOD, &w->from, slice_str(first), &w->pass,
				 &w->retry_s, &w->e),
		0);
	assert_int_equal(check(w, first, &who), -ERR_DENIED);
	assert_int_equal(check(w, w->pass.token, &who), 0);
	/* used, it lasts; unused for a day, not */
	for (int i = 0; i < 3; i++) {
		pass_time(w, 23 * HOUR_US);
		assert_int_equal(check(w, w->pass.token, &who), 0);
		/* the time of use is written behind */
		assert_int_equal(auth_user_change(w->auth, id,
					 SLICE_LIT("Anna"), AUTH_OPEN, &w->e),
			0);
	}
	pass_time(w, 24 * HOUR_US);
	assert_int_equal(check(w, w->pass.token, &who), -ERR_DENIED);
	/* nor longer than a week */
	assert_int_equal(sign_in(w, "anna@example.org", GOOD), 0);
	for (int i = 0; i < 7; i++) {
		assert_int_equal(check(w, w->pass.token, &who), 0);
		assert_int_equal(auth_user_change(w->auth, id,
					 SLICE_LIT("Anna"), AUTH_OPEN, &w->e),
			0);
		pass_time(w, 24 * HOUR_US - 1);
	}
	pass_time(w, 8);
	assert_int_equal(check(w, w->pass.token, &who), -ERR_DENIED);
	assert_int_equal(check(w, "", &who), -ERR_DENIED);
}

static void
count_session(void *cookie, const struct auth_session *s)
{
	int *n = cookie;

	(void)s;
	(*n)++;
}

static int
n_sessions(struct world *w, int64_t user_id)
{
	int n = 0;

	assert_int_equal(
		auth_session_list(w->auth, user_id, count_session, &n, &w->e),
		0);
	return n;
}

static void
what_ends_a_session_ends_it_for_good(void **state)
{
	struct world *w = *state;
	int64_t id = make_user(w, "anna@example.org", AUTH_ADMIN);
	struct auth_who who, other;
	uint64_t changes;
	char token[AUTH_TOKEN_MAX];

	assert_int_equal(sign_in(w, "anna@example.org", GOOD), 0);
	memcpy(token, w->pass.token, sizeof(token));
	assert_int_equal(check(w, token, &other), 0);
	assert_int_equal(sign_in(w, "anna@example.org", GOOD), 0);
	assert_int_equal(check(w, w->pass.token, &who), 0);
	assert_int_equal(n_sessions(w, id), 2);
	changes = auth_changes(w->auth);
	/* nobody ends another's */
	assert_int_equal(
		auth_session_end(w->auth, id + 1, other.session_id, 0, &w->e),
		-ERR_NOT_FOUND);
	assert_int_equal(
		auth_session_end(w->auth, id, 0, who.session_id, &w->e), 0);
	assert_true(auth_changes(w->auth) > changes);
	assert_int_equal(check(w, token, &other), -ERR_DENIED);
	/* the own password: a new session, the old ones end */
	memcpy(token, w->pass.token, sizeof(token));
	assert_int_equal(
		auth_own_password(w->auth, &who, SLICE_LIT("wrong password"),
			OTHER, &w->from, &w->pass, &w->retry_s, &w->e),
		-ERR_DENIED);
	assert_int_equal(check(w, token, &who), 0);
	assert_int_equal(auth_own_password(w->auth, &who, GOOD, OTHER, &w->from,
				 &w->pass, &w->retry_s, &w->e),
		0);
	assert_int_equal(check(w, token, &who), -ERR_DENIED);
	assert_int_equal(check(w, w->pass.token, &who), 0);
	assert_int_equal(sign_in(w, "anna@example.org", GOOD), -ERR_DENIED);
	/* by an administrator: all end; after a restart too */
	assert_int_equal(auth_user_password(w->auth, id, GOOD, &w->e), 0);
	world_close(w);
	world_open(w);
	assert_int_equal(n_sessions(w, id), 0);
	assert_int_equal(check(w, w->pass.token, &who), -ERR_DENIED);
	assert_int_equal(sign_in(w, "anna@example.org", GOOD), 0);
}

/* auth-2 */
static void
a_refusal_does_not_tell_why(void **state)
{
	static const char *const who[] = {
		"anna@example.org", "nobody@example.org", "no e-mail"};
	struct world *w = *state;
	char text[sizeof(w->e.text)];
	int64_t ns[3];

	make_user(w, "anna@example.org", AUTH_VIEWER);
	for (int i = 0; i < 3; i++) {
		int64_t began = clock_mono_ns();

		assert_int_equal(sign_in(w, who[i], OTHER), -ERR_DENIED);
		ns[i] = clock_mono_ns() - began;
		if (i > 0)
			assert_string_equal(w->e.text, text);
		memcpy(text, w->e.text, sizeof(text));
	}
	/* Each has hashed: a look-up alone takes a thousandth of it. */
	assert_true(ns[1] > ns[0] / 10 && ns[2] > ns[0] / 10);
}

static void
failures_lock_account_and_address(void **state)
{
	struct world *w = *state;
	int64_t id = make_user(w, "anna@example.org", AUTH_VIEWER);

	/* auth-7: known and unknown alike */
	for (int who = 0; who < 2; who++) {
		const char *email =
			who == 0 ? "anna@example.org" : "nobody@example.org";

		for (int i = 0; i <= AUTH_LIMIT_ACCOUNT_FREE; i++)
			assert_int_equal(sign_in(w, email, OTHER), -ERR_DENIED);
		assert_int_equal(sign_in(w, email, GOOD), -ERR_BUSY);
		assert_true(w->retry_s > 0 && w->retry_s <= AUTH_LIMIT_FIRST_S);
	}
	/* an administrator's new password opens it */
	assert_int_equal(auth_user_password(w->auth, id, GOOD, &w->e), 0);
	assert_int_equal(sign_in(w, "anna@example.org", GOOD), 0);
}

static void
without_memory_nothing_is_half_done(void **state)
{
	struct world *w = *state;
	struct auth_who who;

	make_user(w, "anna@example.org", AUTH_ADMIN);
	assert_int_equal(sign_in(w, "anna@example.org", GOOD), 0);
	for (long n = 1;; n++) {
		int rc;
		long left;

		mem_fail_after(n, false);
		rc = check(w, w->pass.token, &who);
		left = mem_fail_left();
		mem_fail_after(0, false);
		assert_true(rc == 0 || rc == -ERR_NO_MEMORY);
		if (left > 0)
			break;
	}
	assert_int_equal(check(w, w->pass.token, &who), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORLD(a_sign_in_makes_a_session_that_time_and_sign_out_end),
		IN_WORLD(what_ends_a_session_ends_it_for_good),
		IN_WORLD(a_refusal_does_not_tell_why),
		IN_WORLD(failures_lock_account_and_address),
		IN_WORLD(without_memory_nothing_is_half_done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
