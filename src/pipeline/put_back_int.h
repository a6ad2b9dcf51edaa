#ifndef SLUICE_PIPELINE_PUT_BACK_INT_H
#define SLUICE_PIPELINE_PUT_BACK_INT_H

#include <stdatomic.h>

#include "audit/audit.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/thread.h"
#include "pipeline/known.h"
#include "pipeline/put_back.h"
#include "store/store.h"
#include "topic/batch.h"

/* The inside of putting letters back. */
struct team;

#define PUT_BACK_LETTERS 250 /* in one transaction */

/* A letter and what becomes of it. */
struct put_back_item {
	int64_t offset;
	bool is_nobodys; /* it stays; else its message goes back: */
	struct store_part *to;
	size_t start, len; /* of its batch in out */
	struct audit_tally tally;
	struct known_print print;
};

/* What one transaction does: letters from some offset up to next. */
struct put_back_round {
	struct store_job job;
	struct put_back *p;
	int64_t now_us;
	int64_t next;
	int64_t letters, bytes; /* of those that had been counted as waiting */
	struct put_back_item items[PUT_BACK_LETTERS];
	int n, n_nobodys;
	struct buf out;
};

struct put_back {
	struct team_cache *teams;
	struct store *spool;
	struct store_part *letters, *main, *historical;
	struct store_conn *reader;
	struct arena arena; /* of one letter */
	const struct team_snapshot *snapshot; /* of the round */
	struct buf in, raw;
	int64_t next; /* the first letter that is not settled */
	/* A key that projects read later do not have is nobody's for letters
	 * before this offset. */
	int64_t judged_below;
	int64_t asked_at_ns, asked_below; /* a look that is awaited; 0: none */
	int64_t n_put_back, n_nobodys; /* since the last line about it */
	_Atomic bool is_stopping;
	struct thread thread;
	struct put_back_round round;
};

/* put_back_round.c */
/* Adds the letter's message; t has its key. INVALID: it is no letter. */
MUST_CHECK int put_back_add(struct put_back_round *r,
	const struct batch_record_view *rec, const struct team *t,
	struct err *e);
void put_back_add_nobodys(struct put_back_round *r, int64_t offset);
void put_back_round_begin(struct put_back_round *r, int64_t from);
/* All of it and the position, in one transaction. EXISTS: one of the letters
 * was put back by hand meanwhile, nothing is done. */
MUST_CHECK int put_back_round_commit(struct put_back_round *r, struct err *e);
MUST_CHECK int put_back_position(
	struct store_conn *c, int64_t *next, struct err *e);

#endif
