#ifndef SLUICE_STATS_STATS_INT_H
#define SLUICE_STATS_STATS_INT_H

#include "stats/stats.h"

/* Inside stats/ only: parts of stats_write. */
void stats_write_requests(struct buf *out);
void stats_write_projects(struct buf *out);

#endif
