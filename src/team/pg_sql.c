#include "team/team_pg.h"

/*
 * The row as JSON has the columns that there are, whatever PostHog's age. What
 * is no setting of ours, secret tokens above all, stays on the server.
 */
#define ROW                                                                    \
	"FROM posthog_team t CROSS JOIN LATERAL (SELECT to_jsonb(t) AS row) "  \
	"r "                                                                   \
	"CROSS JOIN LATERAL (SELECT coalesce((SELECT "                         \
	"jsonb_object_agg(e.key, e.value) FROM jsonb_each(r.row) e "           \
	"WHERE e.key = ANY ($1) AND e.value <> 'null'), '{}') || "             \
	"jsonb_strip_nulls(jsonb_build_object("                                \
	"'drop_events_older_than_seconds', extract(epoch FROM "                \
	"(r.row ->> 'drop_events_older_than')::interval)::bigint, "            \
	"'recorder_script', CASE WHEN jsonb_typeof(r.row "                     \
	"#> '{extra_settings,recorder_script}') = 'string' THEN "              \
	"r.row #> '{extra_settings,recorder_script}' END)) AS settings) s "
#define PROJECT_ID "coalesce((r.row ->> 'project_id')::bigint, t.id)"
#define CREATED_AT                                                             \
	"coalesce((r.row ->> 'created_at')::timestamptz, to_timestamp(0))"

/* Of a table that Sluice made: all columns of columns.def. */
#define COLUMNS                                                                \
	"anonymize_ips, autocapture_exceptions_opt_in, autocapture_opt_out, "  \
	"autocapture_web_vitals_allowed_metrics, "                             \
	"autocapture_web_vitals_opt_in, capture_console_log_opt_in, "          \
	"capture_dead_clicks, capture_performance_opt_in, "                    \
	"cookieless_server_hash_mode, drop_events_older_than, "                \
	"extra_settings, heatmaps_opt_in, logs_settings, "                     \
	"person_processing_opt_out, recording_domains, "                       \
	"session_recording_event_trigger_config, "                             \
	"session_recording_linked_flag, session_recording_masking_config, "    \
	"session_recording_minimum_duration_milliseconds, "                    \
	"session_recording_network_payload_capture_config, "                   \
	"session_recording_opt_in, session_recording_sample_rate, "            \
	"session_recording_trigger_match_type_config, "                        \
	"session_recording_url_blocklist_config, "                             \
	"session_recording_url_trigger_config, session_replay_config, "        \
	"survey_config, surveys_opt_in, timezone"

static const char *const texts[TEAM_PG_N_SQL] = {
	[TEAM_PG_COLUMNS] = "SELECT attname::text FROM pg_attribute "
			    "WHERE attrelid = to_regclass('posthog_team') "
			    "AND attnum > 0 AND NOT attisdropped",
	[TEAM_PG_CHECKSUM] =
		"SELECT count(*), coalesce(sum(hashtextextended(concat_ws("
		"'|', t.id, t.uuid, " PROJECT_ID ", t.name, t.api_token, "
		"s.settings), 0)::numeric), 0)::text " ROW,
	[TEAM_PG_OLD_TOKENS] =
		"SELECT api_token, team_id, expires_at FROM sluice.old_token "
		"WHERE expires_at > now() ORDER BY api_token",
	[TEAM_PG_LIST] = "SELECT t.id, t.uuid, t.name, t.api_token, "
			 "s.settings::text, " CREATED_AT ", " PROJECT_ID " " ROW
			 "ORDER BY t.id",
	[TEAM_PG_INSERT] =
		"INSERT INTO posthog_team (id, project_id, uuid, name, "
		"api_token) SELECT n, n, $1, $2, $3 FROM (SELECT "
		"nextval(pg_get_serial_sequence('posthog_team', 'id')) AS n) "
		"AS s RETURNING id",
	[TEAM_PG_SETTINGS] =
		"UPDATE posthog_team t SET (updated_at, " COLUMNS ") = "
		"(SELECT now(), " COLUMNS " FROM jsonb_populate_record(t, "
		"$2::jsonb)) WHERE t.id = $1",
	[TEAM_PG_TOKEN] = "UPDATE posthog_team SET api_token = $2, "
			  "updated_at = now() WHERE id = $1",
	[TEAM_PG_PURGE] =
		"DELETE FROM sluice.old_token WHERE expires_at <= now()",
	[TEAM_PG_OLD_TOKEN] =
		"INSERT INTO sluice.old_token (api_token, team_id, expires_at) "
		"SELECT t.api_token, t.id, $2 FROM posthog_team t "
		"WHERE t.id = $1 ON CONFLICT (api_token) DO UPDATE SET "
		"team_id = excluded.team_id, expires_at = excluded.expires_at",
	[TEAM_PG_DELETE] = "DELETE FROM posthog_team WHERE id = $1",
	[TEAM_PG_ASK] =
		"SELECT api_token FROM posthog_team WHERE api_token = ANY ($1) "
		"UNION ALL SELECT api_token FROM sluice.old_token "
		"WHERE api_token = ANY ($1) AND expires_at > now()",
	[TEAM_PG_LISTEN] = "LISTEN sluice_project",
	[TEAM_PG_HAS_TRIGGER] =
		"SELECT EXISTS (SELECT 1 FROM pg_trigger "
		"WHERE tgrelid = to_regclass('posthog_team') "
		"AND tgfoid = to_regproc('sluice.project_changed') "
		"AND tgenabled IN ('O', 'A'))",
	[TEAM_PG_DELETE_OLD] =
		"DELETE FROM sluice.old_token WHERE team_id = $1",
	[TEAM_PG_REVOKE] = "DELETE FROM sluice.old_token "
			   "WHERE team_id = $1 AND api_token = $2",
	[TEAM_PG_NAME] = "UPDATE posthog_team SET name = $2, "
			 "updated_at = now() WHERE id = $1",
};

const struct pg_sql_set team_pg_sql = {"team", texts, TEAM_PG_N_SQL};

const char *const team_columns[TEAM_N_SETTINGS] = {
#define TEAM_COLUMN(id, column) [TEAM_SET_##id] = column,
#include "team/columns.def"
#undef TEAM_COLUMN
};
