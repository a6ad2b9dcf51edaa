#ifndef SLUICE_STORE_STORE_H
#define SLUICE_STORE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/queue.h"
#include "base/slice.h"

/*
 * One SQLite file with one writer thread: logs (record batches by partition and
 * offset) and the state that must commit with them. Group commit: the writer
 * takes all jobs that wait, runs them in one transaction, commits with one
 * sync, then calls each job's done. Nothing is readable or acknowledged before.
 */
enum store_kind { STORE_CONFIG, STORE_SPOOL, STORE_STATE, STORE_BROKER };

struct store;
struct store_part; /* one partition of one topic in this file */
struct store_conn; /* a connection: the writer's inside a job, or a reader's */
struct store_stmt;

struct store_options {
	const char
		*dir; /* the data folder; the file's name follows from kind */
	enum store_kind kind;
	size_t queue_bytes; /* bound of jobs that wait */
	/* Called once on the writer thread when the file can be trusted no more
	 * (I/O error, failed sync, corruption found by the writer). */
	void (*on_fatal)(void *cookie, const struct err *why);
	void *cookie;
};

/*
 * Opens or creates the file, runs migrations (sql/<kind>/), recovers the
 * partitions and starts the writer. UNSUPPORTED: the file is newer than this
 * program; CORRUPT; NO_SPACE; IO. Blocks. @thread main
 */
MUST_CHECK int store_open(
	const struct store_options *o, struct store **out, struct err *e);
/* Runs what waits, checkpoints, closes. NULL allowed. */
void store_close(struct store *s);
const char *store_path(const struct store *s);
enum store_kind store_kind(const struct store *s);

/*
 * A piece of work for the writer, owned by the caller until done is called.
 * run executes inside the transaction, alone in a savepoint: if it fails only
 * its own changes are undone. done runs on the writer thread after the commit,
 * with no lock held, exactly once if submit returned 0; result->code is ERR_OK,
 * run's own error, or NO_SPACE, IO, UNSURE, STOPPING. done may free the job.
 */
struct store_job {
	struct queue_node node;
	size_t bytes;
	/* Whose it is. Jobs of one share are run in the order of submit. Those
	 * of different shares are too while all that waits fits into one
	 * transaction; else they take turns. */
	uint32_t share;
	/* The submitter bounds what it has waiting: the job goes in although
	 * the queue is full. */
	bool is_counted;
	bool was_passed; /* the store's; false at submit */
	/* In: alone in its transaction, with secure_delete=ON whatever the file
	 * has otherwise; then the WAL is copied into the file and cut to
	 * nothing before done, so that no older image of a page is left. */
	bool wipes;
	/* Out, with ERR_OK: false if a reader that did not end (a shell on the
	 * file, for one) kept the WAL from being cut: store_wipe_wal later. */
	bool is_wiped;
	int (*run)(struct store_job *j, struct store_conn *c, struct err *e);
	void (*done)(struct store_job *j, const struct err *result);
	struct err result; /* the store's */
};
/* BUSY: queue full, nothing done. STOPPING. @thread any */
MUST_CHECK int store_submit(
	struct store *s, struct store_job *j, struct err *e);
/* Submits and waits; j->done is not called. Not on the writer thread. */
MUST_CHECK int store_call(struct store *s, struct store_job *j, struct err *e);
/* Copies the WAL into the file and cuts it, after what waits before it. BUSY: a
 * reader did not end within a second. Not on the writer thread. */
MUST_CHECK int store_wipe_wal(struct store *s, struct err *e);

/*
 * Append of record batches (one or several back to back, made by topic/batch or
 * checked by the broker) to one partition. The bytes are borrowed until done
 * and their base offsets are written in place. Keeps store-1 (nothing readable
 * before durable) and store-2 (offsets dense, in the order of running).
 */
struct store_append {
	struct store_job job; /* set done; run stays NULL */
	struct store_part *part;
	char *batches;
	size_t len;
	uint32_t n_records;
	int64_t max_ts_ms;
	int64_t base_offset; /* out, valid in done with ERR_OK */
	const void *note; /* for the hooks; lives until done */
	/* NULL: none (and with store_call there may be none). Called once in
	 * the transaction, before the append: may put less into batches, len
	 * and n_records, down to nothing, which is then done without an append.
	 * Its error undoes the group, and so does one of the append after it:
	 * what it has written cannot be undone alone. */
	int (*filter)(
		struct store_append *a, struct store_conn *c, struct err *e);
};
MUST_CHECK int store_submit_append(
	struct store *s, struct store_append *a, struct err *e);
/* Inside a job's run: the same, in the job's own transaction. */
MUST_CHECK int store_tx_append(struct store_conn *c, struct store_part *p,
	char *batches, size_t len, uint32_t n_records, int64_t max_ts_ms,
	int64_t *base_offset, struct err *e);

/*
 * Prepared appends, for who commits elsewhere between two jobs (store-11,
 * store-12). Inside a job's run append_prepared puts rows in their final place;
 * after the commit they are durable and keep their offsets, but the high
 * watermark stays below them: no reader, watcher, time index or retention sees
 * them. Further append_prepared add to them; every other append to the
 * partition fails with BUSY, that job alone. In a later job publish makes all
 * prepared rows of the partition visible, or discard deletes them, and their
 * offsets are given again. Both do nothing if nothing is prepared. publish and
 * then append_prepared in one job is one step: the old ones become visible, the
 * new ones wait. A partition stays prepared over a crash or restart.
 */
MUST_CHECK int store_tx_append_prepared(struct store_conn *c,
	struct store_part *p, char *batches, size_t len, uint32_t n_records,
	int64_t max_ts_ms, int64_t *base_offset, struct err *e);
MUST_CHECK int store_tx_publish(
	struct store_conn *c, struct store_part *p, struct err *e);
MUST_CHECK int store_tx_discard(
	struct store_conn *c, struct store_part *p, struct err *e);
/* As of the last commit. Also of a store opened for reading. @thread any */
bool store_part_is_prepared(const struct store_part *p);

/* The same with a note for the hooks. */
MUST_CHECK int store_tx_append_noted(struct store_conn *c, struct store_part *p,
	char *batches, size_t len, uint32_t n_records, const void *note,
	int64_t *base_offset, struct err *e);

/*
 * What is kept beside a file's data and commits with it (src/audit,
 * src/dedupe). All of it runs on the writer: begin before the jobs of a group,
 * note after each append that succeeded, in its transaction, save before the
 * COMMIT if nothing failed, end when the outcome is known. An error of note
 * outside a job, or of save, undoes the group. What note writes for an append
 * in a job is undone with the job; what is kept in memory is taken back by
 * undo, to where it was at the last mark, which is made before such a job. Any
 * of them but begin may be NULL.
 */
struct store_hook_append {
	const struct store_part *part;
	struct slice batches; /* with their offsets */
	const void *note; /* as given with the append; NULL: none */
	bool in_job;
};
struct store_hook {
	void (*begin)(void *cookie);
	int (*note)(void *cookie, struct store_conn *c,
		const struct store_hook_append *a, struct err *e);
	int (*save)(void *cookie, struct store_conn *c, struct err *e);
	void (*mark)(void *cookie);
	void (*undo)(void *cookie);
	void (*end)(void *cookie, bool is_committed);
	void *cookie;
};
/* Before the first append; at most STORE_HOOKS_MAX for each store. */
#define STORE_HOOKS_MAX 2
void store_add_hook(struct store *s, const struct store_hook *h);

/* Partitions. open creates it if missing (blocks, not on the writer thread). */
MUST_CHECK int store_part_open(struct store *s, const char *topic, int idx,
	struct store_part **out, struct err *e);
/* NULL if there is none. */
struct store_part *store_part_find(
	struct store *s, struct slice topic, int idx);
/* Marks deleted; rows go in the background; the name can be reused. Handles
 * stay valid and read as empty. */
MUST_CHECK int store_part_delete(
	struct store *s, struct store_part *p, struct err *e);
struct store_part_state {
	int64_t log_start;
	int64_t high_watermark; /* offset after the last durable record */
	int64_t bytes;
	bool is_deleted;
};
/* Lock-free snapshot. @thread any */
void store_part_state(const struct store_part *p, struct store_part_state *out);
/* Calls fn(cookie, part) on the writer thread after each commit that moved a
 * high watermark. Register before the first append; at most 8. */
void store_watch(struct store *s,
	void (*fn)(void *cookie, struct store_part *p), void *cookie);

/*
 * Retention. A floor is the next offset that some reader still needs; rows at
 * or above the least floor are never deleted. Slots are fixed numbers.
 */
enum store_floor {
	STORE_FLOOR_PIPELINE,
	STORE_FLOOR_CLICKHOUSE,
	STORE_FLOOR_CLICKHOUSE2,
	STORE_FLOOR_REPLAY,
	STORE_N_FLOORS
};
/* INT64_MAX: this reader needs nothing (the default). */
void store_part_set_floor(
	struct store_part *p, enum store_floor slot, int64_t offset);
/* retention_ms and retention_bytes: -1 none. Applied by the writer between
 * commits in steps of at most 4 MB or 64 rows. */
void store_part_set_retention(
	struct store_part *p, int64_t retention_ms, int64_t retention_bytes);
/* -1: for ever, however much. */
int64_t store_part_retention_ms(const struct store_part *p);
int64_t store_part_retention_bytes(const struct store_part *p);
/* Sizes of the file and its WAL, and the bytes in all live rows. */
void store_sizes(const struct store *s, int64_t *file_bytes, int64_t *wal_bytes,
	int64_t *row_bytes);
bool store_is_failed(const struct store *s);
/* The writer found the disk full and has not begun a transaction since. */
bool store_is_full(const struct store *s);
/* One pointer of the folder that keeps its tables in the file; NULL at first.
 * Set before the first job. */
void store_attach(struct store *s, void *p);
void *store_attached(const struct store *s);
void *store_conn_attached(const struct store_conn *c);

/* A read-only connection for one thread at a time. */
MUST_CHECK int store_reader_open(
	struct store *s, struct store_conn **out, struct err *e);
void store_reader_close(struct store_conn *c);
/* For tools on a folder without a daemon: no writer thread, no migration. */
MUST_CHECK int store_open_readonly(const char *dir, enum store_kind kind,
	struct store **out, struct err *e);

/*
 * Appends whole batches to out, beginning with the one that contains `from`, up
 * to the high watermark, until the next one would go over max_bytes (the first
 * is always read). *next is the offset after the last batch read (or `from` if
 * nothing). Below the log start: NOT_FOUND. Reads via out only; never holds a
 * read transaction after return.
 */
MUST_CHECK int store_read(struct store_conn *c, const struct store_part *p,
	int64_t from, size_t max_bytes, struct buf *out, int64_t *next,
	struct err *e);
/* First offset with timestamp >= ts_ms: *offset -1 if none; batch granularity
 * is refined to the record. */
MUST_CHECK int store_offset_for_time(struct store_conn *c,
	const struct store_part *p, int64_t ts_ms, int64_t *offset,
	int64_t *found_ts_ms, struct err *e);

#endif
