#ifndef SLUICE_EVENT_TIME_SCAN_H
#define SLUICE_EVENT_TIME_SCAN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

/* The pieces that the text forms of times are made of. Inside event/ only. */
struct time_scan {
	const char *p, *end;
};

struct time_fields {
	int year, month, day;
	int hour, minute, second;
	int us;
	int zone_minutes; /* east of UTC */
};

/* From min to max digits; false and p unmoved if there are fewer. */
bool time_scan_number(struct time_scan *s, int min, int max, int *out);
bool time_scan_char(struct time_scan *s, char c);
/* HH:MM[:SS[.fraction]] */
bool time_scan_clock(struct time_scan *s, struct time_fields *f);
/* Z, +02:00, +0200, +02, or nothing (UTC). */
bool time_scan_zone(struct time_scan *s, struct time_fields *f);
bool time_scan_at_end(const struct time_scan *s);
/* Checks the ranges and converts, cut to milliseconds. */
bool time_fields_to_us(const struct time_fields *f, int64_t *at_us);
int time_days_in_month(int year, int month);

#endif
