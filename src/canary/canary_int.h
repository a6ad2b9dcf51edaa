#ifndef SLUICE_CANARY_CANARY_INT_H
#define SLUICE_CANARY_CANARY_INT_H

#include "audit/audit.h"
#include "base/buf.h"
#include "base/thread.h"
#include "base/uuid.h"
#include "canary/canary.h"
#include "store/store.h"

/* The inside of canary/. */
struct canary_event {
	int64_t at_us;
	char uuid[UUID_TEXT];
	int64_t offset; /* in the front log */
	int64_t row_offset; /* in the output log; -1: not found yet */
	bool is_lost; /* read on, and no row came of it */
};

struct canary {
	struct canary_options o;
	struct store_part *front, *output;
	struct store_conn *state_reader;
	struct buf record; /* of the canary that is sent */
	struct thread thread;

	/* Its thread only. */
	struct canary_event event; /* the one that is followed */
	enum canary_hop next; /* where it is looked for; N_HOPS: nowhere */
	int64_t send_at_ns;

	struct lock lock;
	struct cond wake;
	/* guarded by lock */
	bool is_stopping;
	int64_t interval_s;
	struct canary_state state;
};

/* record.c: the record batch, as capture makes it. */
MUST_CHECK int canary_make(struct canary *c, struct canary_event *ev,
	struct audit_tally *tally, struct err *e);

/* watch.c: 1: it is there, 0: not yet, NOT_FOUND: it never comes. */
MUST_CHECK int canary_look(
	struct canary *c, enum canary_hop hop, struct err *e);

#endif
