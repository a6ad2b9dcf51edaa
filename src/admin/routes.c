#include <stdio.h>
#include <string.h>

#include "admin/admin_int.h"

/* In the order of the paths. The last row's path is NULL. */
const struct admin_route admin_routes[] = {
	{"PATCH", "/api/v1/account", AUTH_VIEWER, NULL, "", "account_change",
		"changed", "Changes the own name.", admin_account_change},
	{"GET", "/api/v1/account/keys", AUTH_VIEWER, NULL, "", NULL, "keys",
		"Lists the own personal keys.", admin_account_keys},
	{"POST", "/api/v1/account/keys", AUTH_VIEWER, NULL, "", "own_key_new",
		"key_made", "Makes a personal key of one's own.",
		admin_account_key_create},
	{"DELETE", "/api/v1/account/keys/:id", AUTH_VIEWER, NULL, "", NULL,
		"revoked", "Revokes a personal key of one's own.",
		admin_account_key_revoke},
	{"POST", "/api/v1/account/password", AUTH_VIEWER, NULL, "",
		"own_password", "csrf",
		"Changes the own password; other sessions end.",
		admin_account_password},
	{"GET", "/api/v1/account/sessions", AUTH_VIEWER, NULL, "", NULL,
		"own_sessions", "Lists where one is signed in.",
		admin_account_sessions},
	{"DELETE", "/api/v1/account/sessions", AUTH_VIEWER, NULL, "", NULL,
		"ended", "Ends all own sessions but this one.",
		admin_account_sessions_end},
	{"DELETE", "/api/v1/account/sessions/:id", AUTH_VIEWER, NULL, "", NULL,
		"ended", "Ends one of the own sessions.",
		admin_account_session_end},
	{"GET", "/api/v1/audit", AUTH_VIEWER, "audit:read",
		"from@time to@time recount lines", NULL, "audit",
		"Compares what passed each hop, minute by minute.",
		admin_audit},
	{"GET", "/api/v1/audit-trail", AUTH_ADMIN, "trail:read",
		"limit cursor who how action target from_ms to_ms", NULL,
		"trail",
		"What was changed, by whom and from where, the newest first.",
		admin_trail_list},
	{"GET", "/api/v1/config", AUTH_ADMIN, "config:read", "", NULL, "config",
		"Every setting with its value and where it comes from.",
		admin_config},
	{"GET", "/api/v1/connections", AUTH_VIEWER, "status:read", "", NULL,
		"connections",
		"How Postgres, Kafka and ClickHouse are connected.",
		admin_connections},
	{"POST", "/api/v1/connections/postgres/test", AUTH_ADMIN,
		"config:write", "", "postgres_test", "postgres_tested",
		"Connects to a Postgres and says what it found.",
		admin_postgres_test},
	{"GET", "/api/v1/consumer-groups", AUTH_VIEWER, "topic:read", "", NULL,
		"consumer_groups",
		"Consumer groups with their offsets and lags.",
		admin_consumer_groups},
	{"GET", "/api/v1/dlq", AUTH_VIEWER, "dlq:read",
		"limit cursor by_error project state reason error", NULL,
		"letters", "Lists dead letters.", admin_dlq_list},
	{"POST", "/api/v1/dlq-replay", AUTH_MEMBER, "dlq:write", "", "dlq_bulk",
		"dlq_bulk_result",
		"Replays dead letters (older name of dlq/replay).",
		admin_dlq_replay},
	{"GET", "/api/v1/dlq/:letter", AUTH_VIEWER, "dlq:read", "", NULL,
		"letter", "One dead letter with its original record.",
		admin_dlq_show},
	{"POST", "/api/v1/dlq/discard", AUTH_MEMBER, "dlq:write", "",
		"dlq_bulk", "dlq_bulk_result", "Discards dead letters.",
		admin_dlq_discard},
	{"GET", "/api/v1/dlq/groups", AUTH_VIEWER, "dlq:read",
		"limit cursor project state reason error", NULL,
		"letter_groups", "Dead letters grouped by error.",
		admin_dlq_groups},
	{"POST", "/api/v1/dlq/replay", AUTH_MEMBER, "dlq:write", "", "dlq_bulk",
		"dlq_bulk_result",
		"Replays dead letters, edited or as they are.",
		admin_dlq_replay},
	{"GET", "/api/v1/drained", AUTH_VIEWER, "status:read", "", NULL,
		"drained", "Whether every accepted event has gone all the way.",
		admin_drained},
	{"GET", "/api/v1/erasures/:id", AUTH_MEMBER, "person:read", "", NULL,
		"erasure", "How far the deletion of a person is.",
		admin_erasure},
	{"GET", "/api/v1/events/stream", AUTH_ADMIN, "event:read",
		"event distinct_id@live text per_s recent", NULL, "events",
		"Events of all projects as they pass.", admin_events_stream},
	{"GET", "/api/v1/key-scopes", AUTH_VIEWER, "status:read", "", NULL,
		"scopes", "What personal keys can be given.",
		admin_scopes_list},
	{"GET", "/api/v1/keys", AUTH_ADMIN, "user:read", "", NULL, "keys",
		"Lists the personal keys of all users.", admin_keys_list},
	{"POST", "/api/v1/keys", AUTH_ADMIN, "user:write", "", "key_new",
		"key_made", "Makes a personal key for a user.",
		admin_key_create},
	{"DELETE", "/api/v1/keys/:id", AUTH_ADMIN, "user:write", "", NULL,
		"revoked", "Revokes a personal key.", admin_key_revoke},
	{"GET", "/api/v1/openapi.json", AUTH_OPEN, NULL, "", NULL, "openapi",
		"This document.", admin_openapi},
	{"GET", "/api/v1/projects", AUTH_VIEWER, "project:read", "", NULL,
		"projects", "Lists projects.", admin_projects_list},
	{"POST", "/api/v1/projects", AUTH_ADMIN, "project:write", "",
		"project_new", "project_made", "Makes a project.",
		admin_projects_create},
	{"GET", "/api/v1/projects/:id", AUTH_VIEWER, "project:read", "", NULL,
		"project", "One project with its settings.",
		admin_projects_show},
	{"PATCH", "/api/v1/projects/:id", AUTH_ADMIN, "project:write", "",
		"project_change", "project", "Changes settings of a project.",
		admin_projects_set},
	{"DELETE", "/api/v1/projects/:id", AUTH_ADMIN, "project:write", "",
		NULL, "project_deleted", "Deletes a project.",
		admin_projects_delete},
	{"GET", "/api/v1/projects/:id/event-definitions", AUTH_VIEWER,
		"event:read", "limit cursor", NULL, "event_definitions",
		"Names of events seen.", admin_event_definitions},
	{"GET", "/api/v1/projects/:id/event-properties", AUTH_VIEWER,
		"event:read", "limit cursor", NULL, "event_properties",
		"Which events have which properties.", admin_event_properties},
	{"GET", "/api/v1/projects/:id/events/stream", AUTH_VIEWER, "event:read",
		"event distinct_id@live text per_s recent", NULL, "events",
		"Events of a project as they pass.",
		admin_project_events_stream},
	{"GET", "/api/v1/projects/:id/first-event", AUTH_VIEWER, "event:read",
		"from_ms", NULL, "first_event",
		"The first event since a time, and how far it has come.",
		admin_first_event},
	{"GET", "/api/v1/projects/:id/group-types", AUTH_VIEWER, "group:read",
		"", NULL, "group_types", "Types of groups.", admin_group_types},
	{"GET", "/api/v1/projects/:id/groups", AUTH_VIEWER, "group:read",
		"limit cursor type", NULL, "groups", "Lists groups.",
		admin_groups_list},
	{"GET", "/api/v1/projects/:id/groups/:type/:key", AUTH_VIEWER,
		"group:read", "", NULL, "group", "One group.",
		admin_groups_show},
	{"GET", "/api/v1/projects/:id/groups/:type/:key/events", AUTH_VIEWER,
		"group:read", "cursor newest limit@events", NULL,
		"person_events", "Events of a group.", admin_group_events},
	{"POST", "/api/v1/projects/:id/insights", AUTH_VIEWER, "sql:run", "",
		"insight", "insight_result",
		"Answers a ready-made question about a project's events.",
		admin_insights},
	{"GET", "/api/v1/projects/:id/old-tokens", AUTH_ADMIN, "project:read",
		"", NULL, "old_tokens",
		"Keys that were replaced and still work.",
		admin_projects_old_tokens},
	{"DELETE", "/api/v1/projects/:id/old-tokens", AUTH_ADMIN,
		"project:write", "api_token", NULL, "project_deleted",
		"Ends one replaced key, or all, before its time.",
		admin_projects_revoke},
	{"GET", "/api/v1/projects/:id/persons", AUTH_VIEWER, "person:read",
		"limit cursor distinct_id property operator value", NULL,
		"persons", "Lists persons, or finds them.", admin_persons_list},
	{"GET", "/api/v1/projects/:id/persons/:distinct_id", AUTH_VIEWER,
		"person:read", "by_uuid", NULL, "person", "One person.",
		admin_persons_show},
	{"DELETE", "/api/v1/projects/:id/persons/:distinct_id", AUTH_MEMBER,
		"person:write", "by_uuid with_events", NULL, "erasure",
		"Deletes a person, with its events if asked.",
		admin_persons_delete},
	{"GET", "/api/v1/projects/:id/persons/:distinct_id/events", AUTH_VIEWER,
		"person:read", "by_uuid cursor newest limit@events", NULL,
		"person_events", "Events of a person.", admin_person_events},
	{"GET", "/api/v1/projects/:id/persons/:distinct_id/export", AUTH_MEMBER,
		"person:read", "by_uuid", NULL, "person_export",
		"What the store has of a person.", admin_person_export},
	{"GET", "/api/v1/projects/:id/persons/:distinct_id/history",
		AUTH_VIEWER, "person:read", "by_uuid", NULL, "person_history",
		"Merges of a person, and when properties were set.",
		admin_person_history},
	{"GET", "/api/v1/projects/:id/property-definitions", AUTH_VIEWER,
		"event:read", "limit cursor", NULL, "property_definitions",
		"Names of properties seen.", admin_property_definitions},
	{"POST", "/api/v1/projects/:id/rotate-token", AUTH_ADMIN,
		"project:write", "", "project_rotate", "project",
		"Gives a project a new key; the old one goes on for a while.",
		admin_projects_rotate},
	{"GET", "/api/v1/projects/activity", AUTH_VIEWER, "project:read", "",
		NULL, "project_activity",
		"What each project sent today and in a week, and when last.",
		admin_project_activity},
	{"GET", "/api/v1/projects/settings", AUTH_VIEWER, "project:read", "",
		NULL, "project_settings_table",
		"Every project setting: what it is for, what is allowed.",
		admin_project_settings},
	{"GET", "/api/v1/ready", AUTH_OPEN, "status:read", "", NULL, "ready",
		"Whether every role can do its work.", admin_ready_api},
	{"GET", "/api/v1/series", AUTH_VIEWER, "status:read",
		"names from@seconds step", NULL, "series",
		"Points of what was measured in the last day.", admin_series},
	{"GET", "/api/v1/session", AUTH_VIEWER, NULL, "", NULL, "session",
		"Who is signed in.", admin_session_show},
	{"POST", "/api/v1/session", AUTH_OPEN, NULL, "", "sign_in", "session",
		"Signs in.", admin_session_begin},
	{"DELETE", "/api/v1/session", AUTH_VIEWER, NULL, "", NULL, "signed_out",
		"Signs out.", admin_session_end},
	{"GET", "/api/v1/settings", AUTH_ADMIN, "config:read", "", NULL,
		"settings",
		"Every setting: what it is for, its value, what it waits for.",
		admin_settings_list},
	{"PATCH", "/api/v1/settings", AUTH_ADMIN, "config:write", "",
		"settings_change", "settings",
		"Changes settings, all of those given or none.",
		admin_settings_change},
	{"GET", "/api/v1/setup", AUTH_OPEN, NULL, "", NULL, "setup",
		"Whether there is no user yet.", admin_setup_show},
	{"POST", "/api/v1/setup", AUTH_OPEN, NULL, "", "setup_new",
		"session_made", "Makes the first administrator and signs in.",
		admin_setup_finish},
	{"POST", "/api/v1/setup/token", AUTH_ADMIN, NULL, "", NULL,
		"setup_token",
		"The link by which the first administrator is made.",
		admin_setup_token},
	{"POST", "/api/v1/sql", AUTH_ADMIN, "sql:admin", "", "sql", "text",
		"Runs a query of ClickHouse.", admin_sql},
	{"POST", "/api/v1/sql/console", AUTH_VIEWER, "sql:run", "",
		"console_query", "console_result",
		"Runs a query that only reads, within limits.",
		admin_console_run},
	{"DELETE", "/api/v1/sql/console/:query_id", AUTH_VIEWER, "sql:run", "",
		NULL, "console_cancelled", "Ends a query that runs.",
		admin_console_cancel},
	{"GET", "/api/v1/sql/saved", AUTH_VIEWER, "sql:run", "", NULL,
		"saved_queries", "Lists the queries that are kept.",
		admin_saved_list},
	{"POST", "/api/v1/sql/saved", AUTH_MEMBER, "sql:run", "",
		"saved_query_new", "saved_query", "Keeps a query.",
		admin_saved_create},
	{"GET", "/api/v1/sql/saved/:id", AUTH_VIEWER, "sql:run", "", NULL,
		"saved_query", "One query that is kept.", admin_saved_show},
	{"PUT", "/api/v1/sql/saved/:id", AUTH_MEMBER, "sql:run", "",
		"saved_query_new", "saved_query",
		"Changes a query that is "
		"kept.",
		admin_saved_change},
	{"DELETE", "/api/v1/sql/saved/:id", AUTH_MEMBER, "sql:run", "", NULL,
		"saved_query_deleted", "Deletes a query that is kept.",
		admin_saved_delete},
	{"GET", "/api/v1/sql/schema", AUTH_VIEWER, "sql:run", "project@only",
		NULL, "sql_schema",
		"Tables, columns, functions and names of events and "
		"properties, to complete what is typed.",
		admin_sql_schema},
	{"GET", "/api/v1/status", AUTH_VIEWER, "status:read", "", NULL,
		"status", "State of all hops.", admin_status},
	{"GET", "/api/v1/status/stream", AUTH_VIEWER, "status:read", "", NULL,
		"events", "State of all hops, once a second.",
		admin_status_stream},
	{"GET", "/api/v1/topics", AUTH_VIEWER, "topic:read", "", NULL, "topics",
		"Lists topics.", admin_topics_list},
	{"POST", "/api/v1/topics", AUTH_ADMIN, "topic:write", "", "topic_new",
		"topic_made", "Makes a topic.", admin_topics_create},
	{"DELETE", "/api/v1/topics/:name", AUTH_ADMIN, "topic:write", "", NULL,
		"topic_deleted", "Deletes a topic.", admin_topics_delete},
	{"GET", "/api/v1/topics/:name/browse", AUTH_VIEWER, "topic:read",
		"from@place partition limit@records cursor", NULL,
		"record_page", "Records of a topic, a page at a time.",
		admin_topics_browse},
	{"GET", "/api/v1/topics/:name/records", AUTH_VIEWER, "topic:read",
		"from max partition follow", NULL, "records",
		"Records of a topic, one JSON object a line.",
		admin_topics_read},
	{"GET", "/api/v1/trace/:uuid", AUTH_VIEWER, "event:read", "", NULL,
		"trace", "Where one event was seen.", admin_trace},
	{"GET", "/api/v1/trace/:uuid/changes", AUTH_VIEWER, "event:read",
		"topic! partition front! output!", NULL, "trace_changes",
		"What changed the event.", admin_trace_changes},
	{"GET", "/api/v1/trace/:uuid/places", AUTH_VIEWER, "event:read",
		"from_ms to_ms full cursor", NULL, "trace_places",
		"Places of the event, a page at a time.", admin_trace_places},
	{"GET", "/api/v1/users", AUTH_ADMIN, "user:read", "", NULL, "users",
		"Lists users.", admin_users_list},
	{"POST", "/api/v1/users", AUTH_ADMIN, "user:write", "", "user_new",
		"user_made", "Makes a user.", admin_user_create},
	{"GET", "/api/v1/users/:id", AUTH_ADMIN, "user:read", "", NULL, "user",
		"One user.", admin_user_show},
	{"PATCH", "/api/v1/users/:id", AUTH_ADMIN, "user:write", "",
		"user_change", "user", "Changes a user's name or role.",
		admin_user_change},
	{"DELETE", "/api/v1/users/:id", AUTH_ADMIN, "user:write", "", NULL,
		"project_deleted", "Deletes a user with its keys.",
		admin_user_delete},
	{"POST", "/api/v1/users/:id/password", AUTH_ADMIN, "user:write", "",
		"password_new", "user",
		"Gives a user a new password; its sessions end.",
		admin_user_password},
	{.path = NULL},
};

/* Cuts the part before the next slash off rest. */
static struct slice
next_part(struct slice *rest)
{
	const char *slash =
		rest->len == 0 ? NULL : memchr(rest->p, '/', rest->len);
	size_t n = slash == NULL ? rest->len : (size_t)(slash - rest->p);
	struct slice part = slice_of(rest->p, n);

	if (slash != NULL)
		n++;
	rest->p += n;
	rest->len -= n;
	return part;
}

/* How many parameters it took; -1: it is another path. */
static int
matches(const char *pattern, struct slice path,
	struct slice param[ADMIN_PARAMS_MAX])
{
	struct slice rest = slice_str(pattern);
	int n = 0;

	if (path.len > 0 && path.p[path.len - 1] == '/')
		return -1;
	while (rest.len > 0 && path.len > 0) {
		struct slice want = next_part(&rest);
		struct slice got = next_part(&path);

		if (want.len > 0 && want.p[0] == ':' && got.len > 0)
			param[n++] = got;
		else if (!slice_eq(want, got))
			return -1;
	}
	return rest.len == 0 && path.len == 0 ? n : -1;
}

/* The methods that the path has, for the answer to another. */
static int
refuse_method(struct admin_call *c, int n_params, struct err *e)
{
	struct slice param[ADMIN_PARAMS_MAX];
	char allow[64] = "";

	for (const struct admin_route *r = admin_routes; r->path != NULL; r++) {
		size_t len = strlen(allow);

		if (matches(r->path, c->path, param) == n_params)
			snprintf(allow + len, sizeof(allow) - len, "%s%s",
				len == 0 ? "" : ", ", r->method);
	}
	admin_set_header(c, "Allow", allow);
	return admin_refuse(c, e, 405, "method_not_allowed",
		"%.*s cannot be asked by %.*s, but by %s", SLICE_FMT(c->path),
		SLICE_FMT(c->method), allow);
}

/* A word in the path is meant before a parameter, whatever the method. */
int
admin_route_find(
	struct admin_call *c, const struct admin_route **out, struct err *e)
{
	int best = ADMIN_PARAMS_MAX + 1;

	*out = NULL;
	for (const struct admin_route *r = admin_routes; r->path != NULL; r++) {
		struct slice param[ADMIN_PARAMS_MAX] = {SLICE_NONE};
		int n = matches(r->path, c->path, param);

		if (n < 0 || n > best)
			continue;
		if (n < best)
			*out = NULL;
		best = n;
		if (!slice_eq_str(c->method, r->method))
			continue;
		for (int i = 0; i < ADMIN_PARAMS_MAX; i++)
			c->param[i] =
				param[i].p == NULL
					? param[i]
					: admin_decode(c->arena, param[i]);
		*out = r;
	}
	if (*out != NULL)
		return 0;
	if (best <= ADMIN_PARAMS_MAX)
		return refuse_method(c, best, e);
	return err_set(
		e, ERR_NOT_FOUND, "%.*s: no such path", SLICE_FMT(c->path));
}
