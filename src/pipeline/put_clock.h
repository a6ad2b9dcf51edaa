#ifndef SLUICE_PIPELINE_PUT_CLOCK_H
#define SLUICE_PIPELINE_PUT_CLOCK_H

#include <stdint.h>

#include "base/clock.h"

/* One time of the clock for a whole batch, with its texts. */
struct put_clock {
	int64_t us;
	char event[CLOCK_TEXT_MAX]; /* "event time" */
	char second[CLOCK_TEXT_MAX]; /* "second time" */
	char iso[CLOCK_TEXT_MAX];
};
void put_clock_init(struct put_clock *k, int64_t us);

#endif
