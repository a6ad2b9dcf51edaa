#include <stdio.h>

#include "admin/keys.h"
#include "base/json_write.h"

/* What everybody who has signed in may do to the own account. */

static int
need_account(const struct admin_call *c, struct err *e)
{
	if (c->who.user_id != 0)
		return 0;
	return err_set(e, ERR_INVALID,
		"the socket has no account: see the users' own paths");
}

int
admin_account_keys(struct admin_call *c, struct err *e)
{
	int rc = need_account(c, e);

	return rc < 0 ? rc : keys_put_list(c, c->who.user_id, e);
}

int
admin_account_key_create(struct admin_call *c, struct err *e)
{
	int rc = need_account(c, e);

	if (rc == 0)
		rc = admin_need_body(c, e);
	return rc < 0 ? rc : keys_create(c, c->who.user_id, e);
}

int
admin_account_key_revoke(struct admin_call *c, struct err *e)
{
	int rc = need_account(c, e);

	return rc < 0 ? rc : keys_revoke(c, c->who.user_id, e);
}

static void
put_session(void *cookie, const struct auth_session *s)
{
	struct admin_call *c = cookie;
	struct buf *b = &c->out;

	if (b->p[b->len - 1] == '}')
		buf_append_char(b, ',');
	buf_printf(b,
		"{\"id\":%lld,\"is_this\":%s,\"address\":", (long long)s->id,
		s->id == c->who.session_id ? "true" : "false");
	json_put_string(b, s->address);
	buf_append_lit(b, ",\"agent\":");
	json_put_string(b, s->agent);
	keys_put_time(b, "created_at", s->created_at_us);
	keys_put_time(b, "seen_at", s->seen_at_us);
	keys_put_time(b, "expires_at", s->expires_at_us);
	buf_append_char(b, '}');
}

int
admin_account_sessions(struct admin_call *c, struct err *e)
{
	int rc = need_account(c, e);

	if (rc < 0)
		return rc;
	buf_append_lit(&c->out, "{\"items\":[");
	rc = auth_session_list(c->a->auth, c->who.user_id, put_session, c, e);
	buf_append_lit(&c->out, "],\"next\":null}\n");
	return rc;
}

int
admin_account_session_end(struct admin_call *c, struct err *e)
{
	int64_t id;
	int rc = need_account(c, e);

	if (rc == 0)
		rc = admin_param_i64(c, 0, "id", &id, e);
	if (rc == 0)
		rc = auth_session_end(c->a->auth, c->who.user_id, id, 0, e);
	if (rc < 0)
		return rc;
	if (id == c->who.session_id)
		door_set_cookie(c, "", 0);
	buf_printf(&c->out, "{\"id\":%lld,\"ended\":true}\n", (long long)id);
	return 0;
}

int
admin_account_sessions_end(struct admin_call *c, struct err *e)
{
	int rc = need_account(c, e);

	if (rc == 0)
		rc = auth_session_end(
			c->a->auth, c->who.user_id, 0, c->who.session_id, e);
	if (rc == 0)
		buf_append_lit(&c->out, "{\"ended\":true}\n");
	return rc;
}

int
admin_account_change(struct admin_call *c, struct err *e)
{
	const char *name = NULL;
	int rc = need_account(c, e);

	if (rc == 0)
		rc = admin_need_body(c, e);
	if (rc == 0)
		rc = admin_body_string(c, "name", &name, e);
	if (rc == 0 && name == NULL)
		rc = admin_invalid(c, e, "name", "name: it is missing");
	if (rc < 0)
		return rc;
	rc = door_field(c,
		auth_user_change(c->a->auth, c->who.user_id, slice_str(name),
			AUTH_OPEN, e),
		e);
	if (rc == 0)
		buf_append_lit(&c->out, "{\"changed\":true}\n");
	return rc;
}

int
admin_account_password(struct admin_call *c, struct err *e)
{
	const char *now = NULL, *then = NULL;
	struct auth_origin from;
	struct auth_pass pass;
	int retry_s = 0;
	int rc = need_account(c, e);

	if (rc == 0)
		rc = admin_need_body(c, e);
	if (rc == 0)
		rc = admin_body_string(c, "current", &now, e);
	if (rc == 0)
		rc = admin_body_string(c, "password", &then, e);
	if (rc == 0 && (now == NULL || then == NULL))
		rc = admin_invalid(c, e, now == NULL ? "current" : "password",
			"the current and the new password are wanted");
	if (rc < 0)
		return rc;
	door_origin(c, &from);
	rc = auth_own_password(c->a->auth, &c->who, slice_str(now),
		slice_str(then), &from, &pass, &retry_s, e);
	if (rc == -ERR_DENIED) {
		snprintf(c->field, sizeof(c->field), "current");
		return admin_refuse(c, e, 403, "wrong_password",
			"current: this is not your password");
	}
	if (rc < 0)
		return door_field(c, door_busy(c, rc, retry_s, e), e);
	door_set_cookie(c, pass.token, pass.max_age_s);
	buf_printf(&c->out, "{\"csrf_token\":\"%s\"}\n", pass.csrf);
	return 0;
}
