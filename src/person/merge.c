#include "event/names.h"
#include "person/person_int.h"

static void
warn_illegal(struct apply *a, struct slice illegal, struct slice other)
{
	struct event_warning_writer w;

	event_warn_begin(&w, a->w->arena, a->w->scratch, &a->ev->warnings,
		WARN_cannot_merge_with_illegal_distinct_id);
	event_warn_text(&w, "illegalDistinctId", illegal);
	event_warn_text(&w, "otherDistinctId", other);
	event_warn_text(&w, "eventUuid", a->ev->uuid);
	event_warn_end(&w);
}

static void
warn_identified(struct apply *a)
{
	struct event_warning_writer w;

	event_warn_begin(&w, a->w->arena, a->w->scratch, &a->ev->warnings,
		WARN_cannot_merge_already_identified);
	event_warn_text(&w, "sourcePersonDistinctId", a->ev->merge_other);
	event_warn_text(&w, "targetPersonDistinctId", a->ev->distinct_id);
	event_warn_text(&w, "eventUuid", a->ev->uuid);
	event_warn_end(&w);
}

/* Neither id has a person: one for both (table in 5.9). */
static struct person *
create_for_both(
	struct apply *a, struct person_id *other, struct person_id *into)
{
	bool p1 = into->personless;
	bool p2 = other->personless;
	struct person_id *primary = !p1 && p2 ? other : into;
	struct person *p = person_make(a->s, into->team_id, primary->id);

	if (p == NULL)
		return NULL;
	person_give_id(a->s, p, into, false);
	person_give_id(a->s, p, other, p1 && p2);
	person_note_merged(a->s, into);
	person_note_merged(a->s, other);
	person_fill_new(a, p, true);
	return p;
}

/* d joins the person of another id. */
static void
add_id(struct apply *a, struct person *p, struct person_id *d)
{
	person_give_id(a->s, p, d, d->personless);
	person_note_merged(a->s, d);
}

static void
move_ids(struct apply *a, struct person *source, struct person *target)
{
	struct person_id *d = source->ids;

	while (d != NULL) {
		struct person_id *next = d->next_of_person;

		d->version++;
		person_attach_loaded(target, d);
		person_id_changed(a->s, d);
		d = next;
	}
	source->ids = source->ids_tail = NULL;
}

/* Target keeps its uuid; its properties win (5.4). The version is counted per
 * event (person-2). */
static void
merge_people(struct apply *a, struct person *source, struct person *target)
{
	struct props *from = person_props(a->s, source);
	struct props *into = person_props(a->s, target);

	for (struct prop *r = props_first(from); r != NULL;
		r = props_next(from, r))
		if (!props_has(into, r->key))
			props_set(into, r->key, r->value);
	person_props_changed(target);
	if (source->created_at_us < target->created_at_us)
		target->created_at_us = source->created_at_us;
	if (source->version > target->version)
		target->version = source->version;
	target->version++;
	if (source->has_last_seen)
		person_see(target, source->last_seen_at_us);
	move_ids(a, source, target);
	source->is_deleted = true;
	source->merged_into = target;
	(void)person_text(a->s, source);
	person_changed(a->s, source);
	person_changed(a->s, target);
	a->merges_people = true;
	person_update(a, target, true);
	person_trim(a, target);
}

static bool
moves_too_many(const struct apply *a, const struct person *source)
{
	uint32_t n = 0;

	if (a->s->merge_limit == 0)
		return false;
	for (const struct person_id *d = source->ids; d != NULL;
		d = d->next_of_person)
		n++;
	return n > a->s->merge_limit;
}

/* Both ids have persons. */
static struct person *
merge_two(struct apply *a, struct person *source, struct person *target,
	bool *done)
{
	if (source == target)
		return target;
	if (source->is_identified && a->ev->kind != EVENT_MERGE) {
		warn_identified(a);
		return target;
	}
	if (moves_too_many(a, source)) {
		a->is_over_limit = true;
		return target;
	}
	merge_people(a, source, target);
	*done = true;
	return target;
}

struct person *
person_merge(struct apply *a, bool *identify, bool *done)
{
	struct event *ev = a->ev;
	int64_t team_id = ev->rules->team_id;
	struct person_id *into = person_find_id(a->s, team_id, ev->distinct_id);
	struct person_id *other =
		person_find_id(a->s, team_id, ev->merge_other);

	if (into == other)
		return NULL;
	if (event_id_illegal(into->id)) {
		warn_illegal(a, into->id, other->id);
		return NULL;
	}
	if (event_id_illegal(other->id)) {
		warn_illegal(a, other->id, into->id);
		return NULL;
	}
	*identify = true;
	if (other->person != NULL && into->person != NULL)
		return merge_two(a, other->person, into->person, done);
	if (other->person != NULL) {
		add_id(a, other->person, into);
		return other->person;
	}
	if (into->person != NULL) {
		add_id(a, into->person, other);
		return into->person;
	}
	*done = true;
	return create_for_both(a, other, into);
}
