#include "capture/capture_int.h"

#include <pthread.h>

#include "base/err.h"
#include "base/json_read.h"
#include "base/uuid.h"

/*
 * The fields of one event, read with a cursor: every byte is checked once and
 * nothing is laid out, so memory does not depend on what properties hold.
 */
#define KEY_LEN_MAX 16
#define KEYS_MAX 32

struct key {
	char name[KEY_LEN_MAX + 1];
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
	KEY("$ip", p_ip),
	KEY("capture_internal", p_internal),
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

_Static_assert(ARRAY_LEN(event_keys) <= KEYS_MAX &&
		       ARRAY_LEN(property_keys) <= KEYS_MAX,
	"an index has room for all");

/* The rows of a table by their length, in chains. */
struct key_index {
	const struct key *keys;
	uint8_t first[KEY_LEN_MAX + 1], next[KEYS_MAX]; /* row + 1; 0: none */
};

static struct key_index event_index, property_index;
static pthread_once_t index_once = PTHREAD_ONCE_INIT;

static void
make_index(struct key_index *x, const struct key *keys, size_t n)
{
	x->keys = keys;
	for (size_t i = n; i-- > 0;) {
		x->next[i] = x->first[keys[i].len];
		x->first[keys[i].len] = (uint8_t)(i + 1);
	}
}

static void
make_indices(void)
{
	make_index(&event_index, event_keys, ARRAY_LEN(event_keys));
	make_index(&property_index, property_keys, ARRAY_LEN(property_keys));
}

static inline const struct key *
find_key(const struct key_index *x, struct slice key)
{
	if (key.len > KEY_LEN_MAX)
		return NULL;
	for (uint8_t i = x->first[key.len]; i != 0; i = x->next[i - 1])
		if (memcmp(x->keys[i - 1].name, key.p, key.len) == 0)
			return &x->keys[i - 1];
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
	pthread_once(&index_once, make_indices);
	for (;; first = false) {
		const struct key *k;

		if (json_cursor_next(c, true, first, &more, &key, e) != 0)
			return -1;
		if (!more)
			break;
		if (c->key_is_escaped)
			key = plain_key(key, text, sizeof(text));
		k = find_key(&property_index, key);
		if (json_cursor_skip(c, &type, &raw, e) != 0)
			return -1;
		if (k != NULL)
			*field_at(ev, k) = raw;
	}
	ev->has_ip = ev->p_ip.p != NULL;
	ev->is_internal = ev->p_internal.p != NULL;
	return 0;
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
	pthread_once(&index_once, make_indices);
	k = find_key(&event_index, key);
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
