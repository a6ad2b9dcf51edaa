#include "definition/definition.h"
#include "event/time.h"

/* What a number must be over to be a time: half a year ago. */
#define RECENT_S 15768000

const char *const definition_type_names[DEFINITION_N_TYPES] = {
	[DEFINITION_UNTYPED] = NULL,
	[DEFINITION_DATETIME] = "DateTime",
	[DEFINITION_STRING] = "String",
	[DEFINITION_NUMERIC] = "Numeric",
	[DEFINITION_BOOLEAN] = "Boolean",
};

static bool
is_digits(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] < '0' || p[i] > '9')
			return false;
	return true;
}

static int
two(const char *p)
{
	return (p[0] - '0') * 10 + p[1] - '0';
}

static bool
is_day(const char *month, const char *day)
{
	return is_digits(month, 2) && is_digits(day, 2) && two(month) >= 1 &&
	       two(month) <= 12 && two(day) >= 1 && two(day) <= 31;
}

/* Nothing, or a blank or T and hh:mm:ss and whatever follows. */
static bool
is_clock_or_end(struct slice s)
{
	const char *p = s.p;

	if (s.len == 0)
		return true;
	return s.len >= 9 && (p[0] == ' ' || p[0] == 'T' || p[0] == 't') &&
	       is_digits(p + 1, 2) && p[3] == ':' && is_digits(p + 4, 2) &&
	       p[6] == ':' && is_digits(p + 7, 2) && two(p + 1) < 24 &&
	       two(p + 4) < 60 && two(p + 7) <= 60;
}

/* YYYY-MM-DD, YYYY/MM/DD, DD-MM-YYYY, with or without a time. */
static bool
is_numeric_date(struct slice s)
{
	const char *p = s.p;

	if (s.len < 10 || !is_clock_or_end(slice_of(s.p + 10, s.len - 10)))
		return false;
	if (is_digits(p, 4))
		return (p[4] == '-' || p[4] == '/') && p[7] == p[4] &&
		       is_day(p + 5, p + 8);
	return p[2] == '-' && p[5] == '-' && is_digits(p + 6, 4) &&
	       is_day(p + 3, p);
}

/* RFC 2822: the one form of event times with a name of a month. */
static bool
is_mail_date(struct slice s)
{
	int64_t at_us;
	size_t letters = 0;

	if (s.len < 16 || memchr(s.p, ':', s.len) == NULL ||
		memchr(s.p, ' ', s.len) == NULL)
		return false;
	for (size_t i = 0; i < s.len; i++)
		letters += (s.p[i] | 32) >= 'a' && (s.p[i] | 32) <= 'z';
	return letters >= 3 && event_time_parse(s, &at_us);
}

static bool
has_nocase(struct slice name, const char *part)
{
	size_t n = strlen(part);

	for (size_t i = 0; i + n <= name.len; i++)
		if (slice_eq_nocase(slice_of(name.p + i, n), slice_of(part, n)))
			return true;
	return false;
}

static bool
sounds_like_time(struct slice name)
{
	static const char *const parts[] = {
		"time", "date", "_at", "-at", "createdat", "updatedat"};

	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		if (has_nocase(name, parts[i]))
			return true;
	return false;
}

static bool
is_text_by_name(struct slice name)
{
	static const struct slice starts[] = {{"utm_", 4},
		{"$initial_utm_", 13}, {"$feature/", 9},
		{"$survey_response", 16}};

	for (size_t i = 0; i < ARRAY_LEN(starts); i++)
		if (slice_starts(name, starts[i]))
			return true;
	return slice_eq(name, SLICE_LIT("$feature_flag_response"));
}

static enum definition_type
type_of_text(struct slice text)
{
	text = slice_trim(text);
	if (slice_eq(text, SLICE_LIT("true")) ||
		slice_eq(text, SLICE_LIT("false")) ||
		slice_eq(text, SLICE_LIT("TRUE")) ||
		slice_eq(text, SLICE_LIT("FALSE")))
		return DEFINITION_BOOLEAN;
	return is_numeric_date(text) || is_mail_date(text) ? DEFINITION_DATETIME
							   : DEFINITION_STRING;
}

static enum definition_type
type_of_number(struct slice name, struct slice value, int64_t now_us)
{
	int64_t v = 0;

	/* 18 digits fit; a time in any unit has fewer. */
	if (value.len > 18 || !is_digits(value.p, value.len))
		return DEFINITION_NUMERIC;
	for (size_t i = 0; i < value.len; i++)
		v = v * 10 + value.p[i] - '0';
	if (v >= now_us / 1000000 - RECENT_S && sounds_like_time(name))
		return DEFINITION_DATETIME;
	return DEFINITION_NUMERIC;
}

enum definition_type
definition_type_of(struct slice name, struct slice value, int64_t now_us)
{
	char first = value.len == 0 ? 'n' : value.p[0];

	if (is_text_by_name(name))
		return DEFINITION_STRING;
	switch (first) {
	case '"': /* an escape makes no date and no boolean */
		return type_of_text(slice_of(value.p + 1, value.len - 2));
	case 't':
	case 'f':
		return DEFINITION_BOOLEAN;
	case 'n':
	case '[':
	case '{':
		return DEFINITION_UNTYPED;
	default:
		return type_of_number(name, value, now_us);
	}
}
