#include "persondb/sql.h"

/* The value of json_each as text. */
#define VALUE                                                                  \
	"CASE j.type WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' "       \
	"WHEN 'null' THEN 'null' ELSE CAST(j.value AS TEXT) END"

static const char *const texts[PERSONDB_N_SQL] = {
	[PERSONDB_ID_GET] =
		"SELECT d.seq, d.version, d.person_id, p.uuid, p.created_at, "
		"p.version, p.is_identified, p.properties, "
		"p.last_seen_at "
		"FROM person_distinct_id d LEFT JOIN person p ON p.id = "
		"d.person_id WHERE d.team_id = ?1 AND d.distinct_id = ?2",
	[PERSONDB_IDS_OF_PERSON] =
		"SELECT seq, distinct_id, version FROM person_distinct_id "
		"WHERE person_id = ?1 ORDER BY seq",
	[PERSONDB_TOMBSTONE_GET] =
		"SELECT id, created_at, version, is_identified, is_deleted "
		"FROM person WHERE team_id = ?1 AND uuid = ?2",
	[PERSONDB_PERSONLESS_GET] =
		"SELECT is_merged FROM personless_distinct_id "
		"WHERE team_id = ?1 AND distinct_id = ?2",
	[PERSONDB_TYPES_GET] =
		"SELECT type_index, group_type, created_at FROM group_type "
		"WHERE project_id = ?1 ORDER BY type_index",
	[PERSONDB_GROUP_GET] =
		"SELECT version, created_at, group_properties FROM group_row "
		"WHERE team_id = ?1 AND group_type_index = ?2 AND group_key = "
		"?3",
	[PERSONDB_PERSON_INSERT] =
		"INSERT INTO person (team_id, uuid, created_at, version, "
		"is_identified, properties, last_seen_at, is_deleted) "
		"VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
	/* Names no column of an index but the key: none is written. */
	[PERSONDB_PERSON_UPDATE] =
		"UPDATE person SET created_at = ?2, version = ?3, "
		"is_identified = ?4, properties = ?5, last_seen_at = ?6 "
		"WHERE id = ?1",
	[PERSONDB_PERSON_BURY] =
		"UPDATE person SET created_at = ?2, version = ?3, "
		"is_identified = ?4, properties = ?5, last_seen_at = ?6, "
		"is_deleted = ?7 WHERE id = ?1",
	[PERSONDB_ID_PUT] =
		"INSERT INTO person_distinct_id (team_id, distinct_id, "
		"person_id, seq, version) VALUES (?1, ?2, ?3, ?4, ?5) "
		"ON CONFLICT (team_id, distinct_id) DO UPDATE SET "
		"person_id = excluded.person_id, seq = excluded.seq, "
		"version = excluded.version",
	[PERSONDB_PERSONLESS_PUT] =
		"INSERT OR REPLACE INTO personless_distinct_id "
		"(team_id, distinct_id, is_merged) VALUES (?1, ?2, ?3)",
	[PERSONDB_TYPE_INSERT] =
		"INSERT INTO group_type (project_id, type_index, group_type, "
		"created_at) VALUES (?1, ?2, ?3, ?4)",
	[PERSONDB_GROUP_PUT] =
		"INSERT INTO group_row (team_id, group_type_index, group_key, "
		"created_at, version, group_properties) "
		"VALUES (?1, ?2, ?3, ?4, ?5, ?6) "
		"ON CONFLICT (team_id, group_type_index, group_key) "
		"DO UPDATE SET created_at = excluded.created_at, "
		"version = excluded.version, "
		"group_properties = excluded.group_properties",
	[PERSONDB_LIST] =
		"SELECT id, uuid, properties, is_identified, version, "
		"created_at, last_seen_at FROM person "
		"WHERE team_id = ?1 AND id > ?2 "
		"AND is_deleted = 0 ORDER BY id LIMIT ?3",
	/* json_each fails on what SQLite does not take for JSON, such as what
	 * is nested too deep for it. ?5: enum persondb_match. */
	[PERSONDB_FIND] =
		"SELECT id, uuid, properties, is_identified, version, "
		"created_at, last_seen_at, CASE WHEN json_valid(properties) "
		"THEN EXISTS (SELECT 1 FROM json_each(person.properties) AS j "
		"WHERE j.key = ?4 AND CASE ?5 "
		"WHEN 2 THEN 1 "
		"WHEN 1 THEN instr(lower(" VALUE "), lower(?6)) > 0 "
		"ELSE " VALUE " = ?6 END) ELSE 0 END "
		"FROM person WHERE team_id = ?1 AND id > ?2 "
		"AND is_deleted = 0 ORDER BY id LIMIT ?3",
	[PERSONDB_BY_DISTINCT_ID] =
		"SELECT p.id, p.uuid, p.properties, p.is_identified, "
		"p.version, p.created_at, p.last_seen_at "
		"FROM person_distinct_id d "
		"JOIN person p ON p.id = d.person_id "
		"WHERE d.team_id = ?1 AND d.distinct_id = ?2",
	[PERSONDB_BY_UUID] =
		"SELECT id, uuid, properties, is_identified, version, "
		"created_at, last_seen_at FROM person "
		"WHERE team_id = ?1 AND uuid = ?2 "
		"AND is_deleted = 0",
	[PERSONDB_LIST_GROUPS] =
		"SELECT g.id, t.group_type, g.group_key, g.group_properties, "
		"g.version FROM group_row g JOIN group_type t "
		"ON t.project_id = g.team_id "
		"AND t.type_index = g.group_type_index "
		"WHERE g.team_id = ?1 AND g.id > ?2 ORDER BY g.id LIMIT ?3",
	[PERSONDB_LIST_GROUPS_OF] =
		"SELECT g.id, t.group_type, g.group_key, g.group_properties, "
		"g.version FROM group_type t JOIN group_row g "
		"ON g.team_id = t.project_id "
		"AND g.group_type_index = t.type_index "
		"WHERE t.project_id = ?1 AND t.group_type = ?4 AND g.id > ?2 "
		"ORDER BY g.id LIMIT ?3",
	[PERSONDB_SHOW_GROUP] =
		"SELECT g.id, t.group_type, g.group_key, g.group_properties, "
		"g.version FROM group_type t JOIN group_row g "
		"ON g.team_id = t.project_id "
		"AND g.group_type_index = t.type_index "
		"WHERE t.project_id = ?1 AND t.group_type = ?2 "
		"AND g.group_key = ?3",
	[PERSONDB_LIST_TYPES] = "SELECT type_index, group_type FROM group_type "
				"WHERE project_id = ?1 ORDER BY type_index",
	[PERSONDB_COUNT] = "SELECT COUNT(*) FROM person WHERE team_id = ?1 "
			   "AND is_deleted = 0",
	[PERSONDB_ANY_ID] =
		"SELECT d.distinct_id FROM person p JOIN person_distinct_id d "
		"ON d.person_id = p.id WHERE p.team_id = ?1 AND p.uuid = ?2 "
		"AND p.is_deleted = 0 ORDER BY d.seq LIMIT 1",
	[PERSONDB_FILL_DROP] = "DROP INDEX person_by_uuid",
	[PERSONDB_FILL_INDEX] = "CREATE UNIQUE INDEX person_by_uuid "
				"ON person (team_id, uuid)",
	[PERSONDB_EVENT_DEFINITION_PUT] =
		"INSERT INTO event_definition (team_id, project_id, name, "
		"created_at, last_seen_at) VALUES (?1, ?2, ?3, ?4, ?5) "
		"ON CONFLICT (project_id, name) DO UPDATE "
		"SET last_seen_at = excluded.last_seen_at "
		"WHERE last_seen_at < excluded.last_seen_at",
	[PERSONDB_PROPERTY_DEFINITION_PUT] =
		"INSERT INTO property_definition (team_id, project_id, name, "
		"type, group_type_index, is_numerical, property_type) "
		"VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) "
		"ON CONFLICT (project_id, name, type, group_type_index) "
		"DO UPDATE SET property_type = excluded.property_type, "
		"is_numerical = excluded.is_numerical "
		"WHERE property_type IS NULL "
		"AND excluded.property_type IS NOT NULL",
	[PERSONDB_EVENT_PROPERTY_PUT] =
		"INSERT INTO event_property (team_id, project_id, event, "
		"property) VALUES (?1, ?2, ?3, ?4) "
		"ON CONFLICT (project_id, event, property) DO NOTHING",
	[PERSONDB_LIST_EVENT_DEFINITIONS] =
		"SELECT id, name, created_at, last_seen_at "
		"FROM event_definition WHERE project_id = ?1 AND id > ?2 "
		"ORDER BY id LIMIT ?3",
	[PERSONDB_LIST_PROPERTY_DEFINITIONS] =
		"SELECT id, name, type, group_type_index, is_numerical, "
		"property_type FROM property_definition "
		"WHERE project_id = ?1 AND id > ?2 ORDER BY id LIMIT ?3",
	[PERSONDB_LIST_EVENT_PROPERTIES] =
		"SELECT id, event, property FROM event_property "
		"WHERE project_id = ?1 AND id > ?2 ORDER BY id LIMIT ?3",
};

const struct sql_set persondb_sql = {"persondb", texts, PERSONDB_N_SQL};
