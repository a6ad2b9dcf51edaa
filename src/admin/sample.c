#include "admin/sample.h"
#include "admin/admin_int.h"
#include "admin/hops.h"
#include "base/clock.h"
#include "broker/broker.h"
#include "conf/conf.h"
#include "pipeline/pipeline.h"
#include "stats/stats.h"
#include "store/store.h"
#include "topic/topic.h"

#define SAMPLE_EVERY_NS 1000000000
#define STEP_PERSONS_LABEL 2 /* of stats/labels.def, INGEST_STEP */

double
admin_rate(struct admin *a, enum admin_hop_id id)
{
	const struct admin_hop *h = &a->hops[id];
	double rate = 0;

	lock_take(&a->lock);
	if (h->n >= 2) {
		int last =
			(h->next + ADMIN_RATE_SAMPLES - 1) % ADMIN_RATE_SAMPLES;
		int first = h->n < ADMIN_RATE_SAMPLES ? 0 : h->next;
		int64_t ns = h->at_ns[last] - h->at_ns[first];

		if (ns > 0 && h->done[last] > h->done[first])
			rate = (double)(h->done[last] - h->done[first]) * 1e9 /
			       (double)ns;
	}
	lock_release(&a->lock);
	return rate;
}

double
admin_rate_now(struct admin *a, enum admin_hop_id id)
{
	const struct admin_hop *h = &a->hops[id];
	double rate = 0;

	lock_take(&a->lock);
	if (h->n >= 2) {
		int last =
			(h->next + ADMIN_RATE_SAMPLES - 1) % ADMIN_RATE_SAMPLES;
		int before =
			(last + ADMIN_RATE_SAMPLES - 1) % ADMIN_RATE_SAMPLES;
		int64_t ns = h->at_ns[last] - h->at_ns[before];

		if (ns > 0 && h->done[last] > h->done[before])
			rate = (double)(h->done[last] - h->done[before]) * 1e9 /
			       (double)ns;
	}
	lock_release(&a->lock);
	return rate;
}

static void
add_sample(struct admin *a, enum admin_hop_id id, uint64_t done)
{
	struct admin_hop *h = &a->hops[id];

	lock_take(&a->lock);
	h->done[h->next] = done;
	h->at_ns[h->next] = clock_mono_ns();
	h->next = (h->next + 1) % ADMIN_RATE_SAMPLES;
	if (h->n < ADMIN_RATE_SAMPLES)
		h->n++;
	lock_release(&a->lock);
}

static uint64_t
committed_by_clickhouse(struct admin *a)
{
	uint64_t sum = 0;

	for (int t = 0; a->o.broker != NULL && t < TOPIC_N; t++) {
		const char *at = topic_defs[t].groups;
		char group[128];

		while (conf_list_next(&at, group, sizeof(group)))
			for (int p = 0; p < topic_defs[t].n_partitions; p++) {
				int64_t n = broker_group_offset(a->o.broker,
					group, topic_defs[t].name, p);

				sum += n > 0 ? (uint64_t)n : 0;
			}
	}
	return sum;
}

/* The records that were ever written to the output log. */
static uint64_t
written_to_output(struct admin *a)
{
	uint64_t sum = 0;

	for (int t = 0; a->o.state != NULL && t < TOPIC_N; t++)
		for (int p = 0; p < topic_defs[t].n_partitions; p++) {
			struct store_part_state st;
			struct store_part *part = NULL;

			if (topic_defs[t].file[p] == TOPIC_STATE)
				part = store_part_find(a->o.state,
					slice_str(topic_defs[t].name), p);
			if (part == NULL)
				continue;
			store_part_state(part, &st);
			sum += (uint64_t)st.high_watermark;
		}
	return sum;
}

/* Ages are read from the logs: once for each point. */
static bool
is_time_for_ages(struct admin *a)
{
	int64_t at_s = clock_now_us() / 1000000 / series_steps[SERIES_FINE].s;

	if (at_s == a->aged_at_s)
		return false;
	a->aged_at_s = at_s;
	return true;
}

static void
sample(struct admin *a)
{
	bool with_age = is_time_for_ages(a);
	struct hop_view hops[ADMIN_N_HOPS];
	struct pipeline_position pos[16];
	struct admin_lag lag;
	uint64_t read = 0;

	add_sample(
		a, ADMIN_HOP_CAPTURE, stats_counter(STATS_CAPTURE_INGESTED, 0));
	if (a->o.pipeline != NULL) {
		int n = pipeline_positions(a->o.pipeline, pos, 16);

		for (int i = 0; i < n; i++)
			read += (uint64_t)pos[i].position;
	}
	add_sample(a, ADMIN_HOP_POSTGRES,
		stats_counter(STATS_INGEST_STEP_EVENTS, STEP_PERSONS_LABEL));
	add_sample(a, ADMIN_HOP_INGEST, read);
	add_sample(a, ADMIN_HOP_OUTPUT, written_to_output(a));
	add_sample(
		a, ADMIN_HOP_BROKER, stats_counter(STATS_BROKER_REQUESTS, 0));
	add_sample(a, ADMIN_HOP_CLICKHOUSE, committed_by_clickhouse(a));
	admin_lag_ingest(a, false, &lag);
	stats_set(STATS_INGEST_LAG_RECORDS, 0, (double)lag.records);
	admin_lag_clickhouse(a, false, &lag);
	stats_set(STATS_CLICKHOUSE_LAG_RECORDS, 0, (double)lag.records);
	hops_sample(a, with_age, hops);
	if (a->series != NULL)
		sample_series(a, hops, with_age);
}

static void
keep_sampling(void *cookie)
{
	struct admin *a = cookie;

	lock_take(&a->lock);
	while (!a->stopping) {
		int64_t until = clock_mono_ns() + SAMPLE_EVERY_NS;

		lock_release(&a->lock);
		sample(a);
		lock_take(&a->lock);
		while (!a->stopping &&
			cond_wait_until(&a->sampler_wake, &a->lock, until))
			;
	}
	lock_release(&a->lock);
}

int
admin_sampler_start(struct admin *a, struct err *e)
{
	int rc = series_new(
		a->o.config, &a->series, clock_now_us() / 1000000, e);

	if (rc < 0)
		return rc;
	return thread_start(&a->sampler, "sampler", keep_sampling, a, e);
}

void
admin_sampler_stop(struct admin *a)
{
	lock_take(&a->lock);
	a->stopping = true;
	cond_broadcast(&a->sampler_wake);
	lock_release(&a->lock);
	thread_join(&a->sampler);
}
