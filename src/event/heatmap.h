#ifndef SLUICE_EVENT_HEATMAP_H
#define SLUICE_EVENT_HEATMAP_H

#include "event/normalise.h"

/* Takes $heatmap_data and the scroll depth off ev->props and lays rows out in
 * ev->heatmap (ingestion spec 7.9), with the warnings of 7.5. */
void event_heatmap_extract(struct event *ev, struct event_work *w);

#endif
