#include <stdio.h>

#include "admin/keys.h"
#include "base/clock.h"
#include "base/json_write.h"

#define DAYS_MAX 3650
#define DAYS_USUAL 365
#define SCOPES_BYTES 1024

void
keys_put_time(struct buf *b, const char *name, int64_t at_us)
{
	char text[CLOCK_TEXT_MAX];

	clock_format(at_us - at_us % 1000000, CLOCK_RFC3339, text);
	if (at_us == 0)
		buf_printf(b, ",\"%s\":null", name);
	else
		buf_printf(b, ",\"%s\":\"%s\"", name, text);
}

/* "a b" -> ["a","b"] */
static void
put_scopes(struct buf *b, struct slice words)
{
	bool is_first = true;

	buf_append_char(b, '[');
	while (words.len > 0) {
		const char *end = memchr(words.p, ' ', words.len);
		size_t n = end == NULL ? words.len : (size_t)(end - words.p);

		if (!is_first)
			buf_append_char(b, ',');
		is_first = false;
		json_put_string(b, slice_of(words.p, n));
		n += end != NULL;
		words = slice_of(words.p + n, words.len - n);
	}
	buf_append_char(b, ']');
}

static void
put_key(void *cookie, const struct auth_key *k)
{
	struct buf *b = cookie;

	if (b->len > 0 && b->p[b->len - 1] == '}')
		buf_append_char(b, ',');
	buf_printf(b,
		"{\"id\":%lld,\"user_id\":%lld,\"user\":", (long long)k->id,
		(long long)k->user_id);
	json_put_string(b, k->email);
	buf_append_lit(b, ",\"name\":");
	json_put_string(b, k->name);
	buf_append_lit(b, ",\"prefix\":");
	json_put_string(b, k->prefix);
	buf_append_lit(b, ",\"scopes\":");
	put_scopes(b, k->scopes);
	keys_put_time(b, "created_at", k->created_at_us);
	keys_put_time(b, "expires_at", k->expires_at_us);
	keys_put_time(b, "used_at", k->used_at_us);
	buf_append_lit(b, ",\"used_from\":");
	json_put_string(b, k->used_address);
	buf_append_char(b, '}');
}

int
keys_put_list(struct admin_call *c, int64_t user_id, struct err *e)
{
	int rc;

	buf_append_lit(&c->out, "{\"items\":[");
	rc = auth_key_list(c->a->auth, user_id, put_key, &c->out, e);
	buf_append_lit(&c->out, "],\"next\":null}\n");
	return rc;
}

/* The body's scopes as words with blanks between. */
static int
read_scopes(struct admin_call *c, struct buf *out, struct err *e)
{
	const struct json_doc *d = &c->json;
	uint32_t o = json_member(d, 0, SLICE_LIT("scopes"));

	if (o == 0 || d->nodes[o].type != JSON_ARRAY)
		return admin_invalid(c, e, "scopes",
			"scopes: a list such as [\"project:read\"] is wanted");
	for (uint32_t i = json_first(d, o); i < d->nodes[o].next;
		i = d->nodes[i].next) {
		struct slice word = SLICE_NONE;

		if (d->nodes[i].type == JSON_STRING)
			word = json_string(d, i, c->arena);
		if (word.p == NULL)
			return admin_invalid(c, e, "scopes",
				"scopes: a list of texts is wanted");
		if (out->len > 0)
			buf_append_char(out, ' ');
		buf_append_slice(out, word);
	}
	if (out->failed)
		return admin_invalid(c, e, "scopes", "scopes: too many");
	return 0;
}

static int
read_days(struct admin_call *c, int64_t *out, struct err *e)
{
	uint32_t node = json_member(&c->json, 0, SLICE_LIT("days"));

	*out = DAYS_USUAL;
	if (node == 0)
		return 0;
	if (c->json.nodes[node].type != JSON_NUMBER ||
		!json_i64(&c->json, node, out) || *out < 0 || *out > DAYS_MAX)
		return admin_invalid(c, e, "days",
			"days: a number from 1 to %d is wanted, or 0 for a key "
			"that does not expire",
			DAYS_MAX);
	return 0;
}

static void
put_made(struct admin_call *c, int64_t id, const char *token)
{
	buf_printf(&c->out, "{\"id\":%lld,\"key\":", (long long)id);
	json_put_string(&c->out, slice_str(token));
	buf_append_lit(&c->out, "}\n");
}

int
keys_create(struct admin_call *c, int64_t user_id, struct err *e)
{
	char token[AUTH_TOKEN_MAX];
	const char *name = NULL;
	int64_t days, id;
	struct buf scopes;
	int rc;

	buf_init(&scopes, SCOPES_BYTES);
	rc = admin_body_string(c, "name", &name, e);
	if (rc == 0)
		rc = read_scopes(c, &scopes, e);
	if (rc == 0)
		rc = read_days(c, &days, e);
	if (rc == 0)
		rc = door_field(c,
			auth_key_create(c->a->auth, user_id,
				name == NULL ? SLICE_LIT("key")
					     : slice_str(name),
				buf_slice(&scopes), days, token, &id, e),
			e);
	buf_fini(&scopes);
	if (rc < 0)
		return rc;
	c->status = 201;
	put_made(c, id, token);
	return 0;
}

int
keys_revoke(struct admin_call *c, int64_t user_id, struct err *e)
{
	int64_t id;
	int rc = admin_param_i64(c, 0, "id", &id, e);

	if (rc == 0)
		rc = auth_key_revoke(c->a->auth, user_id, id, e);
	if (rc < 0)
		return rc;
	buf_printf(&c->out, "{\"id\":%lld,\"revoked\":true}\n", (long long)id);
	return 0;
}

int
admin_keys_list(struct admin_call *c, struct err *e)
{
	return keys_put_list(c, 0, e);
}

/* The owner by "user", an e-mail or an id. */
static int
read_owner(struct admin_call *c, int64_t *out, struct err *e)
{
	const char *user = NULL;
	int rc = admin_need_body(c, e);

	if (rc == 0)
		rc = admin_body_string(c, "user", &user, e);
	if (rc == 0 && user == NULL)
		rc = admin_invalid(c, e, "user",
			"user: the e-mail of the key's owner is wanted");
	if (rc < 0 || slice_i64(slice_str(user), out))
		return rc;
	rc = auth_user_find(c->a->auth, slice_str(user), out, e);
	if (rc < 0)
		snprintf(c->field, sizeof(c->field), "user");
	return rc;
}

int
admin_key_create(struct admin_call *c, struct err *e)
{
	int64_t user_id;
	int rc = read_owner(c, &user_id, e);

	return rc < 0 ? rc : keys_create(c, user_id, e);
}

int
admin_key_revoke(struct admin_call *c, struct err *e)
{
	return keys_revoke(c, 0, e);
}

int
admin_scopes_list(struct admin_call *c, struct err *e)
{
	const struct auth_scope_row *row;

	(void)e;
	buf_append_lit(&c->out, "{\"items\":[");
	for (int i = 0; (row = auth_scope_at(i)) != NULL; i++) {
		buf_append_str(&c->out, i == 0 ? "{\"name\":" : ",{\"name\":");
		json_put_string(&c->out, slice_str(row->name));
		buf_printf(&c->out, ",\"role\":\"%s\",\"help\":",
			auth_role_name(row->role));
		json_put_string(&c->out, slice_str(row->help));
		buf_append_char(&c->out, '}');
	}
	buf_append_lit(&c->out, "],\"next\":null}\n");
	return 0;
}
