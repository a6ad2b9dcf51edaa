#include "run/local.h"

#include <unistd.h>

#include "admin/admin.h"
#include "pg/pg.h"
#include "run/daemon.h"
#include "run/datadir.h"
#include "run/settings.h"
#include "team/team.h"

#define QUEUE_BYTES ((size_t)16 * 1024 * 1024)

/* Files of the folder that a call needs; those that are only read are not
 * brought up to this version. */
struct files {
	struct store *config, *spool, *state;
};

static bool
reads_only(const char *path)
{
	const struct slice audit = SLICE_LIT("/api/v1/audit");
	const struct slice p = slice_str(path);

	return slice_starts(p, audit) &&
	       (p.len == audit.len || p.p[audit.len] == '?');
}

static void
close_files(struct files *f)
{
	store_close(f->state);
	store_close(f->spool);
	store_close(f->config);
}

static int
open_files(const char *dir, const char *path, struct files *f, struct err *e)
{
	const struct store_options so = {
		.dir = dir,
		.kind = STORE_CONFIG,
		.queue_bytes = QUEUE_BYTES,
	};
	int rc;

	if (!reads_only(path))
		return store_open(&so, &f->config, e);
	rc = store_open_readonly(dir, STORE_CONFIG, &f->config, e);
	if (rc == 0)
		rc = store_open_readonly(dir, STORE_SPOOL, &f->spool, e);
	if (rc == 0)
		rc = store_open_readonly(dir, STORE_STATE, &f->state, e);
	if (rc < 0)
		close_files(f);
	return rc;
}

/* The last seen projects count while Postgres is away; changes say why not. */
static int
open_teams(const struct files *f, struct pg *pg, bool is_fresh,
	struct team_cache **out, struct err *e)
{
	struct err away;
	int rc = team_cache_new(f->config, out, e);

	if (rc == 0 && pg != NULL)
		rc = team_cache_attach(*out, pg, e);
	if (rc == 0 && is_fresh)
		ERR_IGNORE(team_cache_refresh(*out, &away), "see above");
	return rc;
}

static int
try_settings(void *cookie, const struct conf_stored *rows, int n,
	struct conf_set **out, struct err *e)
{
	return settings_try(cookie, rows, n, out, e);
}

static int
call_admin(const struct daemon_options *c, struct conf_set *conf,
	const struct files *f, const char *method, const char *path,
	struct slice body, struct buf *out, int *status, struct err *e)
{
	const struct admin_settings settings = {
		.try_rows = try_settings,
		.cookie = (void *)(uintptr_t)c,
	};
	struct admin_options o = {
		.conf = conf,
		.settings = &settings,
		.data_dir = c->data_dir,
		.config = f->config,
		.spool = f->spool,
		.state = f->state,
	};
	struct admin *admin;
	int rc = settings_postgres(conf_values(conf), &o.pg, e);

	if (rc == 0)
		rc = open_teams(f, o.pg, !reads_only(path), &o.teams, e);
	if (rc == 0)
		rc = admin_new(&o, &admin, e);
	if (rc == 0) {
		*status = admin_request(admin, method, path, body, out);
		admin_free(admin);
	}
	team_cache_free(o.teams);
	pg_free(o.pg);
	return rc;
}

int
local_call(const struct daemon_options *c, const char *method, const char *path,
	struct slice body, struct buf *out, int *status, struct err *e)
{
	struct files files = {0};
	struct conf_set *conf;
	int lock_fd;
	int rc = settings_load(c, &conf, e);

	if (rc < 0)
		return rc;
	rc = datadir_prepare(c->data_dir, e);
	if (rc == 0)
		rc = datadir_lock(c->data_dir, &lock_fd, e);
	if (rc < 0)
		goto free_conf;
	rc = open_files(c->data_dir, path, &files, e);
	if (rc == 0) {
		rc = call_admin(
			c, conf, &files, method, path, body, out, status, e);
		close_files(&files);
	}
	close(lock_fd);
free_conf:
	conf_free(conf);
	return rc;
}
