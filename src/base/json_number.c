#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json_scan.h"

/*
 * A decimal number as digits and a power of ten. Digits after the first 780
 * significant ones only matter by being there: no double needs more to be told
 * from its neighbour.
 */
#define DIGITS_MAX 780

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static const char *
skip_digits(const char *p, const char *end)
{
	while (p < end && is_digit(*p))
		p++;
	return p;
}

/* The exponent behind "e", held within what cannot be told from infinity. */
static long
read_exponent(const char *p, const char *end)
{
	bool is_negative = *p == '-';
	long v = 0;

	if (*p == '-' || *p == '+')
		p++;
	for (; p < end; p++) {
		if (v < 100000000)
			v = v * 10 + (*p - '0');
	}
	return is_negative ? -v : v;
}

static const double powers_of_ten[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7,
	1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
	1e20, 1e21, 1e22};

/* Without a point the text means the same in every locale. */
static double
read_digits(const char *digits, size_t n, long exponent)
{
	char text[DIGITS_MAX + 32];

	snprintf(text, sizeof(text), "%.*se%ld", (int)n, digits, exponent);
	return strtod(text, NULL);
}

double
json_scan_double(const char *p, size_t len)
{
	const char *end = p + len;
	bool is_negative = len > 0 && *p == '-', has_point = false;
	bool is_cut = false;
	char digits[DIGITS_MAX + 1];
	size_t n = 0;
	long exponent = 0;
	uint64_t v = 0;
	double d;

	for (p += is_negative; p < end && *p != 'e' && *p != 'E'; p++) {
		if (*p == '.') {
			has_point = true;
			continue;
		}
		exponent -= has_point;
		if (n == 0 && *p == '0')
			continue;
		if (n < DIGITS_MAX) {
			digits[n++] = *p;
			v = v * 10 + (uint64_t)(*p - '0');
		} else {
			is_cut = is_cut || *p != '0';
			exponent++;
		}
	}
	if (p < end)
		exponent += read_exponent(p + 1, end);
	if (n == 0)
		return is_negative ? -0.0 : 0.0;
	if (n <= 15 && exponent >= 0 && exponent <= 22) {
		d = (double)v * powers_of_ten[exponent];
	} else if (n <= 15 && exponent < 0 && exponent >= -22) {
		d = (double)v / powers_of_ten[-exponent];
	} else {
		if (is_cut) {
			digits[n++] = '1';
			exponent--;
		}
		d = read_digits(digits, n, exponent);
	}
	return is_negative ? -d : d;
}

/*
 * Integers of up to 64 bits stay as written, but for -0, which is a double. A
 * fraction of few digits without an exponent is its own shortest form.
 */
static bool
is_plain(const char *start, const char *fraction, const char *end)
{
	const char *first = start + (*start == '-');
	size_t n_whole;

	if (fraction == NULL) {
		size_t n = (size_t)(end - first);
		uint64_t v = 0, limit;

		if (n < 19)
			return !(*start == '-' && *first == '0');
		if (n > 20)
			return false;
		for (const char *p = first; p < end; p++) {
			if (__builtin_mul_overflow(v, 10u, &v) ||
				__builtin_add_overflow(
					v, (uint64_t)(*p - '0'), &v))
				return false;
		}
		limit = *start == '-' ? UINT64_C(1) << 63 : UINT64_MAX;
		return v <= limit;
	}
	n_whole = (size_t)(fraction - 1 - first);
	if (n_whole + (size_t)(end - fraction) > 15)
		return false;
	if (end - fraction == 1)
		return true;
	if (end[-1] == '0')
		return false;
	/* Below a millionth the shortest form has an exponent. */
	if (*first != '0')
		return true;
	while (*fraction == '0')
		fraction++;
	return fraction - first <= 7;
}

/* Whether the number may be over the largest double. */
static bool
may_overflow(const char *first, const char *whole_end, const char *exponent,
	const char *end)
{
	if (exponent == NULL)
		return whole_end - first > 308;
	return read_exponent(exponent, end) + (whole_end - first) > 308;
}

const char *
json_scan_number(
	const char *p, const char *end, uint8_t *flags, struct json_fault *f)
{
	const char *start = p, *first, *whole_end;
	const char *fraction = NULL, *exponent = NULL;

	if (*p == '-')
		p++;
	first = p;
	p = skip_digits(p, end);
	if (p == first)
		return json_fault_set(f, "number without digits", start);
	if (*first == '0' && p > first + 1)
		return json_fault_set(f, "number with a leading zero", start);
	whole_end = p;
	if (p < end && *p == '.') {
		fraction = p + 1;
		p = skip_digits(fraction, end);
		if (p == fraction)
			return json_fault_set(f, "bad fraction", start);
	}
	if (p < end && (*p | 0x20) == 'e') {
		const char *digits;

		exponent = digits = p + 1;
		if (digits < end && (*digits == '+' || *digits == '-'))
			digits++;
		p = skip_digits(digits, end);
		if (p == digits)
			return json_fault_set(f, "bad exponent", start);
	}
	if (UNLIKELY(may_overflow(first, whole_end, exponent, p)) &&
		isinf(json_scan_double(start, (size_t)(p - start))))
		return json_fault_set(f, "number out of range", start);
	if (fraction != NULL || exponent != NULL)
		*flags |= JSON_FLOAT;
	if (exponent == NULL && is_plain(start, fraction, p))
		*flags |= JSON_PLAIN;
	return p;
}
