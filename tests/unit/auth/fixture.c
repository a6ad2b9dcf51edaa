#include "tests/unit/auth/fixture.h"
#include "base/clock.h"
#include "tests/unit/remove_tree.h"

void
world_open(struct world *w)
{
	const struct store_options so = {
		.dir = w->dir, .kind = STORE_CONFIG, .queue_bytes = 1 << 24};
	struct auth_options o = {0};

	assert_int_equal(store_open(&so, &w->config, &w->e), 0);
	o.config = w->config;
	assert_int_equal(auth_new(&o, &w->auth, &w->e), 0);
}

void
world_close(struct world *w)
{
	auth_free(w->auth);
	store_close(w->config);
}

int
world_set_up(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	snprintf(w->dir, sizeof(w->dir), "/tmp/sluice-auth-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	w->now_us = 1790000000 * INT64_C(1000000);
	clock_test_set_us(w->now_us);
	assert_true(net_addr_parse(SLICE_LIT("192.0.2.1"), &w->from.address));
	w->from.agent = SLICE_LIT("a browser");
	world_open(w);
	*state = w;
	return 0;
}

int
world_tear_down(void **state)
{
	struct world *w = *state;

	world_close(w);
	clock_test_set_us(0);
	remove_tree(w->dir);
	free(w);
	return 0;
}

void
pass_time(struct world *w, int64_t us)
{
	w->now_us += us;
	clock_test_set_us(w->now_us);
}

int64_t
make_user(struct world *w, const char *email, enum auth_role role)
{
	int64_t id = 0;

	assert_int_equal(auth_user_create(w->auth, slice_str(email),
				 SLICE_LIT("Anna"), role, GOOD, &id, &w->e),
		0);
	return id;
}

int
sign_in(struct world *w, const char *email, struct slice password)
{
	return auth_sign_in(w->auth, slice_str(email), password, &w->from,
		SLICE_NONE, &w->pass, &w->retry_s, &w->e);
}

int
check(struct world *w, const char *token, struct auth_who *who)
{
	return auth_session_check(
		w->auth, slice_str(token), &w->from, who, &w->e);
}
