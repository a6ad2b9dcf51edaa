#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "team/team_int.h"
#include "team/team_pg.h"

struct fixture {
	char dir[64];
	struct store *config;
	struct team_cache *c;
};

static void
on_fatal(void *cookie, const struct err *why)
{
	(void)cookie;
	fprintf(stderr, "store: %s\n", why->text);
	abort();
}

static void
open_cache(struct fixture *f)
{
	struct store_options o = {.dir = f->dir,
		.kind = STORE_CONFIG,
		.queue_bytes = 1 << 20,
		.on_fatal = on_fatal};
	struct err e;

	assert_int_equal(store_open(&o, &f->config, &e), 0);
	assert_int_equal(team_cache_new(f->config, &f->c, &e), 0);
}

static void
close_cache(struct fixture *f)
{
	team_cache_free(f->c);
	store_close(f->config);
}

static int
set_up(void **state)
{
	static struct fixture f;

	f = (struct fixture){.dir = "/tmp/test_team_XXXXXX"};
	assert_non_null(mkdtemp(f.dir));
	open_cache(&f);
	*state = &f;
	return 0;
}

static int
tear_down(void **state)
{
	static const char *const names[] = {
		"config.db", "config.db-wal", "config.db-shm"};
	struct fixture *f = *state;
	char path[128];

	close_cache(f);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", f->dir, names[i]);
		unlink(path);
	}
	rmdir(f->dir);
	clock_test_set_us(0);
	return 0;
}

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

/* team-2, and what is kept over a restart */
static void
projects_are_created_and_kept(void **state)
{
	struct fixture *f = *state;
	const char *const settings[] = {"anonymize_ips=true",
		"anonymize_ips_mode=truncate", "heatmaps_opt_in=false",
		"drop_events_older_than_seconds=3600", NULL};
	const struct team_snapshot *s, *old;
	const struct team *t;
	struct err e;
	int64_t id;

	old = team_snapshot_get(f->c);
	assert_int_equal(team_count(old), 0);
	assert_int_equal(team_create(f->c, "shop", NULL, settings, &id, &e), 0);
	assert_int_equal(team_count(old), 0); /* team-1 */
	team_snapshot_unref(old);
	close_cache(f);
	open_cache(f);
	s = team_snapshot_get(f->c);
	t = team_by_id(s, id);
	assert_non_null(t);
	assert_string_equal(t->name, "shop");
	assert_int_equal(t->anonymize, TEAM_IP_TRUNCATE);
	assert_true(t->heatmaps_refused);
	assert_int_equal(t->drop_older_than_s, 3600);
	assert_ptr_equal(team_by_token(s, slice_str(t->token)), t);
	assert_ptr_equal(team_at(s, 0), t);
	assert_null(team_by_id(s, id + 1));
	assert_string_equal(team_setting_json(t, "timezone"), "\"UTC\"");
	assert_string_equal(
		team_setting_json(t, "anonymize_ips_mode"), "\"truncate\"");
	assert_null(team_setting_json(t, "nonsense"));
	team_snapshot_unref(s);
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

static void
settings_are_checked(void **state)
{
	static const struct {
		const char *text, *json; /* json NULL: refused */
	} cases[] = {
		{"anonymize_ips=true", "true"},
		{"anonymize_ips = 0 ", "false"},
		{"anonymize_ips=maybe", NULL},
		{"anonymize_ips_mode=drop", "\"drop\""},
		{"anonymize_ips_mode=drop|truncate", NULL},
		{"anonymize_ips_mode=", NULL},
		{"old_token_grace_h=12", "12"},
		{"old_token_grace_h=-1", NULL},
		{"old_token_grace_h=1.5", NULL},
		{"property_matching_version=3", NULL},
		{"session_recording_sample_rate=0.25", "0.25"},
		{"session_recording_sample_rate=1.1", NULL},
		{"recording_domains=[\"https://a.example\"]",
			"[\"https://a.example\"]"},
		{"recording_domains={}", NULL},
		{"session_replay_config={ \"record_canvas\" : true }",
			"{\"record_canvas\":true}"},
		{"timezone=Europe/Paris", "\"Europe/Paris\""},
		{"cookieless_server_hash_mode=0", "0"},
		{"cookieless_server_hash_mode=2", NULL},
		{"heatmaps_opt_in=false", "false"},
		{"anonymize_ips", NULL},
	};
	struct arena a;
	struct err e;

	(void)state;
	arena_init(&a, 1 << 20);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *json = NULL;
		int k, err = team_setting_parse(
			       &a, cases[i].text, &k, &json, &e);

		assert_int_equal(err, cases[i].json == NULL ? -ERR_INVALID : 0);
		if (err == 0)
			assert_string_equal(json, cases[i].json);
	}
	arena_fini(&a);
}

static void
errors_name_what_is_near_and_allowed(void **state)
{
	struct fixture *f = *state;
	const char *const wrong[] = {"anonymise_ips=true", NULL};
	const char *const range[] = {"property_matching_version=9", NULL};
	const char *const cookieless[] = {
		"cookieless_server_hash_mode=1", NULL};
	struct err e;
	int64_t id;

	assert_int_equal(
		team_create(f->c, "a", NULL, wrong, &id, &e), -ERR_INVALID);
	assert_non_null(strstr(e.text, "nearest: anonymize_ips)"));
	assert_int_equal(team_create(f->c, "a", NULL, NULL, &id, &e), 0);
	assert_int_equal(team_set(f->c, id, range, &e), -ERR_INVALID);
	assert_non_null(strstr(e.text, "allowed is 1 or 2"));
	assert_int_equal(team_set(f->c, id, cookieless, &e), -ERR_INVALID);
	assert_non_null(strstr(e.text, "cannot switch it on"));
	assert_int_equal(team_set(f->c, id + 9, range, &e), -ERR_NOT_FOUND);
}

static const char *
setting(struct fixture *f, int64_t id, const char *name)
{
	static char text[200];
	const struct team_snapshot *s = team_snapshot_get(f->c);

	snprintf(text, sizeof(text), "%s",
		team_setting_json(team_by_id(s, id), name));
	team_snapshot_unref(s);
	return text;
}

static void
null_gives_back_the_default(void **state)
{
	struct fixture *f = *state;
	const char *const on[] = {
		"dedupe_uuids=false", "surveys_opt_in=1", NULL};
	const char *const off[] = {"dedupe_uuids=null", NULL};
	struct err e;
	int64_t id;

	assert_int_equal(team_create(f->c, "a", NULL, on, &id, &e), 0);
	assert_string_equal(setting(f, id, "dedupe_uuids"), "false");
	assert_int_equal(team_set(f->c, id, off, &e), 0);
	assert_string_equal(setting(f, id, "dedupe_uuids"), "true");
	assert_string_equal(setting(f, id, "surveys_opt_in"), "true");
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

static void
json_has_every_setting(void **state)
{
	struct fixture *f = *state;
	const struct team_snapshot *s;
	struct buf b;
	struct err e;
	int64_t id;

	assert_int_equal(
		team_create(f->c, "a \"b\"", "phc_j", NULL, &id, &e), 0);
	s = team_snapshot_get(f->c);
	buf_init(&b, 1 << 20);
	team_write_json(team_at(s, 0), &b);
	assert_non_null(strstr(buf_cstr(&b), "\"name\":\"a \\\"b\\\"\""));
	assert_non_null(strstr(buf_cstr(&b), "\"api_token\":\"phc_j\""));
	for (int i = 0; i < TEAM_N_SETTINGS; i++) {
		char want[200];

		snprintf(want, sizeof(want), "\"%s\":%s", team_setting_name(i),
			team_setting_default(i));
		assert_non_null(strstr(buf_cstr(&b), want));
	}
	buf_fini(&b);
	team_snapshot_unref(s);
}

static void
settings_stand_in_the_order_of_names(void **state)
{
	(void)state;
	for (int i = 1; i < TEAM_N_SETTINGS; i++)
		assert_true(strcmp(team_setting_name(i - 1),
				    team_setting_name(i)) < 0);
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
		cmocka_unit_test_setup_teardown(
			projects_are_created_and_kept, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_token_belongs_to_one_project, set_up, tear_down),
		cmocka_unit_test(settings_are_checked),
		cmocka_unit_test_setup_teardown(
			errors_name_what_is_near_and_allowed, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			null_gives_back_the_default, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_replaced_token_works_for_its_time_of_grace, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			a_key_may_be_replaced_often, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_deleted_project_is_gone, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			json_has_every_setting, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_key_waits_for_its_letters, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			many_keys_wait_and_are_forgotten, set_up, tear_down),
		cmocka_unit_test(a_denied_key_is_remembered_until_a_change),
		cmocka_unit_test(settings_stand_in_the_order_of_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
