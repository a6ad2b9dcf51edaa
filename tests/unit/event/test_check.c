#include <stdio.h>
#include <string.h>

#include "make_event.h"
#include "tests.h"

static struct make m;

static int
set_up(void **state)
{
	(void)state;
	make_init(&m);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	make_fini(&m);
	return 0;
}

struct row {
	const char *json;
	enum event_next next;
	const char *warnings;
};

static void
check_rows(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct event *ev = make_read(&m, rows[i].json);

		assert_int_equal(event_check(ev, &m.work), rows[i].next);
		assert_string_equal(make_warnings(&m, ev), rows[i].warnings);
	}
}

static void
identity_is_checked(void **state)
{
	static const struct row rows[] = {
		{"{\"distinct_id\":\"a\"}", EVENT_GO, ""},
		{"{\"distinct_id\":\"a\",\"uuid\":\"x\"}", EVENT_DROP,
			"skipping_event_invalid_uuid"},
		{"{\"distinct_id\":\"a\",\"uuid\":\"\"}", EVENT_DROP,
			"skipping_event_invalid_uuid"},
		{"{\"distinct_id\":\"\"}", EVENT_DROP,
			"skipping_event_invalid_distinct_id"},
	};
	struct event *ev;
	char json[512];

	(void)state;
	check_rows(rows, ARRAY_LEN(rows));
	memset(json, 'x', sizeof(json));
	memcpy(json, "{\"distinct_id\":\"", 16);
	memcpy(json + 16 + 400, "\"}", 3);
	assert_int_equal(event_check(make_read(&m, json), &m.work), EVENT_GO);
	json[16 + 400] = 'x';
	memcpy(json + 16 + 401, "\"}", 3);
	ev = make_read(&m, json);
	assert_int_equal(event_check(ev, &m.work), EVENT_DROP);
	assert_non_null(strstr(ev->warnings.first->details.p,
		"\"distinctIdLength\":401,\"maxLength\":400"));
	ev = make_read(&m,
		"{\"distinct_id\":\"a\","
		"\"uuid\":\"0190F000-0000-7000-8000-00000000A006\"}");
	assert_int_equal(event_check(ev, &m.work), EVENT_GO);
	assert_true(slice_eq_str(ev->uuid, MAKE_UUID));
}

static void
long_group_keys_are_refused(void **state)
{
	struct event *ev;
	char json[600];
	int n;

	(void)state;
	for (int len = 400; len <= 401; len++) {
		n = snprintf(json, sizeof(json),
			"{\"event\":\"$groupidentify\",\"distinct_id\":\"a\","
			"\"properties\":{\"$group_key\":\"");
		memset(json + n, 'k', (size_t)len);
		memcpy(json + n + len, "\"}}", 4);
		ev = make_read(&m, json);
		assert_int_equal(event_check(ev, &m.work),
			len == 400 ? EVENT_GO : EVENT_DROP);
		assert_string_equal(make_warnings(&m, ev),
			len == 400 ? "" : "group_key_too_long");
	}
}

/* Spec 3.8, a row each. */
static void
the_person_flag(void **state)
{
#define WITH(event, flag)                                                      \
	"{\"distinct_id\":\"a\",\"event\":\"" event                            \
	"\",\"properties\":{\"$process_person_profile\":" flag "}}"
#define REFUSED "invalid_event_when_process_person_profile_is_false"
	static const struct row rows[] = {
		{WITH("e", "true"), EVENT_GO, ""},
		{WITH("e", "false"), EVENT_GO, ""},
		{WITH("$identify", "true"), EVENT_GO, ""},
		{WITH("$identify", "false"), EVENT_DROP, REFUSED},
		{WITH("$create_alias", "false"), EVENT_DROP, REFUSED},
		{WITH("$merge_dangerously", "false"), EVENT_DROP, REFUSED},
		{WITH("$groupidentify", "false"), EVENT_DROP, REFUSED},
		{WITH("$set", "false"), EVENT_GO, ""},
		{WITH("e", "\"false\""), EVENT_GO,
			"invalid_process_person_profile"},
		{WITH("e", "0"), EVENT_GO, "invalid_process_person_profile"},
		{WITH("e", "null"), EVENT_GO, "invalid_process_person_profile"},
	};
	static const bool personless[] = {false, true, false, true, true, true,
		true, true, false, false, false};
	struct event *ev;

	(void)state;
	check_rows(rows, ARRAY_LEN(rows));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		ev = make_read(&m, rows[i].json);
		(void)event_check(ev, &m.work);
		assert_int_equal(ev->is_personless, personless[i]);
	}
	ev = make_read(&m, WITH("$identify", "true"));
	ev->force_personless = true;
	assert_int_equal(event_check(ev, &m.work), EVENT_GO);
	assert_true(ev->is_personless);
	m.rules.person_opt_out = true;
	assert_int_equal(
		event_check(make_read(&m, WITH("$identify", "true")), &m.work),
		EVENT_DROP);
	ev = make_read(&m, WITH("e", "true"));
	assert_int_equal(event_check(ev, &m.work), EVENT_GO);
	assert_true(ev->is_personless);
}

static void
old_events_are_dropped_where_asked(void **state)
{
	static const char *const an_hour_old =
		"{\"distinct_id\":\"a\",\"timestamp\":\"2025-12-31T23:00:"
		"00Z\"}";
	static const char *const older = "{\"distinct_id\":\"a\","
					 "\"timestamp\":"
					 "\"2025-12-31T22:59:59.999Z\"}";
	struct event *ev;

	(void)state;
	assert_int_equal(event_check(make_read(&m, older), &m.work), EVENT_GO);
	m.rules.drop_older_than_s = 3600;
	assert_int_equal(
		event_check(make_read(&m, an_hour_old), &m.work), EVENT_GO);
	ev = make_read(&m, older);
	assert_int_equal(event_check(ev, &m.work), EVENT_DROP);
	assert_string_equal(make_warnings(&m, ev), "event_dropped_too_old");
}

static void
special_events_end_here(void **state)
{
	static const struct row rows[] = {
		{"{\"distinct_id\":\"a\",\"event\":"
		 "\"$$client_ingestion_warning\",\"properties\":"
		 "{\"$$client_ingestion_warning_message\":\"too big\"}}",
			EVENT_DROP, "client_ingestion_warning"},
		{"{\"distinct_id\":\"$posthog_cookieless\",\"properties\":"
		 "{\"$cookieless_mode\":true}}",
			EVENT_DROP, "cookieless_not_supported"},
		{"{\"distinct_id\":\"a\",\"event\":\"$$heatmap\"}", EVENT_GO,
			""},
	};
	struct event *ev;

	(void)state;
	check_rows(rows, ARRAY_LEN(rows));
	ev = make_read(&m, rows[0].json);
	(void)event_check(ev, &m.work);
	assert_non_null(strstr(
		ev->warnings.first->details.p, "\"message\":\"too big\""));
	m.rules.heatmaps_refused = true;
	assert_int_equal(
		event_check(make_read(&m, rows[2].json), &m.work), EVENT_DROP);
}

int
test_check(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(identity_is_checked),
		T(long_group_keys_are_refused),
		T(the_person_flag),
		T(old_events_are_dropped_where_asked),
		T(special_events_end_here),
	};
#undef T

	return cmocka_run_group_tests_name("check", tests, NULL, NULL);
}
