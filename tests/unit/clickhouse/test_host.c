#include "tests/unit/clickhouse/tests.h"

#include <unistd.h>

#include "base/sql_text.h"
#include "base/zip.h"
#include "base/zip_stream.h"
#include "clickhouse/host_query.h"
#include "clickhouse/lib.h"

extern const struct sql_text sql_embedded[];

void
schema_files_split_into_statements(void **state)
{
	const char *at = "A;\n\nB\n  c = ';';\nD";
	struct slice s;
	int n = 0;

	(void)state;
	assert_true(host_schema_next(&at, &s));
	assert_true(slice_eq_str(s, "A"));
	assert_true(host_schema_next(&at, &s));
	assert_true(slice_eq_str(s, "B\n  c = ';'"));
	assert_true(host_schema_next(&at, &s));
	assert_true(slice_eq_str(s, "D"));
	assert_false(host_schema_next(&at, &s));
	for (const struct sql_text *f = sql_embedded; f->name != NULL; f++) {
		at = f->text;
		while (host_schema_next(&at, &s)) {
			assert_true(slice_starts(s, SLICE_LIT("CREATE ")));
			assert_non_null(
				memmem(s.p, s.len, " IF NOT EXISTS ", 15));
			n++;
		}
	}
	assert_int_equal(n, 68);
}

void
topics_get_their_prefix(void **state)
{
	const struct slice s = SLICE_LIT("Kafka(x, kafka_topic_list = "
					 "'events', kafka_group_name = 'g')");
	struct buf b;

	(void)state;
	buf_init(&b, 1000);
	host_schema_prefix(s, "", &b);
	assert_true(slice_eq(buf_slice(&b), s));
	buf_reset(&b);
	host_schema_prefix(s, "p.", &b);
	assert_string_equal(buf_cstr(&b),
		"Kafka(x, kafka_topic_list = 'p.events', "
		"kafka_group_name = 'g')");
	buf_fini(&b);
}

void
configuration_is_escaped(void **state)
{
	struct host_args a = {
		.dir = "/d/<&>",
		.brokers = "127.0.0.1:9",
		.memory_max_bytes = 400000000,
	};
	struct buf b;
	const char *text;

	(void)state;
	buf_init(&b, 100000);
	host_config_text(&a, &b);
	text = buf_cstr(&b);
	assert_non_null(text);
	assert_non_null(strstr(text, "<log>/d/&lt;&amp;&gt;/log/clickhouse.log"
				     "</log>"));
	assert_non_null(strstr(text, "<kafka_broker_list>127.0.0.1:9<"));
	assert_non_null(strstr(text, "<max_server_memory_usage>400000000<"));
	assert_non_null(strstr(text, "<mark_cache_size>50000000<"));
	buf_reset(&b);
	host_users_text(&a, &b);
	assert_non_null(strstr(buf_cstr(&b), "<max_memory_usage>320000000<"));
	buf_fini(&b);
}

void
errors_have_clickhouse_statuses(void **state)
{
	(void)state;
	assert_int_equal(
		host_error_code("Code: 60. DB::Exception: no (X)"), 60);
	assert_int_equal(host_error_code("something else"), 0);
	assert_int_equal(host_error_code("Code: -5. x"), 0);
	assert_int_equal(host_error_status(62), 400);
	assert_int_equal(host_error_status(60), 404);
	assert_int_equal(host_error_status(81), 404);
	assert_int_equal(host_error_status(241), 500);
	assert_int_equal(host_error_status(0), 500);
}

void
a_missing_library_says_what_to_run(void **state)
{
	char path[256];
	struct err e;

	(void)state;
	assert_int_equal(clickhouse_lib_find("/nonexistent/libchdb.so",
				 "/nonexistent", path, sizeof(path), &e),
		-ERR_NOT_FOUND);
	assert_non_null(strstr(e.text, "/nonexistent/libchdb.so"));
	setenv("SLUICE_CACHE", "/nonexistent/cache", 1);
	assert_int_equal(clickhouse_lib_find("", "/nonexistent/dir", path,
				 sizeof(path), &e),
		-ERR_NOT_FOUND);
	assert_non_null(strstr(e.text, "/nonexistent/cache/libchdb.so"));
	assert_non_null(strstr(e.text, "packaging/fetch-libchdb"));
}

void
a_foreign_library_is_refused(void **state)
{
	struct chdb lib;
	struct err e;

	(void)state;
	assert_int_equal(
		clickhouse_lib_open("libz.so.1", &lib, &e), -ERR_UNSUPPORTED);
	assert_non_null(strstr(e.text, "libz.so.1"));
	assert_int_equal(
		clickhouse_lib_open("/nonexistent/libchdb.so", &lib, &e),
		-ERR_NOT_FOUND);
}

void
streams_are_one_gzip_stream(void **state)
{
	struct zip_gzip_stream *z = zip_gzip_stream_new(1);
	static char piece[100000];
	struct buf zipped, plain;
	struct err e;

	(void)state;
	assert_non_null(z);
	for (size_t i = 0; i < sizeof(piece); i++)
		piece[i] = (char)(i * i >> 3);
	buf_init(&zipped, 10000000);
	buf_init(&plain, 10000000);
	for (int i = 0; i < 5; i++)
		assert_int_equal(
			zip_gzip_stream_add(z, slice_of(piece, sizeof(piece)),
				false, &zipped, &e),
			0);
	assert_int_equal(
		zip_gzip_stream_add(z, SLICE_LIT(""), true, &zipped, &e), 0);
	assert_int_equal(zip_gunzip(buf_slice(&zipped), &plain, &e), 0);
	assert_int_equal(plain.len, 5 * sizeof(piece));
	assert_memory_equal(plain.p + 4 * sizeof(piece), piece, sizeof(piece));
	zip_gzip_stream_free(z);
	buf_fini(&zipped);
	buf_fini(&plain);
}
