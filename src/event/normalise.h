#ifndef SLUICE_EVENT_NORMALISE_H
#define SLUICE_EVENT_NORMALISE_H

#include "event/event.h"

/*
 * From a message to an event ready for persons and output (ingestion spec 1.1
 * and 3). Pure: no I/O, no clock. Order: event_read, event_check, [apps],
 * event_normalise, then person_apply (person/person.h).
 */

/* Reused by one thread; nothing is allocated per event but from the arena. */
struct event_work {
	struct arena *arena; /* of the batch */
	struct buf *scratch;
};

/*
 * What decode found (spec 1.1 step 4: outer members win over those of data).
 * p NULL: absent. Texts are decoded; event_text does that for string nodes and
 * gives the text of other JSON values.
 */
struct event_source {
	struct slice uuid; /* outer, else of data */
	struct slice distinct_id; /* outer, else of data */
	struct slice name; /* outer, else of data */
	struct slice ip;
	struct slice now; /* text; if it does not parse, fallback_now_us */
	int64_t fallback_now_us; /* the time of the record */
	struct slice sent_at;
	struct slice timestamp; /* OUTER: the time capture computed; text */
	struct slice sent_at_invalid; /* header */
	bool historical;
	bool force_personless; /* header force_disable_person_processing */
	bool is_cookieless; /* outer is_cookieless_mode */
	const struct json_doc *doc; /* of data (or of a message without data) */
	uint32_t object; /* node of the event object: properties, $set, … */
};

/* Text of an event's name or distinct_id node: a string decoded, lone
 * surrogates as their escape and one backslash, NUL as U+FFFD; a number or
 * other value in JavaScript's text form (distinct_id) or JSON (name). */
struct slice event_text(
	const struct json_doc *d, uint32_t node, bool js, struct event_work *w);

/* Fills ev (any content before is ignored): identity, properties with the
 * top-level members merged in (3.3, depth 3.2), times. NO_MEMORY, or INVALID
 * when there is no object. src->doc and its text must outlive ev. */
MUST_CHECK int event_read(struct event *ev, const struct event_rules *rules,
	const struct event_source *src, struct event_work *w, struct err *e);

/*
 * Steps 7, 8, 9, 11, 12, 14, 17 and 18: checks with their warnings and the
 * process-person flag. EVENT_DROP: no row, but ev->warnings counts. After it
 * kind and is_personless are final unless an app changes the event.
 * EVENT_CLIENT_WARNING is dropped here with its warning.
 */
enum event_next event_check(struct event *ev, struct event_work *w);

/*
 * Steps 20, 22, 24 and the elements chain of 25: automatic person properties,
 * removed properties, anonymising, name cut, heatmap rows, what the persons
 * step needs. A $$heatmap event comes out with rows only: write no event row
 * for it (EVENT_DROP if it has none left). NO_MEMORY is told by
 * ev->props.failed.
 */
enum event_next event_normalise(struct event *ev, struct event_work *w);

/* 1.1 step 20 again: person members of personless events, $groupidentify. */
void event_clean_persons(struct event *ev);

#endif
