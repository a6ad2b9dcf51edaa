-- Projects and the tokens by which SDKs name them.
-- settings is a JSON object of what was set; what is absent has its default.
CREATE TABLE project (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	uuid TEXT NOT NULL,
	name TEXT NOT NULL,
	api_token TEXT NOT NULL UNIQUE,
	settings TEXT NOT NULL DEFAULT '{}',
	created_at_us INTEGER NOT NULL
) STRICT;

-- A token that was replaced goes on working until it expires.
CREATE TABLE project_old_token (
	api_token TEXT PRIMARY KEY,
	project_id INTEGER NOT NULL,
	expires_at_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX project_old_token_project ON project_old_token (project_id);
