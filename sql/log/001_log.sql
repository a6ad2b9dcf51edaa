-- The log of a file (docs/disk-format.md). id of a batch row is
-- (part.id << 44) | base offset; its blob stands last, so that the columns
-- before it are read without the pages that hold it.
CREATE TABLE part (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	topic TEXT NOT NULL,
	idx INTEGER NOT NULL,
	log_start INTEGER NOT NULL DEFAULT 0,
	next_offset INTEGER NOT NULL DEFAULT 0,
	bytes INTEGER NOT NULL DEFAULT 0,
	batches INTEGER NOT NULL DEFAULT 0,
	clean_upto INTEGER NOT NULL DEFAULT 0,
	deleted INTEGER NOT NULL DEFAULT 0,
	UNIQUE (topic, idx, deleted)
) STRICT;

CREATE TABLE batch (
	id INTEGER PRIMARY KEY,
	last INTEGER NOT NULL,
	maxts INTEGER NOT NULL,
	appended INTEGER NOT NULL,
	bytes INTEGER NOT NULL,
	count INTEGER NOT NULL,
	flags INTEGER NOT NULL DEFAULT 0,
	data BLOB NOT NULL
) STRICT;

CREATE TABLE producer (
	part INTEGER NOT NULL,
	pid INTEGER NOT NULL,
	epoch INTEGER NOT NULL,
	ring BLOB NOT NULL,
	used INTEGER NOT NULL,
	PRIMARY KEY (part, pid)
) STRICT, WITHOUT ROWID;

CREATE TABLE leader_epoch (
	part INTEGER NOT NULL,
	epoch INTEGER NOT NULL,
	start INTEGER NOT NULL,
	PRIMARY KEY (part, epoch)
) STRICT, WITHOUT ROWID;
