#ifndef SLUICE_AUDIT_GATHER_H
#define SLUICE_AUDIT_GATHER_H

#include "audit/report.h"
#include "topic/topic.h"

/* What a report is made of. */
enum audit_log_id {
	AUDIT_LOG_CAPTURE,
	AUDIT_LOG_OVERFLOW,
	AUDIT_LOG_HISTORICAL,
	AUDIT_LOG_OWN,
	AUDIT_LOG_OUTPUT,
	AUDIT_N_LOGS
};
struct audit_log {
	enum topic_id topic;
	int partition;
	enum audit_file file;
	int64_t start, end; /* in the snapshot of its file */
	int64_t next; /* that its reader reads next */
};
struct audit_gather {
	const struct audit_sources *s;
	const struct audit_options *o;
	struct audit_log logs[AUDIT_N_LOGS];
	struct audit_list list;
	struct audit_bounds bounds[AUDIT_N_EQS];
	struct audit_acc acc;
	struct audit_memo memo;
	int64_t since; /* first minute that is counted whole */
	int64_t clickhouse_since; /* that ClickHouse gets whole */
	uint64_t n_copies; /* of uuids that clients sent more than once */
	struct buf notes; /* JSON strings, each with a comma before it */
};
MUST_CHECK int audit_gather_init(struct audit_gather **out,
	const struct audit_sources *s, const struct audit_options *o,
	struct err *e);
void audit_gather_free(struct audit_gather *g);
/* Fills list and bounds. */
MUST_CHECK int audit_gather_all(struct audit_gather *g, struct err *e);
void audit_gather_note(struct audit_gather *g, const char *fmt, ...)
	PRINTF(2, 3);

/* log.c: records of a log between two offsets; stops after max_bytes.
 * *reached: the offset after the last. */
MUST_CHECK int audit_log_read(struct audit_gather *g, enum audit_log_id id,
	int64_t from, int64_t to, size_t max_bytes, audit_visit_fn *fn,
	void *cookie, int64_t *reached, struct err *e);
MUST_CHECK int audit_log_unread(struct audit_gather *g, struct err *e);
MUST_CHECK int audit_log_recount(struct audit_gather *g, struct err *e);
/* ask.c: what ClickHouse has. */
MUST_CHECK int audit_ask_clickhouse(struct audit_gather *g, struct err *e);

#endif
