#include "admin/keys.h"
#include "base/json_write.h"

static void
put_user(void *cookie, const struct auth_user *u)
{
	struct buf *b = cookie;

	if (b->len > 0 && b->p[b->len - 1] == '}')
		buf_append_char(b, ',');
	buf_printf(b, "{\"id\":%lld,\"email\":", (long long)u->id);
	json_put_string(b, u->email);
	buf_append_lit(b, ",\"name\":");
	json_put_string(b, u->name);
	buf_printf(b, ",\"role\":\"%s\",\"sessions\":%lld,\"keys\":%lld",
		auth_role_name(u->role), (long long)u->n_sessions,
		(long long)u->n_keys);
	keys_put_time(b, "created_at", u->created_at_us);
	keys_put_time(b, "signed_in_at", u->seen_at_us);
	buf_append_char(b, '}');
}

int
admin_users_list(struct admin_call *c, struct err *e)
{
	int rc;

	buf_append_lit(&c->out, "{\"items\":[");
	rc = auth_user_list(c->a->auth, put_user, &c->out, e);
	buf_append_lit(&c->out, "],\"next\":null}\n");
	return rc;
}

static int
show(struct admin_call *c, int64_t id, struct err *e)
{
	int rc = auth_user_get(c->a->auth, id, put_user, &c->out, e);

	buf_append_char(&c->out, '\n');
	return rc;
}

int
admin_user_show(struct admin_call *c, struct err *e)
{
	int64_t id;
	int rc = admin_param_i64(c, 0, "id", &id, e);

	return rc < 0 ? rc : show(c, id, e);
}

/* The body's role; AUTH_OPEN: it has none. */
static int
read_role(struct admin_call *c, enum auth_role *out, struct err *e)
{
	const char *text;
	int rc = admin_body_string(c, "role", &text, e);

	*out = AUTH_OPEN;
	if (rc < 0 || text == NULL)
		return rc;
	*out = auth_role_find(slice_str(text));
	if (*out == AUTH_OPEN)
		return admin_invalid(c, e, "role",
			"role: viewer, member or admin is wanted");
	return 0;
}

static int
read_text(struct admin_call *c, const char *name, struct slice *out,
	struct err *e)
{
	const char *text;
	int rc = admin_body_string(c, name, &text, e);

	if (rc == 0 && text == NULL)
		return admin_invalid(c, e, name, "%s: it is missing", name);
	*out = slice_str(text);
	return rc;
}

int
admin_user_create(struct admin_call *c, struct err *e)
{
	struct slice email, name, password;
	enum auth_role role;
	int64_t id;
	int rc = admin_need_body(c, e);

	if (rc == 0)
		rc = read_text(c, "email", &email, e);
	if (rc == 0)
		rc = read_text(c, "name", &name, e);
	if (rc == 0)
		rc = read_text(c, "password", &password, e);
	if (rc == 0)
		rc = read_role(c, &role, e);
	if (rc == 0 && role == AUTH_OPEN)
		rc = admin_invalid(c, e, "role",
			"role: viewer, member or admin is wanted");
	if (rc < 0)
		return rc;
	rc = auth_user_create(c->a->auth, email, name, role, password, &id, e);
	if (rc < 0)
		return door_field(c, door_busy(c, rc, 1, e), e);
	c->status = 201;
	return show(c, id, e);
}

int
admin_user_change(struct admin_call *c, struct err *e)
{
	const char *name = NULL;
	enum auth_role role = AUTH_OPEN;
	int64_t id;
	int rc = admin_param_i64(c, 0, "id", &id, e);

	if (rc == 0)
		rc = admin_need_body(c, e);
	if (rc == 0)
		rc = admin_body_string(c, "name", &name, e);
	if (rc == 0)
		rc = read_role(c, &role, e);
	if (rc < 0)
		return rc;
	rc = auth_user_change(c->a->auth, id,
		name == NULL ? SLICE_NONE : slice_str(name), role, e);
	return rc < 0 ? door_field(c, rc, e) : show(c, id, e);
}

int
admin_user_password(struct admin_call *c, struct err *e)
{
	struct slice password;
	int64_t id;
	int rc = admin_param_i64(c, 0, "id", &id, e);

	if (rc == 0)
		rc = admin_need_body(c, e);
	if (rc == 0)
		rc = read_text(c, "password", &password, e);
	if (rc < 0)
		return rc;
	rc = auth_user_password(c->a->auth, id, password, e);
	return rc < 0 ? door_field(c, door_busy(c, rc, 1, e), e)
		      : show(c, id, e);
}

int
admin_user_delete(struct admin_call *c, struct err *e)
{
	int64_t id;
	int rc = admin_param_i64(c, 0, "id", &id, e);

	if (rc == 0)
		rc = auth_user_delete(c->a->auth, id, e);
	if (rc < 0)
		return rc;
	buf_printf(&c->out, "{\"id\":%lld,\"deleted\":true}\n", (long long)id);
	return 0;
}
