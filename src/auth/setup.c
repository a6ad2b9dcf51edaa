#include "auth/auth_int.h"

int
auth_setup_needed(struct auth *a, bool *needed, struct err *e)
{
	struct store_stmt *st;
	int rc = auth_read(a, AUTH_SQL_USER_COUNT, &st, e);

	if (rc < 0)
		return rc;
	sql_bind_i64(st, 1, 0);
	rc = sql_step(st, e);
	*needed = rc == 1 && sql_col_i64(st, 0) == 0;
	auth_read_end(a, st);
	return rc < 0 ? rc : 0;
}

/* The token in force goes to out; NOT_FOUND: none. */
static int
read_token(struct store_conn *c, int64_t now_us, char out[AUTH_TOKEN_MAX],
	int64_t *expires_at_us, struct err *e)
{
	struct store_stmt *st;
	bool is_there = false;
	int rc = sql_get(c, &auth_sql, AUTH_SQL_SETUP_GET, &st, e);

	if (rc < 0)
		return rc;
	rc = sql_step(st, e);
	if (rc == 1) {
		struct slice token = sql_col_text(st, 0);

		*expires_at_us = sql_col_i64(st, 1);
		is_there =
			*expires_at_us > now_us && token.len < AUTH_TOKEN_MAX;
		if (is_there) {
			memcpy(out, token.p, token.len);
			out[token.len] = '\0';
		}
	}
	sql_reset(st);
	if (rc < 0)
		return rc;
	return is_there ? 0 : err_set(e, ERR_NOT_FOUND, "no set-up token");
}

static int
check_no_users(struct store_conn *c, struct err *e)
{
	int64_t n = 0;
	int rc = auth_tx_number(c, AUTH_SQL_USER_COUNT, 0, &n, e);

	if (rc == 0 && n > 0)
		rc = err_set(e, ERR_EXISTS,
			"Sluice is set up already: sign in, or see sluice user "
			"list");
	return rc;
}

/* ch->token.p has room for AUTH_TOKEN_MAX. */
struct token_change {
	struct auth_change ch;
	char token[AUTH_TOKEN_MAX];
};

static int
run_token(struct auth_change *ch, struct store_conn *c, struct err *e)
{
	struct token_change *t = (struct token_change *)(void *)ch;
	struct store_stmt *st;
	int rc = check_no_users(c, e);

	if (rc < 0)
		return rc;
	rc = read_token(c, ch->now_us, t->token, &ch->expires_at_us, e);
	if (rc != -ERR_NOT_FOUND)
		return rc;
	auth_secret("", t->token);
	ch->expires_at_us = ch->now_us + AUTH_SETUP_H * AUTH_HOUR_US;
	rc = sql_get(c, &auth_sql, AUTH_SQL_SETUP_PUT, &st, e);
	if (rc < 0)
		return rc;
	sql_bind_text(st, 1, slice_str(t->token));
	sql_bind_i64(st, 2, ch->expires_at_us);
	return sql_run(st, e);
}

int
auth_setup_token(struct auth *a, char token[AUTH_TOKEN_MAX],
	int64_t *expires_at_us, struct err *e)
{
	struct token_change t = {.ch = {.fn = run_token}};
	int rc = auth_commit(a, &t.ch, e);

	if (rc < 0)
		return rc;
	memcpy(token, t.token, AUTH_TOKEN_MAX);
	*expires_at_us = t.ch.expires_at_us;
	return 0;
}

static int
check_token(struct auth_change *ch, struct store_conn *c, struct err *e)
{
	char token[AUTH_TOKEN_MAX];
	int64_t expires_at_us;
	int rc = read_token(c, ch->now_us, token, &expires_at_us, e);

	if (rc == -ERR_NOT_FOUND ||
		(rc == 0 && !auth_equal(slice_str(token), ch->token)))
		return err_set(e, ERR_DENIED, "token: it is not in force");
	return rc;
}

/* auth-5: one transaction checks and uses the token up. */
static int
run_setup(struct auth_change *ch, struct store_conn *c, struct err *e)
{
	int rc = check_no_users(c, e);

	if (rc == 0)
		rc = check_token(ch, c, e);
	if (rc == 0)
		rc = auth_tx_user(ch, c, e);
	if (rc == 0)
		rc = auth_tx_session(ch, c, e);
	return rc;
}

/* As in run_setup, but before a password is hashed for nothing. */
static int
run_check(struct auth_change *ch, struct store_conn *c, struct err *e)
{
	int rc = check_no_users(c, e);

	return rc < 0 ? rc : check_token(ch, c, e);
}

int
auth_setup(struct auth *a, struct slice token, struct slice email,
	struct slice name, struct slice password,
	const struct auth_origin *from, struct auth_pass *out, int *retry_s,
	struct err *e)
{
	char lower[AUTH_EMAIL_MAX + 1], hash[AUTH_PASSWORD_TEXT];
	char cookie[AUTH_TOKEN_MAX] = {0};
	struct auth_change check = {.fn = run_check, .token = token};
	struct auth_change ch = {.fn = run_setup,
		.token = token,
		.name = name,
		.role = AUTH_ADMIN,
		.from = from};
	int rc = auth_limit_begin(a->limit, SLICE_NONE, &from->address,
		clock_mono_ns(), retry_s, e);

	if (rc == 0)
		rc = auth_commit(a, &check, e);
	if (rc < 0)
		return rc;
	/* Who has the token is no guesser. */
	auth_limit_undo(a->limit, SLICE_NONE, &from->address);
	*retry_s = 1;
	rc = auth_email(email, lower, &ch.email, e);
	if (rc == 0)
		rc = auth_name(&ch.name, e);
	if (rc == 0)
		rc = auth_password_allowed(password, ch.email, e);
	if (rc == 0)
		rc = auth_password_hash(&a->hashing, password, hash, e);
	if (rc < 0)
		return rc;
	ch.text = slice_str(hash);
	auth_secret("", cookie);
	auth_hash(slice_str(cookie), ch.hash);
	rc = auth_commit(a, &ch, e);
	if (rc == 0)
		auth_pass_fill(a, &ch, cookie, out);
	return rc;
}
