#include "base/clock.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>

#define US_PER_S INT64_C(1000000)
#define US_PER_DAY (INT64_C(86400) * US_PER_S)

static _Atomic int64_t fixed_us;

void
clock_test_set_us(int64_t us)
{
	atomic_store(&fixed_us, us);
}

int64_t
clock_now_us(void)
{
	int64_t fixed = atomic_load_explicit(&fixed_us, memory_order_relaxed);
	struct timespec ts;

	if (fixed != 0)
		return fixed;
	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * US_PER_S + ts.tv_nsec / 1000;
}

int64_t
clock_mono_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

static int64_t
floor_div(int64_t a, int64_t b)
{
	int64_t q = a / b;

	return a % b < 0 ? q - 1 : q;
}

/* Days of the years 1 March 0000 to 1 March of year y, leap days included. */
static int64_t
days_before_march(int64_t y)
{
	return 365 * y + floor_div(y, 4) - floor_div(y, 100) +
	       floor_div(y, 400);
}

/* Days from 1 March to the first of month m, counted March = 0. */
static int64_t
days_before_month(int64_t m)
{
	return (153 * m + 2) / 5;
}

#define EPOCH_DAYS INT64_C(719468) /* 1 March 0000 to 1 January 1970 */

int64_t
clock_from_civil(const struct clock_civil *c)
{
	int64_t m = c->month > 2 ? c->month - 3 : c->month + 9;
	int64_t y = c->month > 2 ? c->year : (int64_t)c->year - 1;
	int64_t days = days_before_march(y) + days_before_month(m) + c->day - 1;

	return (days - EPOCH_DAYS) * US_PER_DAY +
	       ((c->hour * INT64_C(60) + c->minute) * 60 + c->second) *
		       US_PER_S +
	       c->us;
}

void
clock_to_civil(int64_t us, struct clock_civil *c)
{
	int64_t days = floor_div(us, US_PER_DAY);
	int64_t rest = us - days * US_PER_DAY;
	int64_t y, m;

	days += EPOCH_DAYS;
	/* A first guess of the year is at most one too high or too low. */
	y = floor_div(days * 400, 146097);
	while (days_before_march(y) > days)
		y--;
	while (days_before_march(y + 1) <= days)
		y++;
	days -= days_before_march(y);
	m = (5 * days + 2) / 153;
	c->day = (int)(days - days_before_month(m)) + 1;
	c->month = (int)(m < 10 ? m + 3 : m - 9);
	c->year = (int)(m < 10 ? y : y + 1);
	c->us = (int)(rest % US_PER_S);
	rest /= US_PER_S;
	c->second = (int)(rest % 60);
	c->minute = (int)(rest / 60 % 60);
	c->hour = (int)(rest / 3600);
}

static void
put_digits(char *p, int v, int n)
{
	while (n-- > 0) {
		p[n] = (char)('0' + v % 10);
		v /= 10;
	}
}

int
clock_format(int64_t us, enum clock_format f, char out[CLOCK_TEXT_MAX])
{
	bool is_iso = f == CLOCK_RFC3339 || f == CLOCK_ISO_MS;
	struct clock_civil c;
	char *p = out;

	clock_to_civil(us, &c);
	if (c.year < 0)
		*p++ = '-';
	put_digits(p, c.year < 0 ? -c.year : c.year, 4);
	p[4] = '-';
	put_digits(p + 5, c.month, 2);
	p[7] = '-';
	put_digits(p + 8, c.day, 2);
	p[10] = is_iso ? 'T' : ' ';
	put_digits(p + 11, c.hour, 2);
	p[13] = ':';
	put_digits(p + 14, c.minute, 2);
	p[16] = ':';
	put_digits(p + 17, c.second, 2);
	p += 19;
	if (f == CLOCK_ISO_MS || f == CLOCK_EVENT ||
		(f == CLOCK_RFC3339 && c.us != 0 && c.us % 1000 == 0)) {
		*p = '.';
		put_digits(p + 1, c.us / 1000, 3);
		p += 4;
	} else if (f == CLOCK_RFC3339 && c.us != 0) {
		*p = '.';
		put_digits(p + 1, c.us, 6);
		p += 7;
	}
	if (is_iso)
		*p++ = 'Z';
	*p = '\0';
	return (int)(p - out);
}
