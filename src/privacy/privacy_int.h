#ifndef SLUICE_PRIVACY_PRIVACY_INT_H
#define SLUICE_PRIVACY_PRIVACY_INT_H

#include "base/arena.h"
#include "base/thread.h"
#include "base/uuid.h"
#include "privacy/privacy.h"
#include "privacy/sql.h"
#include "store/store.h"

#define PRIVACY_ARENA_MAX ((size_t)256 * 1024 * 1024)
#define PRIVACY_IDS_MAX_BYTES ((size_t)64 * 1024 * 1024)
#define PRIVACY_MARKS_MAX 64

/* How far one consumer group of ClickHouse has to read. */
struct privacy_mark {
	char group[64];
	const char *topic;
	int partition;
	int64_t offset;
};

struct privacy {
	struct privacy_options o;
	struct thread thread;
	struct lock lock;
	struct cond wake;
	/* guarded by lock */
	bool stopping;
	bool has_news; /* a task was recorded */
	int64_t trouble_of; /* the task that trouble is about; 0: none */
	char trouble[240];
	/* The thread's own. */
	int64_t marks_at_us; /* when they were taken; 0: never */
	struct privacy_mark marks[PRIVACY_MARKS_MAX];
	int n_marks;
};

/* A row of the table erasure; texts live in the arena it was read into. */
struct erasure {
	int64_t id, team_id;
	struct slice asked_for, uuid;
	int64_t version; /* of the tombstone's message; 0: there was no person */
	struct slice distinct_ids; /* a JSON array */
	bool with_events;
	int64_t asked_at_us;
	struct slice front;
	int64_t cut_at_us; /* 0: the inputs are not read yet */
	int64_t step;
	int64_t n_rows;
	int64_t done_at_us; /* 0: not done; negative: not committed yet */
};

/* Rows (task.c). NOT_FOUND. */
MUST_CHECK int erasure_get(struct store_conn *c, enum privacy_sql which,
	int64_t team_id, struct slice key, int64_t id, struct arena *a,
	struct erasure *out, struct err *e);
/* Inside a job. */
MUST_CHECK int erasure_insert(
	struct store_conn *c, struct erasure *x, struct err *e);
/* Blocks: a job of its own. */
MUST_CHECK int erasure_save(
	struct privacy *p, const struct erasure *x, struct err *e);
MUST_CHECK int erasure_add(struct privacy *p, struct erasure *x, struct err *e);

/* The thread (run.c). */
void privacy_main(void *cookie);
/* One step of a task. 1: go on at once, 0: look again soon. */
MUST_CHECK int erasure_advance(
	struct privacy *p, struct erasure *x, struct arena *a, struct err *e);

/* Counts the event rows that go, once for each step (count.c). Blocks. */
MUST_CHECK int erasure_count_events(struct privacy *p,
	const struct erasure *task, struct buf *where, struct buf *query,
	struct err *e);

/* The rows of ClickHouse (tables.c). How many steps the task has; the table of
 * a step and which rows of it go, as SQL. */
MUST_CHECK int tables_steps(
	const struct erasure *x, struct arena *a, int64_t *n, struct err *e);
MUST_CHECK int tables_step(const struct erasure *x, int64_t step,
	struct arena *a, const char **table, struct buf *where, struct err *e);

/* "remains":[…] of a report (remains.c). */
MUST_CHECK int remains_put(struct privacy *p, const struct erasure *x,
	bool is_wiped, struct buf *out, struct err *e);

#endif
