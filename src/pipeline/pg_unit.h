#ifndef SLUICE_PIPELINE_PG_UNIT_H
#define SLUICE_PIPELINE_PG_UNIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct input;
struct pg_flow;
struct store_conn;

/* What is committed together in Postgres and state.db (pg_flow.h). */
struct pg_unit {
	struct pg_unit *next;
	/* Inside the transaction: load, apply, messages, save. From the
	 * beginning when it is called again. @thread persons */
	int (*work)(struct pg_flow *f, struct pg_unit *u, struct err *e);
	/* Inside a job: the messages, by store_tx_append_prepared. */
	int (*append)(struct pg_unit *u, struct store_conn *c, struct err *e);
	/* The outcome; u may be freed in it. @thread persons */
	void (*done)(struct pg_unit *u, const struct err *outcome);
	struct input *in; /* NULL: nothing is read */
	int64_t position; /* of in, when it is published */
	size_t bytes; /* of the messages, for the store's queue */
	bool waits; /* while Postgres is away; otherwise fails then */
};

#endif
