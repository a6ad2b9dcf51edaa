-- Persons in Postgres: who this node is there, the batch that was published
-- last, and the one that is prepared (src/pipeline/README.md). One row, made at
-- the first start in that mode.
CREATE TABLE postgres (
	one INTEGER PRIMARY KEY CHECK (one = 1),
	node BLOB NOT NULL CHECK (length(node) = 16),
	in_use INTEGER NOT NULL, -- the daemon last ran in that mode
	batch INTEGER NOT NULL,
	prepared INTEGER, -- batch + 1, or NULL: nothing is prepared
	topic TEXT, -- the input that moves with it; NULL: none
	idx INTEGER,
	next INTEGER
) STRICT;
