#include "pipeline/pipeline_int.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "pipeline/step.h"
#include "stats/stats.h"

#define BACKOFF_FIRST_NS INT64_C(50000000)
#define BACKOFF_MOST_NS INT64_C(5000000000)
/* Without work for so long, the batches' memory is given back. */
#define IDLE_NS INT64_C(1000000000)
#define NOTHING_NS INT64_C(5000000)
/* After so many batches under a limit, the limit doubles. */
#define SMALL_BATCHES 16
/* An event that failed so often alone, for memory, is the one that is too much
 * and no victim of others. */
#define ALONE_FAILURES 5

void
pipeline_wake(struct pipeline *p)
{
	lock_take(&p->lock);
	p->has_news = true;
	cond_broadcast(&p->wake);
	lock_release(&p->lock);
}

void
pipeline_note_append(void *cookie, struct store_part *part)
{
	struct pipeline *p = cookie;

	for (int i = 0; i < N_INPUTS; i++) {
		if (p->inputs[i].part != part)
			continue;
		pipeline_wake(p);
	}
}

static bool
is_stopping(struct pipeline *p)
{
	bool yes;

	lock_take(&p->lock);
	yes = p->is_stopping;
	lock_release(&p->lock);
	return yes;
}

void
pipeline_set_trouble(struct pipeline *p, const struct err *why)
{
	lock_take(&p->lock);
	if (why == NULL)
		p->trouble[0] = '\0';
	else if (strncmp(why->text, "postgres: ", 10) == 0)
		snprintf(p->trouble, sizeof(p->trouble), "%s", why->text);
	else
		snprintf(p->trouble, sizeof(p->trouble), "%s: %s",
			err_name(why->code), why->text);
	lock_release(&p->lock);
}

/* Waits for records, or until the deadline; false when stopping. */
static bool
wait_for_news(struct pipeline *p, int64_t deadline_ns)
{
	bool go_on;

	lock_take(&p->lock);
	while (!p->has_news && cond_wait_until(&p->wake, &p->lock, deadline_ns))
		;
	p->has_news = p->is_stopping;
	go_on = !p->is_stopping;
	lock_release(&p->lock);
	return go_on;
}

/* Sleeps until the deadline or the stop. */
static void
pause_until(struct pipeline *p, int64_t deadline_ns)
{
	lock_take(&p->lock);
	while (!p->is_stopping &&
		cond_wait_until(&p->wake, &p->lock, deadline_ns))
		;
	lock_release(&p->lock);
}

static void
count_results(const struct pipeline_batch *b)
{
	for (size_t i = 0; i < ARRAY_LEN(b->n_results); i++)
		if (b->n_results[i] > 0)
			stats_add(STATS_INGEST_EVENTS, (int)i, b->n_results[i]);
	stats_add(STATS_DEAD_LETTERS, 0, b->n_results[2]);
	stats_observe(STATS_INGEST_BATCH_TIME, 0,
		(double)(clock_mono_ns() - b->began_ns) / 1e9);
}

void
pipeline_moved(struct pipeline *p, struct input *in, int64_t next)
{
	/* First: who sees the position sees that all is well. */
	pipeline_set_trouble(p, NULL);
	if (in == NULL)
		return;
	pipeline_input_moved(in, next);
	stats_set(STATS_INGEST_LAG_RECORDS, 0,
		(double)pipeline_inputs_lag(p->inputs));
}

void
pipeline_flown(struct pipeline_batch *b, const struct err *outcome)
{
	struct pipeline *p = b->p;

	if (outcome->code == ERR_OK) {
		definition_learn(&b->definitions);
		count_results(b);
	}
	lock_take(&p->lock);
	p->is_flown = true;
	p->outcome = *outcome;
	cond_broadcast(&p->wake);
	lock_release(&p->lock);
}

/* The batch in flight was committed. */
static void
note_success(struct pipeline *p, const struct pipeline_batch *b)
{
	p->n_failures = 0;
	pipeline_suspect_passed(p, b);
	if (p->limit_events > 0 && ++p->n_under_limit == SMALL_BATCHES) {
		p->n_under_limit = 0;
		p->limit_events *= 2;
		if (p->limit_events >= atomic_load(&p->batch_events))
			p->limit_events = 0;
	}
}

/* Waits for the batch in flight; its outcome. */
static int
land(struct pipeline *p, struct err *e)
{
	struct pipeline_batch *b = p->in_flight;

	if (b == NULL)
		return 0;
	lock_take(&p->lock);
	while (!p->is_flown)
		cond_wait(&p->wake, &p->lock);
	*e = p->outcome;
	lock_release(&p->lock);
	p->in_flight = NULL;
	if (e->code == ERR_OK)
		note_success(p, b);
	else
		pipeline_suspect_note(p, b, e);
	return -(int)e->code;
}

static int
submit(struct pipeline *p, struct pipeline_batch *b, struct err *e)
{
	int r;

	p->is_flown = false; /* nothing is in flight: no lock needed */
	r = p->flow->submit(b, e);
	if (r == 0)
		p->in_flight = b;
	return r;
}

/* A record log that begins after the position: what is gone cannot be worked
 * on; it is said once and passed. Floors keep this from happening. */
static int
pass_gap(struct input *in, const struct err *e)
{
	struct store_part_state st;

	store_part_state(in->part, &st);
	if (st.log_start <= in->next)
		return -(int)e->code;
	log_error("ingest_gap", "topic=%s partition=%d from=%lld to=%lld",
		topic_defs[in->topic].name, in->partition, (long long)in->next,
		(long long)st.log_start);
	in->next = st.log_start;
	return 0;
}

static int
batch_events(const struct pipeline *p)
{
	int n = atomic_load(&p->batch_events);

	return p->limit_events > 0 && p->limit_events < n ? p->limit_events : n;
}

static int
fill(struct pipeline *p, struct pipeline_batch *b, struct input *in,
	struct err *e)
{
	int r = pipeline_batch_read(
		b, in, batch_events(p), atomic_load(&p->batch_bytes), e);

	if (r != 0)
		return r;
	b->is_alone = p->limit_events == 1 && p->n_failures >= ALONE_FAILURES;
	r = pipeline_run_steps(b, STEP_AHEAD, e);
	if (r == 0)
		pipeline_suspect_kill(p, b);
	return r;
}

/* A batch that is not full waits a while for company, counted from the batch
 * before, so that a lone event does not wait at all. */
static void
wait_for_company(struct pipeline *p, const struct input *in)
{
	int64_t until = p->last_began_ns + atomic_load(&p->batch_wait_ns);
	struct store_part_state st;

	store_part_state(in->part, &st);
	if (st.high_watermark - in->next < batch_events(p))
		pause_until(p, until);
	p->last_began_ns = clock_mono_ns();
}

/*
 * pipeline-6, pipeline-7: both batches are forgotten, reading goes on from the
 * committed positions; nothing became a letter. Memory that
 * was short for a batch may do for a smaller one, in the end for one event.
 */
static void
recover(struct pipeline *p, const struct err *why)
{
	int64_t delay_ns = BACKOFF_FIRST_NS
			   << (p->n_failures < 7 ? p->n_failures : 7);
	struct err ignored;

	ERR_IGNORE(land(p, &ignored), "it was counted or will be redone");
	if (p->flow->settle != NULL)
		p->flow->settle(p);
	pipeline_inputs_rewind(p->inputs);
	pipeline_set_trouble(p, why);
	if (p->n_failures++ == 0 || p->n_failures % 32 == 0)
		log_warn("ingest_waits", "code=%s error=%s retries=%u",
			err_name(why->code), log_q(why->text), p->n_failures);
	if (why->code == ERR_NO_MEMORY) {
		p->limit_events = batch_events(p) / 4;
		if (p->limit_events == 0)
			p->limit_events = 1;
		p->n_under_limit = 0;
	}
	if (delay_ns > BACKOFF_MOST_NS)
		delay_ns = BACKOFF_MOST_NS;
	if (p->is_searching)
		delay_ns = 0;
	p->is_searching = false;
	pause_until(p, clock_mono_ns() + delay_ns);
}

static struct pipeline_batch *
other_batch(struct pipeline *p)
{
	return p->in_flight == &p->batches[0] ? &p->batches[1] : &p->batches[0];
}

/* One batch: read and worked on while the one before is being committed. */
static int
turn(struct pipeline *p, struct input *in, struct err *e)
{
	struct pipeline_batch *b = other_batch(p);
	int r = fill(p, b, in, e);

	if (r == -ERR_NOT_FOUND)
		r = pass_gap(in, e);
	if (r != 0)
		return r;
	if (b->n_items == 0) {
		/* Records are there and cannot be read yet. */
		pause_until(p, clock_mono_ns() + NOTHING_NS);
		return 0;
	}
	r = land(p, e);
	return r != 0 ? r : submit(p, b, e);
}

static void
release_memory(struct pipeline *p)
{
	for (int i = 0; i < 2; i++) {
		if (p->batches[i].bytes.cap == 0)
			continue;
		pipeline_batch_reset(&p->batches[i]);
		pipeline_batch_shrink(&p->batches[i]);
	}
}

/* Nothing to read: false when stopping. */
static bool
rest(struct pipeline *p)
{
	if (wait_for_news(p, clock_mono_ns() + IDLE_NS))
		return true;
	return !is_stopping(p);
}

void
pipeline_main(void *cookie)
{
	struct pipeline *p = cookie;
	bool has_rested = false;

	while (p->flow->is_ready != NULL && !p->flow->is_ready(p) &&
		wait_for_news(p, INT64_MAX))
		;
	while (!is_stopping(p)) {
		struct input *in = pipeline_inputs_pick(p->inputs);
		struct err e = {0};
		int r = 0;

		if (in != NULL) {
			has_rested = false;
			wait_for_company(p, in);
			r = turn(p, in, &e);
		} else if (p->in_flight != NULL) {
			r = land(p, &e);
		} else {
			if (has_rested)
				release_memory(p);
			has_rested = true;
			rest(p);
		}
		if (r != 0)
			recover(p, &e);
	}
	struct err last = {0};

	if (land(p, &last) != 0)
		log_warn("ingest_last_batch", "code=%s error=%s",
			err_name(last.code), log_q(last.text));
}
