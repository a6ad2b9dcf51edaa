#include <stdio.h>

#include "base/json_read.h"
#include "base/utf8.h"
#include "person/person_int.h"

static void
warn_limit(struct apply *a, struct slice type)
{
	struct event_warning_writer w;

	event_warn_begin(&w, a->w->arena, a->w->scratch, &a->ev->warnings,
		WARN_group_type_limit_reached);
	w.key = type;
	event_warn_text(&w, "groupType", type);
	event_warn_text(&w, "eventUuid", a->ev->uuid);
	event_warn_end(&w);
}

static int
lowest_free(const struct person_types *y)
{
	if (y->n >= LIMIT_GROUP_TYPES)
		return -1;
	for (int i = 0; i < LIMIT_GROUP_TYPES; i++) {
		bool taken = false;

		for (int j = 0; j < y->n; j++)
			taken |= y->list[j].index == i;
		if (!taken)
			return i;
	}
	return -1;
}

/* The index of a group type, given at the first use; -1: none left. */
static int
type_index(struct apply *a, struct person_team *t, struct slice type)
{
	struct person_types *y = t->types;
	int index;

	INVARIANT(y != NULL, "person-1");
	if (type.len == 0 || utf8_units16(type) > LIMIT_GROUP_KEY_UNITS)
		return -1;
	for (int i = 0; i < y->n; i++)
		if (slice_eq(y->list[i].name, type))
			return y->list[i].index;
	index = lowest_free(y);
	if (index < 0) {
		warn_limit(a, type);
		return -1;
	}
	y->list[y->n].name = type;
	y->list[y->n].index = index;
	y->list[y->n].team_id = t->team_id;
	y->list[y->n].created_at_us = a->ev->timestamp_us;
	y->n++;
	return index;
}

/* $groups: {"company": "acme"} gives $group_0: "acme". */
static void
set_group_members(struct apply *a, struct person_team *t)
{
	static const struct slice names[LIMIT_GROUP_TYPES] = {{"$group_0", 8},
		{"$group_1", 8}, {"$group_2", 8}, {"$group_3", 8},
		{"$group_4", 8}};
	static const struct json_limits limits = {
		LIMIT_JSON_DEPTH, LIMIT_EVENT_NODES};
	struct prop *groups = props_get_lit(&a->ev->props, "$groups");
	struct json_doc d;
	struct err e;

	if (groups == NULL || !props_value_is_object(groups->value) ||
		json_parse(a->s->arena, groups->value, &limits, &d, &e) != 0)
		return;
	for (uint32_t i = 1; i < d.n_nodes; i = d.nodes[i + 1].next) {
		struct slice type = json_string(&d, i, a->s->arena);
		int index;

		if (type.p == NULL) {
			a->s->failed = true;
			return;
		}
		index = type_index(a, t, type);
		if (index >= 0)
			props_set(&a->ev->props, names[index],
				json_raw(&d, i + 1));
	}
}

static void
warn_group_set(struct apply *a, struct slice value)
{
	struct event_warning_writer w;
	const char *type = value.p[0] == '"'                        ? "string"
			   : value.p[0] == '['                      ? "array"
			   : value.p[0] == 't' || value.p[0] == 'f' ? "boolean"
								    : "number";

	event_warn_begin(&w, a->w->arena, a->w->scratch, &a->ev->warnings,
		WARN_invalid_group_set);
	w.key = a->ev->group_key;
	event_warn_text(&w, "eventUuid", a->ev->uuid);
	event_warn_text(&w, "distinctId", a->ev->distinct_id);
	event_warn_text(&w, "groupType", a->ev->group_type);
	event_warn_text(&w, "groupKey", a->ev->group_key);
	event_warn_text(&w, "receivedType", slice_str(type));
	event_warn_end(&w);
}

static bool
is_null(const struct prop *r)
{
	return r == NULL || slice_eq_str(r->value, "null");
}

/* Sets what is new or different; true if anything was. */
static bool
merge_set(struct apply *a, struct person_group *g, struct slice value)
{
	struct props set;
	bool changed = false;

	props_init(&set, a->s->arena);
	if (!props_add_text(&set, value, a->s->arena))
		return false;
	for (struct prop *r = props_first(&set); r != NULL;
		r = props_next(&set, r)) {
		struct prop *old = props_get(&g->props, r->key);

		if (old != NULL &&
			props_value_equal(old->value, r->value, a->s->arena))
			continue;
		props_set(&g->props, r->key, r->value);
		changed = true;
	}
	return changed;
}

static void
identify_group(struct apply *a, struct person_group *g)
{
	struct prop *set = props_get_lit(&a->ev->props, "$group_set");
	int64_t at = a->ev->timestamp_us;
	bool changed;

	if (!is_null(set) && !props_value_is_object(set->value)) {
		warn_group_set(a, set->value);
		return;
	}
	if (!g->is_parsed && g->version > 0 &&
		!props_add_text(&g->props, g->text, a->s->arena))
		a->s->failed = true;
	g->is_parsed = true;
	changed = !is_null(set) && merge_set(a, g, set->value);
	if (g->version == 0) {
		g->created_at_us = a->ev->now_us < at ? a->ev->now_us : at;
	} else {
		if (!changed)
			return;
		if (at < g->created_at_us)
			g->created_at_us = at;
	}
	g->version++;
	g->text = props_text(&g->props, a->s->scratch, a->s->arena);
	if (g->text.p == NULL)
		a->s->failed = true;
	person_group_changed(a->s, g);
}

void
person_apply_groups(struct apply *a)
{
	int64_t team_id = a->ev->rules->team_id;
	struct person_team *t = person_find_team(a->s, team_id);
	struct person_group *g;
	int index;

	set_group_members(a, t);
	if (!a->ev->has_group)
		return;
	index = type_index(a, t, a->ev->group_type);
	g = person_find_group(
		a->s, team_id, a->ev->group_type, a->ev->group_key);
	if (index < 0 || g == NULL)
		return;
	g->type_index = index;
	identify_group(a, g);
}
