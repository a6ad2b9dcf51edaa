#ifndef SLUICE_CLICKHOUSE_LIB_H
#define SLUICE_CLICKHOUSE_LIB_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/*
 * libchdb as it is loaded: the functions used, under their own names without
 * "chdb_". Handles are opaque; the layouts follow the C interface of 26.7.
 */
struct chdb_handle {
	void *internal;
};
struct chdb_result {
	void *internal;
};
struct chdb_stream {
	void *internal;
};
struct chdb_analysis {
	uint32_t struct_size, statement_count, flags, query_class;
};

struct chdb {
	const char *(*version)(void);
	struct chdb_handle **(*connect)(int argc, char **argv);
	void (*close_conn)(struct chdb_handle **c);
	void (*set_signal_handlers_enabled)(int enabled);
	struct chdb_result *(*query_n)(struct chdb_handle *c, const char *q,
		size_t q_len, const char *format, size_t format_len);
	struct chdb_result *(*query_with_params_n)(struct chdb_handle *c,
		const char *q, size_t q_len, const char *format,
		size_t format_len, const char *const *names,
		const size_t *name_lens, const char *const *values,
		const size_t *value_lens, size_t n);
	struct chdb_result *(*stream_query_with_params_n)(struct chdb_handle *c,
		const char *q, size_t q_len, const char *format,
		size_t format_len, const char *const *names,
		const size_t *name_lens, const char *const *values,
		const size_t *value_lens, size_t n);
	struct chdb_result *(*stream_fetch_result)(
		struct chdb_handle *c, struct chdb_result *stream);
	void (*stream_cancel_query)(
		struct chdb_handle *c, struct chdb_result *stream);
	struct chdb_stream *(*stream_insert_with_params_n)(
		struct chdb_handle *c, const char *q, size_t q_len,
		const char *format, size_t format_len, const char *const *names,
		const size_t *name_lens, const char *const *values,
		const size_t *value_lens, size_t n);
	int (*stream_append)(struct chdb_stream *s, const void *p, size_t len);
	struct chdb_result *(*stream_done)(struct chdb_stream *s);
	const char *(*stream_insert_error)(struct chdb_stream *s);
	void (*destroy_insert_stream)(struct chdb_stream *s);
	char *(*result_buffer)(struct chdb_result *r);
	size_t (*result_length)(struct chdb_result *r);
	const char *(*result_error)(struct chdb_result *r);
	uint64_t (*result_rows_read)(struct chdb_result *r);
	uint64_t (*result_bytes_read)(struct chdb_result *r);
	uint64_t (*result_storage_rows_read)(struct chdb_result *r);
	uint64_t (*result_storage_bytes_read)(struct chdb_result *r);
	uint64_t (*result_rows_written)(struct chdb_result *r);
	uint64_t (*result_bytes_written)(struct chdb_result *r);
	void (*destroy_query_result)(struct chdb_result *r);
	int (*classify_query_n)(struct chdb_handle *c, const char *sql,
		size_t sql_len, const char *database, size_t database_len,
		struct chdb_analysis *out);
};

/* The versions that the program was written for. */
#define CLICKHOUSE_LIB_VERSION "26.7."

/* Where the library is looked for: the setting, then libdir, then the cache
 * folder ($SLUICE_CACHE or $HOME/.cache/sluice). NOT_FOUND names what to
 * run. */
MUST_CHECK int clickhouse_lib_find(const char *setting, const char *libdir,
	char *out, size_t size, struct err *e);
/* Loads it for the life of the process. NOT_FOUND: cannot be loaded;
 * UNSUPPORTED: another version, or functions are missing. */
MUST_CHECK int clickhouse_lib_open(
	const char *path, struct chdb *out, struct err *e);

#endif
