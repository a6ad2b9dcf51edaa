#include "dlq/sql.h"

#define MARK_COLUMNS                                                           \
	"coalesce(l.replayed_at_us, 0), coalesce(l.discarded_at_us, 0), "      \
	"coalesce(l.replays, 0), coalesce(l.edits, 0), coalesce(l.who, ''), "  \
	"coalesce(l.reason, ''), coalesce(l.error, '') "
/* ?1 and ?2: offsets; ?3 bits of states; ?4, ?5, ?6: reason, error and project,
 * or NULL; ?7: how many. */
#define SCAN_ROWS(state)                                                       \
	"WHERE " state                                                         \
	"i.offset >= ?1 AND i.offset < ?2 AND (?3 >> i.state) & 1 "            \
	"AND ((?4 IS NULL AND ?5 IS NULL AND ?6 IS NULL) OR i.grp IN "         \
	"(SELECT id FROM letter_group WHERE (?4 IS NULL OR reason = ?4) "      \
	"AND (?5 IS NULL OR error = ?5) "                                      \
	"AND (?6 IS NULL OR team_id = ?6))) "                                  \
	"ORDER BY i.offset LIMIT ?7"
#define SCAN_COLUMNS "SELECT i.offset, i.id, i.state, i.at_ms, "

static const char *const texts[DLQ_SQL_N] = {
	[DLQ_SQL_POSITION_GET] =
		"SELECT first, next, groups, changes FROM letter_position",
	[DLQ_SQL_POSITION_PUT] =
		"UPDATE letter_position SET first = ?1, next = ?2, "
		"groups = ?3, changes = changes + 1",
	[DLQ_SQL_CHANGED] = "UPDATE letter_position SET changes = changes + 1",
	[DLQ_SQL_GROUP_FIND] = "SELECT id FROM letter_group WHERE team_id = ?1 "
			       "AND reason = ?2 AND step = ?3 AND error = ?4",
	[DLQ_SQL_GROUP_GET] =
		"SELECT team_id, step FROM letter_group WHERE id = ?1",
	[DLQ_SQL_GROUP_ADD] =
		"INSERT INTO letter_group (team_id, reason, step, error, "
		"first_ms, last_ms, newest) "
		"VALUES (?1, ?2, ?3, ?4, ?5, ?5, 0)",
	[DLQ_SQL_GROUP_COUNT] =
		"UPDATE letter_group SET pending = pending + ?2, "
		"replayed = replayed + ?3, discarded = discarded + ?4 "
		"WHERE id = ?1",
	[DLQ_SQL_GROUP_SEEN] =
		"UPDATE letter_group SET first_ms = min(first_ms, ?2), "
		"last_ms = max(last_ms, ?3), newest = ?4 WHERE id = ?1",
	[DLQ_SQL_GROUP_FORGET] =
		"DELETE FROM letter_group "
		"WHERE pending = 0 AND replayed = 0 AND discarded = 0",
	[DLQ_SQL_GROUPS_RECOUNT] = "SELECT count(*) FROM letter_group",
	[DLQ_SQL_GROUPS] =
		"SELECT g.team_id, g.reason, g.step, g.error, g.pending, "
		"g.replayed, g.discarded, g.first_ms, g.last_ms, g.newest, "
		"i.id FROM letter_group g "
		"LEFT JOIN letter_index i ON i.offset = g.newest "
		"WHERE (?1 IS NULL OR g.reason = ?1) "
		"AND (?2 IS NULL OR g.error = ?2) "
		"AND (?3 IS NULL OR g.team_id = ?3)",
	[DLQ_SQL_ROW_ADD] =
		"INSERT INTO letter_index (offset, id, grp, state, at_ms) "
		"VALUES (?1, ?2, ?3, ?4, ?5)",
	[DLQ_SQL_ROW_GET] =
		"SELECT grp, state, at_ms FROM letter_index WHERE offset = ?1",
	[DLQ_SQL_ROW_STATE] =
		"UPDATE letter_index SET state = ?2 WHERE offset = ?1",
	[DLQ_SQL_ROW_GROUP] =
		"UPDATE letter_index SET grp = ?2 WHERE offset = ?1",
	[DLQ_SQL_ROW_FIND] = "SELECT offset FROM letter_index WHERE id = ?1 "
			     "ORDER BY offset LIMIT 1",
	[DLQ_SQL_ROWS_BELOW] = "SELECT grp, state, count(*) FROM letter_index "
			       "WHERE offset < ?1 GROUP BY grp, state",
	[DLQ_SQL_ROWS_FORGET] = "DELETE FROM letter_index WHERE offset < ?1",
	[DLQ_SQL_SCAN] = SCAN_COLUMNS MARK_COLUMNS
	"FROM letter_index i "
	"LEFT JOIN letter l ON l.offset = i.offset " SCAN_ROWS(""),
	[DLQ_SQL_SCAN_PENDING] = SCAN_COLUMNS MARK_COLUMNS
	"FROM letter_index i INDEXED BY letter_index_pending "
	"LEFT JOIN letter l ON l.offset = i.offset " SCAN_ROWS(
		"i.state = 0 AND "),
	[DLQ_SQL_OLDEST_PENDING] =
		"SELECT at_ms FROM letter_index INDEXED BY "
		"letter_index_pending WHERE state = 0 ORDER BY offset LIMIT 1",
	[DLQ_SQL_MARK_GET] =
		"SELECT " MARK_COLUMNS "FROM letter l WHERE l.offset = ?1",
	[DLQ_SQL_MARK_REPLAYED] =
		"INSERT INTO letter (offset, replayed_at_us, replays, edits, "
		"who) VALUES (?1, ?2, 1, ?3, ?4) ON CONFLICT (offset) "
		"DO UPDATE SET replayed_at_us = ?2, replays = replays + 1, "
		"edits = edits + ?3, who = ?4, discarded_at_us = 0",
	[DLQ_SQL_MARK_DISCARDED] =
		"INSERT INTO letter (offset, replayed_at_us, replays, "
		"discarded_at_us, who) VALUES (?1, 0, 0, ?2, ?3) "
		"ON CONFLICT (offset) DO UPDATE SET discarded_at_us = ?2, "
		"who = ?3",
	[DLQ_SQL_MARK_REASON] =
		"INSERT INTO letter (offset, replayed_at_us, replays, reason, "
		"error) VALUES (?1, 0, 0, ?2, ?3) ON CONFLICT (offset) "
		"DO UPDATE SET reason = ?2, error = ?3",
	[DLQ_SQL_MARKS_FORGET] = "DELETE FROM letter WHERE offset < ?1",
};

const struct sql_set dlq_sql = {"dlq", texts, DLQ_SQL_N};
