#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "pg/schema.h"
#include "stats/stats.h"
#include "team/team_pg.h"

/*
 * Keys that the snapshot has not are asked for by a thread with a connection of
 * its own (team-6). The same connection listens for changes of projects: an
 * answer and the notice of a change that it does not have yet come in that
 * order, so no "nobody has it" outlives the change that makes it wrong.
 */
#define RETRY_NS INT64_C(1000000000)
#define FOR_EVER_NS (INT64_C(3600) * 1000000000)

enum { ANSWER_KNOWN, ANSWER_UNKNOWN, ANSWER_AWAY, ANSWER_BUSY };

struct team_ask {
	struct team_cache *c;
	struct pg_conn *conn; /* of the thread */
	struct team_denied *denied;
	int wake_fd;
	_Atomic bool is_away; /* the last try to ask failed */
	struct lock lock; /* guards what follows */
	struct team_question *first, **last;
	int n;
	bool is_stopping;
	struct thread thread;
};

static void
wake(struct team_ask *a)
{
	uint64_t one = 1;

	ERR_IGNORE(write(a->wake_fd, &one, sizeof(one)) != sizeof(one),
		"an eventfd that is full is readable too");
}

enum team_answer
team_look(struct team_cache *c, struct slice token)
{
	struct team_ask *a = c->pg == NULL ? NULL : c->pg->ask;

	if (a == NULL)
		return TEAM_NO;
	if (atomic_load(&a->is_away))
		return TEAM_AWAY;
	if (!team_denied_has(a->denied, token))
		return TEAM_ASK;
	stats_add(STATS_KEYS_DENIED, 0, 1);
	return TEAM_NO;
}

bool
team_ask_is_away(const struct team_cache *c)
{
	const struct team_ask *a = c->pg == NULL ? NULL : c->pg->ask;

	return a == NULL || atomic_load(&a->is_away);
}

int
team_ask(struct team_cache *c, struct team_question *q, struct err *e)
{
	struct team_ask *a = c->pg == NULL ? NULL : c->pg->ask;
	enum err_code why = ERR_OK;

	if (a == NULL)
		return err_set(e, ERR_BUG, "no thread looks keys up");
	q->next = NULL;
	lock_take(&a->lock);
	if (a->is_stopping)
		why = ERR_STOPPING;
	else if (a->n >= LIMIT_TEAM_QUESTIONS)
		why = ERR_BUSY;
	if (why == ERR_OK) {
		*a->last = q;
		a->last = &q->next;
		a->n++;
		wake(a);
	}
	lock_release(&a->lock);
	if (why == ERR_BUSY)
		stats_add(STATS_KEY_LOOKUPS, ANSWER_BUSY, 1);
	return why == ERR_OK ? 0 : err_set(e, why, "keys are not looked up");
}

/* What waits, at most max of it. */
static int
take(struct team_ask *a, struct team_question **out, int max)
{
	int n = 0;

	lock_take(&a->lock);
	while (a->first != NULL && n < max) {
		out[n++] = a->first;
		a->first = a->first->next;
	}
	if (a->first == NULL)
		a->last = &a->first;
	a->n -= n;
	lock_release(&a->lock);
	return n;
}

static void
tell(struct team_question *q, enum team_answer answer)
{
	stats_add(STATS_KEY_LOOKUPS,
		answer == TEAM_YES  ? ANSWER_KNOWN
		: answer == TEAM_NO ? ANSWER_UNKNOWN
				    : ANSWER_AWAY,
		1);
	q->done(q, answer);
}

static void
tell_all_away(struct team_ask *a)
{
	struct team_question *q;

	while (take(a, &q, 1) == 1)
		tell(q, TEAM_AWAY);
}

int
team_ask_keys(struct pg_conn *conn, struct team_question *const *qs,
	enum team_answer *answers, int n, struct err *e)
{
	struct pg_stmt *st = pg_get(conn, &team_pg_sql, TEAM_PG_ASK);
	struct pg_array keys;
	int rc;

	pg_array_init(&keys, PG_TEXT,
		(size_t)LIMIT_TEAM_QUESTIONS_AT_ONCE *
			(LIMIT_TOKEN_BYTES + 16));
	for (int i = 0; i < n; i++)
		if (i == 0 || !slice_eq(qs[i]->token, qs[i - 1]->token))
			pg_array_text(&keys, qs[i]->token);
	pg_bind_array(st, 1, &keys);
	rc = pg_run(st, e);
	pg_array_fini(&keys);
	for (int i = 0; rc == 0 && i < n; i++) {
		answers[i] = TEAM_NO;
		for (int r = 0; r < pg_n_rows(conn); r++)
			if (slice_eq(qs[i]->token, pg_col_text(conn, r, 0)))
				answers[i] = TEAM_YES;
	}
	if (rc != 0)
		pg_cancel_group(conn);
	return rc;
}

static int
by_token(const void *x, const void *y)
{
	const struct team_question *const *a = x, *const *b = y;

	return slice_cmp((*a)->token, (*b)->token);
}

/* Found keys enter the snapshot before anybody is told. */
static bool
fetch_projects(struct team_ask *a)
{
	struct err e;
	int rc;

	lock_take(&a->c->pg->use);
	rc = team_pg_refresh(a->c, false, &e);
	lock_release(&a->c->pg->use);
	if (rc != 0)
		team_pg_kick(a->c->pg);
	return rc == 0;
}

static void
answer(struct team_ask *a, struct team_question **qs, int n)
{
	enum team_answer answers[LIMIT_TEAM_QUESTIONS_AT_ONCE];
	enum team_answer found = TEAM_YES;
	int n_found = 0;
	struct err e;

	qsort(qs, (size_t)n, sizeof(*qs), by_token);
	if (team_ask_keys(a->conn, qs, answers, n, &e) != 0) {
		/* Nobody waits for what comes next. */
		atomic_store(&a->is_away, true);
		pg_disconnect(a->conn);
		for (int i = 0; i < n; i++)
			tell(qs[i], TEAM_AWAY);
		return;
	}
	for (int i = 0; i < n; i++) {
		if (answers[i] == TEAM_YES) {
			qs[n_found++] = qs[i];
			continue;
		}
		team_denied_add(a->denied, qs[i]->token);
		tell(qs[i], TEAM_NO);
	}
	if (n_found > 0 && !fetch_projects(a))
		found = TEAM_AWAY;
	for (int i = 0; i < n_found; i++)
		tell(qs[i], found);
}

static int
connect_again(struct team_ask *a, struct err *e)
{
	struct team_pg *t = a->c->pg;
	struct pg_schema schema;
	int rc = pg_connect(a->conn, e);

	atomic_store(&t->is_told, false);
	if (rc == 0)
		rc = pg_schema_prepare(a->conn, &schema, e);
	if (rc == 0)
		rc = pg_run(pg_get(a->conn, &team_pg_sql, TEAM_PG_LISTEN), e);
	if (rc == 0)
		rc = pg_run(
			pg_get(a->conn, &team_pg_sql, TEAM_PG_HAS_TRIGGER), e);
	if (rc != 0) {
		pg_disconnect(a->conn);
		return rc;
	}
	atomic_store(&t->is_told, pg_col_bool(a->conn, 0, 0));
	/* What was told meanwhile was not heard. */
	team_denied_clear(a->denied);
	atomic_store(&a->is_away, false);
	team_pg_kick(t);
	return 0;
}

static void
empty(int wake_fd)
{
	uint64_t n;

	ERR_IGNORE(read(wake_fd, &n, sizeof(n)) != sizeof(n), "it was empty");
}

/* One wait and what it brought. */
static int
turn(struct team_ask *a, struct err *e)
{
	struct team_question *qs[LIMIT_TEAM_QUESTIONS_AT_ONCE];
	bool is_told;
	int rc, n;

	rc = pg_wait_notice(a->conn, a->wake_fd, clock_mono_ns() + FOR_EVER_NS,
		&is_told, e);
	if (rc != 0)
		return rc;
	if (is_told) {
		stats_add(STATS_PROJECT_NOTICES, 0, 1);
		team_denied_clear(a->denied);
		team_pg_kick(a->c->pg);
	}
	empty(a->wake_fd);
	while (pg_is_connected(a->conn) &&
		(n = take(a, qs, LIMIT_TEAM_QUESTIONS_AT_ONCE)) > 0)
		answer(a, qs, n);
	return 0;
}

static bool
is_stopping(struct team_ask *a)
{
	bool yes;

	lock_take(&a->lock);
	yes = a->is_stopping;
	lock_release(&a->lock);
	return yes;
}

static void
wait_to_retry(struct team_ask *a)
{
	int64_t end_ns = clock_mono_ns() + RETRY_NS;

	struct pollfd f = {.fd = a->wake_fd, .events = POLLIN};

	for (;;) {
		int64_t left_ns = end_ns - clock_mono_ns();

		if (left_ns <= 0 || is_stopping(a))
			return;
		ERR_IGNORE(poll(&f, 1, (int)(left_ns / 1000000) + 1),
			"it is seen below");
		empty(a->wake_fd);
		tell_all_away(a);
	}
}

static void
run(void *cookie)
{
	struct team_ask *a = cookie;
	struct err e;

	while (!is_stopping(a)) {
		int rc = 0;

		if (!pg_is_alive(a->conn))
			rc = connect_again(a, &e);
		if (rc == 0)
			ERR_IGNORE(turn(a, &e), "it connects again");
		else
			atomic_store(&a->is_away, true);
		if (atomic_load(&a->is_away)) {
			tell_all_away(a);
			wait_to_retry(a);
		}
	}
	tell_all_away(a);
}

int
team_ask_start(struct team_cache *c, struct err *e)
{
	struct team_ask *a = mem_new(struct team_ask);
	int rc;

	if (a == NULL)
		return err_set(e, ERR_NO_MEMORY, "projects");
	a->c = c;
	a->last = &a->first;
	a->is_away = true; /* until the first connection */
	lock_init(&a->lock);
	a->denied = team_denied_new();
	a->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (a->denied == NULL || a->wake_fd < 0)
		rc = err_set(e, ERR_NO_MEMORY, "projects");
	else
		rc = pg_conn_new(pg_of(c->pg->conn), "keys", &a->conn, e);
	if (rc == 0) {
		pg_hurry(a->conn, LIMIT_TEAM_ASK_MS);
		rc = thread_start(&a->thread, "project-keys", run, a, e);
	}
	if (rc != 0) {
		team_ask_free(a);
		return rc;
	}
	c->pg->ask = a;
	return 0;
}

static void
stop(struct team_ask *a)
{
	if (a->conn != NULL)
		pg_interrupt(a->conn);
	lock_take(&a->lock);
	a->is_stopping = true;
	lock_release(&a->lock);
	wake(a);
	thread_join(&a->thread);
}

void
team_ask_stop(struct team_cache *c)
{
	if (c->pg != NULL && c->pg->ask != NULL)
		stop(c->pg->ask);
}

void
team_ask_free(struct team_ask *a)
{
	if (a == NULL)
		return;
	stop(a);
	pg_conn_free(a->conn);
	team_denied_free(a->denied);
	if (a->wake_fd >= 0)
		close(a->wake_fd);
	lock_fini(&a->lock);
	mem_free(a);
}
