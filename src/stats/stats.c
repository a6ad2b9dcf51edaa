#include "stats/stats.h"

#include <stdatomic.h>
#include <string.h>

#include "base/err.h"
#include "stats/stats_int.h"

/*
 * Counters are sharded by thread so that hot threads do not share a cache line;
 * a reader sums the shards. Gauges and histogram sums hold a double's bits.
 */
#define N_SHARDS 8
#define LABELS_MAX 32

enum metric_kind {
	KIND_counter,
	KIND_gauge,
	KIND_histogram, /* of seconds */
	KIND_histogram_bytes,
	KIND_histogram_count,
	KIND_histogram_ratio,
	KIND_histogram_skew, /* of seconds, longer ones */
	N_KINDS
};

struct label_list {
	const char *label;
	const char *values[LABELS_MAX];
};

/* A metric without labels has one value without a name. */
static const struct label_list list_NONE = {NULL, {""}};
#define LABELS(list, label, ...)                                               \
	static const struct label_list list_##list = {label, {__VA_ARGS__}};
#include "stats/labels.def"
#undef LABELS

static const struct metric_row {
	const char *name;
	const char *help;
	const struct label_list *labels;
	enum metric_kind kind;
} metrics[STATS_N_METRICS] = {
#define METRIC(id, kind, name, labels, help)                                   \
	[STATS_##id] = {name, help, &list_##labels, KIND_##kind},
#include "stats/metrics.def"
#undef METRIC
};

#define N_BOUNDS 14
static const double bounds[N_KINDS][N_BOUNDS] = {
	[KIND_histogram] = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5,
		10, 30, 60, 300},
	[KIND_histogram_bytes] = {256, 1024, 4096, 16384, 65536, 262144,
		1048576, 2097152, 4194304, 8388608, 16777216, 33554432,
		67108864, 134217728},
	[KIND_histogram_count] = {1, 2, 5, 10, 20, 50, 100, 200, 500, 1000,
		2000, 5000, 10000, 100000},
	[KIND_histogram_ratio] = {1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 50, 100, 500,
		1000},
	[KIND_histogram_skew] = {0.1, 0.5, 1, 5, 10, 30, 60, 300, 600, 1800,
		3600, 21600, 43200, 86400},
};

/* Sums are whole numbers: millionths, but of bytes, which are many. */
static double
scale(enum metric_kind kind)
{
	return kind == KIND_histogram_bytes ? 1 : 1e6;
}

struct histogram {
	_Atomic uint64_t buckets[N_BOUNDS + 1];
	_Atomic uint64_t sum;
};

static struct shard {
	_Alignas(64) _Atomic uint64_t counts[STATS_N_METRICS][LABELS_MAX];
} shards[N_SHARDS];
static _Atomic uint64_t gauges[STATS_N_METRICS][LABELS_MAX];
static struct histogram histograms[STATS_N_METRICS][LABELS_MAX];

static unsigned
my_shard(void)
{
	static _Atomic unsigned next;
	static _Thread_local unsigned mine; /* 1-based; 0: not chosen */

	if (mine == 0)
		mine = 1 + atomic_fetch_add_explicit(
				   &next, 1, memory_order_relaxed) %
				   N_SHARDS;
	return mine - 1;
}

/* A label outside its list would count for another metric. */
static int
checked(int label)
{
	INVARIANT(label >= 0 && label < LABELS_MAX, "stats-1");
	return label;
}

void
stats_add(enum stats_metric m, int label, uint64_t n)
{
	atomic_fetch_add_explicit(&shards[my_shard()].counts[m][checked(label)],
		n, memory_order_relaxed);
}

void
stats_set(enum stats_metric m, int label, double v)
{
	uint64_t bits;

	memcpy(&bits, &v, sizeof(bits));
	atomic_store_explicit(
		&gauges[m][checked(label)], bits, memory_order_relaxed);
}

void
stats_observe(enum stats_metric m, int label, double v)
{
	struct histogram *h = &histograms[m][checked(label)];
	enum metric_kind kind = metrics[m].kind;
	size_t i = 0;

	while (i < N_BOUNDS && v > bounds[kind][i])
		i++;
	atomic_fetch_add_explicit(&h->buckets[i], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(
		&h->sum, (uint64_t)(v * scale(kind)), memory_order_relaxed);
}

int
stats_label_find(enum stats_metric m, struct slice value)
{
	int i = 0;

	while (i < LABELS_MAX - 1 && metrics[m].labels->values[i + 1] != NULL &&
		!slice_eq_str(value, metrics[m].labels->values[i]))
		i++;
	return i;
}

uint64_t
stats_counter(enum stats_metric m, int label)
{
	uint64_t sum = 0;

	for (int i = 0; i < N_SHARDS; i++)
		sum += atomic_load_explicit(
			&shards[i].counts[m][label], memory_order_relaxed);
	return sum;
}

const char *
stats_label(enum stats_metric m, int label)
{
	return label < 0 || label >= LABELS_MAX
		       ? NULL
		       : metrics[m].labels->values[label];
}

double
stats_gauge(enum stats_metric m, int label)
{
	uint64_t bits =
		atomic_load_explicit(&gauges[m][label], memory_order_relaxed);
	double v;

	memcpy(&v, &bits, sizeof(v));
	return v;
}

static void
write_histogram(struct buf *out, const struct metric_row *row,
	struct histogram *h, const char *value)
{
	uint64_t seen = 0;
	const char *label = row->labels->label;

	for (size_t i = 0; i <= N_BOUNDS; i++) {
		seen += atomic_load_explicit(
			&h->buckets[i], memory_order_relaxed);
		buf_printf(out, "%s_bucket{", row->name);
		if (label != NULL)
			buf_printf(out, "%s=\"%s\",", label, value);
		if (i < N_BOUNDS)
			buf_printf(out, "le=\"%g\"} %llu\n",
				bounds[row->kind][i], (unsigned long long)seen);
		else
			buf_printf(out, "le=\"+Inf\"} %llu\n",
				(unsigned long long)seen);
	}
	for (int i = 0; i < 2; i++) {
		buf_printf(out, "%s_%s", row->name, i == 0 ? "sum" : "count");
		if (label != NULL)
			buf_printf(out, "{%s=\"%s\"}", label, value);
		if (i == 0)
			buf_printf(out, " %.6f\n",
				(double)atomic_load(&h->sum) /
					scale(row->kind));
		else
			buf_printf(out, " %llu\n", (unsigned long long)seen);
	}
}

static void
write_value(struct buf *out, const struct metric_row *row, enum stats_metric m,
	int label)
{
	const char *value = row->labels->values[label];

	if (row->kind >= KIND_histogram) {
		write_histogram(out, row, &histograms[m][label], value);
		return;
	}
	buf_append_str(out, row->name);
	if (row->labels->label != NULL)
		buf_printf(out, "{%s=\"%s\"}", row->labels->label, value);
	if (row->kind == KIND_counter)
		buf_printf(out, " %llu\n",
			(unsigned long long)stats_counter(m, label));
	else
		buf_printf(out, " %.17g\n", stats_gauge(m, label));
}

void
stats_write(struct buf *out)
{
	static const char *const kinds[N_KINDS] = {"counter", "gauge",
		"histogram", "histogram", "histogram", "histogram",
		"histogram"};

	for (int m = 0; m < STATS_N_METRICS; m++) {
		const struct metric_row *row = &metrics[m];

		buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", row->name,
			row->help, row->name, kinds[row->kind]);
		for (int i = 0;
			i < LABELS_MAX && row->labels->values[i] != NULL; i++)
			write_value(out, row, (enum stats_metric)m, i);
	}
	stats_write_requests(out);
	stats_write_projects(out);
}
