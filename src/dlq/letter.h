#ifndef SLUICE_DLQ_LETTER_H
#define SLUICE_DLQ_LETTER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/json_read.h"
#include "base/slice.h"
#include "topic/batch.h"

/* A record of events_dead_letter_queue (spec ingestion 1.4) read back. Slices
 * live in the record and the arena. */

/* Headers beside those of the spec. A message that was put back says so, and a
 * letter that is made of it again keeps it. */
#define LETTER_REPLAY_OF "dlq_replay_of" /* id of the letter before */
#define LETTER_ATTEMPTS "dlq_attempts" /* how often it was put back */

struct letter {
	struct json_doc json; /* the value; n_nodes 0: it is no JSON object */
	struct slice id, error, event, distinct_id; /* decoded; .p NULL: none */
	struct slice reason, step; /* of the headers; "" if none */
	int64_t team_id;
};
/* Never fails: what cannot be read is not there. */
void letter_read(const struct batch_record_view *rec, struct arena *a,
	struct letter *out);
/* A member as text: strings decoded, others raw; .p NULL: none. */
struct slice letter_member(
	const struct letter *l, const char *name, struct arena *a);
/* The letter's number of attempts; 0: it was never put back before. */
int64_t letter_attempts(const struct batch_record_view *rec);

/* The message that a letter holds. */
struct letter_message {
	struct slice value; /* as capture wrote it */
	struct slice key; /* .p NULL: the message names no token */
	struct batch_header_kv *headers; /* its own, without dlq_* */
	uint32_t n_headers;
	struct slice topic; /* dlq_topic; .p NULL: none */
};
/* INVALID: the record is no letter. */
MUST_CHECK int letter_message(const struct batch_record_view *rec,
	struct arena *a, struct letter_message *out, struct err *e);
/* The key of capture spec 5.3 for the message's value. */
MUST_CHECK int letter_make_key(
	struct letter_message *m, struct arena *a, struct err *e);
struct slice letter_header(
	const struct letter_message *m, const char *name); /* .p NULL: none */
bool letter_is_own_header(struct slice name); /* dlq_* */

#endif
