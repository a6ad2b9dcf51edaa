-- What Sluice keeps beside PostHog's tables. The schema and its table migration
-- are there already.

-- One row per ingest node: the newest batch whose changes were committed, by
-- which a node learns what became of a commit that nobody answered.
CREATE TABLE sluice.node (
	node uuid PRIMARY KEY,
	batch bigint NOT NULL,
	at timestamptz NOT NULL DEFAULT now()
);

-- Versions of deleted persons and distinct ids: what comes back under the same
-- name must win over the deletion in ClickHouse.
CREATE TABLE sluice.deleted_person (
	team_id integer NOT NULL,
	uuid uuid NOT NULL,
	version bigint NOT NULL,
	at timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (team_id, uuid)
);

CREATE TABLE sluice.deleted_distinct_id (
	team_id integer NOT NULL,
	distinct_id varchar(400) NOT NULL,
	version bigint NOT NULL,
	at timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (team_id, distinct_id)
);
