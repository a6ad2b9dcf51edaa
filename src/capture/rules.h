#ifndef SLUICE_CAPTURE_RULES_H
#define SLUICE_CAPTURE_RULES_H

#include <stdbool.h>

#include "capture/bucket.h"
#include "capture/list.h"

/* What rules made of an event: bits of capture_event.rules. */
enum capture_rule {
	RULE_OVERFLOW = 1,
	RULE_NO_PERSON = 2,
	RULE_DLQ = 4,
	RULE_TOPIC = 8,
	RULE_LIMITED = 16, /* over the limit of its key: v1 tells */
};

/* Labels of capture_events_dropped_total, in the order of labels.def. No name,
 * no distinct id and too big refuse the whole request, but for the strict
 * endpoint. */
enum capture_drop {
	DROP_TOKEN,
	DROP_RESTRICTION,
	DROP_PERFORMANCE_EVENT,
	DROP_DUPLICATE,
	DROP_EVENTS_QUOTA, /* and the other kinds, as in team/rules.h */
	DROP_NO_NAME = DROP_EVENTS_QUOTA + 5,
	DROP_NO_DISTINCT_ID,
	DROP_TOO_BIG,
	DROP_INVALID,
	DROP_NONE,
};

/* The operator's lists and rates, of the settings. */
struct capture_rules {
	struct capture_list drop, force_overflow;
	struct bucket_rate overflow, global; /* per_s 0: off */
	int64_t historical_us; /* older events are rerouted; 0: none */
};

struct capture_ctx;
struct capture_event;
struct capture_message;
struct store_part;

/* Whether any rule may apply to this request's events. */
bool capture_has_rules(const struct capture_ctx *x);
/* Sets ev->rules, counts, and says why the event is to go: spec capture 7. */
enum capture_drop capture_rule_event(
	struct capture_ctx *x, struct capture_event *ev);
/* Step: the same for all events; those to go are taken out. */
int capture_apply_rules(struct capture_ctx *x);
/* The log of an event: redirect, historical, overflow, main (5.4). */
struct store_part *capture_route(const struct capture_ctx *x,
	const struct capture_event *ev, const struct capture_message *m);

#endif
