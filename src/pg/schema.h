#ifndef SLUICE_PG_SCHEMA_H
#define SLUICE_PG_SCHEMA_H

#include <stdbool.h>

#include "base/err.h"

struct pg_conn;

/* What the tables of this database are like. */
struct pg_schema {
	bool made_by_sluice; /* PostHog's tables too: projects may be written */
	bool is_posthog; /* PostHog's tables are there, and not made by Sluice */
	bool is_prepared; /* all that Sluice makes is there */
	bool person_is_deleted; /* posthog_person.is_deleted is there */
	bool person_last_seen_at; /* posthog_person.last_seen_at is there */
	bool person_uuid_unique; /* (team_id, uuid) is unique */
	bool id_is_deleted; /* posthog_persondistinctid.is_deleted is there */
	bool personless; /* posthog_personlessdistinctid is there */
	bool group_type_created_at; /* posthog_grouptypemapping.created_at */
	/* Which column the unique constraints of these are over: project_id, or
	 * team_id in older databases. */
	bool group_type_by_project;
	bool definition_by_project; /* coalesce(project_id, team_id) */
	bool event_enforcement_mode; /* posthog_eventdefinition has it */
	bool definitions; /* the three tables of definitions are there */
};

/*
 * Makes the database ready, in one transaction under an advisory lock, so that
 * many nodes may start at once: the schema `sluice` in any database; PostHog's
 * tables only where there is none of them. A PostHog database is looked at and
 * never altered (pg-6). To be called after each pg_connect; a few cheap queries
 * when nothing is to be done.
 *
 * INVALID: a table, column or constraint is missing (the text names it).
 * DENIED: the role may not make the schema (the text has the SQL to run).
 * UNSUPPORTED: made by a newer Sluice, or not UTF-8.
 */
MUST_CHECK int pg_schema_prepare(
	struct pg_conn *c, struct pg_schema *out, struct err *e);
/* Looks only. In a database where nothing is yet is_prepared is false and the
 * rest says nothing. The same errors. */
MUST_CHECK int pg_schema_look(
	struct pg_conn *c, struct pg_schema *out, struct err *e);

#endif
