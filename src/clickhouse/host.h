#ifndef SLUICE_CLICKHOUSE_HOST_H
#define SLUICE_CLICKHOUSE_HOST_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "clickhouse/lib.h"

/*
 * Inside the child process. Everything here runs in `sluice clickhouse-host`
 * only, never in the daemon.
 */
struct host_args {
	const char *dir; /* DATA/clickhouse, absolute */
	const char *library;
	const char *brokers; /* host:port[,host:port] */
	const char *topic_prefix;
	const char *hosts; /* that the port answers to, besides loopback */
	int listen_fd, report_fd;
	bool is_unix; /* what listen_fd is */
	int64_t memory_max_bytes;
	int64_t parent; /* pid of the daemon */
};

#define HOST_PATH_MAX 4096

/* config.xml and users.xml in the folder, and the folders they name. */
MUST_CHECK int host_config_write(const struct host_args *a, struct err *e);
void host_config_text(const struct host_args *a, struct buf *out);
void host_users_text(const struct host_args *a, struct buf *out);

/* Gives up what the child does not need: core files, new privileges,
 * capabilities, and files outside dir but those of the system. Before any
 * thread is started. What the kernel lacks is left out; *confined says whether
 * the file system is closed off. */
MUST_CHECK int host_sandbox(
	const struct host_args *a, bool *confined, struct err *e);

/* An engine, and connections to it. */
struct host_engine {
	const struct chdb *lib;
	char path_arg[HOST_PATH_MAX + 32];
	char config_arg[HOST_PATH_MAX + 32];
	struct chdb_handle **main; /* keeps the engine alive */
	char version[64]; /* of ClickHouse */
};
MUST_CHECK int host_engine_start(struct host_engine *g,
	const struct host_args *a, const struct chdb *lib, struct err *e);
/* Closes the last connection: the Kafka tables leave their groups. */
void host_engine_stop(struct host_engine *g);
/* A connection of its own: settings and database do not leak to others
 * (clickhouse-6). */
MUST_CHECK int host_engine_connect(
	struct host_engine *g, struct chdb_handle ***out, struct err *e);
/* Runs a statement on the main connection; ClickHouse's text in e. */
MUST_CHECK int host_engine_run(struct host_engine *g, struct slice sql,
	struct buf *out, struct err *e);

/* Applies sql/clickhouse/embedded in order; idempotent. */
MUST_CHECK int host_schema_apply(
	struct host_engine *g, const struct host_args *a, struct err *e);
/* The next statement of a file (they end with ; and a line end), false at the
 * end. Tests use it too. */
bool host_schema_next(const char **at, struct slice *statement);
/* Puts prefix before the names in kafka_topic_list. */
void host_schema_prefix(
	struct slice statement, const char *prefix, struct buf *out);

/* The HTTP interface. */
struct host_http;
MUST_CHECK int host_http_start(struct host_engine *g, const struct host_args *a,
	struct host_http **out, struct err *e);
/* Stops taking requests; true when no query is left at the deadline, and then h
 * is freed. */
bool host_http_stop(struct host_http *h, int64_t deadline_ns);

#endif
