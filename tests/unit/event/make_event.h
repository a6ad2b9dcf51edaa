#ifndef SLUICE_TESTS_EVENT_MAKE_EVENT_H
#define SLUICE_TESTS_EVENT_MAKE_EVENT_H

#include "event/normalise.h"

/* What tests of event/ and person/ share: an arena, a scratch buffer, and
 * events from JSON text. Now is 2026-01-01T00:00:00Z unless the text has it. */
#define MAKE_NOW_US INT64_C(1767225600000000)
#define MAKE_UUID "0190f000-0000-7000-8000-00000000a006"

struct make {
	struct arena arena;
	struct buf scratch;
	struct buf out;
	struct event_work work;
	struct event_rules rules;
};
void make_init(struct make *m);
void make_fini(struct make *m);
/* event_read alone; members uuid, distinct_id, event, ip, now, sent_at of the
 * text are the outer ones. */
struct event *make_read(struct make *m, const char *json);
/* Read, check and normalise; *next says how it ended. */
struct event *make_event(
	struct make *m, const char *json, enum event_next *next);
/* Makes it one of another team of the same project. */
void make_of_team(struct make *m, struct event *ev, int64_t team_id);
/* The stored properties as text (valid until the next call). */
const char *make_properties(struct make *m, const struct event *ev);
/* Names of the warnings, joined by commas; "" if none. */
const char *make_warnings(struct make *m, const struct event *ev);
struct slice make_parse(struct make *m, const char *json, struct json_doc *d);

#endif
