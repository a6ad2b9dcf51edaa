#include <stdio.h>
#include <string.h>

#include "admin/letters.h"
#include "base/clock.h"
#include "base/json_write.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "conf/conf.h"

/*
 * Keeps the index behind the log and what status and metrics say of it. The
 * groups are read again only when something changed (dlq-4).
 */
#define LOOK_EVERY_NS INT64_C(1000000000)
#define SYNC_NS INT64_C(500000000)
#define MINUTE_SAMPLES 61 /* one a second */
#define PROJECTS_TOLD 100
#define KINDS_TOLD 200 /* of reason and step */
#define ARENA_MAX ((size_t)64 * 1024 * 1024)
#define TOP_SCALARS 120 /* of an error in the alert */
#define TEXT_MAX ((size_t)1024 * 1024)

struct letters_watch {
	struct thread thread;
	struct lock looking; /* one look at a time; guards all of it */
	int64_t changes; /* as of the groups below; -1: never read */
	int64_t behind;
	int64_t n[DLQ_N_STATES];
	int64_t oldest_ms; /* pending; 0: none */
	struct dlq_group top; /* most pending; texts in arena */
	bool has_top;
	struct arena arena;
	struct buf kinds, projects, made; /* as they are told */
	/* Guards metrics, pending: who asks waits for no disk. */
	struct lock telling;
	struct buf metrics;
	int64_t pending;
	/* Letters there were, one a second. */
	uint64_t ever[MINUTE_SAMPLES];
	int next, n_samples;
	bool is_failing; /* the last look failed: it is logged once */
};

int
letters_watch_new(struct admin *a, struct err *e)
{
	struct letters_watch *w = mem_new(struct letters_watch);

	if (w == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory");
	lock_init(&w->looking);
	arena_init(&w->arena, ARENA_MAX);
	buf_init(&w->kinds, TEXT_MAX);
	buf_init(&w->projects, TEXT_MAX);
	buf_init(&w->made, TEXT_MAX);
	buf_init(&w->metrics, TEXT_MAX);
	lock_init(&w->telling);
	w->changes = -1;
	a->letters = w;
	return 0;
}

void
letters_watch_free(struct admin *a)
{
	struct letters_watch *w = a->letters;

	if (w == NULL)
		return;
	buf_fini(&w->kinds);
	buf_fini(&w->projects);
	buf_fini(&w->made);
	buf_fini(&w->metrics);
	lock_fini(&w->telling);
	arena_fini(&w->arena);
	lock_fini(&w->looking);
	mem_free(w);
}

/* Counts of what is the same in some members. */
struct sum {
	struct slice reason, step;
	int64_t team_id;
	int64_t n[DLQ_N_STATES];
};

static void
add_sum(struct sum *sums, uint32_t *n, uint32_t max, const struct sum *one)
{
	uint32_t i = 0;

	while (i < *n && (sums[i].team_id != one->team_id ||
				 !slice_eq(sums[i].reason, one->reason) ||
				 !slice_eq(sums[i].step, one->step)))
		i++;
	if (i == max)
		return; /* those with most letters came first */
	if (i == *n) {
		sums[(*n)++] = *one;
		return;
	}
	for (int k = 0; k < DLQ_N_STATES; k++)
		sums[i].n[k] += one->n[k];
}

static void
put_counts(struct buf *b, const int64_t n[DLQ_N_STATES])
{
	for (int k = 0; k < DLQ_N_STATES; k++)
		buf_printf(
			b, ",\"%s\":%lld", dlq_state_names[k], (long long)n[k]);
}

static void
put_kind(struct letters_watch *w, const struct sum *s)
{
	buf_append_str(&w->kinds, w->kinds.len == 0 ? "" : ",");
	buf_append_lit(&w->kinds, "{\"reason\":");
	json_put_string(&w->kinds, s->reason);
	buf_append_lit(&w->kinds, ",\"step\":");
	json_put_string(&w->kinds, s->step);
	put_counts(&w->kinds, s->n);
	buf_append_char(&w->kinds, '}');
	for (int k = 0; k < DLQ_N_STATES; k++) {
		/* Labels are escaped as JSON strings are. */
		buf_append_lit(&w->made, "sluice_dead_letters{reason=");
		json_put_string(&w->made, s->reason);
		buf_append_lit(&w->made, ",step=");
		json_put_string(&w->made, s->step);
		buf_printf(&w->made, ",state=\"%s\"} %lld\n",
			dlq_state_names[k], (long long)s->n[k]);
	}
}

static void
put_project(struct letters_watch *w, const struct sum *s)
{
	buf_printf(&w->projects, "%s{\"project_id\":%lld",
		w->projects.len == 0 ? "" : ",", (long long)s->team_id);
	put_counts(&w->projects, s->n);
	buf_append_char(&w->projects, '}');
}

static void
sum_up(struct letters_watch *w, const struct dlq_group *g, uint32_t n)
{
	struct sum kinds[KINDS_TOLD], projects[PROJECTS_TOLD];
	uint32_t n_kinds = 0, n_projects = 0;

	memset(w->n, 0, sizeof(w->n));
	for (uint32_t i = 0; i < n; i++) {
		struct sum one = {.reason = g[i].reason, .step = g[i].step};

		memcpy(one.n, g[i].n, sizeof(one.n));
		add_sum(kinds, &n_kinds, KINDS_TOLD, &one);
		one.reason = one.step = SLICE_NONE;
		one.team_id = g[i].team_id;
		add_sum(projects, &n_projects, PROJECTS_TOLD, &one);
		for (int k = 0; k < DLQ_N_STATES; k++)
			w->n[k] += g[i].n[k];
	}
	buf_reset(&w->kinds);
	buf_reset(&w->projects);
	buf_reset(&w->made);
	buf_append_lit(&w->made,
		"# HELP sluice_dead_letters Dead letters that are kept, by "
		"reason, step and state.\n"
		"# TYPE sluice_dead_letters gauge\n");
	for (uint32_t i = 0; i < n_kinds; i++)
		put_kind(w, &kinds[i]);
	for (uint32_t i = 0; i < n_projects; i++)
		put_project(w, &projects[i]);
	lock_take(&w->telling);
	buf_reset(&w->metrics);
	buf_append_slice(&w->metrics, buf_slice(&w->made));
	w->pending = w->n[DLQ_PENDING];
	lock_release(&w->telling);
}

static int
read_groups(struct admin *a, struct letters_watch *w, struct err *e)
{
	const struct dlq_filter any = {.states = (1U << DLQ_N_STATES) - 1};
	struct dlq_group *g;
	uint32_t n;
	int rc = dlq_oldest_pending(a->dlq, &w->oldest_ms, e);

	arena_reset(&w->arena);
	w->has_top = false;
	if (rc == 0)
		rc = dlq_groups(a->dlq, &any, &w->arena, &g, &n, e);
	if (rc != 0)
		return rc;
	w->has_top = n > 0 && g[0].n[DLQ_PENDING] > 0;
	if (w->has_top)
		w->top = g[0];
	sum_up(w, g, n);
	return 0;
}

/* @guarded looking */
static void
look(struct admin *a, struct letters_watch *w)
{
	int64_t changes;
	struct err e;
	int rc = dlq_sync(a->dlq, clock_mono_ns() + SYNC_NS, &w->behind, &e);

	if (rc == 0)
		rc = dlq_changes(a->dlq, &changes, &e);
	if (rc == 0 && changes != w->changes) {
		w->changes = -1;
		rc = read_groups(a, w, &e);
		if (rc == 0)
			w->changes = changes;
	}
	if (rc < 0 && !w->is_failing)
		log_warn("letters_not_counted", "code=%s text=%s",
			err_name(e.code), log_q(e.text));
	w->is_failing = rc < 0;
}

static void
take_sample(struct admin *a, struct letters_watch *w)
{
	w->ever[w->next] = dlq_ever(a->dlq);
	w->next = (w->next + 1) % MINUTE_SAMPLES;
	if (w->n_samples < MINUTE_SAMPLES)
		w->n_samples++;
}

/* Letters of the last minute, or since the start. */
static int64_t
per_minute(struct admin *a, const struct letters_watch *w)
{
	int oldest = w->n_samples < MINUTE_SAMPLES ? 0 : w->next;

	return w->n_samples == 0
		       ? 0
		       : (int64_t)(dlq_ever(a->dlq) - w->ever[oldest]);
}

static void
keep_looking(void *cookie)
{
	struct admin *a = cookie;
	struct letters_watch *w = a->letters;

	lock_take(&a->lock);
	while (!a->stopping) {
		int64_t until = clock_mono_ns() + LOOK_EVERY_NS;

		lock_release(&a->lock);
		lock_take(&w->looking);
		take_sample(a, w);
		look(a, w);
		if (w->behind > 0)
			until = 0;
		lock_release(&w->looking);
		lock_take(&a->lock);
		while (!a->stopping &&
			cond_wait_until(&a->sampler_wake, &a->lock, until))
			;
	}
	lock_release(&a->lock);
}

int
letters_watch_start(struct admin *a, struct err *e)
{
	if (a->o.spool == NULL && a->o.state == NULL)
		return 0;
	return thread_start(
		&a->letters->thread, "dead-letters", keep_looking, a, e);
}

void
letters_watch_stop(struct admin *a)
{
	thread_join(&a->letters->thread);
}

static void
put_alert(struct buf *b, bool *first, const char *text, const char *todo)
{
	buf_append_str(b, *first ? "{\"text\":" : ",{\"text\":");
	*first = false;
	json_put_string(b, slice_str(text));
	buf_append_lit(b, ",\"do\":");
	json_put_string(b, slice_str(todo));
	buf_append_char(b, '}');
}

static void
put_alerts(struct admin *a, const struct letters_watch *w, struct buf *b)
{
	int64_t max = admin_conf(a)->dlq_alert_per_min;
	int64_t rate = per_minute(a, w);
	struct slice top = utf8_cut_scalars(
		w->has_top ? w->top.error : SLICE_LIT(""), TOP_SCALARS);
	char since[CLOCK_TEXT_MAX], text[TOP_SCALARS * 4 + 200];
	bool first = true;

	buf_append_lit(b, ",\"alerts\":[");
	if (w->n[DLQ_PENDING] > 0) {
		clock_format(w->oldest_ms * 1000, CLOCK_RFC3339, since);
		snprintf(text, sizeof(text),
			"%lld pending since %s, %lld of them: %.*s",
			(long long)w->n[DLQ_PENDING], since,
			(long long)(w->has_top ? w->top.n[DLQ_PENDING] : 0),
			SLICE_FMT(top));
		put_alert(b, &first, text,
			"sluice dlq list --by-error says what they are; mend "
			"the cause, then sluice dlq replay --all, or sluice "
			"dlq discard");
	}
	if (max > 0 && rate > max) {
		snprintf(text, sizeof(text),
			"%lld came in the last minute, more than "
			"dlq.alert_per_min = %lld",
			(long long)rate, (long long)max);
		put_alert(b, &first, text,
			"see what fails now: sluice dlq list --by-error");
	}
	buf_append_char(b, ']');
}

void
letters_put_status(struct admin *a, struct buf *b)
{
	struct letters_watch *w = a->letters;

	lock_take(&w->looking);
	look(a, w);
	buf_printf(b, "\"dead_letters\":{\"total\":%lld",
		(long long)(w->n[0] + w->n[1] + w->n[2]));
	put_counts(b, w->n);
	buf_printf(b, ",\"not_indexed\":%lld,\"per_minute\":%lld,",
		(long long)w->behind, (long long)per_minute(a, w));
	letters_put_time(b, "pending_since", w->oldest_ms * 1000);
	buf_append_lit(b, ",\"top_error\":");
	if (w->has_top)
		json_put_string(b, w->top.error);
	else
		buf_append_lit(b, "null");
	put_alerts(a, w, b);
	buf_append_lit(b, ",\"by_reason\":[");
	buf_append_slice(b, buf_slice(&w->kinds));
	buf_append_lit(b, "],\"by_project\":[");
	buf_append_slice(b, buf_slice(&w->projects));
	buf_append_lit(b, "]}");
	lock_release(&w->looking);
}

void
letters_put_metrics(struct admin *a, struct buf *b)
{
	struct letters_watch *w = a->letters;

	lock_take(&w->telling);
	buf_append_slice(b, buf_slice(&w->metrics));
	lock_release(&w->telling);
}

double
letters_pending(struct admin *a)
{
	int64_t n;

	lock_take(&a->letters->telling);
	n = a->letters->pending;
	lock_release(&a->letters->telling);
	return (double)n;
}
