#include <strings.h>

#include "admin/door.h"
#include "base/json_write.h"
#include "base/utf8.h"

#define TEXT_MAX 200 /* bytes kept of one string */
#define ITEMS_MAX 20 /* kept of one array or object */
#define DEPTH_MAX 4
#define ROOM 64 /* for what closes a text that was cut */

/* Parts of names whose values are never kept. */
static const char *const secret[] = {"password", "passwd", "secret", "token",
	"authorization", "credential", "private", "api_key", "apikey",
	"current", "postgres.url", "database_url", NULL};

struct redact {
	const struct json_doc *d;
	struct arena *a;
	struct buf *out;
};

static bool
has_nocase(struct slice s, const char *part)
{
	size_t n = strlen(part);

	for (size_t i = 0; i + n <= s.len; i++)
		if (strncasecmp(s.p + i, part, n) == 0)
			return true;
	return false;
}

/* By the name, and what the settings call a secret. */
static bool
is_secret(struct slice name)
{
	const struct conf_row *row;

	for (int i = 0; secret[i] != NULL; i++)
		if (has_nocase(name, secret[i]))
			return true;
	for (int i = 0; (row = conf_row_at(i)) != NULL; i++)
		if (row->is_secret && slice_eq_str(name, row->name))
			return true;
	return false;
}

/* "scheme://user:password@host" */
static bool
has_password(struct slice s)
{
	for (size_t i = 0; i + 3 <= s.len; i++) {
		if (memcmp(s.p + i, "://", 3) != 0)
			continue;
		for (size_t j = i + 3; j < s.len && s.p[j] != '/'; j++)
			if (s.p[j] == '@')
				return true;
	}
	return has_nocase(s, "password=") || has_nocase(s, "identified ");
}

static void
put_text(struct redact *r, uint32_t node)
{
	struct slice s = json_string(r->d, node, r->a);
	struct slice part = s;

	if (s.p == NULL || has_password(s)) {
		buf_append_lit(r->out, "\"***\"");
		return;
	}
	if (s.len > TEXT_MAX)
		part = utf8_cut_scalars(s, TEXT_MAX / 4);
	buf_append_char(r->out, '"');
	json_put_escaped(r->out, part);
	if (part.len < s.len)
		buf_append_lit(r->out, "…");
	buf_append_char(r->out, '"');
}

static void put_node(struct redact *r, uint32_t node, int depth);

/* Whether there is room for one more; says so in the text if not. */
static bool
has_room(struct redact *r, bool is_object, int n)
{
	if (n > 0)
		buf_append_char(r->out, ',');
	if (n < ITEMS_MAX &&
		r->out->len + 8 * TEXT_MAX / 4 + ROOM < AUTH_TRAIL_DETAIL_MAX)
		return true;
	if (is_object)
		buf_append_lit(r->out, "\"…\":true");
	else
		buf_append_lit(r->out, "\"…\"");
	return false;
}

static void
put_object(struct redact *r, uint32_t node, int depth)
{
	const struct json_node *nodes = r->d->nodes;
	int n = 0;

	buf_append_char(r->out, '{');
	for (uint32_t i = json_first(r->d, node); i < nodes[node].next;
		i = nodes[i + 1].next) {
		struct slice name = json_string(r->d, i, r->a);

		if (!has_room(r, true, n++))
			break;
		put_text(r, i);
		buf_append_char(r->out, ':');
		if (name.p == NULL || is_secret(name))
			buf_append_lit(r->out, "\"***\"");
		else
			put_node(r, i + 1, depth + 1);
	}
	buf_append_char(r->out, '}');
}

static void
put_array(struct redact *r, uint32_t node, int depth)
{
	const struct json_node *nodes = r->d->nodes;
	int n = 0;

	buf_append_char(r->out, '[');
	for (uint32_t i = json_first(r->d, node); i < nodes[node].next;
		i = nodes[i].next) {
		if (!has_room(r, false, n++))
			break;
		put_node(r, i, depth + 1);
	}
	buf_append_char(r->out, ']');
}

static void
put_node(struct redact *r, uint32_t node, int depth)
{
	switch ((enum json_type)r->d->nodes[node].type) {
	case JSON_STRING:
		put_text(r, node);
		return;
	case JSON_OBJECT:
	case JSON_ARRAY:
		if (depth >= DEPTH_MAX)
			buf_append_lit(r->out, "\"…\"");
		else if (r->d->nodes[node].type == JSON_OBJECT)
			put_object(r, node, depth);
		else
			put_array(r, node, depth);
		return;
	case JSON_NUMBER:
		if (r->d->nodes[node].len > 32) {
			buf_append_lit(r->out, "\"…\"");
			return;
		}
		break;
	case JSON_NULL:
	case JSON_FALSE:
	case JSON_TRUE:
		break;
	}
	buf_append_slice(r->out, json_raw(r->d, node));
}

void
door_put_detail(const struct json_doc *d, struct arena *a, struct buf *out)
{
	struct redact r = {d, a, out};

	if (d->n_nodes == 0)
		buf_append_lit(out, "{}");
	else
		put_node(&r, 0, 0);
	if (out->len > AUTH_TRAIL_DETAIL_MAX || out->failed) {
		buf_reset(out);
		buf_append_lit(out, "{\"…\":true}");
	}
}
