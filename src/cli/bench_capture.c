#include <poll.h>

#include "cli/bench.h"
#include "cli/cmd.h"
#include "httpc/load.h"
#include "topic/topic.h"

#define IDLE_MS 2000

static int
check_count(struct bench *b, int64_t accepted, struct err *e)
{
	int64_t by_watermark, by_reading;
	int rc = bench_count(b, false, topic_defs[TOPIC_INGESTION].name,
		&by_watermark, &by_reading, e);

	if (rc < 0)
		return rc;
	bench_put(b, "records_by_watermark", (double)by_watermark);
	bench_put(b, "records_by_reading", (double)by_reading);
	if (by_watermark < accepted || by_reading != by_watermark)
		return err_set(e, ERR_CORRUPT,
			"%lld events were acknowledged, %lld records stand in "
			"the log, %lld could be read",
			(long long)accepted, (long long)by_watermark,
			(long long)by_reading);
	return 0;
}

static int
measure(struct bench *b, struct err *e)
{
	struct load_options o;
	struct load_result r;
	int rc = bench_start(b, "capture,admin", e);

	if (rc == 0)
		rc = bench_make_project(b, NULL, e);
	if (rc == 0)
		rc = bench_load_options(b, &o, e);
	if (rc < 0)
		return rc;
	poll(NULL, 0, IDLE_MS);
	bench_put(b, "idle_rss_bytes", (double)bench_rss(b->daemon));
	rc = load_run(&o, &r, e);
	if (rc < 0)
		return rc;
	bench_put(b, "events_per_s", (double)r.n_events_ok / r.seconds);
	bench_put(b, "requests_per_s", (double)r.n_ok / r.seconds);
	bench_put_load(b, &o, &r);
	bench_put(b, "loaded_rss_bytes", (double)bench_rss(b->daemon));
	rc = bench_stop(b, e);
	return rc < 0 ? rc : check_count(b, r.n_events_ok, e);
}

int
cmd_bench_capture(struct cli *c)
{
	struct bench b;
	struct err e;
	int rc = bench_begin(&b, c, NULL, &e);

	if (rc == 0)
		rc = measure(&b, &e);
	return bench_end(&b, rc, &e);
}
