#ifndef SLUICE_PIPELINE_PUT_H
#define SLUICE_PIPELINE_PUT_H

#include "base/buf.h"
#include "person/person.h"
#include "pipeline/batch.h"

/*
 * The messages of ingestion spec 7 and 1.4: each function appends one record
 * (value, key) to an out. scratch is used while a call runs. Pure but for the
 * ids of letters.
 */

/* TOO_BIG: over the topic's largest message, nothing was put. */
MUST_CHECK int put_event(struct out *o, const struct item *it,
	const struct put_clock *k, struct buf *scratch, struct err *e);
void put_heatmap(struct out *o, const struct event *ev);

/* false: over the topic's largest message, nothing was put. */
bool put_person(struct out *o, const struct person *p, struct buf *scratch);
void put_person_id(
	struct out *o, const struct person_id *d, struct buf *scratch);
bool put_group(
	struct out *o, const struct person_group *g, struct buf *scratch);

void put_warning(struct out *o, int64_t team_id, const char *type,
	struct slice details, const struct put_clock *k);

/* a holds the headers while the call runs. */
void put_letter(struct out *o, const struct item *it, const struct input *from,
	const struct put_clock *k, struct buf *scratch, struct arena *a);

#endif
