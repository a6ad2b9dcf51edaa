#ifndef SLUICE_EVENT_TIME_H
#define SLUICE_EVENT_TIME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json_read.h"
#include "base/slice.h"

/*
 * Event times (ingestion spec 4): one function for capture and the app server.
 * Times are UTC microseconds since 1970 in whole milliseconds. Pure.
 * @thread any
 */

/* Any of the text forms of 4.2. False: none of them; *at_us is untouched. */
bool event_time_parse(struct slice text, int64_t *at_us);
/* A JSON number: below 1e11 seconds, else milliseconds. */
bool event_time_parse_number(double v, int64_t *at_us);

struct event_time_in {
	int64_t now_us; /* server receive time */
	struct slice timestamp; /* decoded text, or the number as text; p NULL:
				   absent (JSON null counts as absent) */
	bool timestamp_is_number;
	bool timestamp_is_other; /* bool, array, object: does not parse */
	struct slice sent_at; /* p NULL or empty: absent */
	bool ignore_sent_at;
	bool has_offset;
	double offset_ms;
};

struct event_time {
	int64_t at_us; /* the result */
	int64_t parsed_us; /* of timestamp alone; 0 if it did not parse */
	int64_t unclamped_us; /* before the rule of 23 hours */
	bool timestamp_invalid;
	bool sent_at_invalid;
	bool in_future; /* the rule of 23 hours applied */
	bool out_of_range; /* year below 0 or above 9999: at_us is now */
	int parsed_year; /* with out_of_range */
};

/*
 * Takes timestamp, offset and properties.$ignore_sent_at of an event object
 * (nodes of d; object may be the root). now and sent_at are left alone. The
 * slices point into d or the arena.
 */
void event_time_read(const struct json_doc *d, uint32_t object, struct arena *a,
	struct event_time_in *in);
/* The formula of 4.1 with the flags of 4.3 (event-3). Never fails. */
void event_time_compute(const struct event_time_in *in, struct event_time *out);

#endif
