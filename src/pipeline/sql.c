#include "pipeline/sql.h"

static const char *const texts[PIPELINE_SQL_N] = {
	[PIPELINE_SQL_POSITION_GET] =
		"SELECT next FROM position WHERE topic = ?1 AND idx = ?2",
	[PIPELINE_SQL_POSITION_PUT] =
		"INSERT INTO position (topic, idx, next) VALUES (?1, ?2, ?3) "
		"ON CONFLICT (topic, idx) DO UPDATE SET next = ?3",
	[PIPELINE_SQL_PUT_BACK_GET] = "SELECT next FROM put_back",
	[PIPELINE_SQL_PUT_BACK_MOVE] =
		"INSERT OR REPLACE INTO put_back (one, next) VALUES (1, ?1)",
	[PIPELINE_SQL_PG_GET] =
		"SELECT node, in_use, batch, coalesce(prepared, 0), topic, "
		"idx, next FROM postgres",
	[PIPELINE_SQL_PG_USE] =
		"INSERT INTO postgres (one, node, in_use, batch) "
		"VALUES (1, ?1, ?2, 0) ON CONFLICT (one) DO UPDATE "
		"SET in_use = ?2",
	[PIPELINE_SQL_PG_PREPARE] =
		"UPDATE postgres SET prepared = ?1, topic = ?2, idx = ?3, "
		"next = ?4 WHERE batch = ?1 - 1 AND prepared IS NULL",
	[PIPELINE_SQL_PG_MOVE] =
		"INSERT INTO position (topic, idx, next) "
		"SELECT topic, idx, next FROM postgres "
		"WHERE prepared = ?1 AND topic IS NOT NULL "
		"ON CONFLICT (topic, idx) DO UPDATE SET next = excluded.next",
	[PIPELINE_SQL_PG_PUBLISH] =
		"UPDATE postgres SET batch = ?1, prepared = NULL, "
		"topic = NULL, idx = NULL, next = NULL WHERE prepared = ?1",
	[PIPELINE_SQL_PG_DISCARD] =
		"UPDATE postgres SET prepared = NULL, topic = NULL, "
		"idx = NULL, next = NULL WHERE prepared = ?1",
	[PIPELINE_SQL_HAS_PERSONS] = "SELECT EXISTS (SELECT 1 FROM person) "
				     "OR EXISTS (SELECT 1 FROM group_row)",
	/* A task of privacy/ is hidden by a negative time until the unit that
	 * recorded it is published. */
	[PIPELINE_SQL_ERASURE_HIDE] =
		"UPDATE erasure SET done_at_us = -1 - done_at_us "
		"WHERE id = (SELECT max(id) FROM erasure)",
	[PIPELINE_SQL_ERASURE_SHOW] =
		"UPDATE erasure SET done_at_us = -1 - done_at_us "
		"WHERE done_at_us < 0",
	[PIPELINE_SQL_ERASURE_FORGET] =
		"DELETE FROM erasure WHERE done_at_us < 0",
};

const struct sql_set pipeline_sql = {"pipeline", texts, PIPELINE_SQL_N};
