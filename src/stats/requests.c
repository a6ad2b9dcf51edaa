#include <stdatomic.h>
#include <string.h>

#include "stats/stats_int.h"

/*
 * Answers of the capture port by path, method and status. Most of the table
 * stays empty, so only what is not zero is written.
 */
#define N_PATHS 24
#define N_BOUNDS 14

static const char *const methods[] = {"GET", "POST", "OPTIONS", "other"};
static const int statuses[] = {
	200, 204, 400, 401, 404, 405, 408, 413, 415, 429, 500, 503, 0};
static const double bounds[N_BOUNDS] = {
	0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300};
#define N_METHODS ((int)ARRAY_LEN(methods))
#define N_STATUSES ((int)ARRAY_LEN(statuses))

struct cell {
	_Atomic uint64_t buckets[N_BOUNDS + 1];
	_Atomic uint64_t sum_us;
};
static struct cell cells[N_PATHS][ARRAY_LEN(methods)][ARRAY_LEN(statuses)];

/* /e/ is /e, and /array/TOKEN/config is /array. */
static int
path_label(struct slice path)
{
	static const char *const prefixes[] = {"/array", "/static", "/api"};

	while (path.len > 1 && path.p[path.len - 1] == '/')
		path.len--;
	for (size_t i = 0; i < ARRAY_LEN(prefixes); i++)
		if (slice_starts(path, slice_str(prefixes[i])))
			path.len = strlen(prefixes[i]);
	return stats_label_find(STATS_CAPTURE_BODY_TIMEOUT, path);
}

void
stats_request(struct slice path, const char *method, int status, double seconds)
{
	int m = 0, s = 0;
	size_t b = 0;
	struct cell *c;

	while (m < N_METHODS - 1 && strcmp(methods[m], method) != 0)
		m++;
	while (s < N_STATUSES - 1 && statuses[s] != status)
		s++;
	while (b < N_BOUNDS && seconds > bounds[b])
		b++;
	c = &cells[path_label(path)][m][s];
	atomic_fetch_add_explicit(&c->buckets[b], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&c->sum_us,
		(uint64_t)(seconds < 0 ? 0 : seconds * 1e6),
		memory_order_relaxed);
	if (status == 408)
		stats_add(STATS_CAPTURE_BODY_TIMEOUT, path_label(path), 1);
}

static uint64_t
count(const struct cell *c)
{
	uint64_t n = 0;

	for (int i = 0; i <= N_BOUNDS; i++)
		n += atomic_load_explicit(&c->buckets[i], memory_order_relaxed);
	return n;
}

static void
put_labels(struct buf *out, const char *name, int p, int m, int s)
{
	buf_printf(out, "%s{method=\"%s\",path=\"%s\",status=\"", name,
		methods[m], stats_label(STATS_CAPTURE_BODY_TIMEOUT, p));
	if (statuses[s] == 0)
		buf_append_lit(out, "other\"");
	else
		buf_printf(out, "%d\"", statuses[s]);
}

static void
put_total(struct buf *out, int p, int m, int s)
{
	put_labels(out, "http_requests_total", p, m, s);
	buf_printf(out, "} %llu\n", (unsigned long long)count(&cells[p][m][s]));
}

static void
put_duration(struct buf *out, int p, int m, int s)
{
	const struct cell *c = &cells[p][m][s];
	uint64_t seen = 0;

	for (int i = 0; i <= N_BOUNDS; i++) {
		seen += atomic_load_explicit(
			&c->buckets[i], memory_order_relaxed);
		put_labels(
			out, "http_requests_duration_seconds_bucket", p, m, s);
		if (i < N_BOUNDS)
			buf_printf(out, ",le=\"%g\"} %llu\n", bounds[i],
				(unsigned long long)seen);
		else
			buf_printf(out, ",le=\"+Inf\"} %llu\n",
				(unsigned long long)seen);
	}
	put_labels(out, "http_requests_duration_seconds_sum", p, m, s);
	buf_printf(out, "} %.6f\n", (double)atomic_load(&c->sum_us) / 1e6);
	put_labels(out, "http_requests_duration_seconds_count", p, m, s);
	buf_printf(out, "} %llu\n", (unsigned long long)seen);
}

static void
put_all(struct buf *out, void (*put)(struct buf *out, int p, int m, int s))
{
	for (int p = 0; p < N_PATHS; p++)
		for (int m = 0; m < N_METHODS; m++)
			for (int s = 0; s < N_STATUSES; s++)
				if (count(&cells[p][m][s]) > 0)
					put(out, p, m, s);
}

void
stats_write_requests(struct buf *out)
{
	buf_append_lit(out,
		"# HELP http_requests_total Answers on the capture port.\n"
		"# TYPE http_requests_total counter\n");
	put_all(out, put_total);
	buf_append_lit(out,
		"# HELP http_requests_duration_seconds Time from the first "
		"byte to the answer.\n"
		"# TYPE http_requests_duration_seconds histogram\n");
	put_all(out, put_duration);
}
