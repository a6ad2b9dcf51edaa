#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "store/store_int.h"
#include "store/store_test.h"

/*
 * The newest rows of all partitions in memory. Per partition a ring of chunks
 * without a gap up to its newest row; over all a list by age. Dropping the
 * oldest of all is dropping the oldest of its partition.
 */

struct store_chunk *
store_chunk_new(struct store_part *p, size_t cap)
{
	struct store_chunk *c = mem_alloc(sizeof(*c) + cap);

	if (c == NULL)
		return NULL;
	*c = (struct store_chunk){.part = p, .cap = cap};
	atomic_init(&c->refs, 1);
	return c;
}

void
store_chunk_unref(struct store_chunk *c)
{
	if (atomic_fetch_sub_explicit(&c->refs, 1, memory_order_acq_rel) == 1)
		mem_free(c);
}

void
store_tail_init(struct store *s, size_t max_bytes)
{
	lock_init(&s->tail.lock);
	s->tail.last = &s->tail.first;
	s->tail.max_bytes = max_bytes;
}

static size_t
weight(const struct store_chunk *c)
{
	return sizeof(*c) + c->cap;
}

static struct store_chunk **
ring_at(struct store_part *p, size_t i)
{
	return &p->ring[(p->ring_head + i) & (p->ring_cap - 1)];
}

/* Drops the oldest row; returns it for unref outside the lock. */
static struct store_chunk *
drop_first(struct store_tail *t)
{
	struct store_chunk *c = t->first;
	struct store_part *p = c->part;

	INVARIANT(p->ring_n > 0 && *ring_at(p, 0) == c, "store-7");
	p->ring_head++;
	p->ring_n--;
	t->bytes -= weight(c);
	t->first = c->tail_next;
	if (t->first == NULL)
		t->last = &t->first;
	return c;
}

static void
drop_while(struct store_tail *t, size_t max_bytes, int64_t before_ns)
{
	struct store_chunk *dropped = NULL, *next;

	lock_take(&t->lock);
	while (t->first != NULL &&
		(t->bytes > max_bytes || t->first->put_ns < before_ns)) {
		struct store_chunk *c = drop_first(t);

		c->tx_next = dropped;
		dropped = c;
	}
	lock_release(&t->lock);
	for (; dropped != NULL; dropped = next) {
		next = dropped->tx_next;
		store_chunk_unref(dropped);
	}
}

void
store_tail_fini(struct store *s)
{
	drop_while(&s->tail, 0, INT64_MAX);
	lock_fini(&s->tail.lock);
}

static bool
grow_ring(struct store_part *p)
{
	size_t cap = p->ring_cap == 0 ? 16 : p->ring_cap * 2;
	struct store_chunk **ring =
		mem_alloc(cap * sizeof(struct store_chunk *));

	if (ring == NULL)
		return false;
	for (size_t i = 0; i < p->ring_n; i++)
		ring[i] = *ring_at(p, i);
	mem_free(p->ring);
	p->ring = ring;
	p->ring_head = 0;
	p->ring_cap = cap;
	return true;
}

/* store-7: without memory for the ring nothing of the partition may stay, as
 * there would be a gap. */
void
store_tail_put(struct store *s, struct store_chunk *c)
{
	struct store_tail *t = &s->tail;
	struct store_part *p = c->part;
	bool has_room;

	c->put_ns = clock_mono_ns();
	lock_take(&t->lock);
	has_room = p->ring_n < p->ring_cap || grow_ring(p);
	if (has_room) {
		p->ring_n++;
		*ring_at(p, p->ring_n - 1) = c;
		c->tail_next = NULL;
		*t->last = c;
		t->last = &c->tail_next;
		t->bytes += weight(c);
	}
	lock_release(&t->lock);
	if (!has_room) {
		drop_while(t, 0, INT64_MAX);
		store_chunk_unref(c);
		return;
	}
	drop_while(t, t->max_bytes, INT64_MIN);
}

void
store_tail_expire(struct store *s, int64_t before_ns)
{
	drop_while(&s->tail, s->tail.max_bytes, before_ns);
}

bool
store_tail_is_empty(struct store *s)
{
	bool is_empty;

	lock_take(&s->tail.lock);
	is_empty = s->tail.first == NULL;
	lock_release(&s->tail.lock);
	return is_empty;
}

size_t
store_tail_get(struct store_part *p, int64_t from, size_t max_bytes,
	struct store_chunk **out, size_t max)
{
	struct store_tail *t = &p->s->tail;
	size_t lo = 0, hi, n = 0, bytes = 0;

	lock_take(&t->lock);
	hi = p->ring_n;
	if (hi > 0 && (*ring_at(p, 0))->base > from)
		hi = 0;
	/* The last row whose base is at most from. */
	while (hi - lo > 1) {
		size_t mid = lo + (hi - lo) / 2;

		if ((*ring_at(p, mid))->base <= from)
			lo = mid;
		else
			hi = mid;
	}
	for (size_t i = lo; hi > 0 && i < p->ring_n && n < max; i++) {
		struct store_chunk *c = *ring_at(p, i);

		atomic_fetch_add_explicit(&c->refs, 1, memory_order_relaxed);
		out[n++] = c;
		bytes += c->len;
		/* The first may lose its beginning, so one more. */
		if (bytes - out[0]->len >= max_bytes)
			break;
	}
	lock_release(&t->lock);
	return n;
}

void
store_test_drop_tail(struct store *s)
{
	drop_while(&s->tail, 0, INT64_MAX);
}

unsigned long
store_test_tail_bytes(struct store *s)
{
	unsigned long n;

	lock_take(&s->tail.lock);
	n = s->tail.bytes;
	lock_release(&s->tail.lock);
	return n;
}
