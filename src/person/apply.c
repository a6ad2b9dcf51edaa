#include "base/json_write.h"
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

/* A member of $set, and the person's own of that name. */
struct overlay {
	const struct prop *set;
	struct prop *own; /* NULL: the person has none */
	struct slice value; /* own's */
};

/*
 * p overlaid by $set, as text: values of p are replaced for the time of
 * writing, new names follow.
 */
static struct slice
overlaid(struct apply *a, const struct props *p, struct overlay *o, uint32_t n)
{
	struct buf *b = a->s->scratch;
	bool some;

	for (uint32_t i = 0; i < n; i++) {
		if (o[i].own == NULL)
			continue;
		o[i].value = o[i].own->value;
		o[i].own->value = o[i].set->value;
	}
	buf_reset(b);
	buf_append_char(b, '{');
	some = props_write_members(p, b, true);
	for (uint32_t i = 0; i < n; i++) {
		if (o[i].own != NULL) {
			o[i].own->value = o[i].value;
			continue;
		}
		if (some)
			buf_append_char(b, ',');
		some = true;
		json_put_string(b, o[i].set->key);
		buf_append_char(b, ':');
		buf_append_slice(b, o[i].set->value);
	}
	buf_append_char(b, '}');
	return b->failed ? SLICE_NONE
			 : arena_dup_slice(a->s->arena, buf_slice(b));
}

/* The person after the event, overlaid once more by its $set (5.7). */
static struct slice
view_of(struct apply *a, struct person *p)
{
	const struct props *set = &a->ev->set;
	struct slice text = person_text(a->s, p);
	const struct props *own = a->refused;
	bool differs = a->refused != NULL;
	struct overlay *o;
	uint32_t n = 0;

	if (set->n_live == 0 && !differs)
		return text;
	o = arena_alloc(a->s->arena, ((size_t)set->n_live + 1) * sizeof(*o));
	if (o == NULL)
		return SLICE_NONE;
	if (own == NULL)
		own = person_props(a->s, p);
	for (struct prop *r = props_first(set); r != NULL;
		r = props_next(set, r), n++) {
		o[n].set = r;
		o[n].own = props_get(own, r->key);
		differs |= o[n].own == NULL ||
			   !slice_eq(o[n].own->value, r->value);
	}
	return differs ? overlaid(a, own, o, n) : text;
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
		out->properties = view_of(&a, p);
		out->mode = EVENT_FULL;
		out->person = p;
	}
	if (p == NULL || s->failed || out->properties.p == NULL ||
		ev->props.failed)
		return err_set(e, ERR_NO_MEMORY, "no memory for persons");
	return 0;
}
