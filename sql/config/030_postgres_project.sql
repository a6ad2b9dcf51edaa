-- Projects as they were last seen in Postgres, so that their tokens are known
-- after a restart while it is away. Used only while postgres.url is set.
CREATE TABLE postgres_project (
	id INTEGER PRIMARY KEY,
	uuid TEXT NOT NULL,
	name TEXT NOT NULL,
	api_token TEXT NOT NULL UNIQUE,
	settings TEXT NOT NULL,
	created_at_us INTEGER NOT NULL,
	project_id INTEGER NOT NULL
) STRICT;

CREATE TABLE postgres_old_token (
	api_token TEXT PRIMARY KEY,
	project_id INTEGER NOT NULL,
	expires_at_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Settings of such projects that only Sluice has, as in project.settings.
CREATE TABLE postgres_project_setting (
	id INTEGER PRIMARY KEY,
	settings TEXT NOT NULL
) STRICT;
