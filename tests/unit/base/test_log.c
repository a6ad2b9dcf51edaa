#include "tests.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

static char text[65536];

/* What is written to stderr between capture and text_of. */
static int saved, pipe_end;

static void
capture(void)
{
	int fds[2];

	assert_int_equal(pipe2(fds, O_NONBLOCK | O_CLOEXEC), 0);
	saved = dup(STDERR_FILENO);
	assert_int_equal(dup2(fds[1], STDERR_FILENO), STDERR_FILENO);
	close(fds[1]);
	pipe_end = fds[0];
}

static const char *
text_of(void)
{
	ssize_t n;

	assert_int_equal(dup2(saved, STDERR_FILENO), STDERR_FILENO);
	close(saved);
	n = read(pipe_end, text, sizeof(text) - 1);
	close(pipe_end);
	text[n < 0 ? 0 : n] = '\0';
	return text;
}

static void
lines_have_time_level_and_id(void **state)
{
	(void)state;
	clock_test_set_us(INT64_C(1709634030123000));
	capture();
	log_info("some_id", "a=%d text=%s", 1, log_q("x \"y\"\n"));
	log_debug("some_id", "hidden=1");
	assert_string_equal(text_of(),
		"ts=2024-03-05T10:20:30.123Z level=info event=some_id a=1 "
		"text=\"x \\\"y\\\"\\n\"\n");
	clock_test_set_us(0);
}

static void
json_lines_hold_the_same_fields(void **state)
{
	(void)state;
	clock_test_set_us(INT64_C(1709634030123000));
	log_configure(LOG_DEBUG, LOG_JSON);
	capture();
	log_debug("json_id", "a=%d b=0x1 c= text=%s d=007 lost", -1,
		log_q("x\xff"));
	log_configure(LOG_INFO, LOG_LOGFMT);
	assert_string_equal(text_of(),
		"{\"ts\":\"2024-03-05T10:20:30.123Z\",\"level\":\"debug\","
		"\"event\":\"json_id\",\"a\":-1,\"b\":\"0x1\",\"c\":\"\","
		"\"text\":\"x\\ufffd\",\"d\":\"007\",\"text\":\"lost\"}\n");
	clock_test_set_us(0);
}

static void
one_line_stays_one_line(void **state)
{
	char longer[6000];
	const char *out;

	(void)state;
	memset(longer, 'x', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	capture();
	log_warn("long_id", "a=b\nlevel=error text=%s", longer);
	out = text_of();
	assert_true(strlen(out) <= 4096);
	assert_ptr_equal(strchr(out, '\n'), out + strlen(out) - 1);
	assert_int_equal(strlen(log_q(longer)), 511);
}

static void
repeats_of_one_id_are_limited(void **state)
{
	size_t n = 0;
	const char *out;

	(void)state;
	capture();
	for (int i = 0; i < 1000; i++)
		log_error("repeated_id", "i=%d", i);
	out = text_of();
	for (const char *p = out; (p = strchr(p, '\n')) != NULL; p++)
		n++;
	/* The second may end in between, so up to twice as many. */
	assert_true(n >= 20 && n <= 60);
}

static void
levels_have_names(void **state)
{
	enum log_level level = LOG_INFO;

	(void)state;
	assert_true(log_level_from_name("error", &level));
	assert_int_equal(level, LOG_ERROR);
	assert_false(log_level_from_name("loud", &level));
	assert_int_equal(level, LOG_ERROR);
}

int
run_log_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_have_time_level_and_id),
		cmocka_unit_test(json_lines_hold_the_same_fields),
		cmocka_unit_test(one_line_stays_one_line),
		cmocka_unit_test(repeats_of_one_id_are_limited),
		cmocka_unit_test(levels_have_names),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
