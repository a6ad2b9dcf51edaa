#ifndef SLUICE_PIPELINE_DEBOUNCE_H
#define SLUICE_PIPELINE_DEBOUNCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

/*
 * At most one warning an hour per team, type and key (spec ingestion 7.5). Time
 * is the events' own `now`, never the clock, so that the same front log raises
 * the same warnings. The least recently used keys are forgotten over
 * LIMIT_WARNING_KEYS. Not thread-safe: used on the state thread alone.
 */
struct debounce;

/* The place of a warning: which input, the record's offset, and the warning's
 * number within the event. */
struct debounce_place {
	int input;
	int seq;
	int64_t offset;
};

MUST_CHECK int debounce_new(struct debounce **out, struct err *e);
void debounce_free(struct debounce *d); /* NULL allowed */
/* True if the warning is to be raised. Asked again for the place that was let
 * through last, the answer is true again: a batch that was undone and is done
 * once more raises the same warnings. */
bool debounce_allows(struct debounce *d, int64_t team_id, const char *type,
	struct slice key, const struct debounce_place *at, int64_t now_us);

#endif
