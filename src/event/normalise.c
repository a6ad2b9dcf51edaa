#include <math.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "event/elements.h"
#include "event/heatmap.h"
#include "event/names.h"
#include "event/normalise_int.h"

/* How many of list P an event of a browser has. */
#define USUAL_PERSON_NAMES 20

static void
set_if_absent(struct props *p, struct slice key, struct slice value)
{
	if (!props_has(p, key))
		props_set(p, key, value);
}

/* One of list P goes to the person (3.4). */
static void
add_person_property(
	struct event *ev, const struct prop *r, struct slice initial)
{
	set_if_absent(&ev->set, r->key, r->value);
	set_if_absent(&ev->set_once, initial, r->value);
	ev->has_set = ev->has_set_once = true;
}

static bool
is_from_server(const struct event *ev)
{
	const struct prop *r = props_get_lit(&ev->props, "$lib");

	return r != NULL && props_value_is_string(r->value) &&
	       event_lib_is_server(slice_of(r->value.p + 1, r->value.len - 2));
}

/* $os_name is another name of $os: the person has the latter only. */
static void
rename_os(struct event *ev)
{
	const struct prop *r = props_get_lit(&ev->props, "$os_name");
	struct slice value;

	if (r == NULL)
		return;
	value = r->value;
	set_if_absent(&ev->props, SLICE_LIT("$os"), value);
	props_unset(&ev->set, SLICE_LIT("$os_name"));
	props_unset(&ev->set_once, SLICE_LIT("$initial_os_name"));
}

/*
 * One pass over the properties: those that are never stored go, list P is
 * copied to the person if the event may change it.
 */
static void
sift_properties(struct event *ev, bool to_person)
{
	bool is_server = is_from_server(ev);
	const struct prop *next;

	if (to_person) {
		props_reserve(&ev->set, USUAL_PERSON_NAMES);
		props_reserve(&ev->set_once, USUAL_PERSON_NAMES);
	}
	for (const struct prop *r = props_first(&ev->props); r != NULL;
		r = next) {
		struct slice initial;
		unsigned flags = event_name_flags(r->key, &initial);

		next = props_next(&ev->props, r);
		if ((flags & EVENT_NAME_DROPPED) != 0) {
			props_unset(&ev->props, r->key);
			continue;
		}
		if (!to_person || (flags & EVENT_NAME_PERSON) == 0 ||
			slice_eq(r->key, SLICE_LIT("$os_name")))
			continue;
		if (!is_server || (flags & EVENT_NAME_HOST_OS) == 0)
			add_person_property(ev, r, initial);
	}
}

static void
read_elements(struct event *ev, struct event_work *w)
{
	const struct prop *r = props_get_lit(&ev->props, "$elements_chain");

	if (r != NULL && !props_value_falsy(r->value)) {
		if (ev->elements_chain.len == 0)
			ev->elements_chain =
				props_value_js_text(r->value, w->arena);
	} else {
		r = props_get_lit(&ev->props, "$elements");
		if (r == NULL)
			return;
		ev->elements_chain =
			event_elements_chain(r->value, w->scratch, w->arena);
	}
	if (ev->elements_chain.p == NULL)
		ev->props.failed = true;
}

void
event_clean_persons(struct event *ev)
{
	static const struct slice groups[] = {{"$group_0", 8}, {"$group_1", 8},
		{"$group_2", 8}, {"$group_3", 8}, {"$group_4", 8}};

	if (ev->is_personless) {
		for (size_t i = 0; i < ARRAY_LEN(groups); i++)
			props_unset(&ev->props, groups[i]);
	} else if (ev->kind != EVENT_GROUPIDENTIFY) {
		return;
	}
	props_clear(&ev->set);
	props_clear(&ev->set_once);
	ev->has_set = ev->has_set_once = false;
	ev->unset = SLICE_NONE;
}

/* Nobody needs the digits of an offset that is over all bounds. */
static void
warn_offset(struct event_warning_writer *x, const struct event *ev)
{
	double ms = fmin(fmax(ev->time_in.offset_ms, -1e15), 1e15);

	event_warn_i64(x, "offset", (int64_t)ms);
}

static void
warn_field(struct event *ev, struct event_work *w, const char *field,
	struct slice value, const char *reason)
{
	struct event_warning_writer x;

	event_warn_begin(&x, w->arena, w->scratch, &ev->warnings,
		WARN_ignored_invalid_timestamp);
	event_warn_text(&x, "eventUuid", ev->uuid);
	event_warn_text(&x, "field", slice_str(field));
	event_warn_text(&x, "value", value);
	event_warn_text(&x, "reason", slice_str(reason));
	if (ev->time.out_of_range) {
		if (ev->time_in.has_offset)
			warn_offset(&x, ev);
		event_warn_i64(&x, "parsed_year", ev->time.parsed_year);
	}
	event_warn_end(&x);
}

static void
warn_future(struct event *ev, struct event_work *w)
{
	struct event_warning_writer x;
	char now[CLOCK_TEXT_MAX], result[CLOCK_TEXT_MAX];

	clock_format(ev->now_us, CLOCK_ISO_MS, now);
	/* Past year 9999 there is no text of it. */
	if (ev->time.unclamped_us < INT64_C(253402300800000000))
		clock_format(ev->time.unclamped_us, CLOCK_ISO_MS, result);
	else
		result[0] = '\0';
	event_warn_begin(&x, w->arena, w->scratch, &ev->warnings,
		WARN_event_timestamp_in_future);
	event_warn_text(&x, "timestamp", ev->time_in.timestamp);
	event_warn_text(&x, "sentAt", ev->sent_at);
	if (ev->time_in.has_offset)
		warn_offset(&x, ev);
	event_warn_text(&x, "now", slice_str(now));
	event_warn_text(&x, "result", slice_str(result));
	event_warn_text(&x, "eventUuid", ev->uuid);
	event_warn_text(&x, "eventName", ev->name);
	event_warn_end(&x);
}

static void
warn_times(struct event *ev, struct event_work *w)
{
	if (ev->time.timestamp_invalid)
		warn_field(ev, w, "timestamp", ev->time_in.timestamp,
			"not a time");
	if (ev->time.sent_at_invalid)
		warn_field(ev, w, "sent_at", ev->sent_at, "not a time");
	else if (ev->sent_at_invalid.len > 0)
		warn_field(ev, w, "sent_at", ev->sent_at_invalid, "not a time");
	if (ev->time.out_of_range)
		warn_field(ev, w, "timestamp", ev->time_in.timestamp,
			"year out of bounds");
	if (ev->time.in_future)
		warn_future(ev, w);
}

/* 5.3: whom the event names besides its own id. */
static void
read_merge(struct event *ev, struct event_work *w)
{
	const struct prop *r;

	ev->has_merge = false;
	if (ev->is_personless)
		return;
	if (ev->kind == EVENT_IDENTIFY) {
		r = props_get_lit(&ev->props, "$anon_distinct_id");
	} else if (ev->kind == EVENT_ALIAS || ev->kind == EVENT_MERGE) {
		r = props_get_lit(&ev->props, "alias");
		if (r != NULL && props_value_falsy(r->value))
			r = NULL;
	} else {
		return;
	}
	if (r == NULL)
		return;
	ev->merge_other = props_value_js_text(r->value, w->arena);
	ev->has_merge = ev->merge_other.p != NULL;
	if (!ev->has_merge)
		ev->props.failed = true;
}

static void
read_group(struct event *ev, struct event_work *w)
{
	const struct prop *type, *key;

	ev->has_group = false;
	if (ev->is_personless || ev->kind != EVENT_GROUPIDENTIFY)
		return;
	type = props_get_lit(&ev->props, "$group_type");
	key = props_get_lit(&ev->props, "$group_key");
	if (type == NULL || key == NULL || props_value_falsy(type->value) ||
		props_value_falsy(key->value))
		return;
	ev->group_type = props_value_js_text(type->value, w->arena);
	ev->group_key = props_value_js_text(key->value, w->arena);
	if (ev->group_type.p == NULL || ev->group_key.p == NULL) {
		ev->props.failed = true;
		return;
	}
	ev->has_group = utf8_units16(ev->group_type) <= LIMIT_GROUP_KEY_UNITS;
}

static void
read_heatmap(struct event *ev, struct event_work *w)
{
	if (props_has(&ev->props, SLICE_LIT("$heatmap_data")) ||
		props_has(&ev->props, SLICE_LIT("$prev_pageview_pathname")))
		event_heatmap_extract(ev, w);
}

/* Only false is stored: it says why the event is personless (3.7). */
static void
drop_person_flag(struct event *ev)
{
	const struct slice name = SLICE_LIT("$process_person_profile");
	const struct prop *r = props_get(&ev->props, name);

	if (r != NULL && !slice_eq(r->value, SLICE_LIT("false")))
		props_unset(&ev->props, name);
}

enum event_next
event_normalise(struct event *ev, struct event_work *w)
{
	bool to_person;

	ev->kind = event_kind_of(ev->name);
	event_anonymise(ev);
	if (ev->kind == EVENT_HEATMAP) {
		read_heatmap(ev, w);
		warn_times(ev, w);
		return ev->heatmap == NULL ? EVENT_DROP : EVENT_GO;
	}
	to_person = !ev->is_personless && ev->kind != EVENT_GROUPIDENTIFY &&
		    ev->kind != EVENT_REPLAY;
	read_elements(ev, w);
	read_heatmap(ev, w);
	if (ev->kind != EVENT_REPLAY)
		rename_os(ev);
	sift_properties(ev, to_person);
	event_clean_persons(ev);
	drop_person_flag(ev);
	ev->name = utf8_cut_units16(ev->name, LIMIT_EVENT_NAME_UNITS);
	warn_times(ev, w);
	read_merge(ev, w);
	read_group(ev, w);
	if (ev->set.failed || ev->set_once.failed)
		ev->props.failed = true;
	return EVENT_GO;
}
