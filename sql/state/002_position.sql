-- Next offset that the app server reads of each partition of its input.
CREATE TABLE position (
	topic TEXT NOT NULL,
	idx INTEGER NOT NULL,
	next INTEGER NOT NULL,
	PRIMARY KEY (topic, idx)
) STRICT, WITHOUT ROWID;
