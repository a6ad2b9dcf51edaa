-- What the daemon was doing in the last day (src/series). A point has a double
-- of 8 bytes, little endian, for each series, at eight times its id. A slot is
-- at_s / step_s modulo the number of points kept, so rows do not get more.
CREATE TABLE series (
	id INTEGER PRIMARY KEY,
	name TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE series_point (
	step_s INTEGER NOT NULL,
	slot INTEGER NOT NULL,
	at_s INTEGER NOT NULL,
	points BLOB NOT NULL,
	PRIMARY KEY (step_s, slot)
) STRICT, WITHOUT ROWID;
