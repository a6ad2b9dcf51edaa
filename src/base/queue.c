#include "base/queue.h"

#include "base/err.h"

void
queue_init(struct queue *q, size_t max_n, size_t max_bytes)
{
	*q = (struct queue){.max_n = max_n, .max_bytes = max_bytes};
	q->tail = &q->head;
	lock_init(&q->lock);
	cond_init(&q->nonempty);
}

void
queue_fini(struct queue *q)
{
	INVARIANT(q->head == NULL, "base-5");
	cond_fini(&q->nonempty);
	lock_fini(&q->lock);
}

static void
add_locked(struct queue *q, struct queue_node *n, size_t bytes)
{
	n->next = NULL;
	*q->tail = n;
	q->tail = &n->next;
	q->n++;
	q->bytes += bytes;
	cond_signal(&q->nonempty);
}

int
queue_put(struct queue *q, struct queue_node *n, size_t bytes)
{
	int r = 0;

	lock_take(&q->lock);
	if (q->closed)
		r = -(int)ERR_STOPPING;
	else if (q->n > 0 && (q->n >= q->max_n || q->bytes >= q->max_bytes ||
				     bytes > q->max_bytes - q->bytes))
		r = -(int)ERR_BUSY;
	else
		add_locked(q, n, bytes);
	lock_release(&q->lock);
	return r;
}

int
queue_put_always(struct queue *q, struct queue_node *n, size_t bytes)
{
	int r = 0;

	lock_take(&q->lock);
	if (q->closed)
		r = -(int)ERR_STOPPING;
	else
		add_locked(q, n, bytes);
	lock_release(&q->lock);
	return r;
}

struct queue_node *
queue_take_all(struct queue *q, int64_t deadline_ns)
{
	struct queue_node *list;

	lock_take(&q->lock);
	while (q->head == NULL && !q->closed && deadline_ns != 0) {
		if (!cond_wait_until(&q->nonempty, &q->lock, deadline_ns))
			break;
	}
	list = q->head;
	q->head = NULL;
	q->tail = &q->head;
	lock_release(&q->lock);
	return list;
}

void
queue_done(struct queue *q, size_t n, size_t bytes)
{
	lock_take(&q->lock);
	INVARIANT(n <= q->n && bytes <= q->bytes, "base-5");
	q->n -= n;
	q->bytes -= bytes;
	lock_release(&q->lock);
}

void
queue_close(struct queue *q)
{
	lock_take(&q->lock);
	q->closed = true;
	cond_broadcast(&q->nonempty);
	lock_release(&q->lock);
}
