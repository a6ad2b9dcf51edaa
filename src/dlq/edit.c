#include "dlq/edit.h"

#include <string.h>

#include "base/json_write.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "base/uuid.h"
#include "dlq/letter.h"

static const struct json_limits limits = {
	.max_depth = LIMIT_JSON_DEPTH,
	.max_nodes = LIMIT_EVENT_NODES,
};

static int
no_memory(struct err *e)
{
	return err_set(e, ERR_NO_MEMORY, "no memory for an edited event");
}

struct slice
letter_event(const struct letter_message *m, struct arena *a)
{
	struct json_doc d;
	struct slice text = m->value;
	struct err e;
	uint32_t data;

	if (json_parse(a, text, &limits, &d, &e) != 0 ||
		d.nodes[0].type != JSON_OBJECT)
		return SLICE_NONE;
	data = json_member(&d, 0, SLICE_LIT("data"));
	if (data == 0)
		return text;
	if (d.nodes[data].type != JSON_STRING)
		return SLICE_NONE;
	text = json_string(&d, data, a);
	if (text.p == NULL || json_parse(a, text, &limits, &d, &e) != 0 ||
		d.nodes[0].type != JSON_OBJECT)
		return SLICE_NONE;
	return text;
}

/* What of the edited event goes into the message around it. */
struct edited {
	struct json_doc d;
	struct slice name, id, uuid; /* uuid .p NULL: not named */
	char uuid_text[UUID_TEXT];
};

/* 0: absent or null. */
static uint32_t
given(const struct json_doc *d, uint32_t object, const char *name)
{
	uint32_t node = object == UINT32_MAX
				? 0
				: json_member(d, object, slice_str(name));

	return node != 0 && d->nodes[node].type != JSON_NULL ? node : 0;
}

static int
want(const struct edited *x, const char *name, unsigned types, const char *what,
	struct err *e)
{
	uint32_t node = given(&x->d, 0, name);

	if (node == 0 || (types >> x->d.nodes[node].type & 1) != 0)
		return 0;
	return err_set(e, ERR_INVALID, "%s must be %s", name, what);
}

#define STRING (1U << JSON_STRING)
#define NUMBER (1U << JSON_NUMBER)
#define OBJECT (1U << JSON_OBJECT)

static int
check_types(const struct edited *x, struct err *e)
{
	int r = want(x, "properties", OBJECT, "an object", e);

	if (r == 0)
		r = want(x, "$set", OBJECT, "an object", e);
	if (r == 0)
		r = want(x, "$set_once", OBJECT, "an object", e);
	if (r == 0)
		r = want(
			x, "timestamp", STRING | NUMBER, "text or a number", e);
	if (r == 0)
		r = want(x, "offset", NUMBER, "a number", e);
	if (r == 0)
		r = want(x, "uuid", STRING, "text", e);
	return r == 0 ? want(x, "event", STRING, "text", e) : r;
}

static struct slice
replace_nul(struct slice s, struct arena *a)
{
	struct buf b;

	if (s.len == 0 || memchr(s.p, '\0', s.len) == NULL)
		return s;
	buf_init(&b, s.len * 3 + 16);
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] == '\0')
			buf_append_lit(&b, "\xef\xbf\xbd");
		else
			buf_append_char(&b, s.p[i]);
	}
	s = arena_dup_slice(a, buf_slice(&b));
	buf_fini(&b);
	return s;
}

/* Text, or the JSON of anything else, keys sorted. */
static struct slice
id_text(const struct edited *x, uint32_t node, struct arena *a)
{
	struct buf b;
	struct slice s;

	if (x->d.nodes[node].type == JSON_STRING)
		return json_string(&x->d, node, a);
	buf_init(&b, LIMIT_BATCH_BYTES);
	json_put_sorted(&b, &x->d, node, a);
	s = b.failed ? SLICE_NONE : arena_dup_slice(a, buf_slice(&b));
	buf_fini(&b);
	return s;
}

static int
read_id(struct edited *x, struct arena *a, struct err *e)
{
	uint32_t properties = given(&x->d, 0, "properties");
	uint32_t node = given(&x->d, 0, "distinct_id");

	if (node == 0)
		node = given(&x->d, 0, "$distinct_id");
	if (node == 0 && properties != 0)
		node = given(&x->d, properties, "distinct_id");
	if (node == 0)
		return err_set(e, ERR_INVALID, "the event has no distinct_id");
	x->id = replace_nul(id_text(x, node, a), a);
	if (x->id.p == NULL)
		return no_memory(e);
	if (slice_trim(x->id).len == 0)
		return err_set(
			e, ERR_INVALID, "the event has an empty distinct_id");
	x->id = utf8_cut_scalars(x->id, LIMIT_DISTINCT_ID_SCALARS);
	return 0;
}

static int
read_uuid(struct edited *x, struct arena *a, struct err *e)
{
	uint32_t node = given(&x->d, 0, "uuid");
	struct slice text;
	struct uuid u;

	if (node == 0 || x->d.nodes[node].len == 0)
		return 0;
	text = json_string(&x->d, node, a);
	if (text.p == NULL)
		return no_memory(e);
	if (!uuid_parse_any(text, &u))
		return err_set(e, ERR_INVALID, "the event's uuid is none");
	uuid_format(&u, x->uuid_text);
	x->uuid = slice_of(x->uuid_text, UUID_TEXT);
	return 0;
}

static int
read_edited(
	struct edited *x, struct slice event, struct arena *a, struct err *e)
{
	uint32_t name;
	int r = json_parse(a, event, &limits, &x->d, e);

	if (r != 0)
		return err_prefix(e, "the edited event is no JSON");
	if (x->d.nodes[0].type != JSON_OBJECT)
		return err_set(e, ERR_INVALID,
			"the edited event must be a JSON object");
	r = check_types(x, e);
	if (r != 0)
		return r;
	name = given(&x->d, 0, "event");
	if (name == 0 || x->d.nodes[name].len == 0)
		return err_set(e, ERR_INVALID, "the event has no name");
	x->name = replace_nul(json_string(&x->d, name, a), a);
	if (x->name.p == NULL)
		return no_memory(e);
	r = read_id(x, a, e);
	return r == 0 ? read_uuid(x, a, e) : r;
}

static bool
same_member(
	const struct json_doc *a, const struct json_doc *b, const char *name)
{
	uint32_t x = given(a, 0, name), y = given(b, 0, name);

	return x == 0 || y == 0 ? x == y : json_equal(a, x, b, y);
}

/* Whether the time that capture computed still holds. */
static bool
same_time(
	const struct letter_message *m, const struct edited *x, struct arena *a)
{
	struct slice was = letter_event(m, a);
	struct json_doc d;
	struct err e;

	return was.p != NULL && json_parse(a, was, &limits, &d, &e) == 0 &&
	       same_member(&d, &x->d, "timestamp") &&
	       same_member(&d, &x->d, "offset");
}

static void
put_text(struct buf *b, const char *name, struct slice text)
{
	json_put_string(b, slice_str(name));
	buf_append_char(b, ':');
	json_put_string(b, text);
}

/* Where the message itself cannot be read. */
static bool
is_told_by_header(const char *name)
{
	return strcmp(name, "now") == 0 || strcmp(name, "token") == 0;
}

/* Members that stay as they are: all but those of the event. */
static void
put_rest(struct buf *b, const struct letter_message *m, bool with_time,
	struct arena *a)
{
	static const char *const stay[] = {"ip", "now", "sent_at", "token",
		"timestamp", "is_cookieless_mode", "historical_migration"};
	struct json_doc d = {0};
	bool is_bare;
	struct err e;

	if (json_parse(a, m->value, &limits, &d, &e) != 0 ||
		d.nodes[0].type != JSON_OBJECT)
		d.n_nodes = 0;
	is_bare = d.n_nodes == 0 || json_member(&d, 0, SLICE_LIT("data")) == 0;
	for (size_t i = 0; i < ARRAY_LEN(stay); i++) {
		uint32_t node = d.n_nodes == 0 ? 0 : given(&d, 0, stay[i]);
		struct slice text = letter_header(m, stay[i]);
		bool is_time = strcmp(stay[i], "timestamp") == 0;

		if (is_time && (is_bare || !with_time))
			continue;
		if (node != 0) {
			buf_append_char(b, ',');
			json_put_string(b, slice_str(stay[i]));
			buf_append_char(b, ':');
			json_put_value(b, &d, node, LIMIT_JSON_DEPTH, NULL);
		} else if (!is_time && text.p != NULL && utf8_valid(text) &&
			   (is_told_by_header(stay[i]))) {
			buf_append_char(b, ',');
			put_text(b, stay[i], text);
		}
	}
}

static int
put_message(const struct letter_message *m, const struct edited *x,
	bool with_time, size_t max_bytes, struct arena *a, struct slice *out,
	struct err *e)
{
	struct buf b, data;
	int r;

	buf_init(&data, 4 * max_bytes + 65536);
	buf_init(&b, 8 * max_bytes + 65536);
	json_put_value(&data, &x->d, 0, LIMIT_JSON_DEPTH, NULL);
	buf_append_char(&b, '{');
	put_text(&b, "uuid", x->uuid);
	buf_append_char(&b, ',');
	put_text(&b, "distinct_id", x->id);
	buf_append_char(&b, ',');
	put_text(&b, "event", x->name);
	buf_append_char(&b, ',');
	put_text(&b, "data", buf_slice(&data));
	put_rest(&b, m, with_time, a);
	buf_append_char(&b, '}');
	*out = SLICE_NONE;
	if (b.failed || data.failed || b.len > max_bytes) {
		r = err_set(e, ERR_TOO_BIG,
			"the event takes more than %zu bytes as a message",
			max_bytes);
	} else {
		*out = arena_dup_slice(a, buf_slice(&b));
		r = out->p == NULL ? no_memory(e) : 0;
	}
	buf_fini(&data);
	buf_fini(&b);
	return r;
}

static void
put_header(struct letter_message *m, const char *name, struct slice value)
{
	for (uint32_t i = 0; i < m->n_headers; i++)
		if (slice_eq_str(m->headers[i].key, name)) {
			m->headers[i].value = value;
			return;
		}
	m->headers[m->n_headers++] =
		(struct batch_header_kv){slice_str(name), value};
}

static void
drop_header(struct letter_message *m, const char *name)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < m->n_headers; i++)
		if (!slice_eq_str(m->headers[i].key, name))
			m->headers[n++] = m->headers[i];
	m->n_headers = n;
}

/* The uuid that the message had. */
static struct slice
old_uuid(const struct letter_message *m, struct arena *a)
{
	struct slice text = SLICE_NONE;
	struct json_doc d;
	struct uuid u;
	struct err e;
	uint32_t node;

	if (json_parse(a, m->value, &limits, &d, &e) == 0 &&
		d.nodes[0].type == JSON_OBJECT &&
		(node = given(&d, 0, "uuid")) != 0 &&
		d.nodes[node].type == JSON_STRING)
		text = json_string(&d, node, a);
	if (text.p == NULL || !uuid_parse(text, &u))
		text = letter_header(m, "uuid");
	return text.p != NULL && uuid_parse(text, &u) ? text : SLICE_NONE;
}

int
letter_edit(const struct letter_message *m, struct slice event,
	size_t max_bytes, struct arena *a, struct letter_message *out,
	struct err *e)
{
	struct edited *x = arena_zalloc(a, 1, sizeof(*x));
	bool with_time;
	int r;

	*out = *m;
	out->headers = arena_zalloc(a, m->n_headers + 4, sizeof(*out->headers));
	if (x == NULL || out->headers == NULL)
		return no_memory(e);
	if (m->n_headers > 0)
		memcpy(out->headers, m->headers,
			m->n_headers * sizeof(*out->headers));
	r = read_edited(x, event, a, e);
	if (r != 0)
		return r;
	if (x->uuid.p == NULL)
		x->uuid = old_uuid(m, a);
	if (x->uuid.p == NULL)
		return err_set(e, ERR_INVALID,
			"the letter has no uuid: give the event one");
	with_time = same_time(m, x, a);
	r = put_message(m, x, with_time, max_bytes, a, &out->value, e);
	if (r != 0)
		return r;
	put_header(out, "uuid", x->uuid);
	put_header(out, "distinct_id", x->id);
	put_header(out, "event", x->name);
	if (!with_time)
		drop_header(out, "timestamp");
	return letter_make_key(out, a, e);
}
