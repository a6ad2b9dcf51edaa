#include "admin/pg_test.h"
#include "admin/stored.h"
#include "base/arena.h"
#include "tests/unit/admin/fixture.h"

/* Settings made in the admin, over a real config.db; what tries and uses them
 * is made here. */
struct scene {
	struct world world;
	struct conf_set *conf[8]; /* the first is the world's */
	int n_confs;
	bool cannot_use;
	struct admin_settings settings;
};

static int
try_rows(void *cookie, const struct conf_stored *rows, int n,
	struct conf_set **out, struct err *e)
{
	static const char *const set[] = {"log.format=json", NULL};

	(void)cookie;
	return conf_load_stored("/dev/null", set, rows, n, out, e);
}

static int
use(void *cookie, struct err *e)
{
	struct scene *s = cookie;
	struct stored st;
	struct arena a;
	int rc;

	if (s->cannot_use)
		return err_set(e, ERR_STOPPING, "the daemon stops");
	arena_init(&a, 1 << 24);
	rc = stored_read(s->world.o.config, &a, &st, e);
	if (rc == 0)
		rc = try_rows(s, st.rows, st.n, &s->conf[s->n_confs], e);
	arena_fini(&a);
	if (rc == 0)
		admin_reload(s->world.admin, s->conf[s->n_confs++]);
	return rc;
}

static int
set_up(void **state)
{
	struct scene *s = calloc(1, sizeof(*s));
	struct err e;

	assert_non_null(s);
	assert_int_equal(try_rows(s, NULL, 0, &s->conf[s->n_confs++], &e), 0);
	s->settings = (struct admin_settings){try_rows, use, s};
	s->world.conf = s->conf[0];
	s->world.o.settings = &s->settings;
	world_open(&s->world, WORLD_CONFIG);
	*state = s;
	return 0;
}

static int
tear_down(void **state)
{
	struct scene *s = *state;

	world_close(&s->world);
	for (int i = 1; i < s->n_confs; i++)
		conf_free(s->conf[i]);
	free(s);
	return 0;
}

static const char *
ask_settings(struct scene *s, int status, const char *method, const char *body)
{
	return ask(&s->world, status, method, "/api/v1/settings", body);
}

/* admin-5 */
static void
a_change_is_in_use_or_said_to_wait(void **state)
{
	struct scene *s = *state;
	const char *got = ask_settings(s, 200, "PATCH",
		"{\"settings\":{\"dlq.alert_per_min\":7,\"capture.threads\":"
		"\"3\",\"postgres.url\":\"postgresql://u:Hidden@h/d\"}}");

	assert_null(strstr(got, "Hidden"));
	has(got, "\"value\":\"7\",\"source\":\"admin\",\"pending\":false");
	has(got, "\"value\":\"0\",\"source\":\"admin\",\"pending\":true,"
		 "\"pending_value\":\"3\"");
	assert_int_equal(conf_values(s->conf[1])->dlq_alert_per_min, 7);
	got = ask_settings(
		s, 200, "PATCH", "{\"settings\":{\"capture.threads\":null}}");
	assert_null(strstr(got, "\"pending_value\":\"3\""));
	assert_int_equal(conf_values(s->conf[2])->dlq_alert_per_min, 7);
}

static void
what_is_refused_changes_nothing(void **state)
{
	static const struct {
		int status;
		const char *settings, *says;
	} cases[] = {
		{400, "\"no.such\":1", "\"field\":\"no.such\""},
		{400, "\"dlq.alert_per_min\":true", "allowed is"},
		{400, "\"roles\":\"capture\"", "\"field\":\"roles\""},
		{400, "\"admin.listen\":\"off\"", "\"field\":\"admin.listen\""},
		{400, "\"postgres.url\":\"postgresql://h/d?service=x\"",
			"service is not taken"},
		{400, "\"log.level\":[1]", "log.level"},
		{409, "\"log.format\":\"logfmt\"", "--set"},
	};
	struct scene *s = *state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char body[300];

		snprintf(body, sizeof(body),
			"{\"settings\":{\"ingest.batch_events\":9,%s}}",
			cases[i].settings);
		has(ask_settings(s, cases[i].status, "PATCH", body),
			cases[i].says);
	}
	assert_int_equal(s->n_confs, 1);
	assert_null(
		strstr(ask_settings(s, 200, "GET", ""), "\"made_here\":true"));
}

static void
saved_and_not_in_use_is_said(void **state)
{
	struct scene *s = *state;

	s->cannot_use = true;
	has(ask_settings(s, 503, "PATCH",
		    "{\"settings\":{\"dlq.alert_per_min\":7}}"),
		"it is saved, but not in use yet");
	has(ask_settings(s, 200, "GET", ""), "\"made_here_value\":\"7\"");
}

static void
a_listener_for_others_is_warned_of(void **state)
{
	struct scene *s = *state;

	has(ask_settings(s, 200, "PATCH",
		    "{\"settings\":{\"kafka.listen\":\"0.0.0.0:9092\","
		    "\"admin.listen\":\"127.0.0.1:8001\"}}"),
		"other machines reach kafka.listen");
	assert_null(strstr(buf_cstr(&s->world.out), "reach admin.listen"));
}

static void
causes_are_told_from_texts(void **state)
{
	static const struct {
		const char *text;
		enum pg_cause cause;
	} cases[] = {
		{"FATAL:  password authentication failed for user \"u\"",
			PG_CAUSE_PASSWORD},
		{"FATAL:  database \"d\" does not exist", PG_CAUSE_DATABASE},
		{"FATAL:  role \"u\" does not exist", PG_CAUSE_USER},
		{"could not translate host name \"h\" to address",
			PG_CAUSE_HOST},
		{"failed: Connection refused", PG_CAUSE_PORT},
		{"server does not support SSL, but SSL was required",
			PG_CAUSE_TLS},
		{"FATAL:  no pg_hba.conf entry for host \"1.2.3.4\", user "
		 "\"u\", database \"d\", no encryption",
			PG_CAUSE_HBA},
		{"FATAL:  sorry, too many clients already", PG_CAUSE_BUSY},
		{"session is read-only", PG_CAUSE_READ_ONLY},
		{"FATAL:  etwas anderes", PG_CAUSE_OTHER},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(pg_cause_of(cases[i].text), cases[i].cause);
	for (int c = 0; c < PG_N_CAUSES; c++) {
		assert_non_null(pg_cause_word((enum pg_cause)c));
		assert_non_null(pg_cause_todo((enum pg_cause)c));
	}
}

#define IN_SCENE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_SCENE(a_change_is_in_use_or_said_to_wait),
		IN_SCENE(what_is_refused_changes_nothing),
		IN_SCENE(saved_and_not_in_use_is_said),
		IN_SCENE(a_listener_for_others_is_warned_of),
		cmocka_unit_test(causes_are_told_from_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
