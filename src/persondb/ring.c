#include "persondb/ring.h"

#include <string.h>

#include "base/mem.h"

/* So many used ones may be kept for another round for one that is added. */
#define KEPT_MAX 8
#define MEAN_BYTES 512 /* of an entry: decides how many chains there are */
#define LARGEST_SHARE 64

bool
ring_init(struct ring *r, size_t max_bytes)
{
	uint32_t n = 16;

	memset(r, 0, sizeof(*r));
	r->cap = max_bytes / RING_UNIT;
	if (r->cap > UINT32_MAX / 2)
		r->cap = UINT32_MAX / 2;
	while ((size_t)n * MEAN_BYTES < r->cap * RING_UNIT)
		n *= 2;
	r->bytes = mem_alloc(r->cap * RING_UNIT + RING_UNIT);
	r->chains = mem_zalloc(n, sizeof(*r->chains));
	if (r->bytes == NULL || r->chains == NULL) {
		ring_fini(r);
		return false;
	}
	r->mask = n - 1;
	return true;
}

void
ring_fini(struct ring *r)
{
	mem_free(r->bytes);
	mem_free(r->chains);
	memset(r, 0, sizeof(*r));
}

static struct ring_entry *
entry_at(const struct ring *r, uint64_t place)
{
	return (struct ring_entry *)(void *)(r->bytes +
					     place % r->cap * RING_UNIT);
}

static struct ring_entry *
of_link(const struct ring *r, uint32_t link)
{
	return link == 0 ? NULL : entry_at(r, link - 1);
}

static uint32_t
link_to(const struct ring *r, const struct ring_entry *x)
{
	return (uint32_t)(((const char *)x - r->bytes) / RING_UNIT) + 1;
}

struct ring_entry *
ring_first(const struct ring *r, uint64_t hash)
{
	return of_link(r, r->chains[hash & r->mask]);
}

struct ring_entry *
ring_next(const struct ring *r, const struct ring_entry *x)
{
	return of_link(r, x->next);
}

static void
link_in(struct ring *r, struct ring_entry *x)
{
	uint32_t *chain = &r->chains[x->hash & r->mask];

	x->next = *chain;
	*chain = link_to(r, x);
}

static void
unlink_it(struct ring *r, struct ring_entry *x)
{
	uint32_t *at = &r->chains[x->hash & r->mask];
	uint32_t me = link_to(r, x);

	while (*at != me)
		at = &of_link(r, *at)->next;
	*at = x->next;
}

void
ring_drop(struct ring *r, struct ring_entry *x)
{
	unlink_it(r, x);
	x->kind = 0;
	memset(x + 1, 0, (size_t)x->size * RING_UNIT - sizeof(*x));
}

/* Room up to the end of the memory without a break. */
static size_t
straight(const struct ring *r)
{
	return r->cap - (size_t)(r->head % r->cap);
}

static size_t
room(const struct ring *r)
{
	return r->cap - (size_t)(r->head - r->tail);
}

/* The oldest entry goes; or to the head, if it was used and there is a way. */
static void
push_out(struct ring *r, int *n_kept)
{
	struct ring_entry *x = entry_at(r, r->tail);
	uint32_t size = x->size;

	r->tail += size;
	if (x->kind == 0)
		return;
	unlink_it(r, x);
	if (!x->is_used || *n_kept >= KEPT_MAX || straight(r) < size)
		return;
	++*n_kept;
	memmove(entry_at(r, r->head), x, (size_t)size * RING_UNIT);
	x = entry_at(r, r->head);
	x->is_used = false;
	r->head += size;
	link_in(r, x);
}

/* What is left before the end of the memory is passed over. */
static void
skip_to_start(struct ring *r, int *n_kept)
{
	size_t n = straight(r);
	struct ring_entry *x;

	while (room(r) < n)
		push_out(r, n_kept);
	if (straight(r) != n)
		return; /* something was kept there */
	x = entry_at(r, r->head);
	x->kind = 0;
	x->size = (uint32_t)n;
	r->head += n;
}

void *
ring_add(struct ring *r, size_t size, unsigned char kind, uint64_t hash)
{
	size_t n = (size + RING_UNIT - 1) / RING_UNIT;
	struct ring_entry *x;
	int n_kept = 0;

	if (n > r->cap / LARGEST_SHARE)
		return NULL;
	while (straight(r) < n || room(r) < n) {
		if (straight(r) < n)
			skip_to_start(r, &n_kept);
		else
			push_out(r, &n_kept);
	}
	x = entry_at(r, r->head);
	r->head += n;
	*x = (struct ring_entry){
		.size = (uint32_t)n, .hash = hash, .kind = kind};
	link_in(r, x);
	return x;
}

size_t
ring_bytes(const struct ring *r)
{
	return (size_t)(r->head - r->tail) * RING_UNIT;
}
