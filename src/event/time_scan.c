#include "event/time_scan.h"

#include "base/clock.h"

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool
time_scan_number(struct time_scan *s, int min, int max, int *out)
{
	const char *p = s->p;
	int v = 0;
	int n = 0;

	while (p < s->end && n < max && is_digit(*p)) {
		v = v * 10 + (*p++ - '0');
		n++;
	}
	if (n < min)
		return false;
	s->p = p;
	*out = v;
	return true;
}

bool
time_scan_char(struct time_scan *s, char c)
{
	if (s->p == s->end || *s->p != c)
		return false;
	s->p++;
	return true;
}

bool
time_scan_at_end(const struct time_scan *s)
{
	return s->p == s->end;
}

static void
scan_fraction(struct time_scan *s, struct time_fields *f)
{
	int factor = 100000;

	while (s->p < s->end && is_digit(*s->p)) {
		f->us += (*s->p++ - '0') * factor;
		factor /= 10;
	}
}

bool
time_scan_clock(struct time_scan *s, struct time_fields *f)
{
	if (!time_scan_number(s, 1, 2, &f->hour) || !time_scan_char(s, ':') ||
		!time_scan_number(s, 2, 2, &f->minute))
		return false;
	if (!time_scan_char(s, ':'))
		return true;
	if (!time_scan_number(s, 2, 2, &f->second))
		return false;
	if (time_scan_char(s, '.') || time_scan_char(s, ',')) {
		if (s->p == s->end || !is_digit(*s->p))
			return false;
		scan_fraction(s, f);
	}
	return true;
}

bool
time_scan_zone(struct time_scan *s, struct time_fields *f)
{
	int hours, minutes = 0;
	int sign;

	if (time_scan_at_end(s))
		return true;
	if (time_scan_char(s, 'Z') || time_scan_char(s, 'z'))
		return true;
	if (time_scan_char(s, '+'))
		sign = 1;
	else if (time_scan_char(s, '-'))
		sign = -1;
	else
		return false;
	if (!time_scan_number(s, 2, 2, &hours))
		return false;
	if (!time_scan_at_end(s)) {
		(void)time_scan_char(s, ':');
		if (!time_scan_number(s, 2, 2, &minutes))
			return false;
	}
	if (hours > 23 || minutes > 59)
		return false;
	f->zone_minutes = sign * (hours * 60 + minutes);
	return true;
}

int
time_days_in_month(int year, int month)
{
	static const int days[] = {
		31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

bool
time_fields_to_us(const struct time_fields *f, int64_t *at_us)
{
	struct clock_civil c = {.year = f->year,
		.month = f->month,
		.day = f->day,
		.hour = f->hour,
		.minute = f->minute,
		.second = f->second,
		.us = f->us - f->us % 1000};

	if (f->month < 1 || f->month > 12 || f->day < 1 ||
		f->day > time_days_in_month(f->year, f->month) ||
		f->hour > 23 || f->minute > 59 || f->second > 60)
		return false;
	if (f->second == 60) { /* leap second */
		c.second = 59;
		c.us = 999000;
	}
	*at_us = clock_from_civil(&c) - f->zone_minutes * INT64_C(60000000);
	return true;
}
