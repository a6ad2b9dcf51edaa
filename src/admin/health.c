#include <stdio.h>
#include <string.h>

#include "admin/admin_int.h"
#include "admin/records.h"
#include "base/json_write.h"
#include "broker/broker.h"
#include "clickhouse/clickhouse.h"
#include "conf/conf.h"
#include "pipeline/pipeline.h"
#include "store/store.h"
#include "topic/topic.h"

#define POSITIONS_MAX 16

/* When the record at an offset was written, 0 if that cannot be told. */
static int64_t
record_time_us(
	struct admin *a, const char *topic, int partition, int64_t offset)
{
	const struct records_options o = {
		.topic = topic, .partition = partition, .from = offset};
	struct batch_record_view v;
	struct records *r;
	struct err e;
	int64_t at_us = 0;
	int p;

	if (records_open(a, &o, &r, &e) < 0)
		return 0;
	if (records_next(r, &p, &v, &e) == 1)
		at_us = v.ts_ms * 1000;
	records_close(r);
	return at_us;
}

static void
add_lag(struct admin *a, const char *topic, int partition, int64_t from,
	int64_t to, bool with_age, struct admin_lag *lag)
{
	int64_t at_us;

	if (from >= to)
		return;
	lag->records += to - from;
	if (!with_age)
		return;
	at_us = record_time_us(a, topic, partition, from);
	if (at_us != 0 && (lag->oldest_at_us == 0 || at_us < lag->oldest_at_us))
		lag->oldest_at_us = at_us;
}

void
admin_lag_ingest(struct admin *a, bool with_age, struct admin_lag *out)
{
	struct pipeline_position pos[POSITIONS_MAX];
	int n;

	*out = (struct admin_lag){0};
	if (a->o.pipeline == NULL)
		return;
	n = pipeline_positions(a->o.pipeline, pos, POSITIONS_MAX);
	for (int i = 0; i < n; i++)
		add_lag(a, pos[i].topic, pos[i].partition, pos[i].position,
			pos[i].high_watermark, with_age, out);
	pipeline_trouble(a->o.pipeline, out->text, sizeof(out->text));
}

static void
lag_of_group(struct admin *a, const struct topic_def *def, const char *group,
	bool with_age, struct admin_lag *out)
{
	for (int p = 0; p < def->n_partitions; p++) {
		struct store_part_state st;
		struct store_part *part;
		struct store *file;
		struct err e;
		int64_t at;

		if (records_find_part(a, def->name, p, &file, &part, &e) < 0)
			continue;
		store_part_state(part, &st);
		at = broker_group_offset(a->o.broker, group, def->name, p);
		if (at < st.log_start)
			at = st.log_start;
		add_lag(a, def->name, p, at, st.high_watermark, with_age, out);
	}
}

/* true: the local ClickHouse is there, or is to come back. */
static bool
clickhouse_counts(struct admin *a, struct clickhouse_status *st)
{
	if (a->o.clickhouse == NULL || a->o.broker == NULL)
		return false;
	clickhouse_status(a->o.clickhouse, st);
	switch (st->state) {
	case CLICKHOUSE_STARTING:
	case CLICKHOUSE_READY:
	case CLICKHOUSE_HANGING:
	case CLICKHOUSE_RESTARTING:
		return true;
	case CLICKHOUSE_OFF:
	case CLICKHOUSE_NO_LIBRARY:
		break;
	}
	return false;
}

void
admin_lag_clickhouse(struct admin *a, bool with_age, struct admin_lag *out)
{
	struct clickhouse_status st;

	*out = (struct admin_lag){0};
	if (!clickhouse_counts(a, &st))
		return;
	for (int t = 0; t < TOPIC_N; t++) {
		const char *at = topic_defs[t].groups;
		char group[128];

		while (conf_list_next(&at, group, sizeof(group)))
			lag_of_group(a, &topic_defs[t], group, with_age, out);
	}
	if (st.state != CLICKHOUSE_READY)
		snprintf(out->text, sizeof(out->text), "%s", st.text);
}

static void
add_missing(struct buf *out, const char *role, const char *reason)
{
	if (out->len > 1)
		buf_append_char(out, ',');
	buf_append_lit(out, "{\"role\":");
	json_put_string(out, slice_str(role));
	buf_append_lit(out, ",\"reason\":");
	json_put_string(out, slice_str(reason));
	buf_append_char(out, '}');
}

static void
check_stores(struct admin *a, struct buf *out)
{
	struct store *files[4] = {
		a->o.config, a->o.spool, a->o.state, a->o.broker_db};

	for (int i = 0; i < 4; i++)
		if (files[i] != NULL && store_is_failed(files[i]))
			add_missing(out, "store", store_path(files[i]));
}

bool
admin_ready(struct admin *a, struct buf *missing)
{
	const struct conf *conf = admin_conf(a);
	struct clickhouse_status ch;
	struct admin_disk disk = {0};
	struct admin_lag lag;
	char why[240];

	buf_append_char(missing, '[');
	check_stores(a, missing);
	if (a->o.disk != NULL)
		a->o.disk(a->o.cookie, &disk);
	if (conf_list_has(conf->roles, "capture") && disk.events_refused)
		add_missing(missing, "capture", disk.reason);
	admin_lag_ingest(a, false, &lag);
	if (a->o.pg != NULL && !admin_probe_is_good(a, why))
		add_missing(missing, "postgres", why);
	if (lag.text[0] != '\0')
		add_missing(missing, "ingest", lag.text);
	if (clickhouse_counts(a, &ch) && ch.state != CLICKHOUSE_READY)
		add_missing(missing, "clickhouse",
			ch.text[0] == '\0' ? "starting" : ch.text);
	buf_append_char(missing, ']');
	return missing->len == 2;
}

int
admin_ready_api(struct admin_call *c, struct err *e)
{
	struct buf missing;

	(void)e;
	buf_init(&missing, 65536);
	buf_printf(&c->out, "{\"ready\":%s,\"missing\":",
		admin_ready(c->a, &missing) ? "true" : "false");
	buf_append_slice(&c->out, buf_slice(&missing));
	buf_append_lit(&c->out, "}\n");
	buf_fini(&missing);
	return 0;
}

static void
put_waiting(struct buf *out, const char *hop, const struct admin_lag *lag)
{
	buf_printf(out, "{\"hop\":\"%s\",\"lag_records\":%lld,\"error\":", hop,
		(long long)lag->records);
	json_put_string(out, slice_str(lag->text));
	buf_append_char(out, '}');
}

/* What the pipeline writes stands in the output log with its read position, so
 * the order of the two looks leaves no gap. */
int
admin_drained(struct admin_call *c, struct err *e)
{
	struct admin_lag ingest, clickhouse;

	(void)e;
	admin_lag_ingest(c->a, false, &ingest);
	admin_lag_clickhouse(c->a, false, &clickhouse);
	buf_printf(&c->out, "{\"drained\":%s,\"waiting\":[",
		ingest.records == 0 && clickhouse.records == 0 ? "true"
							       : "false");
	put_waiting(&c->out, "ingest", &ingest);
	buf_append_char(&c->out, ',');
	put_waiting(&c->out, "clickhouse", &clickhouse);
	buf_append_lit(&c->out, "]}\n");
	return 0;
}
