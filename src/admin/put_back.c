#include "admin/admin_int.h"
#include "admin/records.h"
#include "base/clock.h"
#include "base/log.h"
#include "pipeline/pipeline.h"
#include "store/store.h"
#include "team/team.h"
#include "topic/topic.h"

/*
 * Events whose key could not be looked up while Postgres was away are put back
 * by themselves once it can be asked, in their order, each whose key is that of
 * a project (spec capture 9). What has no project then stays a dead letter.
 */
#define LOOK_EVERY_NS INT64_C(1000000000)

static bool
is_stopping(struct admin *a)
{
	bool stopping;

	lock_take(&a->lock);
	stopping = a->stopping;
	lock_release(&a->lock);
	return stopping;
}

/* A letter of that kind, with a key that is a project's by now. */
static bool
is_wanted(struct admin *a, const struct batch_record_view *v)
{
	const struct team_snapshot *teams;
	struct slice reason, token;
	bool is_known;

	if (!batch_header_find(v, "dlq_reason", &reason) ||
		!slice_eq_str(reason, "team_lookup_failed") ||
		!batch_header_find(v, "token", &token))
		return false;
	teams = team_snapshot_get(a->o.teams);
	is_known = team_by_token(teams, token) != NULL;
	team_snapshot_unref(teams);
	return is_known;
}

static int
put_back(struct admin *a, struct records *r, int *n, int64_t *at, struct err *e)
{
	struct batch_record_view v;
	int partition, rc;

	while ((rc = records_next(r, &partition, &v, e)) == 1) {
		if (is_stopping(a))
			return 0;
		if (is_wanted(a, &v)) {
			rc = pipeline_replay_capture_letter(
				a->o.pipeline, v.offset, false, e);
			*n += rc == 0;
			if (rc < 0 && rc != -ERR_EXISTS)
				return rc;
		}
		*at = v.offset + 1;
	}
	return rc;
}

/* Letters from *at on; *at moves behind those that are settled. */
static void
look(struct admin *a, int64_t *at)
{
	struct records_options o = {topic_defs[TOPIC_DEAD_LETTERS].name, 0,
		RECORDS_FROM_START, false};
	struct store_part *part = store_part_find(
		a->o.spool, slice_str(topic_defs[TOPIC_DEAD_LETTERS].name), 0);
	struct store_part_state st;
	struct records *r;
	struct err e;
	int n = 0, rc;

	if (part == NULL || !team_cache_is_fresh(a->o.teams))
		return;
	store_part_state(part, &st);
	if (*at >= st.high_watermark)
		return;
	if (*at > st.log_start)
		o.from = *at;
	rc = records_open(a, &o, &r, &e);
	if (rc == 0) {
		rc = put_back(a, r, &n, at, &e);
		records_close(r);
	}
	if (n > 0)
		log_info("letters_put_back", "letters=%d", n);
	if (rc < 0)
		log_warn("letters_wait", "code=%s text=%s", err_name(e.code),
			log_q(e.text));
}

static void
keep_looking(void *cookie)
{
	struct admin *a = cookie;
	int64_t at = 0;

	while (!is_stopping(a)) {
		int64_t until = clock_mono_ns() + LOOK_EVERY_NS;

		look(a, &at);
		lock_take(&a->lock);
		while (!a->stopping &&
			cond_wait_until(&a->sampler_wake, &a->lock, until))
			;
		lock_release(&a->lock);
	}
}

int
admin_put_back_start(struct admin *a, struct err *e)
{
	if (a->o.pg == NULL || a->o.pipeline == NULL)
		return 0;
	return thread_start(&a->putter, "letters", keep_looking, a, e);
}

void
admin_put_back_stop(struct admin *a)
{
	thread_join(&a->putter);
}
