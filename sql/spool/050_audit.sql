-- Audit counters (docs/audit.md): per minute of receipt, hop (src/audit/hops.def)
-- and project, how many events passed and the XOR of xxHash64 of their uuid
-- texts. Keys come in the order of time, so a commit touches the last page alone.
CREATE TABLE audit (
	minute INTEGER NOT NULL,
	hop INTEGER NOT NULL,
	team_id INTEGER NOT NULL,
	count INTEGER NOT NULL,
	bits INTEGER NOT NULL,
	PRIMARY KEY (minute, hop, team_id)
) STRICT, WITHOUT ROWID;

-- The first minute that is counted whole: the next one where there were records
-- before there were counters.
CREATE TABLE audit_since (minute INTEGER NOT NULL) STRICT;
INSERT INTO audit_since (minute)
SELECT
	CASE
		WHEN EXISTS (SELECT 1 FROM batch)
			THEN CAST(strftime('%s', 'now') AS INTEGER) / 60 + 1
		ELSE 0
	END;
