#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "store/store_int.h"

#define FILES_MAX 64

/* "SLU" and a letter for the kind; PRAGMA application_id. */
static const int32_t application_ids[] = {
	[STORE_CONFIG] = 0x534c5543,
	[STORE_SPOOL] = 0x534c5550,
	[STORE_STATE] = 0x534c5553,
	[STORE_BROKER] = 0x534c5542,
};

static const struct sql_text *const own_files[] = {
	[STORE_CONFIG] = sql_config,
	[STORE_SPOOL] = sql_spool,
	[STORE_STATE] = sql_state,
	[STORE_BROKER] = sql_broker,
};

enum schema_sql { SCHEMA_LIST, SCHEMA_NOTE, SCHEMA_N };
static const char *const texts[SCHEMA_N] = {
	[SCHEMA_LIST] = "SELECT name, checksum FROM migration ORDER BY name",
	[SCHEMA_NOTE] = "INSERT INTO migration (name, checksum, applied_at_us)"
			" VALUES (?1, ?2, ?3)",
};
static const struct sql_set schema_sql = {"schema", texts, SCHEMA_N};

struct file_list {
	const struct sql_text *files[FILES_MAX];
	bool is_applied[FILES_MAX];
	int n;
};

/* Puts a file where its name belongs. */
static void
insert_file(struct file_list *l, const struct sql_text *f)
{
	int i;

	INVARIANT(l->n < FILES_MAX, "store-8");
	for (i = l->n; i > 0 && strcmp(l->files[i - 1]->name, f->name) > 0; i--)
		l->files[i] = l->files[i - 1];
	l->files[i] = f;
	l->n++;
}

static void
list_files(struct file_list *l, enum store_kind kind)
{
	*l = (struct file_list){.n = 0};
	for (const struct sql_text *f = sql_base; f->name != NULL; f++)
		insert_file(l, f);
	for (const struct sql_text *f = sql_log;
		f->name != NULL && kind != STORE_CONFIG; f++)
		insert_file(l, f);
	for (const struct sql_text *f = own_files[kind]; f->name != NULL; f++)
		insert_file(l, f);
}

int
store_schema_check(struct store_conn *c, bool *is_new, struct err *e)
{
	struct file_list l;
	int64_t id = 0, version = 0, n_tables = 0;
	int r;

	list_files(&l, c->s->kind);
	if ((r = store_conn_int(c, "PRAGMA application_id", &id, e)) != 0 ||
		(r = store_conn_int(c, "PRAGMA user_version", &version, e)) !=
			0 ||
		(r = store_conn_int(c, "SELECT count(*) FROM sqlite_schema",
			 &n_tables, e)) != 0)
		return r;
	*is_new = n_tables == 0;
	if (*is_new && id == 0)
		return 0;
	if (id != application_ids[c->s->kind])
		return err_set(e, ERR_CORRUPT,
			"%s is not this file of Sluice (application id %llx, "
			"should be %x); move it away",
			c->s->path, (unsigned long long)id,
			(unsigned)application_ids[c->s->kind]);
	/* store-8 */
	if (version > l.n)
		return err_set(e, ERR_UNSUPPORTED,
			"%s was written by a newer Sluice (schema %lld, this "
			"program knows %d); install that version",
			c->s->path, (long long)version, l.n);
	return 0;
}

static int
note_applied(struct file_list *l, struct slice name, int64_t checksum,
	struct store_conn *c, struct err *e)
{
	for (int i = 0; i < l->n; i++) {
		const struct sql_text *f = l->files[i];

		if (!slice_eq_str(name, f->name))
			continue;
		l->is_applied[i] = true;
		if ((int64_t)hash_xx64(f->text, strlen(f->text)) != checksum)
			log_warn("store_schema_differs",
				"path=%s file=%s text=%s", log_q(c->s->path),
				f->name,
				log_q("applied with another text than this "
				      "program has"));
		return 0;
	}
	return err_set(e, ERR_UNSUPPORTED,
		"%s was written by a newer Sluice (it has %.*s); install that "
		"version",
		c->s->path, SLICE_FMT(name));
}

static int
mark_applied(struct store_conn *c, struct file_list *l, struct err *e)
{
	struct store_stmt *st;
	int r = sql_get(c, &schema_sql, SCHEMA_LIST, &st, e);

	while (r == 0 && (r = sql_step(st, e)) > 0)
		r = note_applied(
			l, sql_col_text(st, 0), sql_col_i64(st, 1), c, e);
	if (r != 0)
		store_conn_reset_all(c);
	return r;
}

static int
apply_file(struct store_conn *c, const struct sql_text *f, struct err *e)
{
	struct store_stmt *st;
	int r = store_conn_exec(c, f->text, e);

	if (r != 0)
		return err_prefix(e, "sql file %s", f->name);
	r = sql_get(c, &schema_sql, SCHEMA_NOTE, &st, e);
	if (r != 0)
		return r;
	sql_bind_text(st, 1, slice_str(f->name));
	sql_bind_i64(st, 2, (int64_t)hash_xx64(f->text, strlen(f->text)));
	sql_bind_i64(st, 3, clock_now_us());
	return sql_run(st, e);
}

static int
apply_missing(struct store_conn *c, struct file_list *l, struct err *e)
{
	char pragma[96];
	int r = 0;

	for (int i = 0; i < l->n && r == 0; i++) {
		if (!l->is_applied[i])
			r = apply_file(c, l->files[i], e);
	}
	if (r != 0)
		return r;
	snprintf(pragma, sizeof(pragma),
		"PRAGMA application_id=%d; PRAGMA user_version=%d",
		application_ids[c->s->kind], l->n);
	return store_conn_exec(c, pragma, e);
}

int
store_schema_apply(struct store_conn *c, struct err *e)
{
	struct file_list l;
	bool is_new, is_whole = true;
	struct err ignored;
	int r = store_schema_check(c, &is_new, e);

	if (r != 0)
		return r;
	list_files(&l, c->s->kind);
	if (!is_new && (r = mark_applied(c, &l, e)) != 0)
		return r;
	for (int i = 0; i < l.n; i++)
		is_whole = is_whole && l.is_applied[i];
	if (is_whole)
		return 0;
	if ((r = store_conn_run(c, STORE_SQL_BEGIN, e)) != 0)
		return r;
	r = apply_missing(c, &l, e);
	if (r == 0)
		r = store_conn_run(c, STORE_SQL_COMMIT, e);
	if (r != 0)
		ERR_IGNORE(store_conn_run(c, STORE_SQL_ROLLBACK, &ignored),
			"SQLite may have rolled back already");
	return r;
}
