#include "broker/int.h"

#include "base/mem.h"

/* Two threads that read the files, so that the net thread never does. */

static struct pool_job *
take_job(struct pool *p)
{
	struct pool_job *j;

	lock_take(&p->lock);
	while (p->first == NULL && !p->stop)
		cond_wait(&p->wake, &p->lock);
	j = p->first;
	if (j != NULL) {
		p->first = j->next;
		if (p->first == NULL)
			p->last = &p->first;
	}
	lock_release(&p->lock);
	return j;
}

/* @thread broker_read */
static void
pool_main(void *cookie)
{
	struct pool_reader *r = cookie;
	struct pool_job *j;

	while ((j = take_job(&r->b->pool)) != NULL) {
		j->run(j, r->conns);
		broker_post(r->b, &j->done);
	}
}

bool
broker_pool_put(struct broker *b, struct pool_job *j)
{
	struct pool *p = &b->pool;
	bool ok;

	lock_take(&p->lock);
	ok = !p->stop;
	if (ok) {
		j->next = NULL;
		*p->last = j;
		p->last = &j->next;
		cond_signal(&p->wake);
	}
	lock_release(&p->lock);
	return ok;
}

int
broker_pool_start(struct broker *b, struct err *e)
{
	struct pool *p = &b->pool;

	p->stop = false;
	for (int i = 0; i < BROKER_READERS; i++) {
		struct pool_reader *r = &p->readers[i];
		int rc;

		r->b = b;
		for (int f = 1; f < BROKER_N_FILES; f++) {
			rc = store_reader_open(b->files[f], &r->conns[f], e);
			if (rc != 0)
				return rc;
		}
		rc = thread_start(&r->thread, "broker_read", pool_main, r, e);
		if (rc != 0)
			return rc;
	}
	return 0;
}

void
broker_pool_stop(struct broker *b)
{
	struct pool *p = &b->pool;

	lock_take(&p->lock);
	p->stop = true;
	cond_broadcast(&p->wake);
	lock_release(&p->lock);
	for (int i = 0; i < BROKER_READERS; i++) {
		thread_join(&p->readers[i].thread);
		for (int f = 1; f < BROKER_N_FILES; f++) {
			store_reader_close(p->readers[i].conns[f]);
			p->readers[i].conns[f] = NULL;
		}
	}
}
