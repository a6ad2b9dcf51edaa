#ifndef SLUICE_DLQ_DLQ_INT_H
#define SLUICE_DLQ_DLQ_INT_H

#include "base/thread.h"
#include "dlq/dlq.h"
#include "dlq/read.h"
#include "store/store.h"

/* The inside of dlq/. */
struct dlq_file {
	int partition;
	struct store *s; /* NULL: not there */
	struct lock lock; /* one at a time takes letters in */
};

struct dlq {
	struct dlq_file f[DLQ_FILES];
};

struct sql_set;
struct store_stmt;

/* The partition of the letters in a file; NULL if there is none yet. */
struct store_part *dlq_part(const struct dlq_file *f);

/* letter_position. On a reader or inside a job. */
struct dlq_position {
	int64_t first, next, groups, changes;
};
MUST_CHECK int dlq_position_get(
	struct store_conn *c, struct dlq_position *out, struct err *e);

/* mark.c: from column col of a statement with MARK_COLUMNS. */
void dlq_mark_read(struct store_stmt *st, int col, struct dlq_mark *out);
struct dlq_kind;
/* index.c: the group of a kind, made if it is not there. Inside a job. */
MUST_CHECK int dlq_group_enter(struct store_conn *c, struct dlq_kind *k,
	struct dlq_position *at, struct err *e);
MUST_CHECK int dlq_group_seen(
	struct store_conn *c, const struct dlq_kind *k, struct err *e);
MUST_CHECK int dlq_position_put(
	struct store_conn *c, const struct dlq_position *at, struct err *e);
/* regroup.c: moves a row of the index, with its count, to the group of another
 * reason and error; nothing if there is no row yet. Inside a job. */
MUST_CHECK int dlq_regroup(struct store_conn *c, int64_t offset,
	const char *reason, const char *error, struct dlq_position *at,
	struct err *e);
/* The same beside a mark. */
MUST_CHECK int dlq_regroup_marked(struct store_conn *c, int64_t offset,
	const char *reason, const char *error, struct err *e);
/* group.c: adds to the counts of a group. Inside a job. */
MUST_CHECK int dlq_group_count(struct store_conn *c, int64_t group,
	const int64_t n[DLQ_N_STATES], struct err *e);
/* Binds a filter's reason, error and project at ?first and the two after. */
void dlq_bind_filter(
	struct store_stmt *st, int first, const struct dlq_filter *f);

/* scan.c: a row of DLQ_SQL_SCAN. */
void dlq_row_read(struct store_stmt *st, int partition, struct dlq_row *row);

/* index.c: one step of taking in what stands in batches. */
struct dlq_kind {
	uint64_t hash;
	int64_t team_id;
	struct slice reason, step, error;
	int64_t first_ms, last_ms, newest;
	int64_t n[DLQ_N_STATES];
	int64_t id; /* inside the job */
};
struct dlq_taken {
	int64_t offset, at_ms;
	struct uuid id;
	bool has_id;
	uint32_t kind;
};
/* Short steps: capture waits for the same writer. */
#define DLQ_STEP_LETTERS 500
struct dlq_step {
	struct store_job job;
	struct arena a;
	int64_t from, next; /* covers these offsets */
	uint32_t n_taken, n_kinds;
	struct dlq_taken taken[DLQ_STEP_LETTERS];
	struct dlq_kind kinds[DLQ_STEP_LETTERS];
};
/* Adds a letter; false: the step is full. */
bool dlq_step_add(struct dlq_step *x, const struct batch_record_view *rec);
int dlq_step_run(struct store_job *j, struct store_conn *c, struct err *e);

#endif
