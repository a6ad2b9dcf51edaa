#include <stdio.h>
#include <string.h>

#include "crash_work.h"

int
work_failed(const char *what, const struct err *e)
{
	snprintf(shared->error, sizeof(shared->error), "%s: %.200s", what,
		e == NULL ? "" : e->text);
	return 1;
}

static int
run(struct store_job *j, struct store_conn *c, struct err *e)
{
	struct gate *g = (struct gate *)(void *)j;

	(void)c;
	(void)e;
	lock_take(&g->lock);
	while (!g->is_open)
		cond_wait(&g->cond, &g->lock);
	lock_release(&g->lock);
	return 0;
}

static void
done(struct store_job *j, const struct err *result)
{
	(void)result;
	gate_count((struct gate *)(void *)j);
}

int
gate_close(struct gate *g, struct store *s, struct err *e)
{
	*g = (struct gate){.job = {.run = run, .done = done}, .n_left = 1};
	lock_init(&g->lock);
	cond_init(&g->cond);
	return store_submit(s, &g->job, e);
}

void
gate_count(struct gate *g)
{
	lock_take(&g->lock);
	g->n_left--;
	cond_broadcast(&g->cond);
	lock_release(&g->lock);
}

void
gate_open_and_wait(struct gate *g)
{
	lock_take(&g->lock);
	g->is_open = true;
	cond_broadcast(&g->cond);
	while (g->n_left > 0)
		cond_wait(&g->cond, &g->lock);
	lock_release(&g->lock);
	cond_fini(&g->cond);
	lock_fini(&g->lock);
}
