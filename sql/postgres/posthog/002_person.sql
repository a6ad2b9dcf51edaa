-- PostHog's tables of persons and groups, for a database that has none of them.
-- No index is over properties, and pages have room, so that a change of
-- properties need not touch any index.
CREATE TABLE posthog_person (
	id bigserial PRIMARY KEY,
	created_at timestamptz NOT NULL,
	properties_last_updated_at jsonb,
	properties_last_operation jsonb,
	team_id integer NOT NULL,
	properties jsonb NOT NULL,
	is_user_id integer,
	is_identified boolean NOT NULL,
	uuid uuid NOT NULL,
	version bigint,
	last_seen_at timestamptz,
	CONSTRAINT posthog_person_team_id_uuid_uniq UNIQUE (team_id, uuid),
	CONSTRAINT check_properties_size
		CHECK (pg_column_size(properties) <= 655360)
) WITH (fillfactor = 85);
CREATE INDEX posthog_person_team_id_id ON posthog_person (team_id, id DESC);

CREATE TABLE posthog_persondistinctid (
	id bigserial PRIMARY KEY,
	distinct_id varchar(400) NOT NULL,
	person_id bigint NOT NULL
		REFERENCES posthog_person (id) DEFERRABLE INITIALLY DEFERRED,
	team_id integer NOT NULL,
	version bigint,
	CONSTRAINT "unique distinct_id for team" UNIQUE (team_id, distinct_id)
);
CREATE INDEX posthog_persondistinctid_person_id
	ON posthog_persondistinctid (person_id);

CREATE TABLE posthog_personlessdistinctid (
	id bigserial PRIMARY KEY,
	distinct_id varchar(400) NOT NULL,
	is_merged boolean NOT NULL DEFAULT false,
	created_at timestamptz NOT NULL,
	team_id integer NOT NULL,
	CONSTRAINT "unique personless distinct_id for team"
		UNIQUE (team_id, distinct_id)
);

CREATE TABLE posthog_group (
	id serial PRIMARY KEY,
	group_key varchar(400) NOT NULL,
	group_type_index integer NOT NULL,
	group_properties jsonb NOT NULL,
	created_at timestamptz NOT NULL,
	properties_last_updated_at jsonb NOT NULL,
	properties_last_operation jsonb NOT NULL,
	version bigint NOT NULL,
	team_id integer NOT NULL,
	CONSTRAINT "unique team_id/group_key/group_type_index combo"
		UNIQUE (team_id, group_key, group_type_index)
);

CREATE TABLE posthog_grouptypemapping (
	id serial PRIMARY KEY,
	group_type varchar(400) NOT NULL,
	group_type_index integer NOT NULL,
	name_singular varchar(400),
	name_plural varchar(400),
	team_id integer NOT NULL,
	project_id bigint NOT NULL,
	detail_dashboard_id integer,
	default_columns text[],
	created_at timestamptz,
	CONSTRAINT "unique group types for project" UNIQUE (project_id, group_type),
	CONSTRAINT "unique event column indexes for project"
		UNIQUE (project_id, group_type_index),
	CONSTRAINT "group_type_index is less than or equal 5"
		CHECK (group_type_index <= 5)
);

CREATE TABLE posthog_cohortpeople (
	id bigserial PRIMARY KEY,
	cohort_id integer NOT NULL,
	person_id bigint NOT NULL
		REFERENCES posthog_person (id) DEFERRABLE INITIALLY DEFERRED,
	version integer,
	CONSTRAINT posthog_cohortpeople_cohort_id_person_id_uniq
		UNIQUE (cohort_id, person_id)
);
CREATE INDEX posthog_cohortpeople_person_id ON posthog_cohortpeople (person_id);

CREATE TABLE posthog_featureflaghashkeyoverride (
	id serial PRIMARY KEY,
	feature_flag_key varchar(400) NOT NULL,
	hash_key varchar(400) NOT NULL,
	person_id bigint NOT NULL
		REFERENCES posthog_person (id) DEFERRABLE INITIALLY DEFERRED,
	team_id integer NOT NULL,
	CONSTRAINT "Unique hash_key for a user/team/feature_flag combo"
		UNIQUE (team_id, person_id, feature_flag_key)
);
CREATE INDEX posthog_featureflaghashkeyoverride_person_id
	ON posthog_featureflaghashkeyoverride (person_id);
