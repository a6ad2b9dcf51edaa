-- The last time it was tried whether this file takes a write.
CREATE TABLE probe (
	one INTEGER PRIMARY KEY CHECK (one = 1),
	at_us INTEGER NOT NULL
) STRICT;
