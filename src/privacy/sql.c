#include "privacy/sql.h"

#define COLUMNS                                                                \
	"id, team_id, asked_for, uuid, version, distinct_ids, with_events, "   \
	"asked_at_us, front, cut_at_us, step, n_rows, done_at_us"

static const char *const texts[PRIVACY_SQL_N] = {
	[PRIVACY_SQL_BY_ID] = "SELECT " COLUMNS " FROM erasure WHERE id = ?3 "
			      "AND ?1 = 0 AND ?2 = ''",
	[PRIVACY_SQL_BY_PERSON] =
		"SELECT " COLUMNS " FROM erasure WHERE team_id = ?1 "
		"AND asked_for = ?2 AND ?3 = 0 AND done_at_us >= 0 "
		"ORDER BY id DESC LIMIT 1",
	[PRIVACY_SQL_OPEN] =
		"SELECT " COLUMNS " FROM erasure WHERE done_at_us = 0 "
		"AND ?1 = 0 AND ?2 = '' AND id > ?3 ORDER BY id LIMIT 1",
	[PRIVACY_SQL_INSERT] =
		"INSERT INTO erasure (team_id, asked_for, uuid, version, "
		"distinct_ids, with_events, asked_at_us, front, cut_at_us, "
		"step, n_rows, done_at_us) "
		"VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 0, 0, ?10)",
	[PRIVACY_SQL_SAVE] =
		"UPDATE erasure SET cut_at_us = ?2, step = ?3, n_rows = ?4, "
		"done_at_us = ?5 WHERE id = ?1",
	[PRIVACY_SQL_FORGET] = "DELETE FROM erasure WHERE done_at_us > 0 "
			       "AND done_at_us < ?1",
};

const struct sql_set privacy_sql = {"privacy", texts, PRIVACY_SQL_N};
