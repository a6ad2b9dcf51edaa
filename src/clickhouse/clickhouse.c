#include "clickhouse/clickhouse_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "conf/conf.h"

#define BACKLOG 256

/* When the port is off, queries of the daemon still need a way in. */
static int
listen_unix(struct clickhouse *c, struct err *e)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int n = snprintf(
		c->unix_path, sizeof(c->unix_path), "%s/http.sock", c->dir);

	if (n < 0 || (size_t)n >= sizeof(sa.sun_path))
		return err_set(e, ERR_TOO_BIG,
			"the path of a socket in %.120s is too long", c->dir);
	memcpy(sa.sun_path, c->unix_path, (size_t)n + 1);
	unlink(c->unix_path);
	c->listen_fd =
		socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->listen_fd < 0 ||
		bind(c->listen_fd, (struct sockaddr *)&sa, sizeof(sa)) != 0 ||
		chmod(c->unix_path, 0600) != 0 ||
		listen(c->listen_fd, BACKLOG) != 0)
		return err_sys(e, ERR_UNAVAILABLE, "cannot listen on %.120s",
			c->unix_path);
	return 0;
}

static int
open_listener(struct clickhouse *c, struct err *e)
{
	int r = net_listen_parse(c->conf->clickhouse_listen, &c->listen, e);

	if (r != 0)
		return err_prefix(e, "clickhouse.listen");
	if (c->listen.is_off)
		return listen_unix(c, e);
	r = net_listen_tcp(&c->listen, &c->listen_fd, &c->status.port, e);
	return r == 0 ? 0 : err_prefix(e, "clickhouse.listen");
}

static int
make_dir(struct clickhouse *c, const char *data_dir, struct err *e)
{
	char base[CLICKHOUSE_PATH_MAX];

	if (realpath(data_dir, base) == NULL)
		return err_sys(e, ERR_UNAVAILABLE, "%.150s", data_dir);
	if (file_join(c->dir, sizeof(c->dir), base, "clickhouse", e) != 0)
		return -(int)e->code;
	return file_make_dir(c->dir, 0700, e);
}

static int
start_all(
	struct clickhouse *c, const struct clickhouse_options *o, struct err *e)
{
	int r = make_dir(c, o->data_dir, e);

	if (r == 0)
		r = open_listener(c, e);
	if (r != 0)
		return r;
	snprintf(c->brokers, sizeof(c->brokers), "127.0.0.1:%u", o->kafka_port);
	c->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (c->wake_fd < 0)
		return err_sys(e, ERR_UNAVAILABLE, "eventfd");
	c->status.state = CLICKHOUSE_STARTING;
	return thread_start(
		&c->supervisor, "clickhouse", clickhouse_supervise, c, e);
}

static void
free_all(struct clickhouse *c)
{
	if (c->listen_fd >= 0)
		close(c->listen_fd);
	if (c->wake_fd >= 0)
		close(c->wake_fd);
	if (c->unix_path[0] != '\0')
		unlink(c->unix_path);
	lock_fini(&c->lock);
	mem_free(c->self_path);
	mem_free(c);
}

int
clickhouse_start(const struct clickhouse_options *o, struct clickhouse **out,
	struct err *e)
{
	struct clickhouse *c = mem_new(struct clickhouse);
	int r = 0;

	if (c == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory");
	c->conf = o->conf;
	c->listen_fd = c->wake_fd = -1;
	lock_init(&c->lock);
	c->self_path = mem_strdup(o->self_path);
	if (c->self_path == NULL)
		r = err_set(e, ERR_NO_MEMORY, "no memory");
	else if (o->conf->clickhouse_mode == CONF_CH_EMBEDDED)
		r = start_all(c, o, e);
	if (r != 0) {
		free_all(c);
		return r;
	}
	*out = c;
	return 0;
}

void
clickhouse_quiesce(struct clickhouse *c, int64_t deadline_ns)
{
	if (c == NULL)
		return;
	lock_take(&c->lock);
	c->stopping = true;
	c->stop_deadline_ns = deadline_ns;
	lock_release(&c->lock);
	if (c->wake_fd >= 0)
		eventfd_write(c->wake_fd, 1);
	thread_join(&c->supervisor);
	/* What no child accepted any more is cut off, not left waiting. */
	if (c->listen_fd >= 0)
		close(c->listen_fd);
	c->listen_fd = -1;
}

void
clickhouse_stop(struct clickhouse *c, int64_t deadline_ns)
{
	if (c == NULL)
		return;
	clickhouse_quiesce(c, deadline_ns);
	free_all(c);
}

void
clickhouse_status(struct clickhouse *c, struct clickhouse_status *out)
{
	lock_take(&c->lock);
	*out = c->status;
	lock_release(&c->lock);
}
