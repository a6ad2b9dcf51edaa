#include <stdio.h>

#include "admin/door.h"
#include "base/clock.h"
#include "base/json_write.h"

/* Signing in and out, and the first administrator. */

static void
put_user(struct buf *b, const struct auth_user *u)
{
	buf_printf(b, "{\"id\":%lld,\"email\":", (long long)u->id);
	json_put_string(b, u->email);
	buf_append_lit(b, ",\"name\":");
	json_put_string(b, u->name);
	buf_printf(b, ",\"role\":\"%s\"}", auth_role_name(u->role));
}

static void
put_own(void *cookie, const struct auth_user *u)
{
	put_user(cookie, u);
}

/* Who comes by the socket has no account. */
static int
put_who(struct admin_call *c, struct err *e)
{
	const struct auth_user nobody = {
		.email = SLICE_LIT(""),
		.name = SLICE_LIT("this machine"),
		.role = AUTH_ADMIN,
	};

	if (c->who.user_id != 0)
		return auth_user_get(
			c->a->auth, c->who.user_id, put_own, &c->out, e);
	put_user(&c->out, &nobody);
	return 0;
}

static int
put_session(struct admin_call *c, const char *csrf, struct err *e)
{
	int rc;

	buf_append_lit(&c->out, "{\"user\":");
	rc = put_who(c, e);
	if (rc < 0)
		return rc;
	buf_append_lit(&c->out, ",\"csrf_token\":");
	json_put_string(&c->out, slice_str(csrf));
	buf_append_lit(&c->out, ",\"version\":\"" PACKAGE_VERSION "\",");
	door_put_warnings(c->a, &c->out);
	buf_append_lit(&c->out, "}\n");
	return 0;
}

int
admin_session_show(struct admin_call *c, struct err *e)
{
	char csrf[AUTH_TOKEN_MAX] = "";

	if (c->who.door == AUTH_BY_SESSION)
		auth_csrf(head_session(c->head), csrf);
	return put_session(c, csrf, e);
}

/* A new session is the answer's, with its cookie. */
static int
give(struct admin_call *c, const struct auth_pass *pass, struct err *e)
{
	c->who = pass->who;
	door_set_cookie(c, pass->token, pass->max_age_s);
	return put_session(c, pass->csrf, e);
}

static int
need_browser(const struct admin_call *c, struct err *e)
{
	if (c->head != NULL && !c->head->is_unix)
		return 0;
	return err_set(e, ERR_INVALID,
		"sessions are for the admin port: the socket needs none");
}

int
admin_session_begin(struct admin_call *c, struct err *e)
{
	const char *email = NULL, *password = NULL;
	struct auth_origin from;
	struct auth_pass pass;
	int retry_s = 0;
	int rc = need_browser(c, e);

	if (rc == 0)
		rc = admin_need_body(c, e);
	if (rc == 0)
		rc = admin_body_string(c, "email", &email, e);
	if (rc == 0)
		rc = admin_body_string(c, "password", &password, e);
	if (rc == 0 && (email == NULL || password == NULL))
		rc = admin_invalid(c, e, email == NULL ? "email" : "password",
			"e-mail and password are wanted");
	if (rc < 0)
		return rc;
	door_origin(c, &from);
	rc = auth_sign_in(c->a->auth, slice_str(email), slice_str(password),
		&from, head_session(c->head), &pass, &retry_s, e);
	return rc < 0 ? door_busy(c, rc, retry_s, e) : give(c, &pass, e);
}

int
admin_session_end(struct admin_call *c, struct err *e)
{
	int rc = need_browser(c, e);

	if (rc == 0)
		rc = auth_session_end(
			c->a->auth, c->who.user_id, c->who.session_id, 0, e);
	/* Another request ended it a moment ago: it is over. */
	if (rc < 0 && rc != -ERR_NOT_FOUND)
		return rc;
	door_set_cookie(c, "", 0);
	buf_append_lit(&c->out, "{\"signed_out\":true}\n");
	return 0;
}

int
admin_setup_show(struct admin_call *c, struct err *e)
{
	bool needed = false;
	int rc = auth_setup_needed(c->a->auth, &needed, e);

	if (rc == 0)
		buf_printf(&c->out, "{\"needed\":%s}\n",
			needed ? "true" : "false");
	return rc;
}

int
admin_setup_finish(struct admin_call *c, struct err *e)
{
	const char *text[4] = {NULL};
	static const char *const names[] = {
		"token", "email", "name", "password"};
	struct auth_origin from;
	struct auth_pass pass;
	int retry_s = 0;
	int rc = need_browser(c, e);

	if (rc == 0)
		rc = admin_need_body(c, e);
	for (size_t i = 0; rc == 0 && i < ARRAY_LEN(names); i++) {
		rc = admin_body_string(c, names[i], &text[i], e);
		if (rc == 0 && text[i] == NULL)
			rc = admin_invalid(
				c, e, names[i], "%s: it is missing", names[i]);
	}
	if (rc < 0)
		return rc;
	door_origin(c, &from);
	rc = auth_setup(c->a->auth, slice_str(text[0]), slice_str(text[1]),
		slice_str(text[2]), slice_str(text[3]), &from, &pass, &retry_s,
		e);
	if (rc == -ERR_DENIED) {
		snprintf(c->field, sizeof(c->field), "token");
		return admin_refuse(c, e, 403, "bad_token",
			"this link is not in force, or no more: sluice user "
			"setup prints the one that is");
	}
	if (rc < 0)
		return door_field(c, door_busy(c, rc, retry_s, e), e);
	c->status = 201;
	return give(c, &pass, e);
}

/* For `sluice user setup`. The token opens all doors, so it goes by none that
 * is open to others. */
int
admin_setup_token(struct admin_call *c, struct err *e)
{
	char token[AUTH_TOKEN_MAX], until[CLOCK_TEXT_MAX];
	int64_t expires_at_us;
	int rc = 0;

	if (c->who.door != AUTH_BY_SOCKET)
		return admin_refuse(c, e, 403, "forbidden",
			"the set-up token is given over the data folder's "
			"socket only: sluice user setup");
	rc = auth_setup_token(c->a->auth, token, &expires_at_us, e);
	if (rc < 0)
		return rc;
	clock_format(
		expires_at_us - expires_at_us % 1000000, CLOCK_RFC3339, until);
	buf_printf(&c->out,
		"{\"token\":\"%s\",\"expires_at\":\"%s\",\"url\":", token,
		until);
	admin_put_setup_url(c->a, token, &c->out);
	buf_append_lit(&c->out, "}\n");
	return 0;
}
