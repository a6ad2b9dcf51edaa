/*
 * Durable appends to the front log from several threads, as capture makes them:
 * each thread keeps a window of jobs in flight.
 *
 * bench_store DIR [seconds] [threads] [window]
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "stats/stats.h"
#include "store/store.h"
#include "store/store_test.h"
#include "topic/batch.h"

#define N_THREADS_MAX 64
#define WINDOW_MAX 4096

struct slot {
	struct store_append a;
	struct worker *w;
	struct slot *next_free;
	int64_t since_ns;
	struct buf b;
};

struct worker {
	struct thread t;
	struct store *s;
	struct lock lock;
	struct cond cond;
	struct slot *slots, *free;
	int n_free, window;
	uint64_t n_done, n_failed, wait_ns;
};

static atomic_bool is_over;

static void
done(struct store_job *j, const struct err *result)
{
	struct slot *x = (struct slot *)(void *)j;
	struct worker *w = x->w;

	lock_take(&w->lock);
	x->next_free = w->free;
	w->free = x;
	w->n_free++;
	w->n_done += result->code == ERR_OK;
	w->n_failed += result->code != ERR_OK;
	w->wait_ns += (uint64_t)(clock_mono_ns() - x->since_ns);
	cond_signal(&w->cond);
	lock_release(&w->lock);
}

static struct slot *
take_slot(struct worker *w)
{
	struct slot *x;

	lock_take(&w->lock);
	while (w->free == NULL)
		cond_wait(&w->cond, &w->lock);
	x = w->free;
	w->free = x->next_free;
	w->n_free--;
	lock_release(&w->lock);
	return x;
}

static void
work(void *cookie)
{
	struct worker *w = cookie;

	while (!atomic_load(&is_over)) {
		struct slot *x = take_slot(w);
		struct err e;

		x->since_ns = clock_mono_ns();
		if (store_submit_append(w->s, &x->a, &e) != 0)
			done(&x->a.job, &e);
	}
	lock_take(&w->lock);
	while (w->n_free < w->window)
		cond_wait(&w->cond, &w->lock);
	lock_release(&w->lock);
}

static void
fill(struct buf *b, size_t record_bytes, uint32_t n)
{
	struct batch_writer w;
	struct err e;
	char *value = mem_xzalloc(1, record_bytes);

	for (size_t i = 0; i < record_bytes; i++)
		value[i] = (char)(' ' + i * 31 % 90);
	batch_begin(&w, b, clock_now_us() / 1000);
	for (uint32_t i = 0; i < n; i++)
		batch_record(&w, clock_now_us() / 1000, SLICE_LIT("key"),
			slice_of(value, record_bytes), NULL, 0);
	if (batch_end(&w, BATCH_NONE, &e) != 0)
		exit(1);
	mem_free(value);
}

static void
start_worker(struct worker *w, struct store *s, struct store_part *p,
	int window, size_t record_bytes, uint32_t n)
{
	struct err e;

	*w = (struct worker){.s = s, .window = window, .n_free = window};
	lock_init(&w->lock);
	cond_init(&w->cond);
	w->slots = mem_xzalloc((size_t)window, sizeof(*w->slots));
	for (int i = 0; i < window; i++) {
		struct slot *x = &w->slots[i];

		buf_init(&x->b, 1 << 20);
		fill(&x->b, record_bytes, n);
		x->w = w;
		x->a = (struct store_append){.part = p,
			.batches = x->b.p,
			.len = x->b.len,
			.n_records = n};
		x->a.job.done = done;
		x->next_free = w->free;
		w->free = x;
	}
	if (thread_start(&w->t, "bench", work, w, &e) != 0)
		exit(1);
}

static void
wait_until(int64_t ns)
{
	struct lock l;
	struct cond c;

	lock_init(&l);
	cond_init(&c);
	lock_take(&l);
	while (cond_wait_until(&c, &l, ns))
		continue;
	lock_release(&l);
	cond_fini(&c);
	lock_fini(&l);
}

static void
measure(struct store *s, struct store_part *p, int seconds, int n_threads,
	int window, size_t record_bytes, uint32_t n)
{
	static struct worker w[N_THREADS_MAX];
	uint64_t commits = stats_counter(STATS_STORE_COMMITS, STORE_SPOOL);
	int64_t from = clock_mono_ns(), file, wal, rows;
	uint64_t jobs = 0, failed = 0, wait_ns = 0;
	double took;

	atomic_store(&is_over, false);
	for (int i = 0; i < n_threads; i++)
		start_worker(&w[i], s, p, window, record_bytes, n);
	wait_until(from + (int64_t)seconds * 1000000000);
	atomic_store(&is_over, true);
	for (int i = 0; i < n_threads; i++) {
		thread_join(&w[i].t);
		jobs += w[i].n_done;
		failed += w[i].n_failed;
		wait_ns += w[i].wait_ns;
		for (int k = 0; k < window; k++)
			buf_fini(&w[i].slots[k].b);
		mem_free(w[i].slots);
	}
	took = (double)(clock_mono_ns() - from) / 1e9;
	commits = stats_counter(STATS_STORE_COMMITS, STORE_SPOOL) - commits;
	store_sizes(s, &file, &wal, &rows);
	printf("%6zu KB jobs of %3u records, %d threads x %d: %8.0f records/s "
	       "%7.0f jobs/s %6.1f MB/s %6.0f commits/s %6.2f ms a job, WAL "
	       "%lld MB, failed %llu\n",
		(record_bytes * n + 512) / 1024, n, n_threads, window,
		(double)(jobs * n) / took, (double)jobs / took,
		(double)(jobs * n * record_bytes) / took / 1e6,
		(double)commits / took,
		jobs == 0 ? 0 : (double)wait_ns / (double)jobs / 1e6,
		(long long)wal >> 20, (unsigned long long)failed);
}

/* Reads what is there from the file, not from the rows in memory. */
static void
measure_reads(struct store *s, struct store_part *p, size_t max_bytes)
{
	struct store_part_state st;
	struct store_conn *c;
	struct buf out;
	struct err e;
	int64_t from_ns, next;
	size_t bytes = 0;
	long n = 0;

	store_test_drop_tail(s);
	store_part_state(p, &st);
	buf_init(&out, 64 << 20);
	if (store_reader_open(s, &c, &e) != 0)
		exit(1);
	from_ns = clock_mono_ns();
	for (int64_t at = st.log_start; at < st.high_watermark; at = next) {
		buf_reset(&out);
		if (store_read(c, p, at, max_bytes, &out, &next, &e) != 0) {
			fprintf(stderr, "%s\n", e.text);
			exit(1);
		}
		bytes += out.len;
		n++;
	}
	printf("%6zu KB reads from the file: %8.0f MB/s, %.0f reads/s\n",
		max_bytes / 1024,
		(double)bytes * 1e3 / (double)(clock_mono_ns() - from_ns),
		(double)n * 1e9 / (double)(clock_mono_ns() - from_ns));
	store_reader_close(c);
	buf_fini(&out);
}

int
main(int argc, char **argv)
{
	struct store_options o = {.kind = STORE_SPOOL, .queue_bytes = 64 << 20};
	int seconds = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 3;
	int n_threads = argc > 3 ? (int)strtol(argv[3], NULL, 10) : 4;
	int window = argc > 4 ? (int)strtol(argv[4], NULL, 10) : 64;
	struct store_part *p;
	struct store *s;
	struct err e;

	if (argc < 2 || seconds < 1 || n_threads < 1 ||
		n_threads > N_THREADS_MAX || window < 1 ||
		window > WINDOW_MAX) {
		fprintf(stderr, "usage: bench_store DIR [seconds] [threads] "
				"[window]\n");
		return 2;
	}
	o.dir = argv[1];
	if (store_open(&o, &s, &e) != 0 ||
		store_part_open(s, "bench", 0, &p, &e) != 0) {
		fprintf(stderr, "%s\n", e.text);
		return 1;
	}
	store_part_set_retention(p, -1, (int64_t)512 << 20);
	measure(s, p, seconds, n_threads, 1, 1024, 1);
	measure(s, p, seconds, n_threads, window, 1024, 1);
	measure(s, p, seconds, n_threads, 1, 1024, 50);
	measure(s, p, seconds, n_threads, window < 16 ? window : 16, 1024, 50);
	store_part_set_retention(p, -1, -1);
	store_test_maintain(s); /* no deletion is under way after it */
	for (int i = 0; i < 3; i++) {
		measure_reads(s, p, 1 << 20);
		measure_reads(s, p, 64 << 10);
	}
	store_close(s);
	return 0;
}
