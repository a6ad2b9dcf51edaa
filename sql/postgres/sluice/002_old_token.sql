-- Tokens that `project rotate-token` replaced; they go on working until then.
CREATE TABLE sluice.old_token (
	api_token varchar(200) PRIMARY KEY,
	team_id integer NOT NULL,
	expires_at timestamptz NOT NULL
);
