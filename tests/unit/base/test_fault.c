#include "tests.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/file.h"

static char dir[200];

static int
make_folder(void **state)
{
	const char *base = getenv("TMPDIR");

	(void)state;
	snprintf(dir, sizeof(dir), "%s/sluice-fault-XXXXXX",
		base == NULL ? "/tmp" : base);
	return mkdtemp(dir) == NULL ? -1 : 0;
}

static int
remove_folder(void **state)
{
	static const char *const names[] = {"faults", "faults.done"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		char path[256];

		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		unlink(path);
	}
	return rmdir(dir);
}

#ifdef SLUICE_FAULT_POINTS

static void
arm(const char *text)
{
	char path[256];
	struct err e;

	snprintf(path, sizeof(path), "%s/faults", dir);
	assert_int_equal(file_replace(path, 0600, text, strlen(text), &e), 0);
}

static void
a_point_acts_at_its_pass(void **state)
{
	struct err e;

	(void)state;
	fault_init(dir);
	assert_int_equal(fault_point("a", &e), 0);
	arm("a:BUSY:2 b:error\nc:UNAVAILABLE:2+");
	assert_int_equal(fault_point("a", &e), 0);
	assert_int_equal(fault_point("a", &e), -(int)ERR_BUSY);
	assert_int_equal(fault_point("a", &e), 0);
	assert_int_equal(fault_point("b", &e), -(int)ERR_INVALID);
	assert_int_equal(fault_point("c", &e), 0);
	assert_int_equal(fault_point("c", &e), -(int)ERR_UNAVAILABLE);
	assert_int_equal(fault_point("c", &e), -(int)ERR_UNAVAILABLE);
	arm("c:off");
	assert_int_equal(fault_point("c", &e), 0);
	assert_true(fault_is_off("c"));
	assert_false(fault_is_off("a"));
}

static void
what_was_done_is_told(void **state)
{
	char path[256];
	struct buf b;
	struct err e;

	(void)state;
	fault_init(dir);
	arm("x:IO:2");
	assert_int_equal(fault_point("x", &e), 0);
	assert_int_equal(fault_point("x", &e), -(int)ERR_IO);
	snprintf(path, sizeof(path), "%s/faults.done", dir);
	buf_init(&b, 4096);
	assert_int_equal(file_read(path, &b, &e), 0);
	buf_append_char(&b, '\0');
	assert_non_null(strstr(b.p, "x:IO:2\n"));
	buf_fini(&b);
}

static void
kill_ends_the_process(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	fault_init(dir);
	arm("k:kill");
	pid = fork();
	if (pid == 0) {
		struct err e;

		_exit(fault_point("k", &e) == 0 ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

#else

static void
points_are_nothing(void **state)
{
	struct err e;

	(void)state;
	fault_init(dir);
	assert_int_equal(fault_point("a", &e), 0);
}

#endif

int
run_fault_tests(void)
{
	const struct CMUnitTest tests[] = {
#ifdef SLUICE_FAULT_POINTS
		cmocka_unit_test(a_point_acts_at_its_pass),
		cmocka_unit_test(what_was_done_is_told),
		cmocka_unit_test(kill_ends_the_process),
#else
		cmocka_unit_test(points_are_nothing),
#endif
	};

	return cmocka_run_group_tests_name(
		"fault", tests, make_folder, remove_folder);
}
