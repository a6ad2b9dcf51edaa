#include "base/clock.h"
#include "base/json_read.h"
#include "event/names.h"
#include "person/person_int.h"

/* survey shown stamps the person unless $set does (5.6). */
static struct slice
survey_date(struct apply *a)
{
	char text[CLOCK_TEXT_MAX + 2] = "\"";
	int n;

	if (a->ev->kind != EVENT_SURVEY_SHOWN ||
		props_has(&a->ev->set, SLICE_LIT("$survey_last_seen_date")))
		return SLICE_NONE;
	n = clock_format(a->ev->timestamp_us, CLOCK_ISO_MS, text + 1);
	text[n + 1] = '"';
	return arena_dup_slice(a->s->arena, slice_of(text, (size_t)n + 2));
}

void
person_fill_new(struct apply *a, struct person *p, bool is_identified)
{
	struct event *ev = a->ev;
	struct props *props = person_props(a->s, p);
	struct slice stamp = survey_date(a);
	struct slice uuid;

	for (struct prop *r = props_first(&ev->set_once); r != NULL;
		r = props_next(&ev->set_once, r))
		props_set(props, r->key, r->value);
	for (struct prop *r = props_first(&ev->set); r != NULL;
		r = props_next(&ev->set, r))
		props_set(props, r->key, r->value);
	if (stamp.p != NULL)
		props_set(props, SLICE_LIT("$survey_last_seen_date"), stamp);
	uuid = ev->uuid;
	props_set_string(props, SLICE_LIT("$creator_event_uuid"), uuid);
	person_props_changed(p);
	p->created_at_us = ev->timestamp_us;
	p->is_identified = is_identified;
	person_see_first(a, p);
	if (a->s->keeps_origins)
		person_note_origins(a, p);
	person_trim(a, p);
	person_changed(a->s, p);
}

/* What one event would change. */
struct changes {
	const struct props *before;
	struct props set; /* new or different values */
	struct props gone; /* names in $unset */
	bool any; /* something differs */
	bool forces_write; /* a reason of 5.6 */
};

static void
change_one(struct apply *a, struct changes *c, const struct prop *r, bool once)
{
	const struct prop *old;

	if (c->gone.n_live > 0 && props_has(&c->gone, r->key))
		return; /* a key in $set and $unset ends up absent */
	old = props_get(c->before, r->key);
	if (old == NULL) {
		c->forces_write = true;
	} else {
		if (once ||
			props_value_equal(old->value, r->value, a->s->arena))
			return;
		if ((event_name_flags(r->key, NULL) & EVENT_NAME_QUIET) == 0 ||
			a->ev->rules->person_update_all)
			c->forces_write = true;
	}
	c->any = true;
	props_set(&c->set, r->key, r->value);
}

/* Names in $unset: the texts of an array, the keys of an object. */
static void
read_unset(struct apply *a, struct props *gone)
{
	static const struct json_limits limits = {
		LIMIT_JSON_DEPTH, LIMIT_EVENT_NODES};
	struct json_doc d;
	struct err e;
	bool is_object;

	if (a->ev->unset.p == NULL ||
		json_parse(a->s->arena, a->ev->unset, &limits, &d, &e) != 0)
		return;
	is_object = d.nodes[0].type == JSON_OBJECT;
	if (!is_object && d.nodes[0].type != JSON_ARRAY)
		return;
	for (uint32_t i = 1; i < d.n_nodes;
		i = d.nodes[is_object ? i + 1 : i].next)
		if (d.nodes[i].type == JSON_STRING)
			props_set(gone, json_string(&d, i, a->s->arena),
				SLICE_LIT("1"));
}

static void
collect(struct apply *a, struct changes *c)
{
	struct event *ev = a->ev;
	struct prop stamp = {
		SLICE_LIT("$survey_last_seen_date"), survey_date(a), 0};

	props_init(&c->set, a->s->arena);
	props_init(&c->gone, a->s->arena);
	read_unset(a, &c->gone);
	for (struct prop *r = props_first(&ev->set_once); r != NULL;
		r = props_next(&ev->set_once, r))
		change_one(a, c, r, true);
	for (struct prop *r = props_first(&ev->set); r != NULL;
		r = props_next(&ev->set, r))
		change_one(a, c, r, false);
	if (stamp.value.p != NULL)
		change_one(a, c, &stamp, false);
	for (struct prop *r = props_first(&c->gone); r != NULL;
		r = props_next(&c->gone, r))
		if (props_has(c->before, r->key))
			c->any = c->forces_write = true;
	if (c->set.failed || c->gone.failed)
		a->s->failed = true;
}

static void
put_changes(const struct changes *c, struct props *p)
{
	for (struct prop *r = props_first(&c->set); r != NULL;
		r = props_next(&c->set, r))
		props_set(p, r->key, r->value);
	for (struct prop *r = props_first(&c->gone); r != NULL;
		r = props_next(&c->gone, r))
		props_unset(p, r->key);
}

static bool
writes_any_change(enum event_kind kind)
{
	return kind == EVENT_IDENTIFY || kind == EVENT_ALIAS ||
	       kind == EVENT_MERGE || kind == EVENT_SET;
}

/* True if the changes are over the limit: then the event sees what it would
 * have got, and nothing is written. */
static bool
is_refused(struct apply *a, struct person *p, const struct changes *c)
{
	struct props *next;

	if (!person_is_near_limit(a, p,
		    person_props_bound(c->before) +
			    person_props_bound(&c->set)))
		return false;
	next = arena_new(a->s->arena, struct props);
	if (next == NULL) {
		a->s->failed = true;
		return true;
	}
	props_copy(next, c->before, a->s->arena);
	put_changes(c, next);
	return person_refuses(a, p, next);
}

/* Puts the changes in if they are to be written and fit. */
static bool
take(struct apply *a, struct person *p, const struct changes *c, bool sure)
{
	if (!c->any ||
		(!c->forces_write && !sure && !writes_any_change(a->ev->kind)))
		return false;
	/* A merge is not refused: its result is trimmed. */
	if (!a->merges_people && is_refused(a, p, c))
		return false;
	put_changes(c, person_props(a->s, p));
	person_props_changed(p);
	return true;
}

static bool
has_person_members(const struct event *ev)
{
	return ev->set.n_live > 0 || ev->set_once.n_live > 0 ||
	       ev->unset.p != NULL || ev->kind == EVENT_SURVEY_SHOWN;
}

void
person_update(struct apply *a, struct person *p, bool identify)
{
	struct event *ev = a->ev;
	bool newly = identify && !p->is_identified;
	bool writes = newly || a->merges_people;
	struct changes c = {.any = false};

	if (person_see_event(a, p))
		writes = true;
	if (ev->kind != EVENT_EXCEPTION && has_person_members(ev)) {
		c.before = person_props(a->s, p);
		collect(a, &c);
		writes |= take(a, p, &c, writes);
	}
	if (!writes)
		return;
	p->is_identified |= identify;
	if (!a->merges_people)
		p->version++;
	person_changed(a->s, p);
}
