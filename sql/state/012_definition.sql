-- Event and property definitions. Rules: src/definition; columns carry PostHog's
-- names. Times are microseconds since 1970 UTC. type: 1 event, 2 person, 3 group;
-- group_type_index is -1 but for type 3.
CREATE TABLE event_definition (
	id INTEGER PRIMARY KEY,
	team_id INTEGER NOT NULL,
	project_id INTEGER NOT NULL,
	name TEXT NOT NULL,
	created_at INTEGER NOT NULL,
	last_seen_at INTEGER NOT NULL,
	enforcement_mode TEXT NOT NULL DEFAULT 'allow'
) STRICT;
CREATE UNIQUE INDEX event_definition_by_name
	ON event_definition (project_id, name);
-- Lists go by these: their entries end in id.
CREATE INDEX event_definition_by_project ON event_definition (project_id);

CREATE TABLE property_definition (
	id INTEGER PRIMARY KEY,
	team_id INTEGER NOT NULL,
	project_id INTEGER NOT NULL,
	name TEXT NOT NULL,
	type INTEGER NOT NULL,
	group_type_index INTEGER NOT NULL,
	is_numerical INTEGER NOT NULL,
	property_type TEXT
) STRICT;
CREATE UNIQUE INDEX property_definition_by_name
	ON property_definition (project_id, name, type, group_type_index);
CREATE INDEX property_definition_by_project ON property_definition (project_id);

CREATE TABLE event_property (
	id INTEGER PRIMARY KEY,
	team_id INTEGER NOT NULL,
	project_id INTEGER NOT NULL,
	event TEXT NOT NULL,
	property TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX event_property_by_name
	ON event_property (project_id, event, property);
CREATE INDEX event_property_by_project ON event_property (project_id);
