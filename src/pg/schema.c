#include "pg/schema.h"

#include <string.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/sql_text.h"
#include "pg/pg_int.h"

#define FILES_MAX 64
#define LOCK_KEY 0x534c55494345 /* "SLUICE": two nodes do not migrate at once */

extern const struct sql_text sql_sluice[], sql_posthog[];

enum schema_sql {
	SCHEMA_STATE,
	SCHEMA_APPLIED,
	SCHEMA_LOCK,
	SCHEMA_MAKE,
	SCHEMA_MAKE_MIGRATION,
	SCHEMA_NOTE,
	SCHEMA_N
};
static const char *const texts[SCHEMA_N] = {
	[SCHEMA_STATE] =
		"SELECT to_regnamespace('sluice') IS NOT NULL, "
		"to_regclass('sluice.migration') IS NOT NULL, "
		"current_setting('server_encoding'), current_user::text, "
		"current_schema() IS NOT NULL, "
		"(SELECT count(*) FROM pg_class c JOIN pg_namespace n "
		"ON n.oid = c.relnamespace WHERE n.nspname = current_schema() "
		"AND c.relname LIKE 'posthog\\_%' "
		"AND c.relkind IN ('r', 'p', 'v', 'm', 'f'))",
	[SCHEMA_APPLIED] =
		"SELECT name, checksum FROM sluice.migration ORDER BY name",
	[SCHEMA_LOCK] = "SELECT pg_advisory_xact_lock($1)",
	[SCHEMA_MAKE] = "CREATE SCHEMA sluice",
	[SCHEMA_MAKE_MIGRATION] =
		"CREATE TABLE sluice.migration (name text PRIMARY KEY, "
		"checksum bigint NOT NULL, "
		"applied_at timestamptz NOT NULL DEFAULT now())",
	[SCHEMA_NOTE] = "INSERT INTO sluice.migration (name, checksum) "
			"VALUES ($1, $2)",
};
static const struct pg_sql_set schema_sql = {"schema", texts, SCHEMA_N};

struct file {
	const struct sql_text *text;
	const char *folder;
	bool is_applied;
};

/* What a database has. */
struct found {
	bool has_schema, has_migration, has_search_path;
	bool is_posthog; /* tables that we did not make */
	bool made_by_sluice;
	bool is_utf8;
	char user[64];
	struct file files[FILES_MAX];
	int n;
};

static void
list_files(struct found *f, const struct sql_text *t, const char *folder)
{
	for (; t->name != NULL; t++) {
		INVARIANT(f->n < FILES_MAX, "pg-2");
		f->files[f->n++] = (struct file){t, folder, false};
	}
}

static void
file_name(const struct file *f, char out[80])
{
	snprintf(out, 80, "%s/%s", f->folder, f->text->name);
}

static int64_t
checksum(const struct file *f)
{
	return (int64_t)hash_xx64(f->text->text, strlen(f->text->text));
}

static int
note_applied(struct found *f, struct slice name, int64_t sum, struct err *e)
{
	char mine[80];

	for (int i = 0; i < f->n; i++) {
		file_name(&f->files[i], mine);
		if (!slice_eq_str(name, mine))
			continue;
		f->files[i].is_applied = true;
		if (strcmp(f->files[i].folder, "posthog") == 0)
			f->made_by_sluice = true;
		if (sum != checksum(&f->files[i]))
			log_warn("postgres_schema_differs", "file=%s", mine);
		return 0;
	}
	return err_set(e, ERR_UNSUPPORTED,
		"the Postgres database was made by a newer Sluice (it has "
		"%.*s): install that version",
		SLICE_FMT(name));
}

static int
read_applied(struct pg_conn *c, struct found *f, struct err *e)
{
	int rc = pg_run(pg_get(c, &schema_sql, SCHEMA_APPLIED), e);

	for (int i = 0; rc == 0 && i < pg_n_rows(c); i++)
		rc = note_applied(
			f, pg_col_text(c, i, 0), pg_col_i64(c, i, 1), e);
	return rc;
}

static int
look(struct pg_conn *c, struct found *f, struct err *e)
{
	int rc = pg_run(pg_get(c, &schema_sql, SCHEMA_STATE), e);
	int64_t n_tables;

	if (rc != 0)
		return rc;
	*f = (struct found){.n = 0};
	list_files(f, sql_sluice, "sluice");
	list_files(f, sql_posthog, "posthog");
	f->has_schema = pg_col_bool(c, 0, 0);
	f->has_migration = pg_col_bool(c, 0, 1);
	f->is_utf8 = slice_eq_str(pg_col_text(c, 0, 2), "UTF8");
	snprintf(f->user, sizeof(f->user), "%.*s",
		SLICE_FMT(pg_col_text(c, 0, 3)));
	f->has_search_path = pg_col_bool(c, 0, 4);
	n_tables = pg_col_i64(c, 0, 5);
	if (f->has_migration)
		rc = read_applied(c, f, e);
	f->is_posthog = n_tables > 0 && !f->made_by_sluice;
	if (rc == 0 && !f->is_utf8)
		rc = err_set(e, ERR_UNSUPPORTED,
			"the Postgres database is not encoded in UTF8");
	if (rc == 0 && !f->has_search_path)
		rc = err_set(e, ERR_INVALID,
			"the Postgres schema %s is not there or may not be "
			"used: see the setting postgres.schema",
			c->pg->schema);
	return rc;
}

static bool
is_wanted(const struct found *f, const struct file *file)
{
	return !file->is_applied &&
	       (!f->is_posthog || strcmp(file->folder, "posthog") != 0);
}

static bool
is_ready(const struct found *f)
{
	for (int i = 0; i < f->n; i++)
		if (is_wanted(f, &f->files[i]))
			return false;
	return f->has_migration;
}

static int
apply_file(struct pg_conn *c, const struct file *f, struct err *e)
{
	int rc = pg_run_script(c, f->text->text, e);
	char name[80];
	struct pg_stmt *st;

	file_name(f, name);
	if (rc != 0)
		return rc == -ERR_DENIED ? rc : err_prefix(e, "%s", name);
	st = pg_get(c, &schema_sql, SCHEMA_NOTE);
	pg_bind_text(st, 1, slice_str(name));
	pg_bind_i64(st, 2, checksum(f));
	rc = pg_run(st, e);
	if (rc == 0)
		log_info("postgres_migrated", "file=%s", name);
	return rc;
}

static int
make(struct pg_conn *c, struct found *f, struct err *e)
{
	struct pg_stmt *st;
	int rc = pg_begin(c, e);

	if (rc != 0)
		return rc;
	st = pg_get(c, &schema_sql, SCHEMA_LOCK);
	pg_bind_i64(st, 1, LOCK_KEY);
	rc = pg_run(st, e);
	/* Under the lock: another node may have done all by now. */
	if (rc == 0)
		rc = look(c, f, e);
	if (rc == 0 && !f->has_schema)
		rc = pg_run(pg_get(c, &schema_sql, SCHEMA_MAKE), e);
	if (rc == 0 && !f->has_migration)
		rc = pg_run(pg_get(c, &schema_sql, SCHEMA_MAKE_MIGRATION), e);
	for (int i = 0; rc == 0 && i < f->n; i++)
		if (is_wanted(f, &f->files[i]))
			rc = apply_file(c, &f->files[i], e);
	if (rc == 0)
		rc = pg_commit(c, e);
	else
		pg_rollback(c);
	/* Whether it was done is seen by looking. */
	if (rc == -ERR_UNSURE)
		rc = err_set(e, ERR_UNAVAILABLE,
			"Postgres: lost while tables were made");
	return rc;
}

static int
say_rights(const struct pg_conn *c, const struct found *f, struct err *e)
{
	const char *user = f->user;

	if (f->is_posthog)
		return err_set(e, ERR_DENIED,
			"the Postgres role %s may not make Sluice's tables; "
			"as the database's owner run: CREATE SCHEMA IF NOT "
			"EXISTS sluice; GRANT ALL ON SCHEMA sluice TO \"%s\"",
			user, user);
	return err_set(e, ERR_DENIED,
		"the Postgres role %s may not make tables; as owner run: "
		"CREATE SCHEMA IF NOT EXISTS sluice; GRANT ALL ON SCHEMA "
		"sluice TO \"%s\"; GRANT CREATE ON SCHEMA \"%s\" TO \"%s\"",
		user, user, c->pg->schema, user);
}

int
pg_schema_prepare(struct pg_conn *c, struct pg_schema *out, struct err *e)
{
	struct pg_schema s = {.made_by_sluice = false};
	struct found f;
	int rc = look(c, &f, e);

	/* What others made, or may not be made at all, is seen first: in a
	 * database that will not do nothing is made (pg-6). */
	if (rc == 0 && f.is_posthog)
		rc = pg_schema_check(c, &s, e);
	if (rc == 0 && !is_ready(&f)) {
		rc = make(c, &f, e);
		if (rc == -ERR_DENIED)
			return say_rights(c, &f, e);
		if (rc == 0)
			rc = look(c, &f, e);
	}
	if (rc == 0 && !f.is_posthog)
		rc = pg_schema_check(c, &s, e);
	if (rc != 0)
		return rc;
	s.made_by_sluice = f.made_by_sluice;
	s.is_posthog = f.is_posthog;
	s.is_prepared = true;
	*out = s;
	return 0;
}

int
pg_schema_look(struct pg_conn *c, struct pg_schema *out, struct err *e)
{
	struct pg_schema s = {.made_by_sluice = false};
	struct found f;
	int rc = look(c, &f, e);

	if (rc == 0 && (f.is_posthog || is_ready(&f)))
		rc = pg_schema_check(c, &s, e);
	if (rc != 0)
		return rc;
	s.made_by_sluice = f.made_by_sluice;
	s.is_posthog = f.is_posthog;
	s.is_prepared = is_ready(&f);
	*out = s;
	return 0;
}
