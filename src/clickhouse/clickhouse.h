#ifndef SLUICE_CLICKHOUSE_CLICKHOUSE_H
#define SLUICE_CLICKHOUSE_CLICKHOUSE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

/*
 * The local ClickHouse: a child process (`sluice clickhouse-host`) that loads
 * libchdb, supervised with back-off; it answers ClickHouse's HTTP interface.
 */
struct clickhouse;
struct conf;

struct clickhouse_options {
	const struct conf *conf;
	const char *data_dir; /* its files: data_dir/clickhouse */
	uint16_t kafka_port; /* of the embedded broker on 127.0.0.1 */
	const char
		*self_path; /* the program to exec: /proc/self/exe resolved */
};
/* Starts the supervisor; the child comes up in the background. A missing or
 * wrong library is no error here: state says so and the rest runs. */
MUST_CHECK int clickhouse_start(const struct clickhouse_options *o,
	struct clickhouse **out, struct err *e);
/* Ends the child for good: queries under way fail, status and query may still
 * be called. Blocks. */
void clickhouse_quiesce(struct clickhouse *c, int64_t deadline_ns);
void clickhouse_stop(struct clickhouse *c, int64_t deadline_ns);

enum clickhouse_state {
	CLICKHOUSE_OFF,
	CLICKHOUSE_STARTING,
	CLICKHOUSE_READY,
	CLICKHOUSE_HANGING, /* it is there and does not answer */
	CLICKHOUSE_RESTARTING, /* waiting to start again after a crash */
	CLICKHOUSE_NO_LIBRARY, /* missing or of another version: text says which */
};
struct clickhouse_status {
	enum clickhouse_state state;
	int pid; /* 0 if none */
	uint16_t port; /* of its HTTP interface, 0 if unknown */
	int restarts;
	char version[64];
	char text[240]; /* last error or what to do */
};
/* @thread any */
void clickhouse_status(struct clickhouse *c, struct clickhouse_status *out);
/* Runs a query through the child's HTTP interface; the answer's body goes to
 * out. INVALID with ClickHouse's text when it refuses. Blocks. */
MUST_CHECK int clickhouse_query(struct clickhouse *c, const char *query,
	const char *format, struct buf *out, struct err *e);

/* A query with more to it. */
struct clickhouse_pair {
	const char *name;
	struct slice value;
};
struct clickhouse_ask {
	const char *query, *format;
	const struct clickhouse_pair *params; /* {name:Type} in the query */
	size_t n_params;
	const struct clickhouse_pair *settings;
	size_t n_settings;
	bool is_console; /* under the read-only role (clickhouse-10) */
	int64_t timeout_ms; /* 0: an hour */
};
/* Why ClickHouse refused it, in full. */
struct clickhouse_refusal {
	int code; /* 0: it did not refuse, the error is another */
	struct buf text; /* buf_init before, buf_fini after */
};
/* As clickhouse_query; e has a short text, refusal the whole one. */
MUST_CHECK int clickhouse_ask(struct clickhouse *c,
	const struct clickhouse_ask *q, struct buf *out,
	struct clickhouse_refusal *refusal, struct err *e);

/* main() of the child: `sluice clickhouse-host …` (internal arguments). */
int clickhouse_host_main(int argc, char **argv);

#endif
