/*
 * How fast the app server works on a front log: bench_ingest [EVENTS] [PERSONS]
 * [THREADS] [BATCH]. Fills a throw-away folder (under TMPDIR) with events of
 * about 1 KB as posthog-js sends them, a tenth of them $identify, of persons
 * that are known already, then starts the pipeline and takes the time until all
 * is committed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "base/rand.h"
#include "stats/stats.h"

#include "../unit/pipeline/world.h"

#define START_US INT64_C(1709634030123000)
#define PER_BATCH 50

struct bench {
	struct world w;
	struct rand_state rand;
	long n_events, n_persons;
	long sent;
	size_t value_bytes;
};

static void
put_uuid(struct rand_state *r, char out[37])
{
	uint64_t a = rand_next(r), b = rand_next(r);

	snprintf(out, 37, "%08x-%04x-7%03x-8%03x-%012llx", (unsigned)(a >> 32),
		(unsigned)(a >> 16) & 0xffff, (unsigned)a & 0xfff,
		(unsigned)(b >> 52), (unsigned long long)b & 0xffffffffffff);
}

static void
put_properties(struct bench *b, struct buf *out, long person, bool is_identify)
{
	static const char *const pages[] = {"", "pricing",
		"docs/getting-started", "blog/2024/03/how-we-count", "signup",
		"account/settings"};
	struct rand_state *r = &b->rand;
	const char *page = pages[rand_below(r, ARRAY_LEN(pages))];
	char session[37], window[37], insert[37];

	put_uuid(r, session);
	put_uuid(r, window);
	put_uuid(r, insert);
	buf_reset(out);
	buf_printf(out,
		"{\"$os\":\"Mac OS X\",\"$os_version\":\"10.15.7\","
		"\"$browser\":\"Chrome\",\"$device_type\":\"Desktop\","
		"\"$current_url\":\"https://www.example.com/%s?ref=%u\","
		"\"$host\":\"www.example.com\",\"$pathname\":\"/%s\","
		"\"$raw_user_agent\":\"Mozilla/5.0 (Macintosh; Intel Mac OS X "
		"10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0."
		"0.0 Safari/537.36\",\"$browser_version\":126,"
		"\"$browser_language\":\"en-GB\",\"$screen_height\":1117,"
		"\"$screen_width\":1728,\"$viewport_height\":%u,"
		"\"$viewport_width\":1440,\"$lib\":\"web\","
		"\"$lib_version\":\"1.140.1\",\"$insert_id\":\"%s\","
		"\"$time\":1719830000.%u,\"distinct_id\":\"user-%ld\","
		"\"$device_id\":\"%s\",\"$referrer\":\"$direct\","
		"\"$referring_domain\":\"$direct\",\"$session_id\":\"%s\","
		"\"$window_id\":\"%s\",\"$pageview_id\":\"%s\","
		"\"$is_identified\":%s,\"load_ms\":%u",
		page, (unsigned)rand_below(r, 1000), page,
		500 + (unsigned)rand_below(r, 500), insert,
		(unsigned)rand_below(r, 1000), person, insert, session, window,
		insert, is_identify ? "true" : "false",
		(unsigned)rand_below(r, 3000));
	if (is_identify)
		buf_printf(out,
			",\"$anon_distinct_id\":\"anon-%ld\",\"$set\":"
			"{\"email\":\"user-%ld@example.com\",\"plan\":\"p%u\"}",
			person, person, (unsigned)rand_below(r, 3));
	buf_append_lit(out, "}");
}

static void
put_one(struct bench *b, struct batch_writer *bw, struct buf *properties,
	long person)
{
	char uuid[37], id[32];
	bool is_identify = rand_below(&b->rand, 10) == 0;
	struct world_event ev = {.uuid = uuid,
		.distinct_id = id,
		.name = is_identify ? "$identify" : "$pageview",
		.now_us = START_US + b->sent * 1000};

	put_uuid(&b->rand, uuid);
	snprintf(id, sizeof(id), "user-%ld", person);
	put_properties(b, properties, person, is_identify);
	ev.properties = buf_cstr(properties);
	b->value_bytes += properties->len;
	world_put_event(bw, &ev);
	b->sent++;
}

/* in_order: one event of each person, else of any. */
static void
fill(struct bench *b, long n, bool in_order)
{
	struct batch_writer bw;
	struct buf out, properties;
	struct err e;
	long done = 0;

	buf_init(&out, 256 << 20);
	buf_init(&properties, 1 << 20);
	while (done < n) {
		long to = done + 50 * PER_BATCH < n ? done + 50 * PER_BATCH : n;
		long from = done;

		buf_reset(&out);
		while (done < to) {
			batch_begin(&bw, &out, START_US / 1000);
			for (int i = 0; i < PER_BATCH && done < to; i++, done++)
				put_one(b, &bw, &properties,
					in_order
						? done
						: (long)rand_below(&b->rand,
							  (uint64_t)b
								  ->n_persons));
			if (batch_end(&bw, BATCH_NONE, &e) != 0)
				abort();
		}
		world_append(&b->w, b->w.spool, TOPIC_INGESTION, 0, &out,
			(uint32_t)(done - from));
	}
	buf_fini(&out);
	buf_fini(&properties);
}

static double
cpu_seconds(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)u.ru_utime.tv_sec + (double)u.ru_stime.tv_sec +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void
print_steps(void)
{
	static const char *const names[] = {
		"decode", "normalise", "persons", "output", "commit"};

	for (int i = 0; i < 5; i++)
		printf("  %-9s %6.2f us per event\n", names[i],
			(double)stats_counter(STATS_INGEST_STEP_TIME, i) /
				(double)stats_counter(
					STATS_INGEST_STEP_EVENTS, i));
}

static void
measure(struct bench *b, const char *const *set)
{
	struct rusage u;
	double cpu = cpu_seconds(), s;
	int64_t began_ns = clock_mono_ns();

	world_start(&b->w, set);
	world_drain(&b->w);
	s = (double)(clock_mono_ns() - began_ns) / 1e9;
	cpu = cpu_seconds() - cpu;
	getrusage(RUSAGE_SELF, &u);
	printf("%ld events of %zu bytes of properties, %ld persons: %.2f s, "
	       "%.0f events/s, %.1f us CPU per event, %ld MB\n",
		b->n_events, b->value_bytes / (size_t)b->sent, b->n_persons, s,
		(double)b->n_events / s, cpu * 1e6 / (double)b->n_events,
		u.ru_maxrss / 1024);
	print_steps();
}

int
main(int argc, char **argv)
{
	static struct bench b;
	char threads[40], batch[40];
	const char *const set[] = {threads, batch, NULL};

	b.n_events = argc > 1 ? strtol(argv[1], NULL, 10) : 200000;
	b.n_persons = argc > 2 ? strtol(argv[2], NULL, 10) : 20000;
	if (b.n_events < 1 || b.n_persons < 1) {
		fprintf(stderr, "usage: bench_ingest [EVENTS] [PERSONS] "
				"[THREADS] [BATCH]\n");
		return 2;
	}
	snprintf(threads, sizeof(threads), "ingest.threads=%s",
		argc > 3 ? argv[3] : "0");
	snprintf(batch, sizeof(batch), "ingest.batch_events=%s",
		argc > 4 ? argv[4] : "5000");
	rand_seed(&b.rand, 1);
	world_make(&b.w);
	fill(&b, b.n_persons, true);
	world_start(&b.w, set);
	world_drain(&b.w);
	world_stop(&b.w);
	world_open(&b.w);
	b.sent = 0;
	b.value_bytes = 0;
	fill(&b, b.n_events, false);
	measure(&b, set);
	world_stop(&b.w);
	world_remove(&b.w);
	return 0;
}
