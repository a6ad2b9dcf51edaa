#ifndef SLUICE_PRIVACY_PRIVACY_H
#define SLUICE_PRIVACY_PRIVACY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

/*
 * One person's data: deleting it from the store and, by a task that outlives a
 * crash, from ClickHouse; and handing it out.
 */
struct privacy;
struct broker;
struct clickhouse;
struct pipeline;
struct store;

struct privacy_options {
	struct store *spool, *state;
	struct broker *broker;
	struct pipeline *pipeline;
	struct clickhouse *clickhouse; /* NULL: off, no rows there to delete */
	bool has_postgres; /* persons are there */
};
MUST_CHECK int privacy_start(
	const struct privacy_options *o, struct privacy **out, struct err *e);
void privacy_stop(struct privacy *p); /* NULL allowed */

struct privacy_request {
	int64_t team_id;
	struct slice distinct_id; /* or .p NULL: */
	struct slice uuid;
	bool with_events;
};
/*
 * Deletes a person and records the task for ClickHouse, in one transaction; out
 * gets the report as a JSON object (docs/privacy.md). Asked again it reports
 * the same deletion, unless the person has come back. With events a distinct
 * id that has no person is no error: it may have events. NOT_FOUND. Blocks.
 */
MUST_CHECK int privacy_delete(struct privacy *p,
	const struct privacy_request *q, struct buf *out, struct err *e);
/* The report of a recorded deletion. NOT_FOUND. */
MUST_CHECK int privacy_report(
	struct privacy *p, int64_t task, struct buf *out, struct err *e);

#endif
