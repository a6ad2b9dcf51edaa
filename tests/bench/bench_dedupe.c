#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/rand.h"
#include "dedupe/dedupe.h"
#include "store/store.h"

/*
 * The memory of client uuids: cost of a look-up, bytes, time of a start, and
 * how often the filter or the memory is wrong. Argument: how many entries.
 *
 * Entry i is the i-th of a stream of random uuids, so nothing is kept here. All
 * entries are distinct, a tenth of them by name or distinct id alone: a single
 * one that is said to be known already is a false drop.
 */
#define GROUP 2000
#define RESENT 50

static struct dedupe_limits limits = {.age_ms = (int64_t)24 * 3600000};
static struct store *s;
static struct dedupe *d;

static void
check(int r, const struct err *e)
{
	if (r == 0)
		return;
	fprintf(stderr, "%s\n", e->text);
	exit(1);
}

static void
open_all(const char *dir)
{
	struct store_options o = {
		.dir = dir, .kind = STORE_SPOOL, .queue_bytes = 64 << 20};
	struct err e;

	check(store_open(&o, &s, &e), &e);
}

/* Processor time, so that other work on the machine counts for little. */
static int64_t
cpu_us(int who)
{
	struct rusage u;

	if (getrusage(who, &u) != 0)
		return 0;
	return (int64_t)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000 +
	       u.ru_utime.tv_usec + u.ru_stime.tv_usec;
}

static double
seconds(int64_t from_ns)
{
	return (double)(clock_mono_ns() - from_ns) / 1e9;
}

static void
print_of(int64_t i, struct dedupe_print *p)
{
	static const char *const names[] = {"$pageview", "$autocapture"};
	struct rand_state r;
	struct uuid u;
	uint64_t half[2];
	char id[40];

	/* Of ten in a row the last has the uuid of the one before. */
	rand_seed(&r, (uint64_t)(i % 10 == 9 ? i - 1 : i));
	half[0] = rand_next(&r);
	half[1] = rand_next(&r);
	memcpy(u.b, half, sizeof(u.b));
	snprintf(id, sizeof(id), "user-%lld", (long long)(i / 20));
	dedupe_print_of(
		d, 1, &u, slice_str(names[i % 10 == 9]), slice_str(id), p);
}

struct taking {
	struct store_job job;
	struct dedupe_print prints[GROUP];
	int n, n_known;
	int64_t us; /* processor time of the look-ups alone */
};

static int
take(struct store_job *j, struct store_conn *c, struct err *e)
{
	struct taking *t = (struct taking *)(void *)j;
	int64_t from = cpu_us(RUSAGE_THREAD);
	int r = 0;

	t->n_known = 0;
	for (int i = 0; i < t->n && r == 0; i++) {
		bool is_known;

		if (i + 8 < t->n)
			dedupe_prefetch(d, &t->prints[i + 8]);
		r = dedupe_take(d, c, &t->prints[i], &is_known, e);
		t->n_known += r == 0 && is_known;
	}
	t->us += cpu_us(RUSAGE_THREAD) - from;
	return r;
}

static int64_t
run(struct taking *t)
{
	struct err e;

	t->job = (struct store_job){.run = take};
	check(store_call(s, &t->job, &e), &e);
	return t->n_known;
}

static long
resident_mb(void)
{
	long pages = 0, all;
	FILE *f = fopen("/proc/self/statm", "r");

	if (f == NULL || fscanf(f, "%ld %ld", &all, &pages) != 2)
		pages = 0;
	if (f != NULL)
		fclose(f);
	return pages * (sysconf(_SC_PAGESIZE) / 1024) / 1024;
}

/* All new. */
static void
fill(int64_t from, int64_t to, const char *what)
{
	static struct taking t;
	struct dedupe_state before, after;
	int64_t false_drops = 0, begin = clock_mono_ns();

	dedupe_state(d, &before);
	t.us = 0;
	for (int64_t i = from; i < to; i += GROUP) {
		t.n = to - i < GROUP ? (int)(to - i) : GROUP;
		for (int k = 0; k < t.n; k++)
			print_of(i + k, &t.prints[k]);
		false_drops += run(&t);
	}
	dedupe_state(d, &after);
	printf("%s: %lld events, %.0f ns each, false drops %lld, hits of the "
	       "filter that were none %lld, forgotten %lld; %.1f s with "
	       "commits; filter %lld MB, resident %ld MB\n",
		what, (long long)(to - from),
		(double)t.us * 1e3 / (double)(to - from),
		(long long)false_drops,
		(long long)(after.doubts - before.doubts),
		(long long)after.forgotten, seconds(begin),
		(long long)after.bytes >> 20, resident_mb());
}

/* Requests sent again, from anywhere in the memory. */
static void
resend(int64_t from, int64_t n, int requests)
{
	static struct taking t;
	struct dedupe_state before, after;
	struct rand_state r;
	int64_t known = 0;

	rand_seed(&r, 7);
	dedupe_state(d, &before);
	t.us = 0;
	t.n = RESENT;
	for (int i = 0; i < requests; i++) {
		int64_t at =
			from + (int64_t)rand_below(&r, (uint64_t)(n - RESENT));

		for (int k = 0; k < RESENT; k++)
			print_of(at + k, &t.prints[k]);
		known += run(&t);
	}
	dedupe_state(d, &after);
	printf("sent again: %d requests of %d, %.1f us each, known %lld of "
	       "%d, rows read %lld\n",
		requests, RESENT, (double)t.us / requests, (long long)known,
		requests * RESENT, (long long)(after.reads - before.reads));
}

static void
start(const char *what)
{
	int64_t from = clock_mono_ns(), cpu = cpu_us(RUSAGE_SELF);
	struct err e;

	check(dedupe_new(s, &limits, &d, &e), &e);
	printf("%s: %.2f s, %.2f s of the processor, resident %ld MB\n", what,
		seconds(from), (double)(cpu_us(RUSAGE_SELF) - cpu) / 1e6,
		resident_mb());
}

static void
remove_all(const char *dir)
{
	static const char *const names[] = {
		"spool.db", "spool.db-wal", "spool.db-shm"};
	char path[4096];

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		unlink(path);
	}
	rmdir(dir);
}

int
main(int argc, char **argv)
{
	int64_t n = argc > 1 ? strtoll(argv[1], NULL, 10) : 10000000;
	const char *tmp = getenv("TMPDIR");
	char dir[2048];

	setvbuf(stdout, NULL, _IOLBF, 0);
	snprintf(dir, sizeof(dir), "%s/bench_dedupe_XXXXXX",
		tmp == NULL ? "/var/tmp" : tmp);
	if (mkdtemp(dir) == NULL || n < 10 * GROUP || n > DEDUPE_ENTRIES_MAX) {
		fprintf(stderr, "usage: bench_dedupe [ENTRIES]\n");
		return 2;
	}
	limits.entries = n;
	open_all(dir);
	start("start with nothing");
	fill(0, n, "filling");
	resend(0, n, 2000);
	fill(n, n + n / 10, "new ones when full");
	store_close(s);
	dedupe_free(d);
	open_all(dir);
	start("start with all");
	resend(n / 10, n, 2000);
	store_close(s);
	dedupe_free(d);
	remove_all(dir);
	return 0;
}
