-- Letters of events_dead_letter_queue in this file that were replayed.
CREATE TABLE letter (
	offset INTEGER PRIMARY KEY,
	replayed_at_us INTEGER NOT NULL,
	replays INTEGER NOT NULL
) STRICT;
