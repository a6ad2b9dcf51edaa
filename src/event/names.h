#ifndef SLUICE_EVENT_NAMES_H
#define SLUICE_EVENT_NAMES_H

#include <stdbool.h>

#include "base/slice.h"

/* Property names that mean something, as a sorted table (names.def). */
enum event_name_flag {
	EVENT_NAME_PERSON = 1, /* list P: goes to $set and $initial_… */
	EVENT_NAME_QUIET = 2, /* list F: a change alone is not written */
	EVENT_NAME_DROPPED = 4, /* 3.7: never stored */
	EVENT_NAME_PROTECTED = 8, /* 5.11: never trimmed */
	EVENT_NAME_HOST_OS = 16, /* not from a server SDK */
};
/* 0 for other names. initial (may be NULL) gets "$initial_…" of a name with
 * EVENT_NAME_PERSON: static memory. */
unsigned event_name_flags(struct slice name, struct slice *initial);
/* An id that no merge may use (5.5); also one over 400 units. */
bool event_id_illegal(struct slice id);
/* $lib of a server SDK (3.4). */
bool event_lib_is_server(struct slice lib);

#endif
