-- Who may use the admin. role: viewer, member or admin. password is argon2id as
-- libsodium writes it, with its salt and its costs.
CREATE TABLE admin_user (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	email TEXT NOT NULL UNIQUE,
	name TEXT NOT NULL,
	role TEXT NOT NULL,
	password TEXT NOT NULL,
	created_at_us INTEGER NOT NULL,
	seen_at_us INTEGER NOT NULL DEFAULT 0
) STRICT;

-- hash is of the cookie, which is stored nowhere.
CREATE TABLE admin_session (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	hash BLOB NOT NULL UNIQUE,
	user_id INTEGER NOT NULL,
	created_at_us INTEGER NOT NULL,
	seen_at_us INTEGER NOT NULL,
	address TEXT NOT NULL,
	agent TEXT NOT NULL
) STRICT;

CREATE INDEX admin_session_user ON admin_session (user_id);

-- hash is of the key, prefix its first characters, by which people know it.
-- Times are 0 for never.
CREATE TABLE admin_key (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	hash BLOB NOT NULL UNIQUE,
	prefix TEXT NOT NULL,
	user_id INTEGER NOT NULL,
	name TEXT NOT NULL,
	scopes TEXT NOT NULL,
	created_at_us INTEGER NOT NULL,
	expires_at_us INTEGER NOT NULL,
	used_at_us INTEGER NOT NULL DEFAULT 0,
	used_address TEXT NOT NULL DEFAULT ''
) STRICT;

CREATE INDEX admin_key_user ON admin_key (user_id);

-- Makes the first administrator; gone once there is one. It can be read by who
-- can read the file, and so could make a user anyway.
CREATE TABLE setup_token (
	one INTEGER PRIMARY KEY CHECK (one = 1),
	token TEXT NOT NULL,
	expires_at_us INTEGER NOT NULL
) STRICT;

-- Every change, by whom and from where. Rows are only added.
CREATE TABLE audit_trail (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	at_us INTEGER NOT NULL,
	user_id INTEGER NOT NULL,
	key_id INTEGER NOT NULL,
	who TEXT NOT NULL,
	how TEXT NOT NULL,
	address TEXT NOT NULL,
	action TEXT NOT NULL,
	target TEXT NOT NULL,
	detail TEXT NOT NULL
) STRICT;

CREATE TRIGGER audit_trail_is_added_to BEFORE INSERT ON audit_trail
WHEN EXISTS (SELECT 1 FROM audit_trail WHERE id = NEW.id)
BEGIN
	SELECT RAISE(ABORT, 'a row of the audit trail is never replaced');
END;

CREATE TRIGGER audit_trail_stays_as_it_is BEFORE UPDATE ON audit_trail
BEGIN
	SELECT RAISE(ABORT, 'a row of the audit trail is never changed');
END;

-- The newest 200,000 rows stay, and of the newest million those of the last 90
-- days. The table thus has a bound, and nobody can wash a row out of it by a
-- few thousand others.
CREATE TRIGGER audit_trail_is_kept BEFORE DELETE ON audit_trail
WHEN OLD.id > (SELECT max(id) FROM audit_trail) - 1000000
	AND (
		OLD.id > (SELECT max(id) FROM audit_trail) - 200000
		OR OLD.at_us / 1000000
			> CAST(strftime('%s', 'now') AS INTEGER) - 7776000
	)
BEGIN
	SELECT RAISE(ABORT, 'a row of the audit trail is kept for its time');
END;
