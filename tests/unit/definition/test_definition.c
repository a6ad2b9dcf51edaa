#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "../event/make_event.h"
#include "definition/definition.h"

static struct make m;
static struct definition_known *known;
static struct definition_set set;

static int
set_up(void **state)
{
	struct err e;

	(void)state;
	make_init(&m);
	if (definition_known_new(&known, &e) != 0)
		return -1;
	definition_set_init(&set, known, &m.arena, MAKE_NOW_US);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	definition_known_free(known);
	make_fini(&m);
	return 0;
}

static void
note_at(const char *json, int index)
{
	enum event_next next;
	struct event *ev = make_event(&m, json, &next);

	assert_int_equal(next, EVENT_GO);
	definition_note(&set, ev, index);
	assert_false(set.failed);
}

#define NOTE(name, props)                                                      \
	note_at("{\"event\":\"" name                                           \
		"\",\"distinct_id\":\"a\",\"properties\":{" props "}}",        \
		-1)

/* All of the set as text. */
static const char *
all(void)
{
	static const char kinds[] = "?epg";
	struct buf *b = &m.out;

	buf_reset(b);
	for (struct definition_event *d = set.events; d != NULL; d = d->next)
		buf_printf(b, "E:%.*s ", SLICE_FMT(d->name));
	for (struct definition_property *d = set.properties; d != NULL;
		d = d->next) {
		const char *type = definition_type_names[d->type];

		buf_printf(b, "%c:%.*s", kinds[d->kind], SLICE_FMT(d->name));
		if (d->group_type_index >= 0)
			buf_printf(b, "@%d", d->group_type_index);
		buf_printf(b, "=%s ", type == NULL ? "?" : type);
	}
	for (struct definition_pair *d = set.pairs; d != NULL; d = d->next)
		buf_printf(b, "%.*s.%.*s ", SLICE_FMT(d->event),
			SLICE_FMT(d->property));
	return buf_cstr(b);
}

static void
next_set(void)
{
	definition_learn(&set);
	definition_set_init(&set, known, &m.arena, set.now_us);
}

/* Spec 8.6: types by name and value. */
static void
types_of_values(void **state)
{
	static const struct {
		const char *name, *value, *type;
	} rows[] = {
		{"utm_source", "5", "String"},
		{"$initial_utm_x", "true", "String"},
		{"$feature/beta", "true", "String"},
		{"$survey_response_1", "1", "String"},
		{"$feature_flag_response", "true", "String"},
		{"n", "5", "Numeric"},
		{"n", "-1.5", "Numeric"},
		{"b", "true", "Boolean"},
		{"b", "\"true\"", "Boolean"},
		{"b", "\"FALSE\"", "Boolean"},
		{"b", "\"True\"", "String"},
		{"s", "\"x\"", "String"},
		{"s", "\"\"", "String"},
		{"z", "null", NULL},
		{"z", "[1]", NULL},
		{"z", "{\"a\":1}", NULL},
		{"s", "\"2024-03-05\"", "DateTime"},
		{"s", "\"2024/03/05 10:20:30\"", "DateTime"},
		{"s", "\"05-03-2024 10:20:30.5\"", "DateTime"},
		{"s", "\"2024-03-05T10:20:30.123Z\"", "DateTime"},
		{"s", "\"2024-03-05T10:20:30+02:00\"", "DateTime"},
		{"s", "\"Tue, 5 Mar 2024 10:00:00 +0200\"", "DateTime"},
		{"s", "\"2024-13-05\"", "String"},
		{"s", "\"2024-03-05 nonsense\"", "String"},
		{"s", "\"2024-03\"", "String"},
		{"s", "\"1709634030\"", "String"},
		{"s", "\"meet: at 5 or so, maybe\"", "String"},
		/* Half a year before now or later. */
		{"createdAt", "1767225600", "DateTime"},
		{"createdAt", "1751457600", "DateTime"},
		{"createdAt", "1751457599", "Numeric"},
		{"paid_at", "1767225600000", "DateTime"},
		{"Timestamp", "1767225600", "DateTime"},
		{"paid_at", "1767225600.5", "Numeric"},
		{"amount", "1767225600", "Numeric"},
		{"time", "\"soon\"", "String"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *got = definition_type_names[definition_type_of(
			slice_str(rows[i].name), slice_str(rows[i].value),
			MAKE_NOW_US)];

		if ((got == NULL) != (rows[i].type == NULL) ||
			(got != NULL && strcmp(got, rows[i].type) != 0))
			fail_msg("%s: %s is %s", rows[i].name, rows[i].value,
				got == NULL ? "untyped" : got);
	}
}

static void
an_event_defines_its_name_and_properties(void **state)
{
	(void)state;
	NOTE("e", "\"a\":1,\"$groups\":{\"org\":\"x\"},\"$group_0\":\"x\","
		  "\"$feature/f\":\"on\",\"$feature_enrollment/f\":true,"
		  "\"$set\":{\"p\":\"v\"},\"$set_once\":{\"o\":1},"
		  "\"$unset\":[\"u\"]");
	assert_string_equal(all(),
		"E:e e:a=Numeric e:$feature/f=String "
		"e:$feature_enrollment/f=Boolean p:p=String p:o=Numeric "
		"e.a ");
}

static void
a_group_event_defines_group_properties_alone(void **state)
{
	(void)state;
	note_at("{\"event\":\"$groupidentify\",\"distinct_id\":\"a\","
		"\"properties\":{\"$group_type\":\"org\",\"$group_key\":\"x\","
		"\"$group_set\":{\"n\":1,\"name\":\"x\"}}}",
		3);
	assert_string_equal(
		all(), "E:$groupidentify g:n@3=Numeric g:name@3=String ");
	next_set();
	/* No index: all five are taken. */
	note_at("{\"event\":\"$groupidentify\",\"distinct_id\":\"a\","
		"\"properties\":{\"$group_type\":\"t\",\"$group_key\":\"x\","
		"\"$group_set\":{\"q\":1}}}",
		-1);
	assert_string_equal(all(), "");
}

static void
some_events_define_nothing(void **state)
{
	char json[700];

	(void)state;
	NOTE("$$plugin_metrics", "\"a\":1");
	assert_string_equal(all(), "");
	/* 201 bytes in 67 characters: a legal event name. */
	snprintf(json, sizeof(json), "{\"event\":\"");
	for (int i = 0; i < 67; i++)
		strncat(json, "\xe2\x82\xac", sizeof(json) - strlen(json) - 1);
	strncat(json, "\",\"distinct_id\":\"a\"}",
		sizeof(json) - strlen(json) - 1);
	note_at(json, -1);
	assert_string_equal(all(), "");
}

static void
long_property_names_are_skipped(void **state)
{
	char json[400];

	(void)state;
	for (int n = 200; n <= 201; n++) {
		snprintf(json, sizeof(json),
			"{\"event\":\"e%d\",\"distinct_id\":\"a\","
			"\"properties\":{\"%0*d\":1}}",
			n, n, 0);
		note_at(json, -1);
	}
	assert_int_equal(set.n_events, 2);
	assert_int_equal(set.n_properties, 1);
	assert_int_equal(set.n_pairs, 1);
	assert_int_equal(set.properties->name.len, 200);
}

static void
an_event_with_too_many_properties_is_skipped(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 1 << 20);
	buf_append_lit(&b, "{\"event\":\"e\",\"distinct_id\":\"a\","
			   "\"properties\":{\"p\":1");
	for (int i = 0; i < 5000; i++)
		buf_printf(&b, ",\"k%d\":1", i);
	buf_append_lit(&b, "}}");
	note_at(buf_cstr(&b), -1);
	assert_string_equal(all(), "");
	assert_int_equal(set.n_skipped, 1);
	buf_fini(&b);
}

/* definition-2 */
static void
what_is_known_is_not_new(void **state)
{
	(void)state;
	NOTE("e", "\"a\":1");
	NOTE("e", "\"a\":2");
	assert_string_equal(all(), "E:e e:a=Numeric e.a ");
	next_set();
	NOTE("e", "\"a\":3");
	assert_true(definition_set_is_empty(&set));
	assert_int_equal(set.n_news, 0);
	NOTE("f", "\"a\":3,\"b\":true");
	assert_string_equal(all(), "E:f e:b=Boolean f.a f.b ");
}

/* definition-1 */
static void
nothing_is_known_before_it_was_saved(void **state)
{
	(void)state;
	NOTE("e", "\"a\":1");
	definition_set_init(&set, known, &m.arena, set.now_us);
	NOTE("e", "\"a\":1");
	assert_string_equal(all(), "E:e e:a=Numeric e.a ");
}

static void
a_type_fills_in_what_had_none(void **state)
{
	(void)state;
	NOTE("e", "\"a\":null");
	assert_string_equal(all(), "E:e e:a=? e.a ");
	next_set();
	NOTE("e", "\"a\":[]");
	assert_string_equal(all(), "");
	NOTE("e", "\"a\":\"x\"");
	assert_string_equal(all(), "e:a=String ");
	next_set();
	NOTE("e", "\"a\":1");
	assert_string_equal(all(), "");
}

static void
an_event_is_seen_once_an_hour(void **state)
{
	(void)state;
	NOTE("e", "\"a\":1");
	assert_int_equal(set.events->seen_at_us, MAKE_NOW_US);
	definition_learn(&set);
	definition_set_init(
		&set, known, &m.arena, MAKE_NOW_US + INT64_C(3599999999));
	NOTE("e", "\"a\":1");
	assert_string_equal(all(), "");
	definition_set_init(
		&set, known, &m.arena, MAKE_NOW_US + INT64_C(3600000000));
	NOTE("e", "\"a\":1");
	assert_string_equal(all(), "E:e ");
}

static void
projects_are_apart(void **state)
{
	(void)state;
	NOTE("e", "\"a\":1");
	next_set();
	m.rules.project_id = m.rules.team_id = 2;
	NOTE("e", "\"a\":1");
	assert_string_equal(all(), "E:e e:a=Numeric e.a ");
	assert_int_equal(set.events->project_id, 2);
}

/* definition-3: far more than is kept; each comes out and nothing breaks. */
static void
what_is_known_is_bounded(void **state)
{
	char json[120];

	(void)state;
	for (int i = 0; i < 100000; i++) {
		snprintf(json, sizeof(json),
			"{\"event\":\"e%d\",\"distinct_id\":\"a\"}", i);
		note_at(json, -1);
		if (i % 1000 == 999) {
			assert_int_equal(set.n_events, 1000);
			definition_learn(&set);
			arena_reset(&m.arena);
			definition_set_init(&set, known, &m.arena, MAKE_NOW_US);
		}
	}
	NOTE("e99999", "");
	assert_string_equal(all(), "");
	NOTE("e0", "");
	assert_string_equal(all(), "E:e0 ");
}

int
main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(types_of_values),
		TEST(an_event_defines_its_name_and_properties),
		TEST(a_group_event_defines_group_properties_alone),
		TEST(some_events_define_nothing),
		TEST(long_property_names_are_skipped),
		TEST(an_event_with_too_many_properties_is_skipped),
		TEST(what_is_known_is_not_new),
		TEST(nothing_is_known_before_it_was_saved),
		TEST(a_type_fills_in_what_had_none),
		TEST(an_event_is_seen_once_an_hour),
		TEST(projects_are_apart),
		TEST(what_is_known_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
