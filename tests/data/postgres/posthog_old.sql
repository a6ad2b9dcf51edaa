-- PostHog's tables as of 2022: no projects above teams, no personless ids, no
-- soft deletion; what is unique per project today is so per team.

CREATE TABLE posthog_team (
	id serial PRIMARY KEY,
	uuid uuid NOT NULL UNIQUE,
	organization_id uuid,
	api_token varchar(200) NOT NULL UNIQUE,
	app_urls varchar(200)[] NOT NULL,
	name varchar(200) NOT NULL,
	slack_incoming_webhook varchar(500),
	created_at timestamptz NOT NULL,
	updated_at timestamptz NOT NULL,
	anonymize_ips boolean NOT NULL,
	completed_snippet_onboarding boolean NOT NULL,
	ingested_event boolean NOT NULL,
	session_recording_opt_in boolean NOT NULL,
	session_recording_retention_period_days integer,
	signup_token varchar(200),
	is_demo boolean NOT NULL,
	access_control boolean NOT NULL,
	inject_web_apps boolean,
	test_account_filters jsonb NOT NULL,
	path_cleaning_filters jsonb,
	timezone varchar(240) NOT NULL,
	data_attributes jsonb NOT NULL,
	person_display_name_properties varchar(400)[],
	live_events_columns text[],
	primary_dashboard_id integer,
	correlation_config jsonb,
	plugins_opt_in boolean NOT NULL,
	opt_out_capture boolean NOT NULL,
	event_names jsonb NOT NULL,
	event_names_with_usage jsonb NOT NULL,
	event_properties jsonb NOT NULL,
	event_properties_with_usage jsonb NOT NULL,
	event_properties_numerical jsonb NOT NULL
);

CREATE TABLE posthog_person (
	id serial PRIMARY KEY,
	created_at timestamptz NOT NULL,
	properties_last_updated_at jsonb,
	properties_last_operation jsonb,
	team_id integer NOT NULL
		REFERENCES posthog_team (id) DEFERRABLE INITIALLY DEFERRED,
	properties jsonb NOT NULL,
	is_user_id integer,
	is_identified boolean NOT NULL,
	uuid uuid NOT NULL,
	version bigint
);
CREATE INDEX posthog_person_team_id_325c1b73 ON posthog_person (team_id);
CREATE INDEX posthog_person_uuid_82b4a3ed ON posthog_person (uuid);

CREATE TABLE posthog_persondistinctid (
	id serial PRIMARY KEY,
	distinct_id varchar(400) NOT NULL,
	person_id integer NOT NULL
		REFERENCES posthog_person (id) DEFERRABLE INITIALLY DEFERRED,
	team_id integer NOT NULL
		REFERENCES posthog_team (id) DEFERRABLE INITIALLY DEFERRED,
	version bigint,
	CONSTRAINT "unique distinct_id for team" UNIQUE (team_id, distinct_id)
);
CREATE INDEX posthog_persondistinctid_person_id_5d655bba
	ON posthog_persondistinctid (person_id);

CREATE TABLE posthog_group (
	id serial PRIMARY KEY,
	group_key varchar(400) NOT NULL,
	group_type_index integer NOT NULL,
	group_properties jsonb NOT NULL,
	created_at timestamptz NOT NULL,
	properties_last_updated_at jsonb NOT NULL,
	properties_last_operation jsonb NOT NULL,
	version bigint NOT NULL,
	team_id integer NOT NULL
		REFERENCES posthog_team (id) DEFERRABLE INITIALLY DEFERRED,
	CONSTRAINT "unique team_id/group_key/group_type_index combo"
		UNIQUE (team_id, group_key, group_type_index)
);

CREATE TABLE posthog_grouptypemapping (
	id serial PRIMARY KEY,
	group_type varchar(400) NOT NULL,
	group_type_index integer NOT NULL,
	name_singular varchar(400),
	name_plural varchar(400),
	team_id integer NOT NULL
		REFERENCES posthog_team (id) DEFERRABLE INITIALLY DEFERRED,
	CONSTRAINT "unique group types for team" UNIQUE (team_id, group_type),
	CONSTRAINT "unique event column indexes for team"
		UNIQUE (team_id, group_type_index),
	CONSTRAINT "group_type_index is less than or equal 5"
		CHECK (group_type_index <= 5)
);

CREATE TABLE posthog_cohortpeople (
	id bigserial PRIMARY KEY,
	cohort_id integer NOT NULL,
	person_id integer NOT NULL
		REFERENCES posthog_person (id) DEFERRABLE INITIALLY DEFERRED,
	version integer
);
CREATE INDEX posthog_cohortpeople_person_id_33da7d3f
	ON posthog_cohortpeople (person_id);

CREATE TABLE posthog_featureflaghashkeyoverride (
	id serial PRIMARY KEY,
	feature_flag_key varchar(400) NOT NULL,
	hash_key varchar(400) NOT NULL,
	person_id integer NOT NULL
		REFERENCES posthog_person (id) DEFERRABLE INITIALLY DEFERRED,
	team_id integer NOT NULL
		REFERENCES posthog_team (id) DEFERRABLE INITIALLY DEFERRED,
	CONSTRAINT "Unique hash_key for a user/team/feature_flag combo"
		UNIQUE (team_id, person_id, feature_flag_key)
);

CREATE TABLE posthog_eventdefinition (
	id uuid PRIMARY KEY,
	name varchar(400) NOT NULL,
	team_id integer NOT NULL
		REFERENCES posthog_team (id) DEFERRABLE INITIALLY DEFERRED,
	created_at timestamptz,
	last_seen_at timestamptz,
	query_usage_30_day integer,
	volume_30_day integer,
	CONSTRAINT posthog_eventdefinition_team_id_name_80fa0b87_uniq
		UNIQUE (team_id, name)
);

CREATE TABLE posthog_propertydefinition (
	id uuid PRIMARY KEY,
	name varchar(400) NOT NULL,
	is_numerical boolean NOT NULL,
	team_id integer NOT NULL
		REFERENCES posthog_team (id) DEFERRABLE INITIALLY DEFERRED,
	property_type varchar(50),
	property_type_format varchar(50),
	volume_30_day integer,
	query_usage_30_day integer,
	CONSTRAINT posthog_propertydefinition_team_id_name_e21599fc_uniq
		UNIQUE (team_id, name)
);

CREATE TABLE posthog_eventproperty (
	id bigserial PRIMARY KEY,
	event varchar(400) NOT NULL,
	property varchar(400) NOT NULL,
	team_id integer NOT NULL
		REFERENCES posthog_team (id) DEFERRABLE INITIALLY DEFERRED,
	CONSTRAINT posthog_event_property_unique_team_event_property
		UNIQUE (team_id, event, property)
);
