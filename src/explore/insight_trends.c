#include "explore/writer.h"

/* Events or people by time, each value of the breakdown apart; values beyond
 * the most frequent fall into one. */

static void
put_breakdown(struct writer *w)
{
	switch (w->i->breakdown) {
	case INSIGHT_BY_NOTHING:
	case INSIGHT_N_BREAKDOWNS:
		break;
	case INSIGHT_BY_EVENT:
		buf_append_lit(w->text, "e.event");
		break;
	case INSIGHT_BY_PROPERTY:
		writer_value(w, "properties", w->i->property);
		break;
	case INSIGHT_BY_PERSON_PROPERTY:
		writer_value(w, "person_properties", w->i->property);
		break;
	}
}

static void
put_measure(struct writer *w)
{
	if (w->i->is_users) {
		buf_append_lit(w->text, "uniqExact(");
		writer_person(w);
		buf_append_lit(w->text, ") AS users\n");
	} else {
		buf_append_lit(w->text, "count() AS events\n");
	}
}

static void
put_from(struct writer *w)
{
	buf_append_lit(w->text, "FROM posthog.events AS e\n");
	if (w->i->is_users)
		writer_overrides(w);
	buf_append_lit(w->text, "WHERE ");
	writer_where(w);
	writer_event_is(w, w->i->event);
}

void
insight_write_trends(struct writer *w)
{
	bool has_breakdown = w->i->breakdown != INSIGHT_BY_NOTHING;

	if (has_breakdown) {
		buf_append_lit(w->text, "WITH top AS (\n  SELECT ");
		put_breakdown(w);
		buf_append_lit(w->text, " AS value\n"
					"  FROM posthog.events AS e\n"
					"  WHERE ");
		writer_where(w);
		writer_event_is(w, w->i->event);
		buf_printf(w->text,
			"\n  GROUP BY value ORDER BY count() DESC, value "
			"LIMIT %d\n)\n",
			INSIGHT_BREAKDOWN_VALUES);
	}
	buf_append_lit(w->text, "SELECT ");
	writer_bucket(w);
	buf_append_lit(w->text, " AS time, ");
	if (has_breakdown) {
		buf_append_lit(w->text, "if(");
		put_breakdown(w);
		buf_append_lit(w->text, " IN (SELECT value FROM top), ");
		put_breakdown(w);
		buf_append_lit(w->text, ", '(other)') AS value, ");
	}
	put_measure(w);
	put_from(w);
	buf_append_str(w->text,
		has_breakdown ? "\nGROUP BY time, value\nORDER BY time, value"
			      : "\nGROUP BY time\nORDER BY time");
}
