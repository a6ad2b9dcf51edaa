#ifndef SLUICE_CLICKHOUSE_HOST_QUERY_H
#define SLUICE_CLICKHOUSE_HOST_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/queue.h"
#include "clickhouse/host.h"
#include "http/http.h"

/*
 * One HTTP request to ClickHouse on its way: read on an HTTP thread, run by a
 * worker. Its slices live in the request's arena and body, which the query
 * holds by a reference.
 */
struct host_params {
	size_t n;
	const char *names[LIMIT_CLICKHOUSE_PARAMS];
	size_t name_lens[LIMIT_CLICKHOUSE_PARAMS];
	const char *values[LIMIT_CLICKHOUSE_PARAMS];
	size_t value_lens[LIMIT_CLICKHOUSE_PARAMS];
};

/* One piece of a result may be large: up to 65409 rows. */
#define HOST_PIECE_MAX_BYTES (512 * 1024 * 1024)

struct host_query {
	struct queue_node node;
	struct http_request *http; /* NULL once its answer streams */
	struct host_engine *engine;
	struct slice url_query; /* .p NULL if none */
	struct slice body; /* as sent */
	struct slice encoding; /* Content-Encoding of the body */
	struct slice database, format; /* empty if not named */
	struct host_params params; /* param_NAME=value */
	struct host_params settings; /* everything that is no parameter */
	bool is_readonly; /* GET and HEAD */
	bool wants_gzip;
	bool formats_by_setting; /* a setting changes how results look */
	bool is_console; /* under the console's role (host_console.c) */
	char id[37];
	int64_t begin_ns;
};

/* What became of a query: figures for the summary, or ClickHouse's error. */
struct host_outcome {
	uint64_t read_rows, read_bytes, written_rows, written_bytes;
	uint64_t result_rows, result_bytes;
	bool failed;
	int code; /* of the exception */
	struct buf text; /* of the exception */
};

/* Reads the URL and headers. INVALID, TOO_BIG. */
MUST_CHECK int host_query_read(
	struct host_query *q, struct http_request *r, struct err *e);
/* Runs it and answers, on a worker. */
void host_query_run(struct host_query *q);

/* Answers; the right to answer (http_resume_begin) is taken by the callee. */
void host_answer_result(struct host_query *q, struct slice format,
	struct host_outcome *o, struct buf *body);
void host_answer_error(struct host_query *q, const struct host_outcome *o);
/* For what is refused before libchdb sees it; on the HTTP thread or not. */
void host_answer_refusal(
	struct host_query *q, bool is_suspended, int code, const char *text);
void host_set_headers(struct host_query *q, struct slice format,
	const struct host_outcome *o);
/* The number in "Code: N. DB::Exception: …", 0 if there is none. */
int host_error_code(const char *text);
int host_error_status(int code);

/* A result handed to the HTTP thread piece by piece. */
struct host_stream;
struct host_stream *host_stream_new(bool gzip); /* NULL: no memory */
/* Begins the answer; false if it came too late. */
bool host_stream_begin(struct host_stream *s, struct host_query *q,
	struct slice format, const struct host_outcome *o);
/* Waits while the client is behind; false when it has gone. */
bool host_stream_put(struct host_stream *s, struct slice piece);
/* The end: whole, or broken off after the text of an error. */
void host_stream_end(struct host_stream *s, bool ok);
void host_stream_unref(struct host_stream *s);

#endif
