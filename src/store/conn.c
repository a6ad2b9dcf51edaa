#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "store/store_int.h"
#include "store/store_test.h"

const char *store_vfs;

void
store_test_set_vfs(const char *name)
{
	store_vfs = name;
}

int
store_conn_open(
	struct store *s, int flags, struct store_conn **out, struct err *e)
{
	struct store_conn *c = mem_new(struct store_conn);
	int rc;

	if (c == NULL)
		return err_set(
			e, ERR_NO_MEMORY, "no memory to open %s", s->path);
	c->s = s;
	rc = sqlite3_open_v2(s->uri == NULL ? s->path : s->uri, &c->db,
		flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, store_vfs);
	if (rc != SQLITE_OK) {
		rc = store_conn_err(c, rc, "open", e);
		sqlite3_close(c->db);
		mem_free(c);
		return rc;
	}
	sqlite3_busy_timeout(c->db, STORE_BUSY_MS);
	*out = c;
	return 0;
}

static void
finalize_all(struct store_conn *c)
{
	for (int i = 0; i < c->n_sets; i++) {
		for (int k = 0; k < c->sets[i].set->n; k++)
			sqlite3_finalize(c->sets[i].stmts[k].st);
		mem_free(c->sets[i].stmts);
	}
	c->n_sets = 0;
}

void
store_conn_close(struct store_conn *c)
{
	if (c == NULL)
		return;
	finalize_all(c);
	/* store-5: the last close would copy the WAL into the file. */
	if (atomic_load(&c->s->failed))
		sqlite3_db_config(
			c->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	INVARIANT(sqlite3_close(c->db) == SQLITE_OK, "store-9");
	mem_free(c);
}

int
store_conn_exec(struct store_conn *c, const char *text, struct err *e)
{
	int rc = sqlite3_exec(c->db, text, NULL, NULL, NULL);

	return rc == SQLITE_OK ? 0 : store_conn_err(c, rc, text, e);
}

static int
take_int(void *cookie, int n, char **values, char **names)
{
	int64_t *out = cookie;

	(void)names;
	if (n > 0 && values[0] != NULL) {
		*out = 0;
		for (const char *p = values[0]; *p >= '0' && *p <= '9'; p++)
			*out = *out * 10 + (*p - '0');
	}
	return 0;
}

int
store_conn_int(
	struct store_conn *c, const char *text, int64_t *out, struct err *e)
{
	int rc = sqlite3_exec(c->db, text, take_int, out, NULL);

	return rc == SQLITE_OK ? 0 : store_conn_err(c, rc, text, e);
}

int
store_conn_set_secure(struct store_conn *c, bool is_secure, struct err *e)
{
	int r;

	if (c->is_secure == is_secure)
		return 0;
	r = store_conn_exec(c,
		is_secure ? "PRAGMA secure_delete=ON"
			  : "PRAGMA secure_delete=OFF",
		e);
	if (r == 0)
		c->is_secure = is_secure;
	return r;
}

int
store_conn_run(struct store_conn *c, enum store_sql i, struct err *e)
{
	struct store_stmt *st;
	int r = sql_get(c, &store_sql, (int)i, &st, e);

	return r != 0 ? r : sql_run(st, e);
}

int
store_conn_prepare_ends(struct store_conn *c, struct err *e)
{
	static const enum store_sql ends[] = {STORE_SQL_COMMIT,
		STORE_SQL_ROLLBACK, STORE_SQL_ROLLBACK_TO, STORE_SQL_RELEASE};

	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		struct store_stmt *st;
		int r = sql_get(c, &store_sql, (int)ends[i], &st, e);

		if (r != 0)
			return r;
	}
	return 0;
}

void
store_conn_reset_all(struct store_conn *c)
{
	for (sqlite3_stmt *st = sqlite3_next_stmt(c->db, NULL); st != NULL;
		st = sqlite3_next_stmt(c->db, st)) {
		if (sqlite3_stmt_busy(st))
			sqlite3_reset(st);
	}
}

/* The disk is full also where SQLite says I/O error: growing the wal-index,
 * for one. Not so a failed sync, after which nothing is sure (store-5). */
static bool
is_full(struct store_conn *c, int rc)
{
	int sys;

	if ((rc & 0xff) == SQLITE_FULL)
		return true;
	if ((rc & 0xff) != SQLITE_IOERR || rc == SQLITE_IOERR_FSYNC ||
		rc == SQLITE_IOERR_DIR_FSYNC || c->db == NULL)
		return false;
	sys = sqlite3_system_errno(c->db);
	return sys == ENOSPC || sys == EDQUOT;
}

static enum err_code
code_of(struct store_conn *c, int rc)
{
	if (is_full(c, rc))
		return ERR_NO_SPACE;
	if (rc == SQLITE_IOERR_NOMEM)
		return ERR_NO_MEMORY;
	switch (rc & 0xff) {
	case SQLITE_IOERR:
	case SQLITE_CANTOPEN:
	case SQLITE_READONLY:
	case SQLITE_PERM:
	case SQLITE_AUTH:
	case SQLITE_PROTOCOL:
	case SQLITE_NOLFS:
		return ERR_IO;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return ERR_CORRUPT;
	case SQLITE_NOMEM:
		return ERR_NO_MEMORY;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return ERR_BUSY;
	case SQLITE_CONSTRAINT:
		return ERR_EXISTS;
	case SQLITE_TOOBIG:
		return ERR_TOO_BIG;
	case SQLITE_INTERRUPT:
		return ERR_TIMEOUT;
	default:
		return ERR_BUG;
	}
}

static const char *
hint_of(enum err_code code)
{
	if (code == ERR_CORRUPT)
		return "; restore this file from a backup";
	return code == ERR_NO_SPACE ? "; free some space" : "";
}

int
store_conn_err(struct store_conn *c, int rc, const char *what, struct err *e)
{
	enum err_code code = code_of(c, rc);
	const char *text =
		c->db == NULL ? sqlite3_errstr(rc) : sqlite3_errmsg(c->db);
	int r;

	if (rc == SQLITE_OK)
		code = ERR_BUG;
	r = err_set(e, code, "%s: %s (SQLite %d at %.60s)%s", c->s->path, text,
		rc, what, hint_of(code));
	if (c->db != NULL && (code == ERR_IO || code == ERR_NO_SPACE))
		e->sys_errno = sqlite3_system_errno(c->db);
	if (c->tx_rc == 0 &&
		(code == ERR_NO_SPACE || code == ERR_IO ||
			code == ERR_CORRUPT || code == ERR_NO_MEMORY)) {
		c->tx_rc = rc;
		c->tx_err = *e;
	}
	return r;
}

void
store_attach(struct store *s, void *p)
{
	s->attached = p;
}

void *
store_attached(const struct store *s)
{
	return s->attached;
}

void *
store_conn_attached(const struct store_conn *c)
{
	return c->s->attached;
}
