#include "live/live.h"

#include "admin/sse.h"
#include "admin/watch.h"
#include "base/mem.h"
#include "team/team.h"

/* An open view of events: a channel with one client, as each has a filter. */
struct live_view {
	struct live_view *next, **link;
	struct live_views *all;
	struct sse_channel channel;
	struct live_viewer *viewer; /* NULL: not yet */
};

int
live_views_start(struct live_views *w, struct admin *a, struct err *e)
{
	const struct live_options o = {a->o.spool, a->o.state, a->o.teams};

	lock_init(&w->lock);
	return live_new(&o, &w->live, e);
}

void
live_views_stop(struct live_views *w)
{
	lock_take(&w->lock);
	w->closed = true;
	for (struct live_view *v = w->first; v != NULL; v = v->next)
		sse_close(&v->channel);
	lock_release(&w->lock);
}

void
live_views_free(struct live_views *w)
{
	live_free(w->live);
	lock_fini(&w->lock);
}

static int
enter(struct live_views *w, struct live_view *v, struct err *e)
{
	int rc = 0;

	lock_take(&w->lock);
	if (w->closed) {
		rc = err_set(e, ERR_STOPPING, "the daemon stops");
	} else {
		v->all = w;
		v->next = w->first;
		v->link = &w->first;
		if (v->next != NULL)
			v->next->link = &v->next;
		w->first = v;
	}
	lock_release(&w->lock);
	return rc;
}

/* @thread http, or the call's when it fails */
static void
free_view(void *cookie)
{
	struct live_view *v = cookie;
	struct live_views *w = v->all;

	if (v->viewer != NULL)
		live_unwatch(v->viewer);
	if (w != NULL) {
		lock_take(&w->lock);
		*v->link = v->next;
		if (v->next != NULL)
			v->next->link = v->link;
		lock_release(&w->lock);
	}
	sse_fini(&v->channel);
	mem_free(v);
}

/* @thread live, which alone publishes here */
static bool
tell(void *cookie, const char *event, struct slice json)
{
	struct live_view *v = cookie;
	uint64_t dropped = v->channel.n_dropped;

	sse_publish(&v->channel, event, json);
	return v->channel.n_dropped == dropped;
}

static int
read_filter(struct admin_call *c, struct live_filter *f, struct err *e)
{
	int64_t per_s = 50, recent = 0;
	int rc = admin_query_i64(c, "per_s", 1, LIVE_PER_S_MAX, &per_s, e);

	if (rc == 0)
		rc = admin_query_i64(
			c, "recent", 0, LIVE_RECENT_MAX, &recent, e);
	f->event = admin_query(c, "event");
	f->distinct_id = admin_query(c, "distinct_id");
	f->text = admin_query(c, "text");
	f->per_s = (int)per_s;
	f->recent = (int)recent;
	return rc;
}

static int
open_view(struct admin_call *c, int64_t team_id, struct err *e)
{
	struct live_views *w = watch_views(c->a);
	struct live_filter f = {.team_id = team_id};
	struct live_view *v;
	int rc = read_filter(c, &f, e);

	if (rc == 0 && w == NULL)
		rc = err_set(
			e, ERR_UNAVAILABLE, "events pass in a running daemon");
	if (rc < 0)
		return rc;
	v = mem_new(struct live_view);
	if (v == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory");
	sse_init(&v->channel);
	rc = enter(w, v, e);
	if (rc < 0) {
		free_view(v);
		return rc;
	}
	rc = sse_open(c, &v->channel, v, free_view, e);
	if (rc < 0)
		return rc;
	rc = live_watch(w->live, &f, tell, v, &v->viewer, e);
	if (rc < 0) {
		c->stream_free(c->stream_cookie);
		c->stream = NULL;
	}
	return rc;
}

int
admin_events_stream(struct admin_call *c, struct err *e)
{
	return open_view(c, 0, e);
}

int
admin_project_events_stream(struct admin_call *c, struct err *e)
{
	const struct team_snapshot *snap;
	const struct team *team;
	int64_t id;
	int rc = admin_project(c, &snap, &team, e);

	if (rc < 0)
		return rc;
	id = team->id;
	team_snapshot_unref(snap);
	return open_view(c, id, e);
}
