#include "tests.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

static char dir[200];

static int
make_folder(void **state)
{
	const char *base = getenv("TMPDIR");

	(void)state;
	snprintf(dir, sizeof(dir), "%s/sluice-base-XXXXXX",
		base == NULL ? "/tmp" : base);
	return mkdtemp(dir) == NULL ? -1 : 0;
}

static int
remove_folder(void **state)
{
	(void)state;
	return rmdir(dir);
}

static const char *
in_dir(const char *name)
{
	static char path[4][256];
	static int turn;
	char *p = path[turn++ % 4];
	struct err e;

	assert_int_equal(file_join(p, sizeof(path[0]), dir, name, &e), 0);
	return p;
}

static void
replaced_file_reads_back(void **state)
{
	const char *path = in_dir("a");
	struct stat st;
	struct buf b;
	struct err e;

	(void)state;
	buf_init(&b, 10);
	assert_int_equal(file_read(path, &b, &e), -(int)ERR_NOT_FOUND);
	assert_int_equal(file_replace(path, 0600, "old", 3, &e), 0);
	assert_int_equal(file_replace(path, 0600, "1234567890", 10, &e), 0);
	assert_int_equal(file_read(path, &b, &e), 0);
	assert_true(slice_eq_str(buf_slice(&b), "1234567890"));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(access(in_dir("a.new"), F_OK), -1);
	assert_int_equal(file_replace(path, 0600, "12345678901", 11, &e), 0);
	buf_reset(&b);
	assert_int_equal(file_read(path, &b, &e), -(int)ERR_TOO_BIG);
	buf_fini(&b);
	assert_int_equal(unlink(path), 0);
}

static void
replace_survives_a_neighbour_left_by_a_crash(void **state)
{
	const char *path = in_dir("b"), *next = in_dir("b.new");
	struct err e;

	(void)state;
	assert_int_equal(file_replace(next, 0600, "half", 4, &e), 0);
	assert_int_equal(file_replace(path, 0600, "x", 1, &e), 0);
	assert_int_equal(access(next, F_OK), -1);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(file_replace(in_dir("no/such"), 0600, "x", 1, &e),
		-(int)ERR_IO);
}

static void
folders_are_made_and_checked(void **state)
{
	const char *path = in_dir("d"), *file = in_dir("f");
	struct err e;

	(void)state;
	assert_int_equal(file_make_dir(path, 0700, &e), 0);
	assert_int_equal(file_make_dir(path, 0700, &e), 0);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(file_replace(file, 0600, "x", 1, &e), 0);
	assert_int_equal(file_make_dir(file, 0700, &e), -(int)ERR_INVALID);
	assert_int_equal(unlink(file), 0);
	assert_int_equal(
		file_make_dir(in_dir("no/such"), 0700, &e), -(int)ERR_IO);
}

static void
a_lock_is_held_until_closed(void **state)
{
	const char *path = in_dir("lock");
	int fd = -1, other = -1;
	pid_t pid;
	struct err e;

	(void)state;
	assert_int_equal(file_lock(path, &fd, &pid, &e), 0);
	assert_int_equal(file_lock(path, &other, &pid, &e), -(int)ERR_EXISTS);
	assert_int_equal(pid, getpid());
	close(fd);
	assert_int_equal(file_lock(path, &other, &pid, &e), 0);
	close(other);
	assert_int_equal(unlink(path), 0);
}

static void
space_is_counted_and_taken(void **state)
{
	const char *path = in_dir("ballast");
	unsigned long long free_bytes, total;
	struct stat st;
	struct err e;

	(void)state;
	assert_int_equal(file_free_bytes(dir, &free_bytes, &total, &e), 0);
	assert_true(total > 0 && free_bytes <= total);
	assert_int_equal(file_allocate(path, 100000, &e), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 100000);
	assert_true(st.st_blocks * 512 >= 100000);
	assert_int_equal(file_allocate(path, 1000, &e), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 1000);
	assert_int_equal(unlink(path), 0);
}

static void
long_paths_are_refused(void **state)
{
	char out[8];
	struct err e;

	(void)state;
	assert_int_equal(file_join(out, sizeof(out), "abc", "def", &e), 0);
	assert_string_equal(out, "abc/def");
	assert_int_equal(file_join(out, sizeof(out), "abc", "defg", &e),
		-(int)ERR_TOO_BIG);
}

int
run_file_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(replaced_file_reads_back),
		cmocka_unit_test(replace_survives_a_neighbour_left_by_a_crash),
		cmocka_unit_test(folders_are_made_and_checked),
		cmocka_unit_test(a_lock_is_held_until_closed),
		cmocka_unit_test(space_is_counted_and_taken),
		cmocka_unit_test(long_paths_are_refused),
	};

	return cmocka_run_group_tests_name(
		"file", tests, make_folder, remove_folder);
}
