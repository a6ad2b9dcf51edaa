-- After posthog.sql: posthog_person as PostHog's large deployments have it, in
-- hash partitions (8 here, 64 there) with the project in the key. (team_id, uuid)
-- is not unique there.

ALTER TABLE posthog_persondistinctid
	DROP CONSTRAINT posthog_persondistinctid_person_id_fkey;
ALTER TABLE posthog_featureflaghashkeyoverride
	DROP CONSTRAINT posthog_featureflaghashkeyoverride_person_id_fkey;
ALTER TABLE posthog_cohortpeople
	DROP CONSTRAINT posthog_cohortpeople_person_id_fkey;
ALTER TABLE posthog_person RENAME TO posthog_person_old;

CREATE TABLE posthog_person (LIKE posthog_person_old INCLUDING DEFAULTS)
	PARTITION BY HASH (team_id);
ALTER TABLE posthog_person
	ADD CONSTRAINT posthog_person_new_pkey PRIMARY KEY (team_id, id);
ALTER TABLE posthog_person ADD CONSTRAINT check_properties_size
	CHECK (pg_column_size(properties) <= 655360);
CREATE INDEX posthog_person_new_uuid_idx ON posthog_person (team_id, uuid);

DO $$
BEGIN
	FOR i IN 0..7 LOOP
		EXECUTE format('CREATE TABLE posthog_person_p%s PARTITION OF
			posthog_person FOR VALUES WITH (MODULUS 8, REMAINDER %s)', i, i);
		EXECUTE format('CREATE INDEX posthog_person_p%s_id_idx
			ON posthog_person_p%s (id)', i, i);
	END LOOP;
END $$;

ALTER TABLE posthog_persondistinctid
	ADD CONSTRAINT posthog_persondistinctid_person_id_fkey
	FOREIGN KEY (team_id, person_id)
	REFERENCES posthog_person (team_id, id) NOT VALID;
