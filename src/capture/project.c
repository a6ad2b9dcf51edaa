#include "capture/capture_int.h"

/*
 * Whose the key of a request is (spec capture 3.3 and 9). A key is refused only
 * when the projects could be asked for it: known keys go on, others are asked
 * for once on another thread, and while Postgres is away their events become
 * dead letters.
 */
static bool
is_recording(const struct capture_ctx *x)
{
	return (x->path_flags & PATH_RECORDING) != 0;
}

/* Whether a dead letter may take the event: kept ones have one bound, those
 * that are put back by themselves another. */
static bool
may_keep(struct capture_ctx *x)
{
	int64_t max = x->conf->keep_unknown_max_bytes;
	struct store_part_state st;

	if (is_recording(x))
		return false;
	if (x->is_unasked)
		return team_waiting_bytes(x->c->teams) < max;
	store_part_state(x->c->letters, &st);
	return st.bytes < max;
}

static enum capture_key
keep(struct capture_ctx *x)
{
	if (!may_keep(x))
		return x->is_unasked ? CAPTURE_KEY_AWAY : CAPTURE_KEY_NOBODYS;
	x->is_unknown = true;
	x->anonymize = TEAM_IP_DROP;
	return CAPTURE_KEY_KEPT;
}

static enum capture_key
unknown_key(struct capture_ctx *x)
{
	enum team_answer is = x->answer;

	if (is == TEAM_ASK)
		is = team_look(x->c->teams, x->token);
	if (is == TEAM_ASK) {
		x->wait = CAPTURE_WAITS_FOR_KEY;
		return CAPTURE_KEY_WAITS;
	}
	/* One that was found and is gone again counts as not asked for. */
	x->is_unasked = is != TEAM_NO;
	if (!x->is_unasked && !x->conf->keep_unknown)
		return CAPTURE_KEY_NOBODYS;
	return keep(x);
}

/* capture-9: not before letters of the same key. Recordings have a log of their
 * own. */
static enum capture_key
known_key(struct capture_ctx *x)
{
	enum team_wait is = is_recording(x) ? TEAM_WAITS_NOT
					    : team_waits(x->c->teams, x->token);

	if (is == TEAM_WAITS_NOT)
		return CAPTURE_KEY_KNOWN;
	if (is == TEAM_WAITS_A_MOMENT && !x->has_waited) {
		x->wait = CAPTURE_WAITS_FOR_LETTERS;
		return CAPTURE_KEY_WAITS;
	}
	x->is_unasked = x->is_behind = true;
	return keep(x);
}

enum capture_key
capture_find_key(struct capture_ctx *x)
{
	x->teams = team_snapshot_get(x->c->teams);
	x->team = team_by_token(x->teams, x->token);
	if (x->team == NULL)
		return unknown_key(x);
	x->anonymize = x->team->anonymize;
	return known_key(x);
}

int
capture_check_project(struct capture_ctx *x)
{
	switch (capture_find_key(x)) {
	case CAPTURE_KEY_KNOWN:
	case CAPTURE_KEY_KEPT:
		return 0;
	case CAPTURE_KEY_WAITS:
		return -1;
	case CAPTURE_KEY_AWAY:
		return capture_refuse(x, 503, CAPTURE_RETRYABLE_SINK,
			"transient error, please retry");
	case CAPTURE_KEY_NOBODYS:
		break;
	}
	x->no.content_type = "application/json";
	return capture_refuse(x, 401, CAPTURE_UNKNOWN_TOKEN,
		"{\"type\":\"authentication_error\",\"code\":\"invalid_api_"
		"key\""
		",\"detail\":\"Project API key invalid. You can find your "
		"project API key in PostHog project settings.\","
		"\"attr\":null}");
}
