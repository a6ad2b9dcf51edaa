#include "dlq/letter.h"

#include "base/base64.h"
#include "base/buf.h"
#include "base/limits.h"

static const struct json_limits limits = {
	.max_depth = LIMIT_JSON_DEPTH,
	.max_nodes = LIMIT_EVENT_NODES,
};

bool
letter_is_own_header(struct slice name)
{
	return slice_starts(name, SLICE_LIT("dlq_"));
}

struct slice
letter_member(const struct letter *l, const char *name, struct arena *a)
{
	uint32_t node = l->json.n_nodes == 0
				? 0
				: json_member(&l->json, 0, slice_str(name));

	if (node == 0)
		return SLICE_NONE;
	return l->json.nodes[node].type == JSON_STRING
		       ? json_string(&l->json, node, a)
		       : json_raw(&l->json, node);
}

void
letter_read(const struct batch_record_view *rec, struct arena *a,
	struct letter *out)
{
	const struct json_limits lim = {16, 10000};
	struct err e;
	uint32_t team;

	*out = (struct letter){0};
	if (!batch_header_find(rec, "dlq_reason", &out->reason))
		out->reason = SLICE_LIT("");
	if (!batch_header_find(rec, "dlq_step", &out->step))
		out->step = SLICE_LIT("");
	if (rec->value.p == NULL ||
		json_parse(a, rec->value, &lim, &out->json, &e) < 0 ||
		out->json.nodes[0].type != JSON_OBJECT) {
		out->json.n_nodes = 0;
		return;
	}
	out->id = letter_member(out, "id", a);
	out->error = letter_member(out, "error", a);
	out->event = letter_member(out, "event", a);
	out->distinct_id = letter_member(out, "distinct_id", a);
	team = json_member(&out->json, 0, SLICE_LIT("team_id"));
	if (team != 0 && !json_i64(&out->json, team, &out->team_id))
		out->team_id = 0;
}

int64_t
letter_attempts(const struct batch_record_view *rec)
{
	struct slice text;
	int64_t n = 0;

	if (!batch_header_find(rec, LETTER_ATTEMPTS, &text) || text.len > 9)
		return 0;
	for (size_t i = 0; i < text.len; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return 0;
		n = n * 10 + (text.p[i] - '0');
	}
	return n;
}

static bool
is_base64(const struct json_doc *d)
{
	uint32_t tags = json_member(d, 0, SLICE_LIT("tags"));

	if (tags == 0 || d->nodes[tags].type != JSON_ARRAY)
		return false;
	for (uint32_t i = json_first(d, tags); i < d->nodes[tags].next;
		i = d->nodes[i].next)
		if (d->nodes[i].type == JSON_STRING &&
			json_string_eq(d, i, SLICE_LIT("base64")))
			return true;
	return false;
}

static int
read_value(const struct batch_record_view *rec, struct arena *a,
	struct letter_message *out, struct err *e)
{
	struct json_doc d;
	uint32_t raw;
	struct buf plain;
	int r = json_parse(a, rec->value, &limits, &d, e);

	if (r != 0)
		return err_prefix(e, "letter");
	raw = json_member(&d, 0, SLICE_LIT("raw_payload"));
	if (raw == 0 || d.nodes[raw].type != JSON_STRING)
		return err_set(e, ERR_INVALID, "the letter has no raw_payload");
	out->value = json_string(&d, raw, a);
	if (out->value.p == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory for a letter");
	if (!is_base64(&d))
		return 0;
	buf_init(&plain, LIMIT_DEAD_LETTER_BYTES);
	if (!base64_decode(out->value, &plain) || plain.failed)
		r = err_set(e, ERR_INVALID, "raw_payload is no base64");
	else
		out->value = arena_dup_slice(a, buf_slice(&plain));
	buf_fini(&plain);
	return r;
}

static int
read_headers(const struct batch_record_view *rec, struct arena *a,
	struct letter_message *out, struct err *e)
{
	struct slice left = rec->headers;
	struct batch_header_kv kv;

	out->headers = arena_zalloc(a, rec->n_headers + 1, sizeof(kv));
	if (out->headers == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory for a letter");
	for (uint32_t i = 0; i < rec->n_headers; i++) {
		if (!batch_header_next(&left, &kv))
			break;
		if (!letter_is_own_header(kv.key))
			out->headers[out->n_headers++] = kv;
		else if (slice_eq_str(kv.key, "dlq_topic"))
			out->topic = kv.value;
	}
	return 0;
}

struct slice
letter_header(const struct letter_message *m, const char *name)
{
	for (uint32_t i = 0; i < m->n_headers; i++)
		if (slice_eq_str(m->headers[i].key, name))
			return m->headers[i].value;
	return SLICE_NONE;
}

/* A member of the message, else the header of the same name. */
static struct slice
text_of(const struct json_doc *d, const struct letter_message *m,
	const char *name, struct arena *a)
{
	uint32_t node =
		d->n_nodes == 0 ? 0 : json_member(d, 0, slice_str(name));

	if (node != 0 && d->nodes[node].type == JSON_STRING)
		return json_string(d, node, a);
	return letter_header(m, name);
}

int
letter_make_key(struct letter_message *m, struct arena *a, struct err *e)
{
	struct json_doc d = {0};
	struct err ignored;
	struct slice token, id;
	uint32_t cookieless;
	char *key;

	/* A message that cannot be read has its headers. */
	if (json_parse(a, m->value, &limits, &d, &ignored) != 0)
		d.n_nodes = 0;
	token = text_of(&d, m, "token", a);
	m->key = SLICE_NONE;
	if (token.p == NULL)
		return 0;
	cookieless = d.n_nodes == 0 ? 0
				    : json_member(&d, 0,
					      SLICE_LIT("is_cookieless_mode"));
	id = text_of(&d, m,
		cookieless != 0 && d.nodes[cookieless].type == JSON_TRUE
			? "ip"
			: "distinct_id",
		a);
	key = arena_alloc(a, token.len + id.len + 1);
	if (key == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory for a letter");
	if (token.len > 0)
		memcpy(key, token.p, token.len);
	key[token.len] = ':';
	if (id.len > 0)
		memcpy(key + token.len + 1, id.p, id.len);
	m->key = slice_of(key, token.len + id.len + 1);
	return 0;
}

int
letter_message(const struct batch_record_view *rec, struct arena *a,
	struct letter_message *out, struct err *e)
{
	int r;

	*out = (struct letter_message){0};
	r = read_value(rec, a, out, e);
	if (r == 0)
		r = read_headers(rec, a, out, e);
	if (r == 0)
		r = letter_make_key(out, a, e);
	return r;
}
