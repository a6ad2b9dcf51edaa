-- Dead letters of this file (docs/dead-letters.md). letter: what was done with
-- one, a row for each letter that is no longer pending; replayed_at_us 0: it
-- never was.
ALTER TABLE letter ADD COLUMN edits INTEGER NOT NULL DEFAULT 0;
ALTER TABLE letter ADD COLUMN discarded_at_us INTEGER NOT NULL DEFAULT 0;
ALTER TABLE letter ADD COLUMN who TEXT NOT NULL DEFAULT '';

-- Kinds of letters, with how many there are in each state.
CREATE TABLE letter_group (
	id INTEGER PRIMARY KEY,
	team_id INTEGER NOT NULL,
	reason TEXT NOT NULL,
	step TEXT NOT NULL,
	error TEXT NOT NULL,
	pending INTEGER NOT NULL DEFAULT 0,
	replayed INTEGER NOT NULL DEFAULT 0,
	discarded INTEGER NOT NULL DEFAULT 0,
	first_ms INTEGER NOT NULL,
	last_ms INTEGER NOT NULL,
	newest INTEGER NOT NULL,
	UNIQUE (team_id, reason, step, error)
) STRICT;

-- A row for each letter of the log, made after it; ids come in the order of
-- time, so their index grows at its end.
CREATE TABLE letter_index (
	offset INTEGER PRIMARY KEY,
	id BLOB,
	grp INTEGER NOT NULL,
	state INTEGER NOT NULL,
	at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX letter_index_id ON letter_index (id) WHERE id IS NOT NULL;
CREATE INDEX letter_index_pending ON letter_index (offset) WHERE state = 0;

-- What letter_index covers; how many groups there are; changes counts what was
-- done to any of these tables.
CREATE TABLE letter_position (
	one INTEGER PRIMARY KEY CHECK (one = 1),
	first INTEGER NOT NULL,
	next INTEGER NOT NULL,
	groups INTEGER NOT NULL,
	changes INTEGER NOT NULL
) STRICT;
INSERT INTO letter_position (one, first, next, groups, changes)
VALUES (1, 0, 0, 0, 0);
