-- Catalogue of all topics, Sluice's own and those of outside clients.
-- deleted 1: its partitions are being deleted; internal 1: Sluice's own.
CREATE TABLE topic (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	name TEXT NOT NULL UNIQUE,
	uuid BLOB NOT NULL,
	created_at_us INTEGER NOT NULL,
	deleted INTEGER NOT NULL DEFAULT 0,
	internal INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE topic_config (
	topic INTEGER NOT NULL,
	name TEXT NOT NULL,
	value TEXT NOT NULL,
	PRIMARY KEY (topic, name)
) STRICT, WITHOUT ROWID;

-- file: 1 spool.db, 2 state.db, 3 broker.db
CREATE TABLE topic_part (
	topic INTEGER NOT NULL,
	idx INTEGER NOT NULL,
	file INTEGER NOT NULL,
	PRIMARY KEY (topic, idx)
) STRICT, WITHOUT ROWID;

-- Producer ids below next are given out, or lost in a restart; none repeats.
CREATE TABLE pid_block (
	one INTEGER PRIMARY KEY CHECK (one = 1),
	next INTEGER NOT NULL
) STRICT;

INSERT INTO pid_block (one, next) VALUES (1, 1000);

-- members: the packed list of src/broker/README.md
CREATE TABLE grp (
	id TEXT NOT NULL PRIMARY KEY,
	state INTEGER NOT NULL,
	generation INTEGER NOT NULL,
	protocol_type TEXT NOT NULL,
	protocol TEXT NOT NULL,
	leader TEXT NOT NULL,
	members BLOB NOT NULL,
	changed_at_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE grp_offset (
	grp TEXT NOT NULL,
	topic INTEGER NOT NULL,
	idx INTEGER NOT NULL,
	off INTEGER NOT NULL,
	epoch INTEGER NOT NULL,
	meta TEXT NOT NULL,
	committed_at_us INTEGER NOT NULL,
	PRIMARY KEY (grp, topic, idx)
) STRICT, WITHOUT ROWID;

CREATE TABLE meta (
	key TEXT NOT NULL PRIMARY KEY,
	value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
