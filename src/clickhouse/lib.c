#include "clickhouse/lib.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FETCH "run sh packaging/fetch-libchdb, or set clickhouse.library"

static bool
is_readable(char *out, size_t size, const char *dir, const char *tail)
{
	int n = snprintf(out, size, "%s%s", dir, tail);

	return n > 0 && (size_t)n < size && access(out, R_OK) == 0;
}

int
clickhouse_lib_find(const char *setting, const char *libdir, char *out,
	size_t size, struct err *e)
{
	const char *cache = getenv("SLUICE_CACHE");
	const char *home = getenv("HOME");

	if (setting[0] != '\0') {
		if (is_readable(out, size, setting, ""))
			return 0;
		return err_set(e, ERR_NOT_FOUND,
			"clickhouse.library is %.120s, which cannot be read",
			setting);
	}
	if (is_readable(out, size, libdir, "/libchdb.so"))
		return 0;
	if (cache != NULL && cache[0] != '\0') {
		if (is_readable(out, size, cache, "/libchdb.so"))
			return 0;
	} else if (home != NULL && home[0] != '\0') {
		if (is_readable(out, size, home, "/.cache/sluice/libchdb.so"))
			return 0;
	} else {
		return err_set(e, ERR_NOT_FOUND,
			"libchdb.so is not in %.80s: " FETCH, libdir);
	}
	return err_set(e, ERR_NOT_FOUND, "%.100s is not there: " FETCH, out);
}

static int
check_version(const struct chdb *lib, const char *path, struct err *e)
{
	const char *version = lib->version();

	if (version == NULL)
		version = "unknown";
	if (strncmp(version, CLICKHOUSE_LIB_VERSION,
		    sizeof(CLICKHOUSE_LIB_VERSION) - 1) == 0)
		return 0;
	return err_set(e, ERR_UNSUPPORTED,
		"%.90s is version %.20s, needed is " CLICKHOUSE_LIB_VERSION
		"x: " FETCH,
		path, version);
}

int
clickhouse_lib_open(const char *path, struct chdb *out, struct err *e)
{
	const struct {
		const char *name;
		void *place;
	} symbols[] = {
#define SYMBOL(field) {"chdb_" #field, &out->field}
		SYMBOL(version),
		SYMBOL(connect),
		SYMBOL(close_conn),
		SYMBOL(set_signal_handlers_enabled),
		SYMBOL(query_n),
		SYMBOL(query_with_params_n),
		SYMBOL(stream_query_with_params_n),
		SYMBOL(stream_fetch_result),
		SYMBOL(stream_cancel_query),
		SYMBOL(stream_insert_with_params_n),
		SYMBOL(stream_append),
		SYMBOL(stream_done),
		SYMBOL(stream_insert_error),
		SYMBOL(destroy_insert_stream),
		SYMBOL(result_buffer),
		SYMBOL(result_length),
		SYMBOL(result_error),
		SYMBOL(result_rows_read),
		SYMBOL(result_bytes_read),
		SYMBOL(result_storage_rows_read),
		SYMBOL(result_storage_bytes_read),
		SYMBOL(result_rows_written),
		SYMBOL(result_bytes_written),
		SYMBOL(destroy_query_result),
		SYMBOL(classify_query_n),
#undef SYMBOL
	};
	void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);

	if (handle == NULL)
		return err_set(e, ERR_NOT_FOUND,
			"cannot load the library: %.150s: " FETCH, dlerror());
	for (size_t i = 0; i < ARRAY_LEN(symbols); i++) {
		void *f = dlsym(handle, symbols[i].name);

		if (f == NULL)
			return err_set(e, ERR_UNSUPPORTED,
				"%.90s has no %s: it is not "
				"libchdb " CLICKHOUSE_LIB_VERSION "x: " FETCH,
				path, symbols[i].name);
		memcpy(symbols[i].place, &f, sizeof(f));
	}
	return check_version(out, path, e);
}
