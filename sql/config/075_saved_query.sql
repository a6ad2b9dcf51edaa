-- Queries of the console that people keep. chart: how the result is shown, a
-- JSON object of the page. owner_id 0: made over the socket.
CREATE TABLE saved_query (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	name TEXT NOT NULL,
	query TEXT NOT NULL,
	chart TEXT NOT NULL,
	owner_id INTEGER NOT NULL,
	owner_name TEXT NOT NULL,
	is_shared INTEGER NOT NULL,
	created_at_us INTEGER NOT NULL,
	changed_at_us INTEGER NOT NULL
) STRICT;
CREATE INDEX saved_query_by_owner ON saved_query (owner_id, name);
