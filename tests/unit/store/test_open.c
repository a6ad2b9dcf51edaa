#include "fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/file.h"

static void
path_of(struct fixture *f, const char *name, char path[128])
{
	assert_int_equal(file_join(path, 128, f->dir, name, &f->e), 0);
}

static int
try_open(struct fixture *f, enum store_kind kind)
{
	struct store_options o = {
		.dir = f->dir, .kind = kind, .queue_bytes = 1 << 20};
	struct store *s;
	int r = store_open(&o, &s, &f->e);

	if (r == 0)
		store_close(s);
	return r;
}

static void
run_sql(const char *path, const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static int
take_number(void *cookie, int n, char **values, char **names)
{
	(void)n;
	(void)names;
	sscanf(values[0], "%d", (int *)cookie);
	return 0;
}

static int
ask(const char *path, const char *sql)
{
	sqlite3 *db;
	int v = -1;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(
		sqlite3_exec(db, sql, take_number, &v, NULL), SQLITE_OK);
	sqlite3_close(db);
	return v;
}

static void
files_have_the_settings_that_were_measured(void **state)
{
	struct fixture *f = *state;
	char path[128];

	assert_int_equal(try_open(f, STORE_STATE), 0);
	assert_int_equal(try_open(f, STORE_CONFIG), 0);
	assert_int_equal(try_open(f, STORE_BROKER), 0);
	path_of(f, "spool.db", path);
	assert_int_equal(ask(path, "PRAGMA page_size"), 32768);
	assert_int_equal(ask(path, "PRAGMA auto_vacuum"), 2);
	path_of(f, "broker.db", path);
	assert_int_equal(ask(path, "PRAGMA page_size"), 32768);
	path_of(f, "state.db", path);
	assert_int_equal(ask(path, "PRAGMA page_size"), 8192);
	assert_int_equal(ask(path, "PRAGMA auto_vacuum"), 2);
	assert_int_equal(ask(path, "SELECT count(*) FROM position"), 0);
	path_of(f, "config.db", path);
	assert_int_equal(ask(path, "PRAGMA page_size"), 8192);
	assert_int_equal(ask(path, "SELECT count(*) FROM migration") > 0, true);
}

/* store-8 */
static void
a_newer_file_is_refused_untouched(void **state)
{
	struct fixture *f = *state;
	struct store *s;
	char path[128];

	assert_int_equal(try_open(f, STORE_STATE), 0);
	path_of(f, "state.db", path);
	run_sql(path, "PRAGMA user_version=9999");
	assert_int_equal(try_open(f, STORE_STATE), -ERR_UNSUPPORTED);
	assert_non_null(strstr(f->e.text, "newer"));
	assert_int_equal(store_open_readonly(f->dir, STORE_STATE, &s, &f->e),
		-ERR_UNSUPPORTED);
	assert_int_equal(ask(path, "PRAGMA user_version"), 9999);
}

static void
a_file_with_unknown_tables_is_refused(void **state)
{
	struct fixture *f = *state;
	char path[128];

	assert_int_equal(try_open(f, STORE_STATE), 0);
	path_of(f, "state.db", path);
	run_sql(path, "INSERT INTO migration VALUES ('999_later.sql', 1, 1)");
	assert_int_equal(try_open(f, STORE_STATE), -ERR_UNSUPPORTED);
	assert_non_null(strstr(f->e.text, "999_later.sql"));
}

static void
missing_tables_are_added(void **state)
{
	struct fixture *f = *state;
	char path[128];

	assert_int_equal(try_open(f, STORE_STATE), 0);
	path_of(f, "state.db", path);
	run_sql(path, "DROP TABLE position; DELETE FROM migration"
		      " WHERE name = '002_position.sql';"
		      "PRAGMA user_version=1");
	assert_int_equal(try_open(f, STORE_STATE), 0);
	assert_int_equal(ask(path, "SELECT count(*) FROM position"), 0);
}

static void
another_file_is_refused(void **state)
{
	struct fixture *f = *state;
	char path[128];

	path_of(f, "broker.db", path);
	run_sql(path, "CREATE TABLE mine (a)");
	assert_int_equal(try_open(f, STORE_BROKER), -ERR_CORRUPT);
	assert_non_null(strstr(f->e.text, "broker.db"));
	assert_int_equal(ask(path, "SELECT count(*) FROM mine"), 0);
}

static void
overwrite(const char *path, off_t at, size_t n)
{
	char junk[512];
	int fd = open(path, O_WRONLY);

	assert_true(fd >= 0);
	memset(junk, 0x5a, sizeof(junk));
	for (; n > 0; n -= sizeof(junk), at += (off_t)sizeof(junk))
		assert_int_equal(
			pwrite(fd, junk, sizeof(junk), at), sizeof(junk));
	close(fd);
}

static void
a_corrupted_file_says_so(void **state)
{
	struct fixture *f = *state;
	char path[128];

	assert_int_equal(try_open(f, STORE_STATE), 0);
	path_of(f, "state.db", path);
	overwrite(path, 0, 512);
	assert_int_equal(try_open(f, STORE_STATE), -ERR_CORRUPT);
	assert_non_null(strstr(f->e.text, "state.db"));
	assert_non_null(strstr(f->e.text, "backup"));
}

static void
a_corrupted_page_fails_the_writer_once(void **state)
{
	struct fixture *f = *state;
	char path[128];

	for (int i = 0; i < 300; i++)
		assert_int_equal(append(f, f->p, i, 1, 20000), i);
	/* A deletion writes the counts, so that no row is read at the start. */
	store_part_set_retention(f->p, -1, 290 * 20000);
	store_test_maintain(f->s);
	close_store(f);
	path_of(f, "spool.db", path);
	/* Leaves of the oldest rows. */
	overwrite(path, 40 * 32768, 180 * 32768);
	open_store(f, STORE_SPOOL);
	assert_int_equal(append(f, f->p, 300, 1, 20), 300);
	store_part_set_retention(f->p, -1, 0);
	store_test_maintain(f->s);
	assert_int_equal(f->n_fatal, 1);
	assert_true(store_is_failed(f->s));
	for (int i = 0; i < 3; i++)
		assert_int_equal(append(f, f->p, 301, 1, 20), -ERR_IO);
	assert_int_equal(f->n_fatal, 1);
}

static void
a_missing_folder_says_so(void **state)
{
	struct fixture other = {.dir = "/nonexistent/folder"};

	(void)state;
	assert_int_equal(try_open(&other, STORE_STATE), -ERR_IO);
	assert_non_null(strstr(other.e.text, other.dir));
}

/* In a child that is not root: exit status, 0 if all went as it should. */
static int
look_without_rights(struct fixture *f)
{
	struct store_part *p;
	struct store *s;

	if (geteuid() == 0 && setresuid(65534, 65534, 65534) != 0)
		return 1;
	if (try_open(f, STORE_SPOOL) != -ERR_IO ||
		strstr(f->e.text, "cannot be written") == NULL)
		return 2;
	if (store_open_readonly(f->dir, STORE_SPOOL, &s, &f->e) != 0)
		return 3;
	if (store_reader_open(s, &f->reader, &f->e) != 0)
		return 4;
	p = store_part_find(s, SLICE_LIT("t"), 0);
	if (p == NULL || read_all(f, p, 0, NULL, NULL) != 7)
		return 5;
	store_reader_close(f->reader);
	store_close(s);
	return 0;
}

static void
a_folder_without_rights_is_read_but_not_opened(void **state)
{
	struct fixture *f = *state;
	char path[128];
	int status;
	pid_t pid;

	append(f, f->p, 0, 7, 100);
	close_store(f);
	path_of(f, "spool.db", path);
	chmod(path, 0444);
	chmod(f->dir, 0555);
	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(look_without_rights(f));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	chmod(f->dir, 0700);
	chmod(path, 0600);
	open_store(f, STORE_SPOOL);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void
copy_file(struct fixture *f, const char *to_dir, const char *name)
{
	char from[128], to[128];
	struct buf b;

	path_of(f, name, from);
	assert_int_equal(file_join(to, sizeof(to), to_dir, name, &f->e), 0);
	buf_init(&b, 64 << 20);
	assert_int_equal(file_read(from, &b, &f->e), 0);
	assert_int_equal(file_replace(to, 0600, b.p, b.len, &f->e), 0);
	buf_fini(&b);
}

/* The folder as kill -9 leaves it: the WAL was not copied into the file. */
static void
tools_read_what_a_killed_daemon_left(void **state)
{
	struct fixture *f = *state;
	struct fixture copy = {.n_fatal = 0};

	append(f, f->p, 0, 10, 100);
	make_dir(copy.dir, sizeof(copy.dir));
	copy_file(f, copy.dir, "spool.db");
	copy_file(f, copy.dir, "spool.db-wal");
	assert_int_equal(
		store_open_readonly(copy.dir, STORE_SPOOL, &copy.s, &copy.e),
		0);
	assert_int_equal(store_reader_open(copy.s, &copy.reader, &copy.e), 0);
	copy.p = store_part_find(copy.s, SLICE_LIT("t"), 0);
	assert_non_null(copy.p);
	assert_int_equal(read_all(&copy, copy.p, 0, NULL, NULL), 10);
	assert_int_equal(append(f, f->p, 10, 1, 10), 10);
	assert_int_equal(store_part_open(copy.s, "new", 0, &copy.p, &copy.e),
		-ERR_NOT_FOUND);
	store_reader_close(copy.reader);
	store_close(copy.s);
	remove_dir(copy.dir);
	assert_int_equal(store_open_readonly(
				 "/nonexistent", STORE_SPOOL, &copy.s, &copy.e),
		-ERR_NOT_FOUND);
}

int
run_open_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			files_have_the_settings_that_were_measured, open_spool,
			close_all),
		cmocka_unit_test_setup_teardown(
			a_newer_file_is_refused_untouched, open_spool,
			close_all),
		cmocka_unit_test_setup_teardown(
			a_file_with_unknown_tables_is_refused, open_spool,
			close_all),
		cmocka_unit_test_setup_teardown(
			missing_tables_are_added, open_spool, close_all),
		cmocka_unit_test_setup_teardown(
			another_file_is_refused, open_spool, close_all),
		cmocka_unit_test_setup_teardown(
			a_corrupted_file_says_so, open_spool, close_all),
		cmocka_unit_test_setup_teardown(
			a_corrupted_page_fails_the_writer_once, open_spool,
			close_all),
		cmocka_unit_test_setup_teardown(
			a_missing_folder_says_so, open_spool, close_all),
		cmocka_unit_test_setup_teardown(
			a_folder_without_rights_is_read_but_not_opened,
			open_spool, close_all),
		cmocka_unit_test_setup_teardown(
			tools_read_what_a_killed_daemon_left, open_spool,
			close_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
