-- Hour of the last event of a person, where its project keeps it (setting
-- person_last_seen); NULL elsewhere.
ALTER TABLE person ADD COLUMN last_seen_at INTEGER;
