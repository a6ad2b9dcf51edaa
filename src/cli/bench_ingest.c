#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "cli/api.h"
#include "cli/bench_state.h"
#include "cli/cmd.h"
#include "httpc/load.h"
#include "topic/topic.h"

#define FILL_EVENTS_PER_S 20000
#define DRAIN_TIMEOUT_S 3600
#define COMPARED_PERSONS 1000

/* What the command line asks for. */
struct plan {
	int64_t n_persons, seconds, event_bytes, n_connections;
	const char *keep, *postgres;
	bool threads, compare;
	char postgres_set[1024];
};

static const char *const step_names[] = {
	"decode", "normalise", "persons", "output", "commit"};

struct run_result {
	bool on_one_cpu; /* asked for */
	double step_us[ARRAY_LEN(step_names)];
	double events_per_s, cpu_us, hit_rate;
	int64_t n_events, seconds_ms, rss, peak_rss;
	int64_t person_messages, state_bytes;
};

static int
read_plan(struct cli *c, struct plan *p, struct err *e)
{
	int rc;

	*p = (struct plan){.n_persons = 10000,
		.seconds = 10,
		.event_bytes = 1000,
		.n_connections = 64,
		.keep = cli_opt(c, "keep"),
		.postgres = cli_opt(c, "postgres"),
		.threads = cli_has(c, "threads"),
		.compare = cli_has(c, "compare")};
	rc = cli_opt_i64(c, "persons", 10, 99999999, &p->n_persons, e);
	if (rc == 0)
		rc = cli_opt_i64(c, "seconds", 1, 86400, &p->seconds, e);
	if (rc == 0)
		rc = cli_opt_i64(
			c, "event-bytes", 700, 100000, &p->event_bytes, e);
	if (rc == 0)
		rc = cli_opt_i64(
			c, "connections", 1, 4000, &p->n_connections, e);
	return rc;
}

static int64_t
events_of(const struct plan *p)
{
	return (p->seconds * FILL_EVENTS_PER_S / LOAD_MIX + 1) * LOAD_MIX;
}

/* Fills the front log while no app server runs. */
static int
fill(struct bench *b, const struct plan *p, struct bench_state *s,
	struct err *e)
{
	int64_t n_requests = events_of(p) / LOAD_MIX;
	struct load_options o = {
		.token = BENCH_TOKEN,
		.n_connections = (int)p->n_connections,
		.events_per_request = LOAD_MIX,
		.event_bytes = (int)p->event_bytes,
		.n_persons = s->n_persons,
		.max_requests = n_requests,
		.seed = 1 + (uint64_t)s->n_events,
		.is_mixed = true,
		.first_fresh = s->n_fresh,
		.first_merge = s->n_merges,
		.n_merges_max = s->n_merges + n_requests * LOAD_MIX_MERGES,
	};
	struct load_result r;
	int rc = bench_start(b, "capture,admin", e);

	o.port = b->capture_port;
	if (rc == 0)
		rc = load_run(&o, &r, e);
	if (rc < 0)
		return rc;
	if (r.n_ok != n_requests || r.n_broken > 0)
		return err_set(e, ERR_UNAVAILABLE,
			"%lld of %lld requests were taken (last status %d)",
			(long long)r.n_ok, (long long)n_requests,
			r.last_bad_status);
	s->n_fresh += n_requests * LOAD_MIX_FRESH;
	s->n_merges += n_requests * LOAD_MIX_MERGES;
	s->n_events += r.n_events_ok;
	return bench_stop(b, e);
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

/* All events are in the topic, all persons in the store. */
static int
check_counts(struct bench *b, const struct bench_state *s, struct err *e)
{
	int64_t by_watermark, by_reading, persons;
	int rc = bench_count(b, true, topic_defs[TOPIC_EVENTS].name,
		&by_watermark, &by_reading, e);

	if (rc == 0)
		rc = bench_state_count(b, s, &persons, e);
	if (rc < 0)
		return rc;
	if (by_watermark != s->n_events || by_reading != s->n_events)
		return err_set(e, ERR_CORRUPT,
			"%lld events went in, %lld came out, %lld could be "
			"read",
			(long long)s->n_events, (long long)by_watermark,
			(long long)by_reading);
	if (persons != bench_state_expected(s))
		return err_set(e, ERR_CORRUPT,
			"%lld persons were expected, %lld are there",
			(long long)bench_state_expected(s), (long long)persons);
	return 0;
}

static double
children_cpu_seconds(void)
{
	struct rusage u;

	getrusage(RUSAGE_CHILDREN, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static double
hit_rate(struct bench *b)
{
	double hits = bench_metric(b, "sluice_person_cache_hits_total");
	double misses = bench_metric(b, "sluice_person_cache_misses_total");

	return hits + misses > 0 ? hits / (hits + misses) : 0;
}

/* Microseconds of work an event in each step, over all threads. */
static void
note_steps(struct bench *b, struct run_result *r)
{
	for (size_t i = 0; i < ARRAY_LEN(step_names); i++) {
		char name[100];

		snprintf(name, sizeof(name),
			"sluice_ingest_step_microseconds_total{step=\"%s\"}",
			step_names[i]);
		r->step_us[i] = bench_metric(b, name) / (double)r->n_events;
	}
}

static int
count_person_messages(struct bench *b, int64_t *n, struct err *e)
{
	int64_t by_reading;

	return bench_count(
		b, true, topic_defs[TOPIC_PERSON].name, n, &by_reading, e);
}

/* The time counts from the start of the process until all is committed. */
static int
run_once(struct bench *b, const struct plan *p, struct bench_state *s,
	const char *prefix, struct run_result *r, struct err *e)
{
	int64_t before = s->n_events, begin, messages = 0;
	double cpu;
	int rc = fill(b, p, s, e);

	if (rc == 0 && before > 0)
		rc = count_person_messages(b, &messages, e);
	if (rc == 0)
		rc = bench_state_warm(b, &r->state_bytes, e);
	cpu = children_cpu_seconds();
	begin = clock_mono_ns();
	b->on_one_cpu = r->on_one_cpu;
	if (rc == 0)
		rc = bench_start(b, "ingest,admin", e);
	b->on_one_cpu = false;
	if (rc == 0)
		rc = bench_wait_drained(b, e);
	if (rc < 0)
		return rc;
	r->seconds_ms = (clock_mono_ns() - begin) / 1000000;
	r->n_events = s->n_events - before;
	r->events_per_s =
		(double)r->n_events * 1000 / (double)(r->seconds_ms + 1);
	r->rss = bench_rss(b->daemon);
	r->peak_rss = bench_peak_rss(b->daemon);
	r->hit_rate = hit_rate(b);
	note_steps(b, r);
	bench_put_threads(b, prefix, r->n_events);
	rc = bench_stop(b, e);
	r->cpu_us = (children_cpu_seconds() - cpu) * 1e6 / (double)r->n_events;
	if (rc == 0)
		rc = check_counts(b, s, e);
	if (rc == 0)
		rc = count_person_messages(b, &r->person_messages, e);
	r->person_messages -= messages;
	return rc < 0 ? rc : bench_state_save(b, s, e);
}

static void
put_run(struct bench *b, const struct run_result *r, const char *prefix)
{
	const struct {
		const char *name;
		double value;
	} rows[] = {{"events_per_s", r->events_per_s},
		{"seconds", (double)r->seconds_ms / 1000},
		{"cpu_us_per_event", r->cpu_us},
		{"events", (double)r->n_events},
		{"loaded_rss_bytes", (double)r->rss},
		{"peak_rss_bytes", (double)r->peak_rss},
		{"cache_hit_rate", r->hit_rate},
		{"state_bytes", (double)r->state_bytes},
		{"person_messages", (double)r->person_messages}};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char name[80];

		snprintf(name, sizeof(name), "%s%s", prefix, rows[i].name);
		bench_put(b, name, rows[i].value);
	}
	for (size_t i = 0; i < ARRAY_LEN(step_names); i++) {
		char name[80];

		snprintf(name, sizeof(name), "%s%s_us", prefix, step_names[i]);
		bench_put(b, name, r->step_us[i]);
	}
}

/* Runs of their own over the same persons: what two threads bring over one, and
 * what two processors bring over one, for with one thread too the state store's
 * writer works beside it. */
static const struct {
	const char *prefix, *set;
	bool on_one_cpu;
} thread_runs[] = {
	{"cpus_1_", "ingest.threads=1", true},
	{"threads_1_", "ingest.threads=1", false},
	{"threads_2_", "ingest.threads=2", false},
};

static int
run_threads(struct bench *b, const struct plan *p, struct bench_state *s,
	struct run_result *best, struct err *e)
{
	struct run_result r[ARRAY_LEN(thread_runs)] = {{.n_events = 0}};
	int at = b->n_set++;

	for (size_t i = 0; i < ARRAY_LEN(thread_runs); i++) {
		int rc;

		b->set[at] = thread_runs[i].set;
		r[i].on_one_cpu = thread_runs[i].on_one_cpu;
		rc = run_once(b, p, s, thread_runs[i].prefix, &r[i], e);
		if (rc < 0)
			return rc;
		put_run(b, &r[i], thread_runs[i].prefix);
	}
	b->n_set--;
	bench_put(b, "threads_ratio", r[2].events_per_s / r[1].events_per_s);
	bench_put(b, "cpus_ratio", r[2].events_per_s / r[0].events_per_s);
	*best = r[2];
	return 0;
}

/* The same load over few persons, in a folder of its own. */
static int
compare(struct bench *b, const struct plan *p, const struct run_result *r,
	struct err *e)
{
	struct run_result few = {.n_events = 0};
	struct bench_state s;
	struct bench other;
	int rc = bench_begin(&other, b->c, NULL, e);

	if (rc == 0)
		rc = bench_state_open(
			&other, &s, COMPARED_PERSONS, events_of(p), NULL, e);
	if (rc == 0)
		rc = run_once(&other, p, &s, "", &few, e);
	bench_close(&other);
	if (rc < 0)
		return rc;
	put_run(b, &few, "compared_");
	bench_put(b, "compared_persons", COMPARED_PERSONS);
	bench_put(b, "cost_ratio", few.events_per_s / r->events_per_s);
	bench_put(b, "cpu_cost_ratio", r->cpu_us / few.cpu_us);
	return 0;
}

static int
measure(struct bench *b, struct plan *p, struct err *e)
{
	struct run_result r = {.n_events = 0};
	int64_t n_events = events_of(p) * (p->threads ? 3 : 1);
	struct bench_state s;
	int rc;

	if (p->postgres != NULL) {
		snprintf(p->postgres_set, sizeof(p->postgres_set),
			"postgres.url=%s", p->postgres);
		b->set[b->n_set++] = p->postgres_set;
	}
	rc = bench_state_open(b, &s, p->n_persons, n_events, p->postgres, e);
	if (rc < 0)
		return rc;
	bench_put_text(b, "store", p->postgres == NULL ? "sqlite" : "postgres");
	bench_put(b, "persons", (double)p->n_persons);
	bench_put(b, "build_seconds", s.build_seconds);
	bench_put(b, "event_bytes", (double)p->event_bytes);
	if (p->threads) {
		rc = run_threads(b, p, &s, &r, e);
	} else {
		rc = run_once(b, p, &s, "", &r, e);
		if (rc == 0)
			put_run(b, &r, "");
	}
	bench_put(b, "persons_found", (double)bench_state_expected(&s));
	return rc == 0 && p->compare ? compare(b, p, &r, e) : rc;
}

int
cmd_bench_ingest(struct cli *c)
{
	struct bench b = {.c = c};
	struct plan p;
	struct err e;
	int rc = read_plan(c, &p, &e);

	if (rc < 0)
		return cli_fail(c, &e);
	rc = bench_begin(&b, c, p.keep, &e);
	if (rc == 0)
		rc = measure(&b, &p, &e);
	return bench_end(&b, rc, &e);
}
