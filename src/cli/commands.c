#include <string.h>

#include "cli/cli.h"
#include "cli/cmd.h"
#include "clickhouse/clickhouse.h"

#define END                                                                    \
	{                                                                      \
		NULL, NULL, NULL                                               \
	}
#define PROJECT                                                                \
	{                                                                      \
		"project", "ID", "the project"                                 \
	}

static const struct cli_option run_options[] = {
	{"demo", NULL,
		"make the demo project and print what to do; capture listens "
		"on "
		"127.0.0.1"},
	END,
};
static const struct cli_option wait_options[] = {
	{"ready", NULL, "until every role can do its work (default)"},
	{"drained", NULL,
		"until every accepted event is through the app server and the "
		"local ClickHouse"},
	{"timeout-s", "N", "give up after so many seconds (default 60)"},
	END,
};
static const struct cli_option create_options[] = {
	{"name", "NAME", "its name"},
	{"token", "TOKEN", "its API key (default: made at random)"},
	{"set", "NAME=VALUE", "a setting of the project; may be repeated"},
	END,
};
static const struct cli_option person_options[] = {
	PROJECT,
	{"distinct-id", "X", "the person who has this distinct id"},
	END,
};
static const struct cli_option delete_options[] = {
	PROJECT,
	{"distinct-id", "X", "the person who has this distinct id"},
	{"uuid", "U", "the person with this uuid"},
	{"with-events", NULL,
		"its events, warnings and dead letters in ClickHouse too; "
		"waits until they are gone"},
	{"no-wait", NULL, "with --with-events: do not wait"},
	END,
};
static const struct cli_option export_options[] = {
	PROJECT,
	{"distinct-id", "X", "the person who has this distinct id"},
	{"uuid", "U", "the person with this uuid"},
	{"out", "FILE", "a new file, readable by its owner (default: stdout)"},
	END,
};
static const struct cli_option group_options[] = {PROJECT, END};
static const struct cli_option read_options[] = {
	{"partition", "P",
		"this partition only (default: all, merged by time)"},
	{"from", "OFFSET", "an offset, start (default) or end"},
	{"max", "N", "at most so many records"},
	{"follow", NULL, "wait for more records at the end"},
	END,
};
static const struct cli_option topic_options[] = {
	{"partitions", "N", "how many (default kafka.default_partitions)"},
	END,
};
#define LETTER_FILTER                                                          \
	{"error", "E",                                                         \
		"only letters with this error, as list or list --by-error "    \
		"shows it"},                                                   \
		{"reason", "R", "only letters with this reason"},              \
	{                                                                      \
		"project", "ID", "only letters of this project"                \
	}
static const struct cli_option dlq_list_options[] = {
	{"by-error", NULL, "count the letters of each kind of error"},
	LETTER_FILTER,
	{"pending", NULL, "only those nothing was done with"},
	{"replayed", NULL, "only those that were replayed"},
	{"discarded", NULL, "only those that were discarded (else not shown)"},
	{"max", "N", "at most so many"},
	{"cursor", "C", "go on where a page ended; prints one page"},
	END,
};
static const struct cli_option dlq_show_options[] = {
	{"body", NULL, "only the event, to be edited"},
	END,
};
static const struct cli_option replay_options[] = {
	{"all", NULL, "all letters that are pending"},
	LETTER_FILTER,
	{"edit", "FILE", "replay one letter with the event in FILE instead"},
	{"again", NULL,
		"also letters that were replayed (with IDs: or discarded) "
		"before: the event is then stored once more unless its uuid, "
		"name, person and day are the same"},
	{"discarded", NULL, "with --all --again: those that were discarded"},
	END,
};
static const struct cli_option discard_options[] = {
	{"all", NULL, "all letters that are pending"},
	LETTER_FILTER,
	END,
};
static const struct cli_option trace_options[] = {
	{"full", NULL,
		"search all records that are kept, and all places of each "
		"topic"},
	END,
};
static const struct cli_option sql_options[] = {
	{"format", "F",
		"ClickHouse's name of a format (default PrettyCompact on a "
		"terminal, else TSV; with --json JSONEachRow)"},
	END,
};
static const struct cli_option audit_options[] = {
	{"from", "T", "from this minute on (2026-01-31T10:20, UTC)"},
	{"to", "T", "up to before this minute"},
	{"recount", NULL,
		"also count the records still kept and compare them with what "
		"was counted when they came"},
	END,
};
static const struct cli_option template_options[] = {
	{"markdown", NULL, "as a table for the documentation"},
	END,
};
static const struct cli_option manual_options[] = {
	{"out", "DIR",
		"write all pages, the settings file and the completion of "
		"shells into this folder"},
	END,
};
static const struct cli_option doctor_options[] = {
	{"url", "URL",
		"what SDKs have as their host: is it found, does it answer, is "
		"its certificate right"},
	{"key", "KEY", "what SDKs have as their key: is it a project's"},
	END,
};
static const struct cli_option show_options[] = {
	{"changed", NULL, "only settings that are not the default"},
	END,
};

#define PASSWORD_STDIN                                                         \
	{                                                                      \
		"password-stdin", NULL,                                        \
			"read the password from stdin, its first line "        \
			"(default: asked for on the terminal)"                 \
	}
static const struct cli_option user_options[] = {
	{"email", "E", "what the user signs in with"},
	{"name", "NAME", "for people (default: the e-mail)"},
	{"role", "ROLE",
		"viewer (reads), member (also changes persons and dead "
		"letters) or admin (all)"},
	PASSWORD_STDIN,
	END,
};
static const struct cli_option password_options[] = {PASSWORD_STDIN, END};
static const struct cli_option key_options[] = {
	{"user", "U", "the e-mail or id of the owner"},
	{"scopes", "S,...",
		"what it may, such as project:read,event:read (never more than "
		"its owner)"},
	{"name", "NAME", "what it is for"},
	{"days", "N", "until it expires (default 365; 0: never)"},
	END,
};

#define LOAD_OPTIONS                                                           \
	{"seconds", "N", "how long (default 10)"},                             \
		{"connections", "N", "connections of the load (default 64)"},  \
		{"batch", "N", "events in a request (default 50)"},            \
		{"event-bytes", "N", "size of an event (default 1000)"},       \
		{"persons", "N", "different distinct ids (default 10000)"},    \
	{                                                                      \
		"identify", "PERCENT", "events that are $identify (default 5)" \
	}
static const struct cli_option bench_options[] = {
	LOAD_OPTIONS,
	{"gzip", NULL,
		"compress the bodies; all are made before the clock starts"},
	{"requests", "N",
		"stop after so many requests (default with --gzip: enough for "
		"125000 events/s)"},
	END,
};
static const struct cli_option ingest_options[] = {
	{"persons", "N",
		"persons that are there before; the load is spread over all of "
		"them (default 10000)"},
	{"seconds", "N",
		"how much work: 20000 events for each second (default 10)"},
	{"event-bytes", "N", "size of an event (default 1000)"},
	{"connections", "N",
		"connections that fill the front log (default 64)"},
	{"threads", NULL,
		"run on one processor, with one thread and with two, say the "
		"ratios"},
	{"compare", NULL, "also run with 1000 persons, say the ratio"},
	{"keep", "DIR", "use and keep this folder: the persons are made once"},
	{"postgres", "URL", "persons in this Postgres database, empty before"},
	END,
};
static const struct cli_option fresh_options[] = {
	LOAD_OPTIONS,
	{"rate", "N", "events a second (default 2000, in requests of 10)"},
	END,
};

/* In the order of the help. The last row's name is NULL. */
const struct cli_command cli_commands[] = {
	{"run", "", 0, 0, run_options, true,
		"Run the daemon in the foreground.", cmd_run},
	{"wait", "", 0, 0, wait_options, false,
		"Wait until the daemon is ready or has drained.", cmd_wait},
	{"status", "", 0, 0, NULL, false,
		"Roles, rates, lags, disk and children of the daemon.",
		cmd_status},
	{"project create", "", 0, 0, create_options, true, "Make a project.",
		cmd_project_create},
	{"project list", "", 0, 0, NULL, true, "List the projects.",
		cmd_project_list},
	{"project show", "ID", 1, 1, NULL, true, "Show a project.",
		cmd_project_show},
	{"project set", "ID NAME=VALUE...", 2, -1, NULL, true,
		"Change settings of a project.", cmd_project_set},
	{"project rotate-token", "ID", 1, 1, NULL, true,
		"Give a project a new API key.", cmd_project_rotate_token},
	{"project delete", "ID", 1, 1, NULL, false, "Delete a project.",
		cmd_project_delete},
	{"user setup", "", 0, 0, NULL, true,
		"Print the link that makes the first administrator.",
		cmd_user_setup},
	{"user create", "", 0, 0, user_options, true,
		"Make a user of the web admin.", cmd_user_create},
	{"user list", "", 0, 0, NULL, true, "List the users.", cmd_user_list},
	{"user password", "USER", 1, 1, password_options, true,
		"Give a user a new password and end its sessions.",
		cmd_user_password},
	{"user set-role", "USER ROLE", 2, 2, NULL, true,
		"Give a user another role.", cmd_user_set_role},
	{"user delete", "USER", 1, 1, NULL, true,
		"Delete a user with its keys.", cmd_user_delete},
	{"key create", "", 0, 0, key_options, true,
		"Make a personal key for the API; it is shown once.",
		cmd_key_create},
	{"key list", "", 0, 0, NULL, true, "List the personal keys.",
		cmd_key_list},
	{"key revoke", "ID", 1, 1, NULL, true, "Revoke a personal key at once.",
		cmd_key_revoke},
	{"person list", "", 0, 0, person_options, false,
		"List the persons of a project.", cmd_person_list},
	{"person show", "[UUID]", 0, 1, person_options, false,
		"Show one person.", cmd_person_show},
	{"person delete", "[UUID]", 0, 1, delete_options, false,
		"Delete a person with all its distinct ids.",
		cmd_person_delete},
	{"person export", "[UUID]", 0, 1, export_options, false,
		"Write all data of a person, with its events, as JSON.",
		cmd_person_export},
	{"group list", "", 0, 0, group_options, false,
		"List the groups of a project.", cmd_group_list},
	{"group show", "TYPE KEY", 2, 2, group_options, false,
		"Show one group.", cmd_group_show},
	{"group types", "", 0, 0, group_options, false,
		"List the group types of a project.", cmd_group_types},
	{"definition events", "", 0, 0, group_options, false,
		"List the events a project has had.", cmd_definition_events},
	{"definition properties", "", 0, 0, group_options, false,
		"List the properties of events, persons and groups.",
		cmd_definition_properties},
	{"definition event-properties", "", 0, 0, group_options, false,
		"List which events had which properties.",
		cmd_definition_event_properties},
	{"topic list", "", 0, 0, NULL, false,
		"List the topics and their partitions.", cmd_topic_list},
	{"topic read", "TOPIC", 1, 1, read_options, false,
		"Print the records of a topic.", cmd_topic_read},
	{"topic create", "TOPIC", 1, 1, topic_options, false, "Make a topic.",
		cmd_topic_create},
	{"topic delete", "TOPIC", 1, 1, NULL, false, "Delete a topic.",
		cmd_topic_delete},
	{"dlq list", "", 0, 0, dlq_list_options, false,
		"List the dead letters.", cmd_dlq_list},
	{"dlq show", "ID", 1, 1, dlq_show_options, false,
		"Show a dead letter with what it holds.", cmd_dlq_show},
	{"dlq replay", "[ID...]", 0, -1, replay_options, false,
		"Put dead letters back to be worked on again.", cmd_dlq_replay},
	{"dlq discard", "[ID...]", 0, -1, discard_options, false,
		"Mark dead letters as not wanted; their bytes stay until "
		"retention.",
		cmd_dlq_discard},
	{"trace", "UUID", 1, 1, trace_options, false,
		"Show every place where an event was seen, and what changed "
		"it.",
		cmd_trace},
	{"sql", "[QUERY]", 0, 1, sql_options, false,
		"Run a query on ClickHouse; without QUERY, or with -, from "
		"stdin.",
		cmd_sql},
	{"audit", "", 0, 0, audit_options, true,
		"Compare what each hop counted, minute by minute.", cmd_audit},
	{"config check", "", 0, 0, NULL, true,
		"Check the settings without starting.", cmd_config_check},
	{"config show", "", 0, 0, show_options, true,
		"Show each setting and where it comes from.", cmd_config_show},
	{"config set", "KEY=VALUE...", 1, -1, NULL, true,
		"Set settings as the web admin does: they count below the "
		"file, the environment and --set.",
		cmd_config_set},
	{"config unset", "KEY...", 1, -1, NULL, true,
		"Take away what was set in the admin.", cmd_config_unset},
	{"config help", "[KEY]", 0, 1, NULL, true, "Explain the settings.",
		cmd_config_help},
	{"config template", "", 0, 0, template_options, true,
		"Print the settings file with every setting commented out.",
		cmd_config_template},
	{"completion", "bash|fish|zsh", 1, 1, NULL, true,
		"Print the completion of a shell.", cmd_completion},
	{"manual", "[PAGE]", 0, 1, manual_options, true,
		"Print a manual page, as source for man.", cmd_manual},
	{"openapi", "", 0, 0, NULL, true,
		"Print the description of the admin API (OpenAPI 3.1).",
		cmd_openapi},
	{"doctor", "", 0, 0, doctor_options, true,
		"Find out why events do not show up, and what to do: settings, "
		"service, ports, keys, each hop, disk, files.",
		cmd_doctor},
	{"bench capture", "", 0, 0, bench_options, true,
		"Measure durable acknowledgement on a throw-away folder.",
		cmd_bench_capture},
	{"bench ingest", "", 0, 0, ingest_options, true,
		"Measure the app server with persons.", cmd_bench_ingest},
	{"bench freshness", "", 0, 0, fresh_options, true,
		"Measure the time from HTTP to visible in ClickHouse.",
		cmd_bench_freshness},
	{"version", "", 0, 0, NULL, true,
		"Print the versions of the program and its libraries.",
		cmd_version},
	{NULL, NULL, 0, 0, NULL, false, NULL, NULL},
};

int (*cli_child(const char *word))(int argc, char **argv)
{
	return strcmp(word, "clickhouse-host") == 0 ? clickhouse_host_main
						    : NULL;
}
