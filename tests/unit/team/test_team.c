#include "tests/unit/team/fixture.h"

/* Projects and their settings. */

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
	fixture_close(f);
	fixture_open(f);
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(projects_are_created_and_kept),
		cmocka_unit_test(settings_are_checked),
		IN_FOLDER(errors_name_what_is_near_and_allowed),
		IN_FOLDER(null_gives_back_the_default),
		IN_FOLDER(json_has_every_setting),
		cmocka_unit_test(settings_stand_in_the_order_of_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
