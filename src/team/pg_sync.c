#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "team/team_pg.h"

#define KICKS_APART_NS (100 * 1000000LL)

/* Logs and keeps what became of a look, if that is news. why NULL: all well. */
static void
note(struct team_cache *c, const struct err *why)
{
	struct team_pg *t = c->pg;
	const char *text = why != NULL ? why->text : "";
	bool is_news;

	lock_take(&t->lock);
	is_news = strcmp(t->why, text) != 0;
	snprintf(t->why, sizeof(t->why), "%s", text);
	lock_release(&t->lock);
	if (is_news && why != NULL)
		log_warn("projects_from_cache", "code=%s text=%s",
			err_name(why->code), log_q(text));
	if (is_news && why == NULL)
		log_info("projects_fresh", "server=up");
}

void
team_cache_trouble(struct team_cache *c, char *out, size_t size)
{
	out[0] = '\0';
	if (c->pg == NULL)
		return;
	lock_take(&c->pg->lock);
	snprintf(out, size, "%s", c->pg->why);
	lock_release(&c->pg->lock);
}

/* Waits for the next look; false: stopping. */
static bool
wait_next(struct team_pg *t, int seconds)
{
	int64_t end_ns = clock_mono_ns() + seconds * 1000000000LL;
	int64_t kick_ns = clock_mono_ns() + KICKS_APART_NS;
	bool go_on;

	lock_take(&t->lock);
	t->was_tried = true;
	cond_broadcast(&t->cond);
	while (!t->is_stopping && clock_mono_ns() < end_ns) {
		/* Many changes in a row are seen by few looks. */
		if (t->is_kicked && clock_mono_ns() >= kick_ns)
			break;
		cond_wait_until(&t->cond, &t->lock,
			t->is_kicked && kick_ns < end_ns ? kick_ns : end_ns);
	}
	t->is_kicked = false;
	go_on = !t->is_stopping;
	lock_release(&t->lock);
	return go_on;
}

void
team_pg_kick(struct team_pg *t)
{
	lock_take(&t->lock);
	t->is_kicked = true;
	cond_broadcast(&t->cond);
	lock_release(&t->lock);
}

static int
seconds_to_next(struct team_pg *t, int rc)
{
	if (rc != 0)
		return TEAM_PG_RETRY_S;
	return atomic_load(&t->is_told) ? TEAM_PG_POLL_NOTIFIED_S
					: TEAM_PG_POLL_S;
}

static void
follow(void *cookie)
{
	struct team_cache *c = cookie;
	struct team_pg *t = c->pg;
	struct err e;
	int rc;

	do {
		lock_take(&t->use);
		rc = team_pg_refresh(c, false, &e);
		lock_release(&t->use);
		if (rc != -ERR_STOPPING)
			note(c, rc != 0 ? &e : NULL);
	} while (wait_next(t, seconds_to_next(t, rc)));
}

int
team_cache_attach(struct team_cache *c, struct pg *pg, struct err *e)
{
	struct team_pg *t = mem_new(struct team_pg);
	int rc;

	if (t == NULL)
		return err_set(e, ERR_NO_MEMORY, "projects");
	rc = pg_conn_new(pg, "projects", &t->conn, e);
	if (rc != 0) {
		mem_free(t);
		return rc;
	}
	lock_init(&t->use);
	lock_init(&t->lock);
	cond_init(&t->cond);
	lock_take(&c->change);
	c->pg = t;
	c->waiting = team_waiting_new();
	rc = c->waiting == NULL ? err_set(e, ERR_NO_MEMORY, "projects")
				: team_cache_reload(c, e);
	lock_release(&c->change);
	return rc;
}

int
team_cache_refresh(struct team_cache *c, struct err *e)
{
	int rc;

	if (c->pg == NULL)
		return 0;
	lock_take(&c->pg->use);
	rc = team_pg_refresh(c, false, e);
	lock_release(&c->pg->use);
	return rc;
}

int
team_cache_follow(struct team_cache *c, int64_t wait_ms, struct err *e)
{
	struct team_pg *t = c->pg;
	int64_t end_ns = clock_mono_ns() + wait_ms * 1000000;
	int rc = thread_start(&t->thread, "projects", follow, c, e);

	if (rc == 0)
		rc = team_ask_start(c, e);
	if (rc != 0)
		return rc;
	lock_take(&t->lock);
	while (!t->was_tried && clock_mono_ns() < end_ns)
		cond_wait_until(&t->cond, &t->lock, end_ns);
	lock_release(&t->lock);
	return 0;
}

bool
team_cache_has_postgres(const struct team_cache *c)
{
	return c->pg != NULL;
}

bool
team_was_seen_since(const struct team_cache *c, int64_t at_ns)
{
	return atomic_load(&c->pg->seen_since_ns) >= at_ns;
}

void
team_look_now(struct team_cache *c)
{
	team_pg_kick(c->pg);
}

void
team_pg_free(struct team_pg *t)
{
	if (t == NULL)
		return;
	team_ask_free(t->ask);
	pg_interrupt(t->conn);
	lock_take(&t->lock);
	t->is_stopping = true;
	cond_broadcast(&t->cond);
	lock_release(&t->lock);
	thread_join(&t->thread);
	pg_conn_free(t->conn);
	cond_fini(&t->cond);
	lock_fini(&t->lock);
	lock_fini(&t->use);
	mem_free(t);
}
