#include "store/store_int.h"

static const char *const texts[STORE_SQL_N] = {
	[STORE_SQL_BEGIN] = "BEGIN IMMEDIATE",
	[STORE_SQL_BEGIN_READ] = "BEGIN",
	[STORE_SQL_COMMIT] = "COMMIT",
	[STORE_SQL_ROLLBACK] = "ROLLBACK",
	[STORE_SQL_SAVEPOINT] = "SAVEPOINT job",
	[STORE_SQL_RELEASE] = "RELEASE job",
	[STORE_SQL_ROLLBACK_TO] = "ROLLBACK TO job",
	[STORE_SQL_PART_ADD] = "INSERT INTO part (topic, idx) VALUES (?1, ?2)"
			       " ON CONFLICT DO NOTHING",
	[STORE_SQL_PART_GET] = "SELECT id FROM part"
			       " WHERE topic = ?1 AND idx = ?2 AND deleted = 0",
	[STORE_SQL_PART_ALL] = "SELECT id, topic, idx, log_start, next_offset,"
			       " bytes, batches, deleted FROM part ORDER BY id",
	[STORE_SQL_PART_COUNTS] =
		"UPDATE part SET log_start = ?2, next_offset = ?3,"
		" bytes = ?4, batches = ?5 WHERE id = ?1",
	[STORE_SQL_PART_MARK_DELETED] =
		"UPDATE part SET deleted = id WHERE id = ?1",
	[STORE_SQL_PART_REMOVE] = "DELETE FROM part WHERE id = ?1",
	[STORE_SQL_PART_NEWER] =
		"SELECT count(*), ifnull(sum(bytes), 0), ifnull(max(last), -1)"
		" FROM batch WHERE id >= ?1 AND id < ?2",
	[STORE_SQL_PREPARED_ADD] =
		"INSERT INTO prepared (part, published) VALUES (?1, ?2)"
		" ON CONFLICT DO UPDATE SET published = ?2",
	[STORE_SQL_PREPARED_REMOVE] = "DELETE FROM prepared WHERE part = ?1",
	[STORE_SQL_PREPARED_ALL] = "SELECT part, published FROM prepared",
	[STORE_SQL_ROW_ADD] = "INSERT INTO batch"
			      " (id, last, maxts, appended, bytes, count, data)"
			      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
	[STORE_SQL_ROW_FLOOR] =
		"SELECT id, last FROM batch WHERE id >= ?1 AND id <= ?2"
		" ORDER BY id DESC LIMIT 1",
	[STORE_SQL_ROWS_FROM] = "SELECT id, last, maxts, bytes FROM batch"
				" WHERE id >= ?1 AND id < ?2 ORDER BY id",
	[STORE_SQL_ROWS_OLDEST] =
		"SELECT last, min(maxts, appended), bytes FROM batch"
		" WHERE id >= ?1 AND id < ?2 ORDER BY id LIMIT 65",
	[STORE_SQL_ROWS_DELETE] =
		"DELETE FROM batch WHERE id >= ?1 AND id < ?2",
	[STORE_SQL_PRODUCERS_DELETE] = "DELETE FROM producer WHERE part = ?1",
	[STORE_SQL_EPOCHS_DELETE] = "DELETE FROM leader_epoch WHERE part = ?1",
	[STORE_SQL_FREE_PAGES] = "PRAGMA freelist_count",
	[STORE_SQL_ALL_PAGES] = "PRAGMA page_count",
	[STORE_SQL_VACUUM_STEP] = "PRAGMA incremental_vacuum(64)",
};

const struct sql_set store_sql = {"store", texts, STORE_SQL_N};
