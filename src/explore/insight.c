#include "explore/writer.h"

#include "base/attr.h"
#include "base/utf8.h"

#define TEXT_MAX_BYTES 32768
#define DAY_S INT64_C(86400)

const char *const insight_kinds[INSIGHT_N_KINDS] = {
	[INSIGHT_TRENDS] = "trends",
	[INSIGHT_FUNNEL] = "funnel",
	[INSIGHT_RETENTION] = "retention",
	[INSIGHT_TOP] = "top",
};
const char *const insight_intervals[INSIGHT_N_INTERVALS] = {
	[INSIGHT_HOUR] = "hour",
	[INSIGHT_DAY] = "day",
	[INSIGHT_WEEK] = "week",
	[INSIGHT_MONTH] = "month",
};
const char *const insight_breakdowns[INSIGHT_N_BREAKDOWNS] = {
	[INSIGHT_BY_NOTHING] = "none",
	[INSIGHT_BY_EVENT] = "event",
	[INSIGHT_BY_PROPERTY] = "property",
	[INSIGHT_BY_PERSON_PROPERTY] = "person_property",
};
const char *const insight_tops[INSIGHT_N_TOPS] = {
	[INSIGHT_TOP_EVENTS] = "events",
	[INSIGHT_TOP_PROPERTIES] = "properties",
	[INSIGHT_TOP_VALUES] = "values",
};

int
insight_word(const char *const *words, int n, struct slice word)
{
	for (int i = 0; i < n; i++)
		if (slice_eq_str(word, words[i]))
			return i;
	return -1;
}

static int
bad(const char **field, const char *name, struct err *e, const char *text)
{
	*field = name;
	return err_set(e, ERR_INVALID, "%s: %s", name, text);
}

static int
check_name(const char **field, const char *name, struct slice value,
	bool is_wanted, struct err *e)
{
	if (is_wanted && value.len == 0)
		return bad(field, name, e, "a name is wanted");
	if (value.len > INSIGHT_NAME_BYTES)
		return bad(field, name, e, "at most 400 bytes");
	if (value.len > 0 && (memchr(value.p, '\0', value.len) != NULL ||
				     !utf8_valid(value)))
		return bad(field, name, e, "text in UTF-8 is wanted");
	return 0;
}

static int
check_range(const struct insight *i, const char **field, struct err *e)
{
	/* What a DateTime of ClickHouse holds. */
	if (i->from_s < 0 || i->from_s > INT64_C(4294967295))
		return bad(field, "from", e, "a time since 1970 is wanted");
	if (i->to_s <= i->from_s || i->to_s > INT64_C(4294967295))
		return bad(field, "to", e, "a time after from is wanted");
	if (i->to_s - i->from_s > INSIGHT_DAYS_MAX * DAY_S)
		return bad(field, "from", e, "at most 800 days before to");
	if (i->interval == INSIGHT_HOUR && i->to_s - i->from_s > 62 * DAY_S)
		return bad(field, "interval", e,
			"hours are for at most 62 days: choose day");
	return 0;
}

static int
check_steps(const struct insight *i, const char **field, struct err *e)
{
	int r = 0;

	if (i->n_steps < 2 || i->n_steps > INSIGHT_STEPS_MAX)
		return bad(field, "steps", e, "two to six events are wanted");
	if (i->window_h < 1 || i->window_h > 24 * 366)
		return bad(field, "window_h", e, "1 to 8784 hours");
	for (int n = 0; n < i->n_steps && r == 0; n++)
		r = check_name(field, "steps", i->steps[n], true, e);
	return r;
}

static bool
is_zone(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			    (c >= '0' && c <= '9') || c == '_' || c == '/' ||
			    c == '+' || c == '-'))
			return false;
	}
	return s.len > 0 && s.len < 64;
}

int
insight_check(const struct insight *i, const char **field, struct err *e)
{
	bool by_property =
		(i->kind == INSIGHT_TRENDS &&
			i->breakdown >= INSIGHT_BY_PROPERTY) ||
		(i->kind == INSIGHT_TOP && i->top == INSIGHT_TOP_VALUES);
	int r = check_range(i, field, e);

	if (r == 0)
		r = check_name(field, "event", i->event,
			i->kind == INSIGHT_RETENTION, e);
	if (r == 0)
		r = check_name(field, "property", i->property, by_property, e);
	if (r == 0)
		r = check_name(
			field, "return_event", i->return_event, false, e);
	if (r == 0 && !is_zone(i->timezone))
		r = bad(field, "timezone", e, "not a time zone's name");
	if (r == 0 && i->kind == INSIGHT_FUNNEL)
		r = check_steps(i, field, e);
	if (r == 0 && i->kind == INSIGHT_RETENTION &&
		i->interval == INSIGHT_HOUR)
		r = bad(field, "interval", e, "day, week or month is wanted");
	if (r == 0 && i->kind == INSIGHT_TOP &&
		(i->limit < 1 || i->limit > 1000))
		r = bad(field, "limit", e, "1 to 1000");
	return r;
}

static void (*const writers[INSIGHT_N_KINDS])(struct writer *w) = {
	[INSIGHT_TRENDS] = insight_write_trends,
	[INSIGHT_FUNNEL] = insight_write_funnel,
	[INSIGHT_RETENTION] = insight_write_retention,
	[INSIGHT_TOP] = insight_write_top,
};

static int
write_with(struct writer *w, struct err *e)
{
	writers[w->i->kind](w);
	if (w->failed || w->text->failed)
		return err_set(e, ERR_TOO_BIG, "the query is too long");
	return 0;
}

int
insight_write(const struct insight *i, struct arena *a,
	struct insight_query *out, struct err *e)
{
	struct writer w = {
		.i = i, .text = &out->text, .arena = a, .query = out};

	buf_init(&out->text, TEXT_MAX_BYTES);
	out->n_params = 0;
	return write_with(&w, e);
}

int
insight_write_plain(const struct insight *i, struct buf *out, struct err *e)
{
	struct writer w = {.i = i, .text = out};

	return write_with(&w, e);
}
