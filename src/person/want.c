#include "person/person_int.h"

int
person_want_id(struct person_set *s, int64_t team_id, struct slice id,
	bool with_ids, struct err *e)
{
	struct person_id *d = person_put_id(s, team_id, id);

	if (d == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory for persons");
	d->want_person_ids |= with_ids;
	return 0;
}

static int
want_group(struct person_set *s, const struct event *ev, struct err *e)
{
	int64_t team_id = ev->rules->team_id;
	struct person_group *g =
		person_find_group(s, team_id, ev->group_type, ev->group_key);

	if (g != NULL)
		return 0;
	g = person_put_group(s, team_id, ev->group_type, ev->group_key);
	if (g == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory for groups");
	return 0;
}

/*
 * Both sides of a merge are wanted with all ids of their persons: whatever the
 * earlier events of the batch merge, the person that is swallowed is then known
 * whole (person-1).
 */
int
person_want(struct person_set *s, const struct event *ev, struct err *e)
{
	int64_t team_id = ev->rules->team_id;
	struct person_team *t =
		person_put_team(s, team_id, ev->rules->project_id);

	if (t == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory for persons");
	if (!ev->force_personless) {
		struct person_id *d =
			person_put_id(s, team_id, ev->distinct_id);

		if (d == NULL)
			return err_set(
				e, ERR_NO_MEMORY, "no memory for persons");
		d->want_person_ids |= ev->has_merge;
		d->want_personless |=
			ev->is_personless || ev->has_merge ||
			(ev->kind == EVENT_FLAG_CALLED &&
				ev->rules->flag_called_personless);
	}
	if (ev->is_personless)
		return 0;
	if (ev->has_merge) {
		struct person_id *d =
			person_put_id(s, team_id, ev->merge_other);

		if (d == NULL)
			return err_set(
				e, ERR_NO_MEMORY, "no memory for persons");
		d->want_person_ids = d->want_personless = true;
	}
	if (ev->has_group || props_has(&ev->props, SLICE_LIT("$groups")))
		t->want_types = true;
	return ev->has_group ? want_group(s, ev, e) : 0;
}
