#include "tests/unit/auth/fixture.h"

/* Users, the set-up token, keys, the trail. */

static void
scopes_and_roles_have_one_rule(void **state)
{
	struct auth_who who = {.door = AUTH_BY_SESSION, .role = AUTH_MEMBER};

	(void)state;
	assert_true(auth_may(&who, AUTH_VIEWER, NULL));
	assert_true(auth_may(&who, AUTH_MEMBER, "dlq:write"));
	assert_false(auth_may(&who, AUTH_ADMIN, "dlq:write"));
	/* auth-4: a key needs the scope and the role */
	who.door = AUTH_BY_KEY;
	assert_false(auth_may(&who, AUTH_VIEWER, NULL));
	assert_false(auth_may(&who, AUTH_VIEWER, "project:read"));
	who.scopes = UINT64_C(1) << AUTH_SCOPE_PROJECT_READ |
		     UINT64_C(1) << AUTH_SCOPE_USER_WRITE;
	assert_true(auth_may(&who, AUTH_VIEWER, "project:read"));
	assert_false(auth_may(&who, AUTH_ADMIN, "user:write"));
	assert_false(auth_may(&who, AUTH_VIEWER, "no:such"));
	assert_true(auth_may(&who, AUTH_OPEN, NULL));
	for (int i = 1; i < AUTH_N_SCOPES; i++)
		assert_true(strcmp(auth_scope_at(i - 1)->name,
				    auth_scope_at(i)->name) < 0);
	assert_null(auth_scope_at(AUTH_N_SCOPES));
	assert_int_equal(auth_role_find(SLICE_LIT("owner")), AUTH_OPEN);
}

static void
users_are_made_changed_and_deleted(void **state)
{
	struct world *w = *state;
	int64_t anna = make_user(w, " Anna@Example.org ", AUTH_ADMIN);
	int64_t id, bert;

	assert_int_equal(auth_user_find(w->auth, SLICE_LIT("anna@example.ORG"),
				 &id, &w->e),
		0);
	assert_int_equal(id, anna);
	assert_int_equal(
		auth_user_create(w->auth, SLICE_LIT("anna@example.org"),
			SLICE_LIT("x"), AUTH_VIEWER, GOOD, &id, &w->e),
		-ERR_EXISTS);
	bert = make_user(w, "bert@example.org", AUTH_VIEWER);
	/* auth-9 */
	assert_int_equal(auth_user_delete(w->auth, anna, &w->e), -ERR_EXISTS);
	assert_int_equal(
		auth_user_change(w->auth, anna, SLICE_NONE, AUTH_MEMBER, &w->e),
		-ERR_EXISTS);
	assert_int_equal(auth_user_change(w->auth, bert, SLICE_LIT("Bert"),
				 AUTH_ADMIN, &w->e),
		0);
	assert_int_equal(auth_user_delete(w->auth, anna, &w->e), 0);
	assert_int_equal(
		auth_user_delete(w->auth, anna, &w->e), -ERR_NOT_FOUND);
	assert_int_equal(auth_user_delete(w->auth, bert, &w->e), -ERR_EXISTS);
	assert_int_equal(
		auth_user_change(w->auth, 99, SLICE_LIT("x"), AUTH_OPEN, &w->e),
		-ERR_NOT_FOUND);
}

static void
bad_names_and_passwords_are_refused(void **state)
{
	static const char *const emails[] = {"", "anna", "@x", "a@", "a b@c",
		"a@b@c", "a@\x01", "\xff@x", NULL};
	static const char *const passwords[] = {"", "short", "123456789",
		"1234567890", "Password123", "anna@example.org",
		"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", NULL};
	struct world *w = *state;
	int64_t id;

	for (int i = 0; emails[i] != NULL; i++)
		assert_int_equal(
			auth_user_create(w->auth, slice_str(emails[i]),
				SLICE_LIT("x"), AUTH_VIEWER, GOOD, &id, &w->e),
			-ERR_INVALID);
	for (int i = 0; passwords[i] != NULL; i++)
		assert_int_equal(
			auth_user_create(w->auth, SLICE_LIT("anna@example.org"),
				SLICE_LIT("x"), AUTH_VIEWER,
				slice_str(passwords[i]), &id, &w->e),
			-ERR_INVALID);
	assert_int_equal(
		auth_user_create(w->auth, SLICE_LIT("a@b"), SLICE_LIT("a\nb"),
			AUTH_VIEWER, GOOD, &id, &w->e),
		-ERR_INVALID);
}

/* auth-5 */
static void
the_set_up_token_works_once_and_for_a_day(void **state)
{
	struct world *w = *state;
	char token[AUTH_TOKEN_MAX], again[AUTH_TOKEN_MAX];
	int64_t until_us;
	bool needed = false;
	struct slice email = SLICE_LIT("anna@example.org");
	struct slice name = SLICE_LIT("Anna");

	assert_int_equal(auth_setup_needed(w->auth, &needed, &w->e), 0);
	assert_true(needed);
	assert_int_equal(auth_setup_token(w->auth, token, &until_us, &w->e), 0);
	assert_int_equal(auth_setup_token(w->auth, again, &until_us, &w->e), 0);
	assert_string_equal(token, again);
	pass_time(w, AUTH_SETUP_H * HOUR_US);
	assert_int_equal(auth_setup(w->auth, slice_str(token), email, name,
				 GOOD, &w->from, &w->pass, &w->retry_s, &w->e),
		-ERR_DENIED);
	assert_int_equal(auth_setup_token(w->auth, again, &until_us, &w->e), 0);
	assert_string_not_equal(token, again);
	assert_int_equal(auth_setup(w->auth, SLICE_LIT("guess"), email, name,
				 GOOD, &w->from, &w->pass, &w->retry_s, &w->e),
		-ERR_DENIED);
	/* what is wrong with the rest leaves the token */
	assert_int_equal(auth_setup(w->auth, slice_str(again), email, name,
				 SLICE_LIT("short"), &w->from, &w->pass,
				 &w->retry_s, &w->e),
		-ERR_INVALID);
	assert_int_equal(auth_setup(w->auth, slice_str(again), email, name,
				 GOOD, &w->from, &w->pass, &w->retry_s, &w->e),
		0);
	assert_int_equal(w->pass.who.role, AUTH_ADMIN);
	assert_int_equal(
		auth_setup(w->auth, slice_str(again), SLICE_LIT("b@c"), name,
			GOOD, &w->from, &w->pass, &w->retry_s, &w->e),
		-ERR_EXISTS);
	assert_int_equal(auth_setup_token(w->auth, again, &until_us, &w->e),
		-ERR_EXISTS);
	assert_int_equal(auth_setup_needed(w->auth, &needed, &w->e), 0);
	assert_false(needed);
}

static void
keep_key(void *cookie, const struct auth_key *k)
{
	char *out = cookie;

	snprintf(out, 200, "%.*s %.*s %.*s", SLICE_FMT(k->prefix),
		SLICE_FMT(k->scopes), SLICE_FMT(k->email));
}

static int
use_key(struct world *w, const char *token, struct auth_who *who)
{
	return auth_key_check(w->auth, slice_str(token), &w->from, who, &w->e);
}

static void
keys_have_scopes_an_owner_and_an_end(void **state)
{
	struct world *w = *state;
	int64_t anna = make_user(w, "anna@example.org", AUTH_ADMIN);
	int64_t bert = make_user(w, "bert@example.org", AUTH_MEMBER);
	char token[AUTH_TOKEN_MAX], text[200] = "", want[200];
	struct auth_who who;
	int64_t id;

	assert_int_equal(
		auth_key_create(w->auth, bert, SLICE_LIT("k"),
			SLICE_LIT("project:write"), 0, token, &id, &w->e),
		-ERR_INVALID);
	assert_int_equal(
		auth_key_create(w->auth, bert, SLICE_LIT("k"),
			SLICE_LIT("project:reed"), 0, token, &id, &w->e),
		-ERR_INVALID);
	assert_int_equal(auth_key_create(w->auth, bert, SLICE_LIT("k"),
				 SLICE_LIT(" "), 0, token, &id, &w->e),
		-ERR_INVALID);
	assert_int_equal(auth_key_create(w->auth, bert, SLICE_LIT("k"),
				 SLICE_LIT("project:read dlq:write"), 30, token,
				 &id, &w->e),
		0);
	assert_int_equal(use_key(w, token, &who), 0);
	assert_int_equal(who.role, AUTH_MEMBER);
	assert_true(auth_may(&who, AUTH_MEMBER, "dlq:write"));
	assert_false(auth_may(&who, AUTH_VIEWER, "event:read"));
	/* auth-4: at once with the owner's role */
	assert_int_equal(
		auth_user_change(w->auth, bert, SLICE_NONE, AUTH_VIEWER, &w->e),
		0);
	assert_int_equal(use_key(w, token, &who), 0);
	assert_false(auth_may(&who, AUTH_MEMBER, "dlq:write"));
	/* auth-1: known by its beginning only */
	assert_int_equal(
		auth_key_list(w->auth, bert, keep_key, text, &w->e), 0);
	snprintf(want, sizeof(want),
		"%.10s dlq:write project:read bert@example.org", token);
	assert_string_equal(text, want);
	pass_time(w, 30 * 24 * HOUR_US);
	assert_int_equal(use_key(w, token, &who), -ERR_DENIED);
	assert_int_equal(
		auth_key_create(w->auth, bert, SLICE_LIT("k"),
			SLICE_LIT("project:read"), 0, token, &id, &w->e),
		0);
	assert_int_equal(use_key(w, token, &who), 0);
	assert_int_equal(
		auth_key_revoke(w->auth, anna, id, &w->e), -ERR_NOT_FOUND);
	assert_int_equal(auth_key_revoke(w->auth, bert, id, &w->e), 0);
	assert_int_equal(use_key(w, token, &who), -ERR_DENIED);
	/* with the owner */
	assert_int_equal(
		auth_key_create(w->auth, bert, SLICE_LIT("k"),
			SLICE_LIT("project:read"), 0, token, &id, &w->e),
		0);
	assert_int_equal(auth_user_delete(w->auth, bert, &w->e), 0);
	assert_int_equal(use_key(w, token, &who), -ERR_DENIED);
}

struct rows {
	int n;
	int64_t last_id;
	char who[40];
};

static void
keep_row(void *cookie, const struct auth_trail_row *row)
{
	struct rows *r = cookie;

	r->n++;
	r->last_id = row->id;
	snprintf(r->who, sizeof(r->who), "%.*s", SLICE_FMT(row->who));
}

/* auth-6; that triggers refuse the rest is shown in tests/security */
static void
the_trail_is_listed_from_the_newest_by_filters(void **state)
{
	struct world *w = *state;
	struct auth_trail_row row = {
		.how = SLICE_LIT("session"),
		.address = SLICE_LIT("192.0.2.1"),
		.target = SLICE_LIT("/projects/7"),
		.detail = SLICE_LIT("{}"),
	};
	struct auth_trail_filter f = {.limit = 10};
	struct rows r = {0};

	for (int i = 0; i < 25; i++) {
		row.who = i % 2 == 0 ? SLICE_LIT("anna") : SLICE_LIT("bert");
		row.action = i < 5 ? SLICE_LIT("POST /projects")
				   : SLICE_LIT("DELETE /keys/:id");
		pass_time(w, 1000000);
		assert_int_equal(auth_trail_add(w->auth, &row, &w->e), 0);
	}
	assert_int_equal(auth_trail_list(w->auth, &f, keep_row, &r, &w->e), 0);
	assert_int_equal(r.n, 10);
	assert_int_equal(r.last_id, 16);
	f.before_id = r.last_id;
	f.limit = 100;
	r = (struct rows){0};
	assert_int_equal(auth_trail_list(w->auth, &f, keep_row, &r, &w->e), 0);
	assert_int_equal(r.n, 15);
	f = (struct auth_trail_filter){.limit = 100,
		.who = SLICE_LIT("bert"),
		.action = SLICE_LIT("POST")};
	r = (struct rows){0};
	assert_int_equal(auth_trail_list(w->auth, &f, keep_row, &r, &w->e), 0);
	assert_int_equal(r.n, 2);
	assert_string_equal(r.who, "bert");
	f = (struct auth_trail_filter){.limit = 100,
		.from_us = w->now_us - 4 * 1000000,
		.to_us = w->now_us,
		.target = SLICE_LIT("/projects")};
	r = (struct rows){0};
	assert_int_equal(auth_trail_list(w->auth, &f, keep_row, &r, &w->e), 0);
	assert_int_equal(r.n, 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scopes_and_roles_have_one_rule),
		IN_WORLD(users_are_made_changed_and_deleted),
		IN_WORLD(bad_names_and_passwords_are_refused),
		IN_WORLD(the_set_up_token_works_once_and_for_a_day),
		IN_WORLD(keys_have_scopes_an_owner_and_an_end),
		IN_WORLD(the_trail_is_listed_from_the_newest_by_filters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
