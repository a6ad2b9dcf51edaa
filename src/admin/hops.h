#ifndef SLUICE_ADMIN_HOPS_H
#define SLUICE_ADMIN_HOPS_H

#include <stdint.h>

#include "admin/admin_int.h"

/*
 * The hops of an event as an operator sees them: how fast, how far behind, why,
 * and what to do about it.
 */
enum hop_state {
	HOP_OFF, /* not part of this node */
	HOP_OK,
	HOP_BEHIND, /* it moves, and much waits */
	HOP_STOPPED, /* it does not move */
};

struct hop_view {
	const char *name;
	const char *unit; /* of rate */
	enum hop_state state;
	double rate; /* a second, over the last ten */
	bool is_stalled; /* stopped without an error of its own */
	bool is_starting; /* stopped, and no error */
	struct admin_lag lag;
	char error[240]; /* why it is behind or stopped; "" if it is not */
	const char *todo; /* a plain line; "" if there is nothing to do */
	char last_error[240]; /* "" if there was none since the start */
	int64_t last_error_at_us;
};

/* All hops, by their ids. with_age: reads the oldest waiting records. */
void hops_look(
	struct admin *a, bool with_age, struct hop_view out[ADMIN_N_HOPS]);
/* "hops":[…],"behind":[{"hop","why","do"},…]: what is behind, causes first. */
void hops_put(struct admin *a, struct buf *b);
/* Looks and keeps errors and progress; once a second. @thread sampler */
void hops_sample(
	struct admin *a, bool with_age, struct hop_view out[ADMIN_N_HOPS]);

#endif
