#include <stdatomic.h>
#include <stdio.h>

#include "stats/stats_int.h"

/*
 * Drops by project and cause: an open table of pairs, which are taken once and
 * stay. Where it is nearly full, the rest counts as one.
 */
#define N_SLOTS 4096u
#define USED_MAX (N_SLOTS / 4 * 3)
#define N_CAUSES 32

static struct pair {
	_Atomic int64_t key; /* project * N_CAUSES + cause + 1; 0: free */
	_Atomic uint64_t n;
} pairs[N_SLOTS];
static _Atomic unsigned used;
static _Atomic uint64_t others[N_CAUSES];

static struct pair *
find(int64_t key)
{
	unsigned i = (unsigned)((uint64_t)key * 0x9e3779b97f4a7c15u >> 40);

	for (;; i++) {
		struct pair *p = &pairs[i % N_SLOTS];
		int64_t have = atomic_load(&p->key);

		if (have == key)
			return p;
		if (have != 0)
			continue;
		if (atomic_load(&used) >= USED_MAX)
			return NULL;
		if (atomic_compare_exchange_strong(&p->key, &have, key)) {
			atomic_fetch_add(&used, 1);
			return p;
		}
		if (have == key)
			return p;
	}
}

void
stats_dropped(int64_t project, int cause, uint64_t n)
{
	struct pair *p;

	stats_add(STATS_CAPTURE_DROPPED, cause, n);
	if (project < 0 || project > INT64_MAX / N_CAUSES - 1)
		return;
	p = find(project * N_CAUSES + cause + 1);
	atomic_fetch_add_explicit(
		p == NULL ? &others[cause] : &p->n, n, memory_order_relaxed);
}

static void
put(struct buf *out, const char *project, int cause, uint64_t n)
{
	buf_printf(out,
		"sluice_capture_dropped_by_project_total{project=\"%s\","
		"cause=\"%s\"} %llu\n",
		project, stats_label(STATS_CAPTURE_DROPPED, cause),
		(unsigned long long)n);
}

void
stats_write_projects(struct buf *out)
{
	char text[24];

	buf_append_lit(out,
		"# HELP sluice_capture_dropped_by_project_total Events dropped "
		"after a success answer, by project and cause.\n"
		"# TYPE sluice_capture_dropped_by_project_total counter\n");
	for (unsigned i = 0; i < N_SLOTS; i++) {
		int64_t key = atomic_load(&pairs[i].key);

		if (key == 0)
			continue;
		(void)snprintf(text, sizeof(text), "%lld",
			(long long)((key - 1) / N_CAUSES));
		put(out, text, (int)((key - 1) % N_CAUSES),
			atomic_load(&pairs[i].n));
	}
	for (int i = 0; i < N_CAUSES; i++)
		if (atomic_load(&others[i]) > 0)
			put(out, "other", i, atomic_load(&others[i]));
}
