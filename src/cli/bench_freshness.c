#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/thread.h"
#include "base/uuid.h"
#include "cli/api.h"
#include "cli/bench.h"
#include "cli/cmd.h"
#include "httpc/load.h"

#define ASKED_MAX 200 /* events looked for in one query */
#define SEEN_MAX 1000000
#define POLL_EVERY_MS 20
#define LATE_TIMEOUT_S 60
#define IDLE_MS 3000

/* One event of each sampled request: when it was sent and when it was seen. */
struct probe {
	char uuid[UUID_TEXT];
	int64_t sent_ns, answered_ns, seen_ns;
};

struct probes {
	struct bench *b;
	struct load_options o;
	struct load_result result;
	struct err load_err;
	int load_rc;
	int every, n_answers; /* every so many answers one is sampled */
	struct lock lock; /* guards n, load_done */
	bool load_done;
	struct probe *p;
	int n, n_seen;
};

static void
on_answer(void *cookie, const char *uuid, int64_t sent_ns, int64_t answered_ns,
	int status)
{
	struct probes *s = cookie;

	if (status != 200 || s->n_answers++ % s->every != 0)
		return;
	lock_take(&s->lock);
	if (s->n < SEEN_MAX) {
		memcpy(s->p[s->n].uuid, uuid, UUID_TEXT);
		s->p[s->n].sent_ns = sent_ns;
		s->p[s->n].answered_ns = answered_ns;
		s->n++;
	}
	lock_release(&s->lock);
}

static void
make_load(void *cookie)
{
	struct probes *s = cookie;

	s->load_rc = load_run(&s->o, &s->result, &s->load_err);
	lock_take(&s->lock);
	s->load_done = true;
	lock_release(&s->lock);
}

/* {"query":"SELECT … IN (…)"} of the oldest that were not seen; how many. */
static int
put_query(struct probes *s, int n, struct buf *body)
{
	int asked = 0;

	buf_reset(body);
	buf_append_lit(body, "{\"format\":\"TSV\",\"query\":\"SELECT DISTINCT "
			     "toString(uuid) FROM events WHERE uuid IN (");
	for (int i = 0; i < n && asked < ASKED_MAX; i++) {
		if (s->p[i].seen_ns != 0)
			continue;
		buf_printf(body, "%s'%.*s'", asked == 0 ? "" : ",", UUID_TEXT,
			s->p[i].uuid);
		asked++;
	}
	buf_append_lit(body, ")\"}");
	return asked;
}

static void
mark_seen(struct probes *s, int n, struct slice answer, int64_t now_ns)
{
	for (size_t at = 0; at + UUID_TEXT <= answer.len; at += UUID_TEXT + 1)
		for (int i = 0; i < n; i++)
			if (s->p[i].seen_ns == 0 &&
				memcmp(s->p[i].uuid, answer.p + at,
					UUID_TEXT) == 0) {
				s->p[i].seen_ns = now_ns;
				s->n_seen++;
			}
}

/* Asks until all probes were seen; the time counts when the answer is here. */
static int
watch(struct probes *s, struct err *e)
{
	int64_t last_ns = 0;
	struct buf body, out;
	int rc = 0;

	buf_init(&body, 1024 * 1024);
	buf_init(&out, 1024 * 1024);
	while (rc == 0) {
		bool done;
		int n;

		lock_take(&s->lock);
		n = s->n;
		done = s->load_done;
		lock_release(&s->lock);
		if (done && s->n_seen == n)
			break;
		if (done && last_ns == 0)
			last_ns = clock_mono_ns();
		if (done && clock_mono_ns() - last_ns >
				    LATE_TIMEOUT_S * 1000000000LL)
			rc = err_set(e, ERR_TIMEOUT,
				"%d of %d events did not come within %d s",
				n - s->n_seen, n, LATE_TIMEOUT_S);
		if (rc == 0 && put_query(s, n, &body) > 0) {
			buf_reset(&out);
			rc = api_call(&s->b->on, "POST", "/api/v1/sql", &body,
				&out, e);
			mark_seen(s, n, buf_slice(&out), clock_mono_ns());
		}
		poll(NULL, 0, POLL_EVERY_MS);
	}
	buf_fini(&body);
	buf_fini(&out);
	return rc;
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;

	return (x > y) - (x < y);
}

static void
put_percentiles(struct bench *b, struct probes *s)
{
	double *ms = mem_xzalloc((size_t)s->n + 1, sizeof(*ms));

	for (int i = 0; i < s->n; i++)
		ms[i] = (double)(s->p[i].seen_ns - s->p[i].sent_ns) / 1e6;
	qsort(ms, (size_t)s->n, sizeof(*ms), compare);
	bench_put(b, "probes", s->n);
	bench_put(b, "fresh_p50_ms", ms[s->n / 2]);
	bench_put(b, "fresh_p90_ms", ms[s->n * 9 / 10]);
	bench_put(b, "fresh_p99_ms", ms[s->n * 99 / 100]);
	bench_put(b, "fresh_max_ms", ms[s->n > 0 ? s->n - 1 : 0]);
	mem_free(ms);
}

static int
run_load(struct bench *b, struct probes *s, struct err *e)
{
	struct thread t = {0};
	int rc = thread_start(&t, "load", make_load, s, e);

	if (rc < 0)
		return rc;
	rc = watch(s, e);
	thread_join(&t);
	if (rc == 0 && s->load_rc < 0) {
		*e = s->load_err;
		rc = s->load_rc;
	}
	if (rc < 0)
		return rc;
	put_percentiles(b, s);
	bench_put_load(b, &s->o, &s->result);
	return 0;
}

/* All events of the load, by counting them in ClickHouse. */
static int
check_count(struct bench *b, int64_t expected, struct err *e)
{
	struct buf body, out;
	int64_t n = -1;
	int rc;

	buf_init(&body, 4096);
	buf_init(&out, 4096);
	buf_append_lit(&body, "{\"format\":\"TSV\",\"query\":\"SELECT "
			      "uniqExact(uuid) FROM events\"}");
	rc = api_call(&b->on, "POST", "/api/v1/sql", &body, &out, e);
	if (rc == 0 && buf_cstr(&out) != NULL)
		n = strtoll(out.p, NULL, 10);
	buf_fini(&body);
	buf_fini(&out);
	if (rc < 0)
		return rc;
	bench_put(b, "events_in_clickhouse", (double)n);
	return n == expected
		       ? 0
		       : err_set(e, ERR_CORRUPT,
				 "%lld events were acknowledged, %lld are "
				 "in ClickHouse",
				 (long long)expected, (long long)n);
}

static int
prepare(struct bench *b, struct probes *s, struct err *e)
{
	int64_t rate = 2000;
	int rc = cli_opt_i64(b->c, "rate", 1, 1000000, &rate, e);

	if (rc == 0)
		rc = bench_start(
			b, "capture,ingest,broker,clickhouse,admin", e);
	if (rc == 0)
		rc = bench_make_project(b, NULL, e);
	if (rc == 0)
		rc = bench_load_options(b, &s->o, e);
	if (rc < 0)
		return rc;
	if (!cli_has(b->c, "batch"))
		s->o.events_per_request = 10;
	s->o.events_per_s = (double)rate;
	s->o.on_answer = on_answer;
	s->o.cookie = s;
	s->b = b;
	/* About twenty probes a second. */
	s->every = (int)(rate / s->o.events_per_request / 20) + 1;
	bench_put(b, "rate", (double)rate);
	poll(NULL, 0, IDLE_MS);
	bench_put(b, "idle_rss_bytes", (double)bench_rss(b->daemon));
	bench_put(b, "clickhouse_idle_rss_bytes",
		(double)bench_rss(bench_clickhouse_pid(b)));
	return 0;
}

static int
measure(struct bench *b, struct err *e)
{
	struct probes s = {0};
	int rc;

	s.p = mem_zalloc(SEEN_MAX, sizeof(*s.p));
	if (s.p == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory");
	lock_init(&s.lock);
	rc = prepare(b, &s, e);
	if (rc == 0)
		rc = run_load(b, &s, e);
	if (rc == 0) {
		bench_put(b, "loaded_rss_bytes", (double)bench_rss(b->daemon));
		bench_put(b, "clickhouse_loaded_rss_bytes",
			(double)bench_rss(bench_clickhouse_pid(b)));
		rc = bench_wait_drained(b, e);
	}
	if (rc == 0)
		rc = check_count(b, s.result.n_events_ok, e);
	if (rc == 0)
		rc = bench_stop(b, e);
	lock_fini(&s.lock);
	mem_free(s.p);
	return rc;
}

int
cmd_bench_freshness(struct cli *c)
{
	struct bench b;
	struct err e;
	int rc = bench_begin(&b, c, NULL, &e);

	if (rc == 0)
		rc = measure(&b, &e);
	return bench_end(&b, rc, &e);
}
