#ifndef SLUICE_CAPTURE_LANE_H
#define SLUICE_CAPTURE_LANE_H

#include <stdatomic.h>

#include "base/queue.h"
#include "base/thread.h"
#include "capture/share.h"

struct capture;
struct capture_ctx;

/*
 * A project that alone keeps the HTTP threads busy while others send too goes
 * through its steps on other threads, so that a request of another project
 * waits for none of its (capture-7). Whose a request is, is not known before it
 * is decoded: what the connection's last requests were decides.
 */
#define LANE_THREADS_MAX 8
#define LANE_QUEUE 256

struct lane {
	struct queue queue; /* struct capture_again */
	struct thread threads[LANE_THREADS_MAX];
	int n_threads, n_http_threads;
	struct lock lock; /* guards the turn of the window */
	_Atomic int64_t window_ns; /* its beginning */
	_Atomic int64_t work_ns[SHARE_SLOTS]; /* in this window */
	_Atomic bool is_busy[SHARE_SLOTS]; /* by the last window */
};

void lane_init(struct lane *l, int n_http_threads);
MUST_CHECK int lane_start(struct lane *l, struct capture *c, struct err *e);
void lane_stop(struct lane *l); /* no request comes any more */
/* The slot did so much work that ended now. @thread any */
void lane_note(struct lane *l, uint32_t slot, int64_t now_ns, int64_t work_ns);
bool lane_is_busy(const struct lane *l, uint32_t slot);
/* Runs a request's steps here, or hands it over. @thread http */
void lane_run(struct capture_ctx *x);

#endif
