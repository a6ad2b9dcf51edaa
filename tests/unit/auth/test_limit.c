#include "auth/password.h"
#include "tests/unit/auth/fixture.h"

#define S_NS 1000000000LL

/* What bounds guessing and hashing. */

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(locks_grow_and_failures_are_forgiven),
		cmocka_unit_test(many_names_free_no_account),
		cmocka_unit_test(few_passwords_are_hashed_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
