#ifndef SLUICE_BASE_CLOCK_H
#define SLUICE_BASE_CLOCK_H

#include <stdint.h>

/* Wall time, microseconds since 1970 UTC. Tests can set it. @thread any */
int64_t clock_now_us(void);
/* Monotonic time in nanoseconds, for deadlines. Never mixed with wall time. */
int64_t clock_mono_ns(void);
/* Tests: fixes the wall clock (advance by calling again); 0 gives it back. */
void clock_test_set_us(int64_t us);

/* A civil date and time in UTC, proleptic Gregorian, years -9999..9999. */
struct clock_civil {
	int year, month, day, hour, minute, second; /* month 1-12, day 1-31 */
	int us; /* 0..999999 */
};
void clock_to_civil(int64_t us, struct clock_civil *c);
int64_t clock_from_civil(const struct clock_civil *c);

enum clock_format {
	CLOCK_RFC3339, /* 2024-03-05T10:20:30[.fff[fff]]Z, fraction as needed */
	CLOCK_ISO_MS, /* 2024-03-05T10:20:30.123Z */
	CLOCK_EVENT, /* 2024-03-05 10:20:30.123 ("event time") */
	CLOCK_SECOND, /* 2024-03-05 10:20:30 ("second time") */
};
#define CLOCK_TEXT_MAX 40
/* Writes NUL-terminated text, returns its length. */
int clock_format(int64_t us, enum clock_format f, char out[CLOCK_TEXT_MAX]);

#endif
