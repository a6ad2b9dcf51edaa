#include <poll.h>
#include <string.h>

#include "base/clock.h"
#include "cli/api.h"
#include "cli/bench.h"
#include "cli/cmd.h"
#include "httpc/load.h"
#include "topic/topic.h"

#define FILL_EVENTS_PER_S 20000
#define DRAIN_TIMEOUT_S 3600

/* Fills the front log while no app server runs. */
static int
fill(struct bench *b, struct load_options *o, struct load_result *r,
	struct err *e)
{
	double seconds;
	int rc = bench_start(b, "capture,admin", e);

	if (rc == 0)
		rc = bench_make_project(b, e);
	if (rc == 0)
		rc = bench_load_options(b, o, e);
	if (rc < 0)
		return rc;
	seconds = o->seconds;
	o->is_gzip = false;
	o->seconds = 0;
	o->max_requests =
		(int64_t)(seconds * FILL_EVENTS_PER_S) / o->events_per_request +
		1;
	rc = load_run(o, r, e);
	return rc < 0 ? rc : bench_stop(b, e);
}

int
bench_wait_drained(struct bench *b, struct err *e)
{
	int64_t until = clock_mono_ns() + DRAIN_TIMEOUT_S * 1000000000LL;

	for (;;) {
		struct api_doc d;
		bool yes;
		int rc = api_get(&b->on, "GET", "/api/v1/drained", NULL, &d, e);

		if (rc < 0)
			return rc;
		yes = strcmp(api_text(&d, 0, "drained"), "true") == 0;
		api_doc_fini(&d);
		if (yes)
			return 0;
		if (clock_mono_ns() > until)
			return err_set(e, ERR_TIMEOUT, "not drained in %d s",
				DRAIN_TIMEOUT_S);
		poll(NULL, 0, 20);
	}
}

static int
check_count(struct bench *b, int64_t expected, struct err *e)
{
	int64_t by_watermark, by_reading;
	int rc = bench_count(b, true, topic_defs[TOPIC_EVENTS].name,
		&by_watermark, &by_reading, e);

	if (rc < 0)
		return rc;
	bench_put(b, "records_by_watermark", (double)by_watermark);
	bench_put(b, "records_by_reading", (double)by_reading);
	if (by_watermark != expected || by_reading != expected)
		return err_set(e, ERR_CORRUPT,
			"%lld events went in, %lld came out, %lld could be "
			"read",
			(long long)expected, (long long)by_watermark,
			(long long)by_reading);
	return 0;
}

/* The time counts from the start of the process until all is committed. */
static int
measure(struct bench *b, struct err *e)
{
	struct load_options o;
	struct load_result r;
	int64_t begin;
	double seconds;
	int rc = fill(b, &o, &r, e);

	if (rc < 0)
		return rc;
	begin = clock_mono_ns();
	rc = bench_start(b, "ingest,admin", e);
	if (rc == 0)
		rc = bench_wait_drained(b, e);
	if (rc < 0)
		return rc;
	seconds = (double)(clock_mono_ns() - begin) / 1e9;
	bench_put(b, "events_per_s", (double)r.n_events_ok / seconds);
	bench_put(b, "seconds", seconds);
	bench_put(b, "events", (double)r.n_events_ok);
	bench_put(b, "persons", (double)o.n_persons);
	bench_put(b, "identify_percent", o.identify_percent);
	bench_put(b, "event_bytes", o.event_bytes);
	bench_put(b, "loaded_rss_bytes", (double)bench_rss(b->daemon));
	rc = bench_stop(b, e);
	return rc < 0 ? rc : check_count(b, r.n_events_ok, e);
}

int
cmd_bench_ingest(struct cli *c)
{
	struct bench b;
	struct err e;
	int rc = bench_begin(&b, c, &e);

	if (rc == 0)
		rc = measure(&b, &e);
	return bench_end(&b, rc, &e);
}
