#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "admin/letters.h"
#include "admin/sample.h"
#include "base/clock.h"
#include "base/file.h"
#include "canary/canary.h"
#include "clickhouse/clickhouse.h"
#include "stats/refusal.h"
#include "stats/stats.h"
#include "store/store.h"

/* From what the sampler sees to a sample of each series. */
static void
put_hops(struct admin *a, const struct hop_view hops[ADMIN_N_HOPS], double *v)
{
	static const enum series_id rates[ADMIN_N_HOPS] = {
		[ADMIN_HOP_CAPTURE] = SERIES_CAPTURE_RATE,
		[ADMIN_HOP_POSTGRES] = SERIES_POSTGRES_RATE,
		[ADMIN_HOP_INGEST] = SERIES_INGEST_RATE,
		[ADMIN_HOP_OUTPUT] = SERIES_OUTPUT_RATE,
		[ADMIN_HOP_BROKER] = SERIES_BROKER_RATE,
		[ADMIN_HOP_CLICKHOUSE] = SERIES_CLICKHOUSE_RATE,
	};
	static const enum series_id troubles[ADMIN_N_HOPS] = {
		[ADMIN_HOP_CAPTURE] = SERIES_CAPTURE_TROUBLE,
		[ADMIN_HOP_POSTGRES] = SERIES_POSTGRES_TROUBLE,
		[ADMIN_HOP_INGEST] = SERIES_INGEST_TROUBLE,
		[ADMIN_HOP_OUTPUT] = SERIES_OUTPUT_TROUBLE,
		[ADMIN_HOP_BROKER] = SERIES_BROKER_TROUBLE,
		[ADMIN_HOP_CLICKHOUSE] = SERIES_CLICKHOUSE_TROUBLE,
	};

	for (int i = 0; i < ADMIN_N_HOPS; i++) {
		if (hops[i].state == HOP_OFF)
			continue;
		v[rates[i]] = admin_rate_now(a, (enum admin_hop_id)i);
		v[troubles[i]] = hops[i].state == HOP_STOPPED  ? 2
				 : hops[i].state == HOP_BEHIND ? 1
							       : 0;
	}
}

static void
put_lag(const struct hop_view *h, bool with_age, enum series_id records,
	enum series_id seconds, double *v)
{
	int64_t us = clock_now_us() - h->lag.oldest_at_us;

	if (h->state == HOP_OFF)
		return;
	v[records] = (double)h->lag.records;
	if (with_age)
		v[seconds] = h->lag.oldest_at_us == 0 || us < 0
				     ? 0
				     : (double)us / 1e6;
}

/* What was counted since the last sample; nothing at the first. */
static double
since(struct admin_counts *n, enum series_id id, uint64_t now)
{
	uint64_t was = n->was[id];

	n->was[id] = now;
	return !n->has_begun || now < was ? (double)NAN : (double)(now - was);
}

static uint64_t
sum_of(enum stats_metric m)
{
	uint64_t sum = 0;

	for (int i = 0; stats_label(m, i) != NULL; i++)
		sum += stats_counter(m, i);
	return sum;
}

/* Reasons stand in the same order in series.def as in labels.def. */
static void
put_counts(struct admin *a, double *v)
{
	struct admin_counts *n = &a->counts;
	struct clickhouse_status st = {.restarts = 0};

	_Static_assert(
		SERIES_REFUSED_SEND_TIMEOUT - SERIES_REFUSED_QUEUE_FULL ==
			REFUSAL_SEND_TIMEOUT,
		"a series for each reason");
	for (int i = 0; i < N_REFUSALS; i++) {
		enum series_id id =
			(enum series_id)(SERIES_REFUSED_QUEUE_FULL + i);

		v[id] = since(n, id, stats_counter(STATS_HTTP_REFUSED, i));
	}
	v[SERIES_INGEST_ERRORS] = since(
		n, SERIES_INGEST_ERRORS, sum_of(STATS_INGEST_STEP_FAILURES));
	if (a->o.pg != NULL)
		v[SERIES_POSTGRES_ERRORS] = since(
			n, SERIES_POSTGRES_ERRORS, sum_of(STATS_PG_ERRORS));
	if (a->o.clickhouse != NULL) {
		clickhouse_status(a->o.clickhouse, &st);
		v[SERIES_CLICKHOUSE_RESTARTS] = since(
			n, SERIES_CLICKHOUSE_RESTARTS, (uint64_t)st.restarts);
	}
	v[SERIES_LETTERS_NEW] = since(n, SERIES_LETTERS_NEW, dlq_ever(a->dlq));
	v[SERIES_LETTERS_PENDING] = letters_pending(a);
	n->has_begun = true;
}

static void
put_canary(struct admin *a, double *v)
{
	static const enum series_id of[CANARY_N_HOPS] = {
		[CANARY_CAPTURE] = SERIES_CANARY_CAPTURE,
		[CANARY_INGEST] = SERIES_CANARY_INGEST,
		[CANARY_CLICKHOUSE] = SERIES_CANARY_CLICKHOUSE,
	};
	struct canary_state st;

	canary_state(a->o.canary, &st);
	for (int i = 0; st.interval_s != 0 && i < CANARY_N_HOPS; i++)
		if (st.hops[i].is_watched && st.hops[i].seen_at_us != 0)
			v[of[i]] = st.hops[i].latency_s;
}

static double
size_of(struct store *s)
{
	int64_t file = 0, wal = 0, rows = 0;

	if (s != NULL)
		store_sizes(s, &file, &wal, &rows);
	return (double)(file + wal);
}

static void
put_disk(struct admin *a, double *v)
{
	struct admin_disk disk = {0};

	if (a->o.disk == NULL)
		return;
	a->o.disk(a->o.cookie, &disk);
	v[SERIES_DISK_FREE] = (double)disk.free_bytes;
	v[SERIES_DISK_USED] = (double)(disk.total_bytes - disk.free_bytes);
	v[SERIES_DISK_SPOOL] = size_of(a->o.spool);
	v[SERIES_DISK_STATE] = size_of(a->o.state);
	v[SERIES_DISK_OTHER] = size_of(a->o.config) + size_of(a->o.broker_db);
}

/* NAN: there is no such process. */
static double
resident_bytes(int pid)
{
	char path[64];
	double v = (double)NAN;
	long long size, resident;
	struct buf b;
	struct err e;

	snprintf(path, sizeof(path), "/proc/%d/statm", pid);
	buf_init(&b, 4096);
	if (file_read(path, &b, &e) == 0 && buf_cstr(&b) != NULL &&
		sscanf(b.p, "%lld %lld", &size, &resident) == 2)
		v = (double)resident * (double)sysconf(_SC_PAGESIZE);
	buf_fini(&b);
	return v;
}

static void
put_memory(struct admin *a, double *v)
{
	struct clickhouse_status st = {.pid = 0};

	v[SERIES_MEMORY_DAEMON] = resident_bytes((int)getpid());
	if (a->o.clickhouse != NULL)
		clickhouse_status(a->o.clickhouse, &st);
	if (st.pid != 0)
		v[SERIES_MEMORY_CLICKHOUSE] = resident_bytes(st.pid);
}

void
sample_series(struct admin *a, const struct hop_view hops[ADMIN_N_HOPS],
	bool with_age)
{
	double v[SERIES_N];

	for (int i = 0; i < SERIES_N; i++)
		v[i] = (double)NAN;
	put_hops(a, hops, v);
	put_lag(&hops[ADMIN_HOP_INGEST], with_age, SERIES_INGEST_LAG_RECORDS,
		SERIES_INGEST_LAG_SECONDS, v);
	put_lag(&hops[ADMIN_HOP_CLICKHOUSE], with_age,
		SERIES_CLICKHOUSE_LAG_RECORDS, SERIES_CLICKHOUSE_LAG_SECONDS,
		v);
	put_counts(a, v);
	put_canary(a, v);
	put_disk(a, v);
	put_memory(a, v);
	series_sample(a->series, clock_now_us() / 1000000, v);
}
