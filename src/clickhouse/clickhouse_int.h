#ifndef SLUICE_CLICKHOUSE_CLICKHOUSE_INT_H
#define SLUICE_CLICKHOUSE_CLICKHOUSE_INT_H

#include "base/net.h"
#include "base/thread.h"
#include "clickhouse/child.h"
#include "clickhouse/clickhouse.h"

#define CLICKHOUSE_PATH_MAX 4096

struct clickhouse {
	const struct conf *conf;
	char *self_path;
	char dir[CLICKHOUSE_PATH_MAX];
	char brokers[64];
	struct net_listen listen; /* is_off: a unix socket in dir instead */
	char unix_path[CLICKHOUSE_PATH_MAX];
	int listen_fd;
	int wake_fd; /* an eventfd: the supervisor is to look again */
	struct thread supervisor;
	struct lock lock;
	/* guarded by lock */
	struct clickhouse_status status;
	bool stopping;
	int64_t stop_deadline_ns;
};

/* The supervisor's thread: starts the child, watches it, starts it again. */
void clickhouse_supervise(void *cookie);

#endif
