#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "conf/conf.h"
#include "run/daemon.h"
#include "run/datadir.h"
#include "run/parts.h"
#include "run/settings.h"

static bool
comes_before(const struct part *p, const char *name)
{
	for (const struct part *q = daemon_parts; q < p; q++)
		if (strcmp(q->name, name) == 0)
			return true;
	return false;
}

static void
each_part_comes_behind_what_it_needs(void **state)
{
	(void)state;
	/* run-2 */
	for (const struct part *p = daemon_parts; p->name != NULL; p++) {
		char needs[200];
		char *rest = needs;
		const char *word;

		assert_non_null(p->start);
		assert_non_null(p->stop);
		assert_true(p->deadline_ms > 0);
		snprintf(needs, sizeof(needs), "%s", p->needs);
		while ((word = strsep(&rest, " ")) != NULL)
			if (word[0] != '\0')
				assert_true(comes_before(p, word));
	}
	/* run-1: the lock is taken first and given back last */
	assert_string_equal(daemon_parts[0].name, "folder");
}

static int
load(const char *setting, bool is_demo, struct conf_set **out, struct err *e)
{
	const char *set[] = {setting, NULL};
	const struct daemon_options o = {NULL, NULL, set, is_demo};

	return settings_load(&o, out, e);
}

static void
settings_that_cannot_work_are_refused(void **state)
{
	static const char *const bad[] = {"roles=capture,brewer",
		"kafka.listen=nowhere", "admin.listen=1.2.3.4:99999",
		"kafka.mode=external", "clickhouse.mode=external",
		"postgres.url=postgres://h/d?nonsense=1", "no.such.setting=1"};
	struct conf_set *set;
	struct err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_true(load(bad[i], false, &set, &e) < 0);
		assert_null(strchr(e.text, '\n'));
	}
	assert_int_equal(load("roles=capture", false, &set, &e), 0);
	conf_free(set);
}

static void
a_demo_listens_on_loopback_unless_told_otherwise(void **state)
{
	struct conf_set *set;
	struct err e;

	(void)state;
	assert_int_equal(load("roles=capture", true, &set, &e), 0);
	assert_string_equal(conf_values(set)->capture_listen, "127.0.0.1:8000");
	conf_free(set);
	assert_int_equal(load("capture.listen=[::1]:0", true, &set, &e), 0);
	assert_string_equal(conf_values(set)->capture_listen, "[::1]:0");
	conf_free(set);
	assert_int_equal(load("roles=capture", false, &set, &e), 0);
	assert_string_equal(conf_values(set)->capture_listen, "0.0.0.0:8000");
	conf_free(set);
}

static void
clickhouse_is_off_without_what_it_reads_from(void **state)
{
	static const char *const off[] = {"roles=capture,ingest,broker",
		"roles=clickhouse,admin", "kafka.listen=off"};
	struct conf_set *set;
	struct err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(off); i++) {
		assert_int_equal(load(off[i], i == 1, &set, &e), 0);
		assert_int_equal(
			conf_values(set)->clickhouse_mode, CONF_CH_OFF);
		conf_free(set);
	}
	assert_int_equal(load("roles=clickhouse,broker", false, &set, &e), 0);
	assert_int_equal(conf_values(set)->clickhouse_mode, CONF_CH_EMBEDDED);
	conf_free(set);
}

static void
the_folder_is_made_closed_and_locked(void **state)
{
	char top[] = "/tmp/sluice-run-XXXXXX";
	char dir[64], socket_path[128];
	struct stat st;
	struct err e;
	int fd, fd2, socket_fd;

	(void)state;
	assert_non_null(mkdtemp(top));
	snprintf(dir, sizeof(dir), "%s/data", top);
	assert_int_equal(mkdir(dir, 0755), 0);
	assert_int_equal(datadir_prepare(dir, &e), 0);
	assert_int_equal(stat(dir, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	/* run-1 */
	assert_int_equal(datadir_lock(dir, &fd, &e), 0);
	assert_int_equal(datadir_lock(dir, &fd2, &e), -ERR_EXISTS);
	snprintf(socket_path, sizeof(socket_path), "%d", (int)getpid());
	assert_non_null(strstr(e.text, socket_path));
	assert_int_equal(datadir_listen(dir, &socket_fd, &e), 0);
	snprintf(socket_path, sizeof(socket_path), "%s/sluice.sock", dir);
	assert_int_equal(stat(socket_path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	/* run-5 */
	assert_int_equal(datadir_write_ports(dir, "{}\n", 3, &e), 0);
	datadir_remove_ports(dir);
	assert_int_equal(access(socket_path, F_OK), -1);
	close(socket_fd);
	close(fd);
	assert_int_equal(datadir_lock(dir, &fd, &e), 0);
	close(fd);
	snprintf(socket_path, sizeof(socket_path), "%s/lock", dir);
	unlink(socket_path);
	assert_int_equal(rmdir(dir), 0);
	rmdir(top);
}

static void
a_file_is_no_data_folder(void **state)
{
	char path[] = "/tmp/sluice-run-XXXXXX";
	struct err e;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_true(datadir_prepare(path, &e) < 0);
	assert_non_null(strstr(e.text, path));
	close(fd);
	unlink(path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_part_comes_behind_what_it_needs),
		cmocka_unit_test(settings_that_cannot_work_are_refused),
		cmocka_unit_test(
			a_demo_listens_on_loopback_unless_told_otherwise),
		cmocka_unit_test(clickhouse_is_off_without_what_it_reads_from),
		cmocka_unit_test(the_folder_is_made_closed_and_locked),
		cmocka_unit_test(a_file_is_no_data_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
