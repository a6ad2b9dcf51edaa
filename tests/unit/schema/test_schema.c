#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "schema/schema.h"

#define ROW(name, ...)                                                         \
	{                                                                      \
		name, #__VA_ARGS__                                             \
	}

/* clang-format off */
static const struct schema_row rows[] = {
	ROW("name", {"type": "string", "minLength": 1, "maxLength": 3}),
	ROW("count", {"type": "integer", "minimum": 1, "maximum": 10}),
	ROW("share", {"type": "number", "minimum": 0, "maximum": 1}),
	ROW("state", {"type": "string", "enum": ["on", "off"]}),
	ROW("flag", {"type": "boolean"}),
	ROW("maybe", {"type": ["string", "null"], "maxLength": 2}),
	ROW("names", {"type": "array", "minItems": 1, "maxItems": 2,
		"items": {"$ref": "#/components/schemas/name"}}),
	ROW("either", {"anyOf": [{"$ref": "#/components/schemas/count"},
		{"$ref": "#/components/schemas/state"}]}),
	ROW("thing", {"type": "object", "required": ["name"],
		"additionalProperties": false,
		"properties": {"name": {"$ref": "#/components/schemas/name"},
			"list": {"$ref": "#/components/schemas/names"},
			"inner": {"$ref": "#/components/schemas/thing"},
			"any": true}}),
	ROW("map", {"type": "object", "maxProperties": 2,
		"additionalProperties": {"type": "integer"}}),
	{NULL, NULL},
};
/* clang-format on */

static struct schema_set *set;

static int
set_up(void **state)
{
	struct err e;

	(void)state;
	return schema_set_new(rows, &set, &e);
}

static int
tear_down(void **state)
{
	(void)state;
	schema_set_free(set);
	return 0;
}

/* NULL: it fits; else the fault's text. */
static const char *
check(const char *name, const char *text)
{
	static struct schema_fault f;
	const struct json_limits lim = {64, 10000};
	struct json_doc d;
	struct arena a;
	struct err e;
	bool good;

	arena_init(&a, 1 << 20);
	assert_int_equal(json_parse(&a, slice_str(text), &lim, &d, &e), 0);
	good = schema_check(set, name, &d, 0, &f);
	arena_fini(&a);
	return good ? NULL : f.text;
}

static void
fits(const char *name, const char *text)
{
	const char *fault = check(name, text);

	if (fault != NULL)
		fail_msg("%s does not fit %s: %s", text, name, fault);
}

static void
fails(const char *name, const char *text, const char *says)
{
	const char *fault = check(name, text);

	if (fault == NULL)
		fail_msg("%s fits %s", text, name);
	assert_string_equal(fault, says);
}

static void
values_of_each_type(void **state)
{
	(void)state;
	fits("name", "\"abc\"");
	fits("name", "\"\xc3\xa4\xc3\xb6\xc3\xbc\"");
	fits("name", "\"\\u00e4\\u00f6x\"");
	fails("name", "\"\"",
		"the body: a string of 1 to 3 characters is wanted");
	fails("name", "\"\\u00e4\\u00f6xy\"",
		"the body: a string of 1 to 3 characters is wanted");
	fails("name", "5", "the body: a string of 1 to 3 characters is wanted");
	fits("count", "10");
	fails("count", "11", "the body: a whole number from 1 to 10 is wanted");
	fails("count", "1.5",
		"the body: a whole number from 1 to 10 is wanted");
	fails("count", "true",
		"the body: a whole number from 1 to 10 is wanted");
	fits("share", "0.25");
	fits("share", "1");
	fails("share", "1.01", "the body: a number from 0 to 1 is wanted");
	fits("state", "\"off\"");
	fails("state", "\"offf\"", "the body: on or off is wanted");
	fits("flag", "false");
	fails("flag", "0", "the body: true or false is wanted");
	fits("maybe", "null");
	fits("maybe", "\"ab\"");
	fails("maybe", "1",
		"the body: a string of 2 or less characters or null is "
		"wanted");
}

static void
arrays_and_choices(void **state)
{
	(void)state;
	fits("names", "[\"a\",\"b\"]");
	fails("names", "[]", "the body: an array of 1 to 2 items is wanted");
	fails("names", "[\"a\",\"b\",\"c\"]",
		"the body: an array of 1 to 2 items is wanted");
	fails("names", "[\"a\",7]",
		"[1]: a string of 1 to 3 characters is wanted");
	fits("either", "3");
	fits("either", "\"on\"");
	fails("either", "\"x\"", "the body: on or off is wanted");
}

static void
objects(void **state)
{
	(void)state;
	fits("thing", "{\"name\":\"a\",\"any\":[{}]}");
	fits("thing", "{\"name\":\"a\",\"inner\":{\"name\":\"b\"}}");
	fails("thing", "[]", "the body: an object is wanted");
	fails("thing", "{}", "name: it is missing");
	fails("thing", "{\"name\":\"a\",\"nam\":1}",
		"nam: there is no such field");
	fails("thing",
		"{\"name\":\"a\",\"inner\":{\"name\":\"b\",\"list\":[1]}}",
		"inner.list[0]: a string of 1 to 3 characters is wanted");
	fails("thing", "{\"name\":\"a\",\"inner\":{}}",
		"inner.name: it is missing");
	/* Of repeated members each is looked at. */
	fails("thing", "{\"name\":5,\"name\":\"a\"}",
		"name: a string of 1 to 3 characters is wanted");
	fits("map", "{\"a\":1,\"b\":2}");
	fails("map", "{\"a\":1,\"b\":2,\"c\":3}", "the body: too many fields");
	fails("map", "{\"a\":1,\"b\":\"x\"}", "b: a whole number is wanted");
}

/* schema-2 */
static void
depth_is_bounded(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 4000);
	for (int i = 0; i < 40; i++)
		buf_append_str(&b, "{\"name\":\"a\",\"inner\":");
	buf_append_str(&b, "null");
	for (int i = 0; i < 40; i++)
		buf_append_char(&b, '}');
	assert_non_null(strstr(check("thing", buf_cstr(&b)), "it is too deep"));
	buf_fini(&b);
}

static void
text_fits(const char *name, const char *text, bool good)
{
	struct schema_fault f;

	if (schema_check_text(set, name, SLICE_LIT("p"), slice_str(text), &f) !=
		good)
		fail_msg("%s: %s", name, text);
	if (!good)
		assert_string_equal(f.field, "p");
}

static void
texts_of_a_query(void **state)
{
	(void)state;
	text_fits("count", "7", true);
	text_fits("count", "0", false);
	text_fits("count", "", false);
	text_fits("count", "7x", false);
	text_fits("count", "0x7", false);
	text_fits("count", "-", false);
	text_fits("count", "1e1", false);
	text_fits("count", "inf", false);
	text_fits("share", "1e-1", true);
	text_fits("share", "nan", false);
	text_fits("flag", "true", true);
	text_fits("flag", "0", true);
	text_fits("flag", "yes", false);
	text_fits("state", "on", true);
	text_fits("state", "onn", false);
	text_fits("name", "abcd", false);
	text_fits("names", "abc", true);
	text_fits("names", "abcd", false);
	text_fits("either", "9", true);
	text_fits("either", "off", true);
	text_fits("either", "99", false);
}

static void
refused(const char *text, const char *says)
{
	const struct schema_row bad[] = {{"bad", text}, {NULL, NULL}};
	struct schema_set *s;
	struct err e;

	assert_int_equal(schema_set_new(bad, &s, &e), -ERR_BUG);
	if (strstr(e.text, says) == NULL)
		fail_msg("%s is not in %s", says, e.text);
}

/* schema-3 */
static void
a_set_with_faults_is_refused(void **state)
{
	(void)state;
	refused("{\"type\":\"text\"}", "type: a wrong value");
	refused("{\"type\":[]}", "type: a wrong value");
	refused("{\"pattern\":\"a\"}", "an unknown keyword: pattern");
	refused("{\"items\":{\"pattern\":\"a\"}}", "unknown keyword: pattern");
	refused("{\"properties\":{\"a\":{\"format\":1,\"b\":2}}}",
		"unknown keyword: b");
	refused("{\"anyOf\":[{\"c\":1}]}", "unknown keyword: c");
	refused("{\"anyOf\":{}}", "anyOf: a wrong value");
	refused("{\"required\":[1]}", "required: a wrong value");
	refused("{\"maxLength\":-1}", "maxLength: a wrong value");
	refused("{\"$ref\":\"#/components/schemas/none\"}",
		"a reference to nothing");
	refused("{\"$ref\":\"#/components/schemas/bad\"}",
		"a reference to nothing");
	refused("[]", "a schema is wanted");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_of_each_type),
		cmocka_unit_test(arrays_and_choices),
		cmocka_unit_test(objects),
		cmocka_unit_test(depth_is_bounded),
		cmocka_unit_test(texts_of_a_query),
		cmocka_unit_test(a_set_with_faults_is_refused),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
