#ifndef SLUICE_STORE_STORE_INT_H
#define SLUICE_STORE_STORE_INT_H

#include <stdatomic.h>

#include <sqlite3.h>

#include "base/queue.h"
#include "base/sql_text.h"
#include "base/thread.h"
#include "store/sql.h"
#include "store/store.h"

/* The inside of store/: structs and the calls between its files. */

#define STORE_OFFSET_BITS 44
#define STORE_OFFSET_END ((int64_t)1 << STORE_OFFSET_BITS)
#define STORE_PART_ID_MAX ((int64_t)0x7ffff)
#define STORE_ROW_ID(part_id, offset)                                          \
	((int64_t)((uint64_t)(part_id) << STORE_OFFSET_BITS) + (offset))
#define STORE_BUSY_MS 5000
#define STORE_WATCHERS_MAX 8
#define STORE_PART_BUCKETS 1024

/* Statements of the log itself. */
enum store_sql {
	STORE_SQL_BEGIN,
	STORE_SQL_BEGIN_READ,
	STORE_SQL_COMMIT,
	STORE_SQL_ROLLBACK,
	STORE_SQL_SAVEPOINT,
	STORE_SQL_RELEASE,
	STORE_SQL_ROLLBACK_TO,
	STORE_SQL_PART_ADD,
	STORE_SQL_PART_GET,
	STORE_SQL_PART_ALL,
	STORE_SQL_PART_COUNTS,
	STORE_SQL_PART_MARK_DELETED,
	STORE_SQL_PART_REMOVE,
	STORE_SQL_PART_NEWER,
	STORE_SQL_PREPARED_ADD,
	STORE_SQL_PREPARED_REMOVE,
	STORE_SQL_PREPARED_ALL,
	STORE_SQL_ROW_ADD,
	STORE_SQL_ROW_FLOOR,
	STORE_SQL_ROWS_FROM,
	STORE_SQL_ROWS_OLDEST,
	STORE_SQL_ROWS_DELETE,
	STORE_SQL_PRODUCERS_DELETE,
	STORE_SQL_EPOCHS_DELETE,
	STORE_SQL_FREE_PAGES,
	STORE_SQL_ALL_PAGES,
	STORE_SQL_VACUUM_STEP,
	STORE_SQL_N
};
extern const struct sql_set store_sql;

struct store_stmt {
	sqlite3_stmt *st;
	struct store_conn *c;
	int bind_rc; /* first failed bind since the last reset */
};

struct conn_set {
	const struct sql_set *set;
	struct store_stmt *stmts;
};

#define CONN_SETS_MAX 32
struct store_conn {
	sqlite3 *db;
	struct store *s;
	struct conn_set sets[CONN_SETS_MAX];
	int n_sets;
	bool is_secure; /* secure_delete, off to begin with */
	/* Writer: the first error of the open transaction after which it cannot
	 * be kept whole; 0 none. */
	int tx_rc;
	struct err tx_err;
};

/*
 * One row: batches back to back. Made by the writer, bound to the INSERT as it
 * is, and after the commit kept in the tail cache. Shared by reference count.
 */
struct store_chunk {
	struct store_chunk *tx_next;
	struct store_chunk *tail_next;
	struct store_part *part;
	int64_t base, next; /* offsets: first, after the last */
	int64_t max_ts;
	int64_t put_ns;
	uint32_t n_records;
	atomic_uint refs;
	size_t len, cap;
	char bytes[];
};

/* What a transaction may change of a partition. */
struct part_counts {
	int64_t next;
	int64_t published; /* less than next: rows from here on are prepared */
	int64_t bytes; /* of all rows */
	int64_t rows;
	int64_t prepared_bytes; /* of these, in prepared rows */
};

struct time_entry {
	int64_t base; /* of the block's first row */
	int64_t max_ts; /* of all rows up to the block's end */
};

struct store_part {
	struct store *s;
	struct store_part *bucket_next; /* guarded by parts_lock */
	struct store_part *all_next; /* set before the part is reachable */
	int64_t id;
	char *topic;
	size_t topic_len;
	int idx;

	_Atomic int64_t log_start, high_watermark, bytes;
	atomic_bool is_deleted, is_prepared;
	_Atomic int64_t floors[STORE_N_FLOORS];
	_Atomic int64_t retention_ms, retention_bytes;

	/* writer only */
	struct part_counts now; /* with the open transaction */
	struct part_counts committed;
	struct part_counts saved; /* before the open savepoint */
	uint64_t saved_in; /* number of the savepoint of saved */
	bool in_tx;
	struct store_part *tx_link, *savepoint_link;
	struct store_chunk *open; /* row being filled */
	/* Prepared rows of this process, committed; into the tail when they are
	 * published. held_next: offset after the last. */
	struct store_chunk *held, **held_end;
	int64_t held_next;
	int64_t live_from; /* prepare.c, while a commit is sorted */
	size_t to_come; /* bytes of this group's appends not yet added */
	int64_t retain_at_ns; /* next look at the oldest row */
	int64_t counted_at_ns; /* last UPDATE of its counts */
	bool is_gone; /* deleted and without rows */

	/* guarded by tail.lock: cached rows, contiguous up to the newest */
	struct store_chunk **ring;
	size_t ring_head, ring_n, ring_cap;

	/* guarded by time_lock */
	struct lock time_lock;
	struct time_entry *times;
	size_t n_times, cap_times;
	int64_t time_next; /* offset up to which times reaches */
	int64_t time_max; /* greatest timestamp before time_next */
};

struct store_tail {
	struct lock lock;
	struct store_chunk *first, **last; /* all cached rows, oldest first */
	size_t bytes, max_bytes;
};

struct store_tx {
	struct store_part *parts; /* touched */
	struct store_chunk *rows, **rows_end; /* inserted, in order */
	uint64_t savepoint; /* number of the open or last one */
	bool in_savepoint;
	bool has_discard; /* rows may hold some that are no more in the file */
	struct store_part *savepoint_parts;
	struct store_chunk **savepoint_rows_end;
};

struct store_watcher {
	void (*fn)(void *cookie, struct store_part *p);
	void *cookie;
};

/* The checkpoint helper; all but the thread guarded by lock. */
struct store_checkpoint {
	struct thread thread;
	struct store_conn *c;
	struct lock pass; /* held while a WAL is copied; before lock */
	struct lock lock;
	struct cond wake;
	bool is_dirty, stop;
};

struct store {
	enum store_kind kind;
	char *path;
	char *wal_path;
	char *uri; /* of an immutable file, else NULL */
	bool is_readonly; /* tools: no writer */
	void *attached;
	bool is_secure; /* overwrites what its jobs delete */
	int page_size;
	void (*on_fatal)(void *cookie, const struct err *why);
	void *cookie;

	struct queue queue;
	struct thread thread;
	struct store_conn *w; /* the writer's; used by its thread only */
	struct store_tx tx;
	struct store_job *waiting; /* taken from the queue, not yet begun */
	uint32_t last_share; /* of the jobs looked at by group.c */
	_Atomic int64_t shared_until_ns; /* jobs of several shares came */
	int paced_slot; /* who has most of the group that runs; -1: nobody */
	int held_slot; /* whose jobs wait until then */
	int64_t held_until_ns;
	struct store_watcher watchers[STORE_WATCHERS_MAX];
	int n_watchers;
	struct store_hook hooks[STORE_HOOKS_MAX];
	int n_hooks;
	int64_t maintain_at_ns, vacuum_at_ns;
	atomic_bool is_full; /* the disk */
	int64_t try_room_at_ns;
	int64_t last_job_ns;
	bool maintain_fully; /* a test asked */

	atomic_bool failed;
	atomic_bool stopping;
	atomic_bool checkpoint_failed; /* why stands in checkpoint_err */
	struct err checkpoint_err;
	struct store_job wake; /* the helper's, to make the writer look */
	struct err why; /* of failed; written once by the writer */

	struct lock parts_lock;
	struct store_part *buckets[STORE_PART_BUCKETS];
	struct store_part *_Atomic all_parts;
	atomic_int n_parts;
	_Atomic int64_t row_bytes;

	struct store_tail tail;
	struct store_checkpoint checkpoint;
	_Atomic int64_t wal_bytes;
	_Atomic int64_t copied_bytes; /* of the WAL, by the last pass */
	atomic_bool wants_writer_pass;
};

/* alloc.c: SQLite takes its memory from base/mem. Once, before the first. */
void store_alloc_init(void);

/* conn.c */
extern const char *store_vfs;
MUST_CHECK int store_conn_open(
	struct store *s, int flags, struct store_conn **out, struct err *e);
/* For a failed store nothing is written to the file any more. */
void store_conn_close(struct store_conn *c);
MUST_CHECK int store_conn_exec(
	struct store_conn *c, const char *text, struct err *e);
MUST_CHECK int store_conn_int(
	struct store_conn *c, const char *text, int64_t *out, struct err *e);
/* The error of a failed SQLite call; notes it for the open transaction. */
int store_conn_err(
	struct store_conn *c, int rc, const char *what, struct err *e);
/* Prepares what ends a transaction, so that this cannot fail for memory. */
MUST_CHECK int store_conn_prepare_ends(struct store_conn *c, struct err *e);
void store_conn_reset_all(struct store_conn *c);
/* Whether what is deleted from now on is overwritten. */
MUST_CHECK int store_conn_set_secure(
	struct store_conn *c, bool is_secure, struct err *e);
MUST_CHECK int store_conn_run(
	struct store_conn *c, enum store_sql i, struct err *e);

/* schema.c */
MUST_CHECK int store_schema_check(
	struct store_conn *c, bool *is_new, struct err *e);
MUST_CHECK int store_schema_apply(struct store_conn *c, struct err *e);
extern const struct sql_text sql_base[], sql_log[], sql_spool[], sql_state[],
	sql_broker[], sql_config[];

/* part.c */
MUST_CHECK int store_parts_load(
	struct store *s, struct store_conn *c, struct err *e);
void store_parts_free(struct store *s);

/* append.c: rows inside the writer's transaction. */
MUST_CHECK int store_append_add(struct store *s, struct store_part *p,
	char *batches, size_t len, uint32_t n_records, int64_t *base,
	struct err *e);
/* The same, below the high watermark's move. */
MUST_CHECK int store_append_add_prepared(struct store *s, struct store_part *p,
	char *batches, size_t len, uint32_t n_records, int64_t *base,
	struct err *e);
/* p->now is about to change. */
void store_append_touch(struct store *s, struct store_part *p);
/* Inserts the open row, if there is one. */
MUST_CHECK int store_append_close_row(
	struct store *s, struct store_part *p, struct err *e);
MUST_CHECK int store_append_write_counts(
	struct store *s, struct store_part *p, struct err *e);
MUST_CHECK int store_append_flush(struct store *s, struct err *e);
MUST_CHECK int store_append_counts(struct store *s, struct err *e);
void store_append_begin_savepoint(struct store *s);
void store_append_end_savepoint(struct store *s, bool keep);
void store_append_discard(struct store *s);
/* Publishes what was committed; calls the watchers. */
void store_append_publish(struct store *s);

/* prepare.c: rows that are durable and not yet visible. */
MUST_CHECK int store_prepared_begin(
	struct store *s, struct store_part *p, struct err *e);
/* After a commit: its rows, and those held before, go to where they belong. */
void store_prepared_sort(struct store *s);
void store_prepared_drop_held(struct store_part *p);
/* After the partitions were loaded. */
MUST_CHECK int store_prepared_load(
	struct store *s, struct store_conn *c, struct err *e);

/* hook.c: what commits with the data (struct store_hook). */
void store_hooks_begin(struct store *s);
MUST_CHECK int store_hooks_note(struct store *s, struct store_part *p,
	struct slice batches, const void *note, bool in_job, struct err *e);
void store_hooks_mark(struct store *s);
void store_hooks_undo(struct store *s);
MUST_CHECK int store_hooks_save(struct store *s, struct err *e);
void store_hooks_end(struct store *s, bool is_committed);

/* commit.c: one group of jobs. */
void store_commit_group(struct store *s, struct store_job *list);
/* A transaction of the writer's own. */
MUST_CHECK int store_commit_own(struct store *s,
	int (*run)(struct store *s, void *cookie, struct err *e), void *cookie,
	struct err *e);
void store_fail(struct store *s, const struct err *why);

/* group.c: the jobs of the next transaction; something waits. NULL: all of it
 * is to wait until held_until_ns. */
struct store_job *store_group_take(struct store *s);
/* The group was begun then and has been committed. */
void store_group_took(struct store *s, int64_t from_ns);
/* Several shares have had jobs in the last second. @thread any */
bool store_group_is_shared(const struct store *s, int64_t now_ns);
/* More jobs, behind those that wait. */
void store_group_add(struct store *s, struct queue_node *list);

/* writer.c @thread store */
void store_writer_main(void *cookie);

/* retain.c: one step of housekeeping; 1: there is more to do, 0: not now. */
int store_retain_step(struct store *s, bool is_idle, bool all);

/* checkpoint.c */
MUST_CHECK int store_checkpoint_start(struct store *s, struct err *e);
void store_checkpoint_stop(struct store *s);
/* After a commit, on the writer. */
void store_checkpoint_after_commit(struct store *s);
/* The writer found the disk full; until the WAL could be copied into the file,
 * which is tried a few times a second, nothing is begun. */
void store_checkpoint_full(struct store *s);
bool store_checkpoint_has_room(struct store *s);
/* Everything into the file, and the WAL cut to nothing; BUSY: not now. */
MUST_CHECK int store_checkpoint_cut(struct store *s, struct err *e);

/* tail.c */
MUST_CHECK struct store_chunk *store_chunk_new(
	struct store_part *p, size_t cap);
void store_chunk_unref(struct store_chunk *c);
void store_tail_init(struct store *s, size_t max_bytes);
void store_tail_fini(struct store *s);
void store_tail_put(struct store *s, struct store_chunk *c); /* takes c */
bool store_tail_is_empty(struct store *s);
void store_tail_expire(struct store *s, int64_t before_ns);
/* The cached rows from the one that contains from, referenced; 0: not cached.*/
size_t store_tail_get(struct store_part *p, int64_t from, size_t max_bytes,
	struct store_chunk **out, size_t max);

/* read.c */
int64_t store_part_floor(const struct store_part *p);

#endif
