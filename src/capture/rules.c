#include "capture/rules.h"

#include "base/hash.h"
#include "capture/capture_int.h"
#include "stats/stats.h"
#include "team/rules.h"

/*
 * What the operator's lists and a project's restrictions do with events that
 * passed all checks (spec capture 7), in this order: drop list, restrictions,
 * limit of a key, overflow.
 */
enum overflow_reason { BY_LIST, BY_RATE, BY_RESTRICTION };

bool
capture_has_rules(const struct capture_ctx *x)
{
	const struct capture_rules *r = &x->conf->rules;

	return r->drop.n > 0 || r->force_overflow.n > 0 ||
	       r->overflow.per_s > 0 || r->global.per_s > 0 ||
	       (x->team != NULL && x->team->rules != NULL);
}

static bool
is_recording(const struct capture_ctx *x)
{
	return (x->path_flags & PATH_RECORDING) != 0;
}

static enum team_pipeline
pipeline_of(const struct capture_ctx *x, struct slice name)
{
	if (is_recording(x))
		return TEAM_RECORDINGS;
	if ((x->path_flags & PATH_AI) != 0 ||
		slice_starts(name, SLICE_LIT("$ai_")))
		return TEAM_AI;
	return slice_eq_str(name, "$exception") ? TEAM_ERRORS : TEAM_ANALYTICS;
}

static unsigned
restrictions(struct capture_ctx *x, struct capture_event *ev)
{
	struct slice name = is_recording(x) ? SLICE_LIT("$snapshot_items")
					    : capture_raw_text(x->a, ev->event);
	struct slice by[TEAM_N_FILTERS] = {
		[TEAM_BY_DISTINCT_ID] = ev->id, [TEAM_BY_EVENT] = name};
	enum team_pipeline p = pipeline_of(x, name);
	enum topic_id topic = TOPIC_INGESTION;
	char uuid[UUID_TEXT];
	unsigned all;

	if (capture_raw_is_string(ev->p_session_id))
		by[TEAM_BY_SESSION_ID] =
			capture_raw_text(x->a, ev->p_session_id);
	if (ev->has_uuid) {
		uuid_format(&ev->client_uuid, uuid);
		by[TEAM_BY_UUID] = slice_of(uuid, sizeof(uuid));
	}
	all = team_rules_apply(x->team->rules, p, by, &topic);
	ev->topic = (uint8_t)topic;
	for (unsigned i = 0; i < TEAM_N_RESTRICTIONS; i++)
		if ((all & 1u << i) != 0)
			stats_add(STATS_CAPTURE_RESTRICTIONS,
				(int)(i * TEAM_N_PIPELINES + p), 1);
	return all;
}

/* Of the event's key: its distinct id, or its address if it is cookieless. */
static uint64_t
key_hash(const struct capture_ctx *x, const struct capture_event *ev)
{
	struct slice tail = ev->is_cookieless ? slice_str(x->ip) : ev->id;

	return hash_key(x->token.p, x->token.len) * 31 +
	       hash_key(tail.p, tail.len);
}

static void
limit_key(struct capture_ctx *x, struct capture_event *ev, uint64_t key)
{
	const struct bucket_rate *rate = &x->conf->rules.global;

	if (rate->per_s <= 0 ||
		buckets_take(x->c->global, key, rate, clock_mono_ns()))
		return;
	ev->rules |= RULE_NO_PERSON | RULE_LIMITED;
	stats_add(STATS_CAPTURE_KEY_LIMITED, 0, 1);
}

/* Historical events never overflow. */
static void
overflow(struct capture_ctx *x, struct capture_event *ev, uint64_t key)
{
	const struct capture_rules *r = &x->conf->rules;
	bool was_forced = (ev->rules & RULE_OVERFLOW) != 0;
	enum overflow_reason why = BY_RESTRICTION;

	if (x->body.is_historical && !capture_keeps_own_topic(ev))
		return;
	if (capture_list_has(&r->force_overflow, x->token, ev->id)) {
		ev->rules |= RULE_OVERFLOW | RULE_NO_PERSON;
		why = BY_LIST;
	} else if (!was_forced && r->overflow.per_s > 0 && !is_recording(x) &&
		   !buckets_take(x->c->overflow_rate, key, &r->overflow,
			   clock_mono_ns())) {
		ev->rules |= RULE_OVERFLOW;
		why = BY_RATE;
		stats_add(STATS_CAPTURE_KEY_CAPACITY, 0, 1);
	}
	if ((ev->rules & RULE_OVERFLOW) != 0)
		stats_add(STATS_CAPTURE_TO_OVERFLOW, (int)why, 1);
}

enum capture_drop
capture_rule_event(struct capture_ctx *x, struct capture_event *ev)
{
	unsigned all = 0;
	uint64_t key;

	ev->rules = 0;
	if (capture_list_has(&x->conf->rules.drop, x->token, ev->id))
		return DROP_TOKEN;
	if (x->team == NULL)
		return DROP_NONE; /* a dead letter: it has no rules */
	if (x->team->rules != NULL)
		all = restrictions(x, ev);
	if ((all & 1u << TEAM_DROP) != 0)
		return DROP_RESTRICTION;
	if ((all & 1u << TEAM_FORCE_OVERFLOW) != 0)
		ev->rules |= RULE_OVERFLOW;
	if ((all & 1u << TEAM_SKIP_PERSON) != 0)
		ev->rules |= RULE_NO_PERSON;
	if ((all & 1u << TEAM_TO_TOPIC) != 0)
		ev->rules |= RULE_TOPIC;
	if ((all & 1u << TEAM_TO_DLQ) != 0)
		ev->rules |= RULE_DLQ;
	key = key_hash(x, ev);
	limit_key(x, ev, key);
	if ((ev->rules & (RULE_DLQ | RULE_TOPIC)) == 0)
		overflow(x, ev, key);
	else
		stats_add((ev->rules & RULE_DLQ) != 0 ? STATS_CAPTURE_TO_DLQ
						      : STATS_CAPTURE_TO_TOPIC,
			0, 1);
	return DROP_NONE;
}

int
capture_apply_rules(struct capture_ctx *x)
{
	struct capture_body *b = &x->body;
	uint32_t kept = 0, n = is_recording(x) ? 1 : b->n;

	if (!capture_has_rules(x))
		return 0;
	for (uint32_t i = 0; i < n; i++) {
		enum capture_drop why = capture_rule_event(x, &b->events[i]);

		if (why != DROP_NONE) {
			/* A recording goes as a whole. */
			stats_dropped(x->team == NULL ? 0 : x->team->id,
				(int)why, is_recording(x) ? b->n : 1);
			continue;
		}
		if (kept != i)
			b->events[kept] = b->events[i];
		kept++;
	}
	if (!is_recording(x))
		b->n = kept;
	x->is_done = kept == 0;
	return 0;
}

static struct store_part *
redirected(const struct capture *c, enum topic_id topic)
{
	if (topic == TOPIC_INGESTION_OVERFLOW)
		return c->overflow;
	if (topic == TOPIC_INGESTION_HISTORICAL)
		return c->historical;
	return topic == TOPIC_INGESTION ? c->main : c->redirected;
}

struct store_part *
capture_route(const struct capture_ctx *x, const struct capture_event *ev,
	const struct capture_message *m)
{
	const struct capture *c = x->c;

	if ((ev->rules & RULE_TOPIC) != 0)
		return redirected(c, (enum topic_id)ev->topic);
	if (m->is_historical || m->is_old) {
		stats_add(STATS_CAPTURE_TO_HISTORICAL, m->is_old, 1);
		return c->historical;
	}
	return (ev->rules & RULE_OVERFLOW) != 0 ? c->overflow : c->main;
}
