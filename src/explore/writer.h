#ifndef SLUICE_EXPLORE_WRITER_H
#define SLUICE_EXPLORE_WRITER_H

#include "explore/insight.h"

/* Writes one query, either with parameters or with literals. Inside explore/
 * only. */
struct writer {
	const struct insight *i;
	struct buf *text;
	struct arena *arena;
	struct insight_query *query; /* NULL: literals */
	bool failed; /* no memory, or too many parameters */
};

void writer_text(struct writer *w, struct slice value); /* a String */
void writer_number(struct writer *w, int64_t value); /* an Int64 */
/* A value in quotes for ClickHouse (explore-3). */
void writer_literal(struct buf *b, struct slice value);

/* Parts that several queries have. */
void writer_where(struct writer *w); /* project and time range */
void writer_event_is(struct writer *w, struct slice event);
void writer_bucket(struct writer *w); /* the time, cut to the interval */
void writer_person(struct writer *w); /* who somebody is by now */
void writer_overrides(struct writer *w); /* the join that needs */
void writer_value(struct writer *w, const char *column, struct slice property);

void insight_write_trends(struct writer *w);
void insight_write_funnel(struct writer *w);
void insight_write_retention(struct writer *w);
void insight_write_top(struct writer *w);

#endif
