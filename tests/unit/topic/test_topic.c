#include "test_topic.h"

#include <string.h>

#include "topic/topic.h"

static void
every_topic_is_found_by_its_name(void **state)
{
	(void)state;
	for (int i = 0; i < TOPIC_N; i++) {
		const struct topic_def *t = &topic_defs[i];

		assert_int_equal(topic_by_name(slice_str(t->name)), i);
		assert_true(topic_name_is_legal(slice_str(t->name)));
		assert_true(t->n_partitions == 1 || t->n_partitions == 2);
		for (int p = 0; p < 2; p++)
			assert_int_equal(t->file[p] != TOPIC_FILE_NONE,
				p < t->n_partitions);
		assert_true(t->retention_ms >= 24 * 3600 * 1000);
	}
	assert_int_equal(topic_by_name(SLICE_LIT("mine")), TOPIC_N);
	assert_int_equal(topic_by_name(SLICE_NONE), TOPIC_N);
}

static void
the_front_topic_has_a_partition_in_each_file(void **state)
{
	const struct topic_def *t = &topic_defs[TOPIC_INGESTION];

	(void)state;
	assert_string_equal(t->name, "events_plugin_ingestion");
	assert_int_equal(t->file[0], TOPIC_SPOOL);
	assert_int_equal(t->file[1], TOPIC_STATE);
	assert_int_equal(t->retention_ms, 168LL * 3600 * 1000);
}

static void
topic_names_follow_the_rule_of_kafka(void **state)
{
	char name[250];

	(void)state;
	assert_true(topic_name_is_legal(SLICE_LIT("a.B_9-")));
	assert_false(topic_name_is_legal(SLICE_LIT("")));
	assert_false(topic_name_is_legal(SLICE_LIT(".")));
	assert_false(topic_name_is_legal(SLICE_LIT("..")));
	assert_true(topic_name_is_legal(SLICE_LIT("...")));
	assert_false(topic_name_is_legal(SLICE_LIT("a b")));
	assert_false(topic_name_is_legal(SLICE_LIT("a/b")));
	assert_false(topic_name_is_legal(SLICE_LIT("\xc3\xa4")));
	memset(name, 'x', sizeof(name));
	assert_true(topic_name_is_legal(slice_of(name, 249)));
	assert_false(topic_name_is_legal(slice_of(name, 250)));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_topic_is_found_by_its_name),
		cmocka_unit_test(the_front_topic_has_a_partition_in_each_file),
		cmocka_unit_test(topic_names_follow_the_rule_of_kafka),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) + run_batch_tests();
}
