#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "admin/admin_int.h"
#include "admin/hops.h"
#include "admin/letters.h"
#include "admin/sample.h"
#include "base/clock.h"
#include "base/json_write.h"
#include "broker/broker.h"
#include "canary/canary.h"
#include "clickhouse/clickhouse.h"
#include "conf/conf.h"
#include "dedupe/dedupe.h"
#include "pg/pg.h"
#include "stats/refusal.h"
#include "stats/stats.h"
#include "store/store.h"
#include "team/team.h"

static void
put_file(struct buf *b, const char *name, struct store *s, bool first)
{
	int64_t file = 0, wal = 0, rows = 0;

	store_sizes(s, &file, &wal, &rows);
	buf_printf(b,
		"%s{\"name\":\"%s\",\"bytes\":%lld,\"wal_bytes\":%lld,"
		"\"log_bytes\":%lld,\"failed\":%s}",
		first ? "" : ",", name, (long long)file, (long long)wal,
		(long long)rows, store_is_failed(s) ? "true" : "false");
}

static void
put_disk(struct admin *a, struct buf *b, const struct admin_disk *d)
{
	buf_printf(b,
		"\"disk\":{\"free_bytes\":%lld,\"total_bytes\":%lld,"
		"\"reserve_bytes\":%lld,\"ballast_bytes\":%lld,"
		"\"events_refused\":%s,\"recordings_refused\":%s,\"files\":[",
		(long long)d->free_bytes, (long long)d->total_bytes,
		(long long)d->reserve_bytes, (long long)d->ballast_bytes,
		d->events_refused ? "true" : "false",
		d->recordings_refused ? "true" : "false");
	put_file(b, "config.db", a->o.config, true);
	put_file(b, "spool.db", a->o.spool, false);
	put_file(b, "state.db", a->o.state, false);
	put_file(b, "broker.db", a->o.broker_db, false);
	buf_append_lit(b, "]}");
}

/* What was refused since the start, by reason; reasons that did not come up are
 * left out. */
static void
put_refused(struct buf *b)
{
	bool first = true;

	buf_append_lit(b, ",\"refused\":{");
	for (int i = 0; i < N_REFUSALS; i++) {
		uint64_t n = stats_counter(STATS_HTTP_REFUSED, i);

		if (n == 0)
			continue;
		buf_printf(b, "%s\"%s\":%llu", first ? "" : ",",
			stats_label(STATS_HTTP_REFUSED, i),
			(unsigned long long)n);
		first = false;
	}
	buf_append_char(b, '}');
}

/* Requests that were wrong, since the start: as of a key that is not known. The
 * stage that a label names as well is left out. */
static void
put_wrong(struct buf *b)
{
	const char *label;
	bool first = true;

	buf_append_lit(b, ",\"wrong\":{");
	for (int i = 0; (label = stats_label(STATS_CAPTURE_ERRORS, i)) != NULL;
		i++) {
		uint64_t n = stats_counter(STATS_CAPTURE_ERRORS, i);

		if (n == 0)
			continue;
		buf_printf(b, "%s\"%.*s\":%llu", first ? "" : ",",
			(int)strcspn(label, "\""), label,
			(unsigned long long)n);
		first = false;
	}
	buf_append_char(b, '}');
}

const char *
admin_clickhouse_word(enum clickhouse_state s)
{
	switch (s) {
	case CLICKHOUSE_OFF:
		return "off";
	case CLICKHOUSE_STARTING:
		return "starting";
	case CLICKHOUSE_READY:
		return "ready";
	case CLICKHOUSE_HANGING:
		return "hanging";
	case CLICKHOUSE_RESTARTING:
		return "restarting";
	case CLICKHOUSE_NO_LIBRARY:
		return "no_library";
	}
	return "unknown";
}

static void
put_children(struct admin *a, struct buf *b)
{
	struct clickhouse_status st = {.state = CLICKHOUSE_OFF};

	if (a->o.clickhouse != NULL)
		clickhouse_status(a->o.clickhouse, &st);
	buf_printf(b,
		"\"children\":[{\"name\":\"clickhouse\",\"state\":\"%s\","
		"\"pid\":%d,\"port\":%d,\"restarts\":%d,\"version\":",
		admin_clickhouse_word(st.state), st.pid, st.port, st.restarts);
	json_put_string(b, slice_str(st.version));
	buf_append_lit(b, ",\"text\":");
	json_put_string(b, slice_str(st.text));
	buf_append_lit(b, "}]");
}

/* null where persons are in state.db. */
static void
put_postgres(struct admin *a, struct buf *b)
{
	static const char *const states[] = {
		[PG_UNTRIED] = "untried", [PG_UP] = "up", [PG_DOWN] = "down"};
	char since[CLOCK_TEXT_MAX];
	struct pg_status st;

	buf_append_lit(b, ",\"postgres\":");
	if (a->o.pg == NULL) {
		buf_append_lit(b, "null");
		return;
	}
	pg_status(a->o.pg, &st);
	clock_format(st.since_us, CLOCK_RFC3339, since);
	buf_printf(b, "{\"state\":\"%s\",\"since\":\"%s\",\"server\":",
		states[st.state], since);
	json_put_string(b, slice_str(st.where));
	buf_printf(b, ",\"version\":\"%d.%d\",\"tls\":%s,\"error\":",
		st.version / 10000, st.version % 10000,
		st.is_tls ? "true" : "false");
	json_put_string(b, slice_str(st.why));
	buf_printf(b,
		",\"letters_waiting\":%lld,\"letters_waiting_bytes\":%lld}",
		(long long)team_waiting_letters(a->o.teams),
		(long long)team_waiting_bytes(a->o.teams));
}

static void
put_time(struct buf *b, const char *name, int64_t at_us)
{
	char text[CLOCK_TEXT_MAX];

	clock_format(at_us, CLOCK_ISO_MS, text);
	buf_printf(b, ",\"%s\":", name);
	if (at_us == 0)
		buf_append_lit(b, "null");
	else
		json_put_string(b, slice_str(text));
}

/* null while there is none. */
static void
put_canary(struct admin *a, struct buf *b)
{
	struct canary_state st;
	bool first = true;

	canary_state(a->o.canary, &st);
	if (st.interval_s == 0) {
		buf_append_lit(b, ",\"canary\":null");
		return;
	}
	buf_printf(b, ",\"canary\":{\"interval_s\":%lld",
		(long long)st.interval_s);
	put_time(b, "sent_at", st.sent_at_us);
	buf_append_lit(b, ",\"hops\":[");
	for (int i = 0; i < CANARY_N_HOPS; i++) {
		if (!st.hops[i].is_watched)
			continue;
		buf_printf(b, "%s{\"name\":\"%s\",\"latency_s\":%.3f",
			first ? "" : ",", canary_hop_names[i],
			st.hops[i].latency_s);
		put_time(b, "seen_at", st.hops[i].seen_at_us);
		buf_append_char(b, '}');
		first = false;
	}
	buf_printf(b, "],\"broken\":%s%s%s,\"error\":",
		st.broken == CANARY_N_HOPS ? "" : "\"",
		st.broken == CANARY_N_HOPS ? "null"
					   : canary_hop_names[st.broken],
		st.broken == CANARY_N_HOPS ? "" : "\"");
	json_put_string(b, slice_str(st.text));
	buf_append_char(b, '}');
}

/* What is known of what was sent, and how much of it came again. */
static void
put_memory(struct admin *a, struct buf *b)
{
	const struct dedupe *d = dedupe_of(a->o.spool);
	struct dedupe_state st = {0};

	if (d != NULL)
		dedupe_state(d, &st);
	buf_printf(b,
		",\"duplicates\":{\"remembered\":%lld,\"memory_bytes\":%lld,"
		"\"dropped\":%lld,\"reads\":%lld,\"doubts\":%lld,"
		"\"forgotten\":%lld}",
		(long long)st.entries, (long long)st.bytes, (long long)st.known,
		(long long)st.reads, (long long)st.doubts,
		(long long)st.forgotten);
}

static void
put_roles(struct admin *a, struct buf *b)
{
	const char *at = admin_conf(a)->roles;
	char role[64];
	bool first = true;

	buf_append_lit(b, "\"roles\":[");
	while (conf_list_next(&at, role, sizeof(role))) {
		if (!first)
			buf_append_char(b, ',');
		first = false;
		json_put_string(b, slice_str(role));
	}
	buf_append_char(b, ']');
}

static void
put_ready(struct admin *a, struct buf *b)
{
	struct buf missing;
	bool ready;

	buf_init(&missing, 65536);
	ready = admin_ready(a, &missing);
	buf_printf(b, "\"ready\":%s,\"missing\":", ready ? "true" : "false");
	buf_append_slice(b, buf_slice(&missing));
	buf_fini(&missing);
}

void
admin_put_status(struct admin *a, struct buf *b, bool with_topics)
{
	struct admin_disk disk = {0};

	if (a->o.disk != NULL)
		a->o.disk(a->o.cookie, &disk);
	buf_printf(b, "{\"version\":\"%s\",\"pid\":%d,\"uptime_s\":%lld,",
		PACKAGE_VERSION, (int)getpid(),
		(long long)((clock_now_us() - a->started_at_us) / 1000000));
	buf_append_lit(b, "\"data\":");
	json_put_string(b, slice_str(a->o.data_dir));
	buf_append_char(b, ',');
	put_roles(a, b);
	buf_append_char(b, ',');
	put_ready(a, b);
	buf_append_char(b, ',');
	hops_put(a, b);
	buf_append_char(b, ',');
	put_disk(a, b, &disk);
	admin_put_forecast(a, b, &disk);
	buf_append_char(b, ',');
	put_children(a, b);
	put_postgres(a, b);
	put_canary(a, b);
	put_refused(b);
	put_wrong(b);
	put_memory(a, b);
	buf_append_char(b, ',');
	letters_put_status(a, b);
	admin_put_tls(a, b);
	lock_take(&a->lock);
	buf_printf(b, ",\"ports\":%s", a->ports == NULL ? "{}" : a->ports);
	lock_release(&a->lock);
	if (with_topics) {
		buf_append_lit(b, ",\"topics\":");
		broker_topics_json(a->o.broker, b);
	}
	buf_append_lit(b, "}\n");
}

int
admin_status(struct admin_call *c, struct err *e)
{
	if (c->a->o.broker == NULL)
		return err_set(e, ERR_UNAVAILABLE,
			"the status is that of a running daemon");
	admin_put_status(c->a, &c->out, true);
	return 0;
}
