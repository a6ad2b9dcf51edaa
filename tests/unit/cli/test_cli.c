#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/cli.h"
#include "cli/words.h"

#define ARGS_MAX 16

struct line {
	struct cli c;
	const char *args[ARGS_MAX];
	bool help;
	struct err e;
};

static int
parse(struct line *l, int argc, const char **argv)
{
	memset(l, 0, sizeof(*l));
	l->c.args = l->args;
	return cli_parse(
		argc, (char **)(uintptr_t)argv, &l->c, &l->help, &l->e);
}

#define PARSE(l, ...)                                                          \
	parse(l,                                                               \
		(int)(sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *)), \
		(const char *[]){__VA_ARGS__})

static void
options_stand_before_and_behind_the_command(void **state)
{
	struct line l;

	(void)state;
	assert_int_equal(PARSE(&l, "--data", "/d", "topic", "read", "--json",
				 "events", "--max=7", "--set", "a=b"),
		0);
	assert_string_equal(l.c.command->name, "topic read");
	assert_string_equal(l.c.data, "/d");
	assert_true(l.c.json);
	assert_int_equal(l.c.n_args, 1);
	assert_string_equal(l.c.args[0], "events");
	assert_string_equal(cli_opt(&l.c, "max"), "7");
	assert_string_equal(l.c.set[0], "a=b");
	assert_null(l.c.set[1]);
}

static void
an_option_of_the_command_hides_the_common_one(void **state)
{
	struct line l;

	(void)state;
	assert_int_equal(PARSE(&l, "project", "create", "--name", "n", "--set",
				 "timezone=UTC"),
		0);
	assert_int_equal(l.c.n_set, 0);
	assert_string_equal(cli_opt(&l.c, "set"), "timezone=UTC");
	assert_null(cli_opt(&l.c, "token"));
	assert_true(cli_has(&l.c, "name"));
}

static void
two_dashes_end_the_options(void **state)
{
	struct line l;

	(void)state;
	assert_int_equal(PARSE(&l, "sql", "--", "--help"), 0);
	assert_false(l.help);
	assert_string_equal(l.c.args[0], "--help");
}

static void
help_is_seen_wherever_it_stands(void **state)
{
	struct line l;

	(void)state;
	assert_int_equal(PARSE(&l, "--help"), 0);
	assert_true(l.help);
	assert_int_equal(PARSE(&l, "topic", "read", "--help"), 0);
	assert_true(l.help);
	assert_string_equal(l.c.command->name, "topic read");
	assert_int_equal(PARSE(&l, "status", "-h"), 0);
	assert_true(l.help);
	assert_int_equal(PARSE(&l, "topic", "--help"), 0);
	assert_null(l.c.command);
}

static void
wrong_lines_are_refused_with_a_reason(void **state)
{
	struct line l;

	(void)state;
	/* cli-2: each of these ends with the status for wrong usage */
	assert_int_equal(PARSE(&l, "stauts"), -ERR_INVALID);
	assert_non_null(strstr(l.e.text, "status"));
	assert_int_equal(PARSE(&l, "topic", "write"), -ERR_INVALID);
	assert_int_equal(PARSE(&l, "status", "--jsom"), -ERR_INVALID);
	assert_non_null(strstr(l.e.text, "--json"));
	assert_int_equal(PARSE(&l, "status", "--data"), -ERR_INVALID);
	assert_int_equal(PARSE(&l, "status", "--json=1"), -ERR_INVALID);
	assert_int_equal(PARSE(&l, "status", "x"), -ERR_INVALID);
	assert_int_equal(PARSE(&l, "topic", "read"), -ERR_INVALID);
	assert_int_equal(PARSE(&l, "topic", "read", "a", "b"), -ERR_INVALID);
}

static void
more_options_than_the_bound_are_refused(void **state)
{
	const char *argv[2 * CLI_OPTIONS_MAX + 8];
	struct line l;
	int n = 0;

	(void)state;
	argv[n++] = "status";
	for (int i = 0; i < CLI_OPTIONS_MAX; i++) {
		argv[n++] = "--set";
		argv[n++] = "a=b";
	}
	assert_int_equal(parse(&l, n, argv), 0);
	assert_null(l.c.set[CLI_OPTIONS_MAX]);
	argv[n++] = "--set";
	argv[n++] = "a=b";
	assert_int_equal(parse(&l, n, argv), -ERR_INVALID);
}

static void
numbers_are_whole_and_within_their_range(void **state)
{
	int64_t v = 5;

	(void)state;
	assert_true(cli_number("-3", -3, 9, &v));
	assert_int_equal(v, -3);
	assert_true(cli_number("9223372036854775807", 0, INT64_MAX, &v));
	assert_int_equal(v, INT64_MAX);
	v = 5;
	assert_false(cli_number("", 0, 9, &v));
	assert_false(cli_number("1x", 0, 9, &v));
	assert_false(cli_number("10", 0, 9, &v));
	assert_false(cli_number("9223372036854775808", 0, INT64_MAX, &v));
	assert_int_equal(v, 5);
}

static void
the_table_is_whole(void **state)
{
	(void)state;
	for (const struct cli_command *k = cli_commands; k->name != NULL; k++) {
		assert_non_null(k->fn);
		assert_true(strlen(k->help) > 10);
		assert_true(k->help[strlen(k->help) - 1] == '.');
		assert_true(k->max_args == -1 || k->min_args <= k->max_args);
		assert_true((k->max_args != 0) == (k->args[0] != '\0'));
		for (const struct cli_command *o = k + 1; o->name != NULL; o++)
			assert_string_not_equal(k->name, o->name);
	}
}

static const char *
nearest(const char *typed)
{
	static const char *const known[] = {
		"status", "topic read", "config check", "capture.listen"};
	struct words_best b;

	words_best_init(&b, typed);
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		words_best_try(&b, known[i]);
	return b.word;
}

static void
near_words_are_found_and_far_ones_are_not(void **state)
{
	(void)state;
	assert_string_equal(nearest("statsu"), "status");
	assert_string_equal(nearest("capture.lisen"), "capture.listen");
	assert_null(nearest("xyzzy"));
	assert_null(nearest("a word of more than forty characters, as "
			    "nobody would type it"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_stand_before_and_behind_the_command),
		cmocka_unit_test(an_option_of_the_command_hides_the_common_one),
		cmocka_unit_test(two_dashes_end_the_options),
		cmocka_unit_test(help_is_seen_wherever_it_stands),
		cmocka_unit_test(wrong_lines_are_refused_with_a_reason),
		cmocka_unit_test(more_options_than_the_bound_are_refused),
		cmocka_unit_test(numbers_are_whole_and_within_their_range),
		cmocka_unit_test(the_table_is_whole),
		cmocka_unit_test(near_words_are_found_and_far_ones_are_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
