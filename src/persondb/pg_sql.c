#include "persondb/pg_int.h"

/* Forms of a statement, by what the tables have: see PG_FORM. */
#define TWO(i, text, no, yes) [i] = text(no), [(i) + 1] = text(yes)
#define FOUR(i, text, no1, yes1, no2, yes2)                                    \
	[i] = text(no1, no2), [(i) + 1] = text(yes1, no2),                     \
	[(i) + 2] = text(no1, yes2), [(i) + 3] = text(yes1, yes2)

#define MAPS(i, personless)                                                    \
	[i] = MAP("false", "NULL::timestamptz", "false", personless),          \
	[(i) + 1] =                                                            \
		MAP("p.is_deleted", "NULL::timestamptz", "false", personless), \
	[(i) + 2] = MAP("false", "p.last_seen_at", "false", personless),       \
	[(i) + 3] =                                                            \
		MAP("p.is_deleted", "p.last_seen_at", "false", personless),    \
	[(i) + 4] =                                                            \
		MAP("false", "NULL::timestamptz", "d.is_deleted", personless), \
	[(i) + 5] = MAP("p.is_deleted", "NULL::timestamptz", "d.is_deleted",   \
		personless),                                                   \
	[(i) + 6] =                                                            \
		MAP("false", "p.last_seen_at", "d.is_deleted", personless),    \
	[(i) + 7] = MAP(                                                       \
		"p.is_deleted", "p.last_seen_at", "d.is_deleted", personless)

#define ROW(soft, seen)                                                        \
	"SELECT p.id, p.team_id, p.uuid, p.created_at, "                       \
	"coalesce(p.version, 0), p.is_identified, p.properties, " soft         \
	", " seen " "
#define LIST(soft, seen)                                                       \
	ROW(soft, seen)                                                        \
	"FROM posthog_person p WHERE p.team_id = $1 AND p.id > $2 "            \
	"AND NOT " soft " ORDER BY p.id LIMIT $3"
/* $5: enum persondb_match. ->> of a string is its text, of all else its JSON;
 * of null it is NULL, as of what is not there. */
#define VALUE "coalesce(p.properties ->> $4, 'null')"
#define SCAN(soft)                                                             \
	"FROM (SELECT p.id FROM posthog_person p WHERE p.team_id = $1 "        \
	"AND p.id > $2 AND NOT " soft " ORDER BY p.id LIMIT $3) s "
#define FIND(soft, seen)                                                       \
	ROW(soft, seen)                                                        \
	SCAN(soft)                                                             \
	"JOIN posthog_person p ON p.team_id = $1 AND p.id = s.id "             \
	"WHERE jsonb_exists(p.properties, $4) AND CASE $5 "                    \
	"WHEN 2 THEN true "                                                    \
	"WHEN 1 THEN strpos(lower(" VALUE "), lower($6)) > 0 "                 \
	"ELSE " VALUE " = $6 END ORDER BY p.id LIMIT $7"
#define SCANNED(soft) "SELECT count(*), coalesce(max(s.id), 0) " SCAN(soft)
#define SHOW_BY_ID(soft, seen)                                                 \
	ROW(soft, seen)                                                        \
	"FROM posthog_persondistinctid d JOIN posthog_person p "               \
	"ON p.team_id = d.team_id AND p.id = d.person_id "                     \
	"WHERE d.team_id = $1 AND d.distinct_id = $2 AND NOT " soft
#define SHOW_BY_UUID(soft, seen)                                               \
	ROW(soft, seen)                                                        \
	"FROM posthog_person p WHERE p.team_id = $1 AND p.uuid = $2 "          \
	"AND NOT " soft " ORDER BY p.id LIMIT 1"
#define COUNT(soft)                                                            \
	"SELECT count(*) FROM posthog_person p WHERE p.team_id = $1 "          \
	"AND NOT " soft

#define PERSONLESS                                                             \
	"LEFT JOIN LATERAL (SELECT x.is_merged FROM "                          \
	"posthog_personlessdistinctid x WHERE x.team_id = o.team_id "          \
	"AND x.distinct_id = o.distinct_id AND o.personless LIMIT 1) l "       \
	"ON true "
#define NO_PERSONLESS "CROSS JOIN (SELECT NULL::boolean AS is_merged) l "
/*
 * What the tables know of each id, in one snapshot: its row and person; of
 * nobody's ids what is left of deleted ones, and a person of the uuid. LATERAL
 * and LIMIT: each look-up goes by the whole key, however small the table was
 * when this was planned.
 */
#define MAP(soft_person, seen, soft, personless)                               \
	"SELECT o.ord, d.id, d.person_id, coalesce(d.version, 0), " soft       \
	", l.is_merged, t.version, u.version, p.id, p.team_id, p.uuid, "       \
	"p.created_at, coalesce(p.version, 0), p.is_identified, "              \
	"p.properties, " soft_person ", " seen " "                             \
	"FROM unnest($1, $2, $3, $4) WITH ORDINALITY "                         \
	"AS o (team_id, distinct_id, uuid, personless, ord) "                  \
	"LEFT JOIN posthog_persondistinctid d ON d.team_id = o.team_id "       \
	"AND d.distinct_id = o.distinct_id " personless                        \
	"LEFT JOIN LATERAL (SELECT x.version FROM "                            \
	"sluice.deleted_distinct_id x WHERE x.team_id = o.team_id "            \
	"AND x.distinct_id = o.distinct_id "                                   \
	"AND (d.id IS NULL OR " soft ") LIMIT 1) t ON true "                   \
	"LEFT JOIN LATERAL (SELECT x.version FROM sluice.deleted_person x "    \
	"WHERE x.team_id = o.team_id AND x.uuid = o.uuid "                     \
	"AND (d.id IS NULL OR " soft ") LIMIT 1) u ON true "                   \
	"LEFT JOIN LATERAL (SELECT x.id FROM posthog_person x "                \
	"WHERE x.team_id = o.team_id AND x.uuid = o.uuid "                     \
	"AND (d.id IS NULL OR " soft ") ORDER BY x.id LIMIT 1) w ON true "     \
	"LEFT JOIN posthog_person p ON p.team_id = o.team_id AND p.id = "      \
	"CASE WHEN d.id IS NULL OR " soft " THEN w.id ELSE d.person_id END"
/* All ids of the persons that ids belong to, or whose uuid they give. */
#define WHOLE(soft)                                                            \
	"SELECT d.person_id, d.id, d.distinct_id, coalesce(d.version, 0) "     \
	"FROM (SELECT m.person_id FROM unnest($1, $2) "                        \
	"AS o (team_id, distinct_id) JOIN posthog_persondistinctid m "         \
	"ON m.team_id = o.team_id AND m.distinct_id = o.distinct_id "          \
	"UNION SELECT w.id FROM unnest($1, $3) AS o (team_id, uuid) "          \
	"JOIN posthog_person w ON w.team_id = o.team_id "                      \
	"AND w.uuid = o.uuid) i "                                              \
	"JOIN posthog_persondistinctid d ON d.person_id = i.person_id "        \
	"WHERE NOT " soft " ORDER BY d.person_id, d.id"
#define IDS_OF(soft)                                                           \
	"SELECT d.person_id, d.distinct_id FROM posthog_persondistinctid d "   \
	"WHERE d.person_id = ANY ($1) AND NOT " soft                           \
	" ORDER BY d.person_id, d.id"

#define TYPES(project)                                                         \
	"SELECT " project ", group_type_index, group_type "                    \
	"FROM posthog_grouptypemapping WHERE " project " = ANY ($1) "          \
	"ORDER BY 1, 2"
#define GROUPS(project)                                                        \
	"SELECT o.ord, g.id, g.version, g.created_at, g.group_properties "     \
	"FROM unnest($1, $2, $3, $4) WITH ORDINALITY "                         \
	"AS o (team_id, owner_id, group_type, group_key, ord) "                \
	"JOIN posthog_grouptypemapping t ON t." project " = o.owner_id "       \
	"AND t.group_type = o.group_type "                                     \
	"JOIN posthog_group g ON g.team_id = o.team_id "                       \
	"AND g.group_type_index = t.group_type_index "                         \
	"AND g.group_key = o.group_key"
#define LIST_GROUPS(project)                                                   \
	"SELECT g.id, t.group_type, g.group_key, g.group_properties, "         \
	"g.version FROM posthog_group g JOIN posthog_grouptypemapping t "      \
	"ON t." project " AND t.group_type_index = g.group_type_index "        \
	"WHERE g.team_id = $1 AND g.id > $2 ORDER BY g.id LIMIT $3"
#define LIST_GROUPS_OF(project)                                                \
	"SELECT g.id, t.group_type, g.group_key, g.group_properties, "         \
	"g.version FROM posthog_group g JOIN posthog_grouptypemapping t "      \
	"ON t." project " AND t.group_type_index = g.group_type_index "        \
	"WHERE g.team_id = $1 AND t.group_type = $4 AND g.id > $2 "            \
	"ORDER BY g.id LIMIT $3"
#define SHOW_GROUP(project)                                                    \
	"SELECT g.id, t.group_type, g.group_key, g.group_properties, "         \
	"g.version FROM posthog_grouptypemapping t JOIN posthog_group g "      \
	"ON g.team_id = $1 AND g.group_type_index = t.group_type_index "       \
	"WHERE t." project " AND t.group_type = $2 AND g.group_key = $3"
#define LIST_TYPES(project)                                                    \
	"SELECT t.group_type_index, t.group_type "                             \
	"FROM posthog_grouptypemapping t WHERE t." project " ORDER BY 1"
#define OF_TEAM "team_id = $1"
#define OF_PROJECT                                                             \
	"project_id = (SELECT e.project_id FROM posthog_team e "               \
	"WHERE e.id = $1)"

#define PERSON_INSERT(seen_column, seen)                                       \
	"INSERT INTO posthog_person (id, team_id, uuid, created_at, version, " \
	"is_identified, properties, properties_last_updated_at, "              \
	"properties_last_operation" seen_column ") "                           \
	"SELECT o.id, o.team_id, o.uuid, o.created_at, o.version, "            \
	"o.is_identified, o.properties::jsonb, o.times::jsonb, "               \
	"o.operations::jsonb" seen " FROM unnest($1, $2, $3, $4, $5, $6, $7, " \
	"$8, $9, $10) AS o (id, team_id, uuid, created_at, version, "          \
	"is_identified, properties, times, operations, last_seen_at)"
#define PERSON_UPDATE(soft, seen)                                              \
	"UPDATE posthog_person p SET created_at = o.created_at, "              \
	"version = o.version, is_identified = o.is_identified, "               \
	"properties = o.properties::jsonb" soft seen                           \
	" FROM unnest($1, $2, $3, $4, $5, $6, $7, $8) AS o (team_id, id, "     \
	"was, created_at, version, is_identified, properties, last_seen_at) "  \
	"WHERE p.team_id = o.team_id AND p.id = o.id "                         \
	"AND coalesce(p.version, 0) = o.was"
#define ID_UPDATE(soft)                                                        \
	"UPDATE posthog_persondistinctid d SET person_id = o.person_id, "      \
	"version = o.version" soft " FROM unnest($1, $2, $3, $4) "             \
	"AS o (id, was, person_id, version) "                                  \
	"WHERE d.id = o.id AND d.person_id = o.was"

static const char *const texts[PG_N_SQL] = {
	/* Rows are always looked up one by one by an index: statistics of
	 * tables that grow fast are old, and a scan chosen by them would cost
	 * seconds. */
	[PG_TUNE] = "SELECT set_config('enable_seqscan', 'off', false), "
		    "set_config('enable_hashjoin', 'off', false), "
		    "set_config('enable_mergejoin', 'off', false), "
		    "set_config('plan_cache_mode', 'force_generic_plan', "
		    "false), set_config('jit', 'off', false)",
	/* A sequence belongs to the column, or is named in its default. */
	[PG_SEQUENCES] =
		"SELECT coalesce(pg_get_serial_sequence(o.name, 'id'), "
		"(SELECT substring(pg_get_expr(f.adbin, f.adrelid) FROM "
		"$$nextval\\('(.*)'::regclass\\)$$) FROM pg_attrdef f "
		"JOIN pg_attribute a ON a.attrelid = f.adrelid "
		"AND a.attnum = f.adnum WHERE f.adrelid = o.name::regclass "
		"AND a.attname = 'id'))::regclass::oid::bigint "
		"FROM (VALUES (1, 'posthog_person'), "
		"(2, 'posthog_persondistinctid')) AS o (ord, name) "
		"ORDER BY o.ord",
	[PG_NEXT_IDS] = "SELECT nextval($1::oid::regclass) "
			"FROM generate_series(1, $2)",
	[PG_LOCK_IDS] =
		"SELECT p.id FROM (SELECT DISTINCT d.team_id, d.person_id "
		"FROM unnest($1, $2) AS o (team_id, distinct_id) "
		"JOIN posthog_persondistinctid d ON d.team_id = o.team_id "
		"AND d.distinct_id = o.distinct_id) m JOIN posthog_person p "
		"ON p.team_id = m.team_id AND p.id = m.person_id "
		"ORDER BY p.id FOR UPDATE OF p",
	[PG_LOCK_ROWS] = "SELECT p.id FROM unnest($1, $2) AS o (team_id, id) "
			 "JOIN posthog_person p ON p.team_id = o.team_id "
			 "AND p.id = o.id ORDER BY p.id FOR UPDATE OF p",
	MAPS(PG_MAP, NO_PERSONLESS),
	MAPS(PG_MAP + 8, PERSONLESS),
	TWO(PG_WHOLE, WHOLE, "false", "d.is_deleted"),
	TWO(PG_TYPES, TYPES, "team_id", "project_id"),
	TWO(PG_GROUPS, GROUPS, "team_id", "project_id"),
	[PG_TEAMS_INGESTED] = "SELECT id FROM posthog_team "
			      "WHERE id = ANY ($1) AND ingested_event",
	[PG_PERSON_INSERT] = PERSON_INSERT("", ""),
	[PG_PERSON_INSERT + 1] =
		PERSON_INSERT(", last_seen_at", ", o.last_seen_at"),
	FOUR(PG_PERSON_UPDATE, PERSON_UPDATE, "", ", is_deleted = false", "",
		", last_seen_at = o.last_seen_at"),
	[PG_PERSON_DELETE] =
		"DELETE FROM posthog_person p USING unnest($1, $2, $3) "
		"AS o (team_id, id, was) WHERE p.team_id = o.team_id "
		"AND p.id = o.id AND coalesce(p.version, 0) = o.was",
	/* Softly deleted ids of persons that go. */
	[PG_SOFT_IDS_MOVE] =
		"UPDATE posthog_persondistinctid d SET person_id = o.target "
		"FROM unnest($1, $2) AS o (source, target) "
		"WHERE d.person_id = o.source AND d.is_deleted",
	[PG_SOFT_IDS_DELETE] = "DELETE FROM posthog_persondistinctid d "
			       "WHERE d.person_id = ANY ($1) AND d.is_deleted",
	/* Ids that somebody gave to persons that go. */
	[PG_IDS_LEFT] = "SELECT d.id FROM posthog_persondistinctid d "
			"WHERE d.person_id = ANY ($1) LIMIT 1",
	[PG_PERSON_TOMBSTONE] =
		"INSERT INTO sluice.deleted_person AS t "
		"(team_id, uuid, version) SELECT o.team_id, o.uuid, o.version "
		"FROM unnest($1, $2, $3) AS o (team_id, uuid, version) "
		"ON CONFLICT (team_id, uuid) DO UPDATE SET "
		"version = greatest(t.version, excluded.version)",
	[PG_ID_INSERT] =
		"INSERT INTO posthog_persondistinctid (id, team_id, "
		"distinct_id, person_id, version) SELECT o.id, o.team_id, "
		"o.distinct_id, o.person_id, o.version "
		"FROM unnest($1, $2, $3, $4, $5) AS o (id, team_id, "
		"distinct_id, person_id, version)",
	TWO(PG_ID_UPDATE, ID_UPDATE, "", ", is_deleted = false"),
	[PG_ID_DELETE] = "DELETE FROM posthog_persondistinctid d "
			 "USING unnest($1, $2) AS o (id, was) "
			 "WHERE d.id = o.id AND d.person_id = o.was",
	[PG_ID_TOMBSTONE] =
		"INSERT INTO sluice.deleted_distinct_id AS t (team_id, "
		"distinct_id, version) SELECT o.team_id, o.distinct_id, "
		"o.version FROM unnest($1, $2, $3) AS o (team_id, "
		"distinct_id, version) ON CONFLICT (team_id, distinct_id) "
		"DO UPDATE SET version = greatest(t.version, excluded.version)",
	/* A cohort holds a person once: of the rows of the survivor and those
	 * it swallows the first stays, the survivor's own if there is one. */
	[PG_COHORT_DEDUPE] =
		"DELETE FROM posthog_cohortpeople c USING (SELECT x.id, "
		"row_number() OVER (PARTITION BY o.target, x.cohort_id "
		"ORDER BY x.person_id = o.target DESC, x.id) AS n "
		"FROM (SELECT s.target, s.source AS person_id "
		"FROM unnest($1, $2) AS s (source, target) "
		"UNION SELECT s.target, s.target "
		"FROM unnest($1, $2) AS s (source, target)) o "
		"JOIN posthog_cohortpeople x ON x.person_id = o.person_id) i "
		"WHERE i.n > 1 AND c.id = i.id",
	[PG_COHORT_MOVE] =
		"UPDATE posthog_cohortpeople c SET person_id = o.target "
		"FROM unnest($1, $2) AS o (source, target) "
		"WHERE c.person_id = o.source",
	[PG_COHORT_DELETE] = "DELETE FROM posthog_cohortpeople "
			     "WHERE person_id = ANY ($1)",
	[PG_OVERRIDE_COPY] =
		"INSERT INTO posthog_featureflaghashkeyoverride (team_id, "
		"person_id, feature_flag_key, hash_key) SELECT f.team_id, "
		"o.target, f.feature_flag_key, f.hash_key "
		"FROM unnest($1, $2, $3) AS o (team_id, source, target) "
		"JOIN posthog_featureflaghashkeyoverride f "
		"ON f.team_id = o.team_id AND f.person_id = o.source "
		"ORDER BY f.id ON CONFLICT DO NOTHING",
	[PG_OVERRIDE_DELETE] =
		"DELETE FROM posthog_featureflaghashkeyoverride f "
		"USING unnest($1, $2) AS o (team_id, source) "
		"WHERE f.team_id = o.team_id AND f.person_id = o.source",
	/* Rows that stand already: the same use of the id by another node is
	 * no matter, a merge is: then a row less is counted. */
	[PG_PERSONLESS_INSERT] =
		"INSERT INTO posthog_personlessdistinctid AS l (team_id, "
		"distinct_id, is_merged, created_at) SELECT o.team_id, "
		"o.distinct_id, o.is_merged, now() FROM unnest($1, $2, $3) "
		"AS o (team_id, distinct_id, is_merged) "
		"ON CONFLICT (team_id, distinct_id) DO UPDATE SET "
		"is_merged = false WHERE NOT l.is_merged "
		"AND NOT excluded.is_merged",
	[PG_PERSONLESS_MERGED] =
		"UPDATE posthog_personlessdistinctid l SET is_merged = true "
		"FROM unnest($1, $2) AS o (team_id, distinct_id) "
		"WHERE l.team_id = o.team_id "
		"AND l.distinct_id = o.distinct_id",
	[PG_TYPE_INSERT] =
		"INSERT INTO posthog_grouptypemapping (team_id, group_type, "
		"group_type_index) SELECT o.team_id, o.group_type, o.index "
		"FROM unnest($1, $2, $3, $4, $5) AS o (team_id, project_id, "
		"group_type, index, created_at)",
	[PG_TYPE_INSERT + 1] =
		"INSERT INTO posthog_grouptypemapping (team_id, project_id, "
		"group_type, group_type_index) SELECT o.team_id, "
		"o.project_id, o.group_type, o.index "
		"FROM unnest($1, $2, $3, $4, $5) AS o (team_id, project_id, "
		"group_type, index, created_at)",
	[PG_TYPE_INSERT + 2] =
		"INSERT INTO posthog_grouptypemapping (team_id, group_type, "
		"group_type_index, created_at) SELECT o.team_id, "
		"o.group_type, o.index, o.created_at "
		"FROM unnest($1, $2, $3, $4, $5) AS o (team_id, project_id, "
		"group_type, index, created_at)",
	[PG_TYPE_INSERT + 3] =
		"INSERT INTO posthog_grouptypemapping (team_id, project_id, "
		"group_type, group_type_index, created_at) SELECT o.team_id, "
		"o.project_id, o.group_type, o.index, o.created_at "
		"FROM unnest($1, $2, $3, $4, $5) AS o (team_id, project_id, "
		"group_type, index, created_at)",
	[PG_GROUP_INSERT] =
		"INSERT INTO posthog_group (team_id, group_type_index, "
		"group_key, created_at, version, group_properties, "
		"properties_last_updated_at, properties_last_operation) "
		"SELECT o.team_id, o.index, o.group_key, o.created_at, "
		"o.version, o.properties::jsonb, '{}', '{}' "
		"FROM unnest($1, $2, $3, $4, $5, $6) AS o (team_id, index, "
		"group_key, created_at, version, properties)",
	/* Of a type that is new: rows of a type that had its number may be
	 * left. */
	[PG_GROUP_PUT] =
		"INSERT INTO posthog_group AS g (team_id, group_type_index, "
		"group_key, created_at, version, group_properties, "
		"properties_last_updated_at, properties_last_operation) "
		"SELECT o.team_id, o.index, o.group_key, o.created_at, "
		"o.version, o.properties::jsonb, '{}', '{}' "
		"FROM unnest($1, $2, $3, $4, $5, $6) AS o (team_id, index, "
		"group_key, created_at, version, properties) "
		"ON CONFLICT (team_id, group_key, group_type_index) "
		"DO UPDATE SET created_at = excluded.created_at, "
		"version = g.version + 1, "
		"group_properties = excluded.group_properties",
	[PG_GROUP_UPDATE] =
		"UPDATE posthog_group g SET created_at = o.created_at, "
		"version = o.version, group_properties = o.properties::jsonb "
		"FROM unnest($1, $2, $3, $4, $5) AS o (id, was, created_at, "
		"version, properties) WHERE g.id = o.id AND g.version = o.was",
	[PG_TEAM_INGESTED] =
		"UPDATE posthog_team t SET ingested_event = true "
		"FROM (SELECT id FROM posthog_team WHERE id = ANY ($1) "
		"AND NOT ingested_event ORDER BY id FOR NO KEY UPDATE) o "
		"WHERE t.id = o.id",
	[PG_CHECK_NOW] = "SET CONSTRAINTS ALL IMMEDIATE",
	[PG_SIZES] = "SELECT o.ord, pg_column_size(o.properties::jsonb) "
		     "FROM unnest($1) WITH ORDINALITY AS o (properties, ord) "
		     "ORDER BY 2 DESC LIMIT $2",
	FOUR(PG_LIST, LIST, "false", "p.is_deleted", "NULL::timestamptz",
		"p.last_seen_at"),
	FOUR(PG_FIND, FIND, "false", "p.is_deleted", "NULL::timestamptz",
		"p.last_seen_at"),
	TWO(PG_SCANNED, SCANNED, "false", "p.is_deleted"),
	FOUR(PG_SHOW_BY_ID, SHOW_BY_ID, "false", "p.is_deleted",
		"NULL::timestamptz", "p.last_seen_at"),
	FOUR(PG_SHOW_BY_UUID, SHOW_BY_UUID, "false", "p.is_deleted",
		"NULL::timestamptz", "p.last_seen_at"),
	TWO(PG_IDS_OF, IDS_OF, "false", "d.is_deleted"),
	TWO(PG_LIST_GROUPS, LIST_GROUPS, OF_TEAM, OF_PROJECT),
	TWO(PG_LIST_GROUPS_OF, LIST_GROUPS_OF, OF_TEAM, OF_PROJECT),
	TWO(PG_SHOW_GROUP, SHOW_GROUP, OF_TEAM, OF_PROJECT),
	TWO(PG_LIST_TYPES, LIST_TYPES, OF_TEAM, OF_PROJECT),
	TWO(PG_COUNT, COUNT, "false", "p.is_deleted"),
	[PG_ANY_ID] =
		"SELECT d.distinct_id FROM posthog_person p "
		"JOIN posthog_persondistinctid d ON d.person_id = p.id "
		"AND d.team_id = p.team_id "
		"WHERE p.team_id = $1 AND p.uuid = $2 ORDER BY d.id LIMIT 1",
};

const struct pg_sql_set persondb_pg_sql = {"persondb_pg", texts, PG_N_SQL};
