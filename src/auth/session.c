#include <stdio.h>

#include "auth/auth_int.h"
#include "stats/stats.h"

/* auth-2 */
static int
denied(struct err *e)
{
	return err_set(
		e, ERR_DENIED, "the e-mail or the password is not right");
}

static int
nobodys(struct err *e)
{
	return err_set(e, ERR_DENIED, "sign in: no session, or it is over");
}

static int
insert_session(struct auth_change *ch, struct store_conn *c, struct err *e)
{
	char address[NET_ADDR_TEXT];
	struct slice agent;
	struct store_stmt *st;
	int rc = sql_get(c, &auth_sql, AUTH_SQL_SESSION_INSERT, &st, e);

	if (rc < 0)
		return rc;
	net_addr_format(&ch->from->address, address);
	auth_cut(ch->from->agent, LIMIT_AUTH_AGENT_BYTES, &agent);
	sql_bind_blob(st, 1, slice_of((char *)ch->hash, sizeof(ch->hash)));
	sql_bind_i64(st, 2, ch->user_id);
	sql_bind_i64(st, 3, ch->now_us);
	sql_bind_text(st, 4, slice_str(address));
	sql_bind_text(st, 5, agent.p == NULL ? SLICE_LIT("") : agent);
	rc = sql_run(st, e);
	if (rc == 0)
		ch->id = sql_last_rowid(c);
	return rc;
}

static int
end_old(struct auth_change *ch, struct store_conn *c, struct err *e)
{
	struct store_stmt *st;
	int rc = sql_get(c, &auth_sql, AUTH_SQL_SESSION_END_HASH, &st, e);

	if (rc < 0)
		return rc;
	sql_bind_blob(st, 1, slice_of((char *)ch->old, sizeof(ch->old)));
	return sql_run(st, e);
}

int
auth_tx_session(struct auth_change *ch, struct store_conn *c, struct err *e)
{
	int rc = auth_tx_run2(c, AUTH_SQL_SESSION_PURGE,
		ch->now_us - auth_max_us(ch->a),
		ch->now_us - auth_idle_us(ch->a), e);

	if (rc == 0 && ch->has_old)
		rc = end_old(ch, c, e);
	if (rc == 0)
		rc = insert_session(ch, c, e);
	if (rc == 0)
		rc = auth_tx_run2(c, AUTH_SQL_SESSION_CUT, ch->user_id,
			LIMIT_AUTH_SESSIONS, e);
	if (rc == 0)
		rc = auth_tx_run2(
			c, AUTH_SQL_USER_SEEN, ch->user_id, ch->now_us, e);
	return rc;
}

/* The password was right a moment ago; it must be the same still. */
static int
run_sign_in(struct auth_change *ch, struct store_conn *c, struct err *e)
{
	struct store_stmt *st;
	bool is_same = false;
	int rc = sql_get(c, &auth_sql, AUTH_SQL_USER_GET, &st, e);

	if (rc < 0)
		return rc;
	sql_bind_i64(st, 1, ch->user_id);
	rc = sql_step(st, e);
	if (rc == 1) {
		is_same = slice_eq(sql_col_text(st, 8), ch->was);
		ch->role = auth_role_find(sql_col_text(st, 3));
	}
	sql_reset(st);
	if (rc < 0)
		return rc;
	if (!is_same)
		return denied(e);
	if (ch->text.p != NULL) {
		rc = sql_get(c, &auth_sql, AUTH_SQL_USER_PASSWORD, &st, e);
		if (rc < 0)
			return rc;
		sql_bind_i64(st, 1, ch->user_id);
		sql_bind_text(st, 2, ch->text);
		rc = sql_run(st, e);
		if (rc < 0)
			return rc;
	}
	if (ch->but != 0)
		rc = auth_tx_run2(
			c, AUTH_SQL_SESSION_END_OTHERS, ch->user_id, 0, e);
	return rc < 0 ? rc : auth_tx_session(ch, c, e);
}

void
auth_pass_fill(struct auth *a, const struct auth_change *ch, const char *token,
	struct auth_pass *out)
{
	*out = (struct auth_pass){
		.who = {.door = AUTH_BY_SESSION,
			.role = ch->role,
			.user_id = ch->user_id,
			.session_id = ch->id},
		.max_age_s = auth_max_us(a) / 1000000,
	};
	memcpy(out->token, token, strlen(token) + 1);
	auth_csrf(slice_str(token), out->csrf);
	memcpy(out->who.name, ch->email.p, ch->email.len);
}

/* What is kept of the user whose password is looked at. */
struct account {
	int64_t id; /* 0: nobody */
	char hash[AUTH_PASSWORD_TEXT];
};

static int
read_account(
	struct auth *a, struct slice email, struct account *out, struct err *e)
{
	struct store_stmt *st;
	struct slice hash;
	int rc = auth_read(a, AUTH_SQL_USER_FIND, &st, e);

	if (rc < 0)
		return rc;
	sql_bind_text(st, 1, email);
	rc = sql_step(st, e);
	if (rc == 1) {
		hash = sql_col_text(st, 8);
		if (hash.len < sizeof(out->hash)) {
			out->id = sql_col_i64(st, 0);
			memcpy(out->hash, hash.p, hash.len);
		}
	}
	auth_read_end(a, st);
	return rc < 0 ? rc : 0;
}

/* DENIED after the same work for every reason (auth-2). */
static int
check_password(struct auth *a, struct slice email, struct slice password,
	struct account *acc, bool *is_old, struct err *e)
{
	int rc = read_account(a, email, acc, e);

	if (rc < 0)
		return rc;
	rc = auth_password_check(&a->hashing,
		acc->id == 0 ? SLICE_NONE : slice_str(acc->hash), password,
		is_old, e);
	if (rc == -ERR_DENIED || (rc == 0 && acc->id == 0))
		return denied(e);
	return rc;
}

static int
make_session(struct auth *a, struct auth_change *ch, const struct account *acc,
	struct auth_pass *out, struct err *e)
{
	char token[AUTH_TOKEN_MAX] = {0};
	int rc;

	auth_secret("", token);
	auth_hash(slice_str(token), ch->hash);
	ch->fn = run_sign_in;
	ch->user_id = acc->id;
	ch->was = slice_str(acc->hash);
	rc = auth_commit(a, ch, e);
	if (rc == 0)
		auth_pass_fill(a, ch, token, out);
	return rc;
}

int
auth_sign_in(struct auth *a, struct slice text, struct slice password,
	const struct auth_origin *from, struct slice old, struct auth_pass *out,
	int *retry_s, struct err *e)
{
	char lower[AUTH_EMAIL_MAX + 1], again[AUTH_PASSWORD_TEXT];
	struct account acc = {0};
	struct auth_change ch = {.from = from, .has_old = old.p != NULL};
	bool is_old = false;
	int rc;

	/* What is no e-mail is nobody's. */
	if (auth_email(text, lower, &ch.email, e) < 0)
		ch.email = SLICE_LIT("?");
	rc = auth_limit_begin(a->limit, ch.email, &from->address,
		clock_mono_ns(), retry_s, e);
	if (rc < 0) {
		stats_add(STATS_SIGN_INS, 2, 1);
		return rc;
	}
	*retry_s = 1;
	rc = check_password(a, ch.email, password, &acc, &is_old, e);
	stats_add(STATS_SIGN_INS, rc == 0 ? 0 : rc == -ERR_DENIED ? 1 : 2, 1);
	if (rc == -ERR_DENIED)
		return rc;
	if (rc < 0) {
		auth_limit_undo(a->limit, ch.email, &from->address);
		return rc;
	}
	auth_limit_succeeded(a->limit, ch.email, &from->address);
	if (is_old && auth_password_hash(&a->hashing, password, again, e) == 0)
		ch.text = slice_str(again);
	if (ch.has_old)
		auth_hash(old, ch.old);
	rc = make_session(a, &ch, &acc, out, e);
	if (rc == 0 && ch.has_old)
		auth_less(a);
	return rc;
}

int
auth_own_password(struct auth *a, const struct auth_who *who, struct slice now,
	struct slice then, const struct auth_origin *from,
	struct auth_pass *out, int *retry_s, struct err *e)
{
	char hash[AUTH_PASSWORD_TEXT];
	struct account acc = {0};
	struct auth_change ch = {
		.from = from, .email = slice_str(who->name), .but = 1};
	bool is_old;
	int rc = auth_password_allowed(then, ch.email, e);

	if (rc == 0)
		rc = auth_limit_begin(a->limit, ch.email, &from->address,
			clock_mono_ns(), retry_s, e);
	if (rc < 0)
		return rc;
	*retry_s = 1;
	rc = check_password(a, ch.email, now, &acc, &is_old, e);
	if (rc == -ERR_DENIED)
		return err_set(
			e, ERR_DENIED, "current: this is not your password");
	if (rc == 0)
		auth_limit_succeeded(a->limit, ch.email, &from->address);
	else
		auth_limit_undo(a->limit, ch.email, &from->address);
	if (rc == 0)
		rc = auth_password_hash(&a->hashing, then, hash, e);
	if (rc < 0)
		return rc;
	ch.text = slice_str(hash);
	rc = make_session(a, &ch, &acc, out, e);
	if (rc == 0)
		auth_less(a);
	return rc;
}

/* Fills who from a row of SESSION_CHECK; false: it is over. */
static bool
is_alive(struct auth *a, struct store_stmt *st, int64_t now_us,
	struct auth_who *who)
{
	struct slice email = sql_col_text(st, 5);

	if (now_us - sql_col_i64(st, 2) >= auth_max_us(a) ||
		now_us - sql_col_i64(st, 3) >= auth_idle_us(a))
		return false;
	*who = (struct auth_who){
		.door = AUTH_BY_SESSION,
		.role = auth_role_find(sql_col_text(st, 4)),
		.user_id = sql_col_i64(st, 1),
		.session_id = sql_col_i64(st, 0),
	};
	snprintf(who->name, sizeof(who->name), "%.*s", SLICE_FMT(email));
	return true;
}

int
auth_session_check(struct auth *a, struct slice token,
	const struct auth_origin *from, struct auth_who *who, struct err *e)
{
	unsigned char hash[AUTH_HASH_BYTES];
	int64_t now_us = clock_now_us(), seen_us = 0;
	struct store_stmt *st;
	bool alive = false;
	int rc;

	if (token.len == 0 || token.len >= AUTH_TOKEN_MAX)
		return nobodys(e);
	auth_hash(token, hash);
	rc = auth_read(a, AUTH_SQL_SESSION_CHECK, &st, e);
	if (rc < 0)
		return rc;
	sql_bind_blob(st, 1, slice_of((char *)hash, sizeof(hash)));
	rc = sql_step(st, e);
	if (rc == 1) {
		alive = is_alive(a, st, now_us, who);
		seen_us = sql_col_i64(st, 3);
	}
	auth_read_end(a, st);
	if (rc < 0)
		return rc;
	if (!alive)
		return nobodys(e);
	if (now_us - seen_us >= AUTH_TOUCH_US)
		auth_touch(a, AUTH_SQL_SESSION_SEEN, who->session_id, from);
	return 0;
}

int
auth_session_list(struct auth *a, int64_t user_id, auth_session_fn *fn,
	void *cookie, struct err *e)
{
	int64_t now_us = clock_now_us();
	struct store_stmt *st;
	int rc = auth_read(a, AUTH_SQL_SESSION_LIST, &st, e);

	if (rc < 0)
		return rc;
	sql_bind_i64(st, 1, user_id);
	while ((rc = sql_step(st, e)) == 1) {
		struct auth_session s = {
			.id = sql_col_i64(st, 0),
			.user_id = sql_col_i64(st, 1),
			.created_at_us = sql_col_i64(st, 2),
			.seen_at_us = sql_col_i64(st, 3),
			.address = sql_col_text(st, 4),
			.agent = sql_col_text(st, 5),
		};
		int64_t idle_us = s.seen_at_us + auth_idle_us(a);

		s.expires_at_us = s.created_at_us + auth_max_us(a);
		if (s.expires_at_us > idle_us)
			s.expires_at_us = idle_us;
		if (s.expires_at_us > now_us)
			fn(cookie, &s);
	}
	auth_read_end(a, st);
	return rc;
}

static int
run_end(struct auth_change *ch, struct store_conn *c, struct err *e)
{
	int rc;

	if (ch->id == 0)
		return auth_tx_run2(c, AUTH_SQL_SESSION_END_OTHERS, ch->user_id,
			ch->but, e);
	rc = auth_tx_run2(c, AUTH_SQL_SESSION_END, ch->user_id, ch->id, e);
	if (rc == 0 && sql_changes(c) == 0)
		rc = err_set(e, ERR_NOT_FOUND, "no session has the id %lld",
			(long long)ch->id);
	return rc;
}

int
auth_session_end(
	struct auth *a, int64_t user_id, int64_t id, int64_t but, struct err *e)
{
	struct auth_change ch = {
		.fn = run_end, .user_id = user_id, .id = id, .but = but};
	int rc = auth_commit(a, &ch, e);

	if (rc == 0)
		auth_less(a);
	return rc;
}
