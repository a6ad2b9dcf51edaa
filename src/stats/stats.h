#ifndef SLUICE_STATS_STATS_H
#define SLUICE_STATS_STATS_H

#include <stdint.h>

#include "base/buf.h"

enum stats_metric {
#define METRIC(id, kind, name, labels, help) STATS_##id,
#include "stats/metrics.def"
#undef METRIC
	STATS_N_METRICS
};

/* label: index into the metric's closed list (0 for NONE). Lock-free; counters
 * are sharded so that hot threads do not share a cache line, and never go down
 * (stats-2). @thread any */
void stats_add(enum stats_metric m, int label, uint64_t n);
void stats_set(enum stats_metric m, int label, double v);
void stats_observe(enum stats_metric m, int label, double seconds);
uint64_t stats_counter(enum stats_metric m, int label);
double stats_gauge(enum stats_metric m, int label);
/* The text of a label value; NULL: there is none. */
const char *stats_label(enum stats_metric m, int label);
/* Prometheus text 0.0.4 of everything. */
void stats_write(struct buf *out);

#endif
