#ifndef SLUICE_CLI_BENCH_H
#define SLUICE_CLI_BENCH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"
#include "cli/cli.h"

/*
 * A measurement on a throw-away data folder: a daemon of this same program is
 * the child, the load is made here. What it was measured on is printed with it.
 */
#define BENCH_PATH_MAX 4096
#define BENCH_TOKEN "phc_bench_000000000000000000000000000000000"

struct bench {
	struct cli *c; /* as given */
	struct cli on; /* a command line whose data folder is ours */
	char top[BENCH_PATH_MAX]; /* removed at the end unless kept */
	bool is_kept;
	char data[BENCH_PATH_MAX];
	pid_t daemon; /* 0: none runs */
	uint16_t capture_port, admin_port;
	const char *set[4]; /* settings of the daemon besides the given ones */
	int n_set;
	bool on_one_cpu; /* the daemon that is started next */
	double syncs_per_s;
	struct buf out; /* members of the result's JSON object, so far */
};

/* Makes the folder beside --data, or in $TMPDIR, and measures the disk. keep
 * not NULL: uses and keeps this folder. */
MUST_CHECK int bench_begin(
	struct bench *b, struct cli *c, const char *keep, struct err *e);
/* Ends the daemon if one runs, removes the folder. */
void bench_close(struct bench *b);
/* Prints what was put, then closes. */
int bench_end(struct bench *b, int rc, struct err *e);
/* Starts the daemon with these roles and waits until it is ready. */
MUST_CHECK int bench_start(struct bench *b, const char *roles, struct err *e);
/* SIGTERM; its status must be 0. */
MUST_CHECK int bench_stop(struct bench *b, struct err *e);
/* team_id may be NULL. */
MUST_CHECK int bench_make_project(
	struct bench *b, int64_t *team_id, struct err *e);

MUST_CHECK int bench_wait_drained(struct bench *b, struct err *e);

void bench_put(struct bench *b, const char *name, double value);
void bench_put_text(struct bench *b, const char *name, const char *text);
/* Resident bytes of a process, now and at most; 0 if it cannot be told. */
int64_t bench_rss(pid_t pid);
int64_t bench_peak_rss(pid_t pid);
/* Puts the microseconds of processor time an event took in the daemon's threads
 * that have to do with it. */
void bench_put_threads(struct bench *b, const char *prefix, int64_t n_events);
/* A sample of the daemon's metrics by its name (and labels), 0 if absent. */
double bench_metric(struct bench *b, const char *name);
/* The process id of the daemon's ClickHouse, 0 if there is none. */
pid_t bench_clickhouse_pid(struct bench *b);
/* Records of a partition by its high watermark, and by reading all of them with
 * their checksums. No daemon may run. */
MUST_CHECK int bench_count(struct bench *b, bool in_state, const char *topic,
	int64_t *by_watermark, int64_t *by_reading, struct err *e);
/* Options that all benches with a load share. */
struct load_options;
struct load_result;
MUST_CHECK int bench_load_options(
	struct bench *b, struct load_options *o, struct err *e);
void bench_put_load(struct bench *b, const struct load_options *o,
	const struct load_result *r);

#endif
