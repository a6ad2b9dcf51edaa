#ifndef SLUICE_PIPELINE_KNOWN_H
#define SLUICE_PIPELINE_KNOWN_H

#include "dedupe/dedupe.h"

/*
 * Letters of capture that are put back: while they are letters their events are
 * not remembered (src/dedupe), so each is looked up when it goes to the front
 * log. What the project has sent by itself meanwhile, or by another letter, is
 * not appended again.
 */
struct audit_tally;
struct batch_header_kv;
struct team;

struct known_print {
	bool is_set; /* else it is not looked up */
	struct dedupe_print print;
};

/* By the message's headers. team NULL: no project has its key. */
void known_print_of(struct store *spool, const struct team *team,
	const struct batch_header_kv *headers, uint32_t n_headers,
	struct known_print *out);
/*
 * Inside the job, before the append: *is_known if there must be none; then it
 * is counted as a duplicate. again: append in any case, someone asked for it.
 */
MUST_CHECK int known_take(struct store_conn *c, const struct known_print *p,
	bool again, const struct audit_tally *tally, bool *is_known,
	struct err *e);

#endif
