#ifndef SLUICE_EXPLORE_INSIGHT_H
#define SLUICE_EXPLORE_INSIGHT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"
#include "clickhouse/clickhouse.h"

/*
 * Ready-made questions about events, as queries. What comes from outside goes
 * in as parameters ({p1:String}), never as text of the query (explore-3); the
 * same query with the values written out as literals is what "open as SQL"
 * shows.
 */
enum insight_kind {
	INSIGHT_TRENDS, /* events by time, or people with is_users */
	INSIGHT_FUNNEL,
	INSIGHT_RETENTION,
	INSIGHT_TOP,
	INSIGHT_N_KINDS
};
enum insight_interval {
	INSIGHT_HOUR,
	INSIGHT_DAY,
	INSIGHT_WEEK,
	INSIGHT_MONTH,
	INSIGHT_N_INTERVALS
};
enum insight_breakdown {
	INSIGHT_BY_NOTHING,
	INSIGHT_BY_EVENT,
	INSIGHT_BY_PROPERTY,
	INSIGHT_BY_PERSON_PROPERTY,
	INSIGHT_N_BREAKDOWNS
};
enum insight_top {
	INSIGHT_TOP_EVENTS,
	INSIGHT_TOP_PROPERTIES,
	INSIGHT_TOP_VALUES,
	INSIGHT_N_TOPS
};

#define INSIGHT_STEPS_MAX 6
#define INSIGHT_NAME_BYTES 400 /* of an event or a property */
#define INSIGHT_BREAKDOWN_VALUES 10 /* with a line of their own */
#define INSIGHT_DAYS_MAX 800

struct insight {
	enum insight_kind kind;
	int64_t team_id;
	struct slice timezone; /* of the project: where days begin */
	int64_t from_s, to_s; /* seconds since 1970; to is not in it */
	enum insight_interval interval;
	bool is_users; /* count people instead of events */
	struct slice event; /* .len 0: all */
	enum insight_breakdown breakdown;
	struct slice property; /* of the breakdown, or of TOP_VALUES */
	struct slice steps[INSIGHT_STEPS_MAX]; /* FUNNEL: two at least */
	int n_steps;
	int64_t window_h; /* FUNNEL: from the first step to the last */
	struct slice return_event; /* RETENTION; .len 0: any */
	enum insight_top top;
	int64_t limit; /* TOP */
};

#define INSIGHT_PARAMS_MAX 40

/* A query as it is sent. */
struct insight_query {
	struct buf text;
	struct clickhouse_pair params[INSIGHT_PARAMS_MAX];
	size_t n_params;
};

/* Words of the API for the enums above; -1: no such word. */
int insight_word(const char *const *words, int n, struct slice word);
extern const char *const insight_kinds[INSIGHT_N_KINDS];
extern const char *const insight_intervals[INSIGHT_N_INTERVALS];
extern const char *const insight_breakdowns[INSIGHT_N_BREAKDOWNS];
extern const char *const insight_tops[INSIGHT_N_TOPS];

/* INVALID with what is wrong; *field names the member. */
MUST_CHECK int insight_check(
	const struct insight *i, const char **field, struct err *e);
/* The query with parameters, whose names and values live in a. */
MUST_CHECK int insight_write(const struct insight *i, struct arena *a,
	struct insight_query *out, struct err *e);
/* The query to be read and edited: literals, lines. */
MUST_CHECK int insight_write_plain(
	const struct insight *i, struct buf *out, struct err *e);

#endif
