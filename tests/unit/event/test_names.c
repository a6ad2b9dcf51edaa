#include <string.h>

#include "event/event.h"
#include "event/names.h"
#include "make_event.h"
#include "tests.h"

static void
the_table_is_sorted(void **state)
{
	static const char *const names[] = {
#define NAME(name, initial, flags) name,
#include "event/names.def"
#undef NAME
	};

	(void)state;
	for (size_t i = 1; i < ARRAY_LEN(names); i++) {
		size_t a = strlen(names[i - 1]), b = strlen(names[i]);

		assert_true(a < b ||
			    (a == b && strcmp(names[i - 1], names[i]) < 0));
	}
}

static void
names_have_their_flags(void **state)
{
	static const struct {
		const char *name, *initial;
		unsigned flags;
	} rows[] = {
		{"$browser", "$initial_browser",
			EVENT_NAME_PERSON | EVENT_NAME_QUIET |
				EVENT_NAME_PROTECTED},
		{"utm_source", "$initial_utm_source",
			EVENT_NAME_PERSON | EVENT_NAME_PROTECTED},
		{"_kx", "$initial__kx",
			EVENT_NAME_PERSON | EVENT_NAME_PROTECTED},
		{"$app_version", "$initial_app_version",
			EVENT_NAME_PERSON | EVENT_NAME_PROTECTED},
		{"$geoip_latitude", NULL, EVENT_NAME_QUIET},
		{"$geoip_city_name", NULL, 0},
		{"$elements", NULL, EVENT_NAME_DROPPED},
		{"email", NULL, EVENT_NAME_PROTECTED},
		{"$lib", NULL, 0},
		{"", NULL, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct slice initial;

		assert_int_equal(
			event_name_flags(slice_str(rows[i].name), &initial),
			rows[i].flags);
		if (rows[i].initial != NULL)
			assert_true(slice_eq_str(initial, rows[i].initial));
	}
}

/* Spec 3.4 and 5.6 give the lists: 44 names and 31 names. */
static void
the_lists_are_complete(void **state)
{
	static const unsigned flags[] = {
#define PERSON EVENT_NAME_PERSON
#define QUIET EVENT_NAME_QUIET
#define DROPPED EVENT_NAME_DROPPED
#define PROTECTED EVENT_NAME_PROTECTED
#define HOST_OS EVENT_NAME_HOST_OS
#define NAME(name, initial, flags) flags,
#include "event/names.def"
#undef NAME
	};
	int persons = 0, quiet = 0, dropped = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
		persons += (flags[i] & PERSON) != 0;
		quiet += (flags[i] & QUIET) != 0;
		dropped += (flags[i] & DROPPED) != 0;
	}
	assert_int_equal(persons, 44);
	assert_int_equal(quiet, 31);
	assert_int_equal(dropped, 10);
}

static void
ids_that_no_merge_may_use(void **state)
{
	static const char *const illegal[] = {"", " ", "\t\n", "\xc2\xa0",
		"anonymous", "ANONYMOUS", "Guest", "distinctid", "distinct_id",
		"ID", "not_authenticated", "Email", "undefined", "Undefined",
		"true", "FALSE", "[object Object]", "NaN", "None", "none",
		"null", "0", "'null'", "\"None\"", "\"ANONYMOUS\"", "'0'",
		NULL};
	static const char *const legal[] = {"nan", "NULL", " null ", "guest1",
		"'null", "null'", "\"null'", "'nan'", "a b", "00", "nOne",
		NULL};
	char longest[401];

	(void)state;
	for (int i = 0; illegal[i] != NULL; i++)
		assert_true(event_id_illegal(slice_str(illegal[i])));
	for (int i = 0; legal[i] != NULL; i++)
		assert_false(event_id_illegal(slice_str(legal[i])));
	memset(longest, 'x', sizeof(longest));
	assert_false(event_id_illegal(slice_of(longest, 400)));
	assert_true(event_id_illegal(slice_of(longest, 401)));
}

static void
kinds_by_name(void **state)
{
	static const struct {
		const char *name;
		enum event_kind kind;
	} rows[] = {
		{"$identify", EVENT_IDENTIFY},
		{"$create_alias", EVENT_ALIAS},
		{"$merge_dangerously", EVENT_MERGE},
		{"$set", EVENT_SET},
		{"$groupidentify", EVENT_GROUPIDENTIFY},
		{"$exception", EVENT_EXCEPTION},
		{"survey shown", EVENT_SURVEY_SHOWN},
		{"$snapshot", EVENT_REPLAY},
		{"$performance_event", EVENT_REPLAY},
		{"$$heatmap", EVENT_HEATMAP},
		{"$$client_ingestion_warning", EVENT_CLIENT_WARNING},
		{"$feature_flag_called", EVENT_FLAG_CALLED},
		{"$pageview", EVENT_PLAIN},
		{"", EVENT_PLAIN},
		{"$Identify", EVENT_PLAIN},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(
			event_kind_of(slice_str(rows[i].name)), rows[i].kind);
}

static void
server_libraries(void **state)
{
	(void)state;
	assert_true(event_lib_is_server(SLICE_LIT("posthog-python")));
	assert_true(event_lib_is_server(SLICE_LIT("posthog-rs")));
	assert_false(event_lib_is_server(SLICE_LIT("web")));
	assert_false(event_lib_is_server(SLICE_LIT("posthog-ios")));
}

static void
warnings_are_sorted_and_described(void **state)
{
	(void)state;
	for (int i = 0; i < EVENT_N_WARNINGS; i++) {
		assert_true(event_warning_rows[i].help[0] != '\0');
		if (i > 0)
			assert_true(strcmp(event_warning_rows[i - 1].name,
					    event_warning_rows[i].name) < 0);
	}
}

int
test_names(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_is_sorted),
		cmocka_unit_test(names_have_their_flags),
		cmocka_unit_test(the_lists_are_complete),
		cmocka_unit_test(ids_that_no_merge_may_use),
		cmocka_unit_test(kinds_by_name),
		cmocka_unit_test(server_libraries),
		cmocka_unit_test(warnings_are_sorted_and_described),
	};

	return cmocka_run_group_tests_name("names", tests, NULL, NULL);
}
