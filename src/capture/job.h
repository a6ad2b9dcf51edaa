#ifndef SLUICE_CAPTURE_JOB_H
#define SLUICE_CAPTURE_JOB_H

#include <stdatomic.h>

#include "audit/audit.h"
#include "base/buf.h"
#include "capture/share.h"
#include "dedupe/dedupe.h"
#include "store/store.h"
#include "team/rules.h"
#include "team/team.h"
#include "topic/batch.h"

/* The records of a request on their way to the front log. */
struct capture;
struct http_request;

/* The heavy thread waits while so many bytes of its batches are not written. */
#define CAPTURE_HEAVY_BYTES ((size_t)16 * 1024 * 1024)
/* A large request is written in portions of about so much. */
#define CAPTURE_PORTION_BYTES ((size_t)1024 * 1024)
/* What the store takes at once, with room. */
#define CAPTURE_PIECE_BYTES ((size_t)32 * 1024 * 1024)

#define CAPTURE_OUTS 5

/* Record batches for one topic. */
struct capture_out {
	struct store_part *part;
	struct buf batches;
	struct batch_writer w;
	bool is_open; /* w has been begun */
	uint32_t n;
	int64_t max_ts_ms;
};

/* What an event with a client's uuid is known by, and where its record is. */
#define CAPTURE_PRINT_KNOWN 0x80000000u
struct capture_print {
	struct dedupe_print print;
	uint32_t out; /* of the job; | KNOWN once it was found */
	uint32_t at; /* how many records are before it in the out */
};

/* From the first record to the answer. A large request has several, one behind
 * the other in the writer's queue: the first of them, the head, has all that is
 * of the request (down to the tally), the others only records. */
struct capture_job {
	struct store_append append; /* one topic */
	struct store_job multi; /* several */
	struct http_request *r;
	struct capture *c;
	bool beacon;
	struct buf answer; /* of v1: the body of the success answer */
	size_t heavy_bytes; /* counted in the capture's */
	uint32_t share;
	int64_t share_cost; /* counted in the capture's shares */
	struct team_letters letters; /* that are to be put back; n 0: none */
	uint32_t n_events;
	int64_t quota_team; /* 0: none to count for */
	uint32_t used[TEAM_N_KINDS];
	int n_portions; /* with itself */
	_Atomic int n_unfinished; /* of them */
	_Atomic int failed; /* why the first that failed did; 0: none */
	struct capture_job *head; /* itself if it is that */
	struct capture_job *next_portion;
	struct audit_tally tally; /* of records for the app server */
	struct buf prints; /* struct capture_print, in the order of records */
	uint32_t n_known; /* events that were not stored again */
	int n_outs;
	struct capture_out outs[CAPTURE_OUTS];
	struct capture_job *next_free;
};

/* pool.c */
struct capture_job *capture_job_get(struct capture *c);
/* With the portions behind it. */
void capture_job_put(struct capture_job *j);
void capture_job_put_one(struct capture_job *j);
void capture_jobs_free(struct capture *c);
struct capture_scratch *capture_scratch_get(struct capture *c);
void capture_scratch_put(struct capture *c, struct capture_scratch *s);

/* Takes what is known out of the job's batches; the rest is remembered, if it
 * commits. Once, in the job's transaction. @thread store */
MUST_CHECK int capture_drop_known(
	struct capture_job *j, struct store_conn *conn, struct err *e);

#endif
