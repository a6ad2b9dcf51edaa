#include "team/team_int.h"

#include "base/mem.h"
#include "team/team_pg.h"

int
team_cache_new(struct store *config, struct team_cache **out, struct err *e)
{
	struct team_cache *c = mem_new(struct team_cache);
	int err;

	if (c == NULL)
		return err_set(e, ERR_NO_MEMORY, "projects");
	c->config = config;
	lock_init(&c->change);
	lock_init(&c->lock);
	err = store_reader_open(config, &c->reader, e);
	if (err == 0)
		err = team_snapshot_load(c->reader, false, &c->current, e);
	if (err != 0) {
		team_cache_free(c);
		return err;
	}
	*out = c;
	return 0;
}

void
team_cache_free(struct team_cache *c)
{
	if (c == NULL)
		return;
	team_pg_free(c->pg);
	team_waiting_free(c->waiting);
	team_snapshot_unref(c->current);
	if (c->reader != NULL)
		store_reader_close(c->reader);
	lock_fini(&c->lock);
	lock_fini(&c->change);
	mem_free(c);
}

const struct team_snapshot *
team_snapshot_get(struct team_cache *c)
{
	struct team_snapshot *s;

	lock_take(&c->lock);
	s = c->current;
	atomic_fetch_add(&s->refs, 1);
	lock_release(&c->lock);
	return s;
}

int
team_cache_reload(struct team_cache *c, struct err *e)
{
	struct team_snapshot *fresh, *old;
	int err = team_snapshot_load(c->reader, c->pg != NULL, &fresh, e);

	if (err != 0)
		return err;
	lock_take(&c->lock);
	old = c->current;
	c->current = fresh;
	lock_release(&c->lock);
	team_snapshot_unref(old);
	return 0;
}
