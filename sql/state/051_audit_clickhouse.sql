-- Steps of a person's deletion (table erasure) whose event rows are counted as
-- erased: each is counted once, however often the step is done.
CREATE TABLE audit_erased (
	task INTEGER NOT NULL,
	step INTEGER NOT NULL,
	minute INTEGER NOT NULL,
	PRIMARY KEY (task, step)
) STRICT, WITHOUT ROWID;

-- The first minute of which ClickHouse gets every row: it was there from then on.
CREATE TABLE audit_clickhouse_since (minute INTEGER NOT NULL) STRICT;
