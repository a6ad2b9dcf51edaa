-- What capture accepted in the month of projects that have a quota: kind as in
-- src/team/rules.h, month as 202611.
CREATE TABLE quota (
	team_id INTEGER NOT NULL,
	kind INTEGER NOT NULL,
	month INTEGER NOT NULL,
	count INTEGER NOT NULL,
	PRIMARY KEY (team_id, kind)
) STRICT, WITHOUT ROWID;
