#ifndef SLUICE_EVENT_ELEMENTS_H
#define SLUICE_EVENT_ELEMENTS_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/slice.h"

/*
 * The elements chain (ingestion spec 3.9) of $elements, JSON text. "" if it is
 * no array of objects. Only memory can fail: p NULL.
 */
struct slice event_elements_chain(
	struct slice elements, struct buf *scratch, struct arena *a);
/* The order of attribute names: <0, 0, >0. */
int event_elements_compare(struct slice a, struct slice b);

#endif
