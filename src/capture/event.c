#include "capture/capture_int.h"

#include "base/err.h"
#include "base/json_read.h"
#include "base/uuid.h"

/*
 * The fields of one event, read with a cursor: every byte is checked once and
 * nothing is laid out, so memory does not depend on what properties hold.
 */
struct key {
	const char *name;
	size_t len, off;
};

#define KEY(name, field)                                                       \
	{                                                                      \
		name, sizeof(name) - 1, offsetof(struct capture_event, field)  \
	}

static const struct key event_keys[] = {
	KEY("event", event),
	KEY("token", token[0]),
	KEY("$token", token[1]),
	KEY("api_key", token[2]),
	KEY("distinct_id", distinct_id[0]),
	KEY("$distinct_id", distinct_id[1]),
	KEY("uuid", uuid),
	KEY("properties", properties),
	KEY("timestamp", timestamp),
	KEY("offset", offset),
	KEY("$set", set),
	KEY("$set_once", set_once),
	KEY("$unset", unset),
	KEY("sent_at", sent_at),
};

static const struct key property_keys[] = {
	KEY("token", p_token),
	KEY("distinct_id", p_distinct_id),
	KEY("$cookieless_mode", p_cookieless),
	KEY("$ignore_sent_at", p_ignore_sent_at),
	KEY("$session_id", p_session_id),
	KEY("$window_id", p_window_id),
	KEY("$snapshot_data", p_snapshot),
	KEY("$snapshot_source", p_source),
	KEY("$lib", p_lib),
	KEY("$product_tour_id", p_product_tour),
};

/* Keys may be written with escapes; those are rare. */
static struct slice
plain_key(struct slice key, char *out, size_t size)
{
	struct buf b;

	if (key.len == 0 || memchr(key.p, '\\', key.len) == NULL)
		return key;
	buf_init(&b, size);
	json_unescape(key, &b);
	if (b.failed || b.len > size)
		key = slice_of("", 0); /* longer than any that matters */
	else
		memcpy(out, b.p, b.len);
	if (!b.failed && b.len <= size)
		key = slice_of(out, b.len);
	buf_fini(&b);
	return key;
}

static const struct key *
find_key(const struct key *keys, size_t n, struct slice key)
{
	for (size_t i = 0; i < n; i++)
		if (keys[i].len == key.len &&
			memcmp(keys[i].name, key.p, key.len) == 0)
			return &keys[i];
	return NULL;
}

static struct slice *
field_at(struct capture_event *ev, const struct key *k)
{
	return (struct slice *)(void *)((char *)ev + k->off);
}

int
capture_read_properties(
	struct json_cursor *c, struct capture_event *ev, struct err *e)
{
	enum json_type type;
	struct slice key, raw;
	char text[32];
	bool more, first = true;

	if (json_cursor_enter(c, &type, e) != 0)
		return -1;
	for (;; first = false) {
		const struct key *k = NULL;

		if (json_cursor_next(c, true, first, &more, &key, e) != 0)
			return -1;
		if (!more)
			return 0;
		key = plain_key(key, text, sizeof(text));
		if (key.len >= 3 && key.len <= 16)
			k = find_key(
				property_keys, ARRAY_LEN(property_keys), key);
		ev->has_ip |= slice_eq_str(key, "$ip");
		ev->is_internal |= slice_eq_str(key, "capture_internal");
		if (json_cursor_skip(c, &type, &raw, e) != 0)
			return -1;
		if (k != NULL)
			*field_at(ev, k) = raw;
	}
}

/* The last properties object counts, as a whole. */
static void
forget_properties(struct capture_event *ev)
{
	for (size_t i = 0; i < ARRAY_LEN(property_keys); i++)
		*field_at(ev, &property_keys[i]) = SLICE_NONE;
	ev->has_ip = ev->is_internal = false;
}

static char
next_char(struct json_cursor *c)
{
	while (c->at < c->end && (*c->at == ' ' || *c->at == '\n' ||
					 *c->at == '\r' || *c->at == '\t'))
		c->at++;
	return c->at < c->end ? *c->at : '\0';
}

int
capture_read_field(struct json_cursor *c, struct slice key,
	struct capture_event *ev, bool *known, struct err *e)
{
	const struct key *k;
	enum json_type type;
	struct slice raw;
	char text[16];

	key = plain_key(key, text, sizeof(text));
	k = find_key(event_keys, ARRAY_LEN(event_keys), key);
	*known = k != NULL;
	if (k == NULL)
		return 0;
	if (k->off == offsetof(struct capture_event, properties)) {
		forget_properties(ev);
		if (next_char(c) == '{') {
			const char *from = c->at;

			if (capture_read_properties(c, ev, e) != 0)
				return -1;
			ev->properties = slice_of(from, (size_t)(c->at - from));
			return 0;
		}
	}
	if (json_cursor_skip(c, &type, &raw, e) != 0)
		return -1;
	*field_at(ev, k) = raw;
	return 0;
}

bool
capture_raw_is_string(struct slice raw)
{
	return raw.len >= 2 && raw.p[0] == '"';
}

bool
capture_raw_is(struct slice raw, const char *word)
{
	return raw.p != NULL && slice_eq_str(raw, word);
}

static bool
is_null(struct slice raw)
{
	return raw.p == NULL || raw.p[0] == 'n';
}

static bool
is_number(struct slice raw)
{
	return raw.len > 0 &&
	       (raw.p[0] == '-' || (raw.p[0] >= '0' && raw.p[0] <= '9'));
}

static bool
is_object_or_null(struct slice raw)
{
	return is_null(raw) || raw.p[0] == '{';
}

struct slice
capture_raw_text(struct arena *a, struct slice raw)
{
	struct slice inner = slice_of(raw.p + 1, raw.len - 2);
	struct buf b;

	if (inner.len == 0 || memchr(inner.p, '\\', inner.len) == NULL)
		return inner;
	/* No escape is shorter than what it stands for. */
	buf_init(&b, inner.len * 2 + 16);
	json_unescape(inner, &b);
	inner = b.failed     ? SLICE_NONE
		: b.len == 0 ? slice_of("", 0)
			     : arena_dup_slice(a, buf_slice(&b));
	buf_fini(&b);
	return inner;
}

static bool
read_uuid(struct capture_event *ev)
{
	struct slice raw = ev->uuid;

	if (is_null(raw))
		return true;
	if (!capture_raw_is_string(raw))
		return false;
	if (raw.len == 2)
		return true;
	ev->has_uuid = uuid_parse_any(
		slice_of(raw.p + 1, raw.len - 2), &ev->client_uuid);
	return ev->has_uuid;
}

bool
capture_fields_valid(struct capture_event *ev)
{
	for (size_t i = 0; i < ARRAY_LEN(ev->token); i++)
		if (!is_null(ev->token[i]) &&
			!capture_raw_is_string(ev->token[i]))
			return false;
	return read_uuid(ev) && is_object_or_null(ev->properties) &&
	       (is_null(ev->timestamp) || is_number(ev->timestamp) ||
		       capture_raw_is_string(ev->timestamp)) &&
	       (is_null(ev->offset) || is_number(ev->offset)) &&
	       is_object_or_null(ev->set) && is_object_or_null(ev->set_once);
}
