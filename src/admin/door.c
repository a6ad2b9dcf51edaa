#include "admin/door.h"

#include <stdio.h>
#include <unistd.h>

#include <pwd.h>

#include "base/mem.h"
#include "base/utf8.h"

#define PW_BYTES 4096

void
door_origin(const struct admin_call *c, struct auth_origin *out)
{
	*out = (struct auth_origin){0};
	if (c->head == NULL || c->head->is_unix)
		return;
	head_client(c->head, admin_conf(c->a)->admin_trusted_proxies,
		&out->address);
	out->agent = c->head->agent;
}

bool
door_is_https(const struct admin_call *c)
{
	return c->head != NULL &&
	       head_is_https(c->head, admin_conf(c->a)->admin_trusted_proxies);
}

void
door_set_cookie(struct admin_call *c, const char *token, int64_t max_age_s)
{
	char text[AUTH_TOKEN_MAX + 120];

	snprintf(text, sizeof(text),
		HEAD_COOKIE "=%s; Path=/; HttpOnly; SameSite=Strict; "
			    "Max-Age=%lld%s",
		token, (long long)max_age_s,
		door_is_https(c) ? "; Secure" : "");
	admin_set_header(c, "Set-Cookie", text);
}

int
door_busy(struct admin_call *c, int rc, int retry_s, struct err *e)
{
	char seconds[16], text[sizeof(e->text)];

	if (rc != -ERR_BUSY || retry_s <= 0)
		return rc;
	snprintf(seconds, sizeof(seconds), "%d", retry_s);
	admin_set_header(c, "Retry-After", seconds);
	snprintf(text, sizeof(text), "%s", e->text);
	return admin_refuse(c, e, 429, "too_many", "%s", text);
}

int
door_field(struct admin_call *c, int rc, const struct err *e)
{
	static const char *const fields[] = {"email", "name", "password",
		"role", "scopes", "token", "current", "user", NULL};

	for (int i = 0; rc < 0 && fields[i] != NULL; i++) {
		size_t n = strlen(fields[i]);

		if (strncmp(e->text, fields[i], n) == 0 && e->text[n] == ':')
			snprintf(c->field, sizeof(c->field), "%s", fields[i]);
	}
	return rc;
}

/* The system's user who opened the socket or the files. */
static void
name_socket(struct admin_call *c)
{
	uid_t uid = c->head == NULL    ? geteuid()
		    : c->head->has_uid ? (uid_t)c->head->uid
				       : (uid_t)-1;
	char bytes[PW_BYTES];
	struct passwd pw, *found = NULL;

	if (uid != (uid_t)-1 &&
		getpwuid_r(uid, &pw, bytes, sizeof(bytes), &found) == 0 &&
		found != NULL && utf8_valid(slice_str(pw.pw_name)))
		snprintf(c->who.name, sizeof(c->who.name), "%s", pw.pw_name);
	else
		snprintf(c->who.name, sizeof(c->who.name), "uid %ld",
			(long)(int)uid);
}

static int
by_key(struct admin_call *c, const struct auth_origin *from, struct err *e)
{
	struct slice key = head_bearer(c->head);
	int rc;

	if (key.p == NULL)
		return admin_refuse(c, e, 401, "unauthorized",
			"Authorization: Bearer and a personal key are wanted");
	rc = auth_key_check(c->a->auth, key, from, &c->who, e);
	if (rc == -ERR_DENIED)
		return admin_refuse(c, e, 401, "unauthorized",
			"this personal key is unknown, revoked or expired");
	return rc;
}

static int
identify(struct admin_call *c, struct err *e)
{
	struct auth_origin from;
	struct slice token;
	int rc;

	if (c->who.door == AUTH_BY_SOCKET) {
		if (!slice_eq_str(c->method, "GET"))
			name_socket(c);
		return 0;
	}
	if (c->head == NULL)
		return 0;
	door_origin(c, &from);
	if (c->head->authorization.p != NULL)
		return by_key(c, &from, e);
	token = head_session(c->head);
	if (token.p == NULL)
		return 0;
	rc = auth_session_check(c->a->auth, token, &from, &c->who, e);
	if (rc == -ERR_DENIED)
		c->who = (struct auth_who){.door = AUTH_BY_NOTHING};
	return rc == -ERR_DENIED ? 0 : rc;
}

static int
refuse_role(struct admin_call *c, const struct admin_route *r, struct err *e)
{
	bool is_key = c->who.door == AUTH_BY_KEY;

	if (c->who.door == AUTH_BY_NOTHING) {
		admin_set_header(c, "WWW-Authenticate", "Bearer");
		return admin_refuse(c, e, 401, "unauthorized",
			"sign in, or send a personal key as Authorization: "
			"Bearer KEY");
	}
	if (c->who.role < r->role)
		return admin_refuse(c, e, 403, "forbidden",
			"this is for the role %s: %s is %s",
			auth_role_name(r->role),
			is_key ? "the key's owner" : "yours",
			auth_role_name(c->who.role));
	if (r->scope == NULL)
		return admin_refuse(c, e, 403, "forbidden",
			"no personal key may do this: sign in");
	return admin_refuse(c, e, 403, "forbidden",
		"this key has not the scope %s: make one that has", r->scope);
}

/* What a page of another site could have a browser send: admin-9. */
static int
check_browser(struct admin_call *c, struct err *e)
{
	char csrf[AUTH_TOKEN_MAX];

	if (!head_origin_is_own(c->head, admin_conf(c->a)->admin_hosts))
		return admin_refuse(c, e, 403, "bad_origin",
			"this was sent by a page of another site; if the admin "
			"is behind a proxy, name its host in admin.hosts");
	if (c->body.len > 0 &&
		(c->head->content_type.len < 16 ||
			!slice_eq_nocase(slice_of(c->head->content_type.p, 16),
				SLICE_LIT("application/json"))))
		return err_set(e, ERR_INVALID,
			"the request's body: Content-Type: application/json "
			"is wanted");
	if (c->who.door != AUTH_BY_SESSION)
		return 0;
	auth_csrf(head_session(c->head), csrf);
	if (!auth_equal(slice_str(csrf), c->head->csrf))
		return admin_refuse(c, e, 403, "bad_csrf",
			"the header X-CSRF-Token is missing or of another "
			"session: GET /api/v1/session gives it");
	return 0;
}

static int
check(struct admin_call *c, const struct admin_route *r, bool is_change,
	struct err *e)
{
	int rc = r->role == AUTH_OPEN && c->who.door != AUTH_BY_SOCKET
			 ? 0
			 : identify(c, e);

	if (rc < 0)
		return rc;
	if (!auth_may(&c->who, r->role, r->scope))
		return refuse_role(c, r, e);
	if (is_change && c->head != NULL && c->who.door != AUTH_BY_SOCKET &&
		c->who.door != AUTH_BY_KEY)
		return check_browser(c, e);
	return 0;
}

int
door_check(struct admin_call *c, const struct admin_route *r, struct err *e)
{
	bool is_change = !slice_eq_str(c->method, "GET");

	/* Before who asks is looked up, so that no change is missed. */
	c->auth_changes = auth_changes(c->a->auth);
	return check(c, r, is_change, e);
}

/* A stream of the answer, as long as nobody may less than at its beginning. */
struct guard {
	const struct auth *auth;
	uint64_t changes;
	long (*fn)(void *cookie, char *out, size_t max);
	void (*free_fn)(void *cookie);
	void *cookie;
};

/* @thread http */
static long
give_guarded(void *cookie, char *out, size_t max)
{
	struct guard *g = cookie;

	return auth_changes(g->auth) == g->changes ? g->fn(g->cookie, out, max)
						   : 0;
}

static void
free_guarded(void *cookie)
{
	struct guard *g = cookie;

	g->free_fn(g->cookie);
	mem_free(g);
}

int
door_guard(struct admin_call *c, struct err *e)
{
	struct guard *g;

	if (c->stream == NULL || c->who.door == AUTH_BY_SOCKET)
		return 0;
	g = mem_new(struct guard);
	if (g == NULL) {
		c->stream_free(c->stream_cookie);
		c->stream = NULL;
		return err_set(e, ERR_NO_MEMORY, "no memory");
	}
	*g = (struct guard){c->a->auth, c->auth_changes, c->stream,
		c->stream_free, c->stream_cookie};
	c->stream = give_guarded;
	c->stream_free = free_guarded;
	c->stream_cookie = g;
	return 0;
}

static struct slice
without_api(struct slice path)
{
	const struct slice api = SLICE_LIT("/api/v1");

	return slice_starts(path, api)
		       ? slice_of(path.p + api.len, path.len - api.len)
		       : path;
}

/* The path, and what was made below it. */
static void
put_target(const struct admin_call *c, struct buf *out)
{
	const struct slice id = SLICE_LIT("{\"id\":");
	struct slice answer = buf_slice(&c->out);
	size_t n = id.len;

	utf8_append_lossy(out, without_api(c->path));
	if (c->status != 201 || !slice_starts(answer, id))
		return;
	while (n < answer.len && answer.p[n] >= '0' && answer.p[n] <= '9')
		n++;
	if (n > id.len) {
		buf_append_char(out, '/');
		buf_append(out, answer.p + id.len, n - id.len);
	}
}

static int
add_row(struct admin_call *c, const struct admin_route *r, struct buf *target,
	struct buf *detail, struct err *e)
{
	char address[NET_ADDR_TEXT] = "", action[160];
	struct auth_origin from;
	struct slice path = without_api(slice_str(r->path));
	struct auth_trail_row row = {
		.user_id = c->who.user_id,
		.key_id = c->who.key_id,
		.who = slice_str(c->who.name),
		.how = slice_str(c->head == NULL ? "files"
						 : auth_door_name(c->who.door)),
		.target = buf_slice(target),
		.detail = buf_slice(detail),
	};

	door_origin(c, &from);
	if (c->head != NULL && !c->head->is_unix)
		net_addr_format(&from.address, address);
	row.address = slice_str(address);
	snprintf(action, sizeof(action), "%s %.*s", r->method, SLICE_FMT(path));
	row.action = slice_str(action);
	return auth_trail_add(c->a->auth, &row, e);
}

int
door_record(struct admin_call *c, const struct admin_route *r, struct err *e)
{
	struct buf target, detail;
	int rc;

	if (slice_eq_str(c->method, "GET") || c->is_no_change)
		return 0;
	buf_init(&target, 4096 * 3);
	buf_init(&detail, 4 * AUTH_TRAIL_DETAIL_MAX);
	put_target(c, &target);
	door_put_detail(&c->json, c->arena, &detail);
	rc = add_row(c, r, &target, &detail, e);
	buf_fini(&target);
	buf_fini(&detail);
	if (rc < 0)
		return err_prefix(e,
			"it is done, but could not be written into the audit "
			"trail");
	return 0;
}
