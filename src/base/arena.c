#include "base/arena.h"

#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"

#define CHUNK_MIN_BYTES ((size_t)8 * 1024)
#define CHUNK_MAX_BYTES ((size_t)256 * 1024)
#define SPARE_LOOKS 16

/* Its size is a multiple of 16, so that what follows is aligned to 16. */
struct arena_chunk {
	struct arena_chunk *next; /* the one before it in time */
	size_t size; /* with this header */
};
_Static_assert(sizeof(struct arena_chunk) == 16 || sizeof(void *) != 8,
	"the bytes after a chunk's header are aligned");
#define CHUNK_HEADER ((sizeof(struct arena_chunk) + 15) & ~(size_t)15)

struct arena_cleanup {
	struct arena_cleanup *next;
	void (*fn)(void *);
	void *cookie;
};

void
arena_init(struct arena *a, size_t max_bytes)
{
	*a = (struct arena){.max_bytes = max_bytes};
}

static void
run_cleanups(struct arena *a)
{
	struct arena_cleanup *c = a->cleanups;

	a->cleanups = NULL;
	for (; c != NULL; c = c->next)
		c->fn(c->cookie);
}

static void
free_chunks(struct arena_chunk *c, const struct arena_chunk *kept)
{
	struct arena_chunk *next;

	for (; c != NULL; c = next) {
		next = c->next;
		if (c != kept)
			mem_free(c);
	}
}

static void
start_chunk(struct arena *a, struct arena_chunk *c)
{
	a->head = c;
	a->at = (char *)c + CHUNK_HEADER;
	a->end = (char *)c + c->size;
}

static void
free_spare(struct arena *a)
{
	free_chunks(a->spare, NULL);
	a->spare = NULL;
	a->spare_bytes = 0;
}

void
arena_fini(struct arena *a)
{
	run_cleanups(a);
	free_chunks(a->head, NULL);
	free_spare(a);
	arena_init(a, a->max_bytes);
}

void
arena_reset(struct arena *a)
{
	struct arena_chunk *largest = a->head;

	run_cleanups(a);
	if (largest == NULL)
		return;
	for (struct arena_chunk *c = a->head; c != NULL; c = c->next) {
		if (c->size > largest->size)
			largest = c;
	}
	free_chunks(a->head, largest);
	largest->next = NULL;
	a->total = largest->size;
	start_chunk(a, largest);
}

void
arena_rewind(struct arena *a, size_t keep_bytes)
{
	struct arena_chunk *c = a->head, *next;

	run_cleanups(a);
	for (; c != NULL; c = next) {
		next = c->next;
		if (a->spare_bytes + c->size > keep_bytes) {
			mem_free(c);
			continue;
		}
		c->next = a->spare;
		a->spare = c;
		a->spare_bytes += c->size;
	}
	a->head = NULL;
	a->at = a->end = NULL;
	a->total = 0;
}

/* One of the first spare chunks that is large enough. */
static struct arena_chunk *
take_spare(struct arena *a, size_t need)
{
	struct arena_chunk **at = &a->spare;

	for (int i = 0; i < SPARE_LOOKS && *at != NULL; i++) {
		struct arena_chunk *c = *at;

		if (c->size >= need && c->size <= a->max_bytes - a->total) {
			*at = c->next;
			a->spare_bytes -= c->size;
			return c;
		}
		at = &c->next;
	}
	return NULL;
}

/* At least need bytes, more if there is room for more. */
static struct arena_chunk *
new_chunk(struct arena *a, size_t need, size_t want)
{
	struct arena_chunk *c = take_spare(a, need);

	if (c != NULL)
		return c;
	if (want < need)
		want = need;
	if (want > a->max_bytes - a->total)
		want = a->max_bytes - a->total;
	if (a->spare_bytes > a->max_bytes - a->total - want)
		free_spare(a);
	c = mem_alloc(want);
	if (c != NULL)
		c->size = want;
	return c;
}

static size_t
next_chunk_size(const struct arena *a)
{
	size_t size = a->head == NULL ? CHUNK_MIN_BYTES : 2 * a->head->size;

	return size > CHUNK_MAX_BYTES ? CHUNK_MAX_BYTES : size;
}

void *
arena_alloc_slow(struct arena *a, size_t size)
{
	size_t n, need, want = next_chunk_size(a);
	struct arena_chunk *c;
	char *p;

	if (!size_add(size == 0 ? 1 : size, 15, &n))
		return NULL;
	n &= ~(size_t)15;
	if (!size_add(n, CHUNK_HEADER, &need) || a->total > a->max_bytes ||
		need > a->max_bytes - a->total)
		return NULL;
	c = new_chunk(a, need, want);
	if (c == NULL)
		return NULL;
	a->total += c->size;
	if (a->head != NULL && c->size - need < (size_t)(a->end - a->at)) {
		/* The chunk in use has more room left: stay with it. */
		c->next = a->head->next;
		a->head->next = c;
		return (char *)c + CHUNK_HEADER;
	}
	c->next = a->head;
	start_chunk(a, c);
	p = a->at;
	a->at += n;
	return p;
}

void
arena_shrink(struct arena *a, void *p, size_t old_size, size_t new_size)
{
	size_t rounded = (old_size + 15) & ~(size_t)15;

	if ((char *)p + rounded == a->at && new_size <= old_size)
		a->at = (char *)p + ((new_size + 15) & ~(size_t)15);
}

void *
arena_zalloc(struct arena *a, size_t n, size_t size)
{
	size_t bytes;
	void *p;

	if (!size_mul(n, size, &bytes))
		return NULL;
	p = arena_alloc(a, bytes);
	if (p != NULL)
		memset(p, 0, bytes);
	return p;
}

struct slice
arena_dup_slice(struct arena *a, struct slice s)
{
	char *p = arena_alloc(a, s.len);

	if (p == NULL)
		return SLICE_NONE;
	if (s.len > 0)
		memcpy(p, s.p, s.len);
	return slice_of(p, s.len);
}

char *
arena_strndup(struct arena *a, struct slice s)
{
	size_t size;
	char *p;

	if (!size_add(s.len, 1, &size))
		return NULL;
	p = arena_alloc(a, size);
	if (p == NULL)
		return NULL;
	if (s.len > 0)
		memcpy(p, s.p, s.len);
	p[s.len] = '\0';
	return p;
}

int
arena_on_free(struct arena *a, void (*fn)(void *), void *cookie)
{
	struct arena_cleanup *c = arena_alloc(a, sizeof(*c));

	if (c == NULL)
		return -(int)ERR_NO_MEMORY;
	c->fn = fn;
	c->cookie = cookie;
	c->next = a->cleanups;
	a->cleanups = c;
	return 0;
}
