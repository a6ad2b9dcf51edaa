#include "run/local.h"

#include <unistd.h>

#include "admin/admin.h"
#include "run/daemon.h"
#include "run/datadir.h"
#include "run/settings.h"
#include "team/team.h"

#define QUEUE_BYTES ((size_t)16 * 1024 * 1024)

static int
call_admin(const struct daemon_options *c, struct conf_set *conf,
	struct store *config, const char *method, const char *path,
	struct slice body, struct buf *out, int *status, struct err *e)
{
	struct admin_options o = {
		.conf = conf,
		.data_dir = c->data_dir,
		.config = config,
	};
	struct admin *admin;
	int rc = team_cache_new(config, &o.teams, e);

	if (rc < 0)
		return rc;
	rc = admin_new(&o, &admin, e);
	if (rc == 0) {
		*status = admin_request(admin, method, path, body, out);
		admin_free(admin);
	}
	team_cache_free(o.teams);
	return rc;
}

int
local_call(const struct daemon_options *c, const char *method, const char *path,
	struct slice body, struct buf *out, int *status, struct err *e)
{
	struct store_options so = {
		.dir = c->data_dir,
		.kind = STORE_CONFIG,
		.queue_bytes = QUEUE_BYTES,
	};
	struct conf_set *conf;
	struct store *config;
	int lock_fd;
	int rc = settings_load(c->config_file, c->set, false, &conf, e);

	if (rc < 0)
		return rc;
	rc = datadir_prepare(c->data_dir, e);
	if (rc == 0)
		rc = datadir_lock(c->data_dir, &lock_fd, e);
	if (rc < 0)
		goto free_conf;
	rc = store_open(&so, &config, e);
	if (rc == 0) {
		rc = call_admin(
			c, conf, config, method, path, body, out, status, e);
		store_close(config);
	}
	close(lock_fd);
free_conf:
	conf_free(conf);
	return rc;
}
