#include "auth/auth_int.h"

static void
fill_user(struct store_stmt *st, struct auth_user *u)
{
	*u = (struct auth_user){
		.id = sql_col_i64(st, 0),
		.email = sql_col_text(st, 1),
		.name = sql_col_text(st, 2),
		.role = auth_role_find(sql_col_text(st, 3)),
		.created_at_us = sql_col_i64(st, 4),
		.seen_at_us = sql_col_i64(st, 5),
		.n_sessions = sql_col_i64(st, 6),
		.n_keys = sql_col_i64(st, 7),
	};
}

int
auth_user_list(struct auth *a, auth_user_fn *fn, void *cookie, struct err *e)
{
	struct store_stmt *st;
	struct auth_user u;
	int rc = auth_read(a, AUTH_SQL_USER_LIST, &st, e);

	if (rc < 0)
		return rc;
	while ((rc = sql_step(st, e)) == 1) {
		fill_user(st, &u);
		fn(cookie, &u);
	}
	auth_read_end(a, st);
	return rc;
}

static int
no_user(int64_t id, struct err *e)
{
	return err_set(
		e, ERR_NOT_FOUND, "no user has the id %lld", (long long)id);
}

int
auth_user_get(struct auth *a, int64_t id, auth_user_fn *fn, void *cookie,
	struct err *e)
{
	struct store_stmt *st;
	struct auth_user u;
	int rc = auth_read(a, AUTH_SQL_USER_GET, &st, e);

	if (rc < 0)
		return rc;
	sql_bind_i64(st, 1, id);
	rc = sql_step(st, e);
	if (rc == 1) {
		fill_user(st, &u);
		fn(cookie, &u);
	}
	auth_read_end(a, st);
	return rc == 0 ? no_user(id, e) : rc < 0 ? rc : 0;
}

int
auth_user_find(struct auth *a, struct slice text, int64_t *id, struct err *e)
{
	char lower[AUTH_EMAIL_MAX + 1];
	struct store_stmt *st;
	struct slice email;
	int rc = auth_email(text, lower, &email, e);

	if (rc == 0)
		rc = auth_read(a, AUTH_SQL_USER_FIND, &st, e);
	if (rc < 0)
		return rc;
	sql_bind_text(st, 1, email);
	rc = sql_step(st, e);
	if (rc == 1)
		*id = sql_col_i64(st, 0);
	auth_read_end(a, st);
	if (rc == 0)
		return err_set(e, ERR_NOT_FOUND,
			"no user has the e-mail %.*s: see sluice user list",
			SLICE_FMT(email));
	return rc < 0 ? rc : 0;
}

static int
is_taken(struct store_conn *c, struct slice email, struct err *e)
{
	struct store_stmt *st;
	int rc = sql_get(c, &auth_sql, AUTH_SQL_USER_FIND, &st, e);

	if (rc < 0)
		return rc;
	sql_bind_text(st, 1, email);
	rc = sql_step(st, e);
	sql_reset(st);
	if (rc == 1)
		return err_set(
			e, ERR_EXISTS, "email: another user has it already");
	return rc;
}

int
auth_tx_user(struct auth_change *ch, struct store_conn *c, struct err *e)
{
	struct store_stmt *st;
	int64_t n = 0;
	int rc = is_taken(c, ch->email, e);

	if (rc == 0)
		rc = auth_tx_number(c, AUTH_SQL_USER_COUNT, 0, &n, e);
	if (rc == 0 && n >= LIMIT_AUTH_USERS)
		rc = err_set(e, ERR_TOO_BIG, "there are %d users: no more fit",
			LIMIT_AUTH_USERS);
	if (rc == 0)
		rc = sql_get(c, &auth_sql, AUTH_SQL_USER_INSERT, &st, e);
	if (rc < 0)
		return rc;
	sql_bind_text(st, 1, ch->email);
	sql_bind_text(st, 2, ch->name);
	sql_bind_text(st, 3, slice_str(auth_role_name(ch->role)));
	sql_bind_text(st, 4, ch->text);
	sql_bind_i64(st, 5, ch->now_us);
	rc = sql_run(st, e);
	if (rc == 0)
		ch->user_id = sql_last_rowid(c);
	/* With a user there is nothing to set up (auth-5). */
	if (rc == 0)
		rc = sql_get(c, &auth_sql, AUTH_SQL_SETUP_CLEAR, &st, e);
	return rc < 0 ? rc : sql_run(st, e);
}

int
auth_user_create(struct auth *a, struct slice email, struct slice name,
	enum auth_role role, struct slice password, int64_t *id, struct err *e)
{
	char lower[AUTH_EMAIL_MAX + 1], hash[AUTH_PASSWORD_TEXT];
	struct auth_change ch = {
		.fn = auth_tx_user, .name = name, .role = role};
	int rc = auth_email(email, lower, &ch.email, e);

	if (rc == 0)
		rc = auth_name(&ch.name, e);
	if (rc == 0)
		rc = auth_password_allowed(password, ch.email, e);
	if (rc == 0)
		rc = auth_password_hash(&a->hashing, password, hash, e);
	if (rc < 0)
		return rc;
	ch.text = slice_str(hash);
	rc = auth_commit(a, &ch, e);
	if (rc == 0)
		*id = ch.user_id;
	return rc;
}

/* Somebody must be left who may do all. */
static int
check_not_last(struct store_conn *c, int64_t id, struct err *e)
{
	struct store_stmt *st;
	int64_t n_others = 0;
	bool is_admin = false;
	int rc = sql_get(c, &auth_sql, AUTH_SQL_USER_GET, &st, e);

	if (rc < 0)
		return rc;
	sql_bind_i64(st, 1, id);
	rc = sql_step(st, e);
	if (rc == 1)
		is_admin = slice_eq_str(sql_col_text(st, 3), "admin");
	sql_reset(st);
	if (rc <= 0)
		return rc == 0 ? no_user(id, e) : rc;
	if (!is_admin)
		return 0;
	rc = auth_tx_number(c, AUTH_SQL_USER_OTHER_ADMINS, id, &n_others, e);
	if (rc == 0 && n_others == 0)
		rc = err_set(e, ERR_EXISTS,
			"this is the last administrator: make another one "
			"first");
	return rc;
}

static int
set_text(struct store_conn *c, enum auth_sql which, int64_t id,
	struct slice text, struct err *e)
{
	struct store_stmt *st;
	int rc = sql_get(c, &auth_sql, (int)which, &st, e);

	if (rc < 0)
		return rc;
	sql_bind_i64(st, 1, id);
	sql_bind_text(st, 2, text);
	rc = sql_run(st, e);
	return rc == 0 && sql_changes(c) == 0 ? no_user(id, e) : rc;
}

static int
run_user_change(struct auth_change *ch, struct store_conn *c, struct err *e)
{
	int rc = 0;

	if (ch->name.p != NULL)
		rc = set_text(c, AUTH_SQL_USER_NAME, ch->id, ch->name, e);
	if (rc < 0 || ch->role == AUTH_OPEN)
		return rc;
	if (ch->role != AUTH_ADMIN)
		rc = check_not_last(c, ch->id, e);
	return rc < 0 ? rc
		      : set_text(c, AUTH_SQL_USER_ROLE, ch->id,
				slice_str(auth_role_name(ch->role)), e);
}

int
auth_user_change(struct auth *a, int64_t id, struct slice name,
	enum auth_role role, struct err *e)
{
	struct auth_change ch = {
		.fn = run_user_change, .id = id, .name = name, .role = role};
	int rc = name.p == NULL ? 0 : auth_name(&ch.name, e);

	if (rc == 0)
		rc = auth_commit(a, &ch, e);
	if (rc == 0 && role != AUTH_OPEN)
		auth_less(a);
	return rc;
}

static int
run_password(struct auth_change *ch, struct store_conn *c, struct err *e)
{
	int rc = set_text(c, AUTH_SQL_USER_PASSWORD, ch->id, ch->text, e);

	return rc < 0 ? rc
		      : auth_tx_run2(
				c, AUTH_SQL_SESSION_END_OTHERS, ch->id, 0, e);
}

/* The e-mail of a user, copied out. */
struct address {
	char text[AUTH_EMAIL_MAX + 1];
	size_t len;
};

static void
copy_email(void *cookie, const struct auth_user *u)
{
	struct address *out = cookie;

	out->len = u->email.len < sizeof(out->text) ? u->email.len : 0;
	memcpy(out->text, u->email.p, out->len);
}

int
auth_user_password(
	struct auth *a, int64_t id, struct slice password, struct err *e)
{
	char hash[AUTH_PASSWORD_TEXT];
	struct auth_change ch = {.fn = run_password, .id = id};
	struct address email;
	int rc = auth_user_get(a, id, copy_email, &email, e);

	if (rc == 0)
		rc = auth_password_allowed(
			password, slice_of(email.text, email.len), e);
	if (rc == 0)
		rc = auth_password_hash(&a->hashing, password, hash, e);
	if (rc < 0)
		return rc;
	ch.text = slice_str(hash);
	rc = auth_commit(a, &ch, e);
	if (rc < 0)
		return rc;
	auth_less(a);
	auth_limit_forgive(a->limit, slice_of(email.text, email.len));
	return 0;
}

static int
run_delete(struct auth_change *ch, struct store_conn *c, struct err *e)
{
	int rc = check_not_last(c, ch->id, e);

	if (rc == 0)
		rc = auth_tx_run2(c, AUTH_SQL_SESSION_END_OTHERS, ch->id, 0, e);
	if (rc == 0)
		rc = auth_tx_run(c, AUTH_SQL_KEY_REVOKE_ALL, ch->id, e);
	if (rc == 0)
		rc = auth_tx_run(c, AUTH_SQL_USER_DELETE, ch->id, e);
	return rc;
}

int
auth_user_delete(struct auth *a, int64_t id, struct err *e)
{
	struct auth_change ch = {.fn = run_delete, .id = id};
	int rc = auth_commit(a, &ch, e);

	if (rc == 0)
		auth_less(a);
	return rc;
}
