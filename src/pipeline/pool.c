#include "pipeline/pool.h"

#include <stdio.h>

#include "base/mem.h"
#include "base/thread.h"

/* One pool_run under way; stands on its caller's stack. */
struct run {
	struct run *next;
	void (*fn)(void *cookie, int i);
	void *cookie;
	int n, n_taken, n_done;
	struct cond all_done;
};

struct pool {
	struct lock lock;
	struct cond has_work; /* or stopping */
	/* guarded by lock */
	struct run *runs; /* those with pieces left, oldest first */
	bool is_stopping;
	int n_helpers;
	struct thread helpers[];
};

/* Takes a piece of r; the last one takes r off the list. Lock held. */
static int
take_piece(struct pool *p, struct run *r)
{
	int i = r->n_taken++;

	if (r->n_taken == r->n) {
		struct run **at = &p->runs;

		while (*at != r)
			at = &(*at)->next;
		*at = r->next;
	}
	return i;
}

static void
work_on(struct pool *p, struct run *r)
{
	int i = take_piece(p, r);

	lock_release(&p->lock);
	r->fn(r->cookie, i);
	lock_take(&p->lock);
	if (++r->n_done == r->n)
		cond_signal(&r->all_done);
}

static void
help(void *cookie)
{
	struct pool *p = cookie;

	lock_take(&p->lock);
	while (!p->is_stopping) {
		if (p->runs == NULL)
			cond_wait(&p->has_work, &p->lock);
		else
			work_on(p, p->runs);
	}
	lock_release(&p->lock);
}

int
pool_new(int n_threads, struct pool **out, struct err *e)
{
	int n = n_threads > 1 ? n_threads - 1 : 0;
	struct pool *p =
		mem_zalloc(1, sizeof(*p) + (size_t)n * sizeof(p->helpers[0]));

	if (p == NULL)
		return err_set(e, ERR_NO_MEMORY, "no memory for workers");
	lock_init(&p->lock);
	cond_init(&p->has_work);
	for (int i = 0; i < n; i++) {
		char name[16];
		int r;

		snprintf(name, sizeof(name), "ingest-%u",
			(unsigned)(i + 1) % 1000u);
		r = thread_start(&p->helpers[i], name, help, p, e);
		if (r != 0) {
			pool_free(p);
			return r;
		}
		p->n_helpers++;
	}
	*out = p;
	return 0;
}

void
pool_free(struct pool *p)
{
	if (p == NULL)
		return;
	lock_take(&p->lock);
	p->is_stopping = true;
	cond_broadcast(&p->has_work);
	lock_release(&p->lock);
	for (int i = 0; i < p->n_helpers; i++)
		thread_join(&p->helpers[i]);
	cond_fini(&p->has_work);
	lock_fini(&p->lock);
	mem_free(p);
}

void
pool_run(struct pool *p, int n, void (*fn)(void *cookie, int i), void *cookie)
{
	struct run r = {.fn = fn, .cookie = cookie, .n = n};
	struct run **at = &p->runs;

	if (n == 1 || p->n_helpers == 0) {
		for (int i = 0; i < n; i++)
			fn(cookie, i);
		return;
	}
	if (n == 0)
		return;
	cond_init(&r.all_done);
	lock_take(&p->lock);
	while (*at != NULL)
		at = &(*at)->next;
	*at = &r;
	cond_broadcast(&p->has_work);
	while (r.n_taken < r.n)
		work_on(p, &r);
	while (r.n_done < r.n)
		cond_wait(&r.all_done, &p->lock);
	lock_release(&p->lock);
	cond_fini(&r.all_done);
}
