#include "explore/writer.h"

/* People by when they did the first event first in the range, and how many of
 * them did the other one in each later period. Period 0 is all of them. */

static void
put_events(struct writer *w, struct slice event, const char *what)
{
	buf_append_lit(w->text, "  SELECT ");
	writer_person(w);
	buf_append_lit(w->text, " AS person, ");
	buf_append_str(w->text, what);
	writer_bucket(w);
	buf_append_str(
		w->text, what[0] == '\0' ? " AS bucket\n" : ") AS cohort\n");
	buf_append_lit(w->text, "  FROM posthog.events AS e\n");
	writer_overrides(w);
	buf_append_lit(w->text, "WHERE ");
	writer_where(w);
	writer_event_is(w, event);
	buf_append_str(w->text, what[0] == '\0'
					? "\n  GROUP BY person, bucket\n"
					: "\n  GROUP BY person\n");
}

void
insight_write_retention(struct writer *w)
{
	static const char *const units[INSIGHT_N_INTERVALS] = {
		[INSIGHT_HOUR] = "hour",
		[INSIGHT_DAY] = "day",
		[INSIGHT_WEEK] = "week",
		[INSIGHT_MONTH] = "month"};

	buf_append_lit(w->text, "WITH first AS (\n");
	put_events(w, w->i->event, "min(");
	buf_append_lit(w->text, "),\nagain AS (\n");
	put_events(w, w->i->return_event, "");
	buf_append_lit(w->text, ")\n"
				"SELECT cohort, period, uniqExact(person) AS "
				"users\n"
				"FROM (\n"
				"  SELECT person, cohort, toInt64(0) AS "
				"period FROM first\n"
				"  UNION ALL\n"
				"  SELECT f.person AS person, f.cohort AS "
				"cohort, dateDiff('");
	buf_append_str(w->text, units[w->i->interval]);
	buf_append_lit(w->text, "', f.cohort, a.bucket) AS period\n"
				"  FROM first AS f\n"
				"  JOIN again AS a ON a.person = f.person\n"
				"  WHERE a.bucket > f.cohort\n"
				")\n"
				"GROUP BY cohort, period\n"
				"ORDER BY cohort, period");
}
