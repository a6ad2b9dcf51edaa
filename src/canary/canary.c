#include "canary/canary_int.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "conf/conf.h"
#include "stats/stats.h"
#include "team/team.h"
#include "topic/topic.h"

/*
 * The canary's thread: sends one event each interval, follows it from hop to
 * hop, and says where it is late. One is followed at a time: while it is under
 * way the next ones are sent, but not followed.
 */
_Static_assert(TEAM_CANARY_ID == AUDIT_CANARY_TEAM, "one project");

#define RECORD_MAX_BYTES ((size_t)8192)
#define FIRST_NS INT64_C(5000000000) /* after the start */
#define LOOK_NS INT64_C(50000000) /* how often, while it is young */
#define YOUNG_US INT64_C(2000000)
#define LOOK_LATER_NS INT64_C(1000000000)
#define LATE_US INT64_C(30000000)
#define SECOND_NS INT64_C(1000000000)

const char *const canary_hop_names[CANARY_N_HOPS] = {
	[CANARY_CAPTURE] = "capture",
	[CANARY_INGEST] = "ingest",
	[CANARY_CLICKHOUSE] = "clickhouse",
};

void
canary_state(struct canary *c, struct canary_state *out)
{
	*out = (struct canary_state){.broken = CANARY_N_HOPS};
	if (c == NULL)
		return;
	lock_take(&c->lock);
	*out = c->state;
	out->interval_s = c->interval_s;
	lock_release(&c->lock);
}

static void
set_broken(struct canary *c, enum canary_hop hop, const char *text)
{
	bool is_news;

	lock_take(&c->lock);
	is_news = c->state.broken != hop;
	c->state.broken = hop;
	snprintf(c->state.text, sizeof(c->state.text), "%s", text);
	lock_release(&c->lock);
	if (is_news && hop != CANARY_N_HOPS)
		log_warn("canary", "hop=%s text=%s", canary_hop_names[hop],
			log_q(text));
	else if (is_news)
		log_info("canary", "text=\"it comes through again\"");
	for (int i = 0; i < CANARY_N_HOPS; i++)
		stats_set(STATS_CANARY_BROKEN, i, i == (int)hop ? 1 : 0);
}

/* The hop has it: its latency, and on to the next one that is watched. */
static void
note_seen(struct canary *c)
{
	enum canary_hop hop = c->next;
	int64_t now_us = clock_now_us();
	double latency_s = (double)(now_us - c->event.at_us) / 1e6;

	stats_observe(STATS_CANARY_LATENCY, (int)hop, latency_s);
	stats_set(STATS_CANARY_LAST, (int)hop, latency_s);
	lock_take(&c->lock);
	c->state.hops[hop].seen_at_us = now_us;
	c->state.hops[hop].latency_s = latency_s;
	do
		c->next++;
	while (c->next < CANARY_N_HOPS && !c->state.hops[c->next].is_watched);
	lock_release(&c->lock);
	if (c->next == CANARY_N_HOPS)
		set_broken(c, CANARY_N_HOPS, "");
}

static void
note_failed(struct canary *c, const struct err *e)
{
	char text[240];

	snprintf(text, sizeof(text), "the canary: %.200s", e->text);
	set_broken(c, c->next, text);
}

static void
note_late(struct canary *c)
{
	char text[240];
	int64_t age_us = clock_now_us() - c->event.at_us;

	if (age_us < LATE_US)
		return;
	snprintf(text, sizeof(text),
		"the canary sent %lld s ago has not come out",
		(long long)(age_us / 1000000));
	set_broken(c, c->next, text);
}

static int
append(struct canary *c, struct canary_event *ev, struct err *e)
{
	struct audit_tally tally;
	struct store_append a = {.part = c->front, .n_records = 1};
	int r;

	if (c->o.may_accept != NULL && !c->o.may_accept(c->o.cookie, false))
		return err_set(e, ERR_NO_SPACE, "the disk takes no events");
	r = canary_make(c, ev, &tally, e);
	if (r != 0)
		return r;
	a.batches = c->record.p;
	a.len = c->record.len;
	a.max_ts_ms = ev->at_us / 1000;
	a.note = &tally;
	a.job.bytes = a.len;
	r = store_call(c->o.spool, &a.job, e);
	ev->offset = a.base_offset;
	return r;
}

static void
send_one(struct canary *c)
{
	bool is_followed = c->next == CANARY_N_HOPS; /* canary-1 */
	struct canary_event ev;
	struct err e;
	int r = append(c, &ev, &e);

	if (r != 0) {
		if (is_followed)
			c->next = CANARY_CAPTURE;
		note_failed(c, &e);
		c->next = is_followed ? CANARY_N_HOPS : c->next;
		return;
	}
	if (!is_followed)
		return;
	c->event = ev;
	c->next = CANARY_CAPTURE;
	lock_take(&c->lock);
	c->state.sent_at_us = ev.at_us;
	lock_release(&c->lock);
	note_seen(c);
}

/* What never comes is said until the next one comes through. */
static void
look(struct canary *c)
{
	struct err e;
	int r = canary_look(c, c->next, &e);

	if (r == 1) {
		note_seen(c);
		return;
	}
	if (r == -(int)ERR_NOT_FOUND) {
		note_failed(c, &e);
		c->next = CANARY_N_HOPS;
	} else {
		note_late(c);
	}
}

/* The next moment of interest. */
static int64_t
next_look(const struct canary *c, int64_t interval_s)
{
	int64_t now_ns = clock_mono_ns();
	int64_t at_ns =
		interval_s == 0 ? now_ns + 3600 * SECOND_NS : c->send_at_ns;
	bool is_young = clock_now_us() - c->event.at_us < YOUNG_US;
	int64_t look_ns = now_ns + (is_young ? LOOK_NS : LOOK_LATER_NS);

	return c->next != CANARY_N_HOPS && look_ns < at_ns ? look_ns : at_ns;
}

/* false when stopping. */
static bool
rest(struct canary *c, int64_t *interval_s)
{
	int64_t until_ns;
	bool go_on;

	lock_take(&c->lock);
	until_ns = next_look(c, c->interval_s);
	while (!c->is_stopping && cond_wait_until(&c->wake, &c->lock, until_ns))
		until_ns = next_look(c, c->interval_s);
	*interval_s = c->interval_s;
	go_on = !c->is_stopping;
	lock_release(&c->lock);
	return go_on;
}

static void
run(void *cookie)
{
	struct canary *c = cookie;
	int64_t interval_s;

	c->send_at_ns = clock_mono_ns() + FIRST_NS;
	while (rest(c, &interval_s)) {
		int64_t now_ns = clock_mono_ns();

		if (c->next != CANARY_N_HOPS)
			look(c);
		if (interval_s == 0 || now_ns < c->send_at_ns)
			continue;
		c->send_at_ns = now_ns + interval_s * SECOND_NS;
		send_one(c);
	}
}

static void
choose_hops(struct canary *c)
{
	bool *watched[CANARY_N_HOPS];

	for (int i = 0; i < CANARY_N_HOPS; i++)
		watched[i] = &c->state.hops[i].is_watched;
	*watched[CANARY_CAPTURE] = true;
	*watched[CANARY_INGEST] = c->o.has_ingest;
	*watched[CANARY_CLICKHOUSE] = c->o.has_ingest && c->o.broker != NULL &&
				      c->o.clickhouse != NULL;
}

static int
open_all(struct canary *c, struct err *e)
{
	int r = store_part_open(
		c->o.spool, topic_defs[TOPIC_INGESTION].name, 0, &c->front, e);

	if (r == 0)
		r = store_part_open(c->o.state, topic_defs[TOPIC_EVENTS].name,
			0, &c->output, e);
	if (r == 0)
		r = store_reader_open(c->o.state, &c->state_reader, e);
	if (r == 0)
		r = thread_start(&c->thread, "canary", run, c, e);
	return r;
}

int
canary_start(const struct canary_options *o, struct canary **out, struct err *e)
{
	struct canary *c = mem_new(struct canary);
	int r;

	if (c == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory for the canary");
	c->o = *o;
	c->interval_s = o->conf->canary_interval_s;
	c->next = c->state.broken = CANARY_N_HOPS;
	lock_init(&c->lock);
	cond_init(&c->wake);
	buf_init(&c->record, RECORD_MAX_BYTES);
	choose_hops(c);
	r = open_all(c, e);
	if (r != 0) {
		canary_stop(c);
		return r;
	}
	*out = c;
	return 0;
}

void
canary_reload(struct canary *c, const struct conf *conf)
{
	if (c == NULL)
		return;
	lock_take(&c->lock);
	c->interval_s = conf->canary_interval_s;
	if (c->interval_s == 0) {
		c->state.broken = CANARY_N_HOPS;
		c->state.text[0] = '\0';
	}
	cond_broadcast(&c->wake);
	lock_release(&c->lock);
}

void
canary_stop(struct canary *c)
{
	if (c == NULL)
		return;
	lock_take(&c->lock);
	c->is_stopping = true;
	cond_broadcast(&c->wake);
	lock_release(&c->lock);
	thread_join(&c->thread);
	if (c->state_reader != NULL)
		store_reader_close(c->state_reader);
	buf_fini(&c->record);
	cond_fini(&c->wake);
	lock_fini(&c->lock);
	mem_free(c);
}
