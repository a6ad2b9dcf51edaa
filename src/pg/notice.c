#include <errno.h>
#include <poll.h>

#include "base/clock.h"
#include "pg/pg_int.h"

/*
 * What the server says by itself while nothing is asked of it: NOTIFY, and that
 * it goes.
 */
static bool
take_notices(struct pg_conn *c)
{
	bool any = false;
	PGnotify *n;

	while ((n = PQnotifies(c->db)) != NULL) {
		PQfreemem(n);
		any = true;
	}
	return any;
}

int
pg_wait_notice(struct pg_conn *c, int wake_fd, int64_t deadline_ns,
	bool *notified, struct err *e)
{
	struct pollfd f[3] = {{.events = POLLIN},
		{.fd = c->stop_fd, .events = POLLIN},
		{.fd = wake_fd, .events = POLLIN}};

	*notified = false;
	for (;;) {
		if (!pg_is_connected(c))
			return pg_lost(c, ERR_UNAVAILABLE, "lost", e);
		*notified = take_notices(c);
		if (*notified)
			return 0;
		f[0].fd = PQsocket(c->db);
		if (poll(f, 3, pg_ms_until(deadline_ns)) < 0) {
			if (errno != EINTR)
				return err_sys(
					e, ERR_UNAVAILABLE, "Postgres: poll");
			continue;
		}
		if (atomic_load(&c->is_stopped))
			return err_set(e, ERR_STOPPING, "Postgres: stopping");
		if (f[0].revents != 0 && !PQconsumeInput(c->db))
			return pg_lost(c, ERR_UNAVAILABLE, "lost", e);
		*notified = take_notices(c);
		if (*notified || f[2].revents != 0 ||
			clock_mono_ns() >= deadline_ns)
			return 0;
	}
}

void
pg_hurry(struct pg_conn *c, int64_t ms)
{
	c->hurry_ms = ms;
}
