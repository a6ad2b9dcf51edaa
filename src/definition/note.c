#include "base/hash.h"
#include "base/json_read.h"
#include "definition/definition_int.h"

#define NAME_MAX_BYTES 200
#define UPDATES_MAX 10000 /* of one event */
#define HOUR_US (INT64_C(3600) * 1000000)
#define NEWS_MIN 1024

/* Kinds of hashes; those of properties are enum definition_kind. */
enum { OF_EVENT_NAME = 8, OF_PAIR, OF_SHAPE };

void
definition_set_init(struct definition_set *s, struct definition_known *k,
	struct arena *a, int64_t now_us)
{
	*s = (struct definition_set){.arena = a, .known = k, .now_us = now_us};
	s->events_tail = &s->events;
	s->properties_tail = &s->properties;
	s->pairs_tail = &s->pairs;
}

static uint64_t
mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * UINT64_C(0x9e3779b97f4a7c15);
	return h ^ h >> 29;
}

static uint64_t
key_of(int64_t project_id, int kind, uint64_t name, uint64_t more)
{
	uint64_t h =
		mix(mix(mix((uint64_t)project_id, (uint64_t)kind), name), more);

	return h == 0 ? 1 : h;
}

static uint64_t
hash_of(struct slice s)
{
	return hash_key(s.p, s.len);
}

/* Text, number, boolean, or what has no type: more does not matter once the
 * type is known. */
static uint64_t
class_of(struct slice value)
{
	switch (value.len == 0 ? 'n' : value.p[0]) {
	case '"':
		return 1;
	case 't':
	case 'f':
		return 2;
	case 'n':
	case '[':
	case '{':
		return 3;
	default:
		return 4;
	}
}

static uint64_t
shape_of_props(uint64_t h, const struct props *p)
{
	for (const struct prop *r = props_first(p); r != NULL;
		r = props_next(p, r))
		h = mix(h,
			hash_xx64(r->key.p, r->key.len) + class_of(r->value));
	return mix(h, p->n_live);
}

uint64_t
definition_shape(const struct event *ev)
{
	uint64_t h = hash_of(ev->name);

	h = shape_of_props(h, &ev->props);
	if (ev->kind == EVENT_GROUPIDENTIFY) {
		const struct prop *r = props_get_lit(&ev->props, "$group_set");

		h = mix(h, ev->has_group ? hash_of(ev->group_type) : 0);
		h = mix(h, r == NULL ? 0 : hash_of(r->value));
	}
	h = shape_of_props(h, &ev->set);
	h = shape_of_props(h, &ev->set_once);
	return h == 0 ? 1 : h;
}

/* Where the hash is or would be among the new ones. */
static struct definition_new *
new_place(const struct definition_set *s, uint64_t hash)
{
	uint32_t at = (uint32_t)hash & s->mask;

	while (s->news[at].hash != 0 && s->news[at].hash != hash)
		at = (at + 1) & s->mask;
	return &s->news[at];
}

static bool
grow_news(struct definition_set *s)
{
	struct definition_new *old = s->news;
	uint32_t n_old = old == NULL ? 0 : s->mask + 1;
	uint32_t n = old == NULL ? NEWS_MIN : n_old * 4;

	s->news = arena_zalloc(s->arena, n, sizeof(*s->news));
	if (s->news == NULL) {
		s->news = old;
		s->failed = true;
		return false;
	}
	s->mask = n - 1;
	for (uint32_t i = 0; i < n_old; i++)
		if (old[i].hash != 0)
			*new_place(s, old[i].hash) = old[i];
	return true;
}

/* True if the hash is not known with this value or a higher one; then it is
 * noted as new. */
static bool
is_new(struct definition_set *s, uint64_t hash, int64_t value)
{
	struct definition_new *x;

	if (s->failed)
		return false;
	if (s->n_news > 0) {
		x = new_place(s, hash);
		if (x->hash == hash && x->value >= value)
			return false;
	}
	if (definition_known_get(s->known, hash) >= value)
		return false;
	if ((s->news == NULL || s->n_news >= s->mask / 2) && !grow_news(s))
		return false;
	x = new_place(s, hash);
	if (x->hash == 0)
		s->n_news++;
	*x = (struct definition_new){hash, value};
	return true;
}

static void
note_event(struct definition_set *s, const struct event *ev, int64_t hour)
{
	struct definition_event *d;

	if (!is_new(s,
		    key_of(ev->rules->project_id, OF_EVENT_NAME,
			    hash_of(ev->name), 0),
		    hour))
		return;
	d = arena_new(s->arena, struct definition_event);
	if (d == NULL) {
		s->failed = true;
		return;
	}
	d->team_id = ev->rules->team_id;
	d->project_id = ev->rules->project_id;
	d->name = ev->name;
	d->seen_at_us = hour * HOUR_US;
	*s->events_tail = d;
	s->events_tail = &d->next;
	s->n_events++;
}

static void
note_property(struct definition_set *s, const struct event *ev,
	enum definition_kind kind, int index, struct slice name,
	struct slice value)
{
	enum definition_type type;
	struct definition_property *d;

	if (name.len == 0 || name.len > NAME_MAX_BYTES)
		return;
	type = definition_type_of(name, value, s->now_us);
	if (!is_new(s,
		    key_of(ev->rules->project_id, (int)kind, hash_of(name),
			    (uint64_t)(index + 1)),
		    type != DEFINITION_UNTYPED))
		return;
	d = arena_new(s->arena, struct definition_property);
	if (d == NULL) {
		s->failed = true;
		return;
	}
	d->team_id = ev->rules->team_id;
	d->project_id = ev->rules->project_id;
	d->kind = kind;
	d->group_type_index = index;
	d->name = name;
	d->type = type;
	*s->properties_tail = d;
	s->properties_tail = &d->next;
	s->n_properties++;
}

static void
note_pair(struct definition_set *s, const struct event *ev, struct slice name)
{
	struct definition_pair *d;

	if (slice_starts(name, SLICE_LIT("$feature/")) ||
		slice_starts(name, SLICE_LIT("$feature_enrollment/")) ||
		name.len == 0 || name.len > NAME_MAX_BYTES ||
		!is_new(s,
			key_of(ev->rules->project_id, OF_PAIR,
				hash_of(ev->name), hash_of(name)),
			0))
		return;
	d = arena_new(s->arena, struct definition_pair);
	if (d == NULL) {
		s->failed = true;
		return;
	}
	d->team_id = ev->rules->team_id;
	d->project_id = ev->rules->project_id;
	d->event = ev->name;
	d->property = name;
	*s->pairs_tail = d;
	s->pairs_tail = &d->next;
	s->n_pairs++;
}

static bool
is_group_member(struct slice name)
{
	return slice_eq(name, SLICE_LIT("$groups")) ||
	       (name.len == 8 && slice_starts(name, SLICE_LIT("$group_")) &&
		       name.p[7] >= '0' && name.p[7] <= '4');
}

static void
note_members(struct definition_set *s, const struct event *ev)
{
	const struct props *of_person[2] = {&ev->set, &ev->set_once};

	for (const struct prop *r = props_first(&ev->props); r != NULL;
		r = props_next(&ev->props, r)) {
		if (is_group_member(r->key))
			continue;
		note_property(s, ev, DEFINITION_EVENT, -1, r->key, r->value);
		note_pair(s, ev, r->key);
	}
	for (int i = 0; i < 2; i++)
		for (const struct prop *r = props_first(of_person[i]);
			r != NULL; r = props_next(of_person[i], r))
			note_property(
				s, ev, DEFINITION_PERSON, -1, r->key, r->value);
}

static void
note_group(struct definition_set *s, const struct event *ev, int index)
{
	const struct prop *r = props_get_lit(&ev->props, "$group_set");
	struct props set;

	if (index < 0 || r == NULL || !props_value_is_object(r->value))
		return;
	props_init(&set, s->arena);
	if (!props_add_text(&set, r->value, s->arena))
		return;
	if (set.n_live > UPDATES_MAX) {
		s->n_skipped++;
		return;
	}
	for (const struct prop *p = props_first(&set); p != NULL;
		p = props_next(&set, p))
		note_property(s, ev, DEFINITION_GROUP, index, p->key, p->value);
	if (set.failed)
		s->failed = true;
}

/* Rows that the event could make. */
static size_t
n_updates(const struct event *ev)
{
	return 1 + (size_t)ev->props.n_live * 2 + ev->set.n_live +
	       ev->set_once.n_live;
}

void
definition_note(
	struct definition_set *s, const struct event *ev, int group_type_index)
{
	int64_t hour = s->now_us / HOUR_US;
	uint64_t shape = ev->shape == 0 ? definition_shape(ev) : ev->shape;

	if (slice_eq(ev->name, SLICE_LIT("$$plugin_metrics")) ||
		ev->name.len == 0 || ev->name.len > NAME_MAX_BYTES)
		return;
	/* What persons decided may differ between events of one shape. */
	shape = mix(shape, (uint64_t)ev->is_personless);
	shape = mix(shape, (uint64_t)(group_type_index + 1));
	/* definition-2 */
	if (!is_new(s, key_of(ev->rules->project_id, OF_SHAPE, shape, 0), hour))
		return;
	if (n_updates(ev) > UPDATES_MAX) {
		s->n_skipped++;
		return;
	}
	note_event(s, ev, hour);
	if (ev->kind == EVENT_GROUPIDENTIFY)
		note_group(s, ev, group_type_index);
	else
		note_members(s, ev);
}

/* definition-1 */
void
definition_learn(struct definition_set *s)
{
	if (s->failed || s->news == NULL)
		return;
	for (uint32_t i = 0; i <= s->mask; i++)
		if (s->news[i].hash != 0)
			definition_known_put(
				s->known, s->news[i].hash, s->news[i].value);
}
