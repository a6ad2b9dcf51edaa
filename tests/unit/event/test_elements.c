#include <string.h>

#include "event/elements.h"
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

static struct slice
chain(const char *json)
{
	return event_elements_chain(slice_str(json), &m.scratch, &m.arena);
}

/* The worked examples of spec 3.9, and what is no chain. */
static void
the_examples(void **state)
{
	static const char *const rows[][2] = {
		{"[{\"tag_name\":\"a\",\"$el_text\":\"Buy \\\"now\\\"\","
		 "\"attr__href\":\"/cart\",\"attr__class\":\"btn big\","
		 "\"nth_child\":2,\"nth_of_type\":1}]",
			"a.big.btn:attr__class=\"btn big\"attr__href=\"/cart\""
			"href=\"/cart\"nth-child=\"2\"nth-of-type=\"1\""
			"text=\"Buy \\\"now\\\"\""},
		{"[{\"tag_name\":\"span\"},{\"tag_name\":\"div\","
		 "\"attr__id\":\"root\"}]",
			"span:nth-child=\"0\"nth-of-type=\"0\";"
			"div:attr__id=\"root\"attr_id=\"root\"nth-child=\"0\""
			"nth-of-type=\"0\""},
		{"[{\"tag_name\":\"input\",\"attr__data-k\":\"x\","
		 "\"attr__data_k\":\"y\",\"nth_child\":1}]",
			"input:attr__data_k=\"y\"attr__data-k=\"x\""
			"nth-child=\"1\"nth-of-type=\"0\""},
		{"[{\"$el_text\":\"only text\"}]",
			":nth-child=\"0\"nth-of-type=\"0\""
			"text=\"only text\""},
		{"[{\"tag_name\":\"p\",\"attr__class\":[\"z\",\"a\\\"b\"]}]",
			"p.ab.z:attr__class=\"a\\\"b,z\"nth-child=\"0\""
			"nth-of-type=\"0\""},
		{"[{\"attr__a\":null,\"attr__b\":true,\"attr__c\":[1,2]}]",
			":attr__b=\"true\"attr__c=\"1,2\"nth-child=\"0\""
			"nth-of-type=\"0\""},
		{"[{\"attr__class\":\"a  b\"}]",
			"..a.b:attr__class=\"a  b\"nth-child=\"0\""
			"nth-of-type=\"0\""},
		{"[{\"attr__x\":\"a;b\\n\\\\\"}]",
			":attr__x=\"a;b\n\\\"nth-child=\"0\""
			"nth-of-type=\"0\""},
		{"[]", ""},
		{"{}", ""},
		{"\"a\"", ""},
		{"[{},1]", ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct slice s = chain(rows[i][0]);

		assert_int_equal(s.len, strlen(rows[i][1]));
		assert_memory_equal(s.p, rows[i][1], s.len);
	}
}

static void
names_are_in_collation_order(void **state)
{
	static const char *const order[] = {"attr__data_x", "attr__data-x",
		"attr__data,", "attr__data1", "attr__dataa", "attr__dataA",
		"attr__datab", "attr__version", "attr__viewBox", "attr__Zoom",
		"attr_id", "href", "nth-child", "nth-of-type", "text", NULL};

	(void)state;
	for (int i = 0; order[i] != NULL; i++) {
		for (int j = 0; order[j] != NULL; j++) {
			int c = event_elements_compare(
				slice_str(order[i]), slice_str(order[j]));

			assert_int_equal((c > 0) - (c < 0), (i > j) - (i < j));
		}
	}
}

static void
long_values_are_cut(void **state)
{
	char json[8192], want[8192];
	struct slice s;

	(void)state;
	memcpy(json, "[{\"$el_text\":\"", 14);
	memset(json + 14, 'w', 500);
	memcpy(json + 514, "\"}]", 4);
	memcpy(want, ":nth-child=\"0\"nth-of-type=\"0\"text=\"", 35);
	memset(want + 35, 'w', 400);
	memcpy(want + 435, "\"", 2);
	s = chain(json);
	assert_int_equal(s.len, 436);
	assert_memory_equal(s.p, want, 436);
	memcpy(json, "[{\"attr__href\":\"", 16);
	memset(json + 16, 'h', 3000);
	memcpy(json + 3016, "\"}]", 4);
	s = chain(json);
	/* attr__href whole, href cut. */
	assert_int_equal(
		s.len, strlen(":attr__href=\"\"href=\"\"nth-child=\"0\""
			      "nth-of-type=\"0\"") +
			       3000 + 2048);
}

int
test_elements(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(the_examples),
		T(names_are_in_collation_order),
		T(long_values_are_cut),
	};
#undef T

	return cmocka_run_group_tests_name("elements", tests, NULL, NULL);
}
