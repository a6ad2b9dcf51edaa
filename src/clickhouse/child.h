#ifndef SLUICE_CLICKHOUSE_CHILD_H
#define SLUICE_CLICKHOUSE_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

/*
 * One run of the child process as the daemon sees it: its start, what it prints
 * and reports, its end.
 */
struct child_spec {
	const char *self_path;
	const char *dir; /* of ClickHouse, absolute */
	const char *library;
	const char *brokers;
	const char *topic_prefix;
	const char *hosts;
	int listen_fd; /* stays with the caller */
	bool is_unix;
	int64_t memory_max_bytes;
};

#define CHILD_LINE_MAX 1000

struct child {
	pid_t pid;
	int pid_fd; /* readable when it has ended */
	int report_fd; /* -1 once closed */
	int print_fds[2]; /* its stdout and stderr; -1 once closed */
	struct buf reports;
	struct buf lines[2]; /* of print_fds, unfinished */
};

/* Starts it. Nothing is inherited but stdin from /dev/null, two pipes, the
 * listening socket and the report socket; the environment is a short one. */
MUST_CHECK int child_start(
	const struct child_spec *spec, struct child *out, struct err *e);
/* Reads what came on print_fds[i] and logs whole lines. */
void child_log_prints(struct child *c, int i);
/* Reads what came on report_fd into reports. */
void child_read_reports(struct child *c);
/* Waits for its end, which pid_fd has shown, and frees all; how it ended goes
 * to text. */
void child_reap(struct child *c, char *text, size_t size);

#endif
