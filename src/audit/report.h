#ifndef SLUICE_AUDIT_REPORT_H
#define SLUICE_AUDIT_REPORT_H

#include "audit/equation.h"
#include "base/buf.h"

/*
 * The comparison of all hops. Reads only: the files' counters in one snapshot
 * each, and of the logs what is not yet read further on, or, for a recount, all
 * that is kept.
 */
struct audit_clickhouse {
	/* Sums of the event rows below an offset of the output log, in the
	 * minutes from..to-1, under hop CLICKHOUSE. distinct: rows of one uuid
	 * count once. NULL: it is not asked. */
	int (*ask)(void *cookie, int64_t from, int64_t to, int64_t below,
		bool distinct, struct audit_list *out, struct err *e);
	void *cookie;
	int64_t offset; /* up to which it has read; taken before the report */
	const char *why_not; /* if it is not asked */
};
struct audit_sources {
	struct store *spool, *state;
	struct audit_teams teams;
	struct audit_clickhouse clickhouse;
};
struct audit_options {
	int64_t from, to; /* minutes */
	bool recount; /* also from the records kept */
	bool with_lines; /* all sums, not only what differs */
};
/*
 * Appends a JSON object to out: {"from","to","recount","clickhouse",
 * "differences":
 * [{"hop","minute","project_id","missing","extra","text"}],"notes":[text],
 * "unread","unseen","hops":{name:count},"lines":[...]}. docs/audit.md.
 * UNSUPPORTED: the files are older than the counters. Blocks; any thread but a
 * writer.
 */
MUST_CHECK int audit_report(const struct audit_sources *s,
	const struct audit_options *o, struct buf *out, struct err *e);

#endif
