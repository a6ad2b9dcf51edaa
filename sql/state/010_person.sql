-- Persons, distinct ids and groups. Rules: src/person; columns carry PostHog's
-- names. Times are microseconds since 1970 UTC. Deleted rows stay as tombstones
-- (is_deleted 1, person_id 0), so that what comes back gets a higher version.
CREATE TABLE person (
	id INTEGER PRIMARY KEY,
	team_id INTEGER NOT NULL,
	uuid BLOB NOT NULL,
	created_at INTEGER NOT NULL,
	version INTEGER NOT NULL,
	is_identified INTEGER NOT NULL,
	is_deleted INTEGER NOT NULL,
	properties TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX person_by_uuid ON person (team_id, uuid);
-- Lists go by it: its entries end in id.
CREATE INDEX person_live ON person (team_id) WHERE is_deleted = 0;

-- The event path looks ids up by name alone, so the name is the table's key. seq:
-- the place among the ids of the person, in the order of attachment.
CREATE TABLE person_distinct_id (
	team_id INTEGER NOT NULL,
	distinct_id TEXT NOT NULL,
	person_id INTEGER NOT NULL,
	seq INTEGER NOT NULL,
	version INTEGER NOT NULL,
	PRIMARY KEY (team_id, distinct_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX person_distinct_id_by_person
	ON person_distinct_id (person_id, seq);

CREATE TABLE personless_distinct_id (
	team_id INTEGER NOT NULL,
	distinct_id TEXT NOT NULL,
	is_merged INTEGER NOT NULL,
	PRIMARY KEY (team_id, distinct_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE group_type (
	project_id INTEGER NOT NULL,
	type_index INTEGER NOT NULL,
	group_type TEXT NOT NULL,
	created_at INTEGER NOT NULL,
	PRIMARY KEY (project_id, type_index)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX group_type_by_name ON group_type (project_id, group_type);

CREATE TABLE group_row (
	id INTEGER PRIMARY KEY,
	team_id INTEGER NOT NULL,
	group_type_index INTEGER NOT NULL,
	group_key TEXT NOT NULL,
	created_at INTEGER NOT NULL,
	version INTEGER NOT NULL,
	group_properties TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX group_row_by_key
	ON group_row (team_id, group_type_index, group_key);
-- Lists go by it: its entries end in id.
CREATE INDEX group_row_by_team ON group_row (team_id);
