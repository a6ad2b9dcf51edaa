#include "auth/auth_int.h"

#define USER                                                                   \
	"SELECT id, email, name, role, created_at_us, seen_at_us, "            \
	"(SELECT count(*) FROM admin_session s WHERE s.user_id = u.id), "      \
	"(SELECT count(*) FROM admin_key k WHERE k.user_id = u.id), "          \
	"password FROM admin_user u "

static const char *const texts[AUTH_N_SQL] = {
	[AUTH_SQL_USER_LIST] = USER "ORDER BY id",
	[AUTH_SQL_USER_GET] = USER "WHERE id = ?1",
	[AUTH_SQL_USER_FIND] = USER "WHERE email = ?1",
	[AUTH_SQL_USER_COUNT] = "SELECT count(*) FROM admin_user "
				"WHERE id <> ?1",
	[AUTH_SQL_USER_OTHER_ADMINS] = "SELECT count(*) FROM admin_user "
				       "WHERE role = 'admin' AND id <> ?1",
	[AUTH_SQL_USER_INSERT] =
		"INSERT INTO admin_user (email, name, role, password, "
		"created_at_us) VALUES (?1, ?2, ?3, ?4, ?5)",
	[AUTH_SQL_USER_NAME] = "UPDATE admin_user SET name = ?2 WHERE id = ?1",
	[AUTH_SQL_USER_ROLE] = "UPDATE admin_user SET role = ?2 WHERE id = ?1",
	[AUTH_SQL_USER_PASSWORD] =
		"UPDATE admin_user SET password = ?2 WHERE id = ?1",
	[AUTH_SQL_USER_SEEN] =
		"UPDATE admin_user SET seen_at_us = ?2 WHERE id = ?1",
	[AUTH_SQL_USER_DELETE] = "DELETE FROM admin_user WHERE id = ?1",
	[AUTH_SQL_SESSION_INSERT] =
		"INSERT INTO admin_session (hash, user_id, created_at_us, "
		"seen_at_us, address, agent) VALUES (?1, ?2, ?3, ?3, ?4, ?5)",
	[AUTH_SQL_SESSION_CHECK] =
		"SELECT s.id, s.user_id, s.created_at_us, s.seen_at_us, "
		"u.role, u.email FROM admin_session s "
		"JOIN admin_user u ON u.id = s.user_id WHERE s.hash = ?1",
	[AUTH_SQL_SESSION_SEEN] = "UPDATE admin_session SET seen_at_us = ?2, "
				  "address = ?3 WHERE id = ?1",
	[AUTH_SQL_SESSION_LIST] =
		"SELECT id, user_id, created_at_us, seen_at_us, address, agent "
		"FROM admin_session WHERE user_id = ?1 ORDER BY id DESC",
	[AUTH_SQL_SESSION_END] =
		"DELETE FROM admin_session WHERE user_id = ?1 AND id = ?2",
	[AUTH_SQL_SESSION_END_HASH] =
		"DELETE FROM admin_session WHERE hash = ?1",
	[AUTH_SQL_SESSION_END_OTHERS] =
		"DELETE FROM admin_session WHERE user_id = ?1 AND id <> ?2",
	[AUTH_SQL_SESSION_PURGE] =
		"DELETE FROM admin_session "
		"WHERE created_at_us < ?1 OR seen_at_us < ?2",
	[AUTH_SQL_SESSION_CUT] =
		"DELETE FROM admin_session WHERE user_id = ?1 AND id NOT IN "
		"(SELECT id FROM admin_session WHERE user_id = ?1 "
		"ORDER BY id DESC LIMIT ?2)",
	[AUTH_SQL_SETUP_GET] =
		"SELECT token, expires_at_us FROM setup_token WHERE one = 1",
	[AUTH_SQL_SETUP_PUT] = "INSERT OR REPLACE INTO setup_token (one, "
			       "token, expires_at_us) "
			       "VALUES (1, ?1, ?2)",
	[AUTH_SQL_SETUP_CLEAR] = "DELETE FROM setup_token",
	[AUTH_SQL_KEY_LIST] =
		"SELECT k.id, k.user_id, u.email, k.name, k.prefix, k.scopes, "
		"k.used_address, k.created_at_us, k.expires_at_us, "
		"k.used_at_us "
		"FROM admin_key k JOIN admin_user u ON u.id = k.user_id "
		"WHERE ?1 = 0 OR k.user_id = ?1 ORDER BY k.id",
	[AUTH_SQL_KEY_COUNT] =
		"SELECT count(*) FROM admin_key WHERE user_id = ?1",
	[AUTH_SQL_KEY_INSERT] =
		"INSERT INTO admin_key (hash, prefix, user_id, name, scopes, "
		"created_at_us, expires_at_us) "
		"VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
	[AUTH_SQL_KEY_CHECK] =
		"SELECT k.id, k.user_id, k.scopes, k.expires_at_us, "
		"k.used_at_us, u.role, u.email FROM admin_key k "
		"JOIN admin_user u ON u.id = k.user_id WHERE k.hash = ?1",
	[AUTH_SQL_KEY_SEEN] = "UPDATE admin_key SET used_at_us = ?2, "
			      "used_address = ?3 WHERE id = ?1",
	[AUTH_SQL_KEY_REVOKE] = "DELETE FROM admin_key WHERE id = ?1 "
				"AND (?2 = 0 OR user_id = ?2)",
	[AUTH_SQL_KEY_REVOKE_ALL] = "DELETE FROM admin_key WHERE user_id = ?1",
	[AUTH_SQL_TRAIL_INSERT] =
		"INSERT INTO audit_trail (at_us, user_id, key_id, who, how, "
		"address, action, target, detail) "
		"VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
	[AUTH_SQL_TRAIL_TRIM] =
		"DELETE FROM audit_trail WHERE id IN "
		"(SELECT id FROM audit_trail ORDER BY id LIMIT 200) "
		"AND (id <= ?1 - 1000000 "
		"OR (id <= ?1 - 200000 AND at_us < ?2))",
	[AUTH_SQL_TRAIL_LIST] =
		"SELECT id, at_us, user_id, key_id, who, how, address, action, "
		"target, detail FROM audit_trail WHERE id < ?1 "
		"AND at_us >= ?2 AND at_us < ?3 "
		"AND (?4 IS NULL OR who = ?4) AND (?5 IS NULL OR how = ?5) "
		"AND (?6 IS NULL OR substr(action, 1, length(?6)) = ?6) "
		"AND (?7 IS NULL OR substr(target, 1, length(?7)) = ?7) "
		"ORDER BY id DESC LIMIT ?8",
};

const struct sql_set auth_sql = {"auth", texts, AUTH_N_SQL};
