#include "base/clock.h"
#include "base/limits.h"
#include "base/net.h"
#include "base/utf8.h"
#include "base/uuid.h"
#include "event/normalise_int.h"

#define WARNED_ID_UNITS 100 /* of a distinct_id in details */

void
event_warn_of(struct event_warning_writer *x, struct event *ev,
	struct event_work *w, enum event_warning_type type)
{
	event_warn_begin(x, w->arena, w->scratch, &ev->warnings, type);
	event_warn_text(x, "eventUuid", ev->uuid);
	event_warn_text(x, "event", ev->name);
	event_warn_text(x, "distinctId", ev->distinct_id);
}

void
event_anonymise(struct event *ev)
{
	const struct prop *r;
	struct net_addr a;
	struct slice text;
	char out[NET_ADDR_TEXT];
	int n;

	if (ev->rules->ip == EVENT_IP_KEEP)
		return;
	ev->ip = SLICE_NONE;
	r = props_get_lit(&ev->props, "$ip");
	if (r == NULL)
		return;
	text = props_value_string(r->value, ev->arena);
	if (ev->rules->ip == EVENT_IP_DROP || text.p == NULL ||
		!net_addr_parse(text, &a)) {
		props_unset(&ev->props, SLICE_LIT("$ip"));
		return;
	}
	net_addr_mask(&a, 24, 48);
	n = net_addr_format(&a, out);
	if (!slice_eq(text, slice_of(out, (size_t)n)))
		props_set_string(&ev->props, SLICE_LIT("$ip"),
			arena_dup_slice(ev->arena, slice_of(out, (size_t)n)));
}

static bool
has_distinct_id(struct event *ev, struct event_work *w)
{
	struct event_warning_writer x;
	size_t units;

	if (ev->distinct_id.len > 0 &&
		ev->distinct_id.len <= LIMIT_DISTINCT_ID_UNITS)
		return true;
	units = utf8_units16(ev->distinct_id);
	if (units > 0 && units <= LIMIT_DISTINCT_ID_UNITS)
		return true;
	event_warn_begin(&x, w->arena, w->scratch, &ev->warnings,
		WARN_skipping_event_invalid_distinct_id);
	event_warn_text(&x, "distinctId",
		utf8_cut_units16(ev->distinct_id, WARNED_ID_UNITS));
	event_warn_i64(&x, "distinctIdLength", (int64_t)units);
	event_warn_i64(&x, "maxLength", LIMIT_DISTINCT_ID_UNITS);
	event_warn_end(&x);
	return false;
}

static bool
has_uuid(struct event *ev, struct event_work *w)
{
	struct event_warning_writer x;
	struct uuid u;
	char *text;

	if (uuid_parse(ev->uuid, &u)) {
		text = arena_alloc(w->arena, UUID_TEXT);
		if (text == NULL) {
			ev->props.failed = true;
			return true;
		}
		uuid_format(&u, text);
		ev->uuid = slice_of(text, UUID_TEXT);
		return true;
	}
	event_warn_begin(&x, w->arena, w->scratch, &ev->warnings,
		WARN_skipping_event_invalid_uuid);
	event_warn_text(&x, "eventUuid", ev->uuid);
	event_warn_end(&x);
	return false;
}

static bool
group_key_fits(struct event *ev, struct event_work *w)
{
	const struct prop *r;
	struct event_warning_writer x;
	struct slice key;
	size_t units;

	if (ev->kind != EVENT_GROUPIDENTIFY)
		return true;
	r = props_get_lit(&ev->props, "$group_key");
	if (r == NULL || r->value.len <= LIMIT_GROUP_KEY_UNITS)
		return true;
	key = props_value_js_text(r->value, w->arena);
	units = key.p == NULL ? 0 : utf8_units16(key);
	if (units <= LIMIT_GROUP_KEY_UNITS)
		return true;
	event_warn_of(&x, ev, w, WARN_group_key_too_long);
	event_warn_text(&x, "groupKey", key);
	event_warn_i64(&x, "groupKeyLength", (int64_t)units);
	event_warn_i64(&x, "maxLength", LIMIT_GROUP_KEY_UNITS);
	event_warn_end(&x);
	return false;
}

static bool
is_young_enough(struct event *ev, struct event_work *w)
{
	struct event_warning_writer x;
	char text[CLOCK_TEXT_MAX];
	int64_t age_s = (ev->now_us - ev->timestamp_us) / 1000000;
	int64_t max_s = ev->rules->drop_older_than_s;

	if (max_s <= 0 || ev->now_us - ev->timestamp_us <= max_s * 1000000)
		return true;
	clock_format(ev->timestamp_us, CLOCK_ISO_MS, text);
	event_warn_of(&x, ev, w, WARN_event_dropped_too_old);
	event_warn_text(&x, "eventTimestamp", slice_str(text));
	event_warn_i64(&x, "ageInSeconds", age_s);
	event_warn_i64(&x, "dropThresholdSeconds", max_s);
	event_warn_end(&x);
	return false;
}

/* Cookieless mode is not served: its events are refused, never stored under
 * the shared id. */
static bool
is_not_cookieless(struct event *ev, struct event_work *w)
{
	const struct prop *r = props_get_lit(&ev->props, "$cookieless_mode");
	struct event_warning_writer x;

	if (!ev->is_cookieless &&
		(r == NULL || !slice_eq(r->value, SLICE_LIT("true"))))
		return true;
	event_warn_of(&x, ev, w, WARN_cookieless_not_supported);
	event_warn_end(&x);
	return false;
}

static bool
needs_persons(enum event_kind k)
{
	return k == EVENT_IDENTIFY || k == EVENT_ALIAS || k == EVENT_MERGE ||
	       k == EVENT_GROUPIDENTIFY;
}

/* Spec 3.8. */
static bool
read_person_flag(struct event *ev, struct event_work *w)
{
	struct slice name = SLICE_LIT("$process_person_profile");
	const struct prop *r = props_get(&ev->props, name);
	struct event_warning_writer x;

	ev->is_personless = ev->force_personless;
	ev->said_full = false;
	if (r == NULL)
		return true;
	if (slice_eq(r->value, SLICE_LIT("true"))) {
		ev->said_full = true;
		return true;
	}
	if (slice_eq(r->value, SLICE_LIT("false"))) {
		ev->is_personless = true;
		if (ev->force_personless || !needs_persons(ev->kind))
			return true;
		event_warn_of(&x, ev, w,
			WARN_invalid_event_when_process_person_profile_is_false);
		event_warn_end(&x);
		return false;
	}
	event_warn_of(&x, ev, w, WARN_invalid_process_person_profile);
	event_warn_json(&x, "$process_person_profile", r->value);
	event_warn_text(&x, "message",
		SLICE_LIT("Only a boolean value is valid for the "
			  "$process_person_profile property"));
	event_warn_end(&x);
	props_unset(&ev->props, name);
	return true;
}

static void
warn_for_client(struct event *ev, struct event_work *w)
{
	const struct prop *r =
		props_get_lit(&ev->props, "$$client_ingestion_warning_message");
	struct event_warning_writer x;

	event_warn_of(&x, ev, w, WARN_client_ingestion_warning);
	event_warn_json(&x, "message", r == NULL ? SLICE_NONE : r->value);
	event_warn_end(&x);
}

enum event_next
event_check(struct event *ev, struct event_work *w)
{
	ev->kind = event_kind_of(ev->name);
	if (!has_distinct_id(ev, w) || !has_uuid(ev, w) ||
		!group_key_fits(ev, w))
		return EVENT_DROP;
	if (ev->rules->person_opt_out)
		props_set(&ev->props, SLICE_LIT("$process_person_profile"),
			SLICE_LIT("false"));
	if (!is_young_enough(ev, w) || !is_not_cookieless(ev, w))
		return EVENT_DROP;
	if (ev->kind == EVENT_CLIENT_WARNING) {
		warn_for_client(ev, w);
		return EVENT_DROP;
	}
	if (ev->kind == EVENT_HEATMAP) {
		ev->is_personless = true;
		return ev->rules->heatmaps_refused ? EVENT_DROP : EVENT_GO;
	}
	return read_person_flag(ev, w) ? EVENT_GO : EVENT_DROP;
}
