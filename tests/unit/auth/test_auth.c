#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "auth/auth.h"
#include "auth/limit.h"
#include "auth/password.h"
#include "base/clock.h"
#include "base/mem.h"
#include "store/store.h"

#define HOUR_US 3600000000LL
#define S_NS 1000000000LL
#define GOOD SLICE_LIT("correct horse battery")
#define OTHER SLICE_LIT("another long password")

/* A real config.db; time stands still until it is moved. */
struct world {
	char dir[40];
	struct store *config;
	struct auth *auth;
	struct auth_origin from;
	int64_t now_us;
	struct auth_pass pass;
	int retry_s;
	struct err e;
};

static int
remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static void
open_world(struct world *w)
{
	const struct store_options so = {
		.dir = w->dir, .kind = STORE_CONFIG, .queue_bytes = 1 << 24};
	struct auth_options o = {0};

	assert_int_equal(store_open(&so, &w->config, &w->e), 0);
	o.config = w->config;
	assert_int_equal(auth_new(&o, &w->auth, &w->e), 0);
}

static void
close_world(struct world *w)
{
	auth_free(w->auth);
	store_close(w->config);
}

static int
set_up(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	snprintf(w->dir, sizeof(w->dir), "/tmp/sluice-auth-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	w->now_us = 1790000000 * INT64_C(1000000);
	clock_test_set_us(w->now_us);
	assert_true(net_addr_parse(SLICE_LIT("192.0.2.1"), &w->from.address));
	w->from.agent = SLICE_LIT("a browser");
	open_world(w);
	*state = w;
	return 0;
}

static int
tear_down(void **state)
{
	struct world *w = *state;

	close_world(w);
	clock_test_set_us(0);
	nftw(w->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	free(w);
	return 0;
}

static void
pass_time(struct world *w, int64_t us)
{
	w->now_us += us;
	clock_test_set_us(w->now_us);
}

static int64_t
make_user(struct world *w, const char *email, enum auth_role role)
{
	int64_t id = 0;

	assert_int_equal(auth_user_create(w->auth, slice_str(email),
				 SLICE_LIT("Anna"), role, GOOD, &id, &w->e),
		0);
	return id;
}

static int
sign_in(struct world *w, const char *email, struct slice password)
{
	return auth_sign_in(w->auth, slice_str(email), password, &w->from,
		SLICE_NONE, &w->pass, &w->retry_s, &w->e);
}

static int
check(struct world *w, const char *token, struct auth_who *who)
{
	return auth_session_check(
		w->auth, slice_str(token), &w->from, who, &w->e);
}

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
	close_world(w);
	open_world(w);
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

static int
begin(struct auth_limit *l, const char *account, const char *address,
	int64_t at_s, int *retry_s)
{
	struct net_addr a;
	struct err e;

	assert_true(net_addr_parse(slice_str(address), &a));
	return auth_limit_begin(
		l, slice_str(account), &a, at_s * S_NS, retry_s, &e);
}

static void
locks_grow_and_failures_are_forgiven(void **state)
{
	struct auth_limit *l;
	struct net_addr a;
	int64_t now_s = 1000;
	int retry_s = 0, n = 0;
	struct err e;

	(void)state;
	assert_int_equal(auth_limit_new(&l, &e), 0);
	for (int i = 0; i <= AUTH_LIMIT_ACCOUNT_FREE; i++)
		assert_int_equal(
			begin(l, "a@b", "192.0.2.1", now_s, &retry_s), 0);
	for (int wait_s = AUTH_LIMIT_FIRST_S; n < 10; n++) {
		assert_int_equal(begin(l, "a@b", "192.0.2.2", now_s, &retry_s),
			-ERR_BUSY);
		assert_int_equal(retry_s, wait_s);
		now_s += wait_s;
		assert_int_equal(
			begin(l, "a@b", "192.0.2.3", now_s, &retry_s), 0);
		wait_s *= 2;
		if (wait_s > 80)
			break; /* forgiving sets in */
	}
	/* another account is not touched */
	assert_int_equal(begin(l, "c@d", "192.0.2.2", now_s, &retry_s), 0);
	/* what was right is forgotten */
	assert_true(net_addr_parse(SLICE_LIT("192.0.2.4"), &a));
	auth_limit_succeeded(l, SLICE_LIT("a@b"), &a);
	assert_int_equal(begin(l, "a@b", "192.0.2.4", now_s, &retry_s), 0);
	/* an address, by any names; a /64 is one address */
	for (int i = 0; i <= AUTH_LIMIT_ADDRESS_FREE; i++) {
		char name[20], address[40];

		snprintf(name, sizeof(name), "u%d@b", i);
		snprintf(address, sizeof(address), "2001:db8::%x", i + 1);
		assert_int_equal(begin(l, name, address, now_s, &retry_s), 0);
	}
	assert_int_equal(begin(l, "u99@b", "2001:db8::ffff", now_s, &retry_s),
		-ERR_BUSY);
	assert_int_equal(
		begin(l, "u99@b", "2001:db8:0:1::1", now_s, &retry_s), 0);
	now_s += 3600;
	for (int i = 0; i < AUTH_LIMIT_ADDRESS_FREE; i++) {
		char name[20];

		snprintf(name, sizeof(name), "v%d@b", i);
		assert_int_equal(
			begin(l, name, "2001:db8::1", now_s, &retry_s), 0);
	}
	auth_limit_free(l);
}

/* auth-7: a hundred thousand names do not wash one out */
static void
many_names_free_no_account(void **state)
{
	struct auth_limit *l;
	int retry_s = 0;
	struct err e;

	(void)state;
	assert_int_equal(auth_limit_new(&l, &e), 0);
	for (int i = 0; i <= AUTH_LIMIT_ACCOUNT_FREE; i++)
		assert_int_equal(begin(l, "a@b", "192.0.2.1", 50, &retry_s), 0);
	for (int i = 0; i < 100000; i++) {
		char name[24], address[24];

		snprintf(name, sizeof(name), "n%d@b", i);
		snprintf(address, sizeof(address), "10.%d.%d.%d", i >> 16,
			i >> 8 & 255, i & 255);
		(void)begin(l, name, address, 50, &retry_s);
	}
	assert_int_equal(begin(l, "a@b", "192.0.2.9", 51, &retry_s), -ERR_BUSY);
	auth_limit_free(l);
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

struct hasher {
	struct auth_hashing *h;
	int rc;
};

static void
hash_one(void *cookie)
{
	struct hasher *x = cookie;
	char text[AUTH_PASSWORD_TEXT];
	struct err e;

	x->rc = auth_password_hash(x->h, GOOD, text, &e);
}

/* auth-8 */
static void
few_passwords_are_hashed_at_once(void **state)
{
	struct auth_hashing h;
	struct hasher x[8];
	struct thread t[8] = {0};
	int n_done = 0;
	struct err e;

	(void)state;
	assert_int_equal(auth_sodium(&e), 0);
	auth_hashing_init(&h);
	h.n_running = AUTH_HASHES_MAX; /* as if others were at it */
	h.n_waiting = AUTH_HASHES_WAITING_MAX;
	x[0] = (struct hasher){&h, 0};
	hash_one(&x[0]);
	assert_int_equal(x[0].rc, -ERR_BUSY);
	h.n_running = h.n_waiting = 0;
	for (int i = 0; i < 8; i++) {
		x[i] = (struct hasher){&h, 0};
		assert_int_equal(
			thread_start(&t[i], "hash", hash_one, &x[i], &e), 0);
	}
	for (int i = 0; i < 8; i++) {
		thread_join(&t[i]);
		n_done += x[i].rc == 0;
		assert_true(x[i].rc == 0 || x[i].rc == -ERR_BUSY);
	}
	assert_true(n_done >= AUTH_HASHES_MAX);
	assert_int_equal(h.n_running, 0);
	auth_hashing_fini(&h);
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

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scopes_and_roles_have_one_rule),
		T(users_are_made_changed_and_deleted),
		T(bad_names_and_passwords_are_refused),
		T(a_sign_in_makes_a_session_that_time_and_sign_out_end),
		T(what_ends_a_session_ends_it_for_good),
		T(a_refusal_does_not_tell_why),
		T(failures_lock_account_and_address),
		cmocka_unit_test(locks_grow_and_failures_are_forgiven),
		cmocka_unit_test(many_names_free_no_account),
		T(the_set_up_token_works_once_and_for_a_day),
		T(keys_have_scopes_an_owner_and_an_end),
		T(the_trail_is_listed_from_the_newest_by_filters),
		cmocka_unit_test(few_passwords_are_hashed_at_once),
		T(without_memory_nothing_is_half_done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
