#include "pipeline/letter.h"

#include "base/base64.h"
#include "base/json_read.h"
#include "base/limits.h"
#include "pipeline/put.h"

static const struct json_limits limits = {
	.max_depth = LIMIT_JSON_DEPTH,
	.max_nodes = LIMIT_EVENT_NODES,
};

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
	struct letter *out, struct err *e)
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
	struct letter *out, struct err *e)
{
	struct slice left = rec->headers;
	struct batch_header_kv kv;

	out->headers = arena_zalloc(a, rec->n_headers + 1, sizeof(kv));
	if (out->headers == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory for a letter");
	for (uint32_t i = 0; i < rec->n_headers; i++) {
		if (!batch_header_next(&left, &kv))
			break;
		if (!put_is_letter_header(kv.key))
			out->headers[out->n_headers++] = kv;
		else if (slice_eq_str(kv.key, "dlq_topic"))
			out->topic = kv.value;
	}
	return 0;
}

/* A member of the message, else the header of the same name. */
static struct slice
text_of(const struct json_doc *d, const struct batch_record_view *rec,
	const char *name, struct arena *a)
{
	uint32_t node =
		d->n_nodes == 0 ? 0 : json_member(d, 0, slice_str(name));
	struct slice text;

	if (node != 0 && d->nodes[node].type == JSON_STRING)
		return json_string(d, node, a);
	return batch_header_find(rec, name, &text) ? text : SLICE_NONE;
}

/* The key of capture spec 5.3. */
static int
make_key(const struct batch_record_view *rec, struct arena *a,
	struct letter *out, struct err *e)
{
	struct json_doc d = {0};
	struct err ignored;
	struct slice token, id;
	uint32_t cookieless;
	char *key;

	/* A message that cannot be read has its headers. */
	if (json_parse(a, out->value, &limits, &d, &ignored) != 0)
		d.n_nodes = 0;
	token = text_of(&d, rec, "token", a);
	if (token.p == NULL)
		return 0;
	cookieless = d.n_nodes == 0 ? 0
				    : json_member(&d, 0,
					      SLICE_LIT("is_cookieless_mode"));
	id = text_of(&d, rec,
		cookieless != 0 && d.nodes[cookieless].type == JSON_TRUE
			? "ip"
			: "distinct_id",
		a);
	key = arena_alloc(a, token.len + id.len + 1);
	if (key == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory for a letter");
	memcpy(key, token.p, token.len);
	key[token.len] = ':';
	if (id.len > 0)
		memcpy(key + token.len + 1, id.p, id.len);
	out->key = slice_of(key, token.len + id.len + 1);
	return 0;
}

int
letter_read(const struct batch_record_view *rec, struct arena *a,
	struct letter *out, struct err *e)
{
	int r;

	*out = (struct letter){0};
	r = read_value(rec, a, out, e);
	if (r == 0)
		r = read_headers(rec, a, out, e);
	if (r == 0)
		r = make_key(rec, a, out, e);
	return r;
}
