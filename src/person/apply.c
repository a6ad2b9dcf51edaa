#include <string.h>

#include "person/person_int.h"

#define MADE_UP_CREATED_AT_US (5 * INT64_C(1000000)) /* 1970-01-01 00:00:05 */
#define FORCE_UPGRADE_AFTER_US (60 * INT64_C(1000000))

/* Nobody's id: the uuid it would get, and no row (5.9). */
static int
made_up(struct apply *a, struct person_result *out, struct err *e)
{
	struct uuid u;
	char text[UUID_TEXT];

	person_uuid(a->ev->rules->team_id, a->ev->distinct_id, &u);
	uuid_format(&u, text);
	out->uuid = arena_dup_slice(a->s->arena, slice_of(text, UUID_TEXT));
	out->created_at_us = MADE_UP_CREATED_AT_US;
	out->properties = SLICE_LIT("{}");
	out->mode = EVENT_PROPERTYLESS;
	out->person = NULL;
	if (out->uuid.p == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory for persons");
	return 0;
}

static int
apply_personless(struct apply *a, struct person_id *d,
	struct person_result *out, struct err *e)
{
	struct person *p = d == NULL ? NULL : d->person;

	if (p != NULL) {
		bool late = a->ev->timestamp_us >
			    p->created_at_us + FORCE_UPGRADE_AFTER_US;

		out->uuid = slice_of(p->uuid_text, UUID_TEXT);
		out->created_at_us = p->created_at_us;
		out->properties = SLICE_LIT("{}");
		out->mode = late && !a->ev->rules->person_opt_out
				    ? EVENT_FORCE_UPGRADE
				    : EVENT_PROPERTYLESS;
		out->person = p;
		return 0;
	}
	if (d != NULL && !d->personless) {
		d->personless = true;
		person_personless_changed(a->s, d);
	}
	return made_up(a, out, e);
}

/* Over so many rows text is smaller than they are. */
#define ROWS_KEPT_MAX 512

/* The person as it is now: rows of its own, for later events change it. */
static struct prop *
copy_rows(struct apply *a, const struct props *own, uint32_t more)
{
	struct prop *rows = arena_alloc(
		a->s->arena, ((size_t)own->n + more + 1) * sizeof(*rows));

	if (rows != NULL && own->n > 0)
		memcpy(rows, own->rows, own->n * sizeof(*rows));
	return rows;
}

/* Rows become text at once where that takes less room. */
static void
keep_rows(struct apply *a, const struct prop *rows, uint32_t n,
	struct person_result *out)
{
	out->properties = SLICE_NONE;
	out->rows = rows;
	out->n_rows = n;
	if (n <= ROWS_KEPT_MAX)
		return;
	buf_reset(a->s->scratch);
	person_put_properties(out, a->s->scratch);
	if (!a->s->scratch->failed)
		out->properties =
			arena_dup_slice(a->s->arena, buf_slice(a->s->scratch));
	if (out->properties.p == NULL)
		a->s->failed = true;
}

static bool
differs_from(const struct props *own, const struct props *set)
{
	for (struct prop *r = props_first(set); r != NULL;
		r = props_next(set, r)) {
		const struct prop *mine = props_get(own, r->key);

		if (mine == NULL || !slice_eq(mine->value, r->value))
			return true;
	}
	return false;
}

/* The person after the event, overlaid once more by its $set (5.7): values of
 * the person are replaced, new names follow. */
static void
view_of(struct apply *a, struct person *p, struct person_result *out)
{
	const struct props *set = &a->ev->set;
	const struct props *own = a->refused;
	struct prop *rows;
	uint32_t n;

	if (own == NULL && p->text_valid &&
		(set->n_live == 0 ||
			!differs_from(person_props(a->s, p), set))) {
		out->properties = p->text;
		return;
	}
	if (own == NULL)
		own = person_props(a->s, p);
	n = own->n;
	rows = copy_rows(a, own, set->n_live);
	if (rows == NULL) {
		a->s->failed = true;
		return;
	}
	for (struct prop *r = props_first(set); r != NULL;
		r = props_next(set, r)) {
		const struct prop *mine = props_get(own, r->key);

		if (mine != NULL)
			rows[mine - own->rows].value = r->value;
		else
			rows[n++] = *r;
	}
	keep_rows(a, rows, n, out);
}

static struct person *
apply_full(struct apply *a, struct person_id *d)
{
	bool identify = false;
	bool done = false;
	struct person *p =
		a->ev->has_merge ? person_merge(a, &identify, &done) : NULL;

	if (done)
		return p;
	if (p == NULL)
		p = d->person;
	if (p != NULL) {
		person_update(a, p, identify);
		return p;
	}
	p = person_make(a->s, d->team_id, d->id);
	if (p == NULL)
		return NULL;
	person_give_id(a->s, p, d, false);
	person_fill_new(a, p, false);
	return p;
}

/* A flag call makes no person where the project says so (1.6). */
static bool
becomes_personless(const struct event *ev, const struct person_id *d)
{
	return ev->kind == EVENT_FLAG_CALLED &&
	       ev->rules->flag_called_personless && !ev->said_full &&
	       d->person == NULL &&
	       !props_has(&ev->props, SLICE_LIT("$groups"));
}

int
person_apply(struct person_set *s, struct event *ev, struct event_work *w,
	struct person_result *out, struct err *e)
{
	struct apply a = {.s = s, .ev = ev, .w = w};
	struct person_id *d = ev->force_personless
				      ? NULL
				      : person_find_id(s, ev->rules->team_id,
						ev->distinct_id);
	struct person *p;

	INVARIANT(ev->force_personless || d != NULL, "person-1");
	if (!ev->is_personless && becomes_personless(ev, d)) {
		ev->is_personless = true;
		event_clean_persons(ev);
	}
	if (ev->is_personless)
		return apply_personless(&a, d, out, e);
	p = apply_full(&a, d);
	if (p != NULL) {
		person_apply_groups(&a);
		out->uuid = slice_of(p->uuid_text, UUID_TEXT);
		out->created_at_us = p->created_at_us;
		view_of(&a, p, out);
		out->mode = EVENT_FULL;
		out->person = p;
	}
	if (p == NULL || s->failed || ev->props.failed)
		return err_set(e, ERR_NO_MEMORY, "no memory for persons");
	if (a.is_over_limit)
		return err_set(e, ERR_TOO_BIG, PERSON_MERGE_LIMIT);
	return 0;
}
