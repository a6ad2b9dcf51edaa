-- Which files of sql/ were applied to this database.
CREATE TABLE migration (
	name TEXT NOT NULL PRIMARY KEY,
	checksum INTEGER NOT NULL,
	applied_at_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
