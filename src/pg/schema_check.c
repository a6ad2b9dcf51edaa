#include <string.h>

#include "pg/pg_int.h"
#include "pg/schema.h"

/*
 * What our statements need of PostHog's tables. To add a column: a row here, a
 * column in sql/postgres/posthog (a new file there once it was released).
 */
enum table_id {
	T_TEAM,
	T_PERSON,
	T_ID,
	T_PERSONLESS,
	T_GROUP,
	T_TYPE,
	T_COHORT,
	T_OVERRIDE,
	T_EVENT,
	T_PROPERTY,
	T_PAIR,
	T_N
};

static const struct table {
	const char *name;
	bool is_needed;
	const char *rights; /* of S I U D; u: any column */
} tables[T_N] = {
	[T_TEAM] = {"posthog_team", true, "Su"},
	[T_PERSON] = {"posthog_person", true, "SIUD"},
	[T_ID] = {"posthog_persondistinctid", true, "SIUD"},
	[T_PERSONLESS] = {"posthog_personlessdistinctid", false, "SIU"},
	[T_GROUP] = {"posthog_group", true, "SIU"},
	[T_TYPE] = {"posthog_grouptypemapping", true, "SI"},
	[T_COHORT] = {"posthog_cohortpeople", true, "SUD"},
	[T_OVERRIDE] = {"posthog_featureflaghashkeyoverride", true, "SID"},
	[T_EVENT] = {"posthog_eventdefinition", false, "SIU"},
	[T_PROPERTY] = {"posthog_propertydefinition", false, "SIU"},
	[T_PAIR] = {"posthog_eventproperty", false, "SI"},
};

#define TEXT "varchar text"
#define INT "int4 int8"
#define SMALL "int2 int4 int8"
#define MUST 0 /* or where the flag stands that says whether it is there */
#define FLAG(f) offsetof(struct pg_schema, f)

static const struct column {
	enum table_id table;
	const char *name, *types;
	size_t flag;
} columns[] = {
	{T_TEAM, "id", INT, MUST},
	{T_TEAM, "uuid", "uuid", MUST},
	{T_TEAM, "name", TEXT, MUST},
	{T_TEAM, "api_token", TEXT, MUST},
	{T_TEAM, "ingested_event", "bool", MUST},
	{T_PERSON, "id", INT, MUST},
	{T_PERSON, "team_id", INT, MUST},
	{T_PERSON, "uuid", "uuid", MUST},
	{T_PERSON, "created_at", "timestamptz", MUST},
	{T_PERSON, "properties", "jsonb", MUST},
	{T_PERSON, "properties_last_updated_at", "jsonb", MUST},
	{T_PERSON, "properties_last_operation", "jsonb", MUST},
	{T_PERSON, "is_identified", "bool", MUST},
	{T_PERSON, "version", "int8", MUST},
	{T_PERSON, "is_deleted", "bool", FLAG(person_is_deleted)},
	{T_PERSON, "last_seen_at", "timestamptz", FLAG(person_last_seen_at)},
	{T_ID, "id", INT, MUST},
	{T_ID, "team_id", INT, MUST},
	{T_ID, "distinct_id", TEXT, MUST},
	{T_ID, "person_id", INT, MUST},
	{T_ID, "version", "int8", MUST},
	{T_ID, "is_deleted", "bool", FLAG(id_is_deleted)},
	{T_PERSONLESS, "team_id", INT, MUST},
	{T_PERSONLESS, "distinct_id", TEXT, MUST},
	{T_PERSONLESS, "is_merged", "bool", MUST},
	{T_PERSONLESS, "created_at", "timestamptz", MUST},
	{T_GROUP, "id", INT, MUST},
	{T_GROUP, "team_id", INT, MUST},
	{T_GROUP, "group_key", TEXT, MUST},
	{T_GROUP, "group_type_index", SMALL, MUST},
	{T_GROUP, "group_properties", "jsonb", MUST},
	{T_GROUP, "created_at", "timestamptz", MUST},
	{T_GROUP, "properties_last_updated_at", "jsonb", MUST},
	{T_GROUP, "properties_last_operation", "jsonb", MUST},
	{T_GROUP, "version", "int8", MUST},
	{T_TYPE, "team_id", INT, MUST},
	{T_TYPE, "group_type", TEXT, MUST},
	{T_TYPE, "group_type_index", SMALL, MUST},
	{T_TYPE, "created_at", "timestamptz", FLAG(group_type_created_at)},
	{T_COHORT, "id", INT, MUST},
	{T_COHORT, "cohort_id", INT, MUST},
	{T_COHORT, "person_id", INT, MUST},
	{T_OVERRIDE, "id", INT, MUST},
	{T_OVERRIDE, "team_id", INT, MUST},
	{T_OVERRIDE, "person_id", INT, MUST},
	{T_OVERRIDE, "feature_flag_key", TEXT, MUST},
	{T_OVERRIDE, "hash_key", TEXT, MUST},
	{T_EVENT, "id", "uuid", MUST},
	{T_EVENT, "name", TEXT, MUST},
	{T_EVENT, "team_id", INT, MUST},
	{T_EVENT, "created_at", "timestamptz", MUST},
	{T_EVENT, "last_seen_at", "timestamptz", MUST},
	{T_EVENT, "enforcement_mode", TEXT, FLAG(event_enforcement_mode)},
	{T_PROPERTY, "id", "uuid", MUST},
	{T_PROPERTY, "name", TEXT, MUST},
	{T_PROPERTY, "team_id", INT, MUST},
	{T_PROPERTY, "is_numerical", "bool", MUST},
	{T_PROPERTY, "property_type", TEXT, MUST},
	{T_PROPERTY, "type", SMALL, MUST},
	{T_PROPERTY, "group_type_index", SMALL, MUST},
	{T_PAIR, "event", TEXT, MUST},
	{T_PAIR, "property", TEXT, MUST},
	{T_PAIR, "team_id", INT, MUST},
};
#define N_COLUMNS ((int)ARRAY_LEN(columns))

/* NOT NULL columns without a default that some statement fills all the same. */
static const struct {
	enum table_id table;
	const char *name;
} filled[] = {
	{T_TYPE, "project_id"},
	{T_EVENT, "project_id"},
	{T_PROPERTY, "project_id"},
	{T_PAIR, "project_id"},
};

/* The columns of unique indexes in the order of their names. */
static const struct unique {
	enum table_id table;
	const char *keys;
	size_t flag; /* set when it is there; MUST: one of a group must be */
	int group; /* 0: alone */
} uniques[] = {
	{T_PERSON, "id", MUST, 1},
	{T_PERSON, "id, team_id", MUST, 1},
	{T_PERSON, "team_id, uuid", FLAG(person_uuid_unique), 0},
	{T_ID, "distinct_id, team_id", MUST, 2},
	{T_PERSONLESS, "distinct_id, team_id", MUST, 3},
	{T_GROUP, "group_key, group_type_index, team_id", MUST, 4},
	{T_TYPE, "group_type, project_id", FLAG(group_type_by_project), 5},
	{T_TYPE, "group_type, team_id", MUST, 5},
	{T_TYPE, "group_type_index, project_id", MUST, 6},
	{T_TYPE, "group_type_index, team_id", MUST, 6},
	{T_OVERRIDE, "feature_flag_key, person_id, team_id", MUST, 7},
	{T_EVENT, "COALESCE(project_id, team_id::bigint), name",
		FLAG(definition_by_project), 8},
	{T_EVENT, "name, team_id", MUST, 8},
};
#define N_GROUPS 9

enum check_sql { CHECK_TABLES, CHECK_COLUMNS, CHECK_UNIQUES, CHECK_N };
static const char *const texts[CHECK_N] = {
	[CHECK_TABLES] =
		"SELECT c.relname::text, c.relkind IN ('r', 'p'), "
		"concat_ws(', ', "
		"CASE WHEN r LIKE '%S%' AND NOT "
		"has_table_privilege(c.oid, 'SELECT') THEN 'SELECT' END, "
		"CASE WHEN r LIKE '%I%' AND NOT "
		"has_table_privilege(c.oid, 'INSERT') THEN 'INSERT' END, "
		"CASE WHEN r LIKE '%U%' AND NOT "
		"has_table_privilege(c.oid, 'UPDATE') THEN 'UPDATE' END, "
		"CASE WHEN r LIKE '%u%' AND NOT "
		"has_any_column_privilege(c.oid, 'UPDATE') "
		"THEN 'UPDATE' END, "
		"CASE WHEN r LIKE '%D%' AND NOT "
		"has_table_privilege(c.oid, 'DELETE') THEN 'DELETE' END) "
		"FROM unnest($1, $2) AS o (name, r) "
		"JOIN pg_class c ON c.oid = to_regclass(o.name)",
	[CHECK_COLUMNS] =
		"SELECT o.ord - 1, a.attname::text, t.typname::text, "
		"a.attnotnull, a.atthasdef OR a.attidentity <> '' "
		"FROM unnest($1) WITH ORDINALITY AS o (name, ord) "
		"JOIN pg_attribute a ON a.attrelid = to_regclass(o.name) "
		"JOIN pg_type t ON t.oid = a.atttypid "
		"WHERE a.attnum > 0 AND NOT a.attisdropped",
	/* Deferrable ones cannot be named by ON CONFLICT. */
	[CHECK_UNIQUES] =
		"SELECT o.ord - 1, array_to_string(ARRAY(SELECT "
		"pg_get_indexdef(i.indexrelid, k::integer, true) "
		"COLLATE \"C\" FROM generate_series(1, i.indnkeyatts) AS k "
		"ORDER BY 1), ', ') "
		"FROM unnest($1) WITH ORDINALITY AS o (name, ord) "
		"JOIN pg_index i ON i.indrelid = to_regclass(o.name) "
		"WHERE i.indisunique AND i.indisvalid AND i.indimmediate "
		"AND i.indpred IS NULL",
};
static const struct pg_sql_set check_sql = {"check", texts, CHECK_N};

struct check {
	struct pg_conn *c;
	struct pg_schema *out;
	struct pg_array names, rights;
	bool has_table[T_N];
	bool has_column[N_COLUMNS];
	bool has_unique[N_GROUPS];
};

static void
set_flag(struct check *k, size_t at)
{
	bool *flag = (bool *)(void *)((char *)k->out + at);

	*flag = true;
}

static bool
has_word(const char *words, struct slice w)
{
	const char *at = strstr(words, " ");
	struct slice first = slice_of(
		words, at != NULL ? (size_t)(at - words) : strlen(words));

	return slice_eq(first, w) || (at != NULL && has_word(at + 1, w));
}

static int
check_tables(struct check *k, struct err *e)
{
	struct pg_conn *c = k->c;
	struct pg_stmt *st = pg_get(c, &check_sql, CHECK_TABLES);
	int rc;

	pg_bind_array(st, 1, &k->names);
	pg_bind_array(st, 2, &k->rights);
	rc = pg_run(st, e);
	for (int i = 0; rc == 0 && i < pg_n_rows(c); i++) {
		struct slice name = pg_col_text(c, i, 0);
		struct slice lacks = pg_col_text(c, i, 2);

		for (int t = 0; t < T_N; t++)
			k->has_table[t] |= slice_eq_str(name, tables[t].name);
		if (!pg_col_bool(c, i, 1))
			rc = err_set(e, ERR_INVALID,
				"Postgres: %.*s is not a table",
				SLICE_FMT(name));
		else if (lacks.len > 0)
			rc = err_set(e, ERR_DENIED,
				"the Postgres role may not %.*s on %.*s: GRANT "
				"it",
				SLICE_FMT(lacks), SLICE_FMT(name));
	}
	for (int t = 0; rc == 0 && t < T_N; t++)
		if (tables[t].is_needed && !k->has_table[t])
			rc = err_set(e, ERR_INVALID,
				"Postgres: the schema %s has tables of PostHog "
				"but no %s; is this the database of persons "
				"and projects?",
				c->pg->schema, tables[t].name);
	return rc;
}

static bool
is_filled(int table, struct slice name)
{
	for (size_t i = 0; i < ARRAY_LEN(filled); i++)
		if ((int)filled[i].table == table &&
			slice_eq_str(name, filled[i].name))
			return true;
	return false;
}

/* A row of CHECK_COLUMNS. */
static int
check_column(struct check *k, int row, struct err *e)
{
	int t = (int)pg_col_i64(k->c, row, 0);
	struct slice name = pg_col_text(k->c, row, 1);
	struct slice type = pg_col_text(k->c, row, 2);
	bool must_be_filled =
		pg_col_bool(k->c, row, 3) && !pg_col_bool(k->c, row, 4);
	int i = 0;

	while (i < N_COLUMNS && !((int)columns[i].table == t &&
					slice_eq_str(name, columns[i].name)))
		i++;
	if (i == N_COLUMNS) {
		if (!must_be_filled || is_filled(t, name) ||
			strchr(tables[t].rights, 'I') == NULL)
			return 0;
		return err_set(e, ERR_INVALID,
			"Postgres: %s.%.*s is NOT NULL without a default, and "
			"this Sluice does not know it: ALTER TABLE … SET "
			"DEFAULT, or install a newer Sluice",
			tables[t].name, SLICE_FMT(name));
	}
	if (!has_word(columns[i].types, type))
		return err_set(e, ERR_INVALID,
			"Postgres: %s.%.*s is of type %.*s, needed is %s",
			tables[t].name, SLICE_FMT(name), SLICE_FMT(type),
			columns[i].types);
	k->has_column[i] = true;
	if (columns[i].flag != MUST)
		set_flag(k, columns[i].flag);
	return 0;
}

/* Tables that may be missing count only when they are whole. */
static int
check_columns(struct check *k, struct err *e)
{
	struct pg_stmt *st = pg_get(k->c, &check_sql, CHECK_COLUMNS);
	int rc;

	pg_bind_array(st, 1, &k->names);
	rc = pg_run(st, e);
	for (int i = 0; rc == 0 && i < pg_n_rows(k->c); i++)
		rc = check_column(k, i, e);
	for (int i = 0; rc == 0 && i < N_COLUMNS; i++) {
		const struct column *col = &columns[i];

		if (k->has_column[i] || col->flag != MUST)
			continue;
		if (tables[col->table].is_needed)
			return err_set(e, ERR_INVALID,
				"Postgres: %s has no column %s",
				tables[col->table].name, col->name);
		k->has_table[col->table] = false;
	}
	return rc;
}

static int
check_uniques(struct check *k, struct err *e)
{
	struct pg_stmt *st = pg_get(k->c, &check_sql, CHECK_UNIQUES);
	int rc;

	pg_bind_array(st, 1, &k->names);
	rc = pg_run(st, e);
	for (int r = 0; rc == 0 && r < pg_n_rows(k->c); r++) {
		int t = (int)pg_col_i64(k->c, r, 0);

		for (size_t i = 0; i < ARRAY_LEN(uniques); i++) {
			if ((int)uniques[i].table != t ||
				!slice_eq_str(pg_col_text(k->c, r, 1),
					uniques[i].keys))
				continue;
			k->has_unique[uniques[i].group] = true;
			if (uniques[i].flag != MUST)
				set_flag(k, uniques[i].flag);
		}
	}
	for (size_t i = 0; rc == 0 && i < ARRAY_LEN(uniques); i++) {
		const struct unique *u = &uniques[i];

		if (u->group == 0 || k->has_unique[u->group])
			continue;
		if (tables[u->table].is_needed)
			return err_set(e, ERR_INVALID,
				"Postgres: %s has no unique constraint over "
				"(%s)",
				tables[u->table].name, u->keys);
		k->has_table[u->table] = false;
	}
	return rc;
}

int
pg_schema_check(struct pg_conn *c, struct pg_schema *out, struct err *e)
{
	struct check k = {.c = c, .out = out};
	int rc;

	pg_array_init(&k.names, PG_TEXT, 4096);
	pg_array_init(&k.rights, PG_TEXT, 4096);
	for (int t = 0; t < T_N; t++) {
		pg_array_text(&k.names, slice_str(tables[t].name));
		pg_array_text(&k.rights, slice_str(tables[t].rights));
	}
	rc = check_tables(&k, e);
	if (rc == 0)
		rc = check_columns(&k, e);
	if (rc == 0)
		rc = check_uniques(&k, e);
	out->personless = k.has_table[T_PERSONLESS];
	out->definitions = k.has_table[T_EVENT] && k.has_table[T_PROPERTY] &&
			   k.has_table[T_PAIR];
	pg_array_fini(&k.names);
	pg_array_fini(&k.rights);
	return rc;
}
