#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "admin/admin.h"
#include "admin/pg_test.h"
#include "admin/stored.h"
#include "base/arena.h"
#include "conf/conf.h"
#include "store/store.h"
#include "team/team.h"

/* Settings made in the admin, over a real config.db; what tries and uses them
 * is made here. */
struct world {
	char dir[40];
	struct conf_set *conf[8];
	int n_confs;
	bool cannot_use;
	struct admin_settings settings;
	struct admin_options o;
	struct admin *admin;
	struct buf out;
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
	struct world *w = cookie;
	struct stored st;
	struct arena a;
	int rc;

	if (w->cannot_use)
		return err_set(e, ERR_STOPPING, "the daemon stops");
	arena_init(&a, 1 << 24);
	rc = stored_read(w->o.config, &a, &st, e);
	if (rc == 0)
		rc = try_rows(w, st.rows, st.n, &w->conf[w->n_confs], e);
	arena_fini(&a);
	if (rc == 0)
		admin_reload(w->admin, w->conf[w->n_confs++]);
	return rc;
}

static int
remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static int
set_up(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct store_options so = {
		.kind = STORE_CONFIG, .queue_bytes = 1 << 24};
	struct err e;

	assert_non_null(w);
	snprintf(w->dir, sizeof(w->dir), "/tmp/sluice-settings-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	so.dir = w->dir;
	assert_int_equal(try_rows(w, NULL, 0, &w->conf[w->n_confs++], &e), 0);
	w->settings = (struct admin_settings){try_rows, use, w};
	w->o.conf = w->conf[0];
	w->o.data_dir = w->dir;
	w->o.settings = &w->settings;
	assert_int_equal(store_open(&so, &w->o.config, &e), 0);
	assert_int_equal(team_cache_new(w->o.config, &w->o.teams, &e), 0);
	assert_int_equal(admin_new(&w->o, &w->admin, &e), 0);
	buf_init(&w->out, 1 << 24);
	*state = w;
	return 0;
}

static int
tear_down(void **state)
{
	struct world *w = *state;

	buf_fini(&w->out);
	admin_free(w->admin);
	team_cache_free(w->o.teams);
	store_close(w->o.config);
	for (int i = 0; i < w->n_confs; i++)
		conf_free(w->conf[i]);
	nftw(w->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	free(w);
	return 0;
}

static const char *
ask(struct world *w, int status, const char *method, const char *body)
{
	buf_reset(&w->out);
	assert_int_equal(admin_request(w->admin, method, "/api/v1/settings",
				 slice_str(body), &w->out),
		status);
	return buf_cstr(&w->out);
}

static void
has(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("%s is not in %s", part, text);
}

/* admin-5 */
static void
a_change_is_in_use_or_said_to_wait(void **state)
{
	struct world *w = *state;
	const char *got = ask(w, 200, "PATCH",
		"{\"settings\":{\"dlq.alert_per_min\":7,\"capture.threads\":"
		"\"3\",\"postgres.url\":\"postgresql://u:Hidden@h/d\"}}");

	assert_null(strstr(got, "Hidden"));
	has(got, "\"value\":\"7\",\"source\":\"admin\",\"pending\":false");
	has(got, "\"value\":\"0\",\"source\":\"admin\",\"pending\":true,"
		 "\"pending_value\":\"3\"");
	assert_int_equal(conf_values(w->conf[1])->dlq_alert_per_min, 7);
	got = ask(w, 200, "PATCH", "{\"settings\":{\"capture.threads\":null}}");
	assert_null(strstr(got, "\"pending_value\":\"3\""));
	assert_int_equal(conf_values(w->conf[2])->dlq_alert_per_min, 7);
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
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char body[300];

		snprintf(body, sizeof(body),
			"{\"settings\":{\"ingest.batch_events\":9,%s}}",
			cases[i].settings);
		has(ask(w, cases[i].status, "PATCH", body), cases[i].says);
	}
	assert_int_equal(w->n_confs, 1);
	assert_null(strstr(ask(w, 200, "GET", ""), "\"made_here\":true"));
}

static void
saved_and_not_in_use_is_said(void **state)
{
	struct world *w = *state;

	w->cannot_use = true;
	has(ask(w, 503, "PATCH", "{\"settings\":{\"dlq.alert_per_min\":7}}"),
		"it is saved, but not in use yet");
	has(ask(w, 200, "GET", ""), "\"made_here_value\":\"7\"");
}

static void
a_listener_for_others_is_warned_of(void **state)
{
	struct world *w = *state;

	has(ask(w, 200, "PATCH",
		    "{\"settings\":{\"kafka.listen\":\"0.0.0.0:9092\","
		    "\"admin.listen\":\"127.0.0.1:8001\"}}"),
		"other machines reach kafka.listen");
	assert_null(strstr(buf_cstr(&w->out), "reach admin.listen"));
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

#define IN_WORLD(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORLD(a_change_is_in_use_or_said_to_wait),
		IN_WORLD(what_is_refused_changes_nothing),
		IN_WORLD(saved_and_not_in_use_is_said),
		IN_WORLD(a_listener_for_others_is_warned_of),
		cmocka_unit_test(causes_are_told_from_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
