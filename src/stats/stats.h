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
/* v in the unit of the histogram's kind: metrics.def. */
void stats_observe(enum stats_metric m, int label, double v);
/* The label with this text, the list's last one if there is none. */
int stats_label_find(enum stats_metric m, struct slice value);
uint64_t stats_counter(enum stats_metric m, int label);
double stats_gauge(enum stats_metric m, int label);
/* The text of a label value; NULL: there is none. */
const char *stats_label(enum stats_metric m, int label);
/*
 * An answer of the capture port: http_requests_total and
 * http_requests_duration_seconds by path, method and status, each from closed
 * lists that end in "other". @thread any
 */
void stats_request(
	struct slice path, const char *method, int status, double seconds);
/* Drops after a success answer, by project as well (0: unknown); cause is a
 * label of CAPTURE_DROPPED, where they count too. Some 3,000 pairs of project
 * and cause are kept apart, what is more counts as "other". @thread any */
void stats_dropped(int64_t project, int cause, uint64_t n);
/* Prometheus text 0.0.4 of everything. */
void stats_write(struct buf *out);

#endif
