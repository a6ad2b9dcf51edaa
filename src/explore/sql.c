#include "explore/sql.h"

#define COLUMNS                                                                \
	"id, name, query, chart, owner_id, owner_name, is_shared, "            \
	"created_at_us, changed_at_us"

static const char *const texts[EXPLORE_SQL_N] = {
	[EXPLORE_SQL_LIST] =
		"SELECT " COLUMNS " FROM saved_query WHERE owner_id = ?1 "
		"OR is_shared = 1 ORDER BY name, id",
	[EXPLORE_SQL_SHOW] =
		"SELECT " COLUMNS " FROM saved_query WHERE id = ?1",
	[EXPLORE_SQL_COUNT] =
		"SELECT count(*), (SELECT count(*) FROM saved_query) "
		"FROM saved_query WHERE owner_id = ?1",
	[EXPLORE_SQL_CREATE] =
		"INSERT INTO saved_query (name, query, chart, owner_id, "
		"owner_name, is_shared, created_at_us, changed_at_us) "
		"VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7)",
	[EXPLORE_SQL_CHANGE] =
		"UPDATE saved_query SET name = ?2, query = ?3, chart = ?4, "
		"is_shared = ?5, changed_at_us = ?6 WHERE id = ?1",
	[EXPLORE_SQL_DELETE] = "DELETE FROM saved_query WHERE id = ?1",
};

const struct sql_set explore_sql = {"explore", texts, EXPLORE_SQL_N};
