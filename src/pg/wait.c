#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/rand.h"
#include "pg/pg_int.h"

int
pg_ms_until(int64_t deadline_ns)
{
	int64_t left;

	if (deadline_ns == INT64_MAX)
		return -1;
	left = (deadline_ns - clock_mono_ns() + 999999) / 1000000;
	return left < 0 ? 0 : left > 60000 ? 60000 : (int)left;
}

static int
stopping(struct err *e)
{
	return err_set(e, ERR_STOPPING, "Postgres: stopping");
}

int
pg_wait(struct pg_conn *c, short events, int64_t deadline_ns, bool without_stop,
	struct err *e)
{
	struct pollfd f[2] = {
		{.fd = c->db != NULL ? PQsocket(c->db) : -1, .events = events},
		{.fd = c->stop_fd, .events = POLLIN}};

	for (;;) {
		int n = poll(f, 2, pg_ms_until(deadline_ns));

		if (n < 0 && errno != EINTR)
			return err_sys(e, ERR_UNAVAILABLE, "Postgres: poll");
		if (n > 0 && f[1].revents != 0) {
			int64_t end =
				clock_mono_ns() + (int64_t)PG_STOP_MS * 1000000;

			if (!without_stop)
				return stopping(e);
			f[1].fd = -1;
			deadline_ns = end < deadline_ns ? end : deadline_ns;
		}
		if (n > 0 && f[0].revents != 0)
			return 0;
		if (deadline_ns != INT64_MAX && clock_mono_ns() >= deadline_ns)
			return err_set(
				e, ERR_TIMEOUT, "Postgres: no answer in time");
	}
}

int64_t
pg_deadline_ns(const struct pg_conn *c)
{
	int64_t ms = c->pg->statement_timeout_ms;

	if (c->hurry_ms != 0)
		return clock_mono_ns() + c->hurry_ms * 1000000;
	if (ms == 0)
		return INT64_MAX;
	return clock_mono_ns() + (ms + PG_GRACE_MS) * 1000000;
}

/*
 * pg-3: what waits to be sent is sent while answers are read, so that the
 * server never stands with answers that nobody takes while we stand with
 * statements that it does not take.
 */
int
pg_take(struct pg_conn *c, bool without_stop, PGresult **out, struct err *e)
{
	int64_t deadline_ns = pg_deadline_ns(c);

	for (;;) {
		int left = PQflush(c->db);
		int rc;

		/* A lost connection may have left its reason to be read. */
		if (left < 0 && !PQconsumeInput(c->db) && PQisBusy(c->db))
			return pg_lost(c, ERR_UNAVAILABLE, "lost", e);
		if (!PQisBusy(c->db))
			break;
		rc = pg_wait(c, left > 0 ? POLLIN | POLLOUT : POLLIN,
			deadline_ns, without_stop, e);
		if (rc == -ERR_STOPPING) {
			pg_close(c);
			return rc;
		}
		if (rc != 0)
			return pg_lost(c, e->code, "no answer in time", e);
		if (!PQconsumeInput(c->db) && PQisBusy(c->db))
			return pg_lost(c, ERR_UNAVAILABLE, "lost", e);
	}
	*out = PQgetResult(c->db);
	return 0;
}

void
pg_interrupt(struct pg_conn *c)
{
	uint64_t one = 1;

	atomic_store(&c->is_stopped, true);
	ERR_IGNORE(write(c->stop_fd, &one, sizeof(one)) != sizeof(one),
		"an eventfd that is full is readable too");
}

int
pg_wait_retry(struct pg_conn *c, struct err *e)
{
	int64_t now_ns = clock_mono_ns();
	int64_t ms = PG_RETRY_FIRST_MS;
	struct pollfd f = {.fd = c->stop_fd, .events = POLLIN};
	int64_t end_ns;

	if (c->connected_at_ns != 0 &&
		now_ns - c->connected_at_ns > PG_RETRY_MAX_MS * 1000000LL)
		c->n_failed = 0;
	c->connected_at_ns = 0;
	for (int i = 0; i < c->n_failed && ms < PG_RETRY_MAX_MS; i++)
		ms *= 2;
	if (ms < PG_RETRY_MAX_MS)
		c->n_failed++;
	else
		ms = PG_RETRY_MAX_MS;
	/* Nodes that lost the server at one time do not come back at one. */
	ms = ms * 3 / 4 + (int64_t)(rand_u64() % (uint64_t)(ms / 2));
	end_ns = now_ns + ms * 1000000;
	while (clock_mono_ns() < end_ns) {
		if (atomic_load(&c->is_stopped))
			return stopping(e);
		ERR_IGNORE(poll(&f, 1, pg_ms_until(end_ns)), "asked above");
	}
	return atomic_load(&c->is_stopped) ? stopping(e) : 0;
}
