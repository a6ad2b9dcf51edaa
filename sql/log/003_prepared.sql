-- A partition that has prepared rows (docs/disk-format.md): those whose base
-- offset is at or above published are not yet visible.
CREATE TABLE prepared (
	part INTEGER PRIMARY KEY,
	published INTEGER NOT NULL
) STRICT;
