#ifndef SLUICE_TESTS_PERSON_SCENE_H
#define SLUICE_TESTS_PERSON_SCENE_H

#include "../event/make_event.h"
#include "memory_db.h"

/* Events played one a batch on a store in memory, and what is there after. */
struct scene {
	struct make make;
	struct memory_db db;
	struct buf out;
	struct person_refused *refused; /* given to each set */
	bool keeps_origins; /* likewise */
	const int64_t *team_ids; /* of a batch's events; NULL: each is 1's */
	struct person_result last; /* of the last event */
	struct event *last_event, **events; /* of the last batch */
};
void scene_init(struct scene *x);
void scene_fini(struct scene *x);
/* An event must go through normalise. */
void scene_play(struct scene *x, const char *json);
/* Several events in one batch; n results if not NULL. */
void scene_batch(struct scene *x, const char *const *jsons, size_t n);
void scene_delete(struct scene *x, const char *distinct_id);
/* A line for each live person: "U:a ids=a,b id=1 v=2 {…}", U the id its uuid
 * is made of; $creator_event_uuid is left out. */
const char *scene_persons(struct scene *x);
/* "a=0,b=1!,": message versions of ids in order of rows; ! deleted. */
const char *scene_ids(struct scene *x);
/* "a=102,": message versions of deleted persons. */
const char *scene_deleted(struct scene *x);
/* "a=false,b=true,": personless rows by is_merged, newest first. */
const char *scene_personless(struct scene *x);
/* "org/acme v=1 {…};" newest first. */
const char *scene_groups(struct scene *x);
/* "org,team," */
const char *scene_types(struct scene *x);
/* "U:a mode {…}" of the last event's row. */
const char *scene_view(struct scene *x);

#endif
