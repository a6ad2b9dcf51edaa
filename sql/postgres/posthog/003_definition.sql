-- PostHog's tables of definitions, for a database that has none of its tables.
CREATE TABLE posthog_eventdefinition (
	id uuid PRIMARY KEY,
	name varchar(400) NOT NULL,
	team_id integer NOT NULL,
	project_id bigint,
	created_at timestamptz,
	last_seen_at timestamptz,
	query_usage_30_day integer,
	volume_30_day integer,
	enforcement_mode varchar(10) NOT NULL DEFAULT 'allow'
);
CREATE UNIQUE INDEX event_definition_proj_uniq
	ON posthog_eventdefinition (coalesce(project_id, team_id), name);

CREATE TABLE posthog_propertydefinition (
	id uuid PRIMARY KEY,
	name varchar(400) NOT NULL,
	is_numerical boolean NOT NULL,
	team_id integer NOT NULL,
	project_id bigint,
	property_type varchar(50),
	type smallint NOT NULL CHECK (type >= 0),
	group_type_index smallint CHECK (group_type_index >= 0),
	query_usage_30_day integer,
	volume_30_day integer,
	CONSTRAINT property_type_is_valid CHECK (property_type IN
		('DateTime', 'String', 'Numeric', 'Boolean', 'Duration')),
	CONSTRAINT group_type_index_set
		CHECK (type <> 3 OR group_type_index IS NOT NULL)
);
CREATE UNIQUE INDEX posthog_propdef_proj_uniq ON posthog_propertydefinition
	(coalesce(project_id, team_id), name, type, coalesce(group_type_index, -1));

CREATE TABLE posthog_eventproperty (
	id bigserial PRIMARY KEY,
	event varchar(400) NOT NULL,
	property varchar(400) NOT NULL,
	team_id integer NOT NULL,
	project_id bigint
);
CREATE UNIQUE INDEX posthog_event_property_unique_proj_event_property
	ON posthog_eventproperty (coalesce(project_id, team_id), event, property);
