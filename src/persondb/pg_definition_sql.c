#include "persondb/pg_definition_int.h"

/* Definitions. What is there already is told by whatever constraint the tables
 * have. */
#define OWNER_TEAM "t.team_id"
#define OWNER_PROJECT "coalesce(t.project_id, t.team_id)"
#define EVENT_SEEN(owner)                                                      \
	"UPDATE posthog_eventdefinition t SET last_seen_at = o.seen_at "       \
	"FROM unnest($1, $2, $3, $4) AS o (team_id, project_id, name, "        \
	"seen_at) WHERE " owner " = o.project_id AND t.name = o.name "         \
	"AND (t.last_seen_at IS NULL OR t.last_seen_at < o.seen_at)"
#define EVENT_INSERT(project, mode)                                            \
	"INSERT INTO posthog_eventdefinition (id, team_id, name, "             \
	"last_seen_at, created_at" project mode ") SELECT "                    \
	"gen_random_uuid(), o.team_id, o.name, o.seen_at, "                    \
	"o.created_at" project mode                                            \
	" FROM (SELECT u.*, $5 AS created_at, 'allow' "                        \
	"AS enforcement_mode FROM unnest($1, $2, $3, $4) AS u (team_id, "      \
	"project_id, name, seen_at)) o ORDER BY o.project_id, o.name "         \
	"ON CONFLICT DO NOTHING"
#define PROPERTY_TYPED(owner)                                                  \
	"UPDATE posthog_propertydefinition t SET property_type = "             \
	"o.property_type, is_numerical = o.is_numerical "                      \
	"FROM unnest($1, $2, $3, $4, $5, $6, $7) AS o (team_id, project_id, "  \
	"name, type, group_type_index, is_numerical, property_type) "          \
	"WHERE " owner " = o.project_id AND t.name = o.name "                  \
	"AND t.type = o.type AND coalesce(t.group_type_index, -1) = "          \
	"coalesce(o.group_type_index, -1) AND t.property_type IS NULL "        \
	"AND o.property_type IS NOT NULL"
#define PROPERTY_INSERT(project)                                               \
	"INSERT INTO posthog_propertydefinition (id, team_id, name, type, "    \
	"group_type_index, is_numerical, property_type" project ") SELECT "    \
	"gen_random_uuid(), o.team_id, o.name, o.type, o.group_type_index, "   \
	"o.is_numerical, o.property_type" project                              \
	" FROM unnest($1, $2, $3, $4, $5, $6, $7) AS o (team_id, project_id, " \
	"name, type, group_type_index, is_numerical, property_type) "          \
	"ORDER BY o.project_id, o.name, o.type, o.group_type_index "           \
	"ON CONFLICT DO NOTHING"
#define PAIR_INSERT(project)                                                   \
	"INSERT INTO posthog_eventproperty (team_id, event, property" project  \
	") SELECT o.team_id, o.event, o.property" project                      \
	" FROM unnest($1, $2, $3, $4) AS o (team_id, project_id, event, "      \
	"property) ORDER BY o.project_id, o.event, o.property "                \
	"ON CONFLICT DO NOTHING"
#define OWNER_IS_TEAM "t.team_id = $1"
#define OWNER_IS_PROJECT                                                       \
	"coalesce(t.project_id, t.team_id) = (SELECT "                         \
	"coalesce(e.project_id, e.id) FROM posthog_team e WHERE e.id = $1)"
#define LIST_EVENTS(owner)                                                     \
	"SELECT t.name, t.created_at, t.last_seen_at "                         \
	"FROM posthog_eventdefinition t WHERE " owner                          \
	" ORDER BY t.name OFFSET $2 LIMIT $3"
#define LIST_PROPERTIES(owner)                                                 \
	"SELECT t.name, t.type, t.group_type_index, t.is_numerical, "          \
	"t.property_type FROM posthog_propertydefinition t WHERE " owner       \
	" ORDER BY t.name, t.type, t.group_type_index OFFSET $2 LIMIT $3"
#define LIST_PAIRS(owner)                                                      \
	"SELECT t.event, t.property FROM posthog_eventproperty t "             \
	"WHERE " owner " ORDER BY t.event, t.property OFFSET $2 LIMIT $3"

#define TWO(i, text, no, yes) [i] = text(no), [(i) + 1] = text(yes)

static const char *const texts[PG_DEFINITION_N_SQL] = {
	TWO(PG_EVENT_SEEN, EVENT_SEEN, OWNER_TEAM, OWNER_PROJECT),
	[PG_EVENT_INSERT] = EVENT_INSERT("", ""),
	[PG_EVENT_INSERT + 1] = EVENT_INSERT(", project_id", ""),
	[PG_EVENT_INSERT + 2] = EVENT_INSERT("", ", enforcement_mode"),
	[PG_EVENT_INSERT + 3] =
		EVENT_INSERT(", project_id", ", enforcement_mode"),
	TWO(PG_PROPERTY_TYPED, PROPERTY_TYPED, OWNER_TEAM, OWNER_PROJECT),
	TWO(PG_PROPERTY_INSERT, PROPERTY_INSERT, "", ", project_id"),
	TWO(PG_PAIR_INSERT, PAIR_INSERT, "", ", project_id"),
	TWO(PG_LIST_EVENTS, LIST_EVENTS, OWNER_IS_TEAM, OWNER_IS_PROJECT),
	TWO(PG_LIST_PROPERTIES, LIST_PROPERTIES, OWNER_IS_TEAM,
		OWNER_IS_PROJECT),
	TWO(PG_LIST_PAIRS, LIST_PAIRS, OWNER_IS_TEAM, OWNER_IS_PROJECT),
};

const struct pg_sql_set persondb_pg_definition_sql = {
	"persondb_def", texts, PG_DEFINITION_N_SQL};
