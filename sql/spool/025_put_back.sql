-- How far the letters are settled that capture wrote while Postgres was away.
CREATE TABLE put_back (
	one INTEGER PRIMARY KEY CHECK (one = 1),
	next INTEGER NOT NULL
) STRICT;
