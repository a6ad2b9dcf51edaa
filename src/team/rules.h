#ifndef SLUICE_TEAM_RULES_H
#define SLUICE_TEAM_RULES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "topic/topic.h"

/*
 * What a project's settings make capture do with its events: event_restrictions
 * and quotas (spec capture 7), parsed once when the snapshot is built.
 */
enum team_restriction {
	TEAM_DROP,
	TEAM_FORCE_OVERFLOW,
	TEAM_TO_DLQ,
	TEAM_SKIP_PERSON,
	TEAM_TO_TOPIC,
	TEAM_N_RESTRICTIONS
};

enum team_pipeline {
	TEAM_ANALYTICS,
	TEAM_RECORDINGS,
	TEAM_AI,
	TEAM_ERRORS,
	TEAM_N_PIPELINES
};

/* What restrictions look at in an event; an empty text matches no name. */
enum team_filter {
	TEAM_BY_DISTINCT_ID,
	TEAM_BY_SESSION_ID,
	TEAM_BY_EVENT,
	TEAM_BY_UUID,
	TEAM_N_FILTERS
};

struct team_names {
	const struct slice *names; /* in order */
	uint32_t n; /* 0: all match */
};

struct team_rule {
	enum team_restriction type;
	unsigned pipelines; /* bits 1 << enum team_pipeline */
	enum topic_id topic; /* of TEAM_TO_TOPIC */
	struct team_names filters[TEAM_N_FILTERS];
};

struct team_rules {
	const struct team_rule *rules;
	uint32_t n;
};

/* The bits 1 << enum team_restriction of what applies; *topic is set with
 * TEAM_TO_TOPIC: the first rule that has one. */
unsigned team_rules_apply(const struct team_rules *r, enum team_pipeline p,
	const struct slice by[TEAM_N_FILTERS], enum topic_id *topic);

/* What quotas count. */
enum team_kind {
	TEAM_KIND_EVENTS,
	TEAM_KIND_RECORDINGS,
	TEAM_KIND_EXCEPTIONS,
	TEAM_KIND_SURVEYS,
	TEAM_KIND_LLM,
	TEAM_N_KINDS
};
extern const char *const team_kind_names[TEAM_N_KINDS];

struct team_quotas {
	int64_t per_month[TEAM_N_KINDS]; /* -1: no quota */
};

#endif
