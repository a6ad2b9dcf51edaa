-- Deletions of persons by hand (src/privacy): what was asked, and how far
-- ClickHouse has got with it. distinct_ids: a JSON array. front: the read
-- position that each input had to reach, in their order, divided by spaces; ''
-- if there was nothing to wait for.
CREATE TABLE erasure (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	team_id INTEGER NOT NULL,
	asked_for TEXT NOT NULL,
	uuid TEXT NOT NULL,
	version INTEGER NOT NULL,
	distinct_ids TEXT NOT NULL,
	with_events INTEGER NOT NULL,
	asked_at_us INTEGER NOT NULL,
	front TEXT NOT NULL,
	cut_at_us INTEGER NOT NULL,
	step INTEGER NOT NULL,
	n_rows INTEGER NOT NULL,
	done_at_us INTEGER NOT NULL
) STRICT;
CREATE INDEX erasure_by_person ON erasure (team_id, asked_for);
CREATE INDEX erasure_open ON erasure (id) WHERE done_at_us = 0;
