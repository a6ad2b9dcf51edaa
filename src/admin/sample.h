#ifndef SLUICE_ADMIN_SAMPLE_H
#define SLUICE_ADMIN_SAMPLE_H

#include "admin/admin_int.h"
#include "admin/hops.h"
#include "series/series.h"

/* A sample of each series, once a second. with_age: the hops have the ages of
 * the oldest waiting records. @thread sampler */
void sample_series(struct admin *a, const struct hop_view hops[ADMIN_N_HOPS],
	bool with_age);
/* Since the sample before the last. */
double admin_rate_now(struct admin *a, enum admin_hop_id id);
/* ,"forecast":{…} of the status. */
void admin_put_forecast(
	struct admin *a, struct buf *b, const struct admin_disk *disk);

#endif
