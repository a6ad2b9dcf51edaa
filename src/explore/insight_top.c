#include "explore/writer.h"

/* What is most frequent: events, properties, or values of one property. */
void
insight_write_top(struct writer *w)
{
	switch (w->i->top) {
	case INSIGHT_TOP_EVENTS:
		buf_append_lit(w->text, "SELECT e.event AS event, ");
		break;
	case INSIGHT_TOP_PROPERTIES:
		buf_append_lit(w->text, "SELECT arrayJoin(JSONExtractKeys("
					"e.properties)) AS property, ");
		break;
	case INSIGHT_TOP_VALUES:
	case INSIGHT_N_TOPS:
		buf_append_lit(w->text, "SELECT ");
		writer_value(w, "properties", w->i->property);
		buf_append_lit(w->text, " AS value, ");
		break;
	}
	buf_append_lit(w->text, "count() AS events, uniqExact(e.distinct_id) "
				"AS distinct_ids\n"
				"FROM posthog.events AS e\n"
				"WHERE ");
	writer_where(w);
	writer_event_is(w, w->i->event);
	if (w->i->top == INSIGHT_TOP_VALUES) {
		buf_append_lit(w->text, "\n  AND JSONHas(e.properties, ");
		writer_text(w, w->i->property);
		buf_append_char(w->text, ')');
	}
	buf_append_lit(w->text, "\nGROUP BY 1\nORDER BY events DESC, 1\n"
				"LIMIT ");
	writer_number(w, w->i->limit);
}
