#include "series/sql.h"

static const char *const texts[SERIES_SQL_N] = {
	[SERIES_SQL_NAMES] = "SELECT id, name FROM series",
	[SERIES_SQL_ADD_NAME] =
		"INSERT OR IGNORE INTO series (id, name) VALUES "
		"((SELECT coalesce(max(id) + 1, 0) FROM series), ?1)",
	[SERIES_SQL_POINTS] = "SELECT step_s, at_s, points FROM series_point",
	[SERIES_SQL_PUT] =
		"INSERT INTO series_point (step_s, slot, at_s, points) "
		"VALUES (?1, ?2, ?3, ?4) ON CONFLICT (step_s, slot) "
		"DO UPDATE SET at_s = ?3, points = ?4",
};

const struct sql_set series_sql = {"series", texts, SERIES_SQL_N};
