#include "dedupe/sql.h"

static const char *const texts[DEDUPE_SQL_N] = {
	[DEDUPE_SQL_KEY_GET] = "SELECT k0, k1 FROM dedupe_key",
	[DEDUPE_SQL_KEY_PUT] =
		"INSERT INTO dedupe_key (id, k0, k1) VALUES (0, ?1, ?2)",
	[DEDUPE_SQL_SPAN] = "SELECT id + n, at_ms, "
			    "(SELECT id FROM dedupe ORDER BY id LIMIT 1) FROM "
			    "dedupe ORDER BY id DESC LIMIT 1",
	[DEDUPE_SQL_FROM] = "SELECT id, n, prints FROM dedupe "
			    "WHERE id + n > ?1 ORDER BY id",
	[DEDUPE_SQL_ADD] = "INSERT INTO dedupe (id, at_ms, n, prints) "
			   "VALUES (?1, ?2, ?3, ?4)",
	[DEDUPE_SQL_HOLDING] = "SELECT id, n, prints FROM dedupe "
			       "WHERE id <= ?1 ORDER BY id DESC LIMIT 1",
	[DEDUPE_SQL_OLDEST] =
		"SELECT id, at_ms, n FROM dedupe ORDER BY id LIMIT ?1",
	[DEDUPE_SQL_DELETE] = "DELETE FROM dedupe WHERE id < ?1",
};

const struct sql_set dedupe_sql = {"dedupe", texts, DEDUPE_SQL_N};
