#ifndef SLUICE_PERSON_PERSON_INT_H
#define SLUICE_PERSON_PERSON_INT_H

#include "person/person.h"

/* One event being applied. Inside person/ only. */
struct apply {
	struct person_set *s;
	struct event *ev;
	struct event_work *w;
	bool merges_people; /* the person is the survivor of a merge: its
			       version is set, its write is sure */
	bool is_over_limit; /* the merge would move too many ids */
	struct props *refused; /* over the limit (5.11): what the person would
				  have had; NULL: nothing was refused */
};

/* Lists of changes; each thing is entered once. */
void person_changed(struct person_set *s, struct person *p);
void person_id_changed(struct person_set *s, struct person_id *d);
void person_personless_changed(struct person_set *s, struct person_id *d);
void person_group_changed(struct person_set *s, struct person_group *g);

/* The properties as a map; parsed at the first use. */
struct props *person_props(struct person_set *s, struct person *p);
/* The properties as text; written anew after a change. p NULL: no memory. */
struct slice person_text(struct person_set *s, struct person *p);
/* Says that the map was changed. */
void person_props_changed(struct person *p);

/* A live person of nobody's yet uuid: new, or a deleted one that comes back. */
struct person *person_make(
	struct person_set *s, int64_t team_id, struct slice primary_id);
/* Gives a nobody's id to a person; version_1: it was used personless. */
void person_give_id(struct person_set *s, struct person *p, struct person_id *d,
	bool version_1);
/* Notes that a merge attached this id (personless rows, 5.9). */
void person_note_merged(struct person_set *s, struct person_id *d);

/* Moves last_seen_at forward; false: it was seen then or later. */
bool person_see(struct person *p, int64_t at_us);
/* The event as a sign of life (5.6), where the project keeps those; true if
 * last_seen_at moved. */
bool person_see_event(const struct apply *a, struct person *p);
/* The same at creation, whatever the event says. */
void person_see_first(const struct apply *a, struct person *p);
/* Notes which of $set and $set_once gave each property, and when (5.2). */
void person_note_origins(struct apply *a, struct person *p);

/* Creation (5.2) of p from the event; marks it changed. */
void person_fill_new(struct apply *a, struct person *p, bool is_identified);
/* What the event does to an existing person (5.6). identify: a merge said
 * so. */
void person_update(struct apply *a, struct person *p, bool identify);
/* Runs the merge the event asks for. Returns the person it is then about, or
 * NULL: no merge, go on with the event's own id. *done: properties are in. */
struct person *person_merge(struct apply *a, bool *identify, bool *done);

/* 5.11 for what cannot be refused: removes properties in name order until the
 * text fits, keeps protected names, warns. */
void person_trim(struct apply *a, struct person *p);
/* 5.11 for changes, next being what they would make of p: true if they are
 * over the limit; then the event's view is next, with a warning. Where the row
 * itself is what the store does not take, it is trimmed. */
bool person_refuses(struct apply *a, struct person *p, struct props *next);
/* Whether person_refuses has to be asked: false for all that is far from any
 * limit. n_bytes: properties before and changes, at most. */
bool person_is_near_limit(
	const struct apply *a, const struct person *p, size_t n_bytes);
/* Bytes that the map can take as text, at most. */
size_t person_props_bound(const struct props *p);

/* Groups of a personful event (6). */
void person_apply_groups(struct apply *a);

struct person_group *person_find_group(const struct person_set *s,
	int64_t team_id, struct slice type, struct slice key);
struct person_group *person_put_group(struct person_set *s, int64_t team_id,
	struct slice type, struct slice key);

#endif
