#include "pipeline/sql.h"

static const char *const texts[PIPELINE_SQL_N] = {
	[PIPELINE_SQL_POSITION_GET] =
		"SELECT next FROM position WHERE topic = ?1 AND idx = ?2",
	[PIPELINE_SQL_POSITION_PUT] =
		"INSERT INTO position (topic, idx, next) VALUES (?1, ?2, ?3) "
		"ON CONFLICT (topic, idx) DO UPDATE SET next = ?3",
	[PIPELINE_SQL_LETTER_GET] =
		"SELECT replayed_at_us FROM letter WHERE offset = ?1",
	[PIPELINE_SQL_LETTER_PUT] =
		"INSERT INTO letter (offset, replayed_at_us, replays) "
		"VALUES (?1, ?2, 1) ON CONFLICT (offset) DO UPDATE "
		"SET replayed_at_us = ?2, replays = replays + 1",
	[PIPELINE_SQL_LETTER_FORGET] = "DELETE FROM letter WHERE offset < ?1",
};

const struct sql_set pipeline_sql = {"pipeline", texts, PIPELINE_SQL_N};
