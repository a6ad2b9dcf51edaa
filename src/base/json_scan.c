#include "base/json_scan.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/utf8.h"

int
json_fault_err(const struct json_fault *f, const char *start, struct err *e)
{
	return err_set(e, ERR_INVALID, "%s at byte %zu", f->what,
		(size_t)(f->at - start));
}

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int
json_hex4(const char *p)
{
	int v = 0;

	for (int i = 0; i < 4; i++) {
		int digit = hex_value(p[i]);

		if (digit < 0)
			return -1;
		v = v << 4 | digit;
	}
	return v;
}

static bool
is_low_surrogate(int unit)
{
	return unit >= 0xdc00 && unit <= 0xdfff;
}

static bool
is_high_surrogate(int unit)
{
	return unit >= 0xd800 && unit <= 0xdbff;
}

/* The low surrogate escape at p, or -1. */
static int
low_at(const char *p, const char *end)
{
	int unit;

	if (end - p < 6 || p[0] != '\\' || p[1] != 'u')
		return -1;
	unit = json_hex4(p + 2);
	return is_low_surrogate(unit) ? unit : -1;
}

static const char *
scan_escape(
	const char *p, const char *end, uint8_t *flags, struct json_fault *f)
{
	int unit;

	*flags |= JSON_ESCAPED;
	if (end - p < 2)
		return json_fault_set(f, "string without its end", end);
	switch (p[1]) {
	case '"':
	case '\\':
	case '/':
	case 'b':
	case 'f':
	case 'n':
	case 'r':
	case 't':
		return p + 2;
	case 'u':
		break;
	default:
		return json_fault_set(f, "unknown escape", p);
	}
	unit = end - p < 6 ? -1 : json_hex4(p + 2);
	if (unit < 0)
		return json_fault_set(f, "bad \\u escape", p);
	if (unit == 0)
		*flags |= JSON_NUL;
	if (is_high_surrogate(unit) && low_at(p + 6, end) >= 0)
		return p + 12;
	if (is_high_surrogate(unit) || is_low_surrogate(unit))
		*flags |= JSON_LONE;
	return p + 6;
}

const char *
json_scan_special(
	const char *p, const char *end, uint8_t *flags, struct json_fault *f)
{
	size_t n;

	if (*p == '\\')
		return scan_escape(p, end, flags, f);
	if ((unsigned char)*p < ' ')
		return json_fault_set(f, "control character in a string", p);
	n = utf8_run(p, (size_t)(end - p));
	if (n == 0)
		return json_fault_set(f, "invalid UTF-8 in a string", p);
	return p + n;
}

const char *
json_decode_escape(
	const char *p, const char *end, char out[4], size_t *n, bool *is_lone)
{
	static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
	const char *at;
	int unit, low;

	*n = 1;
	if (p[1] != 'u') {
		at = strchr(from, p[1]);
		out[0] = at == NULL ? p[1] : to[at - from];
		return p + 2;
	}
	unit = json_hex4(p + 2);
	if (is_high_surrogate(unit) && (low = low_at(p + 6, end)) >= 0) {
		*n = utf8_encode(0x10000 + (((uint32_t)unit - 0xd800) << 10) +
					 ((uint32_t)low - 0xdc00),
			out);
		return p + 12;
	}
	if (is_high_surrogate(unit) || is_low_surrogate(unit)) {
		*is_lone = true;
		unit = 0xfffd;
	}
	*n = utf8_encode((uint32_t)unit, out);
	return p + 6;
}

const char *
json_scan_literal(
	const char *p, const char *end, uint8_t *type, struct json_fault *f)
{
	const char *word = *p == 'n' ? "null" : *p == 't' ? "true" : "false";
	size_t n = *p == 'f' ? 5 : 4;

	if ((size_t)(end - p) < n || memcmp(p, word, n) != 0)
		return json_fault_set(f, "not a JSON value", p);
	*type = *p == 'n' ? JSON_NULL : *p == 't' ? JSON_TRUE : JSON_FALSE;
	return p + n;
}
