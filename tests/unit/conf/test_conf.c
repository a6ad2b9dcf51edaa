#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/slice.h"
#include "conf/conf.h"

static char path[200];

static int
make_path(void **state)
{
	const char *base = getenv("TMPDIR");
	int fd;

	(void)state;
	snprintf(path, sizeof(path), "%s/sluice-conf-XXXXXX",
		base == NULL ? "/tmp" : base);
	fd = mkstemp(path);
	return fd < 0 ? -1 : close(fd);
}

static int
remove_path(void **state)
{
	(void)state;
	return unlink(path);
}

static void
write_file(const char *text)
{
	struct err e;

	assert_int_equal(file_replace(path, 0600, text, strlen(text), &e), 0);
}

static struct conf_set *
load(const char *text, const char *const *set)
{
	struct conf_set *c = NULL;
	struct err e = {.text = ""};

	write_file(text);
	assert_int_equal(conf_load(path, set, &c, &e), 0);
	return c;
}

/* Loading must fail, and the message hold each of the words. */
static void
refuse(const char *text, const char *const *set, const char *word1,
	const char *word2)
{
	struct conf_set *c = NULL;
	struct err e;

	write_file(text);
	assert_int_equal(conf_load(path, set, &c, &e), -(int)ERR_INVALID);
	assert_non_null(strstr(e.text, word1));
	assert_non_null(strstr(e.text, word2));
	assert_null(strchr(e.text, '\n'));
}

/* conf-1 */
static void
rows_are_sorted_and_defaults_are_in_range(void **state)
{
	const struct conf_row *row, *before = NULL;
	struct conf_set *c = load("", NULL);

	(void)state;
	for (int i = 0; (row = conf_row_at(i)) != NULL; i++) {
		char text[400];
		struct err e;

		assert_true(strlen(row->help) > 10);
		assert_int_equal(row->help[strlen(row->help) - 1], '.');
		assert_true(row->min <= row->max);
		assert_int_equal(
			conf_text(c, row->name, text, sizeof(text), &e), 0);
		assert_int_equal(conf_source_of(c, row->name), CONF_DEFAULT);
		/* The part before the first dot sorts; names within follow. */
		if (before != NULL && strncmp(before->name, row->name,
					      strcspn(row->name, ".")) != 0)
			assert_true(strcmp(before->name, row->name) < 0);
		before = row;
	}
	assert_null(conf_row_at(-1));
	assert_string_equal(conf_values(c)->capture_listen, "0.0.0.0:8000");
	assert_int_equal(conf_values(c)->capture_max_body_bytes, 20971520);
	conf_free(c);
}

static void
sections_and_dotted_keys_are_the_same(void **state)
{
	struct conf_set *c = load("# comment\nroles = capture\n"
				  "[capture]\nlisten = :1\nthreads=3\n"
				  "[ingest]\nbatch_wait_ms = 2 s\n",
		NULL);
	struct conf_set *d = load("capture.listen = :1\n", NULL);

	(void)state;
	assert_string_equal(conf_values(c)->roles, "capture");
	assert_string_equal(conf_values(c)->capture_listen, ":1");
	assert_int_equal(conf_values(c)->capture_threads, 3);
	assert_int_equal(conf_values(c)->ingest_batch_wait_ms, 2000);
	assert_string_equal(conf_values(d)->capture_listen, ":1");
	assert_int_equal(conf_source_of(c, "capture.listen"), CONF_FILE);
	conf_free(c);
	conf_free(d);
}

static void
later_sources_win(void **state)
{
	static const char *const set[] = {"capture.listen=:3", NULL};
	static const char text[] = "capture.listen = :1\nkafka.listen = :1\n"
				   "admin.listen = :1\n";
	struct conf_set *c;

	(void)state;
	setenv("SLUICE_CAPTURE_LISTEN", ":2", 1);
	setenv("SLUICE_KAFKA_LISTEN", ":2", 1);
	c = load(text, set);
	unsetenv("SLUICE_CAPTURE_LISTEN");
	unsetenv("SLUICE_KAFKA_LISTEN");
	assert_string_equal(conf_values(c)->capture_listen, ":3");
	assert_string_equal(conf_values(c)->kafka_listen, ":2");
	assert_string_equal(conf_values(c)->admin_listen, ":1");
	assert_int_equal(conf_source_of(c, "capture.listen"), CONF_SET);
	assert_int_equal(conf_source_of(c, "kafka.listen"), CONF_ENV);
	assert_int_equal(conf_source_of(c, "admin.listen"), CONF_FILE);
	conf_free(c);
}

static void
units_are_understood(void **state)
{
	static const char *const set[] = {"capture.max_body_bytes=2m",
		"spool.max_bytes=10 GB", "capture.body_timeout_ms=1min",
		"shutdown.timeout_s=1h", "spool.retention_h=7d",
		"kafka.config.auto.create.topics.enable=off",
		"kafka.compression=zstd", "log.level=warn", NULL};
	struct conf_set *c = load("", set);
	const struct conf *v = conf_values(c);

	(void)state;
	assert_int_equal(v->capture_max_body_bytes, 2 << 20);
	assert_true(v->spool_max_bytes == INT64_C(10) << 30);
	assert_int_equal(v->capture_body_timeout_ms, 60000);
	assert_int_equal(v->shutdown_timeout_s, 3600);
	assert_int_equal(v->spool_retention_h, 168);
	assert_false(v->kafka_auto_create_topics);
	assert_int_equal(v->kafka_compression, 3);
	assert_int_equal(v->log_level, 2);
	conf_free(c);
}

static void
faults_name_the_setting_and_the_place(void **state)
{
	static const char *const unknown[] = {"capture.lisen=:1", NULL};
	static const char *const range[] = {"capture.threads=65", NULL};
	static const char *const unit[] = {"capture.threads=1k", NULL};
	static const char *const text[] = {"capture.threads=many", NULL};
	static const char *const choice[] = {"log.level=loud", NULL};
	static const char *const no_value[] = {"capture.threads", NULL};
	static const char *const huge[] = {
		"spool.max_bytes=99999999999999999999", NULL};
	static const char *const over[] = {"spool.max_bytes=9999999999t", NULL};

	(void)state;
	refuse("", unknown, "capture.lisen", "did you mean capture.listen");
	refuse("", range, "capture.threads", "0 to 64");
	refuse("", unit, "capture.threads", "--set");
	refuse("", text, "many", "--set");
	refuse("", choice, "loud", "debug, info, warn, error");
	refuse("", no_value, "capture.threads", "key=value");
	refuse("", huge, "spool.max_bytes", "to");
	refuse("", over, "spool.max_bytes", "to");
	refuse("capture.max_boddy_bytes = 1\n", NULL, path,
		"did you mean capture.max_body_bytes");
	refuse("zzzzzzzzzz = 1\n", NULL, "unknown setting", "zzzzzzzzzz");
	refuse("[capture]\nthreads = 1\nnonsense\n", NULL, path, "line 3");
	setenv("SLUICE_CAPTURE_THREADS", "x", 1);
	refuse("", NULL, "capture.threads", "SLUICE_CAPTURE_THREADS");
	unsetenv("SLUICE_CAPTURE_THREADS");
}

/* conf-3: the parser itself would cut the line or take the second for the
 * value. */
static void
lines_that_would_lose_text_are_refused(void **state)
{
	char text[400];

	(void)state;
	snprintf(text, sizeof(text), "\nadmin.hosts = %0200d\n", 1);
	refuse(text, NULL, "line 2", "198 bytes");
	refuse("admin.hosts = a,\n  b\n", NULL, "line 2", "blank");
	conf_free(load("admin.hosts = a\n  ; comment\n \n\t# another\n", NULL));
}

static void
missing_file_counts_only_when_named(void **state)
{
	struct conf_set *c = NULL;
	struct err e;

	(void)state;
	assert_int_equal(conf_load("/nowhere/sluice.conf", NULL, &c, &e),
		-(int)ERR_NOT_FOUND);
	assert_non_null(strstr(e.text, "/nowhere/sluice.conf"));
	assert_null(c);
}

/* conf-2 */
static void
secrets_come_from_files_and_are_not_shown(void **state)
{
	static const char *const missing[] = {
		"postgres.url=file:/nowhere/secret", NULL};
	char file[220], option[300], text[100];
	const char *set[] = {option, NULL};
	struct conf_set *c = NULL;
	struct err e;

	(void)state;
	snprintf(file, sizeof(file), "%s.secret", path);
	snprintf(option, sizeof(option), "postgres.url=file:%s", file);
	assert_int_equal(
		file_replace(file, 0600, "postgres://u:p@h/d\n\n", 20, &e), 0);
	c = load("", set);
	assert_string_equal(conf_values(c)->postgres_url, "postgres://u:p@h/d");
	assert_int_equal(
		conf_text(c, "postgres.url", text, sizeof(text), &e), 0);
	assert_string_equal(text, "***");
	assert_int_equal(conf_text(c, "no.such", text, sizeof(text), &e),
		-(int)ERR_NOT_FOUND);
	conf_free(c);
	assert_int_equal(unlink(file), 0);
	assert_true(conf_load(path, missing, &c, &e) < 0);
	assert_non_null(strstr(e.text, "postgres.url"));
}

static void
lists_are_walked_without_blanks(void **state)
{
	const char *at = " a, b ,,c ";
	char one[8];

	(void)state;
	assert_true(conf_list_next(&at, one, sizeof(one)));
	assert_string_equal(one, "a");
	assert_true(conf_list_next(&at, one, sizeof(one)));
	assert_string_equal(one, "b");
	assert_true(conf_list_next(&at, one, sizeof(one)));
	assert_string_equal(one, "c");
	assert_false(conf_list_next(&at, one, sizeof(one)));
	assert_true(conf_list_has("a,b", "b"));
	assert_false(conf_list_has("a,bc", "b"));
	assert_false(conf_list_has("", ""));
}

static void
failing_allocations_are_told(void **state)
{
	bool failed = true;

	(void)state;
	write_file("capture.listen = :1\n");
	for (long n = 1; failed; n++) {
		struct conf_set *c = NULL;
		struct err e;
		int r;

		mem_fail_after(n, false);
		r = conf_load(path, NULL, &c, &e);
		mem_fail_after(0, false);
		failed = r != 0;
		assert_int_equal(r, failed ? -(int)ERR_NO_MEMORY : 0);
		conf_free(c);
	}
}

/* conf-4 */
static void
what_the_admin_made_counts_above_the_defaults_alone(void **state)
{
	static const char *const set[] = {"log.level=error", NULL};
	static const struct conf_stored rows[] = {
		{"dlq.alert_per_min", "7", NULL},
		{"log.format", "json", NULL},
		{"log.level", "debug", NULL},
		{"no.such.setting", "1", NULL},
		{"ingest.batch_events", "many", NULL},
		{"kafka.listen", ":9", "said elsewhere"},
	};
	struct conf_set *c = NULL;
	struct err e;

	(void)state;
	write_file("log.format = logfmt\n");
	assert_int_equal(conf_load_stored(path, set, rows, 6, &c, &e), 0);
	assert_int_equal(conf_values(c)->dlq_alert_per_min, 7);
	assert_int_equal(conf_source_of(c, "dlq.alert_per_min"), CONF_ADMIN);
	assert_int_equal(conf_source_of(c, "log.format"), CONF_FILE);
	assert_int_equal(conf_source_of(c, "log.level"), CONF_SET);
	assert_null(conf_ignored(c, "dlq.alert_per_min"));
	assert_int_equal(conf_values(c)->ingest_batch_events, 2000);
	assert_non_null(strstr(conf_ignored(c, "ingest.batch_events"), "many"));
	assert_string_equal(conf_ignored(c, "kafka.listen"), "said elsewhere");
	assert_int_equal(conf_source_of(c, "kafka.listen"), CONF_DEFAULT);
	conf_free(c);
}

/* conf-5 */
static void
the_admin_names_no_files_of_the_machine(void **state)
{
	static const struct {
		const char *name, *value;
		enum err_code code;
	} cases[] = {
		{"capture.tls_cert", "/etc/passwd", ERR_DENIED},
		{"clickhouse.library", "/tmp/evil.so", ERR_DENIED},
		{"roles", "capture", ERR_DENIED},
		{"kafka.allow_produce", "file:/etc/passwd", ERR_DENIED},
		{"postgres.url", "file:/etc/passwd", ERR_DENIED},
		{"postgres.url", "file:", ERR_DENIED},
		{"admin.hosts", "a\nb", ERR_INVALID},
		{"admin.hosts", "a\xff", ERR_INVALID},
		{"ingest.batch_events", "0", ERR_INVALID},
		{"no.such.setting", "0", ERR_NOT_FOUND},
		{"postgres.url", "postgresql://u:p@h/d", ERR_OK},
		{"capture.listen", "0.0.0.0:80", ERR_OK},
	};
	struct err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(
			conf_check_stored(cases[i].name, cases[i].value, &e),
			-(int)cases[i].code);
}

/* conf-5: a credential of the service is laid down for it. */
static void
the_admin_may_name_a_credential(void **state)
{
	char dir[220], link[300], value[400];
	struct err e;

	(void)state;
	snprintf(dir, sizeof(dir), "%s.d", path);
	snprintf(link, sizeof(link), "%s/secret", dir);
	write_file("postgresql://u:p@h/d\n");
	assert_int_equal(mkdir(dir, 0700), 0);
	assert_int_equal(symlink(path, link), 0);
	setenv("CREDENTIALS_DIRECTORY", dir, 1);
	snprintf(value, sizeof(value), "file:%s", link);
	/* A link to elsewhere is elsewhere. */
	assert_int_equal(
		conf_check_stored("postgres.url", value, &e), -(int)ERR_DENIED);
	unlink(link);
	assert_int_equal(file_replace(link, 0600, "x=1", 3, &e), 0);
	assert_int_equal(conf_check_stored("postgres.url", value, &e), 0);
	unsetenv("CREDENTIALS_DIRECTORY");
	unlink(link);
	rmdir(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			what_the_admin_made_counts_above_the_defaults_alone),
		cmocka_unit_test(the_admin_names_no_files_of_the_machine),
		cmocka_unit_test(the_admin_may_name_a_credential),
		cmocka_unit_test(rows_are_sorted_and_defaults_are_in_range),
		cmocka_unit_test(sections_and_dotted_keys_are_the_same),
		cmocka_unit_test(later_sources_win),
		cmocka_unit_test(units_are_understood),
		cmocka_unit_test(faults_name_the_setting_and_the_place),
		cmocka_unit_test(lines_that_would_lose_text_are_refused),
		cmocka_unit_test(missing_file_counts_only_when_named),
		cmocka_unit_test(secrets_come_from_files_and_are_not_shown),
		cmocka_unit_test(lists_are_walked_without_blanks),
		cmocka_unit_test(failing_allocations_are_told),
	};

	return cmocka_run_group_tests_name(
		"conf", tests, make_path, remove_path);
}
