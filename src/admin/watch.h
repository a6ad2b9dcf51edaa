#ifndef SLUICE_ADMIN_WATCH_H
#define SLUICE_ADMIN_WATCH_H

#include "admin/admin_int.h"

/*
 * What open pages are told as it happens: the status, made once a second for
 * all of them and not at all while nobody looks, and events as they pass.
 */
struct watch;
MUST_CHECK int watch_start(struct admin *a, struct err *e);
/* Streams end at their next turn, and no more begin. Before the HTTP servers
 * stop. */
void watch_stop(struct admin *a);
void watch_free(struct admin *a); /* after they have stopped */

/* The views that are open, each of its own filter (live_view.c). */
struct live;
struct live_view;
struct live_views {
	struct lock lock; /* guards all but live */
	struct live *live;
	struct live_view *first;
	bool closed;
};
MUST_CHECK int live_views_start(
	struct live_views *w, struct admin *a, struct err *e);
void live_views_stop(struct live_views *w);
void live_views_free(struct live_views *w);
struct live_views *watch_views(struct admin *a);

#endif
