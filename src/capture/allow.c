#include <math.h>

#include "capture/capture_int.h"
#include "capture/v1.h"
#include "stats/stats.h"
#include "team/rules.h"

/*
 * What a project may send: events a second (429) and a month (dropped, with the
 * answer of success). Spec capture 7.
 */
static enum team_kind
kind_of(struct capture_ctx *x, const struct capture_event *ev)
{
	static const char *const surveys[] = {
		"survey sent", "survey shown", "survey dismissed"};
	struct slice name;

	if ((x->path_flags & PATH_RECORDING) != 0)
		return TEAM_KIND_RECORDINGS;
	if (!capture_raw_is_string(ev->event))
		return TEAM_KIND_EVENTS;
	name = capture_raw_text(x->a, ev->event);
	if (slice_starts(name, SLICE_LIT("$ai_")))
		return TEAM_KIND_LLM;
	if (slice_eq_str(name, "$exception"))
		return TEAM_KIND_EXCEPTIONS;
	for (size_t i = 0; i < ARRAY_LEN(surveys); i++)
		if (slice_eq_str(name, surveys[i]) &&
			ev->p_product_tour.p == NULL)
			return TEAM_KIND_SURVEYS;
	return TEAM_KIND_EVENTS;
}

int
capture_check_rate(struct capture_ctx *x)
{
	struct bucket_rate rate;
	double wait_s;

	if (x->team == NULL || x->team->rate_limit_per_second == 0)
		return 0;
	rate.per_s = (double)x->team->rate_limit_per_second;
	rate.burst = rate.per_s * CAPTURE_RATE_BURST_S;
	if (buckets_take_many(x->c->project_rate, (uint64_t)x->team->id,
		    x->body.n, &rate, clock_mono_ns(), &wait_s))
		return 0;
	x->no.retry_s = wait_s < 3600 ? (int)ceil(wait_s) : 3600;
	x->no.retry_after = true;
	if (x->v1 != NULL)
		return capture_refuse_v1(x, 429, "rate_limited",
			"the project sends too many events");
	return capture_refuse(x, 429, CAPTURE_RATE_LIMITED, "rate limited");
}

/* What is left of each quota at the request's begin. */
struct budget {
	int64_t left[TEAM_N_KINDS];
	bool is_over[TEAM_N_KINDS];
};

static void
open_budget(struct capture_ctx *x, struct budget *b)
{
	*b = (struct budget){0};
	for (int k = 0; k < TEAM_N_KINDS; k++)
		b->left[k] = quotas_left(x->c->quotas, x->team->id,
			x->team->quotas, (enum team_kind)k, x->now_us);
}

static bool
spend(struct capture_ctx *x, struct budget *b, const struct capture_event *ev)
{
	enum team_kind k = kind_of(x, ev);

	if (b->left[k] > 0) {
		b->left[k] -= b->left[k] != INT64_MAX;
		x->used[k]++;
		return true;
	}
	if (!b->is_over[k])
		stats_add(STATS_CAPTURE_QUOTA, (int)k, 1);
	b->is_over[k] = true;
	stats_dropped(x->team->id, DROP_EVENTS_QUOTA + (int)k, 1);
	return false;
}

int
capture_check_quota(struct capture_ctx *x)
{
	struct capture_body *b = &x->body;
	struct budget budget;
	uint32_t kept = 0;

	if (x->team == NULL || x->team->quotas == NULL)
		return 0;
	open_budget(x, &budget);
	if ((x->path_flags & PATH_RECORDING) != 0) {
		x->is_over_quota = !spend(x, &budget, b->events);
		x->is_done = x->is_over_quota;
		return 0;
	}
	for (uint32_t i = 0; i < b->n; i++) {
		if (!spend(x, &budget, &b->events[i]))
			continue;
		if (kept != i)
			b->events[kept] = b->events[i];
		kept++;
	}
	b->n = kept;
	x->is_done = kept == 0;
	x->is_over_quota = kept == 0 && (x->path_flags & PATH_CSP) == 0;
	return 0;
}

int
capture_v1_check_quota(struct capture_ctx *x)
{
	struct budget budget;

	if (x->team == NULL || x->team->quotas == NULL)
		return 0;
	open_budget(x, &budget);
	for (uint32_t i = 0; i < x->body.n; i++)
		if (x->v1->events[i].drop == NULL &&
			!spend(x, &budget, &x->body.events[i]))
			x->v1->events[i].drop = "billing_limit_exceeded";
	return 0;
}
