#include "audit/sql.h"

/* SQLite has no XOR: a ^ b is (a | b) - (a & b), which never overflows. */
static const char *const texts[AUDIT_SQL_N] = {
	[AUDIT_SQL_ADD] =
		"INSERT INTO audit (minute, hop, team_id, count, bits) "
		"VALUES (?1, ?2, ?3, ?4, ?5) "
		"ON CONFLICT (minute, hop, team_id) DO UPDATE "
		"SET count = count + ?4, bits = (bits | ?5) - (bits & ?5)",
	[AUDIT_SQL_ADD_PREPARED] =
		"INSERT INTO audit_prepared "
		"(minute, hop, team_id, count, bits) "
		"VALUES (?1, ?2, ?3, ?4, ?5) "
		"ON CONFLICT (minute, hop, team_id) DO UPDATE "
		"SET count = count + ?4, bits = (bits | ?5) - (bits & ?5)",
	[AUDIT_SQL_PUBLISH] =
		"INSERT INTO audit (minute, hop, team_id, count, bits) "
		"SELECT minute, hop, team_id, count, bits FROM audit_prepared "
		"WHERE true ON CONFLICT (minute, hop, team_id) DO UPDATE "
		"SET count = count + excluded.count, "
		"bits = (bits | excluded.bits) - (bits & excluded.bits)",
	[AUDIT_SQL_DISCARD] = "DELETE FROM audit_prepared",
	[AUDIT_SQL_FORGET] =
		"DELETE FROM audit WHERE minute < min(?1, 60 + "
		"(SELECT minute FROM audit ORDER BY minute LIMIT 1))",
	[AUDIT_SQL_ERASED_ADD] =
		"INSERT OR IGNORE INTO audit_erased (task, step, minute) "
		"VALUES (?1, ?2, ?3)",
	[AUDIT_SQL_ERASED_FORGET] =
		"DELETE FROM audit_erased WHERE minute < ?1",
	[AUDIT_SQL_BEGIN] = "BEGIN",
	[AUDIT_SQL_END] = "COMMIT",
	[AUDIT_SQL_SINCE] = "SELECT minute FROM audit_since",
	[AUDIT_SQL_CLICKHOUSE_SINCE] =
		"SELECT minute FROM audit_clickhouse_since",
	[AUDIT_SQL_CLICKHOUSE_BEGINS] =
		"INSERT INTO audit_clickhouse_since (minute) "
		"SELECT CASE WHEN log_start = 0 THEN 0 ELSE ?2 END FROM part "
		"WHERE topic = ?1 AND idx = 0 AND deleted = 0 AND NOT EXISTS "
		"(SELECT 1 FROM audit_clickhouse_since)",
	[AUDIT_SQL_LIST] = "SELECT hop, minute, team_id, count, bits "
			   "FROM audit WHERE minute >= ?1 AND minute < ?2",
	[AUDIT_SQL_POSITION] =
		"SELECT next FROM position WHERE topic = ?1 AND idx = ?2",
	[AUDIT_SQL_LOG_END] =
		"SELECT log_start, coalesce("
		"(SELECT published FROM prepared WHERE part = part.id), "
		"(SELECT last + 1 FROM batch WHERE batch.id >= part.id << 44 "
		"AND batch.id < (part.id + 1) << 44 "
		"ORDER BY batch.id DESC LIMIT 1), next_offset) "
		"FROM part WHERE topic = ?1 AND idx = ?2 AND deleted = 0",
	[AUDIT_SQL_ACTIVITY] =
		"SELECT team_id, "
		"sum(CASE WHEN minute >= ?2 THEN count ELSE 0 END), "
		"sum(count), max(minute) FROM audit "
		"WHERE minute >= ?1 AND hop = ?3 AND team_id > 0 "
		"GROUP BY team_id ORDER BY team_id",
};

const struct sql_set audit_sql = {"audit", texts, AUDIT_SQL_N};
