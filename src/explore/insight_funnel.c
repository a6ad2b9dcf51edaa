#include "explore/writer.h"

/* How many people went through the steps in their order, the last within the
 * window after the first. */

static void
put_names(struct writer *w)
{
	for (int n = 0; n < w->i->n_steps; n++) {
		if (n > 0)
			buf_append_lit(w->text, ", ");
		writer_text(w, w->i->steps[n]);
	}
}

void
insight_write_funnel(struct writer *w)
{
	buf_append_lit(w->text, "SELECT step, [");
	put_names(w);
	buf_append_lit(w->text,
		"][step] AS event, countIf(level >= step) AS users\n"
		"FROM (\n"
		"  SELECT ");
	writer_person(w);
	buf_append_lit(w->text, " AS person, windowFunnel(");
	writer_number(w, w->i->window_h * 3600 * 1000);
	buf_append_lit(
		w->text, ")(toUInt64(toUnixTimestamp64Milli(e.timestamp))");
	for (int n = 0; n < w->i->n_steps; n++) {
		buf_append_lit(w->text, ", e.event = ");
		writer_text(w, w->i->steps[n]);
	}
	buf_append_lit(w->text, ") AS level\n"
				"  FROM posthog.events AS e\n");
	writer_overrides(w);
	buf_append_lit(w->text, "WHERE ");
	writer_where(w);
	buf_append_lit(w->text, "\n  AND e.event IN (");
	put_names(w);
	buf_append_lit(w->text, ")\n"
				"  GROUP BY person\n"
				")\n"
				"ARRAY JOIN range(1, toUInt8(");
	writer_number(w, w->i->n_steps + 1);
	buf_append_lit(w->text, ")) AS step\n"
				"GROUP BY step\n"
				"ORDER BY step");
}
