-- Settings made in the admin, as text; they count above the defaults and below
-- the file, the environment and --set.
CREATE TABLE setting (
	name TEXT PRIMARY KEY,
	value TEXT NOT NULL,
	set_at_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
