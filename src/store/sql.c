#include "store/sql.h"

#include "base/mem.h"
#include "store/store_int.h"

static struct conn_set *
find_set(struct store_conn *c, const struct sql_set *set)
{
	struct conn_set *s;

	for (int i = 0; i < c->n_sets; i++) {
		if (c->sets[i].set == set)
			return &c->sets[i];
	}
	INVARIANT(c->n_sets < CONN_SETS_MAX, "store-9");
	s = &c->sets[c->n_sets];
	s->stmts = mem_zalloc((size_t)set->n, sizeof(*s->stmts));
	if (s->stmts == NULL)
		return NULL;
	s->set = set;
	c->n_sets++;
	return s;
}

int
sql_get(struct store_conn *c, const struct sql_set *set, int i,
	struct store_stmt **out, struct err *e)
{
	struct conn_set *s = find_set(c, set);
	struct store_stmt *st;

	if (s == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory for statements");
	INVARIANT(i >= 0 && i < set->n && set->texts[i] != NULL, "store-9");
	st = &s->stmts[i];
	if (st->st == NULL) {
		int rc = sqlite3_prepare_v3(c->db, set->texts[i], -1,
			SQLITE_PREPARE_PERSISTENT, &st->st, NULL);

		if (rc != SQLITE_OK)
			return store_conn_err(c, rc, set->texts[i], e);
		st->c = c;
	}
	sql_reset(st);
	*out = st;
	return 0;
}

static void
note_bind(struct store_stmt *st, int rc)
{
	if (rc != SQLITE_OK && st->bind_rc == SQLITE_OK)
		st->bind_rc = rc;
}

void
sql_bind_i64(struct store_stmt *st, int i, int64_t v)
{
	note_bind(st, sqlite3_bind_int64(st->st, i, v));
}

void
sql_bind_text(struct store_stmt *st, int i, struct slice v)
{
	note_bind(st, v.p == NULL ? sqlite3_bind_null(st->st, i)
				  : sqlite3_bind_text64(st->st, i, v.p, v.len,
					    SQLITE_STATIC, SQLITE_UTF8));
}

void
sql_bind_blob(struct store_stmt *st, int i, struct slice v)
{
	note_bind(st, v.p == NULL ? sqlite3_bind_null(st->st, i)
				  : sqlite3_bind_blob64(st->st, i, v.p, v.len,
					    SQLITE_STATIC));
}

void
sql_bind_null(struct store_stmt *st, int i)
{
	note_bind(st, sqlite3_bind_null(st->st, i));
}

int
sql_step(struct store_stmt *st, struct err *e)
{
	int rc = st->bind_rc;

	if (rc == SQLITE_OK)
		rc = sqlite3_step(st->st);
	if (rc == SQLITE_ROW)
		return 1;
	if (rc == SQLITE_DONE) {
		sql_reset(st);
		return 0;
	}
	rc = store_conn_err(st->c, rc, sqlite3_sql(st->st), e);
	sql_reset(st);
	return rc;
}

int
sql_run(struct store_stmt *st, struct err *e)
{
	int r;

	do {
		r = sql_step(st, e);
	} while (r > 0);
	return r;
}

void
sql_reset(struct store_stmt *st)
{
	sqlite3_reset(st->st);
	st->bind_rc = SQLITE_OK;
}

int64_t
sql_col_i64(struct store_stmt *st, int i)
{
	return sqlite3_column_int64(st->st, i);
}

struct slice
sql_col_text(struct store_stmt *st, int i)
{
	const unsigned char *p = sqlite3_column_text(st->st, i);

	return slice_of(
		(const char *)p, (size_t)sqlite3_column_bytes(st->st, i));
}

struct slice
sql_col_blob(struct store_stmt *st, int i)
{
	const void *p = sqlite3_column_blob(st->st, i);

	return slice_of(p, (size_t)sqlite3_column_bytes(st->st, i));
}

bool
sql_col_is_null(struct store_stmt *st, int i)
{
	return sqlite3_column_type(st->st, i) == SQLITE_NULL;
}

int64_t
sql_last_rowid(struct store_conn *c)
{
	return sqlite3_last_insert_rowid(c->db);
}

int
sql_changes(struct store_conn *c)
{
	return sqlite3_changes(c->db);
}
