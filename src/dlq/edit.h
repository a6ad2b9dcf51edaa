#ifndef SLUICE_DLQ_EDIT_H
#define SLUICE_DLQ_EDIT_H

#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/slice.h"

struct buf;
struct letter_message;

/* The event of a message, as its JSON text: the text of data, or the message
 * itself if it has none. .p NULL: it is no JSON object. */
struct slice letter_event(const struct letter_message *m, struct arena *a);

/*
 * The message with another event (JSON text), checked as capture checks one
 * (spec capture 3.5 to 3.8). Its uuid stays unless the event names one, its
 * project, receipt and address stay. INVALID; TOO_BIG: over max_bytes. Slices
 * of *out live in the arena, in m and in event.
 */
MUST_CHECK int letter_edit(const struct letter_message *m, struct slice event,
	size_t max_bytes, struct arena *a, struct letter_message *out,
	struct err *e);

#endif
