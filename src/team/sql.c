#include "team/team_int.h"

static const char *const texts[] = {
	[TEAM_SQL_LIST] = "SELECT id, uuid, name, api_token, settings, "
			  "created_at_us, id, '{}' FROM project ORDER BY id",
	[TEAM_SQL_LIST_OLD] = "SELECT api_token, project_id, expires_at_us "
			      "FROM project_old_token WHERE expires_at_us > ?1 "
			      "ORDER BY expires_at_us DESC",
	[TEAM_SQL_INSERT] =
		"INSERT INTO project (uuid, name, api_token, settings, "
		"created_at_us) VALUES (?1, ?2, ?3, ?4, ?5)",
	[TEAM_SQL_SETTINGS] = "UPDATE project SET settings = ?2 WHERE id = ?1",
	[TEAM_SQL_NAME] = "UPDATE project SET name = ?2 WHERE id = ?1",
	[TEAM_SQL_TOKEN] = "UPDATE project SET api_token = ?2 WHERE id = ?1",
	[TEAM_SQL_OLD_TOKEN] =
		"INSERT OR REPLACE INTO project_old_token "
		"(api_token, project_id, expires_at_us) VALUES (?1, ?2, ?3)",
	[TEAM_SQL_PURGE_OLD] =
		"DELETE FROM project_old_token WHERE expires_at_us <= ?1",
	[TEAM_SQL_DELETE] = "DELETE FROM project WHERE id = ?1",
	[TEAM_SQL_DELETE_OLD] =
		"DELETE FROM project_old_token WHERE project_id = ?1",
	[TEAM_SQL_REVOKE] = "DELETE FROM project_old_token "
			    "WHERE project_id = ?1 AND api_token = ?2",
	[TEAM_SQL_PG_LIST] =
		"SELECT p.id, p.uuid, p.name, p.api_token, p.settings, "
		"p.created_at_us, p.project_id, coalesce(s.settings, '{}') "
		"FROM postgres_project p LEFT JOIN postgres_project_setting s "
		"ON s.id = p.id ORDER BY p.id",
	[TEAM_SQL_PG_LIST_OLD] =
		"SELECT api_token, project_id, expires_at_us "
		"FROM postgres_old_token WHERE expires_at_us > ?1 "
		"ORDER BY expires_at_us DESC",
	[TEAM_SQL_PG_CLEAR] = "DELETE FROM postgres_project",
	[TEAM_SQL_PG_CLEAR_OLD] = "DELETE FROM postgres_old_token",
	[TEAM_SQL_PG_PUT] =
		"INSERT INTO postgres_project (id, uuid, name, api_token, "
		"settings, created_at_us, project_id) "
		"VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
	[TEAM_SQL_PG_PUT_OLD] =
		"INSERT OR REPLACE INTO postgres_old_token "
		"(api_token, project_id, expires_at_us) VALUES (?1, ?2, ?3)",
	[TEAM_SQL_PG_SETTING] =
		"INSERT OR REPLACE INTO postgres_project_setting "
		"(id, settings) VALUES (?1, ?2)",
	[TEAM_SQL_PG_FORGET] =
		"DELETE FROM postgres_project_setting WHERE id = ?1",
};

const struct sql_set team_sql = {"team", texts, TEAM_N_SQL};
