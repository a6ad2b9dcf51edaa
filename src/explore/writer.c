#include "explore/writer.h"

#include <stdio.h>

#include "base/attr.h"

static const char *
add_param(struct writer *w, struct slice value)
{
	struct insight_query *q = w->query;
	char name[16];
	const char *kept;
	char *copy;

	if (q->n_params == INSIGHT_PARAMS_MAX) {
		w->failed = true;
		return "";
	}
	snprintf(name, sizeof(name), "p%zu", q->n_params + 1);
	kept = arena_strndup(w->arena, slice_str(name));
	copy = arena_strndup(w->arena, value);
	if (kept == NULL || copy == NULL) {
		w->failed = true;
		return "";
	}
	q->params[q->n_params++] =
		(struct clickhouse_pair){kept, slice_of(copy, value.len)};
	return kept;
}

void
writer_literal(struct buf *b, struct slice value)
{
	buf_append_char(b, '\'');
	for (size_t i = 0; i < value.len; i++) {
		char c = value.p[i];

		if (c == '\'' || c == '\\')
			buf_append_char(b, '\\');
		if (c == '\n')
			buf_append_lit(b, "\\n");
		else
			buf_append_char(b, c);
	}
	buf_append_char(b, '\'');
}

/* ClickHouse reads the value of a parameter as a field of TSV. */
static struct slice
escaped(struct writer *w, struct slice value)
{
	char *p = arena_alloc(w->arena, value.len * 2 + 1);
	size_t n = 0;

	if (p == NULL) {
		w->failed = true;
		return SLICE_NONE;
	}
	for (size_t i = 0; i < value.len; i++) {
		char c = value.p[i];

		if (c == '\\' || c == '\t' || c == '\n' || c == '\r') {
			p[n++] = '\\';
			c = c == '\t'   ? 't'
			    : c == '\n' ? 'n'
			    : c == '\r' ? 'r'
					: c;
		}
		p[n++] = c;
	}
	return slice_of(p, n);
}

void
writer_text(struct writer *w, struct slice value)
{
	if (w->query == NULL)
		writer_literal(w->text, value);
	else
		buf_printf(w->text, "{%s:String}",
			add_param(w, escaped(w, value)));
}

void
writer_number(struct writer *w, int64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", (long long)value);
	if (w->query == NULL)
		buf_append_str(w->text, text);
	else
		buf_printf(
			w->text, "{%s:Int64}", add_param(w, slice_str(text)));
}

void
writer_where(struct writer *w)
{
	buf_append_lit(w->text, "e.team_id = ");
	writer_number(w, w->i->team_id);
	buf_append_lit(w->text, "\n  AND e.timestamp >= toDateTime(");
	writer_number(w, w->i->from_s);
	buf_append_lit(w->text, ", 'UTC') AND e.timestamp < toDateTime(");
	writer_number(w, w->i->to_s);
	buf_append_lit(w->text, ", 'UTC')");
}

void
writer_event_is(struct writer *w, struct slice event)
{
	if (event.len == 0)
		return;
	buf_append_lit(w->text, "\n  AND e.event = ");
	writer_text(w, event);
}

void
writer_bucket(struct writer *w)
{
	static const char *const cuts[INSIGHT_N_INTERVALS] = {
		[INSIGHT_HOUR] = "toStartOfHour(e.timestamp, ",
		[INSIGHT_DAY] = "toStartOfDay(e.timestamp, ",
		[INSIGHT_WEEK] = "toStartOfWeek(e.timestamp, 1, ",
		[INSIGHT_MONTH] = "toStartOfMonth(e.timestamp, "};

	buf_append_str(w->text, cuts[w->i->interval]);
	writer_text(w, w->i->timezone);
	buf_append_char(w->text, ')');
}

/* An event keeps the person it was written with; merges since then stand in the
 * overrides. */
void
writer_person(struct writer *w)
{
	buf_append_lit(w->text, "if(o.distinct_id != '', o.person_id, "
				"e.person_id)");
}

void
writer_overrides(struct writer *w)
{
	buf_append_lit(w->text,
		"LEFT JOIN (\n"
		"  SELECT distinct_id, argMax(person_id, version) AS "
		"person_id\n"
		"  FROM posthog.person_distinct_id_overrides\n"
		"  WHERE team_id = ");
	writer_number(w, w->i->team_id);
	buf_append_lit(w->text, "\n"
				"  GROUP BY distinct_id\n"
				"  HAVING argMax(is_deleted, version) = 0\n"
				") AS o ON o.distinct_id = e.distinct_id\n");
}

/* Text without its quotes, everything else as it stands in JSON. */
void
writer_value(struct writer *w, const char *column, struct slice property)
{
	buf_printf(w->text, "if(JSONType(e.%s, ", column);
	writer_text(w, property);
	buf_printf(w->text, ") = 'String', JSONExtractString(e.%s, ", column);
	writer_text(w, property);
	buf_printf(w->text, "), JSONExtractRaw(e.%s, ", column);
	writer_text(w, property);
	buf_append_lit(w->text, "))");
}
