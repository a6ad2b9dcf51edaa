#include "admin/hops.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json_write.h"
#include "canary/canary.h"
#include "clickhouse/clickhouse.h"
#include "conf/conf.h"
#include "store/store.h"

/* A record that waits for so long is worth a line. */
#define BEHIND_US INT64_C(10000000)
/* Records wait and none was done for so long: it does not move. */
#define STALL_NS INT64_C(5000000000)

static const char *const names[ADMIN_N_HOPS][2] = {
	[ADMIN_HOP_CAPTURE] = {"capture", "events"},
	[ADMIN_HOP_POSTGRES] = {"postgres", "events"},
	[ADMIN_HOP_INGEST] = {"ingest", "records"},
	[ADMIN_HOP_OUTPUT] = {"output", "records"},
	[ADMIN_HOP_BROKER] = {"broker", "requests"},
	[ADMIN_HOP_CLICKHOUSE] = {"clickhouse", "records"},
};

/* From the end of the way to its begin, as what stands holds up what comes
 * before it. */
static const enum admin_hop_id causes_first[ADMIN_N_HOPS] = {
	ADMIN_HOP_CLICKHOUSE,
	ADMIN_HOP_BROKER,
	ADMIN_HOP_OUTPUT,
	ADMIN_HOP_POSTGRES,
	ADMIN_HOP_INGEST,
	ADMIN_HOP_CAPTURE,
};

static void
set_error(struct hop_view *v, enum hop_state state, const char *why,
	const char *todo)
{
	v->state = state;
	v->todo = todo;
	snprintf(v->error, sizeof(v->error), "%s", why);
}

static bool
has_role(struct admin *a, const char *role)
{
	return conf_list_has(admin_conf(a)->roles, role);
}

static void
look_at_capture(struct admin *a, struct hop_view *v)
{
	struct admin_disk disk = {0};

	if (!has_role(a, "capture"))
		return;
	v->state = HOP_OK;
	if (a->o.disk != NULL)
		a->o.disk(a->o.cookie, &disk);
	if (store_is_failed(a->o.spool))
		set_error(v, HOP_STOPPED, "spool.db cannot be written any more",
			"check the disk, then restart the daemon");
	else if (disk.events_refused)
		set_error(v, HOP_STOPPED, disk.reason,
			disk.free_bytes < disk.reserve_bytes
				? "free some space on the disk of the data "
				  "folder"
				: "get the hop behind it going, or raise the "
				  "limit");
}

/* Seconds since the hop last moved, if it should. */
static int64_t
stalled_ns(struct admin *a, enum admin_hop_id id)
{
	int64_t ns;

	lock_take(&a->lock);
	ns = a->hops[id].moved_at_ns == 0
		     ? 0
		     : clock_mono_ns() - a->hops[id].moved_at_ns;
	lock_release(&a->lock);
	return ns;
}

/* What lags and ages say of a hop that has no error of its own. */
static void
judge_lag(struct admin *a, enum admin_hop_id id, struct hop_view *v,
	const char *todo_stall, const char *todo_behind)
{
	int64_t ns = stalled_ns(a, id);
	int64_t age_us = v->lag.oldest_at_us == 0
				 ? 0
				 : clock_now_us() - v->lag.oldest_at_us;

	if (v->lag.records > 0 && ns >= STALL_NS) {
		set_error(v, HOP_STOPPED, "", todo_stall);
		v->is_stalled = true;
		snprintf(v->error, sizeof(v->error),
			"%lld record(s) wait and none was done for %lld s",
			(long long)v->lag.records,
			(long long)(ns / 1000000000));
	} else if (age_us >= BEHIND_US) {
		set_error(v, HOP_BEHIND, "", todo_behind);
		snprintf(v->error, sizeof(v->error),
			"%lld record(s) wait, the oldest for %lld s",
			(long long)v->lag.records,
			(long long)(age_us / 1000000));
	}
}

static void
look_at_ingest(struct admin *a, bool with_age, struct hop_view *v)
{
	if (a->o.pipeline == NULL)
		return;
	v->state = HOP_OK;
	admin_lag_ingest(a, with_age, &v->lag);
	if (v->lag.text[0] != '\0')
		set_error(v, HOP_STOPPED, v->lag.text,
			"nothing is lost and the batch is tried again by "
			"itself: mend what the error names; the log has it "
			"under event=ingest_waits");
	else
		judge_lag(a, ADMIN_HOP_INGEST, v,
			"the app server or the writer of state.db hangs: see "
			"that no other program holds the file, then restart "
			"the daemon; nothing is lost",
			"it catches up by itself; if not, give the machine "
			"more processors or a faster disk");
}

static void
look_at_postgres(struct admin *a, struct hop_view *v)
{
	char why[240];

	if (a->o.pg == NULL)
		return;
	v->state = HOP_OK;
	if (!admin_probe_is_good(a, why))
		set_error(v, HOP_STOPPED, why,
			"start the server of postgres.url, or mend what the "
			"error names; events are taken and wait meanwhile, and "
			"go on by themselves: sluice doctor looks closer");
}

/* Its cause is named already. */
static void
blame_postgres(struct hop_view *ingest, const struct hop_view *postgres)
{
	if (ingest->state == HOP_STOPPED && postgres->state == HOP_STOPPED)
		ingest->todo = "get Postgres going: it goes on by itself";
}

static void
look_at_output(struct admin *a, struct hop_view *v)
{
	if (a->o.state == NULL)
		return;
	v->state = HOP_OK;
	if (store_is_failed(a->o.state))
		set_error(v, HOP_STOPPED, "state.db cannot be written any more",
			"check the disk, then restart the daemon");
}

static void
look_at_broker(struct admin *a, struct hop_view *v)
{
	if (a->o.broker == NULL || !has_role(a, "broker"))
		return;
	v->state = HOP_OK;
	if (store_is_failed(a->o.broker_db))
		set_error(v, HOP_STOPPED,
			"broker.db cannot be written any more",
			"check the disk, then restart the daemon");
}

static void
look_at_child(struct hop_view *v, const struct clickhouse_status *st)
{
	switch (st->state) {
	case CLICKHOUSE_OFF:
	case CLICKHOUSE_READY:
		break;
	case CLICKHOUSE_NO_LIBRARY:
		/* An installation without it is whole: it is off, and says
		 * why. */
		set_error(v, HOP_OFF, st->text, "");
		break;
	case CLICKHOUSE_STARTING:
		v->is_starting = st->text[0] == '\0';
		set_error(v, HOP_STOPPED,
			st->text[0] == '\0' ? "it is starting" : st->text,
			"wait: it takes up to a minute, longer with much in "
			"it");
		break;
	case CLICKHOUSE_RESTARTING:
		set_error(v, HOP_STOPPED,
			st->text[0] == '\0' ? "it ended" : st->text,
			"it is started again by itself; if it goes on, see "
			"clickhouse/log in the data folder");
		break;
	case CLICKHOUSE_HANGING:
		set_error(v, HOP_STOPPED, st->text,
			"wait: it is killed and started again when it stays "
			"silent for a minute and a half; or kill -9 that "
			"process now, "
			"nothing is lost");
		break;
	}
}

static void
look_at_clickhouse(struct admin *a, bool with_age, struct hop_view *v)
{
	struct clickhouse_status st;

	if (a->o.clickhouse == NULL)
		return;
	clickhouse_status(a->o.clickhouse, &st);
	if (st.state == CLICKHOUSE_OFF)
		return;
	v->state = HOP_OK;
	admin_lag_clickhouse(a, with_age, &v->lag);
	look_at_child(v, &st);
	if (v->state == HOP_OK)
		judge_lag(a, ADMIN_HOP_CLICKHOUSE, v,
			"it answers but reads nothing: see "
			"posthog.kafka_engine_errors and clickhouse/log in "
			"the data folder, then kill that process: it is "
			"started again and nothing is lost",
			"it catches up by itself; if not, see running "
			"queries and merges (system.processes, system.merges) "
			"or raise clickhouse.memory_max_bytes");
}

/* What is shown once is kept. */
static void
keep_errors(struct admin *a, struct hop_view all[ADMIN_N_HOPS])
{
	lock_take(&a->lock);
	for (int i = 0; i < ADMIN_N_HOPS; i++) {
		struct admin_hop *h = &a->hops[i];

		if (all[i].state == HOP_STOPPED && !all[i].is_starting) {
			memcpy(h->last_error, all[i].error,
				sizeof(h->last_error));
			h->last_error_at_us = clock_now_us();
		}
		memcpy(all[i].last_error, h->last_error,
			sizeof(all[i].last_error));
		all[i].last_error_at_us = h->last_error_at_us;
	}
	lock_release(&a->lock);
}

/* The canary finds what no count shows: a hop that says all is well and where
 * an event does not come out. */
static void
look_at_canary(struct admin *a, struct hop_view all[ADMIN_N_HOPS])
{
	static const enum admin_hop_id hop_of[CANARY_N_HOPS] = {
		[CANARY_CAPTURE] = ADMIN_HOP_CAPTURE,
		[CANARY_INGEST] = ADMIN_HOP_INGEST,
		[CANARY_CLICKHOUSE] = ADMIN_HOP_CLICKHOUSE,
	};
	struct canary_state st;
	struct hop_view *v;

	canary_state(a->o.canary, &st);
	if (st.broken == CANARY_N_HOPS)
		return;
	v = &all[hop_of[st.broken]];
	if (v->state == HOP_OK)
		set_error(v, HOP_BEHIND, st.text,
			"the log and sluice audit tell more; if it stays so, "
			"restart the daemon: nothing is lost");
}

void
hops_look(struct admin *a, bool with_age, struct hop_view out[ADMIN_N_HOPS])
{
	memset(out, 0, sizeof(*out) * ADMIN_N_HOPS);
	for (int i = 0; i < ADMIN_N_HOPS; i++) {
		out[i].name = names[i][0];
		out[i].unit = names[i][1];
		out[i].todo = "";
		out[i].rate = admin_rate(a, (enum admin_hop_id)i);
	}
	look_at_capture(a, &out[ADMIN_HOP_CAPTURE]);
	look_at_ingest(a, with_age, &out[ADMIN_HOP_INGEST]);
	look_at_postgres(a, &out[ADMIN_HOP_POSTGRES]);
	blame_postgres(&out[ADMIN_HOP_INGEST], &out[ADMIN_HOP_POSTGRES]);
	look_at_output(a, &out[ADMIN_HOP_OUTPUT]);
	look_at_broker(a, &out[ADMIN_HOP_BROKER]);
	look_at_clickhouse(a, with_age, &out[ADMIN_HOP_CLICKHOUSE]);
	look_at_canary(a, out);
	keep_errors(a, out);
}

static const char *
state_name(enum hop_state s)
{
	switch (s) {
	case HOP_OFF:
		return "off";
	case HOP_OK:
		return "ok";
	case HOP_BEHIND:
		return "behind";
	case HOP_STOPPED:
		return "stopped";
	}
	return "unknown";
}

static void
put_member(struct buf *b, const char *name, const char *text)
{
	buf_printf(b, ",\"%s\":", name);
	json_put_string(b, slice_str(text));
}

static void
put_hop(struct buf *b, const struct hop_view *v)
{
	int64_t now_us = clock_now_us();
	char at[CLOCK_TEXT_MAX];

	buf_printf(b,
		"{\"name\":\"%s\",\"state\":\"%s\",\"rate\":%.1f,"
		"\"unit\":\"%s\",\"lag_records\":%lld,\"lag_s\":%.3f",
		v->name, state_name(v->state), v->rate, v->unit,
		(long long)v->lag.records,
		v->lag.oldest_at_us == 0 || v->lag.oldest_at_us > now_us
			? 0.0
			: (double)(now_us - v->lag.oldest_at_us) / 1e6);
	put_member(b, "error", v->error);
	put_member(b, "do", v->todo);
	if (v->last_error[0] == '\0') {
		buf_append_lit(b, ",\"last_error\":null}");
		return;
	}
	clock_format(v->last_error_at_us, CLOCK_ISO_MS, at);
	buf_printf(b, ",\"last_error\":{\"at\":\"%s\"", at);
	put_member(b, "text", v->last_error);
	buf_append_lit(b, "}}");
}

static void
put_behind(struct buf *b, const struct hop_view all[ADMIN_N_HOPS],
	enum hop_state state, bool *first)
{
	for (int i = 0; i < ADMIN_N_HOPS; i++) {
		const struct hop_view *v = &all[causes_first[i]];

		if (v->state != state)
			continue;
		buf_printf(b, "%s{\"hop\":\"%s\"", *first ? "" : ",", v->name);
		put_member(b, "why", v->error);
		put_member(b, "do", v->todo);
		buf_append_char(b, '}');
		*first = false;
	}
}

void
hops_put(struct admin *a, struct buf *b)
{
	struct hop_view all[ADMIN_N_HOPS];
	bool first = true;

	hops_look(a, true, all);
	buf_append_lit(b, "\"hops\":[");
	for (int i = 0; i < ADMIN_N_HOPS; i++) {
		if (i > 0)
			buf_append_char(b, ',');
		put_hop(b, &all[i]);
	}
	buf_append_lit(b, "],\"behind\":[");
	put_behind(b, all, HOP_STOPPED, &first);
	put_behind(b, all, HOP_BEHIND, &first);
	buf_append_char(b, ']');
}

void
hops_sample(struct admin *a, bool with_age, struct hop_view all[ADMIN_N_HOPS])
{
	int64_t now_ns = clock_mono_ns();

	hops_look(a, with_age, all);
	lock_take(&a->lock);
	for (int i = 0; i < ADMIN_N_HOPS; i++) {
		struct admin_hop *h = &a->hops[i];
		int last =
			(h->next + ADMIN_RATE_SAMPLES - 1) % ADMIN_RATE_SAMPLES;

		/* After an error it has its time to begin again. */
		if (h->done[last] != h->moved_to || all[i].lag.records == 0 ||
			(all[i].state == HOP_STOPPED && !all[i].is_stalled))
			h->moved_at_ns = now_ns;
		h->moved_to = h->done[last];
	}
	lock_release(&a->lock);
}
