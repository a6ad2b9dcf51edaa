#ifndef SLUICE_EVENT_NORMALISE_INT_H
#define SLUICE_EVENT_NORMALISE_INT_H

#include "event/normalise.h"

/* Inside event/ only. */

/* The project's rule for addresses on $ip (spec 2.2). */
void event_anonymise(struct event *ev);
/* Begins a warning with eventUuid, event and distinctId. */
void event_warn_of(struct event_warning_writer *x, struct event *ev,
	struct event_work *w, enum event_warning_type type);

#endif
