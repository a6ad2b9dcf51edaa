#include <stdio.h>

#include "auth/auth_int.h"

#define PREFIX "slk_"
#define PREFIX_SHOWN 10

int
auth_key_list(struct auth *a, int64_t user_id, auth_key_fn *fn, void *cookie,
	struct err *e)
{
	struct store_stmt *st;
	int rc = auth_read(a, AUTH_SQL_KEY_LIST, &st, e);

	if (rc < 0)
		return rc;
	sql_bind_i64(st, 1, user_id);
	while ((rc = sql_step(st, e)) == 1)
		fn(cookie, &(struct auth_key){
				   .id = sql_col_i64(st, 0),
				   .user_id = sql_col_i64(st, 1),
				   .email = sql_col_text(st, 2),
				   .name = sql_col_text(st, 3),
				   .prefix = sql_col_text(st, 4),
				   .scopes = sql_col_text(st, 5),
				   .used_address = sql_col_text(st, 6),
				   .created_at_us = sql_col_i64(st, 7),
				   .expires_at_us = sql_col_i64(st, 8),
				   .used_at_us = sql_col_i64(st, 9),
			   });
	auth_read_end(a, st);
	return rc;
}

static struct slice
next_word(struct slice *rest)
{
	size_t n = 0;
	struct slice word;

	*rest = slice_trim(*rest);
	while (n < rest->len && rest->p[n] != ' ' && rest->p[n] != ',')
		n++;
	word = slice_of(rest->p, n);
	n += n < rest->len;
	*rest = slice_of(rest->p + n, rest->len - n);
	return word;
}

/* Names of this version; those of another count for nothing. */
static uint64_t
scopes_of(struct slice text)
{
	uint64_t bits = 0;

	while (text.len > 0) {
		int i = auth_scope_find(next_word(&text));

		if (i >= 0)
			bits |= UINT64_C(1) << i;
	}
	return bits;
}

static int
check_scope(struct slice word, enum auth_role role, struct err *e)
{
	int i = auth_scope_find(word);

	if (i < 0)
		return err_set(e, ERR_INVALID,
			"scopes: there is no scope %.40s",
			word.len == 0 ? "without a name" : word.p);
	if (auth_scope_at(i)->role > role)
		return err_set(e, ERR_INVALID,
			"scopes: %s goes with the role %s; the owner of the "
			"key has the role %s",
			auth_scope_at(i)->name,
			auth_role_name(auth_scope_at(i)->role),
			auth_role_name(role));
	return 0;
}

/* The words of text in the table's order, each once, into out. */
static int
read_scopes(
	struct slice text, enum auth_role role, struct buf *out, struct err *e)
{
	struct slice rest = text;
	uint64_t bits = scopes_of(text);

	while (slice_trim(rest).len > 0) {
		char word[64];
		struct slice w = next_word(&rest);
		int rc;

		if (w.len == 0)
			continue;
		snprintf(word, sizeof(word), "%.*s", SLICE_FMT(w));
		rc = check_scope(slice_str(word), role, e);
		if (rc < 0)
			return rc;
	}
	for (int i = 0; i < AUTH_N_SCOPES; i++) {
		if ((bits & UINT64_C(1) << i) == 0)
			continue;
		if (out->len > 0)
			buf_append_char(out, ' ');
		buf_append_str(out, auth_scope_at(i)->name);
	}
	if (out->len == 0)
		return err_set(e, ERR_INVALID,
			"scopes: a key needs at least one, such as "
			"project:read");
	return 0;
}

static int
run_create(struct auth_change *ch, struct store_conn *c, struct err *e)
{
	struct store_stmt *st;
	enum auth_role role = AUTH_OPEN;
	int64_t n = 0;
	struct buf scopes;
	int rc = sql_get(c, &auth_sql, AUTH_SQL_USER_GET, &st, e);

	if (rc < 0)
		return rc;
	sql_bind_i64(st, 1, ch->user_id);
	rc = sql_step(st, e);
	if (rc == 1)
		role = auth_role_find(sql_col_text(st, 3));
	sql_reset(st);
	if (rc == 0)
		return err_set(e, ERR_NOT_FOUND, "no user has the id %lld",
			(long long)ch->user_id);
	if (rc > 0)
		rc = auth_tx_number(c, AUTH_SQL_KEY_COUNT, ch->user_id, &n, e);
	if (rc == 0 && n >= LIMIT_AUTH_KEYS)
		rc = err_set(e, ERR_TOO_BIG,
			"this user has %d keys: revoke some", LIMIT_AUTH_KEYS);
	if (rc < 0)
		return rc;
	buf_init(&scopes, LIMIT_AUTH_SCOPES_BYTES);
	rc = read_scopes(ch->text, role, &scopes, e);
	if (rc == 0)
		rc = sql_get(c, &auth_sql, AUTH_SQL_KEY_INSERT, &st, e);
	if (rc == 0) {
		sql_bind_blob(
			st, 1, slice_of((char *)ch->hash, sizeof(ch->hash)));
		sql_bind_text(st, 2, slice_of(ch->token.p, PREFIX_SHOWN));
		sql_bind_i64(st, 3, ch->user_id);
		sql_bind_text(st, 4, ch->name);
		sql_bind_text(st, 5, buf_slice(&scopes));
		sql_bind_i64(st, 6, ch->now_us);
		sql_bind_i64(st, 7, ch->expires_at_us);
		rc = sql_run(st, e);
	}
	if (rc == 0)
		ch->id = sql_last_rowid(c);
	buf_fini(&scopes);
	return rc;
}

int
auth_key_create(struct auth *a, int64_t user_id, struct slice name,
	struct slice scopes, int64_t days, char token[AUTH_TOKEN_MAX],
	int64_t *id, struct err *e)
{
	struct auth_change ch = {.fn = run_create,
		.user_id = user_id,
		.name = name,
		.text = scopes};
	int rc = auth_name(&ch.name, e);

	if (rc == 0 && scopes.len > LIMIT_AUTH_SCOPES_BYTES)
		rc = err_set(e, ERR_INVALID, "scopes: too long");
	if (rc < 0)
		return rc;
	memset(token, 0, AUTH_TOKEN_MAX);
	auth_secret(PREFIX, token);
	ch.token = slice_str(token);
	auth_hash(ch.token, ch.hash);
	if (days > 0)
		ch.expires_at_us = clock_now_us() + days * AUTH_DAY_US;
	rc = auth_commit(a, &ch, e);
	if (rc == 0)
		*id = ch.id;
	return rc;
}

static int
run_revoke(struct auth_change *ch, struct store_conn *c, struct err *e)
{
	int rc = auth_tx_run2(c, AUTH_SQL_KEY_REVOKE, ch->id, ch->user_id, e);

	if (rc == 0 && sql_changes(c) == 0)
		rc = err_set(e, ERR_NOT_FOUND,
			"no key has the id %lld: see sluice key list",
			(long long)ch->id);
	return rc;
}

int
auth_key_revoke(struct auth *a, int64_t user_id, int64_t id, struct err *e)
{
	struct auth_change ch = {
		.fn = run_revoke, .user_id = user_id, .id = id};
	int rc = auth_commit(a, &ch, e);

	if (rc == 0)
		auth_less(a);
	return rc;
}

/* auth-4: the role is the owner's of this moment. */
static void
fill_who(struct store_stmt *st, struct auth_who *who)
{
	struct slice email = sql_col_text(st, 6);

	*who = (struct auth_who){
		.door = AUTH_BY_KEY,
		.role = auth_role_find(sql_col_text(st, 5)),
		.user_id = sql_col_i64(st, 1),
		.key_id = sql_col_i64(st, 0),
		.scopes = scopes_of(sql_col_text(st, 2)),
	};
	snprintf(who->name, sizeof(who->name), "%.*s", SLICE_FMT(email));
}

int
auth_key_check(struct auth *a, struct slice token,
	const struct auth_origin *from, struct auth_who *who, struct err *e)
{
	unsigned char hash[AUTH_HASH_BYTES];
	int64_t now_us = clock_now_us(), used_us = 0, expires_us;
	struct store_stmt *st;
	bool is_good = false;
	int rc;

	if (token.len == 0 || token.len >= AUTH_TOKEN_MAX)
		return err_set(e, ERR_DENIED, "this is no personal key");
	auth_hash(token, hash);
	rc = auth_read(a, AUTH_SQL_KEY_CHECK, &st, e);
	if (rc < 0)
		return rc;
	sql_bind_blob(st, 1, slice_of((char *)hash, sizeof(hash)));
	rc = sql_step(st, e);
	if (rc == 1) {
		expires_us = sql_col_i64(st, 3);
		used_us = sql_col_i64(st, 4);
		is_good = expires_us == 0 || now_us < expires_us;
		if (is_good)
			fill_who(st, who);
	}
	auth_read_end(a, st);
	if (rc < 0)
		return rc;
	if (!is_good)
		return err_set(e, ERR_DENIED,
			"this personal key is unknown, revoked or expired");
	if (now_us - used_us >= AUTH_TOUCH_US)
		auth_touch(a, AUTH_SQL_KEY_SEEN, who->key_id, from);
	return 0;
}
