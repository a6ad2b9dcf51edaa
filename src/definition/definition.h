#ifndef SLUICE_DEFINITION_DEFINITION_H
#define SLUICE_DEFINITION_DEFINITION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/slice.h"
#include "event/event.h"

/*
 * Event and property definitions (ingestion spec 8.6): which events a project
 * has, with which properties of which types. Pure: no I/O, no clock.
 *
 * A batch: definition_set_init; definition_note for each event with a row,
 * after persons and groups; the store saves the lists of the set; then, once
 * that is committed, definition_learn. What is known costs an event one look-up
 * and no statement. A store may lose a set: it is found anew with the next
 * event of the kind, since nothing is known before it was saved.
 *
 * One thread at a time.
 */
enum definition_kind {
	/* as in posthog_propertydefinition.type */
	DEFINITION_EVENT = 1,
	DEFINITION_PERSON = 2,
	DEFINITION_GROUP = 3,
};

enum definition_type {
	DEFINITION_UNTYPED,
	DEFINITION_DATETIME,
	DEFINITION_STRING,
	DEFINITION_NUMERIC,
	DEFINITION_BOOLEAN,
	DEFINITION_N_TYPES
};
/* "DateTime", …; NULL for DEFINITION_UNTYPED. */
extern const char *const definition_type_names[DEFINITION_N_TYPES];

/* A new event name, or one whose last_seen_at is to be moved. */
struct definition_event {
	struct definition_event *next;
	int64_t team_id, project_id;
	struct slice name;
	int64_t seen_at_us; /* a whole hour */
};

/* A new property, or one whose type has become known. */
struct definition_property {
	struct definition_property *next;
	int64_t team_id, project_id;
	enum definition_kind kind;
	int group_type_index; /* -1 but for DEFINITION_GROUP */
	struct slice name;
	enum definition_type type;
};

/* An event that has a property. */
struct definition_pair {
	struct definition_pair *next;
	int64_t team_id, project_id;
	struct slice event, property;
};

/* What was saved lately, of all projects; bounded, least recently used go
 * first. */
struct definition_known;
MUST_CHECK int definition_known_new(
	struct definition_known **out, struct err *e);
void definition_known_free(struct definition_known *k);

/* Of one batch; lives in its arena. Each thing is in its list once. */
struct definition_set {
	struct arena *arena;
	struct definition_known *known;
	int64_t now_us; /* the batch's clock */
	struct definition_event *events, **events_tail;
	struct definition_property *properties, **properties_tail;
	struct definition_pair *pairs, **pairs_tail;
	uint32_t n_events, n_properties, n_pairs;
	uint32_t n_skipped; /* events with too many properties */
	/* Inside definition/: what is new, by hash. */
	struct definition_new *news;
	uint32_t n_news, mask;
	bool failed; /* no memory: the set is not to be saved */
};

void definition_set_init(struct definition_set *s, struct definition_known *k,
	struct arena *a, int64_t now_us);

/* A hash of the event's names and kinds of values: events of one shape have the
 * same definitions. May run before persons, on any thread; for ev->shape. */
uint64_t definition_shape(const struct event *ev);

/* group_type_index: of ev->group_type if the event is a $groupidentify whose
 * type has an index, else -1. Slices of the event must outlive the set. */
void definition_note(
	struct definition_set *s, const struct event *ev, int group_type_index);

static inline bool
definition_set_is_empty(const struct definition_set *s)
{
	return s->n_events + s->n_properties + s->n_pairs == 0;
}

/* The set was committed. */
void definition_learn(struct definition_set *s);

/* The type a value of this name has; now_us as in the set. */
enum definition_type definition_type_of(
	struct slice name, struct slice value, int64_t now_us);

#endif
