-- What projects sent lately (src/dedupe): fingerprints of events in the order
-- they were taken, a row or a few for each commit. id is the number of the first
-- of its n fingerprints; their numbers have no gap from row to row.
CREATE TABLE dedupe (
	id INTEGER PRIMARY KEY,
	at_ms INTEGER NOT NULL,
	n INTEGER NOT NULL,
	prints BLOB NOT NULL
) STRICT;

-- The key of the hash in fingerprints, made once for each file.
CREATE TABLE dedupe_key (
	id INTEGER PRIMARY KEY CHECK (id = 0),
	k0 INTEGER NOT NULL,
	k1 INTEGER NOT NULL
) STRICT;
