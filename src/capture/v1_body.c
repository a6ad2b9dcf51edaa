#include "capture/v1.h"

#include "base/hash.h"
#include "base/json_read.h"
#include "base/uuid.h"
#include "event/time.h"
#include "stats/stats.h"

/* Body and events of the v1 endpoint. */
static int
add_event(struct capture_ctx *x)
{
	struct capture_body *b = &x->body;

	if (b->n == b->cap) {
		uint32_t cap = b->cap == 0 ? 16 : b->cap * 2;
		struct capture_event *more;
		struct v1_event *more_v1;

		if (b->n >= LIMIT_REQUEST_EVENTS)
			return -1;
		if (b->n >= CAPTURE_LIGHT_EVENTS && !x->on_heavy) {
			x->is_heavy = true;
			return -1;
		}
		more = arena_zalloc(x->a, cap, sizeof(*more));
		more_v1 = arena_zalloc(x->a, cap, sizeof(*more_v1));
		if (more == NULL || more_v1 == NULL)
			return -1;
		if (b->n > 0) {
			memcpy(more, b->events, b->n * sizeof(*more));
			memcpy(more_v1, x->v1->events, b->n * sizeof(*more_v1));
		}
		b->events = more;
		x->v1->events = more_v1;
		b->cap = cap;
	}
	b->n++;
	return 0;
}

static int
read_extra(struct json_cursor *c, struct slice key, struct v1_event *v,
	struct err *e)
{
	enum json_type type;
	struct slice raw;

	if (json_cursor_skip(c, &type, &raw, e) != 0)
		return -1;
	if (slice_eq_str(key, "session_id"))
		v->session_id = raw;
	else if (slice_eq_str(key, "window_id"))
		v->window_id = raw;
	else if (slice_eq_str(key, "options"))
		v->options = raw;
	return 0;
}

static int
read_event(struct capture_ctx *x, struct json_cursor *c, struct err *e)
{
	struct capture_event *ev;
	struct v1_event *v;
	enum json_type type;
	struct slice key;
	bool more, first = true, known;

	if (add_event(x) != 0)
		return err_set(e, ERR_TOO_BIG, "too many events");
	ev = &x->body.events[x->body.n - 1];
	v = &x->v1->events[x->body.n - 1];
	if (json_cursor_enter(c, &type, e) != 0)
		return -1;
	for (;; first = false) {
		if (json_cursor_next(c, true, first, &more, &key, e) != 0)
			return -1;
		if (!more)
			return 0;
		if (capture_read_field(c, key, ev, &known, e) != 0)
			return -1;
		if (!known && read_extra(c, key, v, e) != 0)
			return -1;
	}
}

static int
read_batch(struct capture_ctx *x, struct json_cursor *c, struct err *e)
{
	enum json_type type;
	struct slice key, raw;
	bool more, first = true;

	x->v1->has_batch = true;
	x->body.n = 0;
	if (json_cursor_enter(c, &type, e) != 0)
		return -1;
	for (;; first = false) {
		if (json_cursor_next(c, false, first, &more, &key, e) != 0)
			return -1;
		if (!more)
			return 0;
		while (c->at < c->end && (unsigned char)*c->at <= ' ')
			c->at++;
		if (c->at < c->end && *c->at == '{') {
			if (read_event(x, c, e) != 0)
				return -1;
			continue;
		}
		x->v1->types_ok = false;
		if (json_cursor_skip(c, &type, &raw, e) != 0)
			return -1;
	}
}

static int
read_member(struct capture_ctx *x, struct json_cursor *c, struct slice key,
	struct err *e)
{
	enum json_type type;
	struct slice raw;

	while (c->at < c->end && (unsigned char)*c->at <= ' ')
		c->at++;
	if (slice_eq_str(key, "batch") && c->at < c->end && *c->at == '[')
		return read_batch(x, c, e);
	if (json_cursor_skip(c, &type, &raw, e) != 0)
		return -1;
	if (slice_eq_str(key, "created_at"))
		x->v1->created_at = raw;
	else if (slice_eq_str(key, "historical_migration"))
		x->body.is_historical = capture_raw_is(raw, "true");
	else if (slice_eq_str(key, "capture_internal"))
		x->v1->is_internal = capture_raw_is(raw, "true");
	return 0;
}

static int
read_object(struct capture_ctx *x, struct err *e)
{
	struct json_cursor c;
	enum json_type type;
	struct slice key;
	bool more, first = true;

	json_cursor_init(&c, x->text, LIMIT_JSON_DEPTH);
	if (json_cursor_enter(&c, &type, e) != 0)
		return -1;
	if (type != JSON_OBJECT)
		return err_set(e, ERR_INVALID, "no object");
	for (;; first = false) {
		if (json_cursor_next(&c, true, first, &more, &key, e) != 0)
			return -1;
		if (!more)
			return json_cursor_end(&c, e);
		if (read_member(x, &c, key, e) != 0)
			return -1;
	}
}

int
capture_v1_parse(struct capture_ctx *x)
{
	struct capture_v1 *v = x->v1;
	struct err e = {0};
	int64_t at_us;
	int err;

	v->types_ok = true;
	err = read_object(x, &e);
	if (x->is_heavy)
		return -1;
	if (err != 0 && e.code == ERR_TOO_BIG)
		return capture_refuse_v1(x, 413, "payload_too_large",
			"the batch has too many events");
	if (err != 0 || !v->has_batch || !v->types_ok)
		return capture_refuse_v1(x, 400, "request_parsing_error",
			"the body is no JSON object with an array batch of "
			"objects");
	stats_add(STATS_CAPTURE_RECEIVED, 0, x->body.n);
	if (!capture_raw_is_string(v->created_at) ||
		!event_time_parse(
			capture_raw_text(x->a, v->created_at), &at_us))
		return capture_refuse_v1(x, 400, "invalid_batch",
			"created_at is no RFC 3339 time");
	if (x->body.n == 0)
		return capture_refuse_v1(
			x, 400, "empty_batch", "the batch has no event");
	return 0;
}

/* A set of uuids; open addressing, half full at most. */
struct uuid_set {
	struct uuid *slots;
	bool *used;
	size_t mask;
};

static bool
seen_before(struct uuid_set *s, const struct uuid *u)
{
	size_t i = (size_t)hash_key(u->b, sizeof(u->b)) & s->mask;

	for (; s->used[i]; i = (i + 1) & s->mask)
		if (memcmp(s->slots[i].b, u->b, sizeof(u->b)) == 0)
			return true;
	s->used[i] = true;
	s->slots[i] = *u;
	return false;
}

static int
check_uuids(struct capture_ctx *x)
{
	struct uuid_set s = {.mask = 31};

	while (s.mask < (size_t)x->body.n * 2)
		s.mask = s.mask * 2 + 1;
	s.slots = arena_alloc(x->a, (s.mask + 1) * sizeof(*s.slots));
	s.used = arena_zalloc(x->a, s.mask + 1, sizeof(*s.used));
	if (s.slots == NULL || s.used == NULL)
		return capture_shed_v1(x, REFUSAL_NO_MEMORY);
	for (uint32_t i = 0; i < x->body.n; i++) {
		struct slice raw = x->body.events[i].uuid;
		struct uuid u;

		if (!capture_raw_is_string(raw) || raw.len == 2)
			return capture_refuse_v1(x, 400, "missing_event_uuid",
				"each event has a uuid");
		if (!uuid_parse_any(
			    slice_trim(capture_raw_text(x->a, raw)), &u))
			return capture_refuse_v1(x, 400, "invalid_event_uuid",
				"an event's uuid is none");
		if (seen_before(&s, &u))
			return capture_refuse_v1(x, 400, "duplicate_event_uuid",
				"two events have the same uuid");
		uuid_format(&u, x->v1->events[i].uuid);
		x->body.events[i].has_uuid = true;
		x->body.events[i].client_uuid = u;
	}
	return 0;
}

/* 1, 0, or -1 for what is no bool at all. */
static int
option_bool(const struct json_doc *d, uint32_t n, struct arena *a)
{
	struct slice s;

	switch ((enum json_type)d->nodes[n].type) {
	case JSON_TRUE:
		return 1;
	case JSON_FALSE:
		return 0;
	case JSON_NUMBER:
		return json_double(d, n) != 0.0;
	case JSON_STRING:
		s = json_string(d, n, a);
		if (slice_eq_str(s, "true") || slice_eq_str(s, "1"))
			return 1;
		return slice_eq_str(s, "false") || slice_eq_str(s, "0") ? 0
									: -1;
	case JSON_NULL:
	case JSON_ARRAY:
	case JSON_OBJECT:
		break;
	}
	return -1;
}

static bool
read_options(
	struct capture_ctx *x, struct capture_event *ev, struct v1_event *v)
{
	struct json_limits lim = {LIMIT_JSON_DEPTH, 1000};
	struct json_doc d;
	struct err e;
	uint32_t n;
	int b;

	if (v->options.p == NULL || v->options.p[0] == 'n')
		return true;
	if (v->options.p[0] != '{' ||
		json_parse(x->a, v->options, &lim, &d, &e) != 0)
		return false;
	for (uint32_t k = json_first(&d, 0); k < d.nodes[0].next;
		k = d.nodes[n].next) {
		n = k + 1;
		if (d.nodes[n].type == JSON_NULL)
			continue;
		if (json_string_eq(&d, k, SLICE_LIT("product_tour_id"))) {
			v->product_tour_id = json_raw(&d, n);
			continue;
		}
		b = option_bool(&d, n, x->a);
		if (json_string_eq(&d, k, SLICE_LIT("cookieless_mode"))) {
			ev->is_cookieless = b == 1;
		} else if (json_string_eq(&d, k,
				   SLICE_LIT("disable_skew_correction"))) {
			v->skew_off = b == 1;
		} else if (json_string_eq(&d, k,
				   SLICE_LIT("process_person_profile"))) {
			v->has_profile = true;
			v->profile = b == 1;
		} else {
			continue;
		}
		if (b < 0)
			return false;
	}
	return true;
}

static bool
is_illegal_id(struct slice id)
{
	static const char *const ids[] = {"0",
		"00000000-0000-0000-0000-000000000000", "[object object]",
		"anonymous", "anonymous-user", "backend", "distinct_id",
		"distinctid", "email", "false", "guest", "id", "nan", "none",
		"not_authenticated", "null", "system", "true", "undefined",
		"user"};

	for (size_t i = 0; i < ARRAY_LEN(ids); i++)
		if (slice_eq_nocase(id, slice_str(ids[i])))
			return true;
	return false;
}

static const char *
drop_reason(struct capture_ctx *x, struct capture_event *ev, struct v1_event *v,
	int64_t *at_us)
{
	if (ev->event.p == NULL || ev->event.len == 2)
		return "missing_event_name";
	if (capture_raw_text(x->a, ev->event).len > LIMIT_V1_EVENT_NAME_BYTES)
		return "event_name_too_long";
	if (ev->distinct_id[0].p != NULL)
		ev->id = slice_trim(capture_raw_text(x->a, ev->distinct_id[0]));
	if (ev->id.len == 0)
		return "missing_distinct_id";
	if (ev->id.len > LIMIT_V1_DISTINCT_ID_BYTES)
		return "distinct_id_too_large";
	if (ev->timestamp.p == NULL ||
		!event_time_parse(capture_raw_text(x->a, ev->timestamp), at_us))
		return "invalid_event_timestamp";
	if (ev->properties.p != NULL && ev->properties.p[0] != '{' &&
		ev->properties.p[0] != 'n')
		return "malformed_event_properties";
	return read_options(x, ev, v) ? NULL : "invalid_options";
}

static enum capture_drop
cause_of(const char *drop)
{
	if (drop == NULL)
		return DROP_NONE;
	if (strcmp(drop, "missing_event_name") == 0)
		return DROP_NO_NAME;
	return strcmp(drop, "missing_distinct_id") == 0 ? DROP_NO_DISTINCT_ID
							: DROP_INVALID;
}

static bool
is_text_or_absent(struct slice raw)
{
	return raw.p == NULL || capture_raw_is_string(raw);
}

int
capture_v1_check(struct capture_ctx *x)
{
	int64_t at_us;

	for (uint32_t i = 0; i < x->body.n; i++) {
		const struct capture_event *ev = &x->body.events[i];

		if (!is_text_or_absent(ev->event) ||
			!is_text_or_absent(ev->uuid) ||
			!is_text_or_absent(ev->distinct_id[0]) ||
			!is_text_or_absent(ev->timestamp))
			return capture_refuse_v1(x, 400,
				"request_parsing_error",
				"event, uuid, distinct_id and timestamp are "
				"strings");
	}
	if (check_uuids(x) != 0)
		return -1;
	for (uint32_t i = 0; i < x->body.n; i++) {
		struct v1_event *v = &x->v1->events[i];
		struct capture_event *ev = &x->body.events[i];

		v->drop = drop_reason(x, ev, v, &at_us);
		v->cause = cause_of(v->drop);
		v->no_person = v->drop == NULL && is_illegal_id(ev->id);
		ev->is_internal |= x->v1->is_internal;
	}
	return 0;
}
