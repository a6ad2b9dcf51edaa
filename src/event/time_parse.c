#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "event/time.h"
#include "event/time_scan.h"

#define TEXT_MAX_BYTES 64
/* What JavaScript's Date can hold; more is no time. */
#define MS_MAX 8.64e15
#define YEAR_MAX 271820

static bool
finish(struct time_scan *s, struct time_fields *f, int64_t *at_us)
{
	return time_scan_zone(s, f) && time_scan_at_end(s) &&
	       time_fields_to_us(f, at_us);
}

/* After a date: nothing, or a blank or T and a clock and a zone. */
static bool
after_date(struct time_scan *s, struct time_fields *f, int64_t *at_us)
{
	if (time_scan_at_end(s))
		return time_fields_to_us(f, at_us);
	if (!time_scan_char(s, 'T') && !time_scan_char(s, 't') &&
		!time_scan_char(s, ' '))
		return false;
	if (!time_scan_clock(s, f))
		return false;
	(void)time_scan_char(s, ' ');
	return finish(s, f, at_us);
}

/* Day of the year, 1-based, into month and day. */
static bool
set_ordinal(struct time_fields *f, int day)
{
	f->month = 1;
	while (f->month <= 12 && day > time_days_in_month(f->year, f->month))
		day -= time_days_in_month(f->year, f->month++);
	f->day = day;
	return f->month <= 12 && day >= 1;
}

/* YYYY-Www-D: week 1 holds the first Thursday; may reach into a neighbour
 * year. */
static bool
parse_week(struct time_scan *s, struct time_fields *f, int64_t *at_us)
{
	struct clock_civil c = {.year = f->year, .month = 1, .day = 4};
	int week, weekday = 1;
	int64_t jan4_day, monday_day;

	if (!time_scan_number(s, 2, 2, &week) || week < 1 || week > 53)
		return false;
	if (time_scan_char(s, '-') && (!time_scan_number(s, 1, 1, &weekday) ||
					      weekday < 1 || weekday > 7))
		return false;
	jan4_day = clock_from_civil(&c) / INT64_C(86400000000);
	/* 1970-01-01 was a Thursday: (day + 3) mod 7 is 0 on Mondays. */
	monday_day = jan4_day - ((jan4_day + 3) % 7 + 7) % 7;
	clock_to_civil((monday_day + (week - 1) * 7 + weekday - 1) *
			       INT64_C(86400000000),
		&c);
	f->year = c.year;
	f->month = c.month;
	f->day = c.day;
	return after_date(s, f, at_us);
}

/* 2024-03-05…, 2021-W43-5, 2021-302; the year and its dash have been read. */
static bool
parse_dashed(struct time_scan *s, struct time_fields *f, int64_t *at_us)
{
	struct time_scan start = *s;
	int n;

	if (time_scan_char(s, 'W') || time_scan_char(s, 'w'))
		return parse_week(s, f, at_us);
	if (time_scan_number(s, 3, 3, &n))
		return set_ordinal(f, n) && after_date(s, f, at_us);
	*s = start;
	return time_scan_number(s, 1, 2, &f->month) && time_scan_char(s, '-') &&
	       time_scan_number(s, 1, 2, &f->day) && after_date(s, f, at_us);
}

static bool
parse_numeric_date(struct slice text, int64_t *at_us)
{
	struct time_scan s = {text.p, text.p + text.len};
	struct time_fields f = {0};
	bool negative = time_scan_char(&s, '-');
	int first;

	if (!negative)
		(void)time_scan_char(&s, '+');
	if (time_scan_number(&s, 4, 6, &f.year)) {
		if (f.year > YEAR_MAX)
			return false;
		if (negative)
			f.year = -f.year;
		if (time_scan_char(&s, '-'))
			return parse_dashed(&s, &f, at_us);
		return time_scan_char(&s, '/') &&
		       time_scan_number(&s, 1, 2, &f.month) &&
		       time_scan_char(&s, '/') &&
		       time_scan_number(&s, 1, 2, &f.day) &&
		       after_date(&s, &f, at_us);
	}
	if (!time_scan_number(&s, 1, 2, &first) || !time_scan_char(&s, '/'))
		return false;
	f.month = first; /* US order */
	return time_scan_number(&s, 1, 2, &f.day) && time_scan_char(&s, '/') &&
	       time_scan_number(&s, 4, 4, &f.year) && after_date(&s, &f, at_us);
}

static bool
scan_month_name(struct time_scan *s, int *month)
{
	static const char names[] = "janfebmaraprmayjunjulaugsepoctnovdec";

	if (s->end - s->p < 3)
		return false;
	for (int i = 0; i < 12; i++) {
		if (slice_eq_nocase(
			    slice_of(s->p, 3), slice_of(names + i * 3, 3))) {
			s->p += 3;
			*month = i + 1;
			return true;
		}
	}
	return false;
}

/* The names of zones that RFC 2822 knows. */
static bool
has_zone_name(struct slice zone, struct time_fields *f)
{
	static const struct {
		struct slice name;
		int hours;
	} zones[] = {{{"GMT", 3}, 0}, {{"UTC", 3}, 0}, {{"UT", 2}, 0},
		{{"EST", 3}, -5}, {{"EDT", 3}, -4}, {{"CST", 3}, -6},
		{{"CDT", 3}, -5}, {{"MST", 3}, -7}, {{"MDT", 3}, -6},
		{{"PST", 3}, -8}, {{"PDT", 3}, -7}};

	for (size_t i = 0; i < ARRAY_LEN(zones); i++) {
		if (!slice_eq_nocase(zone, zones[i].name))
			continue;
		f->zone_minutes = zones[i].hours * 60;
		return true;
	}
	return false;
}

/* [Tue, ]5 Mar 2024 10:00[:00] +0200|GMT */
static bool
parse_rfc2822(struct slice text, int64_t *at_us)
{
	struct time_scan s = {text.p, text.p + text.len};
	struct time_fields f = {0};
	const char *comma = memchr(text.p, ',', text.len);

	if (comma != NULL) {
		if (comma - text.p < 3 || comma - text.p > 9)
			return false;
		s.p = comma + 1;
		(void)time_scan_char(&s, ' ');
	}
	if (!time_scan_number(&s, 1, 2, &f.day) || !time_scan_char(&s, ' ') ||
		!scan_month_name(&s, &f.month) || !time_scan_char(&s, ' ') ||
		!time_scan_number(&s, 4, 4, &f.year) ||
		!time_scan_char(&s, ' ') || !time_scan_clock(&s, &f))
		return false;
	(void)time_scan_char(&s, ' ');
	if (has_zone_name(slice_of(s.p, (size_t)(s.end - s.p)), &f))
		return time_fields_to_us(&f, at_us);
	return finish(&s, &f, at_us);
}

static bool
from_ms(double ms, int64_t *at_us)
{
	if (!(fabs(ms) <= MS_MAX))
		return false;
	*at_us = (int64_t)floor(ms) * 1000;
	return true;
}

bool
event_time_parse_number(double v, int64_t *at_us)
{
	return from_ms(fabs(v) < 1e11 ? v * 1000 : v, at_us);
}

static bool
all_digits(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.p[i] < '0' || text.p[i] > '9')
			return false;
	return text.len > 0;
}

/* Digits with a point or a sign are numbers too. */
static bool
parse_number_text(struct slice text, int64_t *at_us)
{
	char copy[TEXT_MAX_BYTES + 1];
	char *end;
	double v;

	memcpy(copy, text.p, text.len);
	copy[text.len] = '\0';
	for (size_t i = 0; i < text.len; i++)
		if (strchr("0123456789.-+", copy[i]) == NULL)
			return false;
	v = strtod(copy, &end);
	if (end == copy || *end != '\0')
		return false;
	if (all_digits(text) && text.len == 10)
		return from_ms(v * 1e3, at_us);
	if (all_digits(text) && text.len == 13)
		return from_ms(v, at_us);
	if (all_digits(text) && text.len == 16)
		return from_ms(v / 1e3, at_us);
	if (all_digits(text) && text.len == 19)
		return from_ms(v / 1e6, at_us);
	return event_time_parse_number(v, at_us);
}

bool
event_time_parse(struct slice text, int64_t *at_us)
{
	text = slice_trim(text);
	if (text.len == 0 || text.len > TEXT_MAX_BYTES)
		return false;
	return parse_numeric_date(text, at_us) ||
	       parse_number_text(text, at_us) || parse_rfc2822(text, at_us);
}
