#include "admin/stored.h"

#include <string.h>

#include "base/clock.h"
#include "store/sql.h"
#include "store/store.h"

enum stored_sql {
	STORED_SQL_IS_THERE,
	STORED_SQL_ALL,
	STORED_SQL_PUT,
	STORED_SQL_DROP,
	STORED_N_SQL
};

static const char *const texts[] = {
	[STORED_SQL_IS_THERE] =
		"SELECT 1 FROM sqlite_schema WHERE name = 'setting'",
	[STORED_SQL_ALL] =
		"SELECT name, value FROM setting ORDER BY name LIMIT ?1",
	[STORED_SQL_PUT] = "INSERT OR REPLACE INTO setting "
			   "(name, value, set_at_us) VALUES (?1, ?2, ?3)",
	[STORED_SQL_DROP] = "DELETE FROM setting WHERE name = ?1",
};
static const struct sql_set stored_sql = {"setting", texts, STORED_N_SQL};

struct save_job {
	struct store_job job;
	const struct conf_stored *changes;
	int n;
	int64_t now_us;
};

/* A file that no daemon of this version opened yet has not the table. */
static int
is_there(struct store_conn *c, struct err *e)
{
	struct store_stmt *st;
	int rc = sql_get(c, &stored_sql, STORED_SQL_IS_THERE, &st, e);

	if (rc != 0)
		return rc;
	rc = sql_step(st, e);
	sql_reset(st);
	return rc;
}

static int
read_rows(struct store_conn *c, struct arena *a, struct stored *out,
	struct err *e)
{
	struct store_stmt *st;
	int rc = sql_get(c, &stored_sql, STORED_SQL_ALL, &st, e);

	if (rc != 0)
		return rc;
	out->rows = arena_zalloc(a, STORED_MAX, sizeof(*out->rows));
	if (out->rows == NULL)
		return err_set(e, ERR_NO_MEMORY, "settings");
	sql_bind_i64(st, 1, STORED_MAX);
	while ((rc = sql_step(st, e)) == 1) {
		struct conf_stored *r = &out->rows[out->n];

		r->name = arena_strndup(a, sql_col_text(st, 0));
		r->value = arena_strndup(a, sql_col_text(st, 1));
		if (r->name == NULL || r->value == NULL) {
			rc = err_set(e, ERR_NO_MEMORY, "settings");
			break;
		}
		out->n++;
	}
	sql_reset(st);
	return rc;
}

int
stored_read(struct store *config, struct arena *a, struct stored *out,
	struct err *e)
{
	struct store_conn *c;
	int rc = store_reader_open(config, &c, e);

	*out = (struct stored){NULL, 0};
	if (rc != 0)
		return rc;
	rc = is_there(c, e);
	if (rc == 1)
		rc = read_rows(c, a, out, e);
	store_reader_close(c);
	return rc;
}

int
stored_read_folder(const char *data_dir, struct arena *a, struct stored *out,
	struct err *e)
{
	struct store *config;
	int rc = store_open_readonly(data_dir, STORE_CONFIG, &config, e);

	*out = (struct stored){NULL, 0};
	if (rc == -(int)ERR_NOT_FOUND)
		return 0;
	if (rc == 0) {
		rc = stored_read(config, a, out, e);
		store_close(config);
	}
	return rc == 0 ? 0 : err_prefix(e, "settings made in the admin");
}

static int
run_save(struct store_job *j, struct store_conn *c, struct err *e)
{
	struct save_job *s = (struct save_job *)(void *)j;
	int rc = 0;

	for (int i = 0; rc == 0 && i < s->n; i++) {
		const struct conf_stored *x = &s->changes[i];
		struct store_stmt *st;

		rc = sql_get(c, &stored_sql,
			x->value != NULL ? STORED_SQL_PUT : STORED_SQL_DROP,
			&st, e);
		if (rc != 0)
			break;
		sql_bind_text(st, 1, slice_str(x->name));
		if (x->value != NULL) {
			sql_bind_text(st, 2, slice_str(x->value));
			sql_bind_i64(st, 3, s->now_us);
		}
		rc = sql_run(st, e);
	}
	return rc;
}

int
stored_save(struct store *config, const struct conf_stored *changes, int n,
	struct err *e)
{
	struct save_job s = {.changes = changes, .n = n};

	s.job.run = run_save;
	s.job.wipes = true;
	s.job.bytes = sizeof(s);
	s.now_us = clock_now_us();
	return store_call(config, &s.job, e);
}
